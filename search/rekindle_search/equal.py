"""Equal terms: the space, device, memory and deadlines of iNAS; from its designs to ours, one change at a time.

Float accuracy, as published. The steps at 5 mF and TS1 are: the published design; what a controller finds with the reference planner;
what random search finds with ours, and what the controller finds with ours; batch norm, which is folded on export; a teacher; or
training for twice as long. Candidates are judged after one epoch, the chosen ones are trained for as long as the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import controllers, data, distil, published, spaces, train
from .cost import SETTINGS, Planner, Setting
from .inherited import Records
from .network import Network

SPACE = "inas-cifar10"
# The setting whose steps are shown.
SHOWN = "5mF-TS1"
# How many times as long the last step trains.
LONGER = 2


@dataclass
class Bench:
    """What all steps share: the data, the length of training, the seed, and where runs are kept."""

    runs: Path
    epochs: int
    seed: int
    report: Callable[[str], None]
    sets: data.Data = field(default_factory=data.cifar10)

    def train(self, network: Network, epochs: int, teacher: Any = None) -> tuple[Any, dict[str, Any]]:
        """A network as the others are trained, or longer, or with a teacher."""
        recipe = train.Recipe(epochs=epochs, seed=self.seed)
        name = f"{network.name.replace(':', '-')}{'-norm' if network.norm else ''}-{epochs}-{self.seed}"
        if teacher is not None:
            recipe = replace(recipe, distillation=distil.SHARE, temperature=distil.TEMPERATURE)
            name += "-taught"
        return train.train(network, self.sets, recipe, self.runs / name, teacher=teacher, report=self.report)


class Pool:
    """Accuracies of candidates after one epoch, each trained once, whoever asks."""

    def __init__(self, bench: Bench, space: spaces.Space, file: Path) -> None:
        self.bench, self.space, self.records = bench, space, Records(file)

    def accuracy(self, choice: dict[str, int]) -> float:
        """On the validation set."""
        network = self.space.network(choice)

        def look() -> float:
            return self.bench.train(network, 1)[1]["validation"]

        return float(self.records.get(f"{network.key()} {self.bench.seed}", look))

    def search(self, controller: str, budget: int, planner: Planner, setting: Setting) -> tuple[Network, list[float]]:
        """The best of `budget` candidates that a planner says meet the deadline, and the accuracy of each."""
        found = controllers.run(
            controller,
            self.space,
            self.bench.seed,
            budget,
            lambda choice: planner.price(self.space.network(choice), setting).feasible,
            self.accuracy,
        )
        if not found:
            raise data.DataError(f"{self.space.name}: nothing meets {setting.name}")
        best = max(found, key=lambda entry: entry[1])[0]
        return self.space.network(best), [accuracy for _, accuracy in found]


def compare(bench: Bench, teacher: Any, teacher_name: str, budget: int, file: Path) -> dict[str, Any]:
    """Trains and prices all steps, and the other published designs."""
    designs = [design for design in published.designs() if design.data == "cifar"]
    pool = Pool(bench, spaces.load(SPACE), file)
    setting = next(s for s in SETTINGS if s.name == SHOWN)
    rows: list[dict[str, Any]] = []
    with Planner("ours") as ours, Planner("reference") as reference, Planner("continuous") as continuous:

        def row(step: str, network: Network, epochs: int, at: Setting, taught: bool = False, **more: Any) -> dict[str, Any]:
            model, record = bench.train(network, epochs, teacher if taught else None)
            prices = {s.name: ours.price(network, s, deadline=False).known_s for s in SETTINGS}
            found = {
                "step": step,
                "setting": at.name,
                "network": network.name,
                "description": network.to_json(),
                "macs": network.macs(),
                "epochs": epochs,
                "seed": bench.seed,
                "validation": record["validation"],
                "test": train.accuracy(model, bench.sets.test),
                "seconds": record["seconds"],
                "latency_s": prices[at.name],
                "latencies_s": prices,
                "reference_latency_s": reference.price(network, at, deadline=False).known_s,
                **more,
            }
            bench.report(f"{step}: {network.name}: {found['test']:.4f}")
            return found

        others = []
        for design in designs:
            said = {"published": design.accuracy, "published_latency_s": design.latency_s, "deadline_s": design.setting.deadline_s}
            step = "the published design"
            (rows if design.setting.name == SHOWN else others).append(
                row(step, design.network, bench.epochs, design.setting, **said)
            )
        searches = (
            (f"the best of {budget} by TPE that the reference planner runs in time", "tpe", reference),
            (f"our planner: the best of {budget} at random", "random", ours),
            (f"the controller: the best of {budget} by TPE", "tpe", ours),
        )
        chosen = designs[0].network
        for step, controller, planner in searches:
            chosen, seen = pool.search(controller, budget, planner, setting)
            mean = sum(seen) / len(seen)
            rows.append(row(step, chosen, bench.epochs, setting, candidates=len(seen), candidates_mean=mean))
        normed = replace(chosen, norm=True)
        rows += [
            row("batch norm, folded on export", normed, bench.epochs, setting),
            row(f"distillation from {teacher_name}", normed, bench.epochs, setting, taught=True),
            row("twice as long, without the teacher", normed, LONGER * bench.epochs, setting),
        ]
        # As for power that never fails, the deadline is all that counts: no candidate is refused.
        designed = []
        for at in SETTINGS:
            price = continuous.price(chosen, at)
            planned = ours.price(chosen, at)
            designed.append(
                {
                    "setting": at.name,
                    "network": chosen.name,
                    "refused": price.refused,
                    "lacks": price.lacks,
                    "latency_s": continuous.price(chosen, at, deadline=False).known_s,
                    "ours_latency_s": planned.known_s,
                }
            )
    return {"steps": rows, "others": others, "continuous": designed, "budget": budget, "teacher": teacher_name}
