//! Constants of the kernels from those of the model.

use rekindle_kernels::{Activation, Multiplier};

use super::{Add, Filter, Kernel, Lowered, Lowering, Pool, checks};
use crate::ImportError;
use crate::graph::{self, Binary, Element, Fused, Node, Op, Quantization, Tensor};

impl Lowering<'_, '_> {
    /// Weights, biases and scales of a convolution or a fully connected layer.
    pub(super) fn filter(
        &self,
        node: &Node,
        stride: [usize; 2],
        dilation: [usize; 2],
        fused: Fused,
    ) -> Result<Filter, String> {
        let input = self.graph.tensor(checks::argument(node, 0)?);
        let weight = self.graph.tensor(checks::argument(node, 1)?);
        let output = self.graph.tensor(node.output);
        let (Some(q), Some(values)) = (&weight.quantization, weight.i8s()) else {
            return Err("its weights are not constants of int8 with a scale".to_owned());
        };
        if q.zero != 0 {
            return Err(format!("its weights have a zero point of {}", q.zero));
        }
        let last = |t: &Tensor| t.shape.last().copied().unwrap_or(1);
        // Where in the weights' shape the output channels are, and the input channels.
        let (shape, out, channels, mut scale_axis) = match (&node.op, &weight.shape[..]) {
            (Op::Conv2d { .. }, &[m, kh, kw, c]) if c == last(input) => {
                (vec![m, kh, kw, c], m, c, 0)
            }
            (Op::Depthwise { .. }, &[1, kh, kw, m]) if m % last(input) == 0 => {
                (vec![kh, kw, m], m, last(input), 3)
            }
            (Op::Dense { .. }, &[o, i]) => (vec![o, i], o, i, 0),
            (_, shape) => return Err(format!("weights of shape {shape:?} do not fit its input")),
        };
        if q.scale.len() == 1 {
            scale_axis = q.axis;
        }
        if q.axis != scale_axis {
            return Err(format!(
                "its weights have scales along dimension {}",
                q.axis
            ));
        }
        if last(output) != out {
            return Err(format!(
                "{} channels of output, and weights for {out}",
                last(output)
            ));
        }
        let bias = match node.inputs.get(2).copied().flatten() {
            None => vec![0; out],
            Some(id) => {
                let values = self.graph.tensor(id).i32s();
                values
                    .filter(|b| b.len() == out)
                    .ok_or_else(|| format!("its biases are not {out} constants of int32"))?
            }
        };
        Ok(Filter {
            shape,
            weight: values,
            bias,
            scale: multipliers(&node.op, single(input)?, q, single(output)?, out)?,
            channels,
            stride,
            dilation,
            input_zero: zero(input)?,
            activation: activation(output, fused)?,
        })
    }

    pub(super) fn pool(&self, node: &Node, pool: &graph::Pool) -> Result<Kernel, String> {
        let input = self.graph.tensor(checks::argument(node, 0)?);
        let output = self.graph.tensor(node.output);
        if (single(input)?, zero(input)?) != (single(output)?, zero(output)?) {
            return Err("input and output have different scales or zero points".to_owned());
        }
        let Activation { min, max, .. } = activation(output, pool.fused)?;
        let constants = Pool {
            window: pool.window,
            stride: pool.stride,
            range: (min, max),
        };
        Ok(match node.op {
            Op::MaxPool(_) => Kernel::MaxPool(constants),
            _ => Kernel::AveragePool(constants),
        })
    }

    pub(super) fn softmax(
        &self,
        node: &Node,
        input: graph::TensorId,
        beta: f32,
    ) -> Result<Lowered, String> {
        let (from, to) = (self.graph.tensor(input), self.graph.tensor(node.output));
        if from.shape != to.shape || from.shape.last() != Some(&from.len()) {
            return Err("a softmax of several rows".to_owned());
        }
        if (single(to)?.to_bits(), zero(to)?) != ((1.0_f32 / 256.0).to_bits(), -128) {
            return Err("a softmax whose output is not in units of 1/256 from -128 on".to_owned());
        }
        let scale = single(from)?;
        if from.len() > 4096 || f64::from(beta) * f64::from(scale) * f64::from(1 << 26) <= 1.0 {
            return Err("a softmax of more than 4096 values, or of a scale below 2^-26".to_owned());
        }
        Ok(Lowered::Layer(
            "softmax",
            Kernel::Softmax { scale, beta },
            vec![input],
        ))
    }

