"""What can run at all: samples of a space, priced before anything is trained."""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import Any

from .cost import Planner, Setting
from .network import NetworkError
from .spaces import Space


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
