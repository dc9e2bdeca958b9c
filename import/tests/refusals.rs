//! What cannot be imported is said in full, with the place.

use rekindle_import::forms::{Form, Rows};
use rekindle_import::graph::{
    Element, Fused, Graph, Node, Op, Padding, Pool, Quantization, Tensor, TensorId,
};
use rekindle_import::memory::{Limits, arena, plan, share};
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

/// Less SRAM is either planned with or refused with the reason, whatever it is.
#[test]
fn memory_that_is_short_gives_rows_or_tiles_or_the_reason() {
    let options = |sram, nvm| Options {
        limits: Limits { sram, nvm },
        ..Options::default()
    };
    let whole = import(LENET, options(usize::MAX, usize::MAX)).unwrap();
    assert!(whole.program.layers.iter().all(|l| l.form == Form::Whole));
    let most = whole.need.sram();
    let (mut rolling, mut tiled, mut refused) = (0, 0, 0);
    for sram in (0..most).step_by(97).chain([most - 1, most]) {
        match import(LENET, options(sram, usize::MAX)) {
            Ok(model) => {
                assert!(model.need.sram() <= sram, "{sram}: {:?}", model.need);
                let layers = model.program.layers.iter();
                let dear = layers.filter(|l| l.fetches_again(&model.program)).count();
                tiled += usize::from(dear > 0);
                rolling += usize::from(dear == 0);
            }
            Err(found) => {
                let ImportError::Memory {
                    need,
                    limit,
                    memory: "SRAM",
                    ..
                } = found
                else {
                    panic!("{found}");
                };
                assert!(need > limit && limit == sram, "{found}");
                // A 5x5 convolution of 12 channels, whose tile is what is under a filter.
                let text = found.to_string();
                assert!(text.contains("operator 2, CONV_2D"), "{text}");
                refused += 1;
            }
        }
    }
    assert!(
        rolling > 100 && tiled > 5 && refused > 1,
        "{rolling} {tiled} {refused}"
    );
    // With exactly as much as it says it is not in tiles.
    let exact = import(LENET, options(most, usize::MAX)).unwrap();
    assert_eq!((exact.need.arena, exact.need.tiles), (most, 0));

    // Without what is between a convolution and its pooling there is room in less NVM.
    let fused = import(LENET, options(most, whole.need.nvm - 1)).unwrap();
    assert!(fused.program.layers.len() < whole.program.layers.len());
    let found = import(LENET, options(most, 1000)).unwrap_err();
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
    let mut program = Program::new(&graph).unwrap();
    let limits = Limits {
        sram: usize::MAX,
        nvm: usize::MAX,
    };
    let places = share(&program, false);
    let need = plan(&mut program, &places, limits, Rows::WhereShort).unwrap();
    assert!(arena(&program, &program.layers[0]) > Limits::MOST_SRAM);
    assert!(matches!(program.layers[0].form, Form::Rolling(_)));
    assert!(need.sram() <= Limits::MOST_SRAM);
}

/// Rows in SRAM cost nothing, and are a fraction of the whole.
#[test]
fn rows_wherever_they_can_be_take_the_least_sram_that_costs_nothing() {
    let of = |rows| {
        let options = Options {
            rows,
            ..Options::default()
        };
        import(LENET, options).unwrap()
    };
    let (whole, rolling) = (of(Rows::WhereShort), of(Rows::Always));
    assert!(
        6 * rolling.need.sram() < whole.need.sram(),
        "{:?}",
        rolling.need
    );
    let layers = &rolling.program.layers;
    assert!(layers.iter().all(|l| !l.fetches_again(&rolling.program)));
    for layer in layers {
        if let Form::Rolling(rows) = layer.form {
            let input = rolling.program.buffer(layer.inputs[0]).bytes();
            assert!(rows.fetched <= input, "{}: {rows:?}", layer.name);
        }
    }
}
