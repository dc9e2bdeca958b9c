//! The part of TensorFlow Lite's file format that is read here. Slots, names and enumerations are those of TensorFlow
//! 2.21's schema, version 3; what comes later only adds.

use flatbuffers::{
    Follow, ForwardsUOffset as To, InvalidFlatbuffer, Table, Vector, Verifiable, Verifier,
};

use super::table::{slot, tables};

/// The four bytes after the root's offset.
pub const IDENTIFIER: &str = "TFL3";

tables! {
    /// The root.
    Model {
        0 version: u32,
        1 operator_codes: To<Vector<'a, To<OperatorCode<'a>>>>,
        2 subgraphs: To<Vector<'a, To<SubGraph<'a>>>>,
        4 buffers: To<Vector<'a, To<Buffer<'a>>>>,
    }
    /// Which operator; files of today have the code in both fields if it fits the older one.
    OperatorCode {
        0 deprecated_builtin_code: i8,
        1 custom_code: To<&'a str>,
        3 builtin_code: i32,
    }
    /// One graph.
    SubGraph {
        0 tensors: To<Vector<'a, To<Tensor<'a>>>>,
        1 inputs: To<Vector<'a, i32>>,
        2 outputs: To<Vector<'a, i32>>,
        3 operators: To<Vector<'a, To<Operator<'a>>>>,
    }
    /// An activation or a constant.
    Tensor {
        0 shape: To<Vector<'a, i32>>,
        1 element: i8,
        2 buffer: u32,
        3 name: To<&'a str>,
        4 quantization: To<Quantization<'a>>,
        // Its offset: that there is one is enough.
        6 sparsity: u32,
    }
    /// `real = scale · (value − zero_point)`, per tensor or along one dimension.
    Quantization {
        2 scale: To<Vector<'a, f32>>,
        3 zero_point: To<Vector<'a, i64>>,
        6 dimension: i32,
    }
    /// Bytes of a constant; none for an activation.
    Buffer {
        0 data: To<Vector<'a, u8>>,
        1 offset: u64,
    }
    /// Of `CONV_2D`.
    Conv2dOptions {
        0 padding: i8,
        1 stride_w: i32,
        2 stride_h: i32,
        3 activation: i8,
        4 dilation_w: i32,
        5 dilation_h: i32,
    }
    /// Of `DEPTHWISE_CONV_2D`.
    DepthwiseOptions {
        0 padding: i8,
        1 stride_w: i32,
        2 stride_h: i32,
        4 activation: i8,
        5 dilation_w: i32,
        6 dilation_h: i32,
    }
    /// Of `MAX_POOL_2D` and `AVERAGE_POOL_2D`.
    PoolOptions {
        0 padding: i8,
        1 stride_w: i32,
        2 stride_h: i32,
        3 filter_w: i32,
        4 filter_h: i32,
        5 activation: i8,
    }
    /// Of `FULLY_CONNECTED`.
    DenseOptions {
        0 activation: i8,
        1 weights_format: i8,
    }
    /// Of `SOFTMAX`.
    SoftmaxOptions {
        0 beta: f32,
    }
    /// Of `ADD`, `SUB` and `MUL`.
    ArithmeticOptions {
        0 activation: i8,
    }
    /// Of `CONCATENATION`.
    ConcatOptions {
        0 axis: i32,
        1 activation: i8,
    }
    /// Of `STRIDED_SLICE`: a bit per axis.
    SliceOptions {
        0 begin_mask: i32,
        1 end_mask: i32,
        2 ellipsis_mask: i32,
        3 new_axis_mask: i32,
        4 shrink_axis_mask: i32,
    }
}

/// What an operator does, to which tensors.
#[derive(Clone, Copy)]
pub struct Operator<'a>(Table<'a>);

