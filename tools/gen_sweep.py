#!/usr/bin/env python3
"""Every operator over random shapes and parameters, on TensorFlow Lite for Microcontrollers: vectors for `tests/tests/sweep`.

    venv/bin/python tools/gen_sweep.py

Writes tests/data/sweep.golden (parameters and outputs; inputs, weights and biases are made from a seed by the same function
here and there) and tests/tests/sweep/cases.rs and shapes.rs (shapes, which are types in Rust; each has several
sets of parameters).
"""

import pathlib

import numpy as np

import archive
import tflm
from gen_op_vectors import ACTIVATIONS, Builder
from tflm import schema

ROOT = pathlib.Path(__file__).resolve().parent.parent
SEED = 11
TYPES = schema.TensorType
SHAPED = ("add", "sub", "mul", "mean", "reduce_max", "transpose", "strided_slice", "pad", "concat")


def noise(seed, count):
    """`count` int8 values: a hash of the seed and of each index (the finaliser of MurmurHash3)."""
    with np.errstate(over="ignore"):
        h = np.uint32(seed) * np.uint32(0x9E3779B1) + np.arange(count, dtype=np.uint32) * np.uint32(0x85EBCA77)
        h ^= h >> np.uint32(16)
        h *= np.uint32(0x85EBCA6B)
        h ^= h >> np.uint32(13)
        h *= np.uint32(0xC2B2AE35)
        h ^= h >> np.uint32(16)
    return (h >> np.uint32(24)).astype(np.uint8).view(np.int8)


class Set:
    """One set of parameters of one shape."""

    def __init__(self, y, ints, floats):
        self.y, self.ints, self.floats = y, ints, floats


