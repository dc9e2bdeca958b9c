//! How often loops go round at most, as constant expressions over `i64`.

use crate::names::bound;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{BinOp, Expr, ExprMethodCall, Pat, Type, parse_quote};

/// What is known of a value.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Its least value.
    pub least: Option<TokenStream>,
    /// Its largest value.
    pub most: Option<TokenStream>,
    /// Its type, where arrays are concerned.
    pub ty: Option<Type>,
}

/// The items that an iterator gives.
#[derive(Clone, Debug)]
pub enum Item {
    /// One value.
    One(Box<Known>),
    /// A pair.
    Pair(Box<(Item, Item)>),
}

/// An iterator.
#[derive(Clone, Debug)]
pub struct Items {
    /// Rounds at least.
    pub least: TokenStream,
    /// Rounds at most.
    pub most: TokenStream,
    /// What each gives.
    pub item: Item,
}

/// The variables in scope.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    names: Vec<(String, Known)>,
}

impl Scope {
    /// How many there are.
    pub fn depth(&self) -> usize {
        self.names.len()
    }

    /// Leaves a block.
    pub fn leave(&mut self, depth: usize) {
        self.names.truncate(depth);
    }

    /// Brings in a variable.
    pub fn push(&mut self, name: String, known: Known) {
        self.names.push((name, known));
    }

    /// Brings in all that a pattern binds, as unknown.
    pub fn bind(&mut self, pat: &Pat) {
        for (name, _) in bound(pat) {
            self.push(name.to_string(), Known::default());
        }
    }

    /// Brings in a parameter or variable of a written type.
    pub fn typed(&mut self, name: String, ty: &Type, mutable: bool) {
        let ty = plain(ty);
        let (least, most) = narrow(&ty).unzip();
        let fixed = !mutable || narrow(&ty).is_some();
        self.push(
            name,
            Known {
                least: least.filter(|_| fixed),
                most: most.filter(|_| fixed),
                ty: Some(ty),
            },
        );
    }

    /// Brings in what a `let` binds.
    pub fn local(&mut self, local: &syn::Local) {
        let init = local.init.as_ref().map(|i| &*i.expr);
        match &local.pat {
            Pat::Ident(p) => {
                let known = init.map_or_else(Known::default, |e| self.known(e));
                let known = if p.mutability.is_some() {
                    Known {
                        ty: known.ty,
                        ..Known::default()
                    }
                } else {
                    known
                };
                self.push(p.ident.to_string(), known);
            }
            Pat::Type(t) => match &*t.pat {
                Pat::Ident(p) => {
                    let known = init.map_or_else(Known::default, |e| self.known(e));
                    self.typed(p.ident.to_string(), &t.ty, p.mutability.is_some());
                    if let Some((_, last)) = self.names.last_mut()
                        && last.most.is_none()
                        && p.mutability.is_none()
                    {
                        last.least = known.least;
                        last.most = known.most;
                    }
                }
                pat => self.bind(pat),
            },
            pat => self.bind(pat),
        }
    }

    /// Brings in the variables of a loop.
    pub fn item(&mut self, pat: &Pat, item: &Item) {
        match (pat, item) {
            (Pat::Reference(r), _) => self.item(&r.pat, item),
            (Pat::Paren(p), _) => self.item(&p.pat, item),
            (Pat::Ident(p), Item::One(known)) if p.mutability.is_none() => {
                self.push(p.ident.to_string(), (**known).clone());
            }
            (Pat::Tuple(t), Item::Pair(pair)) if t.elems.len() == 2 => {
                self.item(&t.elems[0], &pair.0);
                self.item(&t.elems[1], &pair.1);
            }
            _ => self.bind(pat),
        }
    }

    fn find(&self, name: &str) -> Option<&Known> {
        self.names
            .iter()
            .rev()
            .find(|(n, _)| n == name)
            .map(|(_, k)| k)
    }

    /// What is known of an expression.
    pub fn known(&self, e: &Expr) -> Known {
        let (least, most) = self.range(e);
        Known {
            least,
            most,
            ty: self.type_of(e),
        }
    }

