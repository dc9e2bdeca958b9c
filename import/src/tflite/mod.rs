//! Reading of TensorFlow Lite's file format.

mod schema;
mod table;

use std::collections::HashSet;

use flatbuffers::{Follow, ForwardsUOffset, Vector, VerifierOptions};

use crate::graph::{
    Binary, Element, Fused, Graph, Node, Op, Padding, Pool, Quantization, Tensor, TensorId, Unary,
};
use crate::{ImportError, Place};
use schema::{Model, Operator, OperatorCode, Options, SubGraph};

/// Tables that a file may have: TensorFlow writes some six per operator.
const MAX_TABLES: usize = 100_000;
/// Greatest number of values of an activation: 16 times what the largest devices hold.
const MAX_VALUES: usize = 1 << 22;
/// Greatest size along one dimension; also of windows, strides and dilations.
const MAX_SIZE: usize = 1 << 20;

/// Reads a model of one graph.
///
/// # Errors
///
/// [`ImportError::NotTflite`], [`ImportError::Damaged`] or [`ImportError::Invalid`]. An operator without a kernel is not
/// an error here: it becomes [`Op::Unsupported`].
pub fn read(bytes: &[u8]) -> Result<Graph<'_>, ImportError> {
    let found = bytes.get(4..8).unwrap_or_default();
    if found != schema::IDENTIFIER.as_bytes() {
        return Err(ImportError::NotTflite {
            found: found.to_vec(),
        });
    }
    let options = VerifierOptions {
        max_depth: 8,
        max_tables: MAX_TABLES,
        // Parts that are referred to twice count twice.
        max_apparent_size: bytes.len().saturating_mul(4).saturating_add(1 << 16),
        ignore_missing_null_terminator: true,
    };
    let model = flatbuffers::root_with_opts::<Model>(&options, bytes)
        .map_err(|e| ImportError::Damaged(one_line(&e.to_string())))?;
    let invalid = |what: String| Place::Model.invalid(what);
    let version = model.version().unwrap_or(0);
    if version != 3 {
        return Err(invalid(format!(
            "schema version {version}, where 3 is expected"
        )));
    }
    let graphs: Vec<_> = all(model.subgraphs()).collect();
    let [graph] = graphs[..] else {
        return Err(invalid(format!(
            "{} graphs, where one is expected",
            graphs.len()
        )));
    };
    let reader = Reader { model, graph };
    let tensors = reader.tensors()?;
    let inputs = reader.ends("input", graph.inputs(), tensors.len())?;
    let outputs = reader.ends("output", graph.outputs(), tensors.len())?;
    let mut graph = Graph {
        tensors,
        nodes: Vec::new(),
        inputs,
        outputs,
    };
    reader.operators(&mut graph)?;
    in_order(&graph)?;
    Ok(graph)
}

struct Reader<'a> {
    model: Model<'a>,
    graph: SubGraph<'a>,
}

