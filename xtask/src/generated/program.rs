//! Random task bodies: every construct that the macro reads, with values small enough that nothing panics.

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::tree::{Node, Program, Task};

/// Items of each buffer, as in `rekindle-generated`.
const N: usize = 5;
const HEAD: &str = "x: Input<[i32; N]>, y: Output<[i32; N]>, b: InPlace<[i32; N]>, c: InPlace<[i32; N]>, \
                    s: State<i32>, t: State<[i32; 3]>";

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
        depth: 0,
        in_place: 0,
        inside_commit: false,
        work: 1,
    };
    let mut tasks = vec![writer.leaf()];
    let call = if writer.chance(25) {
        tasks.push(writer.root());
        "root(cx, m, 2)"
    } else {
        "leaf(cx, &m.x, &mut m.y, &mut m.b, &mut m.c, &mut m.s, &mut m.t, 3, 7)"
    };
    Program {
        tasks,
        call: call.to_owned(),
    }
}

#[derive(Clone, Debug)]
enum Kind {
    Int,
    /// A `usize`, at most this.
    Index(usize),
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
    depth: usize,
    /// How often in-place buffers are used, in percent.
    in_place: u32,
    inside_commit: bool,
    /// Iterations of the loops around.
    work: usize,
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
        if self.chance(6) && prefix == "v" && !self.locals.is_empty() {
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
        let (n, a) = (self.pick(&["n", "n", "mut n"]), self.pick(&["a", "mut a"]));
        self.in_place = *[0, 15, 60].choose(&mut self.rng).unwrap_or(&0);
        self.bind("n", Kind::Index(3), false);
        self.bind("a", Kind::Int, a.starts_with("mut"));
        let count = 2 + self.below(5);
        let body = self.block(count);
        self.locals.clear();
        Task {
            head: format!("pub fn leaf({HEAD}, {n}: usize, {a}: i32)"),
            body,
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
                        0 | 1 => format!(
                            "leaf(&m.x, &mut m.y, &mut m.b, &mut m.c, &mut m.s, &mut m.t, 2, {value})"
                        ),
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
        match self.below(100) {
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
            _ => vec![Node::Line(self.write())],
        }
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
        if self.chance(in_place) {
            let buffer = self.pick(&["b", "b", "c"]);
            return format!("{buffer}.set({index}, {value});");
        }
        format!("y.set({index}, {value});")
    }

    fn state(&mut self) -> String {
        if self.chance(50) {
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
        let commit = if self.inside_commit || self.chance(35) {
            ""
        } else {
            self.pick(&[
                "#[commit]",
                "#[commit]",
                "#[commit(every = 2)]",
                "#[commit(every = 3)]",
                "#[commit(paced, every = 2)]",
                "#[commit(paced)]",
            ])
        };
        let prefix = label.as_ref().map_or(String::new(), |l| format!("{l}: "));
        let (depth, before) = (self.locals.len(), self.work);
        self.depth += 1;
        self.work *= count;
        let mut nodes = Vec::new();
        if !commit.is_empty() && self.chance(85) {
            nodes.push(Node::Line(commit.to_owned()));
        }
        let size = 1 + self.below(4);
        match self.below(10) {
            0..=6 => {
                let name = self.fresh("i");
                let (range, most) = match self.below(8) {
                    0..=2 => (format!("0..{count}"), count - 1),
                    3 => (format!("1..{}", count + 1), count),
                    4 => (format!("(0..{count}).rev()"), count - 1),
                    5 => (format!("(0..{N}).step_by(2)"), N - 1),
                    6 => ("0..n".to_owned(), 3),
                    _ => match self.smallest_index() {
                        Some(name) => (format!("0..{name}"), 3),
                        None => (format!("0..={}", count - 1), count - 1),
                    },
                };
                self.bind(&name, Kind::Index(most), false);
                self.loops.push((label, true));
                let body = self.block(size);
                nodes.push(Node::block(format!("{prefix}for {name} in {range}"), body));
            }
            7 | 8 => {
                let name = self.fresh("k");
                let step = self
                    .pick(&["+= 1", "+= 1", "= next(k)"])
                    .replace('k', &name);
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

    fn smallest_index(&mut self) -> Option<String> {
        let names: Vec<String> = self
            .locals
            .iter()
            .filter(|l| matches!(l.kind, Kind::Index(most) if most <= 3))
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
                let (buffer, index) = (self.pick(&["b", "c"]), self.index());
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
        let call = match self.below(3) {
            0 => format!("copy(x, &mut *y, {value});"),
            1 => format!("shift(&mut *b, {value});"),
            _ => format!("count(&mut *s, {value});"),
        };
        vec![Node::Line("#[run]".to_owned()), Node::Line(call)]
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
            (None, true) => String::new(),
            (None, false) => return Vec::new(),
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
        let index = self.below(3);
        let text = match self.below(4) {
            0 => format!("let {name} = &b; y.set({index}, {name}.get({index}));"),
            1 => format!("let {name} = |i: usize| b.get(i); y.set({index}, {name}({index}));"),
            2 => format!("let {name} = &x[{index}..]; y.set({index}, {name}[1]);"),
            _ => format!("let {name} = (x[{index}], {index}); y.set({name}.1, {name}.0);"),
        };
        text.split_inclusive(';')
            .map(|line| Node::Line(line.trim().to_owned()))
            .collect()
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
                let buffer = self.pick(&["b", "b", "c"]);
                format!("{buffer}.get({})", self.index())
            }
            4 if self.chance(40) => "(*s)".to_owned(),
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