    pub(super) fn binary(
        &self,
        node: &Node,
        kind: Binary,
        fused: Fused,
    ) -> Result<Result<Lowered, String>, ImportError> {
        let invalid = |what: String| self.graph.place(node).invalid(what);
        let ids = [0, 1].map(|i| checks::argument(node, i));
        let [Ok(a), Ok(b)] = ids else {
            return Err(invalid("an input is missing".to_owned()));
        };
        if let Err(what) = self.int8(b) {
            return Ok(Err(what.to_string()));
        }
        let output = self.graph.tensor(node.output);
        if kind != Binary::Add
            || self.graph.tensor(a).shape != output.shape
            || self.graph.tensor(b).shape != output.shape
        {
            return Ok(self.broadcast(node, kind, [a, b], fused));
        }
        let inputs = [a, b].map(|id| {
            let t = self.graph.tensor(id);
            Ok::<_, String>((single(t)?, zero(t)?))
        });
        let [Ok(first), Ok(second)] = inputs else {
            return Err(invalid("an input has no scale".to_owned()));
        };
        let constants = Add {
            inputs: [first, second],
            scale: single(output).map_err(invalid)?,
            activation: activation(output, fused).map_err(invalid)?,
        };
        Ok(Ok(Lowered::Layer(
            "add",
            Kernel::Add(constants),
            vec![a, b],
        )))
    }
}

/// Input scale times weight scale over output scale. The reference takes the first product of a fully connected layer
/// with one scale in `f32`, and all else in `f64`.
fn multipliers(
    op: &Op,
    input: f32,
    weight: &Quantization,
    output: f32,
    out: usize,
) -> Result<Vec<Multiplier>, String> {
    let one = |w: f32| {
        let product = match (op, weight.scale.len()) {
            (Op::Dense { .. }, 1) => f64::from(input * w),
            _ => f64::from(input) * f64::from(w),
        };
        let real = product / f64::from(output);
        if real >= f64::from(1_u32 << 31) {
            return Err(format!("its scales give a factor of {real:e}, beyond 2^31"));
        }
        Ok(Multiplier::from_real(real))
    };
    match weight.scale[..] {
        [w] => Ok(vec![one(w)?; out]),
        ref all if all.len() == out => all.iter().map(|w| one(*w)).collect(),
        ref all => Err(format!("{} scales for {out} output channels", all.len())),
    }
}

pub(super) fn single(tensor: &Tensor) -> Result<f32, String> {
    match tensor.quantization.as_ref().map(|q| &q.scale[..]) {
        Some([scale]) => Ok(*scale),
        _ => Err(format!("`{}` has not one scale", tensor.name)),
    }
}

pub(super) fn zero(tensor: &Tensor) -> Result<i8, String> {
    debug_assert_eq!(tensor.element, Element::I8);
    let zero = tensor.quantization.as_ref().map_or(0, |q| q.zero);
    i8::try_from(zero).map_err(|_| format!("`{}` has a zero point of {zero}", tensor.name))
}

/// Zero point of an output, and what its fused activation leaves of int8: `CalculateActivationRangeQuantized` of
/// TensorFlow Lite, which divides in `f32`.
pub(super) fn activation(output: &Tensor, fused: Fused) -> Result<Activation, String> {
    let (scale, zero) = (single(output)?, zero(output)?);
    let quantized = |real: f32| {
        let value = i64::from(zero) + (real / scale).round() as i64;
        value.clamp(i8::MIN.into(), i8::MAX.into()) as i8
    };
    let (min, max) = match fused {
        Fused::Linear => (i8::MIN, i8::MAX),
        Fused::Relu => (quantized(0.0), i8::MAX),
        Fused::Relu6 => (quantized(0.0), quantized(6.0)),
        Fused::ReluN1To1 => (quantized(-1.0), quantized(1.0)),
    };
    Ok(Activation { zero, min, max })
}
