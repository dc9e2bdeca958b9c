//! The task AST: the user's function, with every construct on the path to a commit made explicit.
//!
//! Statements that contain no commit stay as the user wrote them.

use proc_macro2::Span;
use syn::{Expr, Ident, Label, Local, Pat, Signature, Stmt, Type, Visibility};

/// A place where execution can resume. 0 means "from the start of the body".
pub type SiteId = u8;

/// A whole `#[intermittent_task]` function.
#[derive(Clone, Debug)]
pub struct Task {
    /// Attributes of the function other than our own.
    pub attrs: Vec<syn::Attribute>,
    /// `pub`, …
    pub vis: Visibility,
    /// The signature as the user wrote it.
    pub sig: Signature,
    /// The parameters, in order.
    pub params: Vec<Param>,
    /// The body.
    pub body: Body,
    /// Sites in source order; `sites[i]` has id `i + 1`.
    pub sites: Vec<Site>,
    /// What its author answers for: `#[assume_idempotent("why")]`.
    pub assumed: Vec<(Span, String)>,
    /// Hash of the source of the task.
    pub hash: u16,
}

/// One parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name (a pattern parameter has one entry per bound name).
    pub name: Ident,
    /// Declared `mut`.
    pub mutable: bool,
    /// What it is.
    pub role: Role,
    /// How a buffer gets from the store to SRAM and back.
    pub residency: Residency,
}

/// How much of an input or output is in SRAM where the store is not mapped.
#[derive(Clone, Debug)]
pub enum Residency {
    /// All of it.
    Whole,
    /// What the task moves by itself: `TileInput`, `TileOutput`.
    Tiles,
    /// Some rows: `RollingInput<T, ROWS>`, with the number, and `RollingOutput`.
    Rolling(Option<Box<syn::GenericArgument>>),
}

impl Param {
    /// Whether each access is handed the store.
    pub fn moves(&self) -> bool {
        !matches!(self.residency, Residency::Whole)
    }
}

/// What a parameter is to the analysis.
#[derive(Clone, Debug)]
pub enum Role {
    /// `Input<T>`: NVM, read-only.
    Input,
    /// `Output<T>`: NVM, write-only.
    Output,
    /// `InPlace<T>`: NVM, read and written where it is.
    InPlace,
    /// `State<T>`: small, privatised, read-write.
    State(Box<Type>),
    /// A value or a shared reference.
    Value(Box<Type>),
    /// A `&mut` reference to something that is not NVM itself, such as the struct of all buffers.
    Exclusive,
}

/// A place where execution can resume.
#[derive(Clone, Debug)]
pub struct Site {
    /// The user's code.
    pub span: Span,
    /// What is there.
    pub kind: SiteKind,
    /// `#[sense(expires = …)]`: what is committed here may have expired when execution resumes here.
    pub expires: Option<Box<Expires>>,
}

/// `#[sense(expires = N, clock = C)] let name: Type = value;`.
#[derive(Clone, Debug)]
pub struct Expires {
    /// The variable.
    pub name: Ident,
    /// Declared `mut`.
    pub mutable: bool,
    /// Its type.
    pub ty: Type,
    /// Gives it anew.
    pub value: Expr,
    /// The variable that holds when it was read.
    pub stamp: Ident,
    /// The clock.
    pub clock: Expr,
    /// Milliseconds.
    pub after: Expr,
}

/// What is at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteKind {
    /// A commit after iterations of a loop.
    Loop,
    /// A commit after a block or statement.
    Point,
    /// A commit before an effect that must not happen twice.
    Once,
    /// A call of a sub-task.
    Run,
}

/// A block that contains at least one site, or the body of a task.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// Its statements.
    pub nodes: Vec<Node>,
}

/// One statement of a [`Body`].
#[derive(Clone, Debug)]
pub struct Node {
    /// Number of the statement within the task.
    pub id: usize,
    /// The statement as the user wrote it, `continue`s and `return`s already redirected.
    pub source: Stmt,
    /// What it is.
    pub kind: NodeKind,
}

/// The kinds of statement.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// No site inside, binds nothing.
    Plain,
    /// An item: visible in the whole block, never skipped.
    Item,
    /// A `let` without a site inside.
    Let(Box<Local>),
    /// A call of a sub-task.
    Run(Box<Run>),
    /// The commit after the statement before it; its source is what resuming there leaves out.
    Point(SiteId),
    /// A loop with a site.
    Loop(Box<Loop>),
    /// An `if` with a site.
    If(Box<If>),
    /// A `match` with a site.
    Match(Box<Match>),
    /// A block with a site.
    Block(Option<Label>, Body),
}

/// First and last site inside a construct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// First.
    pub first: SiteId,
    /// Last.
    pub last: SiteId,
}

