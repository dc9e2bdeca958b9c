//! Operators whose tasks need few constants.

use super::constants::{activation, single, zero};
use super::{General, Kernel, Lowered, Lowering, checks};
use crate::ImportError;
use crate::emit;
use crate::graph::{Binary, Fused, Node, Op, Tensor, TensorId, Unary};

/// Values between two commits of most of these tasks.
const TILE: usize = 64;

/// A copy with another shape.
pub fn copy() -> Kernel {
    Kernel::General(General {
        module: None,
        task: "reshape",
        layer: None,
        shaped: false,
        constructor: String::new(),
        tile: TILE,
    })
}

fn general(task: &'static str, layer: &'static str, shaped: bool, constructor: String) -> Kernel {
    Kernel::General(General {
        module: None,
        task,
        layer: Some(layer),
        shaped,
        constructor,
        tile: TILE,
    })
}

/// `Quantization::new(0.5, -3)`.
fn quantization(tensor: &Tensor) -> Result<String, String> {
    let (scale, zero) = (single(tensor)?, zero(tensor)?);
    Ok(format!(
        "Quantization::new({}, {zero})",
        emit::literal(scale)
    ))
}

/// Scale, by its bits, and zero point.
fn scaled(tensor: &Tensor) -> Result<(u32, i8), String> {
    Ok((single(tensor)?.to_bits(), zero(tensor)?))
}

/// A multiplier that the kernels take.
fn factor(real: f64) -> Result<(), String> {
    if real < f64::from(1_u32 << 31) {
        Ok(())
    } else {
        Err(format!("its scales give a factor of {real:e}, beyond 2^31"))
    }
}

/// `0, 1`.
fn list<T: ToString>(values: &[T]) -> String {
    let values: Vec<_> = values.iter().map(T::to_string).collect();
    values.join(", ")
}

impl Lowering<'_, '_> {
    /// `ADD`, `SUB` or `MUL` of tensors that are broadcast.
    pub(super) fn broadcast(
        &self,
        node: &Node,
        kind: Binary,
        [a, b]: [TensorId; 2],
        fused: Fused,
    ) -> Result<Lowered, String> {
        let output = self.graph.tensor(node.output);
        let [first, second] = [a, b].map(|id| self.graph.tensor(id));
        let want = checks::activation_shape(&output.shape);
        for input in [first, second] {
            let have = checks::activation_shape(&input.shape);
            let fits = |(h, w): (&usize, &usize)| *h == 1 || h == w;
            if have.len() > want.len() || !have.iter().rev().zip(want.iter().rev()).all(fits) {
                return Err(format!("{have:?} is not broadcast to {want:?}"));
            }
        }
        let [x, y, z] = [first, second, output].map(single);
        let (x, y, z) = (f64::from(x?), f64::from(y?), f64::from(z?));
        factor(match kind {
            Binary::Mul => x * y / z,
            _ => 2.0 * x.max(y) / z,
        })?;
        let (task, layer) = match kind {
            Binary::Add => ("add", "Add"),
            Binary::Sub => ("sub", "Sub"),
            Binary::Mul => ("mul", "Mul"),
        };
        let constructor = format!(
            "new({}, {}, {}, {})",
            quantization(first)?,
            quantization(second)?,
            emit::literal(single(output)?),
            emit::activation(activation(output, fused)?)
        );
        let kernel = Kernel::General(General {
            module: Some("broadcast"),
            task,
            layer: Some(layer),
            shaped: true,
            constructor,
            tile: TILE,
        });
        Ok(Lowered::Layer(task, kernel, vec![a, b]))
    }