impl<'a> Reader<'a> {
    fn tensors(&self) -> Result<Vec<Tensor<'a>>, ImportError> {
        all(self.graph.tensors())
            .enumerate()
            .map(|(index, tensor)| self.tensor(index, tensor))
            .collect()
    }

    fn tensor(&self, index: usize, from: schema::Tensor<'a>) -> Result<Tensor<'a>, ImportError> {
        let name = from.name().unwrap_or("").to_owned();
        let place = || Place::Tensor {
            index,
            name: name.clone(),
        };
        let sizes = from.shape().into_iter().flatten().map(size);
        let shape = sizes
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| place().invalid("a size is negative, zero or above a million"))?;
        let count = shape
            .iter()
            .try_fold(1_usize, |a, b| {
                a.checked_mul(*b).filter(|n| *n <= MAX_VALUES)
            })
            .ok_or_else(|| place().invalid(format!("more than {MAX_VALUES} values")))?;
        if from.sparsity().is_some() {
            return Err(place().invalid("sparse tensors are not read"));
        }
        let element = match from.element().unwrap_or(0) {
            2 => Element::I32,
            9 => Element::I8,
            other => Element::Other(other),
        };
        let data = self
            .data(from.buffer().unwrap_or(0))
            .map_err(|e| place().invalid(e))?;
        if let (Some(data), Some(size)) = (data, element.size())
            && data.len() != count * size
        {
            let (found, wanted) = (data.len(), count * size);
            return Err(
                place().invalid(format!("{found} bytes of data, and {wanted} by its shape"))
            );
        }
        // Biases are in units of their layer's scales; what a file says of it does not matter.
        let quantization = from
            .quantization()
            .filter(|_| element == Element::I8)
            .and_then(|q| quantization(q, &shape).transpose())
            .transpose()
            .map_err(|e| place().invalid(e))?;
        Ok(Tensor {
            name,
            shape,
            element,
            quantization,
            data,
        })
    }

    /// A constant's bytes; the first buffer of a file, and any empty one, stands for none.
    fn data(&self, index: u32) -> Result<Option<&'a [u8]>, String> {
        let buffers = self.model.buffers();
        let Some(buffer) = buffers.filter(|b| (index as usize) < b.len()) else {
            return Err(format!("there is no buffer {index}"));
        };
        let buffer = buffer.get(index as usize);
        if buffer.offset().unwrap_or(0) > 1 {
            return Err("its data lie outside of the flatbuffer".to_owned());
        }
        Ok(buffer.data().map(|d| d.bytes()).filter(|d| !d.is_empty()))
    }

    fn ends(
        &self,
        what: &str,
        list: Option<Vector<'a, i32>>,
        tensors: usize,
    ) -> Result<Vec<TensorId>, ImportError> {
        let ids: Option<Vec<_>> = list
            .into_iter()
            .flatten()
            .map(|i| {
                usize::try_from(i)
                    .ok()
                    .filter(|i| *i < tensors)
                    .map(TensorId)
            })
            .collect();
        ids.filter(|ids| !ids.is_empty()).ok_or_else(|| {
            Place::Model.invalid(format!("no {what}, or an {what} that is no tensor"))
        })
    }

    fn operators(&self, graph: &mut Graph<'a>) -> Result<(), ImportError> {
        let codes: Vec<_> = all(self.model.operator_codes()).collect();
        for (index, operator) in all(self.graph.operators()).enumerate() {
            let kind = codes.get(operator.code() as usize).map_or_else(
                || format!("operator code {}", operator.code()),
                |c| kind(*c),
            );
            let invalid = |what: String| {
                let output = String::new();
                Place::Operator {
                    index,
                    kind: kind.clone(),
                    output,
                }
                .invalid(what)
            };
            let tensors = graph.tensors.len();
            let id = |i: i32| {
                usize::try_from(i)
                    .ok()
                    .filter(|i| *i < tensors)
                    .map(TensorId)
            };
            let inputs = operator
                .inputs()
                .into_iter()
                .flatten()
                .map(|i| match (i, id(i)) {
                    (-1, _) => Ok(None),
                    (_, Some(id)) => Ok(Some(id)),
                    _ => Err(invalid(format!("reads tensor {i}, which does not exist"))),
                })
                .collect::<Result<Vec<_>, _>>()?;
            let outputs: Vec<_> = operator.outputs().into_iter().flatten().map(id).collect();
            let [Some(output)] = outputs[..] else {
                return Err(invalid(format!(
                    "{} outputs, where one that exists is expected",
                    outputs.len()
                )));
            };
            let op = op(&kind, operator).map_err(invalid)?;
            graph.nodes.push(Node {
                index,
                kind,
                op,
                inputs,
                output,
            });
        }
        Ok(())
    }
}

