"""The designs that iNAS publishes, as the planner's own file has them: networks, boards, latencies, and accuracies.

Source: Mendis, Kang, Hsiu, "Intermittent-Aware Neural Architecture Search", ACM TECS 20(5s) 64, 2021. Its deadlines for CIFAR-10
are those of `cost.SETTINGS`; for the other two data sets they are not at hand, and the published latency stands for them, which is
at most the deadline: so they are tighter.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from .cost import SETTINGS, Setting
from .data import ROOT
from .network import Layer, Network, NetworkError

FILE = ROOT / "planner" / "data" / "inas-settings.toml"
# Test accuracy in percent, float, as published; TS3 is known for CIFAR-10 alone.
ACCURACY = {
    "cifar-1mF": (54.39, 61.32, 63.48),
    "cifar-5mF": (54.86, 56.68, 60.93),
    "cifar-10mF": (53.69, 58.96, 63.56),
    "har-1mF": (89.18, 90.77),
    "har-5mF": (89.48, 90.84),
    "har-10mF": (90.46, 91.38),
    "kws-1mF": (74.19, 74.40),
    "kws-5mF": (74.09, 74.74),
    "kws-10mF": (74.05, 74.85),
}
_LAYER = re.compile(r"(conv|pool|fc) (\d+)x(\d+)x(\d+) -> (\d+), (\d+)x(\d+)")


@dataclass(frozen=True)
class Published:
    """A design, the board it was made for, and what is said of it. `data` is `cifar`, `har` or `kws`."""

    data: str
    setting: Setting
    network: Network
    latency_s: float
    accuracy: float


def accuracy(data: str, setting: str) -> float:
    """As published, in percent, for a setting such as `5mF-TS1`."""
    capacitor, number = setting.split("-TS")
    return ACCURACY[f"{data}-{capacitor}"][int(number) - 1]


def designs(file: Path = FILE) -> list[Published]:
    """All whose plans are at hand: two of the three deadlines of each data set and capacitor."""
    try:
        entries = tomllib.loads(file.read_text())["setting"]
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise NetworkError(f"{file}: {error}") from error
    return [_design(entry, file) for entry in entries]


def settings(data: str) -> list[Setting]:
    """The boards of a data set with their deadlines."""
    if data == "cifar":
        return SETTINGS
    return [design.setting for design in designs() if design.data == data]


def _design(entry: dict, file: Path) -> Published:
    data, capacitor, training = entry["name"].split("-")
    name = f"{capacitor}-{training.upper()}"
    latency = entry["published_latency_s"]
    deadline = next((s.deadline_s for s in SETTINGS if data == "cifar" and s.name == name), latency)
    layers, first, classes = [], None, 0
    for row in entry["layers"]:
        found = _LAYER.fullmatch(row["layer"])
        if not found:
            raise NetworkError(f"{file}: {entry['name']}: `{row['layer']}` is no layer")
        channels, height, width, outputs, rows, columns = (int(n) for n in found.groups()[1:])
        first = first or (height, width, channels)
        classes = outputs
        if found[1] == "conv":
            kernel = rows if rows == columns else (rows, columns)
            layers.append(Layer("conv", outputs, kernel, padding="valid"))
        else:
            layers.append(Layer("pool") if found[1] == "pool" else Layer("dense", outputs))
    # The last one gives the classes.
    layers[-1] = Layer("dense")
    network = Network(f"inas-{data}-{name}", tuple(layers), first, classes, norm=False)
    network.shapes()
    setting = Setting(name, entry["capacitance_f"], entry["harvester_ohm"], deadline, entry["margin"])
    return Published(data, setting, network, latency, accuracy(data, name))
