"""The report: tables from the records."""

from __future__ import annotations

from typing import Any

from . import published
from .cost import SETTINGS

# Published for 5 mF, with another supply (TiNAS, 2025).
TINAS = [(70.18, 239.0), (74.66, 393.0)]
# The least int8 accuracy that is aimed at, by setting.
GOALS = {"5mF-TS1": 72.0, "10mF-TS1": 72.0, "5mF-TS3": 80.0, "10mF-TS3": 80.0}


def cifar(records: dict[str, Any]) -> list[dict[str, Any]]:
    """The networks for CIFAR-10."""
    return [record for record in records.get("networks", []) if record.get("data", "cifar10") == "cifar10"]


def int8(record: dict[str, Any]) -> float:
    """Accuracy of the generated code on the test set, in percent."""
    return 100.0 * record["test_int8"]


def best(records: dict[str, Any], setting: str) -> dict[str, Any] | None:
    """The network of highest int8 accuracy on the validation split among those that meet a deadline."""
    there = [
        record
        for record in cifar(records)
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
            f"| {100 * r['validation_float']:.2f} % | {100 * r['test_float']:.2f} % | **{int8(r):.2f} %** "
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
        said = published.accuracy("cifar", setting.name)
        record = best(records, setting.name)
        if record is None:
            out.append(f"| {setting.name} | {setting.deadline_s} | {said} % | none | | | | |")
            continue
        price = next(p for p in record["prices"] if p["setting"] == setting.name)
        goal = GOALS.get(setting.name)
        aim = "" if goal is None else f" (aim {goal:.0f} %)"
        out.append(
            f"| {setting.name} | {setting.deadline_s} | {said} % | {int8(record):.2f} %{aim} | {record['network']['name']} "
            f"| {price['latency_s']:.1f} | {price['latency_charging_always_s']:.1f} | {price['nvm_bytes']:,} |"
        )
    out += ["", "TiNAS (2025) reports 70.18 % in 239 s and 74.66 % in 393 s at 5 mF, with another supply.", ""]
    out += ["![accuracy and latency at 5 mF](search-front.svg)", ""]
    out += _boards(records)
    sections = (_feasible, _continuous, _equal, _stage, _controllers, _trained, _specialised, _correlation, _distilled, _pruned)
    for section in sections:
        out += section(records)
    return "\n".join(out)


def _feasible(records: dict[str, Any]) -> list[str]:
    rows = records.get("feasible", [])
    if not rows:
        return []
    out = [
        "## What can run at all",
        "",
        "Random networks of each space, priced before anything is trained. *Continuous* plans as if power never failed, as",
        "HW-NAS does; its tiles must fit into a power cycle nevertheless. *Reference* is iNAS's planner. What a network",
        "lacks is named with its layer by `rekindle price`.",
        "",
        "| space | planner | board | sampled, seed | in time, by deadline | lack energy for a step | SRAM | median latency, s | ms each |",
        "| --- | --- | --- | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    boards: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        boards.setdefault((row["space"], row["planner"], row["setting"].split("-")[0]), []).append(row)
    for (space, planner, board), found in boards.items():
        last = found[-1]
        in_time = ", ".join(f"{r['setting'].split('-')[1]} {100 * r['feasible'] / r['sampled']:.0f} %" for r in found)
        median = "–" if last["median_latency_s"] is None else f"{last['median_latency_s']:.1f}"
        seconds = sum(r["seconds"] for r in found) / sum(r["sampled"] for r in found)
        lacks = last["lacks"]
        out.append(
            f"| {space} | {planner} | {board} | {last['sampled']}, {last['seed']} | {in_time} | {lacks.get('energy', 0)} "
            f"| {lacks.get('sram', 0)} | {median} | {1000 * seconds:.1f} |"
        )
    price = sum(row["seconds"] for row in rows) / sum(row["sampled"] for row in rows)
    refused = sum(row["sampled"] - row["feasible"] for row in rows) / sum(row["sampled"] for row in rows)
    out += [
        "",
        f"Median latencies are of those in time for the last deadline. {100 * refused:.0f} % of all that was asked is refused.",
    ]
    equal = records.get("equal")
    if equal:
        trained = equal["steps"] + equal["others"]
        seconds = sum(r["seconds"] / r["epochs"] for r in trained) / len(trained)
        out += [
            f"A price takes {1000 * price:.1f} ms in the mean here, an epoch of training {seconds:.0f} s (mean of the trainings under",
            "*Equal terms*, on a machine that did other work too): each network that is refused saves that, times the epochs.",
        ]
    return [*out, ""]


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
            f"| {r['network']['name']} | {r['macs']:,} | {int8(r):.2f} % | {board['latency_s']:.2f} "
            f"| {board['power_cycles']} | {board['oracle_s']:.2f} |"
        )
    return [*out, ""]


def _seconds(value: float | None) -> str:
    """Seconds, where there are any."""
    return "refused" if value is None else f"{value:.1f}"


def _equal(records: dict[str, Any]) -> list[str]:
    equal = records.get("equal")
    if not equal:
        return []
    out = [
        "## Equal terms: iNAS's space at 5 mF, TS1 (194.86 s)",
        "",
        "Float accuracy, as published, in its space, on its device and memory; each row changes one thing, unless it says so. iNAS reports 54.86 % for",
        "its design, whose training length is not known to us: the first row is that design as we train it. Controllers judge a",
        "candidate by its accuracy after one epoch.",
        "",
        "| step | network | MACs | epochs, seed | candidates, mean after an epoch | validation | **test** | latency, our planner, s | by the reference planner, s |",
        "| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for r in equal["steps"]:
        pool = f"{r['candidates']}, {_percent(r['candidates_mean'])}" if "candidates" in r else ""
        out.append(
            f"| {r['step']} | {r['network']} | {r['macs']:,} | {r['epochs']}, {r['seed']} | {pool} | {_percent(r['validation'])} "
            f"| **{_percent(r['test'])}** | {_seconds(r['latency_s'])} | {_seconds(r['reference_latency_s'])} |"
        )
    last = equal["steps"][-1]
    as_trained = {r["setting"]: r for r in equal["others"] + equal["steps"][:1]}
    out += [
        "",
        "The last of these networks meets the other deadlines too; beside it the published designs, as far as they are at hand, trained",
        "as in the first row.",
        "",
        "| setting | deadline, s | iNAS, published | its design as we train it | its latency, s | the same by our planner, s | ours | latency, s |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for setting in SETTINGS:
        said = published.accuracy("cifar", setting.name)
        r = as_trained.get(setting.name)
        cells = "not at hand | – | –" if r is None else f"{_percent(r['test'])} | {r['published_latency_s']:.1f} | {r['latency_s']:.1f}"
        out.append(
            f"| {setting.name} | {setting.deadline_s} | {said:.2f} % | {cells} | **{_percent(last['test'])}** "
            f"| {_seconds(last['latencies_s'][setting.name])} |"
        )
    chosen = equal["continuous"][0]["network"]
    accuracy = next(r["test"] for r in equal["steps"] if r["network"] == chosen)
    out += [
        "",
        f"Chosen as for power that never fails, where every candidate is in time, the controller takes {chosen} too ({_percent(accuracy)}",
        "after as many epochs as the others); what becomes of the plan that goes with it, and of the network by our planner:",
        "",
        "| setting | deadline, s | planned for continuous power | by our planner, s |",
        "| --- | ---: | --- | ---: |",
    ]
    for setting, r in zip(SETTINGS, equal["continuous"]):
        fate = r["refused"] or f"{r['latency_s']:.1f} s"
        out.append(f"| {setting.name} | {setting.deadline_s} | {fate} | {_seconds(r['ours_latency_s'])} |")
    return [*out, ""]


def _continuous(records: dict[str, Any]) -> list[str]:
    rows = records.get("continuous", [])
    if not rows:
        return []
    unsafe = sum(r["unsafe"] == r["sampled"] for r in rows)
    out = [
        "## Plans for continuous power",
        "",
        "As HW-NAS makes them (`continuous`): random networks of iNAS's three spaces, each planned as if power never failed. *Unsafe*: a",
        "step needs more energy than a power cycle has, so that it never ends. The others end, later than by a plan of the same network for",
        f"intermittent power. On {unsafe} of {len(rows)} boards no such plan is safe; iNAS reports 12 of 27 designs unsafe, and the",
        "others 74.5 % slower than its own.",
        "",
        "| space | board | sampled, seed | unsafe | most energy of a step, of a power cycle's | times the reference's latency | times ours | late, by deadline |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for r in rows:
        most = f"{100 * r['most_needed']:.0f} %" if r["most_needed"] else "–"
        ratios = " | ".join("–" if r[key] is None else f"{r[key]:.1f}" for key in ("over_reference", "over_ours"))
        late = ", ".join(f"{name.split('-')[1]} {count}" for name, count in r["late"].items())
        out.append(
            f"| {r['space']} | {r['board']} | {r['sampled']}, {r['seed']} | {r['unsafe']} | {most} | {ratios} | {late} |"
        )
    return [*out, ""]


def _stage(records: dict[str, Any]) -> list[str]:
    rows = records.get("stage", [])
    if not rows:
        return []
    out = [
        "## Where to search",
        "",
        f"Parts of {rows[0]['space']} by resolution and first width (`stage`): the part whose networks in time have most multiply-accumulates is",
        "searched first, if a tenth of it is in time. In brackets that share.",
        "",
    ]
    parts = sorted({tuple(r["part"].items()) for r in rows})
    label = [", ".join(f"{name} {value}" for name, value in part) for part in parts]
    out += [
        "| setting | " + " | ".join(label) + " | first |",
        "| --- |" + " ---: |" * len(parts) + " --- |",
    ]
    settings: dict[str, list[dict[str, Any]]] = {}
    for r in rows:
        settings.setdefault(r["setting"], []).append(r)
    for name, found in settings.items():
        by_part = {tuple(r["part"].items()): r for r in found}
        cells = [
            f"{by_part[part]['mean_macs'] / 1e6:.2f} M ({100 * by_part[part]['feasible'] / by_part[part]['sampled']:.0f} %)"
            for part in parts
        ]
        first = label[parts.index(tuple(found[0]["part"].items()))] if found[0]["feasible"] else "none is in time"
        out.append(f"| {name} | " + " | ".join(cells) + f" | {first} |")
    return [*out, ""]


def _trained(records: dict[str, Any]) -> list[str]:
    rows = records.get("trained_controllers", [])
    if not rows:
        return []
    out = [
        "## Controllers on networks that are trained one by one",
        "",
        "`trained-controllers`: iNAS's space for activities on the watch's data (seven exercises, split by subject), no supernet. Seeds",
        "share what has been trained.",
        "",
        _CONTROLLERS,
        "| --- | ---: | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    for answer in rows:
        out += _compared(answer)
    trained = "; ".join(
        f"{a['trained']} networks of {a['space']} were trained for {a['epochs']} epochs, {a['training_seconds']:.0f} s together" for a in rows
    )
    return [*out, "", trained + ".", ""]


_CONTROLLERS = (
    "| space | networks | setting, deadline | budget | seeds | controller | mean of the best ± 95 % | least | best there is found | p |"
)


def _compared(answer: dict[str, Any]) -> list[str]:
    """A row for each controller."""
    out = []
    for r in answer["rows"]:
        found = "not known" if r["found_best"] is None else f"{r['found_best']} of {answer['seeds']}"
        p = "" if r["p"] is None else f"{r['p']:.2g}"
        out.append(
            f"| {answer['space']} | {answer['networks']:,} | {answer['setting']}, {answer['deadline_s']} s | {answer['budget']} "
            f"| {answer['seeds']} | {r['controller']} | {100 * r['mean']:.2f} ± {100 * r['interval']:.2f} % "
            f"| {_percent(r['least'])} | {found} | {p} |"
        )
    return out


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
        _CONTROLLERS,
        "| --- | ---: | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    for answer in rows:
        out += _compared(answer)
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
        accuracy = "" if deployed is None else f"{int8(deployed):.2f} %"
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
