//! A network as a graph of operators on tensors: what the import reads, the planner plans, and the emission writes.

use std::fmt;

use crate::Place;

/// A network.
#[derive(Clone, Debug)]
pub struct Graph<'a> {
    /// All tensors; operators refer to them by index.
    pub tensors: Vec<Tensor<'a>>,
    /// All operators, in an order in which they can run.
    pub nodes: Vec<Node>,
    /// Tensors that the caller provides.
    pub inputs: Vec<TensorId>,
    /// Tensors that the caller wants.
    pub outputs: Vec<TensorId>,
}

/// Index of a tensor in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(pub usize);

/// An activation, or a constant.
#[derive(Clone, Debug)]
pub struct Tensor<'a> {
    /// Name in the file.
    pub name: String,
    /// Sizes, slowest first; an activation's first one is the batch, which is 1.
    pub shape: Vec<usize>,
    /// Type of the values.
    pub element: Element,
    /// What the values stand for.
    pub quantization: Option<Quantization>,
    /// Little-endian values, row-major, if it is a constant; as many as `shape` says.
    pub data: Option<&'a [u8]>,
}

/// Type of a tensor's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Element {
    /// 8 bits, signed.
    I8,
    /// 32 bits, signed.
    I32,
    /// Any other, with the format's number of it.
    Other(i8),
}

impl Element {
    /// Bytes of a value, where known.
    pub fn size(self) -> Option<usize> {
        match self {
            Self::I8 => Some(1),
            Self::I32 => Some(4),
            Self::Other(_) => None,
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I8 => f.write_str("int8"),
            Self::I32 => f.write_str("int32"),
            Self::Other(0) => f.write_str("float32"),
            Self::Other(1) => f.write_str("float16"),
            Self::Other(3) => f.write_str("uint8"),
            Self::Other(7) => f.write_str("int16"),
            Self::Other(n) => write!(f, "of type {n}"),
        }
    }
}

/// `real = scale · (value − zero)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantization {
    /// One scale, or one for each index of dimension `axis`; positive and finite.
    pub scale: Vec<f32>,
    /// The value that stands for 0.
    pub zero: i32,
    /// Dimension along which the scales are.
    pub axis: usize,
}

/// One operator of the graph.
#[derive(Clone, Debug)]
pub struct Node {
    /// Index in the file.
    pub index: usize,
    /// Kind as TensorFlow writes it.
    pub kind: String,
    /// What it does.
    pub op: Op,
    /// Tensors it reads; `None` for an optional one that is left out.
    pub inputs: Vec<Option<TensorId>>,
    /// The tensor it makes.
    pub output: TensorId,
}

/// How the edges of a window are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// The output has `ceil(input / stride)` places.
    Same,
    /// Windows stay on the input.
    Valid,
}

/// An activation function that is part of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fused {
    /// None.
    Linear,
    /// `max(0, x)`.
    Relu,
    /// `min(max(0, x), 6)`.
    Relu6,
    /// `min(max(−1, x), 1)`.
    ReluN1To1,
}

/// What an operator does. Pairs are rows, then columns.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Op {
    /// `CONV_2D`: input, weights `[out][row][column][in]`, biases.
    Conv2d {
        /// Padding of the input.
        padding: Padding,
        /// Step of the filter.
        stride: [usize; 2],
        /// Distance of the filter's taps.
        dilation: [usize; 2],
        /// Fused activation.
        fused: Fused,
    },
    /// `DEPTHWISE_CONV_2D`: input, weights `[1][row][column][out]`, biases.
    Depthwise {
        /// Padding of the input.
        padding: Padding,
        /// Step of the filter.
        stride: [usize; 2],
        /// Distance of the filter's taps.
        dilation: [usize; 2],
        /// Fused activation.
        fused: Fused,
    },
    /// `FULLY_CONNECTED`: input, weights `[out][in]`, biases.
    Dense {
        /// Fused activation.
        fused: Fused,
    },
    /// `MAX_POOL_2D`.
    MaxPool(Pool),
    /// `AVERAGE_POOL_2D`.
    AveragePool(Pool),
    /// `SOFTMAX` along the last dimension.
    Softmax {
        /// Factor in the exponent.
        beta: f32,
    },
    /// `RESHAPE`, `SQUEEZE` or `EXPAND_DIMS`: the same values in the same order.
    Reshape,
    /// `ADD`, `SUB` or `MUL` of two tensors, which are broadcast.
    Binary {
        /// Which of them.
        kind: Binary,
        /// Fused activation.
        fused: Fused,
    },
    /// One value to one, the same for all.
    Unary(Unary),
    /// `MEAN`: input, axes.
    Mean,
    /// `TRANSPOSE`: input, the input's axes in the order of the output's.
    Transpose,
    /// `PAD` or `PADV2`: input, values in front and behind per axis, and what to pad with.
    Pad,
    /// `CONCATENATION`.
    Concat {
        /// Along which, of all axes, counted from the end if negative.
        axis: i32,
        /// Fused activation.
        fused: Fused,
    },
    /// `STRIDED_SLICE`: input, begin, end, step per axis.
    Slice {
        /// Axes whose begin does not matter, a bit each.
        begin_mask: i32,
        /// Axes whose end does not matter, a bit each.
        end_mask: i32,
    },
    /// One that is not supported, and what of it is not.
    Unsupported(String),
}

/// An operator on two tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
}

/// A function of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// `max(0, x)`.
    Relu,
    /// `min(max(0, x), 6)`.
    Relu6,
    /// `1 / (1 + exp(-x))`.
    Logistic,
    /// Hyperbolic tangent.
    Tanh,
    /// `x · min(6, max(0, x + 3)) / 6`.
    HardSwish,
    /// Another scale and zero point.
    Quantize,
}

/// A pool's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Padding of the input.
    pub padding: Padding,
    /// Step of the window.
    pub stride: [usize; 2],
    /// Size of the window.
    pub window: [usize; 2],
    /// Fused activation.
    pub fused: Fused,
}

impl<'a> Graph<'a> {
    /// The tensor with this index.
    pub fn tensor(&self, id: TensorId) -> &Tensor<'a> {
        &self.tensors[id.0]
    }

    /// Where a tensor stands in the file.
    pub fn tensor_place(&self, id: TensorId) -> Place {
        Place::Tensor {
            index: id.0,
            name: self.tensor(id).name.clone(),
        }
    }

    /// Where an operator stands in the file.
    pub fn place(&self, node: &Node) -> Place {
        Place::Operator {
            index: node.index,
            kind: node.kind.clone(),
            output: self.tensor(node.output).name.clone(),
        }
    }
}

impl Tensor<'_> {
    /// How many values.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values of a constant of `i32`.
    pub fn i32s(&self) -> Option<Vec<i32>> {
        let data = self.data.filter(|_| self.element == Element::I32)?;
        let (values, _) = data.as_chunks();
        Some(values.iter().map(|v| i32::from_le_bytes(*v)).collect())
    }

    /// Values of a constant of `i8`.
    pub fn i8s(&self) -> Option<Vec<i8>> {
        let data = self.data.filter(|_| self.element == Element::I8)?;
        Some(data.iter().map(|v| v.cast_signed()).collect())
    }
}
