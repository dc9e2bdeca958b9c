#!/usr/bin/env python3
"""Random one-operator models, run on TensorFlow Lite for Microcontrollers: vectors for the kernels' golden tests.

    venv/bin/python tools/gen_op_vectors.py

Writes tests/data/ops.golden (parameters, inputs, outputs) and tests/tests/golden/cases.rs (shapes, which are types in
Rust). Shapes are small; zero points, scales, strides, paddings and fused activations are random, extremes included.
"""

import pathlib

import flatbuffers
import numpy as np

import archive
import tflm
from tflm import schema

ROOT = pathlib.Path(__file__).resolve().parent.parent
CASES = 24
SEED = 7
ACTIVATIONS = ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]


class Builder:
    """A .tflite model with one operator."""

    def __init__(self):
        self._buffers = [schema.BufferT()]
        self._tensors = []

    def tensor(self, shape, scale, zero, data=None, axis=0, kind="INT8"):
        """Adds a tensor, constant if it has data; returns its index."""
        tensor, quantization = schema.TensorT(), schema.QuantizationParametersT()
        quantization.scale = [float(s) for s in np.atleast_1d(scale)]
        quantization.zeroPoint = [int(zero)] * len(quantization.scale)
        quantization.quantizedDimension = axis
        tensor.shape, tensor.quantization, tensor.type = list(shape), quantization, getattr(schema.TensorType, kind)
        tensor.name = f"t{len(self._tensors)}"
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            tensor.buffer = len(self._buffers)
            self._buffers.append(buffer)
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def model(self, name, options, inputs, output):
        """The file's bytes."""
        code, operator, graph, model = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = code.builtinCode
        code.version = 1
        operator.inputs, operator.outputs = inputs, [output]
        operator.builtinOptions = options
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__[:-1])
        graph.tensors, graph.operators = self._tensors, [operator]
        graph.inputs, graph.outputs = [inputs[0]], [output]
        model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], self._buffers
        out = flatbuffers.Builder(1024)
        out.Finish(model.Pack(out), b"TFL3")
        return bytes(out.Output())


