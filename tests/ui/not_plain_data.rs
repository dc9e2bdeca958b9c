use rekindle::prelude::*;

struct Tree {
    left: Option<Box<Tree>>,
}

#[intermittent_task]
fn task(y: Output<[i32; 4]>) {
    let mut tree: Tree = Tree { left: None };
    #[commit]
    for i in 0..4 {
        tree = Tree { left: Some(Box::new(tree)) };
        y.set(i, 1);
    }
}

fn main() {}