    /// The operators with one activation as their input, and `CONCATENATION`.
    pub(super) fn general(
        &self,
        node: &Node,
        input: TensorId,
    ) -> Result<Result<Lowered, String>, ImportError> {
        let (from, to) = (self.graph.tensor(input), self.graph.tensor(node.output));
        let lowered = match &node.op {
            Op::Unary(function) => unary(*function, from, to)
                .map(|kernel| Lowered::Layer(word(*function), kernel, vec![input])),
            Op::Concat { axis, fused } => self.concat(node, *axis, *fused)?,
            op => {
                let kernel = match op {
                    Op::Mean => self.mean(node, from, to),
                    Op::Transpose => self.transpose(node, from, to),
                    Op::Pad => self.pad(node, from, to),
                    Op::Slice {
                        begin_mask,
                        end_mask,
                    } => self.slice(node, from, to, [*begin_mask, *end_mask]),
                    _ => Err("not an operator that there is a kernel for".to_owned()),
                };
                let word = match op {
                    Op::Mean => "mean",
                    Op::Transpose => "transpose",
                    Op::Pad => "pad",
                    _ => "slice",
                };
                kernel.map(|kernel| Lowered::Layer(word, kernel, vec![input]))
            }
        };
        Ok(lowered)
    }

    /// The constant integers of an argument.
    fn integers(&self, node: &Node, i: usize) -> Result<Vec<i32>, String> {
        let values = self.graph.tensor(checks::argument(node, i)?).i32s();
        values.ok_or_else(|| format!("input {i} is not constants of int32"))
    }

    fn mean(&self, node: &Node, from: &Tensor, to: &Tensor) -> Result<Kernel, String> {
        let (shape, dropped) = known_axes(from)?;
        let mut axes = Vec::new();
        for axis in self.integers(node, 1)? {
            let axis = axis_of(axis, from.shape.len())?;
            // The batch is one: nothing is summed along it.
            if let Some(axis) = axis.checked_sub(dropped)
                && !axes.contains(&axis)
            {
                axes.push(axis);
            }
        }
        let kept = (0..shape.len())
            .filter(|k| !axes.contains(k))
            .map(|k| shape[k]);
        if !kept
            .filter(|n| *n > 1)
            .eq(to.shape.iter().copied().filter(|n| *n > 1))
        {
            return Err(format!(
                "a mean of {:?} along {axes:?} is not {:?}",
                from.shape, to.shape
            ));
        }
        factor(f64::from(single(from)?) / f64::from(single(to)?))?;
        let axes = list(&axes);
        let constructor = format!(
            "new(&[{axes}], {}, {})",
            quantization(from)?,
            quantization(to)?
        );
        let mut kernel = general("mean", "Mean", true, constructor);
        if let Kernel::General(general) = &mut kernel {
            general.tile = 8;
        }
        Ok(kernel)
    }