/// The options of an operator, told apart by a tag beside them.
#[derive(Clone, Copy)]
pub enum Options<'a> {
    Conv2d(Conv2dOptions<'a>),
    Depthwise(DepthwiseOptions<'a>),
    Pool(PoolOptions<'a>),
    Dense(DenseOptions<'a>),
    Softmax(SoftmaxOptions<'a>),
    Arithmetic(ArithmeticOptions<'a>),
    Concat(ConcatOptions<'a>),
    Slice(SliceOptions<'a>),
    /// None, or such as are not read here.
    Other,
}

/// Calls `$body` with the type that the union's tag stands for, else yields `$other`.
macro_rules! by_tag {
    ($tag:expr, $other:expr, $options:ident, $variant:ident => $body:expr) => {
        match $tag {
            1 => by_tag!(@ Conv2dOptions, Conv2d, $options, $variant, $body),
            2 => by_tag!(@ DepthwiseOptions, Depthwise, $options, $variant, $body),
            5 => by_tag!(@ PoolOptions, Pool, $options, $variant, $body),
            8 => by_tag!(@ DenseOptions, Dense, $options, $variant, $body),
            9 => by_tag!(@ SoftmaxOptions, Softmax, $options, $variant, $body),
            10 => by_tag!(@ ConcatOptions, Concat, $options, $variant, $body),
            32 => by_tag!(@ SliceOptions, Slice, $options, $variant, $body),
            11 | 21 | 28 => by_tag!(@ ArithmeticOptions, Arithmetic, $options, $variant, $body),
            _ => $other,
        }
    };
    (@ $ty:ident, $case:ident, $options:ident, $variant:ident, $body:expr) => {{
        type $options<'a> = To<$ty<'a>>;
        #[allow(unused_imports)]
        use Options::$case as $variant;
        $body
    }};
}

impl<'a> Follow<'a> for Operator<'a> {
    type Inner = Self;

    unsafe fn follow(buf: &'a [u8], loc: usize) -> Self {
        // SAFETY: the caller promises that there is a table at `loc`.
        Self(unsafe { Table::new(buf, loc) })
    }
}

impl Verifiable for Operator<'_> {
    fn run_verifier(v: &mut Verifier, pos: usize) -> Result<(), InvalidFlatbuffer> {
        v.visit_table(pos)?
            .visit_field::<u32>("opcode_index", slot(0), false)?
            .visit_field::<To<Vector<'_, i32>>>("inputs", slot(1), false)?
            .visit_field::<To<Vector<'_, i32>>>("outputs", slot(2), false)?
            .visit_union::<u8, _>(
                "builtin_options_type",
                slot(3),
                "builtin_options",
                slot(4),
                false,
                |tag, v, pos| by_tag!(tag, Ok(()), T, _V => T::run_verifier(v, pos)),
            )?
            .finish();
        Ok(())
    }
}

impl<'a> Operator<'a> {
    /// Index of its [`OperatorCode`].
    pub fn code(self) -> u32 {
        // SAFETY: verified as this type.
        unsafe { self.0.get::<u32>(slot(0), None) }.unwrap_or(0)
    }

    /// Tensors it reads; −1 for one that is left out.
    pub fn inputs(self) -> Option<Vector<'a, i32>> {
        // SAFETY: verified as this type.
        unsafe { self.0.get::<To<Vector<'a, i32>>>(slot(1), None) }
    }

    /// Tensors it writes.
    pub fn outputs(self) -> Option<Vector<'a, i32>> {
        // SAFETY: verified as this type.
        unsafe { self.0.get::<To<Vector<'a, i32>>>(slot(2), None) }
    }

    /// Its options.
    pub fn options(self) -> Options<'a> {
        // SAFETY: verified as this type.
        let tag = unsafe { self.0.get::<u8>(slot(3), None) }.unwrap_or(0);
        by_tag!(tag, Options::Other, T, V => {
            // SAFETY: verified as this type, which the same tag chose.
            unsafe { self.0.get::<T<'a>>(slot(4), None) }.map_or(Options::Other, V)
        })
    }
}

/// Name of a built-in operator as TensorFlow writes it, for those that a message is likely to name.
pub fn operator_name(code: i32) -> Option<&'static str> {
    /// By code, from 0 on.
    const NAMES: &[&str] = &[
        "ADD",
        "AVERAGE_POOL_2D",
        "CONCATENATION",
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "DEPTH_TO_SPACE",
        "DEQUANTIZE",
        "EMBEDDING_LOOKUP",
        "FLOOR",
        "FULLY_CONNECTED",
        "HASHTABLE_LOOKUP",
        "L2_NORMALIZATION",
        "L2_POOL_2D",
        "LOCAL_RESPONSE_NORMALIZATION",
        "LOGISTIC",
        "LSH_PROJECTION",
        "LSTM",
        "MAX_POOL_2D",
        "MUL",
        "RELU",
        "RELU_N1_TO_1",
        "RELU6",
        "RESHAPE",
        "RESIZE_BILINEAR",
        "RNN",
        "SOFTMAX",
        "SPACE_TO_DEPTH",
        "SVDF",
        "TANH",
        "CONCAT_EMBEDDINGS",
        "SKIP_GRAM",
        "CALL",
        "CUSTOM",
        "EMBEDDING_LOOKUP_SPARSE",
        "PAD",
        "UNIDIRECTIONAL_SEQUENCE_RNN",
        "GATHER",
        "BATCH_TO_SPACE_ND",
        "SPACE_TO_BATCH_ND",
        "TRANSPOSE",
        "MEAN",
        "SUB",
        "DIV",
        "SQUEEZE",
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        "STRIDED_SLICE",
        "BIDIRECTIONAL_SEQUENCE_RNN",
        "EXP",
        "TOPK_V2",
        "SPLIT",
        "LOG_SOFTMAX",
        "DELEGATE",
        "BIDIRECTIONAL_SEQUENCE_LSTM",
        "CAST",
        "PRELU",
        "MAXIMUM",
        "ARG_MAX",
        "MINIMUM",
        "LESS",
        "NEG",
        "PADV2",
        "GREATER",
        "GREATER_EQUAL",
        "LESS_EQUAL",
        "SELECT",
        "SLICE",
        "SIN",
        "TRANSPOSE_CONV",
        "SPARSE_TO_DENSE",
        "TILE",
        "EXPAND_DIMS",
        "EQUAL",
        "NOT_EQUAL",
        "LOG",
        "SUM",
        "SQRT",
        "RSQRT",
        "SHAPE",
        "POW",
        "ARG_MIN",
        "FAKE_QUANT",
        "REDUCE_PROD",
        "REDUCE_MAX",
        "PACK",
        "LOGICAL_OR",
        "ONE_HOT",
        "LOGICAL_AND",
        "LOGICAL_NOT",
        "UNPACK",
        "REDUCE_MIN",
        "FLOOR_DIV",
        "REDUCE_ANY",
        "SQUARE",
        "ZEROS_LIKE",
        "FILL",
        "FLOOR_MOD",
        "RANGE",
        "RESIZE_NEAREST_NEIGHBOR",
        "LEAKY_RELU",
        "SQUARED_DIFFERENCE",
        "MIRROR_PAD",
        "ABS",
        "SPLIT_V",
        "UNIQUE",
        "CEIL",
        "REVERSE_V2",
        "ADD_N",
        "GATHER_ND",
        "COS",
        "WHERE",
        "RANK",
        "ELU",
        "REVERSE_SEQUENCE",
        "MATRIX_DIAG",
        "QUANTIZE",
        "MATRIX_SET_DIAG",
        "ROUND",
        "HARD_SWISH",
        "IF",
        "WHILE",
        "NON_MAX_SUPPRESSION_V4",
        "NON_MAX_SUPPRESSION_V5",
        "SCATTER_ND",
        "SELECT_V2",
        "DENSIFY",
        "SEGMENT_SUM",
        "BATCH_MATMUL",
        "PLACEHOLDER_FOR_GREATER_OP_CODES",
        "CUMSUM",
        "CALL_ONCE",
        "BROADCAST_TO",
        "RFFT2D",
        "CONV_3D",
        "IMAG",
        "REAL",
        "COMPLEX_ABS",
        "HASHTABLE",
        "HASHTABLE_FIND",
        "HASHTABLE_IMPORT",
        "HASHTABLE_SIZE",
        "REDUCE_ALL",
        "CONV_3D_TRANSPOSE",
        "VAR_HANDLE",
        "READ_VARIABLE",
        "ASSIGN_VARIABLE",
        "BROADCAST_ARGS",
        "RANDOM_STANDARD_NORMAL",
        "BUCKETIZE",
        "RANDOM_UNIFORM",
        "MULTINOMIAL",
        "GELU",
    ];
    usize::try_from(code)
        .ok()
        .and_then(|i| NAMES.get(i).copied())
}
