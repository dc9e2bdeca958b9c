"""The picture of the report: accuracy over latency."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import published
from .cost import SETTINGS
from .report import TINAS, cifar, int8


def draw(records: dict[str, Any], file: Path) -> None:
    """Accuracy over latency at 5 mF, as an SVG."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "rekindle"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 5))
    kinds: dict[str, list[tuple[float, float, str]]] = {}
    for record in cifar(records):
        name = record["network"]["name"]
        kind = "trained alone"
        if name.startswith("part-"):
            kind = "parts of the supernet, not trained further"
            # Those for other capacitors would stand beside these.
            if not name.startswith("part-5mF"):
                continue
        elif "-by-" in name:
            kind = "pruned by planned latency, distilled"
        for price in record["prices"]:
            if price["setting"] == "5mF-TS1":
                kinds.setdefault(kind, []).append((price["latency_s"], int8(record), name))
    for kind, points in sorted(kinds.items()):
        points.sort()
        axes.plot([p[0] for p in points], [p[1] for p in points], "o-", label=f"Rekindle, int8: {kind}")
        for x, y, name in points:
            if not name.startswith("part-"):
                axes.annotate(name, (x, y), textcoords="offset points", xytext=(5, 5), fontsize=7)
    equal = records.get("equal")
    if equal:
        _steps(axes, equal)
    deadlines = [(s.deadline_s, published.accuracy("cifar", s.name)) for s in SETTINGS if s.name.startswith("5mF")]
    axes.plot(*zip(*deadlines), "s--", label="iNAS, float, by deadline")
    axes.plot([p[1] for p in TINAS], [p[0] for p in TINAS], "^:", label="TiNAS, another supply")
    axes.set_xscale("log")
    axes.set_xlabel("end-to-end latency, s")
    axes.set_ylabel("CIFAR-10 test accuracy, %")
    axes.grid(alpha=0.3, which="both")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=7)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)


def _steps(axes: Any, equal: dict[str, Any]) -> None:
    """What each ingredient is worth: the steps from the published design to ours, in its space."""
    steps = equal["steps"]
    first, by_reference = steps[0], steps[1]
    axes.plot(
        [r["reference_latency_s"] for r in (first, by_reference)],
        [100 * r["test"] for r in (first, by_reference)],
        "+",
        label="iNAS's planner: its design and one of our controller's, float",
    )
    ours = [first, *steps[2:]]
    axes.plot([r["latency_s"] for r in ours], [100 * r["test"] for r in ours], "x", label="iNAS's space, our planner, float: steps")
    removed = (
        "its design, our planner",
        "without controller, batch norm, teacher",
        "without batch norm, teacher",
        "without teacher",
        "with all",
        "without teacher, twice as long",
    )
    for text, r in zip(removed, ours):
        # The controller gains little beside random search: the two would stand over each other.
        below = -12 if "controller" in text else -3
        axes.annotate(text, (r["latency_s"], 100 * r["test"]), textcoords="offset points", xytext=(6, below), fontsize=6)
    designed = next(r for r in equal["continuous"] if r["setting"] == first["setting"])
    accuracy = next(r["test"] for r in steps if r["network"] == designed["network"])
    if designed["latency_s"] is not None:
        axes.plot([designed["latency_s"]], [100 * accuracy], "v", label="HW-NAS-like, float")
    else:
        # It has no latency: at the edge of the picture.
        axes.axhline(100 * accuracy, color="grey", linestyle=":", linewidth=1, label="HW-NAS-like, float: never ends at 5 mF")
