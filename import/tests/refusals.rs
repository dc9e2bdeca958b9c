//! What cannot be imported is said in full, with the place.

use rekindle_import::graph::{
    Element, Fused, Graph, Node, Op, Padding, Pool, Quantization, Tensor, TensorId,
};
use rekindle_import::memory::{Limits, plan, share};
use rekindle_import::program::Program;
use rekindle_import::{ImportError, Options, import};

const LENET: &[u8] = include_bytes!("../../examples/data/lenet.tflite");

fn activation(name: &str, shape: &[usize]) -> Tensor<'static> {
    Tensor {
        name: name.to_owned(),
        shape: shape.to_vec(),
        element: Element::I8,
        quantization: Some(Quantization {
            scale: vec![0.5],
            zero: 3,
            axis: 0,
        }),
        data: None,
    }
}

fn node(index: usize, kind: &str, op: Op, input: usize, output: usize) -> Node {
    Node {
        index,
        kind: kind.to_owned(),
        op,
        inputs: vec![Some(TensorId(input))],
        output: TensorId(output),
    }
}

fn pool(stride: usize) -> Op {
    Op::MaxPool(Pool {
        padding: Padding::Valid,
        stride: [stride, stride],
        window: [2, 2],
        fused: Fused::Linear,
    })
}

/// `a` → pool → `b` → what the test wants → `c`.
fn graph(op: Op) -> Graph<'static> {
    Graph {
        tensors: vec![
            activation("a", &[1, 4, 4, 2]),
            activation("b", &[1, 2, 2, 2]),
            activation("c", &[1, 2, 2, 2]),
        ],
        nodes: vec![
            node(0, "MAX_POOL_2D", pool(2), 0, 1),
            node(1, "THING", op, 1, 2),
        ],
        inputs: vec![TensorId(0)],
        outputs: vec![TensorId(2)],
    }
}

fn refusal(graph: &Graph) -> String {
    Program::new(graph).unwrap_err().to_string()
}

#[test]
fn all_unsupported_operators_are_listed_at_once() {
    let mut graph = graph(Op::Unsupported("no kernel".to_owned()));
    graph.nodes[0].op = Op::Unsupported("none either".to_owned());
    assert_eq!(
        refusal(&graph),
        "there are no kernels for 2 operators:\n  \
         operator 0, MAX_POOL_2D (makes `b`): none either\n  \
         operator 1, THING (makes `c`): no kernel"
    );
}

#[test]
fn a_shape_that_the_operator_does_not_give_is_refused() {
    let text = refusal(&graph(pool(1)));
    assert_eq!(
        text,
        "operator 1, THING (makes `c`): 2 rows of output, and 1 by its input, window and stride"
    );
}

#[test]
fn scales_that_a_pool_would_have_to_change_are_refused() {
    let mut graph = graph(Op::Reshape);
    graph.tensors[1].quantization = Some(Quantization {
        scale: vec![0.25],
        zero: 3,
        axis: 0,
    });
    let text = refusal(&graph);
    assert!(
        text.ends_with("input and output have different scales or zero points"),
        "{text}"
    );
}

#[test]
fn a_reshape_that_changes_the_number_of_values_is_refused() {
    let mut graph = graph(Op::Reshape);
    graph.tensors[2].shape = vec![1, 9];
    let text = refusal(&graph);
    assert!(
        text.ends_with("input and output have different numbers of values"),
        "{text}"
    );
}

#[test]
fn floats_are_refused() {
    let mut graph = graph(Op::Reshape);
    graph.tensors[0].element = Element::Other(0);
    let text = refusal(&graph);
    assert!(
        text.contains("tensor 0 (`a`)") && text.contains("float32"),
        "{text}"
    );
}

#[test]
fn memory_that_is_short_is_said_with_the_greediest_layer() {
    let options = |sram, nvm| Options {
        limits: Limits { sram, nvm },
        ..Options::default()
    };
    let found = import(LENET, options(12_000, usize::MAX)).unwrap_err();
    let ImportError::Memory {
        need,
        limit: 12_000,
        memory: "SRAM",
        ..
    } = found
    else {
        panic!("{found}");
    };
    assert!(
        found.to_string().contains("operator 1, MAX_POOL_2D"),
        "{found}"
    );
    // With exactly that much it fits.
    assert_eq!(
        import(LENET, options(need, usize::MAX)).unwrap().need.arena,
        need
    );

    let found = import(LENET, options(need, 1000)).unwrap_err();
    assert!(
        matches!(found, ImportError::Memory { memory: "NVM", .. }),
        "{found}"
    );
}

#[test]
fn more_sram_than_any_device_has_is_never_planned_with() {
    let wide = activation("a", &[1, 512, 512, 1]);
    let graph = Graph {
        tensors: vec![wide, activation("b", &[1, 511, 511, 1])],
        nodes: vec![node(0, "MAX_POOL_2D", pool(1), 0, 1)],
        inputs: vec![TensorId(0)],
        outputs: vec![TensorId(1)],
    };
    let program = Program::new(&graph).unwrap();
    let limits = Limits {
        sram: usize::MAX,
        nvm: usize::MAX,
    };
    assert!(matches!(
        plan(&program, &share(&program, false), limits),
        Err(ImportError::Memory {
            limit: Limits::MOST_SRAM,
            ..
        })
    ));
}
