"""Spaces of networks as data: `spaces/*.json`, decisions with their options, and how they make a network.

A space is `{"name", "input", "classes", "norm", "decisions": {name: [option, …]}, "layers": […], "tail": […]}`. A value of a layer
that is a string is the decision of that name; a layer with `"if": name` is there if that decision is not 0.
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
        layers = []
        for entry in self.data["layers"]:
            if entry.get("if") and not choice[entry["if"]]:
                continue
            numbers = ("outputs", "kernel", "stride")
            layers.append(
                {
                    key: choice[value] if key in numbers and isinstance(value, str) else value
                    for key, value in entry.items()
                    if key != "if"
                }
            )
        label = "-".join(str(choice[name]) for name in self.decisions)
        return parse(
            {
                "name": f"{self.name}:{label}",
                "input": self.data["input"],
                "classes": self.data["classes"],
                "norm": self.data.get("norm", True),
                "layers": layers,
            },
            f"{self.name}:{label}",
        )


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
    used = {v for entry in data["layers"] for k, v in entry.items() if isinstance(v, str)}
    unknown = used - set(decisions) - {"conv", "depthwise", "pool", "dense", "same", "valid"}
    if unknown:
        raise NetworkError(f"{path}: no such decision: {', '.join(sorted(unknown))}")
    return space