/// `#[run] task(args)`.
#[derive(Clone, Debug)]
pub struct Run {
    /// The call.
    pub call: Expr,
    /// Its site.
    pub site: SiteId,
}

/// A loop with a site.
#[derive(Clone, Debug)]
pub struct Loop {
    /// Number of the loop within the task.
    pub id: usize,
    /// The user's label.
    pub label: Option<Label>,
    /// `for`, `while` or `loop`.
    pub head: Head,
    /// The loop's own commit.
    pub commit: Option<LoopCommit>,
    /// The body.
    pub body: Body,
    /// Sites inside, the loop's own included.
    pub range: Range,
}

/// A loop's own commit.
#[derive(Clone, Debug)]
pub struct LoopCommit {
    /// Its site.
    pub site: SiteId,
    /// `every = N`.
    pub every: Option<Expr>,
    /// `paced`: a pacer decides; `every` is then the most iterations without a commit.
    pub paced: Option<Paced>,
}

/// `#[commit(paced)]`.
#[derive(Clone, Debug)]
pub struct Paced {
    /// `cost = N`: what an iteration is worth to the pacer; 1 unless it is said.
    pub cost: Option<Expr>,
}

impl Loop {
    /// Whether records made inside hold how many iterations have begun. A loop that commits after each N-th iteration,
    /// and may be entered between two of these commits, counts on from there: else an outage would move them.
    pub fn counts(&self) -> bool {
        matches!(self.head, Head::For(..)) || self.counts_on()
    }

    /// Whether the iterations to its next commit follow from those that have begun.
    pub fn counts_on(&self) -> bool {
        let counted = |c: &LoopCommit| c.every.is_some() && c.paced.is_none();
        self.commit.as_ref().is_some_and(counted) && self.body.range().is_some()
    }
}

impl LoopCommit {
    /// Whether every iteration ends with a commit for certain.
    pub fn each(&self) -> bool {
        self.paced.is_none()
            && self.every.as_ref().is_none_or(
                |e| matches!(e, Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(n), .. }) if n.base10_digits() == "1"),
            )
    }

    /// Whether some number of iterations ends with a commit for certain.
    pub fn bounded(&self) -> bool {
        self.paced.is_none() || self.every.is_some()
    }
}

/// The head of a loop.
#[derive(Clone, Debug)]
pub enum Head {
    /// `for pat in iter`.
    For(Box<Pat>, Box<Expr>),
    /// `while cond`.
    While(Box<Expr>),
    /// `loop`.
    Loop,
}

/// An `if` with a site.
#[derive(Clone, Debug)]
pub struct If {
    /// The condition.
    pub cond: Expr,
    /// The first branch.
    pub then: Branch,
    /// What follows `else`; an `else if` is a branch with one node.
    pub otherwise: Option<Branch>,
}

/// One branch or arm.
#[derive(Clone, Debug)]
pub struct Branch {
    /// The body; a branch without a site has one plain node.
    pub body: Body,
    /// Its sites.
    pub range: Option<Range>,
}

/// A `match` with a site.
#[derive(Clone, Debug)]
pub struct Match {
    /// What is matched.
    pub scrutinee: Expr,
    /// The arms.
    pub arms: Vec<(Pat, Branch)>,
}

impl Node {
    /// The sites inside, if any.
    pub fn range(&self) -> Option<Range> {
        match &self.kind {
            NodeKind::Plain | NodeKind::Item | NodeKind::Let(_) => None,
            NodeKind::Run(run) => Some(Range {
                first: run.site,
                last: run.site,
            }),
            NodeKind::Point(site) => Some(Range {
                first: *site,
                last: *site,
            }),
            NodeKind::Loop(l) => Some(l.range),
            NodeKind::If(i) => {
                Range::join(i.then.range, i.otherwise.as_ref().and_then(|b| b.range))
            }
            NodeKind::Match(m) => m
                .arms
                .iter()
                .fold(None, |r, (_, b)| Range::join(r, b.range)),
            NodeKind::Block(_, body) => body.range(),
        }
    }
}

impl Body {
    /// The sites inside, if any.
    pub fn range(&self) -> Option<Range> {
        self.nodes
            .iter()
            .fold(None, |r, n| Range::join(r, n.range()))
    }
}

/// The kind of a statement without a site.
pub fn plain_kind(stmt: &Stmt) -> NodeKind {
    match stmt {
        Stmt::Local(local) => NodeKind::Let(Box::new(local.clone())),
        Stmt::Item(_) => NodeKind::Item,
        _ => NodeKind::Plain,
    }
}

impl Range {
    /// The smallest range over both.
    pub fn join(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(Self {
                first: a.first.min(b.first),
                last: a.last.max(b.last),
            }),
            (a, b) => a.or(b),
        }
    }
}