    /// The least and the largest value of a number.
    fn range(&self, e: &Expr) -> (Option<TokenStream>, Option<TokenStream>) {
        match e {
            Expr::Lit(l) if matches!(l.lit, syn::Lit::Int(_) | syn::Lit::Byte(_)) => {
                same(&quote!((#l as i64)))
            }
            Expr::Path(p) => match p.path.get_ident().map(ToString::to_string) {
                Some(name) if self.find(&name).is_some() => self
                    .find(&name)
                    .map_or((None, None), |k| (k.least.clone(), k.most.clone())),
                Some(name) if !name.starts_with(char::is_uppercase) => (None, None),
                _ => same(&quote!((#p as i64))),
            },
            // A field of a constant.
            Expr::Field(f) if self.is_constant(&f.base) => same(&quote!((#f as i64))),
            Expr::Const(c) => same(&quote!((#c as i64))),
            Expr::Paren(p) => self.range(&p.expr),
            Expr::Group(p) => self.range(&p.expr),
            Expr::Cast(c) => {
                let (least, most) = self.range(&c.expr);
                match narrow(&c.ty) {
                    // What does not fit is cut off.
                    Some((low, high)) => (Some(low), Some(high)),
                    None => (least, most),
                }
            }
            Expr::Binary(b) => self.binary(b),
            Expr::Call(c) if c.args.len() == 1 && is_from(&c.func) => self.range(&c.args[0]),
            Expr::MethodCall(m) => self.method(m),
            Expr::If(i) => match (&i.then_branch.stmts[..], &i.else_branch) {
                ([syn::Stmt::Expr(a, None)], Some((_, b))) => {
                    let b = match &**b {
                        Expr::Block(b) => match &b.block.stmts[..] {
                            [syn::Stmt::Expr(e, None)] => e,
                            _ => return (None, None),
                        },
                        e => e,
                    };
                    let ((al, am), (bl, bm)) = (self.range(a), self.range(b));
                    (
                        both(al, bl).map(|(a, b)| min(&a, &b)),
                        both(am, bm).map(|(a, b)| max(&a, &b)),
                    )
                }
                _ => (None, None),
            },
            _ => (None, None),
        }
    }

    fn binary(&self, e: &syn::ExprBinary) -> (Option<TokenStream>, Option<TokenStream>) {
        let ((al, am), (bl, bm)) = (self.range(&e.left), self.range(&e.right));
        match e.op {
            BinOp::Add(_) => (
                both(al, bl).map(|(a, b)| quote!((#a).saturating_add(#b))),
                both(am, bm).map(|(a, b)| quote!((#a).saturating_add(#b))),
            ),
            BinOp::Sub(_) => (
                both(al, bm).map(|(a, b)| quote!((#a).saturating_sub(#b))),
                both(am, bl).map(|(a, b)| quote!((#a).saturating_sub(#b))),
            ),
            BinOp::Mul(_) => match both(both(al, am), both(bl, bm)) {
                Some(((al, am), (bl, bm))) => {
                    let corner = |pick: TokenStream| {
                        quote!({
                            let (a, b, c, d): (i64, i64, i64, i64) = (#al, #am, #bl, #bm);
                            let corners = [a.saturating_mul(c), a.saturating_mul(d), b.saturating_mul(c), b.saturating_mul(d)];
                            let (mut best, mut i) = (corners[0], 1);
                            while i < 4 {
                                if corners[i] #pick best { best = corners[i]; }
                                i += 1;
                            }
                            best
                        })
                    };
                    (Some(corner(quote!(<))), Some(corner(quote!(>))))
                }
                None => (None, None),
            },
            // Only for numbers that are not negative; otherwise any quotient.
            BinOp::Div(_) => match both(both(al, am), both(bl, bm)) {
                Some(((al, am), (bl, bm))) => (
                    Some(quote!({ let (a, b, c): (i64, i64, i64) = (#al, #bl, #bm); if a < 0 || b < 1 { i64::MIN } else { a / c } })),
                    Some(quote!({ let (a, b, c): (i64, i64, i64) = (#al, #am, #bl); if a < 0 || c < 1 { i64::MAX } else { b / c } })),
                ),
                None => (None, None),
            },
            BinOp::Rem(_) => match both(bl, bm) {
                Some((bl, bm)) => {
                    let most = quote!({ let (a, b): (i64, i64) = (#bl, #bm); let (a, b) = (a.saturating_abs(), b.saturating_abs()); (if a > b { a } else { b }).saturating_sub(1) });
                    let least = quote!({ let a: i64 = #most; -a });
                    let least = al.map_or(least.clone(), |al| quote!({ let a: i64 = #al; if a >= 0 { 0 } else { #least } }));
                    (Some(least), Some(most))
                }
                None => (None, None),
            },
            // One of them that is not negative bounds the result.
            BinOp::BitAnd(_) => {
                let side = |least: Option<TokenStream>, most: Option<TokenStream>| {
                    both(least, most).map(|(least, most)| quote!({ let (a, b): (i64, i64) = (#least, #most); if a < 0 { i64::MAX } else { b } }))
                };
                let most = match (side(al, am), side(bl, bm)) {
                    (Some(a), Some(b)) => Some(min(&a, &b)),
                    (a, b) => a.or(b),
                };
                (None, most)
            }
            BinOp::Shr(_) => (
                al.map(|a| quote!({ let a: i64 = #a; if a < 0 { a } else { 0 } })),
                both(am, bl).map(|(a, b)| quote!({ let (a, b): (i64, i64) = (#a, #b); if a < 0 { 0 } else { a >> (if b < 0 { 0 } else if b > 63 { 63 } else { b }) } })),
            ),
            _ => (None, None),
        }
    }

    fn method(&self, m: &ExprMethodCall) -> (Option<TokenStream>, Option<TokenStream>) {
        let arg = |n: usize| m.args.get(n).map_or((None, None), |a| self.range(a));
        match m.method.to_string().as_str() {
            "len" => match self.type_of(&m.receiver).as_ref().and_then(length) {
                Some(n) => same(&n),
                None => (None, None),
            },
            "min" => {
                let ((al, am), (bl, bm)) = (self.range(&m.receiver), arg(0));
                let most = match (am, bm) {
                    (Some(a), Some(b)) => Some(min(&a, &b)),
                    (a, b) => a.or(b),
                };
                (both(al, bl).map(|(a, b)| min(&a, &b)), most)
            }
            "max" => {
                let ((al, am), (bl, bm)) = (self.range(&m.receiver), arg(0));
                let least = match (al, bl) {
                    (Some(a), Some(b)) => Some(max(&a, &b)),
                    (a, b) => a.or(b),
                };
                (least, both(am, bm).map(|(a, b)| max(&a, &b)))
            }
            "clamp" => (arg(0).0, arg(1).1),
            "div_ceil" => {
                let ((_, am), (bl, _)) = (self.range(&m.receiver), arg(0));
                let most = both(am, bl).map(|(a, b)| div_ceil(&a, &b));
                (Some(quote!(0_i64)), most)
            }
            "clone" | "to_owned" | "into" => self.range(&m.receiver),
            _ => (None, None),
        }
    }

    fn is_constant(&self, e: &Expr) -> bool {
        match e {
            Expr::Path(p) => p.path.get_ident().is_none_or(|i| {
                let name = i.to_string();
                self.find(&name).is_none() && name.starts_with(char::is_uppercase)
            }),
            Expr::Field(f) => self.is_constant(&f.base),
            _ => false,
        }
    }

    /// The type, where it can be told.
    fn type_of(&self, e: &Expr) -> Option<Type> {
        match e {
            Expr::Path(p) => self.find(&p.path.get_ident()?.to_string())?.ty.clone(),
            Expr::Paren(p) => self.type_of(&p.expr),
            Expr::Group(p) => self.type_of(&p.expr),
            Expr::Reference(r) => self.type_of(&r.expr),
            Expr::Unary(u) if matches!(u.op, syn::UnOp::Deref(_)) => self.type_of(&u.expr),
            Expr::Index(i) => {
                let of = self.type_of(&i.expr)?;
                match &*i.index {
                    Expr::Range(r) => {
                        let whole = length(&of)?;
                        let (_, most) = self.rounds(r, Some(&whole))?;
                        array(&element(&of)?, &most)
                    }
                    _ => element(&of),
                }
            }
            Expr::Repeat(r) => {
                let (n, of) = (&r.len, self.type_of(&r.expr));
                let of = of.unwrap_or_else(|| parse_quote!(()));
                Some(parse_quote!([#of; #n]))
            }
            Expr::Array(a) => {
                let n = a.elems.len();
                Some(parse_quote!([(); #n]))
            }
            Expr::Cast(c) => Some(plain(&c.ty)),
            _ => None,
        }
    }

    /// Rounds of a range, at least and at most; `whole` is what an open end stands for.
    fn rounds(
        &self,
        r: &syn::ExprRange,
        whole: Option<&TokenStream>,
    ) -> Option<(TokenStream, TokenStream)> {
        let closed = i64::from(matches!(r.limits, syn::RangeLimits::Closed(_)));
        // `i..i + K` has K rounds whatever `i` is.
        if let (Some(a), Some(b)) = (&r.start, &r.end)
            && let Expr::Binary(sum) = unparen(b)
            && matches!(sum.op, BinOp::Add(_))
        {
            let text = |e: &Expr| unparen(e).to_token_stream().to_string();
            let other = if text(&sum.left) == text(a) {
                Some(&sum.right)
            } else if text(&sum.right) == text(a) {
                Some(&sum.left)
            } else {
                None
            };
            if let Some((Some(least), Some(most))) = other.map(|o| self.range(o)) {
                return Some((
                    quote!((#least).saturating_add(#closed)),
                    quote!((#most).saturating_add(#closed)),
                ));
            }
        }
        let (al, am) = match &r.start {
            Some(a) => self.range(a),
            None => same(&quote!(0_i64)),
        };
        let (bl, bm) = match &r.end {
            Some(b) => self.range(b),
            None => same(whole?),
        };
        let most = both(al, bm).map(|(a, b)| distance(&a, &b, closed))?;
        let least = both(am, bl).map_or_else(|| quote!(0_i64), |(a, b)| distance(&a, &b, closed));
        Some((least, most))
    }

    /// What an iterator gives, if a bound of its rounds is known.
    pub fn items(&self, e: &Expr) -> Option<Items> {
        match e {
            Expr::Paren(p) => self.items(&p.expr),
            Expr::Group(p) => self.items(&p.expr),
            Expr::Range(r) => {
                let (least, most) = self.rounds(r, None)?;
                let low = r.start.as_ref().and_then(|a| self.range(a).0);
                let high = r.end.as_ref().and_then(|b| self.range(b).1);
                let high = match r.limits {
                    syn::RangeLimits::Closed(_) => high,
                    syn::RangeLimits::HalfOpen(_) => high.map(|h| quote!((#h).saturating_sub(1))),
                };
                let item = Item::One(Box::new(Known {
                    least: low,
                    most: high,
                    ty: None,
                }));
                Some(Items { least, most, item })
            }
            Expr::MethodCall(m) => self.adapted(m),
            e => {
                let ty = self.type_of(e)?;
                let n = length(&ty)?;
                Some(Items {
                    least: n.clone(),
                    most: n,
                    item: Item::One(Box::new(known_of(element(&ty)))),
                })
            }
        }
    }

    fn adapted(&self, m: &ExprMethodCall) -> Option<Items> {
        let method = m.method.to_string();
        let arg = m.args.first();
        let mut of = self.items(&m.receiver)?;
        let unknown = Item::One(Box::default());
        match method.as_str() {
            "iter" | "into_iter" | "iter_mut" | "copied" | "cloned" | "rev" | "by_ref" => {}
            "map" | "inspect" => of.item = unknown,
            "filter" | "take_while" | "skip_while" => of.least = quote!(0_i64),
            "filter_map" | "map_while" => {
                of.least = quote!(0_i64);
                of.item = unknown;
            }
            "skip" => of.least = quote!(0_i64),
            "take" => {
                of.least = quote!(0_i64);
                if let Some(most) = arg.and_then(|n| self.range(n).1) {
                    of.most = min(&of.most, &most);
                }
            }
            "step_by" => {
                let (least, most) = self.range(arg?);
                let (old_least, old_most) = (of.least, of.most);
                of.most = least.map_or(old_most.clone(), |n| div_ceil(&old_most, &n));
                of.least = most.map_or(quote!(0_i64), |n| div_ceil(&old_least, &n));
            }
            "enumerate" => {
                let most = of.most.clone();
                let number = Known {
                    least: Some(quote!(0_i64)),
                    most: Some(quote!((#most).saturating_sub(1))),
                    ty: None,
                };
                of.item = Item::Pair(Box::new((Item::One(Box::new(number)), of.item)));
            }
            "zip" => match arg.and_then(|a| self.items(a)) {
                Some(other) => {
                    of.least = min(&of.least, &other.least);
                    of.most = min(&of.most, &other.most);
                    of.item = Item::Pair(Box::new((of.item, other.item)));
                }
                None => {
                    of.least = quote!(0_i64);
                    of.item = Item::Pair(Box::new((of.item, unknown)));
                }
            },
            "chain" => {
                let other = self.items(arg?)?;
                let (a, b) = (of.most, other.most);
                of.most = quote!((#a).saturating_add(#b));
                of.item = unknown;
            }
            "chunks" | "chunks_exact" => {
                let ty = self.type_of(receiver_of_slice(&m.receiver))?;
                let n = arg?;
                let (least, _) = self.range(n);
                let whole = length(&ty)?;
                of.most = div_ceil(&whole, &least?);
                of.least = quote!(0_i64);
                let element = element(&ty)?;
                let most = self.range(n).1;
                of.item = Item::One(Box::new(known_of(most.and_then(|n| array(&element, &n)))));
            }
            "windows" => {
                of.least = quote!(0_i64);
                of.item = unknown;
            }
            _ => return None,
        }
        Some(of)
    }
}

fn known_of(ty: Option<Type>) -> Known {
    let (least, most) = ty.as_ref().and_then(narrow).unzip();
    Known { least, most, ty }
}

fn receiver_of_slice(e: &Expr) -> &Expr {
    unparen(e)
}

fn unparen(e: &Expr) -> &Expr {
    match e {
        Expr::Paren(p) => unparen(&p.expr),
        Expr::Group(p) => unparen(&p.expr),
        e => e,
    }
}

fn same(value: &TokenStream) -> (Option<TokenStream>, Option<TokenStream>) {
    (Some(value.clone()), Some(value.clone()))
}

fn both<T>(a: Option<T>, b: Option<T>) -> Option<(T, T)> {
    a.zip(b)
}

// Blocks, so that operands are written, and evaluated, once.

fn min(a: &TokenStream, b: &TokenStream) -> TokenStream {
    quote!({ let (a, b): (i64, i64) = (#a, #b); if a < b { a } else { b } })
}

fn max(a: &TokenStream, b: &TokenStream) -> TokenStream {
    quote!({ let (a, b): (i64, i64) = (#a, #b); if a > b { a } else { b } })
}

fn div_ceil(a: &TokenStream, b: &TokenStream) -> TokenStream {
    quote!({ let (a, b): (i64, i64) = (#a, #b); if a < 1 { 0 } else { (a - 1) / (if b < 1 { 1 } else { b }) + 1 } })
}

/// How far it is from `a` to `b`.
fn distance(a: &TokenStream, b: &TokenStream, closed: i64) -> TokenStream {
    quote!({ let (a, b): (i64, i64) = (#a, #b); let n = b.saturating_sub(a).saturating_add(#closed); if n < 0 { 0 } else { n } })
}

/// `usize::from` and its kin: the number stays.
fn is_from(f: &Expr) -> bool {
    matches!(f, Expr::Path(p) if p.path.segments.len() == 2 && p.path.segments[1].ident == "from")
}

/// Without references.
fn plain(ty: &Type) -> Type {
    match ty {
        Type::Reference(r) => plain(&r.elem),
        Type::Paren(p) => plain(&p.elem),
        Type::Group(p) => plain(&p.elem),
        ty => ty.clone(),
    }
}

/// The length of an array type.
fn length(ty: &Type) -> Option<TokenStream> {
    match ty {
        Type::Array(a) => {
            let n = &a.len;
            Some(quote!(((#n) as i64)))
        }
        _ => None,
    }
}

fn element(ty: &Type) -> Option<Type> {
    match ty {
        Type::Array(a) => Some(plain(&a.elem)),
        _ => None,
    }
}

fn array(of: &Type, n: &TokenStream) -> Option<Type> {
    syn::parse2(quote!([#of; #n])).ok()
}

/// The range of a type of few values.
fn narrow(ty: &Type) -> Option<(TokenStream, TokenStream)> {
    let Type::Path(p) = ty else { return None };
    let (least, most): (i64, i64) = match p.path.get_ident()?.to_string().as_str() {
        "u8" => (0, 0xFF),
        "i8" => (-0x80, 0x7F),
        "u16" => (0, 0xFFFF),
        "i16" => (-0x8000, 0x7FFF),
        "bool" => (0, 1),
        _ => return None,
    };
    Some((quote!((#least)), quote!((#most))))
}
