//! Random task bodies: every construct that the macro reads, with values small enough that nothing panics.

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::tree::{Node, Program, Task};

/// Items of each buffer, as in `rekindle-generated`.
const N: usize = 5;
const HEAD: &str = "x: Input<[i32; N]>, y: Output<[i32; N]>, b: InPlace<[i32; N]>, c: InPlace<[i32; N]>, \
                    g: InPlace<[[i32; 3]; 2]>, s: State<i32>, t: State<[i32; 3]>";
const BUFFERS: &str = "&m.x, &mut m.y, &mut m.b, &mut m.c, &mut m.g, &mut m.s, &mut m.t";

/// How a task is told how many rounds its loops go.
#[derive(Clone, Copy, PartialEq)]
enum Count {
    /// `n: usize`: any number.
    Any,
    /// `n: u8`.
    Narrow,
    /// A const generic besides `n: usize`.
    Generic,
}

/// What a task hands to its sub-tasks, and so does not touch itself.
#[derive(Clone, Copy, Default)]
struct Handed {
    y: bool,
    b: bool,
    s: bool,
}

/// Program number `id` of a seed.
pub fn program(seed: u64, id: usize) -> Program {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(id as u64);
    let mut writer = Writer {
        rng,
        locals: Vec::new(),
        names: 0,
        statements: 0,
        loops: Vec::new(),
        fenced: 0,
        depth: 0,
        in_place: 0,
        inside_commit: false,
        work: 1,
        count: Count::Any,
        handed: Handed::default(),
    };
    let mut tasks = vec![writer.leaf()];
    // Each with a memory of its own: a hazard in a branch shows only if it is taken.
    let leaf = |n: usize, a: i32| format!("leaf{}(cx, {BUFFERS}, {n}, {a})", writer.turbofish(3));
    let mut calls = vec![leaf(3, 7), leaf(1, -2), leaf(2, 3)];
    if writer.chance(25) {
        tasks.push(writer.root());
        calls.push("root(cx, m, 2)".to_owned());
    }
    Program { tasks, calls }
}

#[derive(Clone, Debug)]
enum Kind {
    Int,
    /// A `usize`, at most this.
    Index(usize),
    /// Three numbers.
    Array,
}

#[derive(Clone, Debug)]
struct Local {
    name: String,
    kind: Kind,
    mutable: bool,
}

struct Writer {
    rng: ChaCha8Rng,
    locals: Vec<Local>,
    names: usize,
    statements: usize,
    /// Labels of the loops around; whether `continue` ends.
    loops: Vec<(Option<String>, bool)>,
    /// How many of them are outside of a labelled block: these can be left by their label alone.
    fenced: usize,
    depth: usize,
    /// How often in-place buffers are used, in percent.
    in_place: u32,
    inside_commit: bool,
    /// Iterations of the loops around.
    work: usize,
    count: Count,
    handed: Handed,
}

