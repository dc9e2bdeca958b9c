"""`rekindle-search`: data, prices, training, deployment, and the report."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from . import cost, data, deploy, feasible, network, report, spaces

HOME = data.ROOT / "target" / "search"


def _train(args: argparse.Namespace) -> dict[str, Any]:
    from . import train

    chosen = network.load(args.network)
    recipe = train.Recipe(epochs=args.epochs, seed=args.seed)
    home = HOME / "runs" / f"{chosen.name}-{args.epochs}-{args.seed}"
    _, record = train.train(
        chosen, data.cifar10(), recipe, home, report=lambda text: print(text, file=sys.stderr)
    )
    return record


def _deploy(args: argparse.Namespace) -> dict[str, Any]:
    import numpy as np

    from . import train

    chosen = network.load(args.network)
    home = HOME / "runs" / f"{chosen.name}-{args.epochs}-{args.seed}"
    sets = data.cifar10()
    # Trained already: this only restores it.
    model, record = train.train(
        chosen,
        sets,
        train.Recipe(epochs=args.epochs, seed=args.seed),
        home,
        report=lambda text: print(text, file=sys.stderr),
    )
    rng = np.random.default_rng(args.seed)
    seen = sets.train.images[rng.choice(len(sets.train), 500, replace=False)]
    file = train.to_int8(model, seen)
    path = home / "model.tflite"
    path.write_bytes(file)
    scale, zero = deploy.input_scale(file)
    inputs = deploy.quantized(sets.test.images, scale, zero, train.scaled)
    found = deploy.run(path, inputs, sets.test, home, args.outages)
    few = deploy.interpreted(file, inputs[:500])
    deploy.golden(path, inputs[:4])
    emulated = deploy.emulated(path, args.failures) if args.failures else {"rows": [], "checks": []}
    with cost.Planner("ours") as ours, cost.Planner("ours", always=True) as fed:
        prices = [
            {
                "setting": setting.name,
                "deadline_s": setting.deadline_s,
                "latency_s": ours.price(chosen, setting, deadline=False).latency_s,
                "latency_charging_always_s": fed.price(chosen, setting, deadline=False).latency_s,
                "sram_bytes": ours.price(chosen, setting, deadline=False).sram_bytes,
                "nvm_bytes": ours.price(chosen, setting, deadline=False).nvm_bytes,
            }
            for setting in cost.SETTINGS
        ]
    answer = {
        "network": chosen.to_json(),
        "macs": chosen.macs(),
        "weights": chosen.weights(),
        "epochs": args.epochs,
        "seed": args.seed,
        "training_seconds": record["seconds"],
        "validation_float": record["validation"],
        "test_float": train.accuracy(model, sets.test),
        "test_int8": found["accuracy"]["accuracy"],
        "interpreter_500": float(np.mean(np.argmax(few, 1) == sets.test.labels[:500])),
        "outages_on_host": found["survived"]["outages"] if found["survived"] else 0,
        "failures_on_cortex_m4": sum(row["failures"] for row in emulated["rows"]),
        "differences_on_cortex_m4": sum(row["differences"] for row in emulated["rows"]),
        "prices": prices,
    }
    (home / "deployed.json").write_text(json.dumps(answer, indent=1))
    return answer


def _check(args: argparse.Namespace) -> dict[str, Any]:
    """MLPerf Tiny's ResNet-8 on the test set: the data and the path to the device are what they should be."""
    sets = data.cifar10()
    model = data.ROOT.parent / "shared" / "models" / "pretrainedResnet_quant.tflite"
    if not model.exists():
        raise data.DataError(f"{model} is not here: nothing to check with")
    # Its input is the pixel less 128.
    import numpy as np

    inputs = (sets.test.images.astype(np.int16) - 128).astype(np.int8)
    found = deploy.run(model, inputs, sets.test, HOME / "runs" / "resnet8", args.outages)
    if found["accuracy"]["correct"] != 8707:
        raise deploy.DeployError(f"{found['accuracy']['correct']} right instead of 8707 of 10000")
    return found


def _feasible(args: argparse.Namespace) -> list[dict[str, Any]]:
    rows = []
    for setting in cost.SETTINGS:
        for name in args.space:
            space = spaces.load(name)
            planners = ["ours"]
            if all(entry.get("padding") == "valid" for entry in space.data["layers"] if entry["op"] == "conv"):
                planners = ["continuous", "reference", "ours"]
            for planner in planners:
                rows.append(feasible.sample(space, setting, planner, args.count, args.seed))
                print(rows[-1], file=sys.stderr)
    (HOME / "feasible.json").write_text(json.dumps(rows, indent=1))
    return rows


def _report(args: argparse.Namespace) -> dict[str, Any]:
    kept = data.ROOT / "docs" / "results" / "search.json"
    records = json.loads(kept.read_text()) if kept.exists() else {}
    if (HOME / "feasible.json").exists():
        records["feasible"] = json.loads((HOME / "feasible.json").read_text())
    networks = {record["network"]["name"]: record for record in records.get("networks", [])}
    for file in sorted((HOME / "runs").glob("*/deployed.json")):
        record = json.loads(file.read_text())
        networks[record["network"]["name"]] = record
    records["networks"] = sorted(networks.values(), key=lambda record: record["macs"])
    kept.write_text(json.dumps(records, indent=1) + "\n")
    text = report.markdown(records, args.heading)
    (data.ROOT / "docs" / "results" / "search.md").write_text(text)
    report.front(records, data.ROOT / "docs" / "results" / "search-front.svg")
    return records


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; 1 where it fails."""
    parser = argparse.ArgumentParser(prog="rekindle-search", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        sub.add_argument("--json", action="store_true", help="as JSON")
        return sub

    check = command("check", _check, "the data and the path to the device, by MLPerf Tiny's ResNet-8: 87.07 %")
    check.add_argument("--outages", type=int, default=5, help="series of random outages on each memory")
    some = command("feasible", _feasible, "the share of a space that can run in each of the nine settings")
    some.add_argument("space", nargs="+", help="a shipped space, or a .json file")
    some.add_argument("--count", type=int, default=300, help="networks that are sampled")
    some.add_argument("--seed", type=int, default=2026)
    for name, run, text in (
        ("train", _train, "trains a network, or goes on where it was interrupted"),
        ("deploy", _deploy, "a trained network as int8 and as generated code: test set, outages, prices"),
    ):
        sub = command(name, run, text)
        sub.add_argument("network", type=Path, help="a .json file")
        sub.add_argument("--epochs", type=int, default=30)
        sub.add_argument("--seed", type=int, default=1)
        if name == "deploy":
            sub.add_argument("--outages", type=int, default=20, help="series of random outages on each memory")
            sub.add_argument("--failures", type=int, default=1000, help="power failures on the emulated Cortex-M4")
    told = command("report", _report, "writes docs/results/search.md, its picture, and the figures as search.json")
    told.add_argument("--heading", default="", help="date and machine")
    args = parser.parse_args(arguments)
    HOME.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    try:
        answer = args.run(args)
    except (data.DataError, network.NetworkError, cost.PlannerError, deploy.DeployError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(answer, indent=1))
    else:
        for row in answer if isinstance(answer, list) else [answer]:
            print("  ".join(f"{key} {value}" for key, value in row.items()))
        print(f"{time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
