//! Floats at the ends of a network: a converter leaves them there unless it is told otherwise.
//!
//! `QUANTIZE` behind an input and `DEQUANTIZE` before an output only change how the caller sees the values. The code takes and
//! gives int8, with scale and zero point as constants beside its types, so both are left out.

use crate::graph::{Element, Graph, Node, TensorId};

/// Type 0 of the format.
const FLOAT32: Element = Element::Other(0);

/// Makes what is quantized first the input, and what is dequantized last the output.
pub fn strip(graph: &mut Graph) {
    for at in 0..graph.inputs.len() {
        let outer = graph.inputs[at];
        if let [node] = readers(graph, outer)[..]
            && !graph.outputs.contains(&outer)
            && converts(graph, node, "QUANTIZE", outer, node.output)
        {
            let (inner, index) = (node.output, node.index);
            graph.inputs[at] = inner;
            graph.nodes.retain(|n| n.index != index);
        }
    }
    for at in 0..graph.outputs.len() {
        let outer = graph.outputs[at];
        let last = graph.nodes.iter().find(|n| n.output == outer);
        if let Some(node) = last
            && let [Some(inner)] = node.inputs[..]
            && readers(graph, outer).is_empty()
            && converts(graph, node, "DEQUANTIZE", outer, inner)
        {
            let index = node.index;
            graph.outputs[at] = inner;
            graph.nodes.retain(|n| n.index != index);
        }
    }
}

/// The operators that read a tensor.
fn readers<'a>(graph: &'a Graph, id: TensorId) -> Vec<&'a Node> {
    let reads = |n: &&Node| n.inputs.contains(&Some(id));
    graph.nodes.iter().filter(reads).collect()
}

fn converts(graph: &Graph, node: &Node, kind: &str, float: TensorId, int8: TensorId) -> bool {
    node.kind == kind
        && graph.tensor(float).element == FLOAT32
        && graph.tensor(int8).element == Element::I8
        && graph.tensor(int8).data.is_none()
        && graph.tensor(float).shape == graph.tensor(int8).shape
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Op, Tensor, Unary};

    /// float `0` → QUANTIZE → int8 `1` → RELU → int8 `2` → DEQUANTIZE → float `3`.
    fn graph() -> Graph<'static> {
        let tensor = |element| Tensor {
            name: String::new(),
            shape: vec![1, 4],
            element,
            quantization: None,
            data: None,
        };
        let node = |index: usize, kind: &str, op| Node {
            index,
            kind: kind.to_owned(),
            op,
            inputs: vec![Some(TensorId(index))],
            output: TensorId(index + 1),
        };
        Graph {
            tensors: [FLOAT32, Element::I8, Element::I8, FLOAT32]
                .map(tensor)
                .to_vec(),
            nodes: vec![
                node(0, "QUANTIZE", Op::Unary(Unary::Quantize)),
                node(1, "RELU", Op::Unary(Unary::Relu)),
                node(2, "DEQUANTIZE", Op::Unsupported(String::new())),
            ],
            inputs: vec![TensorId(0)],
            outputs: vec![TensorId(3)],
        }
    }

    fn left(mut graph: Graph) -> (Vec<usize>, usize, usize) {
        strip(&mut graph);
        let nodes = graph.nodes.iter().map(|n| n.index).collect();
        (nodes, graph.inputs[0].0, graph.outputs[0].0)
    }

    #[test]
    fn floats_at_both_ends_go() {
        assert_eq!(left(graph()), (vec![1], 1, 2));
    }

    #[test]
    fn what_does_more_than_quantize_an_input_stays() {
        // Read by another operator too.
        let mut twice = graph();
        twice.nodes[1].inputs.push(Some(TensorId(0)));
        assert_eq!(left(twice), (vec![0, 1], 0, 2));
        // From int8 to int8, which is arithmetic.
        let mut requantize = graph();
        requantize.tensors[0].element = Element::I8;
        assert_eq!(left(requantize), (vec![0, 1], 0, 2));
        // Read by an operator besides being an output.
        let mut inner = graph();
        inner.nodes.push(Node {
            index: 3,
            inputs: vec![Some(TensorId(3))],
            output: TensorId(3),
            ..inner.nodes[1].clone()
        });
        assert_eq!(left(inner.clone()), (vec![1, 2, 3], 1, 3));
        // By two of them.
        inner.nodes.push(Node {
            index: 4,
            ..inner.nodes[3].clone()
        });
        assert_eq!(left(inner), (vec![1, 2, 3, 4], 1, 3));
        // An input that is an output as it is.
        let mut both = graph();
        both.outputs.push(TensorId(0));
        assert_eq!(left(both), (vec![0, 1], 0, 2));
    }
}
