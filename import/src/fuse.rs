//! Layers that become one task, so that what is between them is never stored.

use crate::program::{BufferId, Fused, Kernel, Layer, Program, Role};

/// The program with each convolution and the maximum pooling behind it as one task, where the pools do not overlap: then no
/// product is computed twice. `None` if there are none.
pub fn fuse(program: &Program) -> Option<Program> {
    merged(program, |before, layer| pooled(program, before, layer))
}

/// Multiply-accumulates that a chain may have: a record takes about as many instructions as a hundred of them.
const CHAIN: usize = 1024;

/// The program with small fully connected layers behind one another as one task: repeating all of them after an outage is
/// cheaper than the records between them. `None` if there are none.
pub fn chain(program: &Program) -> Option<Program> {
    merged(program, |before, layer| chained(program, before, layer))
}

/// The program with layers for which `together` has a kernel as one.
fn merged(
    program: &Program,
    together: impl Fn(&Layer, &Layer) -> Option<Kernel>,
) -> Option<Program> {
    let mut layers: Vec<Layer> = Vec::new();
    let mut gone: Vec<BufferId> = Vec::new();
    for layer in &program.layers {
        let kernel = layers
            .last()
            .filter(|before| alone(program, before, layer))
            .and_then(|before| together(before, layer));
        if let (Some(kernel), Some(before)) = (kernel, layers.last_mut()) {
            gone.push(before.output);
            if let Kernel::Chain(all) = &kernel
                && let [(first, _), .., (last, _)] = &all[..]
            {
                before.name = format!("{first}_to_{last}");
            }
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
    let ids: Vec<_> = (0..program.buffers.len())
        .map(BufferId)
        .filter(keep)
        .collect();
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

/// Whether `layer` reads what `before` makes and nothing else, and is the only one that does.
fn alone(program: &Program, before: &Layer, layer: &Layer) -> bool {
    let reads = |l: &&Layer| l.inputs.contains(&before.output);
    program.buffer(before.output).role == Role::Activation
        && layer.inputs == [before.output]
        && program.layers.iter().filter(reads).count() == 1
}

/// Both as one task.
fn pooled(program: &Program, before: &Layer, layer: &Layer) -> Option<Kernel> {
    let (Kernel::Conv2d(filter), Kernel::MaxPool(pool)) = (&before.kernel, &layer.kernel) else {
        return None;
    };
    let &[rows, columns, _] = &program.buffer(before.output).shape[..] else {
        return None;
    };
    let apart = (0..2).all(|axis| pool.window[axis] <= pool.stride[axis]);
    apart.then(|| {
        Kernel::Fused(Box::new(Fused {
            filter: filter.clone(),
            pool: *pool,
            name: layer.name.clone(),
            between: [rows, columns],
        }))
    })
}

/// Both as one task, or the chain with one more.
fn chained(program: &Program, before: &Layer, layer: &Layer) -> Option<Kernel> {
    let Kernel::Dense(last) = &layer.kernel else {
        return None;
    };
    let mut all = match &before.kernel {
        Kernel::Dense(first) => vec![(before.name.clone(), first.clone())],
        Kernel::Chain(all) => all.clone(),
        _ => return None,
    };
    let small = program.macs(before) + program.macs(layer) <= CHAIN;
    all.push((layer.name.clone(), last.clone()));
    small.then_some(Kernel::Chain(all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Place;
    use crate::forms::Form;
    use crate::program::{Buffer, Commit, Filter};
    use rekindle_kernels::Activation;

    fn dense(inputs: usize, outputs: usize) -> Kernel {
        Kernel::Dense(Filter {
            shape: vec![outputs, inputs],
            weight: vec![1; outputs * inputs],
            bias: vec![0; outputs],
            scale: Vec::new(),
            channels: 1,
            stride: [1, 1],
            dilation: [1, 1],
            input_zero: 0,
            activation: Activation::linear(0),
        })
    }

    /// Layers one behind the other, of these sizes.
    fn program(sizes: &[usize]) -> Program {
        let buffers = sizes.iter().enumerate().map(|(i, size)| Buffer {
            name: format!("b{i}"),
            shape: vec![*size],
            role: match i {
                0 => Role::Input,
                i if i + 1 == sizes.len() => Role::Output,
                _ => Role::Activation,
            },
            quantization: None,
        });
        let layers = sizes.windows(2).enumerate().map(|(i, size)| Layer {
            name: format!("dense{}", i + 1),
            place: Place::Model,
            kernel: dense(size[0], size[1]),
            commit: Commit::Row,
            inputs: vec![BufferId(i)],
            output: BufferId(i + 1),
            form: Form::Whole,
        });
        Program {
            layers: layers.collect(),
            buffers: buffers.collect(),
        }
    }

    #[test]
    fn small_layers_are_one_task_and_large_ones_are_not() {
        let all = chain(&program(&[1, 16, 16, 1])).unwrap();
        assert_eq!(all.layers.len(), 1);
        assert_eq!(all.layers[0].name, "dense1_to_dense3");
        assert_eq!((all.buffers.len(), all.macs(&all.layers[0])), (2, 288));
        // The second is too much.
        let some = chain(&program(&[4, 64, 64, 8, 2])).unwrap();
        let names: Vec<_> = some.layers.iter().map(|l| &*l.name).collect();
        assert_eq!(names, ["dense1", "dense2", "dense3_to_dense4"]);
        assert_eq!(some.layers[2].inputs, [BufferId(2)]);
        assert!(chain(&program(&[64, 64, 64])).is_none());
    }

    #[test]
    fn what_is_read_twice_is_stored() {
        let mut program = program(&[4, 4, 4, 4]);
        program.layers[2].inputs.push(BufferId(1));
        assert!(chain(&program).is_none());
        let mut program = self::program(&[4, 4, 4]);
        program.buffers[1].role = Role::Output;
        assert!(chain(&program).is_none());
    }
}
