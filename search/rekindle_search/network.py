"""Networks as data: what the planner prices and what is trained are made from the same description.

A network is a JSON object::

    {"name": "plain-8", "input": [32, 32, 3], "classes": 10, "layers": [
        {"op": "conv", "outputs": 16, "kernel": 3, "stride": 2, "padding": "same"}, ..., {"op": "pool"}, {"op": "dense"}]}

`conv` is followed by batch norm (folded into it on export) and ReLU; `pool` is the global average; `dense` gives the classes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OPS = ("conv", "depthwise", "pool", "dense")


class NetworkError(Exception):
    """A description that is no network; names the layer."""


@dataclass(frozen=True)
class Layer:
    """One layer. `outputs` are channels; `padding` is `same` or `valid`."""

    op: str
    outputs: int = 0
    kernel: int = 1
    stride: int = 1
    padding: str = "same"


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
                height, width = (_extent(n, layer) for n in (height, width))
                if min(height, width) < 1:
                    raise NetworkError(f"{self.name}: layer {number}: the kernel is larger than its input")
                channels = layer.outputs if layer.op == "conv" else channels
            elif layer.op == "pool":
                height, width = 1, 1
            else:
                height, width, channels = 1, 1, self.classes
            shapes.append((height, width, channels))
        return shapes

    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        total = 0
        shapes = self.shapes()
        for layer, before, after in zip(self.layers, shapes, shapes[1:]):
            outputs = after[0] * after[1] * after[2]
            if layer.op == "conv":
                total += outputs * layer.kernel**2 * before[2]
            elif layer.op == "depthwise":
                total += outputs * layer.kernel**2
            elif layer.op == "dense":
                total += outputs * before[0] * before[1] * before[2]
        return total

    def weights(self) -> int:
        """Weights without biases."""
        total = 0
        shapes = self.shapes()
        for layer, before, after in zip(self.layers, shapes, shapes[1:]):
            if layer.op == "conv":
                total += layer.kernel**2 * before[2] * after[2]
            elif layer.op == "depthwise":
                total += layer.kernel**2 * before[2]
            elif layer.op == "dense":
                total += before[0] * before[1] * before[2] * after[2]
        return total

    def to_json(self) -> dict[str, Any]:
        """As data: what `load` reads, and `rekindle price`."""
        layers = []
        for layer in self.layers:
            entry: dict[str, Any] = {"op": layer.op}
            if layer.op == "conv":
                entry["outputs"] = layer.outputs
            if layer.op in ("conv", "depthwise"):
                entry |= {"kernel": layer.kernel, "stride": layer.stride, "padding": layer.padding}
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


def _extent(size: int, layer: Layer) -> int:
    if layer.padding == "same":
        return -(-size // layer.stride)
    return (size - layer.kernel) // layer.stride + 1


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
        unknown = set(entry) - {"op", "outputs", "kernel", "stride", "padding"}
        if unknown:
            raise NetworkError(f"{place}: unknown: {', '.join(sorted(unknown))}")
        if entry.get("padding", "same") not in ("same", "valid"):
            raise NetworkError(f"{place}: `padding` must be `same` or `valid`")
        if entry["op"] == "conv":
            whole(entry.get("outputs"), "outputs", place)
        for name in ("kernel", "stride"):
            whole(entry.get(name, 1), name, place)
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
