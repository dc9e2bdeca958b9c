"""The report: tables and a picture from the records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .cost import SETTINGS

# Published: test accuracy in percent and deadline in seconds (iNAS, ACM TECS 20(5s) 64, 2021; its latencies are near the deadlines).
INAS = {
    "1mF": [(54.39, 576.47), (61.32, 965.05), (63.48, 1590.98)],
    "5mF": [(54.86, 194.86), (56.68, 302.37), (60.93, 477.5)],
    "10mF": [(53.69, 191.78), (58.96, 296.2), (63.56, 457.75)],
}
# Published for 5 mF, with another supply (TiNAS, 2025).
TINAS = [(70.18, 239.0), (74.66, 393.0)]
# The least int8 accuracy that is aimed at, by setting.
GOALS = {"5mF-TS1": 72.0, "10mF-TS1": 72.0, "5mF-TS3": 80.0, "10mF-TS3": 80.0}


def _cifar(records: dict[str, Any]) -> list[dict[str, Any]]:
    """The networks for CIFAR-10."""
    return [record for record in records.get("networks", []) if record.get("data", "cifar10") == "cifar10"]


def _int8(record: dict[str, Any]) -> float:
    return 100.0 * record["test_int8"]


def best(records: dict[str, Any], setting: str) -> dict[str, Any] | None:
    """The network of highest int8 accuracy on the validation split among those that meet a deadline."""
    there = [
        record
        for record in _cifar(records)
        for price in record["prices"]
        if price["setting"] == setting and price["latency_s"] <= price["deadline_s"]
    ]
    # Chosen by what was held back, never by the test set.
    return max(there, key=lambda record: record["validation_float"], default=None)


def markdown(records: dict[str, Any], heading: str) -> str:
    """The page."""
    out = ["# Architecture search", ""]
    out += [
        f"`cargo xtask search -- report`{', ' + heading if heading else ''}. Latencies are the planner's, on the device of",
        "iNAS (MSP430FR5994 with SPI FRAM, 2048 B of SRAM, 1 MB of NVM), the harvester charging while the load is off; int8",
        "accuracy is that of the generated code on all 10,000 test images of its data set, reported once per network; networks were",
        "trained on 45,000 images and compared on 5,000 others. The data and the path to the device are checked by MLPerf",
        "Tiny's ResNet-8: 8,707 right (`cargo xtask search -- check`).",
        "",
        "## Networks",
        "",
        "| network | data | MACs | weights | epochs, seed | training, s | float, validation | float, test | **int8, generated code** | outages on the host | failures on the emulated Cortex-M4 | differences |",
        "| --- | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for r in records.get("networks", []):
        out.append(
            f"| {r['network']['name']} | {r.get('data', 'cifar10')} | {r['macs']:,} | {r['weights']:,} | {r['epochs']}, {r['seed']} | {r['training_seconds']:.0f} "
            f"| {100 * r['validation_float']:.2f} % | {100 * r['test_float']:.2f} % | **{_int8(r):.2f} %** "
            f"| {r['outages_on_host']:,} | {r['failures_on_cortex_m4']:,} | {r['differences_on_cortex_m4']} |"
        )
    out += [
        "",
        "## Against the published designs",
        "",
        "The best of the networks above, by validation accuracy, that meets each deadline.",
        "",
        "| setting | deadline, s | iNAS, float | ours, int8 | network | latency, s | the same, charging always, s | NVM, B |",
        "| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: |",
    ]
    for setting in SETTINGS:
        capacitor, number = setting.name.split("-TS")
        published = INAS[capacitor][int(number) - 1][0]
        record = best(records, setting.name)
        if record is None:
            out.append(f"| {setting.name} | {setting.deadline_s} | {published} % | none | | | | |")
            continue
        price = next(p for p in record["prices"] if p["setting"] == setting.name)
        goal = GOALS.get(setting.name)
        aim = "" if goal is None else f" (aim {goal:.0f} %)"
        out.append(
            f"| {setting.name} | {setting.deadline_s} | {published} % | {_int8(record):.2f} %{aim} | {record['network']['name']} "
            f"| {price['latency_s']:.1f} | {price['latency_charging_always_s']:.1f} | {price['nvm_bytes']:,} |"
        )
    out += ["", "TiNAS (2025) reports 70.18 % in 239 s and 74.66 % in 393 s at 5 mF, with another supply.", ""]
    out += ["![accuracy and latency at 5 mF](search-front.svg)", ""]
    out += _boards(records)
    rows = records.get("feasible", [])
    if rows:
        out += [
            "## What can run at all",
            "",
            "Random networks of each space, priced before anything is trained. *Continuous* plans as if power never failed, as",
            "HW-NAS does; its tiles must fit into a power cycle nevertheless. *Reference* is iNAS's planner. What a network",
            "lacks is named with its layer by `rekindle price`.",
            "",
            "| setting | space | planner | sampled, seed | can run in time | lack energy for a step | late | median latency, s | ms each |",
            "| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
        ]
        for row in rows:
            lacks = row["lacks"]
            median = "–" if row["median_latency_s"] is None else f"{row['median_latency_s']:.1f}"
            out.append(
                f"| {row['setting']} | {row['space']} | {row['planner']} | {row['sampled']}, {row['seed']} "
                f"| {100 * row['feasible'] / row['sampled']:.0f} % | {lacks.get('energy', 0)} | {lacks.get('deadline', 0)} "
                f"| {median} | {1000 * row['seconds'] / row['sampled']:.1f} |"
            )
        equal = records.get("equal", [])
        if equal:
            seconds = sum(r["seconds"] / r["epochs"] for r in equal) / len(equal)
            price = sum(row["seconds"] / row["sampled"] for row in rows) / len(rows)
            out += [
                "",
                f"A price takes {1000 * price:.1f} ms in the mean here, an epoch of training {seconds:.0f} s (mean of the five trainings under",
                "*Equal terms*): each network that is refused saves that, times the epochs.",
            ]
        out.append("")
    for section in (_equal, _controllers, _specialised, _correlation, _distilled, _pruned):
        out += section(records)
    return "\n".join(out)


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def _boards(records: dict[str, Any]) -> list[str]:
    rows = [r for r in records.get("networks", []) if r.get("board")]
    if not rows:
        return []
    out = [
        "## nRF52840 with SPI FRAM, 100 µF",
        "",
        "`rekindle simulate MODEL --device nrf52840-spi-fram --capacitor 100u --trace constant:1 --step chosen`: one inference at",
        "1 mW, steps as `rekindle import` chooses them, commits at the planned interval.",
        "",
        "| network | MACs | int8, generated code | latency, s | power cycles | bound (oracle), s |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    reference = records.get("resnet8")
    if reference:
        out.append(
            f"| MLPerf Tiny's ResNet-8 | {reference['macs']:,} | {_percent(reference['accuracy'])} "
            f"| {reference['board']['latency_s']:.2f} | {reference['board']['power_cycles']} | {reference['board']['oracle_s']:.2f} |"
        )
    for r in rows:
        board = r["board"]
        out.append(
            f"| {r['network']['name']} | {r['macs']:,} | {_int8(r):.2f} % | {board['latency_s']:.2f} "
            f"| {board['power_cycles']} | {board['oracle_s']:.2f} |"
        )
    return [*out, ""]


def _equal(records: dict[str, Any]) -> list[str]:
    rows = records.get("equal", [])
    if not rows:
        return []
    out = [
        "## Equal terms: iNAS's space at 5 mF, TS1 (194.86 s)",
        "",
        "Float accuracy, as published; each row changes one thing, unless it says so. iNAS reports 54.86 % for its design, whose",
        "training length is not known to us: the first row is that design as we train it.",
        "",
        "| step | network | MACs | epochs, seed | validation | **test** | latency, our planner, s | by the reference planner, s |",
        "| --- | --- | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    for r in rows:
        before = "refused" if r["reference_latency_s"] is None else f"{r['reference_latency_s']:.1f}"
        ours = "refused" if r["latency_s"] is None else f"{r['latency_s']:.1f}"
        out.append(
            f"| {r['step']} | {r['network']} | {r['macs']:,} | {r['epochs']}, {r['seed']} | {_percent(r['validation'])} "
            f"| **{_percent(r['test'])}** | {ours} | {before} |"
        )
    return [*out, ""]


def _controllers(records: dict[str, Any]) -> list[str]:
    rows = records.get("controllers", [])
    if not rows:
        return []
    out = [
        "## Controllers",
        "",
        "The most accurate network that meets the deadline, found with so many evaluations; candidates that the planner refuses",
        "cost none. Accuracy is that of the supernet's parts on the validation set. *p* is against random search (Mann-Whitney U).",
        "",
        "| space | networks | setting, deadline | budget | seeds | controller | mean of the best ± 95 % | least | best there is found | p |",
        "| --- | ---: | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    for answer in rows:
        for r in answer["rows"]:
            found = "not known" if r["found_best"] is None else f"{r['found_best']} of {answer['seeds']}"
            p = "" if r["p"] is None else f"{r['p']:.2g}"
            out.append(
                f"| {answer['space']} | {answer['networks']:,} | {answer['setting']}, {answer['deadline_s']} s | {answer['budget']} "
                f"| {answer['seeds']} | {r['controller']} | {100 * r['mean']:.2f} ± {100 * r['interval']:.2f} % "
                f"| {_percent(r['least'])} | {found} | {p} |"
            )
        if answer["best"] is not None:
            out.append(
                f"| {answer['space']} | {answer['in_time']} in time | | all | | exhaustive | {_percent(answer['best'])} | | | |"
            )
    return [*out, ""]


def _specialised(records: dict[str, Any]) -> list[str]:
    rows = records.get("specialised", [])
    if not rows:
        return []
    known = {r["network"]["name"]: r for r in records.get("networks", [])}
    out = [
        "## One supernet, nine settings",
        "",
        "The published deadlines are met by the largest network, so these have deadlines of their own: shares of its latency on each",
        "capacitor. Nothing is trained: evolution by a predictor and the planner, and a look at the best five on the validation set.",
        "",
        "| capacitor, share | deadline, s | network | MACs | latency, s | validation, as inherited | int8, generated code | priced | seconds |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for r in rows:
        if r["choice"] is None:
            out.append(f"| {r['setting']} | {r['deadline_s']} | none | | | | | {r['priced']} | {r['seconds']:.1f} |")
            continue
        label = "-".join(str(value) for value in r["choice"].values())
        deployed = known.get(r["run"])
        accuracy = "" if deployed is None else f"{_int8(deployed):.2f} %"
        out.append(
            f"| {r['setting']} | {r['deadline_s']} | {label} | {r['macs']:,} | {r['latency_s']:.1f} "
            f"| {_percent(r['validation'])} | {accuracy} | {r['priced']} | {r['seconds']:.1f} |"
        )
    return [*out, ""]


def _correlation(records: dict[str, Any]) -> list[str]:
    found = records.get("correlation")
    if not found:
        return []
    out = [
        "## Inherited and stand-alone accuracy",
        "",
        f"Parts of {found['space']}, evenly from the least to the most accurate, trained alone for {found['epochs']} epochs:"
        f" Kendall's τ {found['kendall']:.2f} (p {found['kendall_p']:.2g}), Spearman's ρ {found['spearman']:.2f}.",
        "",
        "| network | MACs | inherited | alone | training, s |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for r in found["rows"]:
        out.append(
            f"| {r['network']} | {r['macs']:,} | {_percent(r['inherited'])} | {_percent(r['alone'])} | {r['seconds']:.0f} |"
        )
    return [*out, ""]


def _distilled(records: dict[str, Any]) -> list[str]:
    out: list[str] = []
    for found in records.get("distilled", []):
        out += [
            f"## Distillation: {found['student']}, {found['epochs']} epochs",
            "",
            f"Taught by {found['teacher']} (share {found['share']}, temperature {found['temperature']}); validation accuracy. Gain "
            f"{100 * found['gain']:+.2f} points ± {100 * (found['interval'] or 0):.2f} (95 %), paired t-test p {found['p']:.2g}.",
            "",
            "| seed | alone | taught | seconds alone | taught |",
            "| ---: | ---: | ---: | ---: | ---: |",
        ]
        for r in found["rows"]:
            out.append(
                f"| {r['seed']} | {_percent(r['alone'])} | {_percent(r['taught'])} | {r['seconds_alone']:.0f} | {r['seconds_taught']:.0f} |"
            )
        out.append("")
    return out


def _pruned(records: dict[str, Any]) -> list[str]:
    rows = records.get("pruned", [])
    if not rows:
        return []
    out = [
        "## Channels taken away",
        "",
        f"From {rows[0]['from']} to at most half of its {rows[0]['latency_before_s']:.1f} s at 5 mF, in groups of eight channels: those that are worth least",
        "per planned second, or per weight as is usual. Then distillation from the whole network.",
        "",
        "| criterion | MACs | weights | latency, s | validation before | cut | after training | epochs | steps left out that save no time |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for r in rows:
        out.append(
            f"| {r['criterion']} | {r['macs']:,} | {r['weights']:,} | {r['latency_s']:.1f} | {_percent(r['validation_before'])} "
            f"| {_percent(r['validation_cut'])} | **{_percent(r['validation'])}** | {r['epochs']} | {r['steps_that_save_nothing']} |"
        )
    return [*out, ""]


def front(records: dict[str, Any], file: Path) -> None:
    """Accuracy over latency at 5 mF, as an SVG."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "rekindle"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 5))
    kinds: dict[str, list[tuple[float, float, str]]] = {}
    for record in _cifar(records):
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
                kinds.setdefault(kind, []).append((price["latency_s"], _int8(record), name))
    for kind, points in sorted(kinds.items()):
        points.sort()
        axes.plot([p[0] for p in points], [p[1] for p in points], "o-", label=f"Rekindle, int8: {kind}")
        for x, y, name in points:
            if not name.startswith("part-"):
                axes.annotate(name, (x, y), textcoords="offset points", xytext=(5, 5), fontsize=7)
    equal = records.get("equal", [])
    if equal:
        axes.plot(
            [r["latency_s"] for r in equal], [100 * r["test"] for r in equal], "x", label="iNAS's space, our planner, float"
        )
        first = equal[0]
        if first["reference_latency_s"] is not None:
            axes.plot(
                [first["reference_latency_s"]], [100 * first["test"]], "+", label="its design, its planner, trained by us"
            )
    published = INAS["5mF"]
    axes.plot([p[1] for p in published], [p[0] for p in published], "s--", label="iNAS, float, by deadline")
    axes.plot([p[1] for p in TINAS], [p[0] for p in TINAS], "^:", label="TiNAS, another supply")
    axes.set_xscale("log")
    axes.set_xlabel("end-to-end latency, s")
    axes.set_ylabel("CIFAR-10 test accuracy, %")
    axes.grid(alpha=0.3, which="both")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=7)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)
