"""What a supernet is asked: a table of all its parts, controllers compared, parts for settings, and how well it ranks."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from . import controllers
from .cost import SETTINGS, Setting
from .data import Data
from .inherited import Parts
from .spaces import Space
from .trained import Trained

# Deadlines of our settings, as shares of the latency of the largest network: the published ones are met by all parts.
SHARES = (0.35, 0.55, 0.75)
# Candidates that are priced for a setting, and how many of them are then looked at on the validation set.
PRICED, LOOKED_AT = 400, 5


def settings(parts: Parts | Trained, space: Space, boards: list[Setting] = SETTINGS) -> list[Setting]:
    """Nine settings: the published capacitors and harvesters, each with three deadlines of our own."""
    largest = space.largest()
    found = []
    first: dict[float, Setting] = {}
    for board in boards:
        first.setdefault(board.capacitance_f, board)
    for setting in first.values():
        whole = parts.latency(largest, space, setting)
        for share in SHARES:
            name = f"{setting.name.split('-')[0]}-{100 * share:.0f}%"
            found.append(replace(setting, name=name, deadline_s=round(share * whole, 1)))
    return found


def table(parts: Parts, space: Space, setting: Setting, report: Any) -> list[tuple[dict[str, int], float, float]]:
    """Every network of a space: accuracy and latency."""
    rows = []
    start = time.monotonic()
    for choice in space.all():
        rows.append((choice, parts.accuracy(choice, space), parts.latency(choice, space, setting)))
        if len(rows) % 50 == 0:
            report(f"{space.name}: {len(rows)} of {space.size()} after {time.monotonic() - start:.0f} s")
    return rows


def compare(
    parts: Parts | Trained,
    space: Space,
    setting: Setting,
    budget: int,
    seeds: int,
    best: float | None,
    report: Any,
    kept: Any = None,
) -> dict[str, Any]:
    """All controllers at the same budget over the same seeds; studies go on that are `kept`.

    `best` is the highest accuracy there is, where it is known. Each controller is tested against random search
    (Mann-Whitney U, two-sided).
    """
    start = time.monotonic()
    results: dict[str, list[float]] = {}
    for name in controllers.NAMES:
        results[name] = []
        for seed in range(seeds):
            found = controllers.run(
                name,
                space,
                seed,
                budget,
                lambda choice: parts.latency(choice, space, setting) <= setting.deadline_s,
                lambda choice: parts.accuracy(choice, space),
                kept,
                None if kept is None else f"{space.name} {setting.name} {name} {seed}",
            )
            results[name].append(max((accuracy for _, accuracy in found), default=0.0))
        report(f"{space.name}: {name}: {np.mean(results[name]):.4f} in the mean of {seeds} seeds")
    rows = []
    for name, values in results.items():
        error = float(np.std(values, ddof=1) / np.sqrt(seeds))
        rows.append(
            {
                "controller": name,
                "mean": float(np.mean(values)),
                "interval": float(stats.t.ppf(0.975, seeds - 1)) * error,
                "least": min(values),
                "found_best": None if best is None else sum(value >= best for value in values),
                "p": None
                if name == "random"
                else float(stats.mannwhitneyu(values, results["random"], alternative="two-sided").pvalue),
                "values": values,
            }
        )
    return {
        "space": space.name,
        "networks": space.size(),
        "setting": setting.name,
        "deadline_s": setting.deadline_s,
        "budget": budget,
        "seeds": seeds,
        "best": best,
        "rows": rows,
        "seconds": time.monotonic() - start,
    }


def features(choice: dict[str, int], space: Space) -> np.ndarray:
    """One number for each option of each decision, and for each pair of a kernel and its width."""
    chosen = [float(choice[name] == option) for name, options in space.decisions.items() for option in options]
    names = list(space.decisions)
    pairs = [
        float(choice[a] == x and choice[b] == y)
        for a, b in zip(names, names[1:])
        for x in space.decisions[a]
        for y in space.decisions[b]
    ]
    return np.array([1.0, *chosen, *pairs])


class Predictor:
    """Accuracy by ridge regression on what has been looked at."""

    def __init__(self, space: Space, choices: list[dict[str, int]], accuracies: list[float], ridge: float = 1.0) -> None:
        self.space = space
        inputs = np.stack([features(choice, space) for choice in choices])
        self.mean = float(np.mean(accuracies))
        gram = inputs.T @ inputs + ridge * np.eye(inputs.shape[1])
        self.weights = np.linalg.solve(gram, inputs.T @ (np.asarray(accuracies) - self.mean))

    def __call__(self, choice: dict[str, int]) -> float:
        return self.mean + float(features(choice, self.space) @ self.weights)


def specialise(
    parts: Parts, space: Space, setting: Setting, predictor: Predictor, seed: int
) -> tuple[dict[str, int] | None, dict[str, Any]]:
    """The best part for a setting: evolution by predicted accuracy and the planner's latency, then a look at the best few."""
    start = time.monotonic()
    rng = random.Random(seed)
    known: dict[tuple[int, ...], tuple[float, dict[str, int]]] = {}
    priced = 0
    smallest = space.smallest()
    population: list[tuple[float, dict[str, int]]] = []
    if parts.latency(smallest, space, setting) <= setting.deadline_s:
        population = [(predictor(smallest), smallest)]
    while population and priced < PRICED:
        # Parents are the best that there are; steps of one to three decisions.
        choice = dict(rng.choice(sorted(population, key=lambda entry: -entry[0])[:20])[1])
        for _ in range(rng.randint(1, 3)):
            choice = space.mutate(choice, rng)
        key = tuple(choice.values())
        if key in known:
            continue
        priced += 1
        latency = parts.latency(choice, space, setting)
        known[key] = (predictor(choice), choice)
        if latency <= setting.deadline_s:
            population.append(known[key])
    few = sorted(population, key=lambda entry: -entry[0])[:LOOKED_AT]
    looked = [(parts.accuracy(choice, space), choice) for _, choice in few]
    accuracy, best = max(looked, key=lambda entry: entry[0], default=(0.0, None))
    record = {
        "setting": setting.name,
        "deadline_s": setting.deadline_s,
        "choice": best,
        "latency_s": None if best is None else parts.latency(best, space, setting),
        "validation": accuracy,
        "priced": priced,
        "seconds": time.monotonic() - start,
    }
    return best, record


def correlate(
    parts: Parts, space: Space, data: Data, count: int, recipe: Any, runs: Path, report: Any
) -> dict[str, Any]:
    """Trains parts from the start, alone, and ranks them by both accuracies."""
    from . import train

    choices = sorted(space.all(), key=lambda choice: parts.accuracy(choice, space))
    # From the lowest to the highest, evenly.
    chosen = [choices[round(n * (len(choices) - 1) / (count - 1))] for n in range(count)]
    rows = []
    for choice in chosen:
        network = space.network(choice)
        name = network.name.replace(":", "-")
        _, record = train.train(network, data, recipe, runs / f"{name}-{recipe.epochs}-{recipe.seed}", report=report)
        rows.append(
            {
                "network": network.name,
                "macs": network.macs(),
                "inherited": parts.accuracy(choice, space),
                "alone": record["validation"],
                "seconds": record["seconds"],
            }
        )
    inherited, alone = [row["inherited"] for row in rows], [row["alone"] for row in rows]
    kendall, spearman = stats.kendalltau(inherited, alone), stats.spearmanr(inherited, alone)
    return {
        "space": space.name,
        "epochs": recipe.epochs,
        "rows": rows,
        "kendall": float(kendall.statistic),
        "kendall_p": float(kendall.pvalue),
        "spearman": float(spearman.statistic),
    }


