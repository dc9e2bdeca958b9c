"""Candidates that are trained one by one: what controllers are asked for where no supernet stands in for training."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from .cost import Planner, Setting
from .data import Data
from .inherited import Records
from .spaces import Space


class Trained:
    """Validation accuracies after training, and latencies; each network is trained once, whoever asks."""

    def __init__(self, sets: Data, recipe: Any, home: Path, planner: Planner, report: Any) -> None:
        self.sets, self.recipe, self.planner, self.report = sets, recipe, planner, report
        self.records = Records(home / f"trained-{recipe.epochs}-{recipe.seed}.jsonl")

    def record(self, choice: dict[str, int], space: Space) -> dict[str, Any]:
        """Accuracy and seconds of a candidate."""
        from . import train

        network = space.network(choice)

        def learn() -> dict[str, Any]:
            # A state that is kept for each epoch is not worth it: a network takes seconds.
            with tempfile.TemporaryDirectory() as home:
                _, record = train.train(network, self.sets, self.recipe, Path(home), report=lambda _: None)
            self.report(f"{network.name}: {record['validation']:.4f} after {record['seconds']:.1f} s")
            return {"validation": record["validation"], "seconds": record["seconds"]}

        return self.records.get(network.key(), learn)

    def accuracy(self, choice: dict[str, int], space: Space) -> float:
        """On the validation set."""
        return float(self.record(choice, space)["validation"])

    def latency(self, choice: dict[str, int], space: Space, setting: Setting) -> float:
        """In seconds, whatever the deadline; infinite where it cannot run."""
        return self.planner.price(space.network(choice), setting, deadline=False).latency_s
