//! A generated program: lines and blocks, from which parts can be taken away.

use std::fmt::Write as _;

/// A statement.
#[derive(Clone, Debug)]
pub enum Node {
    /// On one line.
    Line(String),
    /// Heads with bodies: `if … {` and `else {`, the arms of a `match`.
    Block {
        /// Before everything.
        open: String,
        /// Each head with its body, which is closed by a brace.
        parts: Vec<(String, Vec<Node>)>,
        /// After everything.
        close: String,
    },
}

/// A function of a program.
#[derive(Clone, Debug)]
pub struct Task {
    /// Up to the opening brace.
    pub head: String,
    /// The statements.
    pub body: Vec<Node>,
}

/// A program: its tasks, and how they are called.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its tasks.
    pub tasks: Vec<Task>,
    /// The calls that are checked, each on its own, with `cx` and `m` in scope.
    pub calls: Vec<String>,
}

impl Node {
    /// A block with one head.
    pub fn block(head: impl Into<String>, body: Vec<Node>) -> Self {
        Self::Block {
            open: String::new(),
            parts: vec![(head.into(), body)],
            close: String::new(),
        }
    }

    fn write(&self, out: &mut String, depth: usize) {
        let indent = "    ".repeat(depth);
        match self {
            Self::Line(line) => {
                let _ = writeln!(out, "{indent}{line}");
            }
            Self::Block { open, parts, close } => {
                let inner = if open.is_empty() { depth } else { depth + 1 };
                if !open.is_empty() {
                    let _ = writeln!(out, "{indent}{open}");
                }
                for (head, body) in parts {
                    let indent = "    ".repeat(inner);
                    let _ = writeln!(out, "{indent}{head} {{");
                    for node in body {
                        node.write(out, inner + 1);
                    }
                    let _ = writeln!(out, "{indent}}}");
                }
                if !close.is_empty() {
                    let _ = writeln!(out, "{indent}{close}");
                }
            }
        }
    }
}

impl Task {
    /// As source, without the attribute.
    pub fn source(&self) -> String {
        let mut out = format!("{} {{\n", self.head);
        self.body.iter().for_each(|n| n.write(&mut out, 1));
        out.push_str("}\n");
        out
    }
}

impl Program {
    /// As a user would write it.
    pub fn source(&self) -> String {
        let mut out = String::new();
        for task in &self.tasks {
            let _ = writeln!(out, "#[intermittent_task]\n{}", task.source());
        }
        out
    }

    /// Every program that is this one without one statement, or with a block's contents in its place.
    pub fn smaller(&self) -> Vec<Self> {
        let mut all = Vec::new();
        for (t, task) in self.tasks.iter().enumerate() {
            for body in smaller(&task.body) {
                let mut program = self.clone();
                program.tasks[t].body = body;
                all.push(program);
            }
        }
        all
    }
}

fn smaller(nodes: &[Node]) -> Vec<Vec<Node>> {
    let mut all = Vec::new();
    for (i, node) in nodes.iter().enumerate() {
        let with = |instead: Vec<Node>| {
            let mut rest = nodes[..i].to_vec();
            rest.extend(instead);
            rest.extend_from_slice(&nodes[i + 1..]);
            rest
        };
        all.push(with(Vec::new()));
        let Node::Block { open, parts, close } = node else {
            continue;
        };
        for (p, (_, body)) in parts.iter().enumerate() {
            all.push(with(body.clone()));
            for inner in smaller(body) {
                let mut parts = parts.clone();
                parts[p].1 = inner;
                all.push(with(vec![Node::Block {
                    open: open.clone(),
                    parts,
                    close: close.clone(),
                }]));
            }
        }
    }
    all
}