    fn transpose(&self, node: &Node, from: &Tensor, to: &Tensor) -> Result<Kernel, String> {
        let (_, dropped) = known_axes(from)?;
        let order = self.integers(node, 1)?;
        let rank = from.shape.len();
        let order: Vec<_> = order
            .iter()
            .map(|a| axis_of(*a, rank))
            .collect::<Result<_, _>>()?;
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..rank)
            || !order
                .iter()
                .map(|a| from.shape[*a])
                .eq(to.shape.iter().copied())
        {
            return Err(format!(
                "the axes {order:?} of {:?} do not give {:?}",
                from.shape, to.shape
            ));
        }
        same_scale(from, to)?;
        if order[..dropped] != [0][..dropped] || known_axes(to)?.1 != dropped {
            return Err("a transposition that moves the batch".to_owned());
        }
        let axes: Vec<_> = order[dropped..].iter().map(|a| a - dropped).collect();
        Ok(general(
            "transpose",
            "Transpose",
            true,
            format!("new(&[{}])", list(&axes)),
        ))
    }

    fn pad(&self, node: &Node, from: &Tensor, to: &Tensor) -> Result<Kernel, String> {
        let (_, dropped) = known_axes(from)?;
        let amounts = self.integers(node, 1)?;
        let (pairs, rest) = amounts.as_chunks::<2>();
        let sizes = from.shape.iter().zip(&to.shape).zip(pairs);
        let fits = |((n, m), [front, behind]): ((&usize, &usize), &[i32; 2])| {
            let [front, behind] = [*front, *behind].map(usize::try_from);
            front.is_ok_and(|f| behind.is_ok_and(|b| n + f + b == *m))
        };
        if !rest.is_empty()
            || pairs.len() != from.shape.len()
            || to.shape.len() != pairs.len()
            || !sizes.into_iter().all(fits)
        {
            return Err(format!(
                "a padding of {amounts:?} does not lead from {:?} to {:?}",
                from.shape, to.shape
            ));
        }
        same_scale(from, to)?;
        if known_axes(to)?.1 != dropped {
            return Err("a padding of the batch".to_owned());
        }
        let value = match node.inputs.get(2).copied().flatten() {
            None => zero(to)?,
            Some(id) => match self.graph.tensor(id).i8s().as_deref() {
                Some([value]) => *value,
                _ => return Err("what it pads with is not one constant of int8".to_owned()),
            },
        };
        let front: Vec<_> = pairs[dropped..].iter().map(|[front, _]| *front).collect();
        Ok(general(
            "pad",
            "Pad",
            true,
            format!("new(&[{}], {value})", list(&front)),
        ))
    }

    fn slice(
        &self,
        node: &Node,
        from: &Tensor,
        to: &Tensor,
        [begin_mask, end_mask]: [i32; 2],
    ) -> Result<Kernel, String> {
        let (_, dropped) = known_axes(from)?;
        let rank = from.shape.len();
        let [begins, ends, steps] = [1, 2, 3].map(|i| self.integers(node, i));
        let (begins, ends, steps) = (begins?, ends?, steps?);
        if [begins.len(), ends.len(), steps.len(), to.shape.len()] != [rank; 4] {
            return Err("a slice with another number of axes than its input".to_owned());
        }
        same_scale(from, to)?;
        let mut firsts = Vec::new();
        for k in 0..rank {
            let (n, step) = (from.shape[k] as i64, i64::from(steps[k]));
            if step == 0 {
                return Err("a slice in steps of zero".to_owned());
            }
            let place = |at: i32| {
                if at < 0 {
                    i64::from(at) + n
                } else {
                    i64::from(at)
                }
            };
            let (least, most) = if step > 0 { (0, n) } else { (-1, n - 1) };
            let begin = match begin_mask >> k & 1 {
                1 if step > 0 => 0,
                1 => n - 1,
                _ => place(begins[k]).clamp(least, most),
            };
            let end = match end_mask >> k & 1 {
                1 if step > 0 => n,
                1 => -1,
                _ => place(ends[k]).clamp(least, most),
            };
            let count = ((end - begin) * step.signum()).max(0);
            let count = (count + step.abs() - 1) / step.abs();
            if count != to.shape[k] as i64 {
                return Err(format!(
                    "a slice of {count} along axis {k}, where the output has {}",
                    to.shape[k]
                ));
            }
            firsts.push(begin);
        }
        if known_axes(to)?.1 != dropped {
            return Err("a slice of the batch".to_owned());
        }
        let (firsts, steps) = (list(&firsts[dropped..]), list(&steps[dropped..]));
        Ok(general(
            "strided_slice",
            "StridedSlice",
            true,
            format!("new(&[{firsts}], &[{steps}])"),
        ))
    }

    fn concat(
        &self,
        node: &Node,
        axis: i32,
        fused: Fused,
    ) -> Result<Result<Lowered, String>, ImportError> {
        let invalid = |what: String| self.graph.place(node).invalid(what);
        let to = self.graph.tensor(node.output);
        let parts = || {
            if fused != Fused::Linear {
                return Err("a concatenation with an activation function".to_owned());
            }
            let (_, dropped) = known_axes(to)?;
            let along = axis_of(axis, to.shape.len())?;
            let Some(axis) = along.checked_sub(dropped) else {
                return Err("a concatenation of batches".to_owned());
            };
            let mut parts = Vec::new();
            let mut at = 0;
            for i in 0..node.inputs.len() {
                let id = checks::argument(node, i)?;
                let from = self.graph.tensor(id);
                checks::int8(from)?;
                same_scale(from, to)?;
                let n = from.shape.get(along).copied().unwrap_or(0);
                let mut rest = from.shape.clone();
                if let Some(size) = rest.get_mut(along) {
                    *size = to.shape[along];
                }
                if rest != to.shape || known_axes(from)?.1 != dropped {
                    return Err(format!(
                        "input {i} of shape {:?} is no part of {:?}",
                        from.shape, to.shape
                    ));
                }
                parts.push((
                    general("concat", "Concat", true, format!("new({axis}, {at})")),
                    id,
                ));
                at += n;
            }
            if at != to.shape[along] {
                return Err(format!(
                    "{at} values along axis {along}, where the output has {}",
                    to.shape[along]
                ));
            }
            Ok(parts)
        };
        if node.inputs.is_empty() {
            return Err(invalid("no input".to_owned()));
        }
        Ok(parts().map(|parts| Lowered::Parts("concat", parts)))
    }
}