/// Each tensor is made once, before it is read, and constants are not written.
fn in_order(graph: &Graph) -> Result<(), ImportError> {
    let mut made: HashSet<_> = graph.inputs.iter().copied().collect();
    for node in &graph.nodes {
        for input in node.inputs.iter().flatten() {
            if !made.contains(input) && graph.tensor(*input).data.is_none() {
                let name = &graph.tensor(*input).name;
                return Err(graph
                    .place(node)
                    .invalid(format!("reads `{name}`, which nothing before it makes")));
            }
        }
        if !made.insert(node.output) || graph.tensor(node.output).data.is_some() {
            return Err(graph
                .place(node)
                .invalid("writes a tensor that is an input, a constant, or made already"));
        }
    }
    match graph.outputs.iter().find(|id| !made.contains(*id)) {
        Some(id) => Err(graph
            .tensor_place(*id)
            .invalid("an output that nothing makes")),
        None => Ok(()),
    }
}

/// The elements of a vector of tables that may be absent.
fn all<'a, T: Follow<'a> + 'a>(
    list: Option<Vector<'a, ForwardsUOffset<T>>>,
) -> impl Iterator<Item = T::Inner> {
    list.into_iter().flat_map(|v| v.iter())
}

fn kind(code: OperatorCode) -> String {
    if let Some(name) = code.custom_code() {
        return format!("custom operator `{name}`");
    }
    let code = i32::from(code.deprecated_builtin_code().unwrap_or(0))
        .max(code.builtin_code().unwrap_or(0));
    schema::operator_name(code).map_or_else(|| format!("built-in operator {code}"), str::to_owned)
}

/// A size along one dimension.
fn size(n: i32) -> Option<usize> {
    usize::try_from(n)
        .ok()
        .filter(|n| (1..=MAX_SIZE).contains(n))
}

fn quantization(
    from: schema::Quantization,
    shape: &[usize],
) -> Result<Option<Quantization>, String> {
    let scale: Vec<f32> = from.scale().into_iter().flatten().collect();
    if scale.is_empty() {
        return Ok(None);
    }
    if let Some(bad) = scale.iter().find(|s| !(s.is_finite() && **s > 0.0)) {
        return Err(format!("a scale of {bad}"));
    }
    let axis = usize::try_from(from.dimension().unwrap_or(0))
        .map_err(|_| "scales along a negative dimension")?;
    if scale.len() > 1 && shape.get(axis) != Some(&scale.len()) {
        let n = scale.len();
        return Err(format!(
            "{n} scales along dimension {axis}, which has another size"
        ));
    }
    let zeros: Vec<i64> = from.zero_point().into_iter().flatten().collect();
    let zero = zeros.first().copied().unwrap_or(0);
    if zeros.iter().any(|z| *z != zero) {
        return Err("different zero points along a dimension".to_owned());
    }
    let zero = i32::try_from(zero).map_err(|_| format!("a zero point of {zero}"))?;
    Ok(Some(Quantization { scale, zero, axis }))
}

