"""Accuracies of a supernet's parts and their prices, kept in a file: each is computed once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .cost import Planner, Setting
from .spaces import Space


class Records:
    """Lines of JSON, each with a key; a line that an interruption cut short is left out."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.known: dict[str, Any] = {}
        self.torn = False
        if file.exists():
            self.torn = not file.read_text().endswith("\n")
            for line in file.read_text().splitlines():
                try:
                    entry = json.loads(line)
                    self.known[entry["key"]] = entry["value"]
                except (json.JSONDecodeError, KeyError):
                    continue

    def get(self, key: str, compute: Any) -> Any:
        """What is known, or what `compute` says, which is known from then on."""
        if key not in self.known:
            self.known[key] = compute()
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("a") as lines:
                # A line of its own, also after one that was cut short.
                lines.write(("\n" if self.torn else "") + json.dumps({"key": key, "value": self.known[key]}) + "\n")
            self.torn = False
        return self.known[key]


class Parts:
    """Parts of a supernet: validation accuracy with the weights they inherit, and latency by capacitor."""

    def __init__(self, supernet: Any, home: Path, calibration: Any, images: Any, labels: Any, planner: Planner) -> None:
        self.supernet, self.calibration, self.images, self.labels = supernet, calibration, images, labels
        self.planner = planner
        self.accuracies = Records(home / "inherited.jsonl")
        self.latencies = Records(home / "latencies.jsonl")

    def accuracy(self, choice: dict[str, int], space: Space) -> float:
        """On the validation set."""
        part = self.supernet.part(choice, space)
        return float(
            self.accuracies.get(
                repr(part.layers),
                lambda: self.supernet.accuracy(part, self.calibration, self.images, self.labels),
            )
        )

    def latency(self, choice: dict[str, int], space: Space, setting: Setting) -> float:
        """In seconds, whatever the deadline; infinite where it cannot run."""
        part = self.supernet.part(choice, space)
        key = f"{setting.capacitance_f} {setting.harvester_ohm} {part.layers!r}"

        def ask() -> float | None:
            price = self.planner.price(space.network(choice), setting, deadline=False)
            return price.latency_s if price.feasible else None

        found = self.latencies.get(key, ask)
        return float("inf") if found is None else float(found)
