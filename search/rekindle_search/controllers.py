"""What proposes the next candidate: samplers of Optuna studies, so that a study lies on disk and several machines can share it.

A study maximises the validation accuracy of networks that meet a deadline. A candidate that the planner refuses is told as such
and costs none of the budget, which counts evaluations.
"""

from __future__ import annotations

import os
import random
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from .spaces import Space

NAMES = ("random", "evolution", "tpe")
# Candidates that a study looks at for each that it evaluates, at most: where hardly any meets the deadline, it ends.
PATIENCE = 50
# Real et al. 2019 use 100 and 25 for 20,000 evaluations; the smaller the budget, the smaller both.
POPULATION, TOURNAMENT = 12, 4


class RegularisedEvolution(BaseSampler):
    """Changes one decision of the best of a few of the youngest candidates; the oldest die (Real et al. 2019)."""

    def __init__(self, space: Space, seed: int) -> None:
        self.space = space
        self.rng = random.Random(seed)

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, Any]:
        """All decisions are made together."""
        return distributions(self.space)

    def sample_relative(self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, Any]) -> dict[str, Any]:
        """A random candidate while the population grows, a mutant after that."""
        alive = [t for t in study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]) if not refused(t)]
        if len(alive) < POPULATION:
            return self.space.sample(self.rng)
        youngest = alive[-POPULATION:]
        parent = max(self.rng.sample(youngest, TOURNAMENT), key=lambda t: t.value)
        return self.space.mutate(dict(parent.params), self.rng)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: Any
    ) -> Any:
        """Not used: nothing is left over."""
        return self.rng.choice(list(param_distribution.choices))


def distributions(space: Space) -> dict[str, Any]:
    """The decisions as Optuna knows them."""
    return {name: CategoricalDistribution(options) for name, options in space.decisions.items()}


def refused(trial: FrozenTrial) -> bool:
    """Whether the planner refused a candidate."""
    return bool(trial.user_attrs.get("refused"))


def sampler(name: str, space: Space, seed: int) -> BaseSampler:
    """A controller by its name."""
    if name == "random":
        return RandomSampler(seed=seed)
    if name == "evolution":
        return RegularisedEvolution(space, seed)
    return TPESampler(seed=seed, n_startup_trials=POPULATION, multivariate=True)


def storage(file: Path) -> optuna.storages.BaseStorage:
    """Studies in a file, which processes on several machines may share."""
    file.parent.mkdir(parents=True, exist_ok=True)
    return optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(file)))


def run(
    name: str,
    space: Space,
    seed: int,
    budget: int,
    feasible: Callable[[dict[str, int]], bool],
    evaluate: Callable[[dict[str, int]], float],
    kept: optuna.storages.BaseStorage | None = None,
    study_name: str | None = None,
) -> list[tuple[dict[str, int], float]]:
    """Evaluates `budget` different candidates, or as many as it finds.

    A study that is kept goes on where it was, and several processes may work on it; together they evaluate as many, and
    at most one more for each of them. Returns candidates in the order of evaluation.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # Another process, or the same one again, must not propose what this one does.
    own = seed if kept is None else zlib.crc32(f"{seed} {os.getpid()} {time.time_ns()}".encode())
    study = optuna.create_study(
        sampler=sampler(name, space, own), direction="maximize", storage=kept, study_name=study_name, load_if_exists=True
    )
    cache: dict[tuple[int, ...], float | None] = {}
    found: list[tuple[dict[str, int], float]] = []

    def told() -> None:
        """What is known by now, from all processes."""
        cache.clear()
        found.clear()
        for trial in study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]):
            key = tuple(trial.params[name] for name in space.decisions)
            if key not in cache and not refused(trial):
                found.append((dict(trial.params), trial.value))
            cache[key] = None if refused(trial) else trial.value

    told()
    for _ in range(PATIENCE * budget):
        if len(found) >= budget:
            break
        trial = study.ask(distributions(space))
        choice = dict(trial.params)
        key = tuple(choice[name] for name in space.decisions)
        if key not in cache:
            cache[key] = evaluate(choice) if feasible(choice) else None
            if cache[key] is not None:
                found.append((choice, cache[key]))
        value = cache[key]
        if value is None:
            trial.set_user_attr("refused", True)
        trial.set_constraint("deadline", 1.0 if value is None else -1.0)
        study.tell(trial, 0.0 if value is None else value)
        if kept is not None:
            told()
    return found