impl Writer {
    fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }

    fn below(&mut self, n: usize) -> usize {
        self.rng.random_range(0..n)
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of.choose(&mut self.rng).copied().unwrap_or_default()
    }

    fn fresh(&mut self, prefix: &str) -> String {
        // A name that is there already hides it.
        if self.chance(4) && prefix == "v" && !self.locals.is_empty() {
            let at = self.below(self.locals.len());
            let local = &self.locals[at];
            if matches!(local.kind, Kind::Int) {
                return local.name.clone();
            }
        }
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    fn bind(&mut self, name: &str, kind: Kind, mutable: bool) {
        self.locals.push(Local {
            name: name.to_owned(),
            kind,
            mutable,
        });
    }

    fn leaf(&mut self) -> Task {
        let a = self.pick(&["a", "mut a"]);
        self.count = *[Count::Any, Count::Narrow, Count::Generic]
            .choose(&mut self.rng)
            .unwrap_or(&Count::Any);
        self.handed = Handed {
            y: self.chance(10),
            b: self.chance(20),
            s: self.chance(20),
        };
        let (generics, n, ty) = match self.count {
            Count::Any => ("", self.pick(&["n", "n", "n", "n", "mut n"]), "usize"),
            Count::Narrow => ("", "n", "u8"),
            Count::Generic => (
                "<const K: usize>",
                self.pick(&["n", "n", "n", "mut n"]),
                "usize",
            ),
        };
        self.in_place = *[0, 15, 60].choose(&mut self.rng).unwrap_or(&0);
        if self.count != Count::Narrow {
            self.bind("n", Kind::Index(3), n.starts_with("mut"));
        }
        self.bind("a", Kind::Int, a.starts_with("mut"));
        let count = 2 + self.below(5);
        let (depth, mut body) = (self.locals.len(), Vec::new());
        for _ in 0..count {
            self.statements += 1;
            body.extend(self.statement());
        }
        // What a local became shows only where it is used.
        for at in depth..self.locals.len() {
            if matches!(self.locals[at].kind, Kind::Int) && self.chance(40) {
                let (place, value) = (self.below(N), self.locals[at].name.clone());
                let buffer = if self.handed.y { "c" } else { "y" };
                body.push(Node::Line(format!("{buffer}.set({place}, {value});")));
            }
        }
        self.locals.clear();
        Task {
            head: format!("pub fn leaf{generics}({HEAD}, {n}: {ty}, {a}: i32)"),
            body,
        }
    }

    /// What is written behind the task's name where it is called.
    fn turbofish(&self, count: usize) -> String {
        match self.count {
            Count::Generic => format!("::<{count}>"),
            _ => String::new(),
        }
    }

    /// A task that calls tasks.
    fn root(&mut self) -> Task {
        self.bind("n", Kind::Index(2), false);
        self.statements = 0;
        let count = 1 + self.below(4);
        let body = self.calls(count);
        self.locals.clear();
        Task {
            head: "pub fn root(m: &mut Memory, n: usize)".to_owned(),
            body,
        }
    }

    fn calls(&mut self, count: usize) -> Vec<Node> {
        let (depth, mut nodes) = (self.locals.len(), Vec::new());
        for _ in 0..count {
            let value = self.plain_value(2);
            match self.below(10) {
                0..=3 => {
                    let call = match self.below(5) {
                        0 | 1 => format!("leaf{}({BUFFERS}, 2, {value})", self.turbofish(2)),
                        2 => format!("copy(&m.y, &mut m.z, {value})"),
                        3 => format!("shift(&mut m.c, {value})"),
                        _ => format!("count(&mut m.s, {value})"),
                    };
                    nodes.push(Node::Line("#[run]".to_owned()));
                    nodes.push(Node::Line(format!("{call};")));
                }
                4 | 5 => nodes.push(self.local(value)),
                6 => nodes.extend(self.assign(value)),
                7 | 8 if self.depth < 2 => {
                    self.depth += 1;
                    let condition = self.condition_of_locals();
                    let then = self.calls(1);
                    let otherwise = self.calls(1);
                    self.depth -= 1;
                    nodes.push(Node::Block {
                        open: String::new(),
                        parts: vec![
                            (format!("if {condition}"), then),
                            ("else".to_owned(), otherwise),
                        ],
                        close: String::new(),
                    });
                }
                _ if self.depth < 1 => {
                    self.depth += 1;
                    let name = self.fresh("i");
                    self.bind(&name, Kind::Index(1), false);
                    let body = self.calls(2);
                    self.locals.pop();
                    self.depth -= 1;
                    nodes.push(Node::block(format!("for {name} in 0..2"), body));
                }
                _ => {}
            }
        }
        self.locals.truncate(depth);
        nodes
    }

    fn block(&mut self, count: usize) -> Vec<Node> {
        let depth = self.locals.len();
        let mut nodes = Vec::new();
        for _ in 0..count {
            if self.statements > 14 {
                break;
            }
            self.statements += 1;
            nodes.extend(self.statement());
        }
        self.locals.truncate(depth);
        nodes
    }

    fn statement(&mut self) -> Vec<Node> {
        match self.below(112) {
            0..=14 => {
                let value = self.value(2);
                vec![self.local(value)]
            }
            15..=24 => {
                let value = self.value(2);
                self.assign(value)
            }
            25..=39 => vec![Node::Line(self.write())],
            40..=44 => {
                let place = self.state();
                let value = self.value(2);
                vec![Node::Line(format!("{place} = {value};"))]
            }
            45..=64 if self.depth < 3 && self.work < 24 => self.any_loop(),
            65..=74 if self.depth < 4 => self.branch(),
            75..=84 if !self.inside_commit => self.commit(),
            85..=88 if !self.inside_commit => self.run(),
            89..=93 => self.jump(),
            94 => vec![Node::Line(self.check())],
            95 => self.alias(),
            96..=100 => self.pattern(),
            101..=104 => self.array(),
            105 => vec![Node::block(
                format!("if {}", self.condition()),
                vec![Node::Line("return;".to_owned())],
            )],
            106 if self.depth < 3 => self.labelled(),
            _ => vec![Node::Line(self.write())],
        }
    }

    /// Names bound by patterns.
    fn pattern(&mut self) -> Vec<Node> {
        let (one, other, place) = (self.value(1), self.value(1), self.index());
        let (first, second) = (self.fresh("p"), self.fresh("p"));
        let text = match self.below(4) {
            0 => format!("let ({first}, {second}) = ({one}, {other});"),
            1 => format!("let [{first}, _, {second}, ..] = *x;"),
            2 => {
                self.bind(&first, Kind::Int, false);
                let (size, head) = (
                    1 + self.below(2),
                    format!("if let Some({first}) = x.get({place}).copied()"),
                );
                self.depth += 1;
                let body = self.block(size);
                self.depth -= 1;
                self.locals.pop();
                return vec![Node::block(head, body)];
            }
            _ => {
                self.bind(&first, Kind::Int, false);
                return vec![Node::Line(format!(
                    "let Some({first}) = x.get({place}).copied() else {{ return; }};"
                ))];
            }
        };
        self.bind(&first, Kind::Int, false);
        self.bind(&second, Kind::Int, false);
        vec![Node::Line(text)]
    }

    /// A local array, made, changed in place or handed to a function.
    fn array(&mut self) -> Vec<Node> {
        let place = self.below(3);
        let there: Vec<String> = self.arrays();
        // Its own items are borrowed where it is handed to a function.
        let value = match self.value(1) {
            v if there.iter().any(|name| v.contains(name.as_str())) => "5_i32".to_owned(),
            v => v,
        };
        match (there.choose(&mut self.rng).cloned(), self.below(3)) {
            (Some(name), 0) => vec![Node::Line(format!("{name}[{place}] = {value};"))],
            (Some(name), 1) => vec![Node::Line(format!("stir(&mut {name}, {value});"))],
            _ => {
                let name = self.fresh("w");
                self.bind(&name, Kind::Array, true);
                let ty = self.pick(&[": [i32; 3]", ": [i32; 3]", ""]);
                vec![Node::Line(format!(
                    "let mut {name}{ty} = [{value}, 3, {place}];"
                ))]
            }
        }
    }

    fn arrays(&self) -> Vec<String> {
        self.locals
            .iter()
            .filter(|l| matches!(l.kind, Kind::Array))
            .map(|l| l.name.clone())
            .collect()
    }

    /// A block that is left by its label.
    fn labelled(&mut self) -> Vec<Node> {
        self.names += 1;
        let label = format!("'l{}", self.names);
        self.depth += 1;
        let fenced = std::mem::replace(&mut self.fenced, self.loops.len());
        let depth = self.locals.len();
        let before = 1 + self.below(2);
        let mut body = self.block(before);
        let condition = self.condition();
        body.push(Node::block(
            format!("if {condition}"),
            vec![Node::Line(format!("break {label};"))],
        ));
        body.extend(self.block(2));
        self.locals.truncate(depth);
        self.fenced = fenced;
        self.depth -= 1;
        vec![Node::block(format!("{label}:"), body)]
    }

    fn local(&mut self, value: String) -> Node {
        let name = self.fresh("v");
        let (text, mutable) = match self.below(20) {
            0..=6 => (format!("let {name} = {value};"), false),
            7..=11 => (format!("let {name}: i32 = {value};"), false),
            12..=18 => (format!("let mut {name}: i32 = {value};"), true),
            _ => (format!("let mut {name} = {value};"), true),
        };
        self.bind(&name, Kind::Int, mutable);
        Node::Line(text)
    }

    fn assign(&mut self, value: String) -> Vec<Node> {
        // Only what the name means here counts.
        let visible: Vec<String> = (0..self.locals.len())
            .filter(|&i| {
                let l = &self.locals[i];
                let hidden = self.locals[i + 1..].iter().any(|m| m.name == l.name);
                l.mutable && matches!(l.kind, Kind::Int) && !hidden
            })
            .map(|i| self.locals[i].name.clone())
            .collect();
        if self.chance(10) && self.locals.iter().any(|l| l.name == "n" && l.mutable) {
            return vec![Node::Line("n = (n + 1) % 4;".to_owned())];
        }
        let Some(name) = visible.choose(&mut self.rng).cloned() else {
            return Vec::new();
        };
        let text = match self.below(3) {
            0 => format!("{name} = {value};"),
            1 => format!("{name} ^= {value};"),
            _ => format!("{name} = {name}.wrapping_mul(3).wrapping_add({value});"),
        };
        vec![Node::Line(text)]
    }

    fn write(&mut self) -> String {
        let (index, value) = (self.index(), self.value(2));
        let in_place = self.in_place;
        if self.chance(in_place / 8) {
            let buffer = self.in_place();
            return format!(
                "{buffer}.set({index}, {buffer}.get({index}).wrapping_mul(3).wrapping_add(1));"
            );
        }
        if self.chance(in_place) || self.handed.y {
            if self.chance(15) {
                return format!(
                    "g.set([{}, {}], {value});",
                    self.below_index(2),
                    self.below_index(3)
                );
            }
            return format!("{}.set({index}, {value});", self.in_place());
        }
        format!("y.set({index}, {value});")
    }

    /// An in-place buffer that the task keeps to itself.
    fn in_place(&mut self) -> &'static str {
        if self.handed.b || self.chance(33) {
            "c"
        } else {
            "b"
        }
    }

    /// An index below `limit`.
    fn below_index(&mut self, limit: usize) -> String {
        let found: Vec<String> = self
            .locals
            .iter()
            .filter(|l| matches!(l.kind, Kind::Index(most) if most < limit))
            .map(|l| l.name.clone())
            .collect();
        match found.choose(&mut self.rng).cloned() {
            Some(name) if self.chance(60) => name,
            _ => self.below(limit).to_string(),
        }
    }

    fn state(&mut self) -> String {
        if self.chance(50) && !self.handed.s {
            return "*s".to_owned();
        }
        format!("t[{}]", self.below(3))
    }

    fn any_loop(&mut self) -> Vec<Node> {
        let count = 2 + self.below(2);
        let label = self.chance(20).then(|| {
            self.names += 1;
            format!("'l{}", self.names)
        });
        // Loops without a bound need a commit; most authors know.
        let kind = self.below(10);
        let unbounded = kind >= 8 && self.chance(90);
        let commit = if self.inside_commit || (!unbounded && self.chance(40)) {
            ""
        } else {
            self.pick(&[
                "#[commit]",
                "#[commit]",
                "#[commit]",
                "#[commit(every = 2)]",
                "#[commit(every = 3)]",
                "#[commit(paced, every = 2)]",
                if unbounded {
                    "#[commit]"
                } else {
                    "#[commit(paced)]"
                },
            ])
        };
        let prefix = label.as_ref().map_or(String::new(), |l| format!("{l}: "));
        let (depth, before) = (self.locals.len(), self.work);
        self.depth += 1;
        self.work *= count;
        let mut nodes = Vec::new();
        let committed = !commit.is_empty();
        if committed {
            nodes.push(Node::Line(commit.to_owned()));
        }
        let size = 1 + self.below(4);
        match kind {
            0..=7 => {
                let name = self.fresh("i");
                let (range, most) = self.range(count, committed);
                self.bind(&name, Kind::Index(most), false);
                self.loops.push((label, true));
                let body = self.block(size);
                nodes.push(Node::block(format!("{prefix}for {name} in {range}"), body));
            }
            8 => {
                let name = self.fresh("k");
                let step = self
                    .pick(&["+= 1", "+= 1", "+= 1", "= next(k)"])
                    .replace('k', &name);
                let step = if step.starts_with("+=") || committed {
                    step
                } else {
                    "+= 1".to_owned()
                };
                nodes.insert(0, Node::Line(format!("let mut {name}: usize = 0;")));
                self.bind(&name, Kind::Index(count), false);
                self.loops.push((label, false));
                let mut body = self.block(size);
                body.push(Node::Line(format!("{name} {step};")));
                nodes.push(Node::block(format!("{prefix}while {name} < {count}"), body));
            }
            _ => {
                let name = self.fresh("k");
                nodes.insert(0, Node::Line(format!("let mut {name}: usize = 0;")));
                self.bind(&name, Kind::Index(count), false);
                self.loops.push((label, false));
                let mut body = self.block(size);
                body.push(Node::Line(format!("{name} += 1;")));
                body.push(Node::Line(format!("if {name} >= {count} {{ break; }}")));
                nodes.push(Node::block(format!("{prefix}loop"), body));
            }
        }
        self.loops.pop();
        self.locals.truncate(depth);
        self.depth -= 1;
        self.work = before;
        nodes
    }

    /// A range of about `count` rounds, and its greatest number. Without a commit, one in twelve is what RK04 is for.
    fn range(&mut self, count: usize, committed: bool) -> (String, usize) {
        let unbounded = committed || self.chance(25);
        match self.below(9) {
            3 => (format!("1..{}", count + 1), count),
            4 => (format!("(0..{count}).rev()"), count - 1),
            5 => (format!("(0..{N}).step_by(2)"), N - 1),
            6 if unbounded && self.count != Count::Narrow => ("0..n".to_owned(), 3),
            6 | 7 => match self.count {
                Count::Any => ("0..n.min(3)".to_owned(), 3),
                Count::Narrow => ("0..usize::from(n)".to_owned(), 3),
                Count::Generic => ("0..K".to_owned(), 3),
            },
            8 => match self.smallest_index() {
                Some(name) if unbounded => (format!("0..{name}"), 3),
                Some(name) => (format!("0..{name}.min(3)"), 3),
                None => (format!("0..={}", count - 1), count - 1),
            },
            _ => (format!("0..{count}"), count - 1),
        }
    }

    fn smallest_index(&mut self) -> Option<String> {
        let names: Vec<String> = self
            .locals
            .iter()
            // A loop to a counter that changes is rarely meant.
            .filter(|l| {
                matches!(l.kind, Kind::Index(most) if most <= 3) && !l.name.starts_with('k')
            })
            .map(|l| l.name.clone())
            .collect();
        names.choose(&mut self.rng).cloned()
    }

    fn branch(&mut self) -> Vec<Node> {
        self.depth += 1;
        let node = if self.chance(65) {
            let condition = self.condition();
            let size = 1 + self.below(3);
            let mut parts = vec![(format!("if {condition}"), self.block(size))];
            if self.chance(50) {
                parts.push(("else".to_owned(), self.block(2)));
            }
            Node::Block {
                open: String::new(),
                parts,
                close: String::new(),
            }
        } else {
            let value = self.value(1);
            let mut parts = vec![("0 =>".to_owned(), self.block(2))];
            if self.chance(50) {
                parts.push(("1 | 2 =>".to_owned(), self.block(2)));
            }
            if self.chance(40) {
                let name = self.fresh("v");
                self.bind(&name, Kind::Int, false);
                parts.push((format!("{name} =>"), self.block(2)));
                self.locals.pop();
            } else {
                parts.push(("_ =>".to_owned(), self.block(1)));
            }
            Node::Block {
                open: format!("match {value} & 3 {{"),
                parts,
                close: "}".to_owned(),
            }
        };
        self.depth -= 1;
        vec![node]
    }

    fn commit(&mut self) -> Vec<Node> {
        let mark = Node::Line("#[commit]".to_owned());
        match self.below(5) {
            0 | 1 => {
                let (buffer, index) = (self.in_place(), self.index());
                let name = self.fresh("v");
                self.bind(&name, Kind::Int, false);
                let mut nodes = vec![
                    mark,
                    Node::Line(format!("let {name}: i32 = {buffer}.get({index});")),
                ];
                if self.in_place > 0 {
                    nodes.push(Node::Line(format!(
                        "{buffer}.set({index}, {name}.wrapping_mul(3).wrapping_add(1));"
                    )));
                }
                nodes
            }
            2 => vec![mark, Node::Line(self.write())],
            3 => {
                let value = self.value(2);
                vec![mark, self.local(value)]
            }
            _ => {
                self.inside_commit = self.chance(50);
                self.depth += 1;
                let body = self.block(2);
                self.depth -= 1;
                self.inside_commit = false;
                vec![mark, Node::block("", body)]
            }
        }
    }

    fn run(&mut self) -> Vec<Node> {
        let value = self.plain_value(2);
        let mut calls = Vec::new();
        if self.handed.y {
            calls.push(format!("copy(x, &mut *y, {value});"));
        }
        if self.handed.b {
            calls.push(format!("shift(&mut *b, {value});"));
        }
        if self.handed.s {
            calls.push(format!("count(&mut *s, {value});"));
        }
        match calls.choose(&mut self.rng) {
            Some(call) => vec![Node::Line("#[run]".to_owned()), Node::Line(call.clone())],
            None => Vec::new(),
        }
    }

    fn jump(&mut self) -> Vec<Node> {
        if self.loops.is_empty() {
            return Vec::new();
        }
        let last = self.loops.len() - 1;
        let at = if self.chance(70) {
            last
        } else {
            self.below(last + 1)
        };
        let (label, continues) = self.loops[at].clone();
        let target = match (label, at == last) {
            (Some(label), _) => format!(" {label}"),
            (None, true) if at >= self.fenced => String::new(),
            (None, _) => return Vec::new(),
        };
        let word = if continues && self.chance(60) {
            "continue"
        } else {
            "break"
        };
        let condition = self.condition();
        vec![Node::block(
            format!("if {condition}"),
            vec![Node::Line(format!("{word}{target};"))],
        )]
    }

    fn check(&mut self) -> String {
        let (name, value) = (self.pick(&["assert", "debug_assert"]), self.value(1));
        format!("{name}!({value} != 123_456_789);")
    }

    fn alias(&mut self) -> Vec<Node> {
        let name = self.fresh("r");
        let (index, buffer) = (self.below(3), self.in_place());
        let lines = match self.below(6) {
            0 => vec![
                format!("let {name} = &{buffer};"),
                format!("let {name}v: i32 = {name}.get({index});"),
            ],
            1 => vec![
                format!("let {name} = |i: usize| {buffer}.get(i);"),
                format!("let {name}v: i32 = {name}({index});"),
            ],
            2 => vec![
                format!("let {name} = &x[{index}..];"),
                format!("let {name}v: i32 = {name}[1];"),
            ],
            3 => vec![
                format!("let {name} = (x[{index}], {index});"),
                format!("let {name}v: i32 = {name}.0 ^ x[{name}.1];"),
            ],
            // The buffer's name, for something else.
            4 => vec![format!(
                "let {name}v: i32 = {{ let {buffer} = [1, 2, 3]; {buffer}[{index}] }};"
            )],
            _ => vec![format!(
                "let {name}v: i32 = (0..3).map(|i: usize| x[i + {}]).fold(0, |a: i32, b: i32| a.wrapping_add(b));",
                index.min(2)
            )],
        };
        self.bind(&format!("{name}v"), Kind::Int, false);
        lines.into_iter().map(Node::Line).collect()
    }

    fn condition(&mut self) -> String {
        let (left, op) = (self.value(1), self.pick(&["<", ">", "==", "!="]));
        format!("{left} {op} {}", self.rng.random_range(-4..9))
    }

    fn condition_of_locals(&mut self) -> String {
        let (left, op) = (self.plain_value(1), self.pick(&["<", ">", "!="]));
        format!("{left} {op} {}", self.rng.random_range(-4..9))
    }

    fn index(&mut self) -> String {
        let found: Vec<(String, usize)> = self
            .locals
            .iter()
            .filter_map(|l| match l.kind {
                Kind::Index(most) if most < N => Some((l.name.clone(), most)),
                _ => None,
            })
            .collect();
        match (found.choose(&mut self.rng).cloned(), self.below(10)) {
            (Some((name, most)), 0..=6) => match self.below(N - most) {
                0 => name,
                k => format!("{name} + {k}"),
            },
            (_, 7) => format!("({} as usize) % N", self.value(1)),
            _ => self.below(N).to_string(),
        }
    }

    /// Without buffers.
    fn plain_value(&mut self, depth: usize) -> String {
        let names: Vec<String> = self
            .locals
            .iter()
            .map(|l| match l.kind {
                Kind::Int => l.name.clone(),
                Kind::Index(_) => format!("({} as i32)", l.name),
                Kind::Array => format!("{}[1]", l.name),
            })
            .collect();
        match (names.choose(&mut self.rng).cloned(), self.below(10)) {
            (_, 0 | 1) if depth > 0 => {
                let (l, r) = (self.plain_value(depth - 1), self.plain_value(depth - 1));
                format!("{l}.wrapping_mul(3).wrapping_sub({r})")
            }
            (Some(name), 2..=8) => name,
            _ => format!("{}_i32", self.below(9)),
        }
    }

    fn value(&mut self, depth: usize) -> String {
        let in_place = self.in_place;
        match self.below(12) {
            0 | 1 => format!("x[{}]", self.index()),
            2 | 3 if self.chance(in_place) => {
                if self.chance(15) {
                    format!("g.get([{}, {}])", self.below_index(2), self.below_index(3))
                } else {
                    format!("{}.get({})", self.in_place(), self.index())
                }
            }
            4 if self.chance(40) && !self.handed.s => "(*s)".to_owned(),
            5 if self.chance(40) => format!("t[{}]", self.below(3)),
            6 | 7 if depth > 0 => {
                let (l, r) = (self.value(depth - 1), self.value(depth - 1));
                let op = self.pick(&["add", "sub", "mul"]);
                format!("{l}.wrapping_{op}({r})")
            }
            8 if depth > 0 => {
                let (l, r) = (self.value(depth - 1), self.value(depth - 1));
                format!(
                    "(if {} {{ {l} }} else {{ {r} }})",
                    self.condition_of_locals()
                )
            }
            _ => self.plain_value(depth),
        }
    }
}
