//! What a kernel asks of its operator.

use crate::graph::{Element, Graph, Node, Padding, Tensor, TensorId};

/// The shape in which kernels take an activation: without the batch, and at most three dimensions.
pub fn activation_shape(shape: &[usize]) -> Vec<usize> {
    axes(shape).map_or_else(|| vec![shape.iter().product()], |(kept, _)| kept.to_vec())
}

/// The same, and how many axes are left out in front; `None` where all become one.
pub fn axes(shape: &[usize]) -> Option<(&[usize], usize)> {
    match shape {
        [1, kept @ ..] if matches!(shape.len(), 2 | 4) => Some((kept, 1)),
        [_] | [_, _] | [_, _, _] => Some((shape, 0)),
        _ => None,
    }
}

/// The tensor of an argument that must be there.
pub fn argument(node: &Node, i: usize) -> Result<TensorId, String> {
    let found = node.inputs.get(i).copied().flatten();
    found.ok_or_else(|| format!("input {i} is missing"))
}

/// An activation of int8 with one scale and a zero point that int8 has.
pub fn int8(tensor: &Tensor) -> Result<(), String> {
    if tensor.element != Element::I8 {
        let element = tensor.element;
        return Err(format!(
            "its values are {element}, and the kernels are for int8: convert the model with full integer quantisation"
        ));
    }
    if tensor.data.is_some() {
        return Err("a constant where an activation is expected".to_owned());
    }
    let Some(q) = &tensor.quantization else {
        return Err("it has no scale".to_owned());
    };
    if q.scale.len() != 1 {
        return Err("an activation has one scale".to_owned());
    }
    i8::try_from(q.zero)
        .map(|_| ())
        .map_err(|_| format!("a zero point of {}", q.zero))
}

/// Whether the output has the size that padding, window and stride give.
pub fn placed(
    graph: &Graph,
    node: &Node,
    padding: Padding,
    window: [usize; 2],
    stride: [usize; 2],
) -> Result<(), String> {
    let input = &graph.tensor(argument(node, 0)?).shape;
    let output = &graph.tensor(node.output).shape;
    let (&[1, h, w, _], &[1, oh, ow, _]) = (&input[..], &output[..]) else {
        return Err(format!(
            "from {input:?} to {output:?}, where batches of one image are expected"
        ));
    };
    for (what, n, o, k, s) in [
        ("rows", h, oh, window[0], stride[0]),
        ("columns", w, ow, window[1], stride[1]),
    ] {
        let want = match padding {
            Padding::Same => n.div_ceil(s),
            Padding::Valid if n < k => 0,
            Padding::Valid => (n - k) / s + 1,
        };
        if o != want || o == 0 {
            return Err(format!(
                "{o} {what} of output, and {want} by its input, window and stride"
            ));
        }
    }
    Ok(())
}
