"""Runs a .tflite model on the reference kernels of TensorFlow Lite for Microcontrollers, and reads what is in it."""

import math

import numpy as np
from tflite_micro.python.tflite_micro import runtime
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

_TYPES = {schema.TensorType.INT8: np.int8, schema.TensorType.INT32: np.int32}


def name_of(enum, value):
    """`CONV_2D` for 3, and so on."""
    return next(k for k, v in vars(enum).items() if v == value)


class Model:
    """One subgraph: its tensors with their quantisation, and its operators in order."""

    def __init__(self, blob):
        self.blob = blob
        self._model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(blob, 0))
        self.graph = self._model.subgraphs[0]

    def operators(self):
        """(name, operator) in the order of execution."""
        for operator in self.graph.operators:
            code = self._model.operatorCodes[operator.opcodeIndex]
            code = max(code.builtinCode, code.deprecatedBuiltinCode)
            yield name_of(schema.BuiltinOperator, code), operator

    def data(self, index):
        """A constant tensor."""
        tensor = self.graph.tensors[index]
        raw = self._model.buffers[tensor.buffer].data
        return np.asarray(raw, np.uint8).view(_TYPES[tensor.type]).reshape(tensor.shape)

    def scale(self, index):
        """The float32 scales, one or one per channel."""
        return np.atleast_1d(np.asarray(self.graph.tensors[index].quantization.scale, np.float32))

    def zero(self, index):
        """The zero point (per-channel weights have none)."""
        return int(np.atleast_1d(self.graph.tensors[index].quantization.zeroPoint)[0])

    def shape(self, index):
        """Without the batch."""
        return [int(n) for n in self.graph.tensors[index].shape[1:]]


class Interpreter:
    """TFLM with all tensors kept."""

    def __init__(self, blob, arena=1 << 20):
        config = runtime.InterpreterConfig.kPreserveAllTensors
        self._interpreter = runtime.Interpreter.from_bytes(blob, arena_size=arena, intrepreter_config=config)

    def run(self, value):
        """The output for one input of the model's own shape."""
        self._interpreter.set_input(value, 0)
        self._interpreter.invoke()
        return self._interpreter.get_output(0)

    def tensor(self, index):
        """Any tensor after `run`."""
        return self._interpreter.GetTensor(index, 0)["tensor_data"]


def quantize_multiplier(real):
    """`real` as Q31 mantissa and shift, rounded half away from zero: QuantizeMultiplier of TFLite."""
    if real == 0.0:
        return 0, 0
    mantissa, shift = math.frexp(real)
    q = math.floor(mantissa * (1 << 31) + 0.5)
    if q == 1 << 31:
        q, shift = q // 2, shift + 1
    return (0, 0) if shift < -31 else (q, shift)


def multipliers(model, kind, operator):
    """The output multipliers of CONV_2D, DEPTHWISE_CONV_2D or FULLY_CONNECTED, one per output channel.

    Per channel: double(s_in) · double(s_w[c]) / double(s_out). Per-tensor FULLY_CONNECTED multiplies the first two in
    single precision.
    """
    source, weight = operator.inputs[0], operator.inputs[1]
    s_in, s_out = model.scale(source)[0], model.scale(operator.outputs[0])[0]
    s_w = model.scale(weight)
    shape = model.data(weight).shape
    channels = int(shape[-1] if kind == "DEPTHWISE_CONV_2D" else shape[0])
    if kind == "FULLY_CONNECTED" and len(s_w) == 1:
        real = [float(np.float32(s_in * s_w[0])) / float(s_out)]
    else:
        real = [float(s_in) * float(s) / float(s_out) for s in s_w]
    quantized = [quantize_multiplier(r) for r in real]
    return quantized * channels if len(quantized) == 1 else quantized


def activation_range(model, operator):
    """Least and greatest output value: the fused activation as a clamp."""
    out = operator.outputs[0]
    kind = operator.builtinOptions.fusedActivationFunction
    scale, zero = model.scale(out)[0], model.zero(out)

    def quantized(real):
        # float32 division and round half away from zero, as TFLite's Quantize.
        value = np.float32(real) / scale
        return zero + int(math.copysign(math.floor(abs(value) + 0.5), value))

    types = schema.ActivationFunctionType
    if kind == types.RELU:
        return max(-128, quantized(0.0)), 127
    if kind == types.RELU6:
        return max(-128, quantized(0.0)), min(127, quantized(6.0))
    if kind == types.RELU_N1_TO_1:
        return max(-128, quantized(-1.0)), min(127, quantized(1.0))
    return -128, 127


def padding(input_size, output_size, kernel, stride):
    """How much is padded in front (the smaller half): ComputePadding of TFLite."""
    return max(0, (output_size - 1) * stride + kernel - input_size) // 2
