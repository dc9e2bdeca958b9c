"""The same student with and without a teacher, from the same seeds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from .data import Data
from .network import Network

# The share of the loss that follows the teacher, and the temperature (Hinton et al. 2015 use 2 to 20).
SHARE, TEMPERATURE = 0.9, 4.0


def compare(
    student: Network,
    teacher: Any,
    taught_by: str,
    data: Data,
    recipe: Any,
    seeds: list[int],
    runs: Path,
    report: Any = print,
) -> dict[str, Any]:
    """Trains the student twice per seed. The difference of validation accuracies is tested pairwise (Student's t)."""
    from . import train

    rows = []
    for seed in seeds:
        alone = replace(recipe, seed=seed)
        taught = replace(alone, distillation=SHARE, temperature=TEMPERATURE)
        name = f"{student.name}-{recipe.epochs}-{seed}"
        _, plain = train.train(student, data, alone, runs / name, report=report)
        _, distilled = train.train(
            student, data, taught, runs / f"{name}-taught", teacher=teacher, report=report
        )
        rows.append(
            {
                "seed": seed,
                "alone": plain["validation"],
                "taught": distilled["validation"],
                "seconds_alone": plain["seconds"],
                "seconds_taught": distilled["seconds"],
            }
        )
    return {
        "student": student.name,
        "teacher": taught_by,
        "epochs": recipe.epochs,
        "share": SHARE,
        "temperature": TEMPERATURE,
        "rows": rows,
    } | paired([row["alone"] for row in rows], [row["taught"] for row in rows])


def paired(before: list[float], after: list[float]) -> dict[str, float | None]:
    """Mean difference, half of its 95 % interval, and the two-sided probability under no difference."""
    differences = np.asarray(after) - np.asarray(before)
    mean = float(differences.mean())
    if len(differences) < 2:
        return {"gain": mean, "interval": None, "p": None}
    error = float(differences.std(ddof=1) / np.sqrt(len(differences)))
    if error == 0.0:
        return {"gain": mean, "interval": 0.0, "p": 1.0 if mean == 0.0 else 0.0}
    interval = float(stats.t.ppf(0.975, len(differences) - 1)) * error
    return {"gain": mean, "interval": interval, "p": float(stats.ttest_rel(after, before).pvalue)}
