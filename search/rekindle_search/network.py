"""Networks as data: what the planner prices and what is trained are made from the same description.

A network is a JSON object::

    {"name": "plain-8", "input": [32, 32, 3], "classes": 10, "layers": [
        {"op": "conv", "outputs": 16, "kernel": 3, "stride": 2, "padding": "same"}, ..., {"op": "pool"}, {"op": "dense"}]}

`conv` and `depthwise` are followed by batch norm (folded into them on export) and ReLU, which `"linear": true` leaves out; a kernel is
a number, or rows and columns: `[3, 1]`. `pool` is the global average; `dense` gives the classes, or with `outputs` that many values
behind a ReLU. `{"op": "add", "back": 3}` adds what the third layer before it read to what the last one wrote (a residual).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OPS = ("conv", "depthwise", "pool", "dense", "add")
Kernel = int | tuple[int, int]


class NetworkError(Exception):
    """A description that is no network; names the layer."""


@dataclass(frozen=True)
class Layer:
    """One layer. `outputs` are channels; `padding` is `same` or `valid`; `back` is that of an `add`."""

    op: str
    outputs: int = 0
    kernel: Kernel = 1
    stride: int = 1
    padding: str = "same"
    linear: bool = False
    back: int = 0

    def sides(self) -> tuple[int, int]:
        """Rows and columns of the kernel."""
        return (self.kernel, self.kernel) if isinstance(self.kernel, int) else self.kernel

    def taps(self) -> int:
        """Places of the kernel."""
        rows, columns = self.sides()
        return rows * columns


@dataclass(frozen=True)
class Network:
    """Layers in sequence."""

    name: str
    layers: tuple[Layer, ...]
    input: tuple[int, int, int] = (32, 32, 3)
    classes: int = 10
    norm: bool = field(default=True)

    def shapes(self) -> list[tuple[int, int, int]]:
        """Height, width and channels: of the input, and of each layer's output."""
        shapes = [self.input]
        for number, layer in enumerate(self.layers):
            height, width, channels = shapes[-1]
            if layer.op in ("conv", "depthwise"):
                height, width = (_extent(n, k, layer) for n, k in zip((height, width), layer.sides()))
                if min(height, width) < 1:
                    raise NetworkError(f"{self.name}: layer {number}: the kernel is larger than its input")
                channels = layer.outputs if layer.op == "conv" else channels
            elif layer.op == "pool":
                height, width = 1, 1
            elif layer.op == "add":
                if not 0 < layer.back <= number or shapes[number - layer.back] != shapes[-1]:
                    raise NetworkError(f"{self.name}: layer {number}: it adds to what has another shape, or is not there")
            else:
                height, width, channels = 1, 1, layer.outputs or self.classes
            shapes.append((height, width, channels))
        return shapes

    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        total = 0
        shapes = self.shapes()
        for layer, before, after in zip(self.layers, shapes, shapes[1:]):
            outputs = after[0] * after[1] * after[2]
            if layer.op == "conv":
                total += outputs * layer.taps() * before[2]
            elif layer.op == "depthwise":
                total += outputs * layer.taps()
            elif layer.op == "dense":
                total += outputs * before[0] * before[1] * before[2]
        return total

    def weights(self) -> int:
        """Weights without biases."""
        total = 0
        shapes = self.shapes()
        for layer, before, after in zip(self.layers, shapes, shapes[1:]):
            if layer.op == "conv":
                total += layer.taps() * before[2] * after[2]
            elif layer.op == "depthwise":
                total += layer.taps() * before[2]
            elif layer.op == "dense":
                total += before[0] * before[1] * before[2] * after[2]
        return total

    def to_json(self) -> dict[str, Any]:
        """As data: what `load` reads, and `rekindle price`."""
        layers = []
        for layer in self.layers:
            entry: dict[str, Any] = {"op": layer.op}
            if layer.op == "conv" or (layer.op == "dense" and layer.outputs):
                entry["outputs"] = layer.outputs
            if layer.op in ("conv", "depthwise"):
                kernel = layer.kernel if isinstance(layer.kernel, int) else list(layer.kernel)
                entry |= {"kernel": kernel, "stride": layer.stride, "padding": layer.padding}
            if layer.linear:
                entry["linear"] = True
            if layer.op == "add":
                entry["back"] = layer.back
            layers.append(entry)
        return {
            "name": self.name,
            "input": list(self.input),
            "classes": self.classes,
            "norm": self.norm,
            "layers": layers,
        }

    def key(self) -> str:
        """Tells this network from others whatever its name."""
        data = self.to_json() | {"name": ""}
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


def _extent(size: int, kernel: int, layer: Layer) -> int:
    if layer.padding == "same":
        return -(-size // layer.stride)
    return (size - kernel) // layer.stride + 1


# What a layer may say, by what it is.
_KEYS = {
    "conv": {"op", "outputs", "kernel", "stride", "padding", "linear"},
    "depthwise": {"op", "kernel", "stride", "padding"},
    "pool": {"op"},
    "dense": {"op", "outputs"},
    "add": {"op", "back"},
}


def parse(data: Any, where: str = "network") -> Network:
    """Reads a description, and names what is wrong with it."""

    def whole(value: Any, name: str, place: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise NetworkError(f"{place}: `{name}` must be a whole number above zero, not {value!r}")
        return value

    if not isinstance(data, dict) or not isinstance(data.get("layers"), list):
        raise NetworkError(f"{where}: must be an object with `layers`")
    layers = []
    for number, entry in enumerate(data["layers"]):
        place = f"{where}: layer {number}"
        if not isinstance(entry, dict) or entry.get("op") not in OPS:
            raise NetworkError(f"{place}: `op` must be one of {', '.join(OPS)}")
        unknown = set(entry) - _KEYS[entry["op"]]
        if unknown:
            raise NetworkError(f"{place}: unknown: {', '.join(sorted(unknown))}")
        if entry.get("padding", "same") not in ("same", "valid"):
            raise NetworkError(f"{place}: `padding` must be `same` or `valid`")
        if entry["op"] == "conv" or "outputs" in entry:
            whole(entry.get("outputs"), "outputs", place)
        if entry["op"] == "add":
            whole(entry.get("back"), "back", place)
        whole(entry.get("stride", 1), "stride", place)
        if not isinstance(entry.get("linear", False), bool):
            raise NetworkError(f"{place}: `linear` must be true or false")
        kernel = entry.get("kernel", 1)
        if isinstance(kernel, (list, tuple)) and len(kernel) == 2:
            entry = entry | {"kernel": tuple(whole(side, "kernel", place) for side in kernel)}
        else:
            whole(kernel, "kernel", place)
        layers.append(Layer(**entry))
    size = data.get("input", [32, 32, 3])
    if not isinstance(size, (list, tuple)) or len(size) != 3:
        raise NetworkError(f"{where}: `input` must be height, width and channels")
    for value in size:
        whole(value, "input", where)
    network = Network(
        name=str(data.get("name", where)),
        layers=tuple(layers),
        input=tuple(size),
        classes=whole(data.get("classes", 10), "classes", where),
        norm=bool(data.get("norm", True)),
    )
    network.shapes()
    return network


def load(path: Path) -> Network:
    """Reads a file."""
    try:
        data = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise NetworkError(f"{path}: {error}") from error
    return parse(data, str(path))