/// The shape as the kernels take it, and how many axes are left out in front.
fn known_axes<'t>(tensor: &'t Tensor<'_>) -> Result<(&'t [usize], usize), String> {
    checks::axes(&tensor.shape).ok_or_else(|| format!("a tensor of shape {:?}", tensor.shape))
}

/// An axis, counted from the end if negative.
fn axis_of(axis: i32, rank: usize) -> Result<usize, String> {
    let from_front = if axis < 0 {
        i64::from(axis) + rank as i64
    } else {
        axis.into()
    };
    let axis_of = usize::try_from(from_front).ok().filter(|a| *a < rank);
    axis_of.ok_or_else(|| format!("axis {axis} of a tensor with {rank} axes"))
}

fn same_scale(from: &Tensor, to: &Tensor) -> Result<(), String> {
    if scaled(from)? == scaled(to)? {
        Ok(())
    } else {
        Err("input and output have different scales or zero points".to_owned())
    }
}

fn word(function: Unary) -> &'static str {
    match function {
        Unary::Relu => "relu",
        Unary::Relu6 => "relu6",
        Unary::Logistic => "logistic",
        Unary::Tanh => "tanh",
        Unary::HardSwish => "hard_swish",
        Unary::Quantize => "quantize",
    }
}

/// A table of 256 values.
fn unary(function: Unary, from: &Tensor, to: &Tensor) -> Result<Kernel, String> {
    if from.shape != to.shape {
        return Err(format!(
            "from {:?} to {:?}, value by value",
            from.shape, to.shape
        ));
    }
    let (x, y) = (quantization(from)?, quantization(to)?);
    let out = |scale: f32, zero: i8| {
        if scaled(to)? == (scale.to_bits(), zero) {
            return Ok(());
        }
        Err(format!(
            "an output that is not in units of {scale} with {zero} for 0"
        ))
    };
    let ratio = f64::from(single(from)?) / f64::from(single(to)?);
    factor(ratio)?;
    let constructor = match function {
        Unary::Relu => format!("relu({x}, {y})"),
        Unary::Quantize => format!("requantize({x}, {y})"),
        Unary::Relu6 => {
            same_scale(from, to)?;
            format!("relu6({x})")
        }
        Unary::Logistic => {
            out(1.0 / 256.0, -128)?;
            format!("logistic({x})")
        }
        Unary::Tanh => {
            out(1.0 / 128.0, 0)?;
            format!("tanh({x})")
        }
        Unary::HardSwish => {
            if ratio >= 128.0 {
                return Err(
                    "a hard swish whose output has a scale of 1/128 of its input's or less"
                        .to_owned(),
                );
            }
            format!("hard_swish({x}, {y})")
        }
    };
    Ok(general("lookup", "Lookup", false, constructor))
}
