"""Spaces of networks as data: `spaces/*.json`, decisions with their options, and how they make a network.

A space is `{"name", "input", "classes", "norm", "decisions": {name: [option, …]}, "layers": […]}`. A value of a layer or of the
input that is a string is the decision of that name; a layer with `"if": name` is there if that decision is not 0. A
convolution with `"expand": n` in place of `outputs` has n times as many channels as it reads, and an `add` is there where what
it adds has the same shape: so blocks of MobileNetV2 are described.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .data import ROOT
from .network import Network, NetworkError, parse

FOLDER = ROOT / "search" / "spaces"


@dataclass(frozen=True)
class Space:
    """Decisions, and what they make."""

    name: str
    decisions: dict[str, list[int]]
    data: dict[str, Any]

    def size(self) -> int:
        """Networks, those with the same layers counted as often as they are described."""
        total = 1
        for options in self.decisions.values():
            total *= len(options)
        return total

    def convolutions(self) -> list[dict[str, Any]]:
        """The layers that a choice may make convolutions of."""
        return [entry for entry in self.data["layers"] if entry["op"] == "conv"]

    def all(self) -> Iterator[dict[str, int]]:
        """Every choice, in order."""
        for options in itertools.product(*self.decisions.values()):
            yield dict(zip(self.decisions, options))

    def largest(self) -> dict[str, int]:
        """The largest option of each decision."""
        return {name: max(options) for name, options in self.decisions.items()}

    def smallest(self) -> dict[str, int]:
        """The smallest option of each decision."""
        return {name: min(options) for name, options in self.decisions.items()}

    def sample(self, rng: random.Random) -> dict[str, int]:
        """A choice for each decision, all equally likely."""
        return {name: rng.choice(options) for name, options in self.decisions.items()}

    def mutate(self, choice: dict[str, int], rng: random.Random) -> dict[str, int]:
        """The same but for one decision."""
        name = rng.choice([n for n, options in self.decisions.items() if len(options) > 1])
        options = [option for option in self.decisions[name] if option != choice[name]]
        return choice | {name: rng.choice(options)}

    def network(self, choice: dict[str, int]) -> Network:
        """The network of a choice; `NetworkError` where it is none."""
        label = f"{self.name}:{'-'.join(str(choice[name]) for name in self.decisions)}"
        head = {
            "name": label,
            "input": _chosen(self.data["input"], choice),
            "classes": self.data["classes"],
            "norm": self.data.get("norm", True),
        }
        layers: list[dict[str, Any]] = []
        for described in self.data["layers"]:
            if described.get("if") and not choice[described["if"]]:
                continue
            entry = {
                key: _chosen(value, choice) if key in NUMBERS else value
                for key, value in described.items()
                if key != "if"
            }
            if "expand" in entry or entry["op"] == "add":
                shapes = parse(head | {"layers": layers}, label).shapes()
                if entry["op"] == "add":
                    if len(shapes) <= entry["back"] or shapes[-1 - entry["back"]] != shapes[-1]:
                        continue
                else:
                    entry["outputs"] = entry.pop("expand") * shapes[-1][2]
            layers.append(entry)
        return parse(head | {"layers": layers}, label)


# What of a layer may be a decision.
NUMBERS = ("outputs", "kernel", "stride", "expand")


def _chosen(value: Any, choice: dict[str, int]) -> Any:
    """With decisions in place of their names, also within a list."""
    if isinstance(value, list):
        return [_chosen(entry, choice) for entry in value]
    return choice[value] if isinstance(value, str) else value


def _names(value: Any) -> set[str]:
    """The decisions that a value names."""
    if isinstance(value, list):
        return {name for entry in value for name in _names(entry)}
    return {value} if isinstance(value, str) else set()


def load(name: str) -> Space:
    """Reads a space that is shipped, or a file."""
    path = Path(name) if name.endswith(".json") else FOLDER / f"{name}.json"
    try:
        data = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise NetworkError(f"{path}: {error}") from error
    decisions = data.get("decisions")
    if not isinstance(decisions, dict) or not all(
        isinstance(options, list) and options and all(isinstance(o, int) for o in options)
        for options in decisions.values()
    ):
        raise NetworkError(f"{path}: `decisions` must be lists of whole numbers by name")
    space = Space(data.get("name", path.stem), decisions, data)
    used = _names(data["input"])
    for entry in data["layers"]:
        for key, value in entry.items():
            used |= _names(value) if key in (*NUMBERS, "if") else set()
    unknown = used - set(decisions)
    if unknown:
        raise NetworkError(f"{path}: no such decision: {', '.join(sorted(unknown))}")
    return space