/// What an operator does, by its kind and options.
fn op(kind: &str, operator: Operator) -> Result<Op, String> {
    Ok(match (kind, operator.options()) {
        ("CONV_2D", Options::Conv2d(o)) => Op::Conv2d {
            padding: padding(o.padding())?,
            stride: pair("stride", o.stride_h(), o.stride_w())?,
            dilation: pair(
                "dilation",
                o.dilation_h().or(Some(1)),
                o.dilation_w().or(Some(1)),
            )?,
            fused: fused(o.activation())?,
        },
        ("DEPTHWISE_CONV_2D", Options::Depthwise(o)) => Op::Depthwise {
            padding: padding(o.padding())?,
            stride: pair("stride", o.stride_h(), o.stride_w())?,
            dilation: pair(
                "dilation",
                o.dilation_h().or(Some(1)),
                o.dilation_w().or(Some(1)),
            )?,
            fused: fused(o.activation())?,
        },
        ("MAX_POOL_2D", Options::Pool(o)) => Op::MaxPool(pool(o)?),
        ("AVERAGE_POOL_2D", Options::Pool(o)) => Op::AveragePool(pool(o)?),
        ("FULLY_CONNECTED", Options::Dense(o)) => {
            if o.weights_format().unwrap_or(0) != 0 {
                return Ok(Op::Unsupported("shuffled weights".to_owned()));
            }
            Op::Dense {
                fused: fused(o.activation())?,
            }
        }
        ("SOFTMAX", Options::Softmax(o)) => {
            let beta = o.beta().unwrap_or(0.0);
            if !(beta.is_finite() && beta > 0.0) {
                return Err(format!("a beta of {beta}"));
            }
            Op::Softmax { beta }
        }
        ("ADD" | "SUB" | "MUL", Options::Arithmetic(o)) => Op::Binary {
            kind: match kind {
                "ADD" => Binary::Add,
                "SUB" => Binary::Sub,
                _ => Binary::Mul,
            },
            fused: fused(o.activation())?,
        },
        ("RELU", _) => Op::Unary(Unary::Relu),
        ("RELU6", _) => Op::Unary(Unary::Relu6),
        ("LOGISTIC", _) => Op::Unary(Unary::Logistic),
        ("TANH", _) => Op::Unary(Unary::Tanh),
        ("HARD_SWISH", _) => Op::Unary(Unary::HardSwish),
        ("QUANTIZE", _) => Op::Unary(Unary::Quantize),
        ("MEAN", _) => Op::Mean,
        ("TRANSPOSE", _) => Op::Transpose,
        ("PAD" | "PADV2", _) => Op::Pad,
        ("CONCATENATION", Options::Concat(o)) => Op::Concat {
            axis: o.axis().unwrap_or(0),
            fused: fused(o.activation())?,
        },
        ("STRIDED_SLICE", Options::Slice(o)) => {
            let others = [o.ellipsis_mask(), o.new_axis_mask(), o.shrink_axis_mask()];
            if others.iter().any(|m| m.unwrap_or(0) != 0) {
                return Ok(Op::Unsupported(
                    "a slice that adds or removes axes".to_owned(),
                ));
            }
            Op::Slice {
                begin_mask: o.begin_mask().unwrap_or(0),
                end_mask: o.end_mask().unwrap_or(0),
            }
        }
        ("RESHAPE" | "SQUEEZE" | "EXPAND_DIMS", _) => Op::Reshape,
        (
            "CONV_2D" | "DEPTHWISE_CONV_2D" | "MAX_POOL_2D" | "AVERAGE_POOL_2D" | "FULLY_CONNECTED"
            | "SOFTMAX" | "ADD" | "SUB" | "MUL" | "CONCATENATION" | "STRIDED_SLICE",
            _,
        ) => return Err("its options are missing, or those of another operator".to_owned()),
        _ => Op::Unsupported("not an operator that there is a kernel for".to_owned()),
    })
}

fn pool(o: schema::PoolOptions) -> Result<Pool, String> {
    Ok(Pool {
        padding: padding(o.padding())?,
        stride: pair("stride", o.stride_h(), o.stride_w())?,
        window: pair("window", o.filter_h(), o.filter_w())?,
        fused: fused(o.activation())?,
    })
}

fn pair(what: &str, rows: Option<i32>, columns: Option<i32>) -> Result<[usize; 2], String> {
    let (rows, columns) = (rows.unwrap_or(0), columns.unwrap_or(0));
    match (size(rows), size(columns)) {
        (Some(rows), Some(columns)) => Ok([rows, columns]),
        _ => Err(format!("a {what} of {rows} by {columns}")),
    }
}

fn padding(code: Option<i8>) -> Result<Padding, String> {
    match code.unwrap_or(0) {
        0 => Ok(Padding::Same),
        1 => Ok(Padding::Valid),
        other => Err(format!("padding {other}, which does not exist")),
    }
}

fn fused(code: Option<i8>) -> Result<Fused, String> {
    match code.unwrap_or(0) {
        0 => Ok(Fused::Linear),
        1 => Ok(Fused::Relu),
        2 => Ok(Fused::ReluN1To1),
        3 => Ok(Fused::Relu6),
        other => Err(format!(
            "activation function {other}, which no int8 kernel has"
        )),
    }
}

/// The verifier's messages have a line per level.
fn one_line(text: &str) -> String {
    text.lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}
