"""Prices of candidates, from the planner itself: a running `rekindle price` that is asked line by line."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from .data import ROOT
from .network import Network


class PlannerError(Exception):
    """The planner is not there, or does not understand a question."""


@dataclass(frozen=True)
class Setting:
    """A device of the published settings: its supply, memory, and a deadline."""

    name: str
    capacitance_f: float
    harvester_ohm: float
    deadline_s: float
    margin: float = 0.55
    sram_bytes: int = 2048
    nvm_bytes: int = 1_000_000


@dataclass(frozen=True)
class Price:
    """What an inference takes; `refused` says why it cannot be, and then only what it lacks is known.

    `needed` and `available` are what it lacks: joules, seconds, or bytes.
    """

    latency_s: float = float("inf")
    boots: int = 0
    sram_bytes: int = 0
    nvm_bytes: int = 0
    macs: int = 0
    refused: str = ""
    lacks: str = ""
    needed: float = 0.0
    available: float = 0.0

    @property
    def feasible(self) -> bool:
        """Whether it can run there in time."""
        return not self.refused

    @property
    def known_s(self) -> float | None:
        """The latency, or that there is none."""
        return self.latency_s if self.feasible else None


# Capacitor, inner resistance of the harvester for CIFAR-10, deadlines (iNAS, ACM TECS 20(5s) 64, 2021).
SETTINGS = [
    Setting(f"{round(1000 * farads)}mF-TS{number}", farads, ohms, deadline)
    for farads, ohms, deadlines in (
        (0.001, 52.0, (576.47, 965.05, 1590.98)),
        (0.005, 24.0, (194.86, 302.37, 477.5)),
        (0.010, 22.0, (191.78, 296.2, 457.75)),
    )
    for number, deadline in enumerate(deadlines, 1)
]


class Planner:
    """`rekindle price`, as long as the `with` block lasts."""

    def __init__(self, planner: str = "ours", always: bool = False) -> None:
        self.planner, self.always = planner, always
        self.process: subprocess.Popen[str] | None = None
        self.asked = 0

    def __enter__(self) -> Planner:
        command = ["cargo", "run", "--quiet", "--release", "--bin", "rekindle", "--", "price"]
        try:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        except OSError as error:
            raise PlannerError(f"{command[0]}: {error}") from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
            self.process.wait()

    def price(self, network: Network, setting: Setting, deadline: bool = True) -> Price:
        """What a network costs there; without `deadline`, whatever the deadline is."""
        question: dict[str, Any] = {
            "id": self.asked,
            "network": {k: v for k, v in network.to_json().items() if k in ("input", "classes", "layers")},
            "capacitance_f": setting.capacitance_f,
            "harvester_ohm": setting.harvester_ohm,
            "margin": setting.margin,
            "planner": self.planner,
            "always": self.always,
            "sram_bytes": setting.sram_bytes,
            "nvm_bytes": setting.nvm_bytes,
        }
        if deadline:
            question["deadline_s"] = setting.deadline_s
        self.asked += 1
        process = self.process
        if process is None or process.stdin is None or process.stdout is None:
            raise PlannerError("the planner was not started")
        try:
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise PlannerError("`rekindle price` has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise PlannerError(answer["error"])
        if "refused" in answer:
            short = answer["refused"]
            return Price(
                refused=answer["why"],
                lacks=short["lacks"],
                needed=short.get("needed", 0.0),
                available=short.get("available", 0.0),
            )
        price = answer["price"]
        return Price(
            latency_s=price["latency_s"],
            boots=price["boots"],
            sram_bytes=price["sram_bytes"],
            nvm_bytes=price["nvm_bytes"],
            macs=price["macs"],
        )