class Sweep:
    def __init__(self):
        self.rng = np.random.default_rng(SEED)
        self.golden = archive.Archive()
        self.cases = {}
        self.counts = {}

    # Random choices

    def int(self, low, high):
        """low..=high"""
        return int(self.rng.integers(low, high + 1))

    def zero(self):
        return int(self.rng.choice([-128, 127])) if self.rng.random() < 0.25 else self.int(-128, 127)

    def scale(self, low=0.003, high=0.2):
        scale = np.exp(self.rng.uniform(np.log(low), np.log(high)))
        if self.rng.random() < 0.2:  # a power of two, so that there are ties to round
            scale = np.exp2(np.round(np.log2(scale)))
        return np.float32(scale)

    def seed(self):
        return self.int(1, 2**31 - 1)

    def sizes(self, rank, most):
        return [self.int(1, most) for _ in range(rank)]

    # Models

    def run(self, b, kind, options, inputs, output, values, variable=1):
        """The first `variable` inputs take `values`."""
        blob = b.model(kind, options, inputs, output)
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(blob, 0))
        model.subgraphs[0].inputs = inputs[:variable]
        blob = self.pack(model)
        interpreter = tflm.Interpreter(blob)
        for i, value in enumerate(values):
            interpreter._interpreter.set_input(value, i)
        interpreter._interpreter.invoke()
        return interpreter._interpreter.get_output(0).copy(), blob

    @staticmethod
    def pack(model):
        import flatbuffers

        out = flatbuffers.Builder(1024)
        out.Finish(model.Pack(out), b"TFL3")
        return bytes(out.Output())

    def shape(self, kind, parameters, make, sets):
        """A shape with `sets` sets of parameters; `parameters` are those of the check in Rust."""
        number = len(self.cases.setdefault(kind, []))
        made = []
        tries = 0
        while len(made) < sets:
            one = make()
            tries += 1
            # A clamp that hides most outputs shows little, but some shapes have no other.
            if one is not None and (tries > 30 or not hidden(one.y)):
                made.append(one)
        name = f"{kind}{number}"
        self.golden.add(f"{name}.p", np.asarray([one.ints for one in made], np.int32))
        floats = np.asarray([one.floats for one in made], np.float32)
        self.golden.add(f"{name}.s", floats.view(np.int32))
        y = np.stack([np.asarray(one.y).reshape(-1) for one in made])
        self.golden.add(f"{name}.y", y.view(np.int32) if y.dtype == np.float32 else y)
        self.cases[kind].append((name, parameters))
        self.counts[kind] = self.counts.get(kind, 0) + sets

    # Convolutions and dense layers

    def weighted(self, kind, sets):
        rng = self.rng
        c = self.int(1, 5)
        if kind.endswith("dense"):
            i, m = self.int(1, 70), self.int(1 + (kind == "channel_dense"), 12)
            parameters, w_shape, x_shape, y_shape, depth, axis = [i, m], (m, i), (1, i), (1, m), i, 0
            options = schema.FullyConnectedOptionsT()
            pads = None
        else:
            mode = rng.choice(["SAME", "VALID", "EXPLICIT"], p=[0.5, 0.25, 0.25])
            kh, kw = self.sizes(2, 5)
            sh, sw = self.sizes(2, 3)
            dh, dw = (1, 1) if rng.random() < 0.6 else self.sizes(2, 3)
            if kind == "transpose_conv":
                dh = dw = 1
                mode = "SAME" if mode == "SAME" else "VALID"
            eh, ew = (kh - 1) * dh + 1, (kw - 1) * dw + 1
            h, w = self.sizes(2, 8)
            ph = pw = "AUTO"
            top = left = bottom = right = 0
            if mode == "VALID" and kind != "transpose_conv":
                h, w = max(h, eh), max(w, ew)
            if mode == "EXPLICIT":
                top, left = self.int(0, eh - 1), self.int(0, ew - 1)
                bottom, right = max(self.int(0, eh - 1), eh - h - top), max(self.int(0, ew - 1), ew - w - left)
                ph, pw = top, left
            gh, gw = h + top + bottom, w + left + right
            if kind == "transpose_conv":
                oh, ow = (h * sh, w * sw) if mode == "SAME" else ((h - 1) * sh + kh, (w - 1) * sw + kw)
                m = self.int(1, 5)
                w_shape, depth, axis = (m, kh, kw, c), kh * kw * c / (sh * sw), 0
                options = schema.TransposeConvOptionsT()
            else:
                same = mode == "SAME"
                oh, ow = (-(-h // sh), -(-w // sw)) if same else ((gh - eh) // sh + 1, (gw - ew) // sw + 1)
                if mode == "EXPLICIT" and ((oh - 1) * sh >= h + top or (ow - 1) * sw >= w + left):
                    return self.weighted(kind, sets)
            if kind == "conv":
                m = self.int(1, 6)
                w_shape, depth, axis = (m, kh, kw, c), kh * kw * c, 0
                options = schema.Conv2DOptionsT()
            elif kind == "depthwise":
                multiplier = self.int(1, 3) if rng.random() < 0.4 else 1
                if rng.random() < 0.3:
                    c = 8  # a multiple of four: the DSP's path
                m = c * multiplier
                w_shape, depth, axis = (1, kh, kw, m), kh * kw, 3
                options = schema.DepthwiseConv2DOptionsT()
                options.depthMultiplier = multiplier
            options.padding = schema.Padding.SAME if mode == "SAME" else schema.Padding.VALID
            options.strideH, options.strideW = sh, sw
            if kind != "transpose_conv":
                options.dilationHFactor, options.dilationWFactor = dh, dw
            x_shape, y_shape = (1, h, w, c), (1, oh, ow, m)
            pads = (top, bottom, left, right)
            parameters = [h, w, c, oh, ow, m, kh, kw, sh, sw]
            if kind != "transpose_conv":
                parameters += [dh, dw, ph, pw]

        def make():
            near = rng.random() < 0.15  # inputs near their zero point, so that the multiplier can be above one
            shift = 6 if near else int(rng.choice([0, 0, 0, 3]))
            x_zero, y_zero, seed = self.zero(), self.zero(), self.seed()
            per_channel = kind != "dense" and rng.random() < 0.8 or kind == "channel_dense"
            s_in = self.scale(0.005, 0.1)
            s_w = rng.uniform(0.001, 0.02, m if per_channel else 1).astype(np.float32)
            reach = 74 / 2**shift
            s_out = np.float32(s_in * s_w.mean() * np.sqrt(max(depth, 1)) * 74 * reach / rng.uniform(30, 120))
            if near:
                s_out = np.float32(s_in * s_w.mean() / rng.uniform(1, 6))
            if rng.random() < 0.2:
                s_in, s_w, s_out = (np.exp2(np.round(np.log2(s))).astype(np.float32) for s in (s_in, s_w, s_out))
            step = self.int(0, 2 if near else 40)
            weight = (np.maximum(noise(seed ^ 0x5555, int(np.prod(w_shape))), -127) >> shift).reshape(w_shape)
            bias = noise(seed ^ 0x3333, m).astype(np.int32) * step
            x = noise(seed, int(np.prod(x_shape)))
            if near:
                x = np.clip(x_zero + (x.astype(int) >> 5), -128, 127).astype(np.int8)
            x = x.reshape(x_shape)
            if pads:
                top, bottom, left, right = pads
                given = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=x_zero)
            else:
                given = x
            activation = "NONE" if kind == "transpose_conv" else ACTIVATIONS[self.int(0, 3)]
            options.fusedActivationFunction = getattr(schema.ActivationFunctionType, activation)
            b = Builder()
            w_at = b.tensor(w_shape, s_w, 0, weight, axis)
            if kind == "transpose_conv":
                size = b.tensor((4,), 1.0, 0, np.asarray(y_shape, np.int32), 0, "INT32")
                x_at = b.tensor(given.shape, s_in, x_zero)
                b_at = b.tensor((m,), s_in * s_w, 0, bias, 0, "INT32")
                y_at = b.tensor(y_shape, s_out, y_zero)
                blob = b.model("TRANSPOSE_CONV", options, [size, w_at, x_at, b_at], y_at)
                model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(blob, 0))
                model.subgraphs[0].inputs = [x_at]
                blob = self.pack(model)
                y = tflm.Interpreter(blob).run(given).copy()
            else:
                code = {"conv": "CONV_2D", "depthwise": "DEPTHWISE_CONV_2D"}.get(kind, "FULLY_CONNECTED")
                x_at = b.tensor(given.shape, s_in, x_zero)
                b_at = b.tensor((m,), s_in * s_w, 0, bias, 0, "INT32")
                y_at = b.tensor(y_shape, s_out, y_zero)
                y, blob = self.run(b, code, options, [x_at, w_at, b_at], y_at, [given])
            model = tflm.Model(blob)
            ((_, operator),) = model.operators()
            low, high = (-128, 127) if kind == "transpose_conv" else tflm.activation_range(model, operator)
            scales = [s_in, s_out, *np.broadcast_to(s_w, m)]
            return Set(y, [seed, x_zero, y_zero, low, high, shift, step, int(near)], scales)

        self.shape(kind, parameters, make, sets)

    def pool(self, kind, sets):
        rng = self.rng
        h, w = self.sizes(2, 9)
        kh, kw, (sh, sw) = self.int(1, 4), self.int(1, 4), self.sizes(2, 3)
        c, same = self.int(1, 9), bool(rng.random() < 0.6)
        if not same:
            h, w = max(h, kh), max(w, kw)
        if rng.random() < 0.15:
            kh, kw, same = h, w, False  # global
        oh, ow = (-(-h // sh), -(-w // sw)) if same else ((h - kh) // sh + 1, (w - kw) // sw + 1)
        options = schema.Pool2DOptionsT()
        options.padding = schema.Padding.SAME if same else schema.Padding.VALID
        options.strideH, options.strideW, options.filterHeight, options.filterWidth = sh, sw, kh, kw

        def make():
            options.fusedActivationFunction = getattr(schema.ActivationFunctionType, ACTIVATIONS[self.int(0, 3)])
            scale, zero, seed = self.scale(0.005, 0.1), self.zero(), self.seed()
            b = Builder()
            x_at, y_at = b.tensor((1, h, w, c), scale, zero), b.tensor((1, oh, ow, c), scale, zero)
            x = noise(seed, h * w * c).reshape(1, h, w, c)
            code = {"max_pool": "MAX_POOL_2D", "average_pool": "AVERAGE_POOL_2D"}[kind]
            y, blob = self.run(b, code, options, [x_at], y_at, [x])
            model = tflm.Model(blob)
            ((_, operator),) = model.operators()
            return Set(y, [seed, *tflm.activation_range(model, operator)], [scale])

        self.shape(kind, [h, w, c, oh, ow, kh, kw, sh, sw], make, sets)

    # Two tensors

    def binary(self, kind, sets):
        rng = self.rng
        rank = self.int(1, 4)
        y = self.sizes(rank, 5)

        def part():
            shape = [1 if rng.random() < 0.3 else n for n in y]
            if rng.random() < 0.3:
                shape = shape[self.int(0, rank - 1) :]
            return shape

        a, b_shape = (y, y) if rng.random() < 0.3 else (part(), part())
        if rng.random() < 0.5:
            a, b_shape = b_shape, a
        full_a, full_b = [1] * (rank - len(a)) + a, [1] * (rank - len(b_shape)) + b_shape
        y = [max(n, m) for n, m in zip(full_a, full_b)]
        options = {"add": schema.AddOptionsT, "sub": schema.SubOptionsT, "mul": schema.MulOptionsT}[kind]()

        def make():
            options.fusedActivationFunction = getattr(schema.ActivationFunctionType, ACTIVATIONS[self.int(0, 3)])
            s_a, s_b, seed = self.scale(), self.scale(), self.seed()
            wide = max(s_a, s_b) * rng.uniform(0.8, 3) if kind != "mul" else s_a * s_b * rng.uniform(30, 300)
            s_y = np.float32(np.exp2(np.round(np.log2(wide))) if rng.random() < 0.2 else wide)
            z_a, z_b, z_y = self.zero(), self.zero(), self.zero()
            b = Builder()
            inputs = [b.tensor(a, s_a, z_a), b.tensor(b_shape, s_b, z_b)]
            y_at = b.tensor(y, s_y, z_y)
            values = [noise(seed, int(np.prod(a))).reshape(a), noise(seed ^ 0x5555, int(np.prod(b_shape))).reshape(b_shape)]
            out, blob = self.run(b, kind.upper(), options, inputs, y_at, values, 2)
            model = tflm.Model(blob)
            ((_, operator),) = model.operators()
            low, high = tflm.activation_range(model, operator)
            return Set(out, [seed, z_a, z_b, z_y, low, high], [s_a, s_b, s_y])

        self.shape(kind, [array(a), array(b_shape), array(y)], make, sets)

    # Functions of one value

    def function(self, kind, sets):
        count = 64

        def make():
            seed, s_x, z_x = self.seed(), self.scale(0.005, 0.3), self.zero()
            s_y, z_y = np.float32(s_x * self.rng.uniform(0.4, 4)), self.zero()
            code, options = kind.upper(), schema.AddOptionsT()
            if kind == "relu6":
                s_x = self.scale(0.02, 0.1)
                s_y, z_y = s_x, z_x
            elif kind == "logistic":
                s_y, z_y = np.float32(1 / 256), -128
            elif kind == "tanh":
                s_y, z_y = np.float32(1 / 128), 0
            elif kind == "hard_swish":
                options = schema.HardSwishOptionsT()
            elif kind == "requantize":
                code, options = "QUANTIZE", schema.QuantizeOptionsT()
            b = Builder()
            x_at, y_at = b.tensor((1, count), s_x, z_x), b.tensor((1, count), s_y, z_y)
            y, _ = self.run(b, code, options, [x_at], y_at, [noise(seed, count).reshape(1, count)])
            return Set(y, [seed, z_x, z_y], [s_x, s_y])

        self.shape(kind, [], make, sets)

    def softmax(self, n, sets):
        def make():
            options, seed = schema.SoftmaxOptionsT(), self.seed()
            options.beta = float(np.float32(self.rng.choice([1.0, 1.0, 0.5, self.rng.uniform(0.1, 3)])))
            scale, zero = np.float32(10.0 ** self.rng.uniform(-3, 0.5)), self.zero()
            b = Builder()
            x_at, y_at = b.tensor((1, n), scale, zero), b.tensor((1, n), 1 / 256, -128)
            y, _ = self.run(b, "SOFTMAX", options, [x_at], y_at, [noise(seed, n).reshape(1, n)])
            return Set(y, [seed], [scale, options.beta])

        self.shape("softmax", [n], make, sets)

    def quantize(self, kind, sets):
        count = 16

        def make():
            seed, scale, zero = self.seed(), self.scale(), self.zero()
            b = Builder()
            raw = noise(seed, 2 * count)
            if kind == "quantize":
                x = (raw[:count].astype(np.float32) + raw[count:].astype(np.float32) / np.float32(256)) * np.float32(0.05)
                x_at, y_at = b.tensor((1, count), 1.0, 0, kind="FLOAT32"), b.tensor((1, count), scale, zero)
                options = schema.QuantizeOptionsT()
            else:
                x = raw[:count]
                x_at, y_at = b.tensor((1, count), scale, zero), b.tensor((1, count), 1.0, 0, kind="FLOAT32")
                options = schema.DequantizeOptionsT()
            y, _ = self.run(b, kind.upper(), options, [x_at], y_at, [x.reshape(1, count)])
            return Set(y, [seed, zero], [scale])

        self.shape(kind, [], make, sets)

    # Reductions

    def reduce(self, kind, sets):
        rng = self.rng
        # A batch that is not reduced, as the reference has it.
        x = [1] + self.sizes(self.int(1, 3), 6)
        axes = sorted(rng.choice(np.arange(1, len(x)), self.int(1, min(2, len(x) - 1)), replace=False).tolist())
        keep = bool(rng.random() < 0.5)
        y = [1 if k in axes else n for k, n in enumerate(x) if keep or k not in axes]
        options = schema.ReducerOptionsT()
        options.keepDims = keep

        def make():
            seed, s_x, z_x = self.seed(), self.scale(), self.zero()
            s_y, z_y = np.float32(s_x * rng.uniform(0.3, 1.5)), self.zero()
            if kind == "reduce_max" or rng.random() < 0.2:
                s_y, z_y = s_x, z_x
            b = Builder()
            x_at = b.tensor(x, s_x, z_x)
            axis = b.tensor((len(axes),), 1.0, 0, np.asarray(axes, np.int32), 0, "INT32")
            y_at = b.tensor(y, s_y, z_y)
            values = [noise(seed, int(np.prod(x))).reshape(x)]
            out, _ = self.run(b, kind.upper(), options, [x_at, axis], y_at, values)
            return Set(out, [seed, z_x, z_y], [s_x, s_y])

        inner = [a - 1 for a in axes]
        self.shape(kind, [array(x[1:]), array(y[1:]), f"&{inner}"], make, sets)

    def arg_max(self, sets):
        rows, n = self.sizes(2, 9)

        def make():
            seed = self.seed()
            b = Builder()
            x_at = b.tensor((rows, n), 0.1, 0)
            axis = b.tensor((1,), 1.0, 0, np.asarray([1], np.int32), 0, "INT32")
            y_at = b.tensor((rows,), 1.0, 0, kind="INT32")
            options = schema.ArgMaxOptionsT()
            options.outputType = TYPES.INT32
            # Few different values, so that there are several maxima.
            x = (noise(seed, rows * n) >> 5).reshape(rows, n)
            y, _ = self.run(b, "ARG_MAX", options, [x_at, axis], y_at, [x])
            return Set(y.astype(np.int8), [seed], [1.0])

        self.shape("arg_max", [n, rows], make, sets)

    # Moving values

    def transpose(self):
        x = self.sizes(self.int(1, 4), 5)
        order = self.rng.permutation(len(x)).tolist()
        y = [x[k] for k in order]

        def make():
            seed = self.seed()
            b = Builder()
            x_at = b.tensor(x, 0.1, 0)
            p_at = b.tensor((len(x),), 1.0, 0, np.asarray(order, np.int32), 0, "INT32")
            y_at = b.tensor(y, 0.1, 0)
            values = [noise(seed, int(np.prod(x))).reshape(x)]
            out, _ = self.run(b, "TRANSPOSE", schema.TransposeOptionsT(), [x_at, p_at], y_at, values)
            return Set(out, [seed], [1.0])

        self.shape("transpose", [array(x), array(y), f"&{order}"], make, 1)

    def strided_slice(self):
        x = self.sizes(self.int(1, 4), 6)
        begin, end, step, y = [], [], [], []
        for n in x:
            s = int(self.rng.choice([1, 1, 2, 3, -1, -2]))
            first, last = sorted((self.int(0, n - 1), self.int(0, n - 1)))
            if s < 0:
                first, last = last, first
            begin.append(first)
            # An end of -1 is the last value, so that all of a reversed axis needs a number below -n.
            stop = last + (1 if s > 0 else -1)
            end.append(stop if stop >= 0 else -n - 1)
            step.append(s)
            y.append(abs(last - first) // abs(s) + 1)

        def make():
            seed = self.seed()
            b = Builder()
            x_at = b.tensor(x, 0.1, 0)
            parts = [b.tensor((len(x),), 1.0, 0, np.asarray(v, np.int32), 0, "INT32") for v in (begin, end, step)]
            y_at = b.tensor(y, 0.1, 0)
            options = schema.StridedSliceOptionsT()
            values = [noise(seed, int(np.prod(x))).reshape(x)]
            out, _ = self.run(b, "STRIDED_SLICE", options, [x_at, *parts], y_at, values)
            return Set(out, [seed], [1.0])

        self.shape("strided_slice", [array(x), array(y), f"&{begin}", f"&{step}"], make, 1)

    def pad(self):
        x = self.sizes(self.int(1, 4), 4)
        before, behind = [self.int(0, 2) for _ in x], [self.int(0, 2) for _ in x]
        y = [a + n + c for a, n, c in zip(before, x, behind)]

        def make():
            seed, zero = self.seed(), self.zero()
            b = Builder()
            x_at = b.tensor(x, 0.1, zero)
            p_at = b.tensor((len(x), 2), 1.0, 0, np.asarray(list(zip(before, behind)), np.int32), 0, "INT32")
            y_at = b.tensor(y, 0.1, zero)
            values = [noise(seed, int(np.prod(x))).reshape(x)]
            out, _ = self.run(b, "PAD", schema.PadOptionsT(), [x_at, p_at], y_at, values)
            return Set(out, [seed, zero], [1.0])

        self.shape("pad", [array(x), array(y), f"&{before}"], make, 1)

    def concat(self):
        a = self.sizes(self.int(1, 4), 4)
        axis = self.int(0, len(a) - 1)
        c = list(a)
        c[axis] = self.int(1, 4)
        y = list(a)
        y[axis] += c[axis]

        def make():
            seed = self.seed()
            b = Builder()
            inputs = [b.tensor(a, 0.1, 0), b.tensor(c, 0.1, 0)]
            y_at = b.tensor(y, 0.1, 0)
            options = schema.ConcatenationOptionsT()
            options.axis = axis
            values = [noise(seed, int(np.prod(a))).reshape(a), noise(seed ^ 0x5555, int(np.prod(c))).reshape(c)]
            out, _ = self.run(b, "CONCATENATION", options, inputs, y_at, values, 2)
            return Set(out, [seed], [1.0])

        self.shape("concat", [array(a), array(c), array(y), axis, a[axis]], make, 1)

    def rust(self, shaped):
        """The shapes as calls: those that are whole types, or those that are numbers."""
        out = ["//! Shapes of the sweep, generated by `tools/gen_sweep.py`: do not edit.", ""]
        out += ["use super::kinds;"] if shaped else ["use rekindle_kernels::AUTO;", "", "use super::{kinds, ops};"]
        for kind, cases in self.cases.items():
            if shaped != (kind in SHAPED):
                continue
            # Also without `test`: the firmware that runs the DSP's path calls some of them.
            out += ["", "#[cfg_attr(test, test)]", f"pub fn {kind}_over_{self.counts[kind]}_combinations() {{"]
            out += [f'    let golden = kinds::open("{kind}", {self.counts[kind]});']
            for name, parameters in cases:
                text = ", ".join(map(str, parameters))
                if shaped:
                    out += [f'    kinds::{kind}!(golden, "{name}", {text});']
                elif parameters:
                    text = ", ".join(map(str, [*parameters, *window(kind, parameters)]))
                    out += [f'    ops::{"dense" if kind == "channel_dense" else kind}::<{text}>(&golden, "{name}");']
                else:
                    out += [f'    ops::{kind}(&golden, "{name}");']
            out += ["}"]
        return "\n".join(out) + "\n"


def window(kind, parameters):
    """Rows of the input in SRAM, for kernels that have a form with a line buffer."""
    if kind in ("conv", "depthwise"):
        h, kh, dh = parameters[0], parameters[6], parameters[10]
        return [min(h, (kh - 1) * dh + 1)]
    if kind in ("max_pool", "average_pool"):
        h, kh, sh = parameters[0], parameters[5], parameters[7]
        return [max(1, min(h, kh - sh))]
    return []


def hidden(y):
    """Whether most outputs are one of two values."""
    values, counts = np.unique(y, return_counts=True)
    return y.size > 8 and np.sort(counts)[-2:].sum() > 0.6 * y.size


def array(sizes):
    """The type of nested arrays."""
    text = "i8"
    for n in reversed(sizes):
        text = f"[{text}; {n}]"
    return text


def main():
    s = Sweep()
    for _ in range(50):
        for kind in ("conv", "depthwise", "dense", "channel_dense"):
            s.weighted(kind, 4)
        s.pool("max_pool", 4)
        s.pool("average_pool", 4)
        for kind in ("add", "sub", "mul"):
            s.binary(kind, 4)
    for _ in range(20):
        s.weighted("transpose_conv", 5)
        s.reduce("mean", 10)
        s.reduce("reduce_max", 2)
        s.arg_max(2)
    for _ in range(30):
        s.transpose()
        s.strided_slice()
        s.pad()
        s.concat()
    for kind in ("relu", "relu6", "hard_swish", "logistic", "tanh", "requantize"):
        s.function(kind, 200)
    for n in (1, 2, 10, 33, 130):
        s.softmax(n, 40)
    s.quantize("quantize", 200)
    s.quantize("dequantize", 200)
    size = s.golden.write(ROOT / "tests" / "data" / "sweep.golden")
    target = ROOT / "tests" / "tests" / "sweep"
    (target / "cases.rs").write_text(s.rust(shaped=False))
    (target / "shapes.rs").write_text(s.rust(shaped=True))
    print(f"tests/data/sweep.golden: {size} bytes, {s.counts}")


if __name__ == "__main__":
    main()
