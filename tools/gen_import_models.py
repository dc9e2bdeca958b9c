#!/usr/bin/env python3
"""Small models with the operators that the reference models lack, for the tests of `rekindle import`.

    venv/bin/python tools/gen_import_models.py

Writes tests/data/import/NAME.tflite and NAME.golden: inputs and outputs, in turns, of TensorFlow Lite for Microcontrollers.
"""

import pathlib

import flatbuffers
import numpy as np

import tflm
from gen_op_vectors import Builder
from tflm import schema

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/data/import"
SAMPLES = 4


class Network(Builder):
    """A .tflite model, operator by operator."""

    def __init__(self, shape, scale, zero, seed, floats=False):
        super().__init__()
        self.rng = np.random.default_rng(seed)
        self._codes, self._operators = [], []
        # A converter's default: floats at both ends, int8 between.
        self._floats = floats
        self._input = self.tensor(shape, [], 0, kind="FLOAT32") if floats else None
        self.first = self.add("QUANTIZE", [self._input], shape, scale, zero) if floats else self.tensor(shape, scale, zero)

    def shape(self, index):
        return list(self._tensors[index].shape)

    def quantization(self, index):
        quantization = self._tensors[index].quantization
        return quantization.scale[0], quantization.zeroPoint[0]

    def add(self, name, inputs, shape, scale, zero, options=None, kind="INT8"):
        """An operator and its output."""
        code, operator = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = 1
        if code.builtinCode not in [c.builtinCode for c in self._codes]:
            self._codes.append(code)
        operator.opcodeIndex = [c.builtinCode for c in self._codes].index(code.builtinCode)
        output = self.tensor(shape, scale, zero, kind=kind)
        operator.inputs, operator.outputs = inputs, [output]
        if options is not None:
            operator.builtinOptions = options
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__[:-1])
        self._operators.append(operator)
        return output

    def same(self, name, inputs, shape, options=None):
        """An operator whose output has its first input's scale and zero point."""
        return self.add(name, inputs, shape, *self.quantization(inputs[0]), options)

    def ints(self, values):
        return self.tensor(np.shape(values), [], 0, np.asarray(values, np.int32), kind="INT32")

    def filter(self, source, shape, axis):
        """Weights and biases."""
        n = shape[axis]
        scale = self.rng.uniform(0.002, 0.01, n).astype(np.float32)
        weight = self.tensor(shape, scale, 0, self.rng.integers(-127, 128, shape).astype(np.int8), axis)
        bias = self.tensor([n], scale * self.quantization(source)[0], 0, self.rng.integers(-900, 900, n).astype(np.int32), kind="INT32")
        return [source, weight, bias]

    def conv(self, source, shape, filter_shape, scale, zero, depthwise=False, dilation=1, stride=1):
        options = schema.DepthwiseConv2DOptionsT() if depthwise else schema.Conv2DOptionsT()
        options.padding = schema.Padding.VALID
        options.strideH = options.strideW = stride
        options.dilationHFactor = options.dilationWFactor = dilation
        options.fusedActivationFunction = schema.ActivationFunctionType.NONE
        if depthwise:
            options.depthMultiplier = 1
        name, axis = ("DEPTHWISE_CONV_2D", 3) if depthwise else ("CONV_2D", 0)
        return self.add(name, self.filter(source, filter_shape, axis), shape, scale, zero, options)

    def write(self, name, output):
        (in_scale, in_zero), (out_scale, out_zero) = self.quantization(self.first), self.quantization(output)
        first = self.first
        if self._floats:
            first, output = self._input, self.add("DEQUANTIZE", [output], self.shape(output), [], 0, kind="FLOAT32")
        graph, model = schema.SubGraphT(), schema.ModelT()
        graph.tensors, graph.operators = self._tensors, self._operators
        graph.inputs, graph.outputs = [first], [output]
        model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, self._codes, [graph], self._buffers
        out = flatbuffers.Builder(1024)
        out.Finish(model.Pack(out), b"TFL3")
        blob = bytes(out.Output())
        (OUT / name).with_suffix(".tflite").write_bytes(blob)
        golden = b""
        for _ in range(SAMPLES):
            x = self.rng.integers(-128, 128, self.shape(self.first)).astype(np.int8)
            if self._floats:
                # Values that int8 has: what is rounded away is up to whoever quantizes.
                real = ((x.astype(np.float32) - in_zero) * np.float32(in_scale)).astype(np.float32)
                y = np.asarray(tflm.Interpreter(blob).run(real)) / np.float32(out_scale) + out_zero
                y = np.round(y).astype(np.int8)
            else:
                y = np.asarray(tflm.Interpreter(blob).run(x))
            assert len(np.unique(y)) > min(8, y.size // 2), f"{name}: {y}"
            golden += x.tobytes() + y.tobytes()
        (OUT / name).with_suffix(".golden").write_bytes(golden)


def no_activation(options):
    options.fusedActivationFunction = schema.ActivationFunctionType.NONE
    return options


def gates():
    """Functions value by value, their product, a concatenation and a mean: what an attention gate is made of."""
    shape = [1, 6, 5, 4]
    n = Network(shape, 0.047, 11, seed=1)
    gate = n.add("LOGISTIC", [n.first], shape, 1 / 256, -128)
    positive = n.add("RELU", [n.first], shape, 0.03, -128)
    product = n.add("MUL", [positive, gate], shape, 0.025, -100, no_activation(schema.MulOptionsT()))
    swish = n.add("HARD_SWISH", [n.first], shape, 0.028, -70)
    swish = n.add("QUANTIZE", [swish], shape, 0.025, -100)
    tanh = n.add("TANH", [n.first], shape, 1 / 128, 0)
    tanh = n.add("QUANTIZE", [tanh], shape, 0.025, -100)
    concat = schema.ConcatenationOptionsT()
    concat.axis = -1
    joined = n.same("CONCATENATION", [product, swish, tanh], [1, 6, 5, 12], no_activation(concat))
    mean = schema.ReducerOptionsT()
    mean.keepDims = True
    squeezed = n.add("MEAN", [joined, n.ints([1, 2])], [1, 1, 1, 12], 0.004, -90, mean)
    scaled = n.add("SUB", [joined, squeezed], [1, 6, 5, 12], 0.03, 5, no_activation(schema.SubOptionsT()))
    mean = schema.ReducerOptionsT()
    mean.keepDims = False
    n.write("gates", n.add("MEAN", [scaled, n.ints([2])], [1, 6, 12], 0.012, 3, mean))


def moves():
    """Paddings, slices, transpositions, copies into another shape, and filters with dilation."""
    n = Network([1, 9, 8, 3], 0.05, -7, seed=2)
    padded = n.same("PAD", [n.first, n.ints([[0, 0], [2, 1], [1, 2], [0, 0]])], [1, 12, 11, 3], schema.PadOptionsT())
    conv = n.conv(padded, [1, 8, 7, 6], [6, 3, 3, 3], 0.06, -20, dilation=2)
    relu6 = n.same("RELU6", [conv], [1, 8, 7, 6])
    slice_ = schema.StridedSliceOptionsT()
    slice_.beginMask, slice_.endMask = 0b1001, 0b1000
    sliced = n.same(
        "STRIDED_SLICE",
        [relu6, n.ints([0, 1, -1, 0]), n.ints([1, 8, 0, 0]), n.ints([1, 2, -1, 1])],
        [1, 4, 6, 6],
        slice_,
    )
    turned = n.same("TRANSPOSE", [sliced, n.ints([0, 3, 1, 2])], [1, 6, 4, 6], schema.TransposeOptionsT())
    reshaped = schema.ReshapeOptionsT()
    reshaped.newShape = [1, 6, 6, 4]
    copied = n.same("RESHAPE", [turned, n.ints([1, 6, 6, 4])], [1, 6, 6, 4], reshaped)
    depthwise = n.conv(copied, [1, 2, 2, 4], [1, 3, 3, 4], 0.05, 9, depthwise=True, dilation=2)
    mean = schema.ReducerOptionsT()
    mean.keepDims = True
    centre = n.add("MEAN", [depthwise, n.ints([1, 2])], [1, 1, 1, 4], 0.03, 1, mean)
    n.write("moves", n.add("ADD", [depthwise, centre], [1, 2, 2, 4], 0.06, 4, no_activation(schema.AddOptionsT())))


def floats():
    """Floats at both ends, as a converter leaves them unless it is told otherwise."""
    n = Network([1, 7, 6, 3], 0.04, -3, seed=3, floats=True)
    conv = n.conv(n.first, [1, 5, 4, 6], [6, 3, 3, 3], 0.05, -11)
    relu = n.same("RELU", [conv], [1, 5, 4, 6])
    n.write("floats", n.add("LOGISTIC", [relu], [1, 5, 4, 6], 1 / 256, -128))


OUT.mkdir(parents=True, exist_ok=True)
gates()
moves()
floats()
