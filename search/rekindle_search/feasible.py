"""What can run at all: samples of a space, priced before anything is trained."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from typing import Any

from .cost import Planner, Setting
from .network import NetworkError
from .spaces import Space

# The least share of a part that is to be in time.
ENOUGH = 0.1


def sample(
    space: Space, setting: Setting, planner: str, count: int, seed: int, always: bool = False
) -> dict[str, Any]:
    """Prices `count` random networks of a space: how many can run in time, and what the others lack."""
    rng = random.Random(seed)
    lacks: Counter[str] = Counter()
    latencies, macs = [], []
    start = time.monotonic()
    with Planner(planner, always) as prices:
        for _ in range(count):
            try:
                network = space.network(space.sample(rng))
            except NetworkError:
                lacks["shape"] += 1
                continue
            price = prices.price(network, setting)
            if price.feasible:
                latencies.append(price.latency_s)
                macs.append(price.macs)
            else:
                lacks[price.lacks] += 1
    return {
        "space": space.name,
        "setting": setting.name,
        "planner": planner,
        "charging": "always" if always else "while off",
        "sampled": count,
        "seed": seed,
        "feasible": len(latencies),
        "lacks": dict(sorted(lacks.items())),
        "median_latency_s": sorted(latencies)[len(latencies) // 2] if latencies else None,
        "largest_macs": max(macs, default=0),
        "seconds": time.monotonic() - start,
    }


def continuous(space: Space, settings: list[Setting], count: int, seed: int) -> dict[str, Any]:
    """Plans as for power that never fails, which is what HW-NAS makes, on one board with all its deadlines.

    `unsafe` are the networks of whose steps one needs more than a power cycle; of the others, how much longer the plan takes than
    the same network's by the reference and by ours, in the mean, and how many miss each deadline.
    """
    rng = random.Random(seed)
    board = settings[0]
    unsafe, worst = 0, 0.0
    late = {setting.name: 0 for setting in settings}
    to_reference, to_ours = [], []
    with Planner("continuous") as plain, Planner("reference") as reference, Planner("ours") as ours:
        for _ in range(count):
            network = space.network(space.sample(rng))
            price = plain.price(network, board, deadline=False)
            best = ours.price(network, board, deadline=False)
            if not price.feasible:
                unsafe += 1
                if price.lacks == "energy":
                    worst = max(worst, price.needed / price.available)
                continue
            to_reference.append(price.latency_s / reference.price(network, board, deadline=False).latency_s)
            to_ours.append(price.latency_s / best.latency_s)
            for setting in settings:
                late[setting.name] += price.latency_s > setting.deadline_s
    safe = count - unsafe
    return {
        "space": space.name,
        "board": board.name.split("-")[0],
        "sampled": count,
        "seed": seed,
        "unsafe": unsafe,
        "most_needed": worst,
        "late": late,
        "over_reference": sum(to_reference) / safe if safe else None,
        "over_ours": sum(to_ours) / safe if safe else None,
    }


def stage(space: Space, by: list[str], setting: Setting, planner: Planner, count: int, seed: int) -> list[dict[str, Any]]:
    """The parts of a space by some of its decisions, the one to search in first.

    Each part is sampled, and what meets the deadline is weighed by its multiply-accumulates: where the networks in time are larger,
    more accurate ones are to be expected (MCUNet's first stage, Lin et al. 2020, with planned latency in place of memory). Parts of
    which less than `ENOUGH` is in time come last, by how many are: a few lucky samples say little.
    """
    unknown = [name for name in by if name not in space.decisions]
    if unknown:
        raise NetworkError(f"{space.name} has no decision {', '.join(unknown)}")
    rows = []
    for options in itertools.product(*(space.decisions[name] for name in by)):
        fixed = dict(zip(by, options))
        # The same choices of everything else in each part.
        rng = random.Random(seed)
        macs = []
        for _ in range(count):
            network = space.network(space.sample(rng) | fixed)
            if planner.price(network, setting).feasible:
                macs.append(network.macs())
        rows.append(
            {
                "space": space.name,
                "setting": setting.name,
                "deadline_s": setting.deadline_s,
                "part": fixed,
                "sampled": count,
                "feasible": len(macs),
                "mean_macs": sum(macs) / len(macs) if macs else 0.0,
            }
        )

    def order(row: dict[str, Any]) -> tuple[bool, float]:
        few = row["feasible"] < ENOUGH * count
        return few, -(row["feasible"] if few else row["mean_macs"])

    return sorted(rows, key=order)