class Generator:
    def __init__(self):
        self.rng = np.random.default_rng(SEED)
        self.golden = archive.Archive()
        self.cases = {}

    def int8(self, *shape):
        return self.rng.integers(-128, 128, shape).astype(np.int8)

    def zero(self):
        """A zero point; each fourth is an extreme."""
        return int(self.rng.choice([-128, 127]) if self.rng.random() < 0.25 else self.rng.integers(-128, 128))

    def finish(self, kind, number, shape, blob, x, more, limits=None):
        """Runs the model and stores everything; false if the clamp hides most outputs, so that they show little."""
        name = f"{kind}{number}"
        y = tflm.Interpreter(blob).run(x).copy()
        if limits and np.mean((y > limits[0]) & (y < limits[1])) < 0.4:
            return False
        for key, value in {"x": x[0], "y": y[0], **more}.items():
            value = np.asarray(value)
            if value.dtype == np.float32:
                value = value.view(np.int32)
            self.golden.add(f"{name}.{key}", value if value.dtype == np.int8 else value.astype(np.int32))
        self.cases.setdefault(kind, []).append((name, shape))
        return True

    def weighted(self, kind, number, per_channel):
        """CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED have weights, biases and output scales alike."""
        rng = self.rng
        b = Builder()
        near = number % 8 == 6  # inputs near their zero point, so that the multiplier can be above one
        reach = 3 if near or number % 8 == 7 else 128
        c = int(rng.integers(1, 6))
        if kind == "FULLY_CONNECTED":
            # One weight scale is per-tensor by definition, so that per-channel layers have two neurons at least.
            i, m = int(rng.integers(1, 70)), int(rng.integers(1 + per_channel, 13))
            weight_shape, x_shape, y_shape, shape, depth = (m, i), (1, i), (1, m), [i, m], i
            options = schema.FullyConnectedOptionsT()
            axis = 0
        else:
            h, w = (int(n) for n in rng.integers(1, 10, 2))
            kh, kw = (int(n) for n in rng.integers(1, 6, 2))
            sh, sw = (int(n) for n in rng.integers(1, 4, 2))
            same = bool(rng.random() < 0.6)
            if not same:
                h, w = max(h, kh), max(w, kw)
            oh, ow = (-(-h // sh), -(-w // sw)) if same else ((h - kh) // sh + 1, (w - kw) // sw + 1)
            if kind == "CONV_2D":
                m = int(rng.integers(1, 7))
                weight_shape, depth, axis = (m, kh, kw, c), kh * kw * c, 0
                options = schema.Conv2DOptionsT()
            else:
                multiplier = int(rng.integers(1, 4)) if number % 2 else 1
                m = c * multiplier
                weight_shape, depth, axis = (1, kh, kw, m), kh * kw, 3
                options = schema.DepthwiseConv2DOptionsT()
                options.depthMultiplier = multiplier
            options.padding = schema.Padding.SAME if same else schema.Padding.VALID
            options.strideH, options.strideW = sh, sw
            options.dilationHFactor = options.dilationWFactor = 1
            x_shape, y_shape, shape = (1, h, w, c), (1, oh, ow, m), [h, w, c, oh, ow, m, kh, kw, sh, sw]
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, ACTIVATIONS[int(rng.integers(0, 4))])
        weight = rng.integers(-reach + 1, reach, weight_shape).astype(np.int8)
        bias = rng.integers(-40 * reach, 40 * reach, m).astype(np.int32) // (20 if near else 1)
        s_in = np.float32(rng.uniform(0.005, 0.1))
        s_w = rng.uniform(0.001, 0.02, m if per_channel else 1).astype(np.float32)
        spread = float(s_in) * float(s_w.mean()) * np.sqrt(depth) * 74 * max(1, reach * 0.58)
        s_out = np.float32(spread / rng.uniform(30, 120))
        if near:
            s_out = np.float32(s_in * s_w.mean() / rng.uniform(1, 6))
        if number % 8 in (2, 7):  # powers of two, so that there are ties to round
            s_in, s_w, s_out = (np.exp2(np.round(np.log2(s))).astype(np.float32) for s in (s_in, s_w, s_out))
        x_zero, y_zero = self.zero(), self.zero()
        x_at = b.tensor(x_shape, s_in, x_zero)
        w_at = b.tensor(weight_shape, s_w, 0, weight, axis)
        b_at = b.tensor((m,), s_in * s_w, 0, bias, 0, "INT32")
        y_at = b.tensor(y_shape, s_out, y_zero)
        blob = b.model(kind, options, [x_at, w_at, b_at], y_at)
        model = tflm.Model(blob)
        (_, operator), = model.operators()
        q, shift = zip(*tflm.multipliers(model, kind, operator))
        low, high = tflm.activation_range(model, operator)
        word = {"CONV_2D": "conv", "DEPTHWISE_CONV_2D": "depthwise", "FULLY_CONNECTED": "dense"}[kind]
        if kind == "FULLY_CONNECTED" and per_channel:
            word = "channel_dense"
        more = {
            "weight": weight[0] if word == "depthwise" else weight,
            "bias": bias,
            "q": q,
            "shift": shift,
            "zeros": [x_zero, y_zero, low, high],
            "scales": np.concatenate([[s_in, s_out], np.broadcast_to(s_w, m)]).astype(np.float32),
        }
        x = self.int8(*x_shape)
        if near:
            x = np.clip(x_zero + rng.integers(-4, 5, x_shape), -128, 127).astype(np.int8)
        return self.finish(word, number, shape, blob, x, more, (low, high))

    def pool(self, kind, number):
        rng = self.rng
        b = Builder()
        h, w = (int(n) for n in rng.integers(1, 11, 2))
        kh, kw = (int(n) for n in rng.integers(1, 5, 2))
        sh, sw = (int(n) for n in rng.integers(1, 4, 2))
        c = int(rng.integers(1, 20))
        same = bool(rng.random() < 0.6)
        if not same:
            h, w = max(h, kh), max(w, kw)
        if number % 6 == 5:
            kh, kw, same = h, w, False
        oh, ow = (-(-h // sh), -(-w // sw)) if same else ((h - kh) // sh + 1, (w - kw) // sw + 1)
        options = schema.Pool2DOptionsT()
        options.padding = schema.Padding.SAME if same else schema.Padding.VALID
        options.strideH, options.strideW, options.filterHeight, options.filterWidth = sh, sw, kh, kw
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, ACTIVATIONS[int(rng.integers(0, 4))])
        scale, zero = np.float32(rng.uniform(0.005, 0.1)), self.zero()
        x_at = b.tensor((1, h, w, c), scale, zero)
        y_at = b.tensor((1, oh, ow, c), scale, zero)
        blob = b.model(kind, options, [x_at], y_at)
        model = tflm.Model(blob)
        (_, operator), = model.operators()
        word = {"MAX_POOL_2D": "max_pool", "AVERAGE_POOL_2D": "average_pool"}[kind]
        limits = tflm.activation_range(model, operator)
        shape = [h, w, c, oh, ow, kh, kw, sh, sw]
        return self.finish(word, number, shape, blob, self.int8(1, h, w, c), {"range": list(limits)}, limits)

    def softmax(self, number):
        rng = self.rng
        b = Builder()
        n = [1, 2, 300][number] if number < 3 else int(rng.integers(2, 40))
        options = schema.SoftmaxOptionsT()
        options.beta = float(np.float32(rng.choice([1.0, 1.0, 0.5, rng.uniform(0.1, 3)])))
        scale = np.float32(10.0 ** rng.uniform(-3, 0.5) if number % 6 else [0.05, 60.0, 1e-5, 0.5][number // 6])
        x_at = b.tensor((1, n), scale, self.zero())
        y_at = b.tensor((1, n), 1 / 256, -128)
        blob = b.model("SOFTMAX", options, [x_at], y_at)
        more = {"scale": np.asarray([scale, options.beta], np.float32)}
        return self.finish("softmax", number, [n], blob, self.int8(1, n), more)

    def cases_rs(self):
        """The shapes as macro calls."""
        out = [
            "//! Shapes of the operator vectors, generated by `tools/gen_op_vectors.py`: do not edit.",
            "",
            "use super::ops;",
        ]
        for kind, cases in self.cases.items():
            check = "dense" if kind == "channel_dense" else kind
            out += ["", "#[test]", f"fn {kind}_is_the_references() {{", '    let golden = ops::open();']
            out += [f'    ops::{check}::<{", ".join(map(str, shape))}>(&golden, "{name}");' for name, shape in cases]
            out += ["}"]
        return "\n".join(out) + "\n"


def main():
    g = Generator()
    for number in range(CASES):
        makers = [
            lambda: g.weighted("CONV_2D", number, number % 4 != 3),
            lambda: g.weighted("DEPTHWISE_CONV_2D", number, number % 4 != 3),
            lambda: g.weighted("FULLY_CONNECTED", number, False),
            lambda: g.weighted("FULLY_CONNECTED", number, True),
            lambda: g.pool("MAX_POOL_2D", number),
            lambda: g.pool("AVERAGE_POOL_2D", number),
            lambda: g.softmax(number),
        ]
        for make in makers:
            while not make():
                pass
    size = g.golden.write(ROOT / "tests" / "data" / "ops.golden")
    (ROOT / "tests" / "tests" / "golden" / "cases.rs").write_text(g.cases_rs())
    print(f"tests/data/ops.golden: {size} bytes")


if __name__ == "__main__":
    main()
