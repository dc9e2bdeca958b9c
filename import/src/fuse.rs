//! Layers that become one task, so that what is between them is never stored.

use crate::program::{BufferId, Fused, Kernel, Layer, Program, Role};

/// The program with each convolution and the maximum pooling behind it as one task, where the pools do not overlap: then no
/// product is computed twice. `None` if there are none.
pub fn fuse(program: &Program) -> Option<Program> {
    let mut layers: Vec<Layer> = Vec::new();
    let mut gone: Vec<BufferId> = Vec::new();
    for layer in &program.layers {
        let fused = layers
            .last()
            .and_then(|before| together(program, before, layer));
        if let (Some(kernel), Some(before)) = (fused, layers.last_mut()) {
            gone.push(before.output);
            before.kernel = kernel;
            before.output = layer.output;
        } else {
            layers.push(layer.clone());
        }
    }
    if gone.is_empty() {
        return None;
    }
    let keep = |id: &BufferId| !gone.contains(id);
    let ids = (0..program.buffers.len()).map(BufferId).filter(keep);
    let ids: Vec<_> = ids.collect();
    let now = |id: BufferId| BufferId(ids.iter().position(|i| *i == id).unwrap_or(id.0));
    for layer in &mut layers {
        layer.output = now(layer.output);
        for input in &mut layer.inputs {
            *input = now(*input);
        }
    }
    let buffers = ids.iter().map(|id| program.buffer(*id).clone()).collect();
    Some(Program { layers, buffers })
}

/// Both as one task, if nothing else reads what is between them.
fn together(program: &Program, before: &Layer, layer: &Layer) -> Option<Kernel> {
    let (Kernel::Conv2d(filter), Kernel::MaxPool(pool)) = (&before.kernel, &layer.kernel) else {
        return None;
    };
    let between = program.buffer(before.output);
    let &[rows, columns, _] = &between.shape[..] else {
        return None;
    };
    let readers = program
        .layers
        .iter()
        .filter(|l| l.inputs.contains(&before.output));
    let alone = between.role == Role::Activation
        && layer.inputs == [before.output]
        && readers.count() == 1
        && (0..2).all(|axis| pool.window[axis] <= pool.stride[axis]);
    alone.then(|| {
        Kernel::Fused(Box::new(Fused {
            filter: filter.clone(),
            pool: *pool,
            name: layer.name.clone(),
            between: [rows, columns],
        }))
    })
}
