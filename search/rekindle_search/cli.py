"""`rekindle-search`: data, prices, training, deployment, and the report."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import cost, data, deploy, feasible, front, network, report, spaces

HOME = data.ROOT / "target" / "search"
NETWORKS = data.ROOT / "search" / "networks"
# MLPerf Tiny's reference for CIFAR-10.
RESNET_MACS = 12_501_632


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _runs(name: str, epochs: int, seed: int) -> Path:
    return HOME / "runs" / f"{name}-{epochs}-{seed}"


def _supernet(args: argparse.Namespace) -> Any:
    """The supernet as it is trained, or restored."""
    from . import supernet, train

    space = spaces.load(args.space)
    largest = network.load(args.largest)
    if space.network(space.largest()).key() != largest.key():
        raise network.NetworkError(f"{args.largest} is not the largest network of {space.name}")
    sets = data.cifar10()
    model, _ = train.train(
        largest,
        sets,
        train.Recipe(epochs=args.largest_epochs, seed=args.seed),
        _runs(largest.name, args.largest_epochs, args.seed),
        report=_say,
    )
    whole = supernet.Supernet(space, model)
    recipe = train.Recipe(
        epochs=args.epochs, rate=0.02, warmup=1.0, seed=args.seed, distillation=0.9, temperature=2.0
    )
    # A quarter of the time with kernels and layers alone elastic.
    history = supernet.shrink(whole, sets, recipe, _runs(space.name, args.epochs, args.seed), args.epochs // 4, _say)
    return whole, sets, history


def _shrink(args: argparse.Namespace) -> dict[str, Any]:
    whole, _, history = _supernet(args)
    return {
        "space": whole.space.name,
        "networks": whole.space.size(),
        "epochs": args.epochs,
        "seconds": sum(entry["seconds"] for entry in history),
        "largest_validation": history[-1]["validation"],
    }


def _equal(args: argparse.Namespace) -> dict[str, Any]:
    from . import equal, train

    bench = equal.Bench(HOME / "runs", args.epochs, args.seed, _say)
    teacher, _ = train.train(
        network.load(NETWORKS / "plain-8.json"),
        bench.sets,
        train.Recipe(epochs=args.teacher_epochs, seed=args.seed),
        _runs("plain-8", args.teacher_epochs, args.seed),
        report=_say,
    )
    name = f"plain-8, {args.teacher_epochs} epochs"
    answer = equal.compare(bench, teacher, name, args.budget, HOME / "equal.jsonl")
    (HOME / "equal.json").write_text(json.dumps(answer, indent=1))
    return answer


def _parts(args: argparse.Namespace, planner: cost.Planner) -> tuple[Any, Any, Any]:
    """A trained supernet with the accuracies and latencies of its parts, its data and its space."""
    from . import inherited, supernet, train

    whole, sets, _ = _supernet(args)
    parts = inherited.Parts(
        whole,
        _runs(whole.space.name, args.epochs, args.seed),
        supernet.calibration(sets),
        train.scaled(sets.validation.images),
        sets.validation.labels,
        planner,
    )
    return parts, sets, whole.space


def _controllers(args: argparse.Namespace) -> list[dict[str, Any]]:
    from . import controllers, study

    kept = controllers.storage(args.study) if args.study else None
    with cost.Planner("ours") as planner:
        parts, _, space = _parts(args, planner)
        setting = next(s for s in study.settings(parts, space) if s.name == args.setting)
        small = spaces.load("tabulated-cifar10")
        rows = study.table(parts, small, setting, _say)
        best = max(accuracy for _, accuracy, latency in rows if latency <= setting.deadline_s)
        in_time = sum(latency <= setting.deadline_s for _, _, latency in rows)
        answers = [
            study.compare(parts, small, setting, args.budget, args.table_seeds, best, _say) | {"in_time": in_time},
            study.compare(parts, space, setting, args.budget, args.seeds, None, _say, kept),
        ]
    (HOME / "controllers.json").write_text(json.dumps(answers, indent=1))
    return answers


def _trained_controllers(args: argparse.Namespace) -> list[dict[str, Any]]:
    from . import published, study, train, trained

    space = spaces.load(args.space)
    sets = data.SETS[args.data]()
    recipe = train.Recipe(epochs=args.epochs, batch=64, seed=1)
    boards = published.settings(space.data.get("settings", "cifar"))
    with cost.Planner("ours") as planner:
        candidates = trained.Trained(sets, recipe, HOME / "runs" / space.name, planner, _say)
        setting = next(s for s in study.settings(candidates, space, boards) if s.name == args.setting)
        answer = study.compare(candidates, space, setting, args.budget, args.seeds, None, _say)
        answer |= {"trained": len(candidates.records.known), "epochs": args.epochs}
        answer["training_seconds"] = sum(record["seconds"] for record in candidates.records.known.values())
    (HOME / f"trained-controllers-{space.name}.json").write_text(json.dumps(answer, indent=1))
    return [answer]


def _specialise(args: argparse.Namespace) -> list[dict[str, Any]]:
    from . import study, supernet, train

    answers = []
    with cost.Planner("ours") as planner:
        parts, sets, space = _parts(args, planner)
        small = spaces.load("tabulated-cifar10")
        known, accuracies = [], []
        for choice in small.all():
            # As the larger space describes it.
            known.append(_widened(choice))
            accuracies.append(parts.accuracy(choice, small))
        rng = random.Random(args.seed)
        for _ in range(args.more):
            choice = space.sample(rng)
            known.append(choice)
            accuracies.append(parts.accuracy(choice, space))
        predictor = study.Predictor(space, known, accuracies)
        for setting in study.settings(parts, space):
            choice, record = study.specialise(parts, space, setting, predictor, args.seed)
            if choice is not None:
                chosen, model = parts.supernet.extract(choice, supernet.calibration(sets))
                chosen = replace(chosen, name=f"part-{setting.name.replace('%', '')}")
                train.save(
                    model,
                    {
                        "network": chosen.to_json(),
                        "validation": record["validation"],
                        "seconds": record["seconds"],
                        "recipe": {"epochs": args.epochs, "seed": args.seed},
                    },
                    HOME / "runs" / chosen.name,
                )
                record |= {"run": chosen.name, "macs": chosen.macs(), "weights": chosen.weights()}
            _say(str(record))
            answers.append(record)
    (HOME / "specialised.json").write_text(json.dumps(answers, indent=1))
    return answers


def _widened(choice: dict[str, int]) -> dict[str, int]:
    """A choice of `tabulated-cifar10` as one of `elastic-cifar10`."""
    widths = {1: "stage1", 2: "stage2", 3: "stage2", 4: "stage3", 5: "stage3", 6: "stage4", 7: "stage4"}
    kernels = {name: value for name, value in choice.items() if name.startswith("kernel")}
    return {f"width{number}": choice[stage] for number, stage in widths.items()} | kernels


def _correlate(args: argparse.Namespace) -> dict[str, Any]:
    from . import study, train

    with cost.Planner("ours") as planner:
        parts, sets, _ = _parts(args, planner)
        recipe = train.Recipe(epochs=args.alone_epochs, seed=args.seed)
        small = spaces.load("tabulated-cifar10")
        answer = study.correlate(parts, small, sets, args.count, recipe, HOME / "runs", _say)
    (HOME / "correlation.json").write_text(json.dumps(answer, indent=1))
    return answer


def _prune(args: argparse.Namespace) -> list[dict[str, Any]]:
    from . import prune, train

    chosen = network.load(args.network)
    sets = data.cifar10()
    model, before = train.train(
        chosen,
        sets,
        train.Recipe(epochs=args.epochs, seed=args.seed),
        _runs(chosen.name, args.epochs, args.seed),
        report=_say,
    )
    setting = next(s for s in cost.SETTINGS if s.name == "5mF-TS1")
    rows = []
    with cost.Planner("ours") as planner:
        whole = planner.price(chosen, setting, deadline=False).latency_s
        values = prune.worth(model, sets)
        for criterion in ("latency", "weights"):
            target = args.share * whole
            small, kept, useless = prune.plan(chosen, values, planner, setting, target, criterion)
            small = replace(small, name=f"{chosen.name}-by-{criterion}")
            start = prune.cut(model, small, kept)
            cut = train.accuracy(start, sets.validation)
            recipe = train.Recipe(
                epochs=args.more, rate=0.02, warmup=0.5, seed=args.seed, distillation=0.9, temperature=2.0
            )
            _, record = train.train(
                small, sets, recipe, _runs(small.name, args.more, args.seed), teacher=model, start=start, report=_say
            )
            rows.append(
                {
                    "from": chosen.name,
                    "criterion": criterion,
                    "network": small.to_json(),
                    "macs": small.macs(),
                    "weights": small.weights(),
                    "latency_s": planner.price(small, setting, deadline=False).latency_s,
                    "latency_before_s": whole,
                    "steps_that_save_nothing": useless,
                    "validation_before": before["validation"],
                    "validation_cut": cut,
                    "validation": record["validation"],
                    "epochs": args.more,
                }
            )
    (HOME / "pruned.json").write_text(json.dumps(rows, indent=1))
    return rows


def _data_for(args: argparse.Namespace, chosen: network.Network) -> data.Data:
    """The data set at the resolution of this network, if it is one for it."""
    sets = data.resized(data.SETS[args.data](), *chosen.input[:2])
    classes = int(sets.train.labels.max()) + 1
    if sets.train.images.shape[1:] != chosen.input or classes != chosen.classes:
        raise network.NetworkError(
            f"{chosen.name} takes {chosen.input} and tells {chosen.classes} classes; "
            f"{args.data} has {sets.train.images.shape[1:]} and {classes}"
        )
    return sets


def _train(args: argparse.Namespace) -> dict[str, Any]:
    from . import train

    chosen = network.load(args.network)
    recipe = train.Recipe(epochs=args.epochs, seed=args.seed)
    home = _runs(chosen.name, args.epochs, args.seed)
    _, record = train.train(
        chosen, _data_for(args, chosen), recipe, home, report=_say
    )
    return record


def _distil(args: argparse.Namespace) -> dict[str, Any]:
    from . import distil, train

    student, teacher = network.load(args.student), network.load(args.teacher)
    sets = data.cifar10()
    known, _ = train.train(
        teacher,
        sets,
        train.Recipe(epochs=args.teacher_epochs, seed=args.teacher_seed),
        _runs(teacher.name, args.teacher_epochs, args.teacher_seed),
        report=_say,
    )
    answer = distil.compare(
        student,
        known,
        f"{teacher.name}, {args.teacher_epochs} epochs",
        sets,
        train.Recipe(epochs=args.epochs),
        [int(seed) for seed in args.seeds.split(",")],
        HOME / "runs",
        report=_say,
    )
    (HOME / f"distilled-{student.name}.json").write_text(json.dumps(answer, indent=1))
    return answer


def _deploy(args: argparse.Namespace) -> dict[str, Any]:
    import numpy as np

    from . import published, train

    if args.run_name:
        home = HOME / "runs" / args.run_name
        chosen, model, record = train.restore(home)
        sets = _data_for(args, chosen)
    else:
        chosen = network.load(args.network)
        home = _runs(chosen.name, args.epochs, args.seed)
        sets = _data_for(args, chosen)
        # Trained already: this only restores it.
        recipe = train.Recipe(epochs=args.epochs, seed=args.seed)
        model, record = train.train(chosen, sets, recipe, home, report=_say)
    rng = np.random.default_rng(args.seed)
    seen = sets.train.images[rng.choice(len(sets.train), 500, replace=False)]
    file = train.to_int8(model, seen)
    path = home / "model.tflite"
    path.write_bytes(file)
    scale, zero = deploy.input_scale(file)
    inputs = deploy.quantized(sets.test.images, scale, zero, train.scaled)
    found = deploy.run(path, inputs, sets.test, home, args.outages)
    board = deploy.simulated(path)
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
            # The published boards for activities are other ones.
            for setting in published.settings("har" if args.data == "watch" else "cifar")
        ]
    answer = {
        "network": chosen.to_json(),
        "data": args.data,
        "macs": chosen.macs(),
        "weights": chosen.weights(),
        "epochs": record["recipe"]["epochs"],
        "seed": record["recipe"]["seed"],
        "training_seconds": record["seconds"],
        "validation_float": record["validation"],
        "test_float": train.accuracy(model, sets.test),
        "test_int8": found["accuracy"]["accuracy"],
        "interpreter_500": float(np.mean(np.argmax(few, 1) == sets.test.labels[:500])),
        "outages_on_host": found["survived"]["outages"] if found["survived"] else 0,
        "failures_on_cortex_m4": sum(row["failures"] for row in emulated["rows"]),
        "differences_on_cortex_m4": sum(row["differences"] for row in emulated["rows"]),
        "prices": prices,
        "board": board,
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
    found["board"] = deploy.simulated(model)
    kept = {"accuracy": found["accuracy"]["accuracy"], "macs": RESNET_MACS, "board": found["board"]}
    (HOME / "resnet8.json").write_text(json.dumps(kept, indent=1))
    return found


def _feasible(args: argparse.Namespace) -> list[dict[str, Any]]:
    from . import published

    rows = []
    for name in args.space:
        space = spaces.load(name)
        planners = ["ours"]
        if all(entry.get("padding") == "valid" for entry in space.convolutions()):
            planners = ["continuous", "reference", "ours"]
        for planner in planners:
            for setting in published.settings(space.data.get("settings", "cifar")):
                rows.append(feasible.sample(space, setting, planner, args.count, args.seed))
                _say(str(rows[-1]))
    (HOME / "feasible.json").write_text(json.dumps(rows, indent=1))
    return rows


def _continuous(args: argparse.Namespace) -> list[dict[str, Any]]:
    from . import published

    rows = []
    for name in args.space:
        space = spaces.load(name)
        boards: dict[float, list[cost.Setting]] = {}
        for setting in published.settings(space.data.get("settings", "cifar")):
            boards.setdefault(setting.capacitance_f, []).append(setting)
        for settings in boards.values():
            rows.append(feasible.continuous(space, settings, args.count, args.seed))
            _say(str(rows[-1]))
    (HOME / "continuous.json").write_text(json.dumps(rows, indent=1))
    return rows


def _stage(args: argparse.Namespace) -> list[dict[str, Any]]:
    space = spaces.load(args.space)
    rows = []
    with cost.Planner("ours") as planner:
        for board in cost.SETTINGS[::3]:
            capacitor = board.name.split("-")[0]
            for deadline in args.deadlines.split(","):
                setting = replace(board, name=f"{capacitor}-{deadline}s", deadline_s=float(deadline))
                rows += feasible.stage(space, args.by.split(","), setting, planner, args.count, args.seed)
                _say(f"{setting.name}: {rows[-1]}")
    (HOME / "stage.json").write_text(json.dumps(rows, indent=1))
    return rows


def _report(args: argparse.Namespace) -> dict[str, Any]:
    kept = data.ROOT / "docs" / "results" / "search.json"
    records = json.loads(kept.read_text()) if kept.exists() else {}
    for name in ("feasible", "continuous", "stage", "equal", "controllers", "specialised", "correlation", "pruned", "resnet8"):
        file = HOME / f"{name}.json"
        if file.exists():
            records[name] = json.loads(file.read_text())
    compared = {answer["space"]: answer for answer in records.get("trained_controllers", [])}
    for file in sorted(HOME.glob("trained-controllers-*.json")):
        answer = json.loads(file.read_text())
        compared[answer["space"]] = answer
    records["trained_controllers"] = list(compared.values())
    distilled = {record["student"]: record for record in records.get("distilled", [])}
    for file in sorted(HOME.glob("distilled-*.json")):
        record = json.loads(file.read_text())
        distilled[record["student"]] = record
    records["distilled"] = list(distilled.values())
    networks = {record["network"]["name"]: record for record in records.get("networks", [])}
    for file in sorted((HOME / "runs").glob("*/deployed.json")):
        record = json.loads(file.read_text())
        networks[record["network"]["name"]] = record
    records["networks"] = sorted(networks.values(), key=lambda record: record["macs"])
    kept.write_text(json.dumps(records, indent=1) + "\n")
    text = report.markdown(records, args.heading)
    (data.ROOT / "docs" / "results" / "search.md").write_text(text)
    front.draw(records, data.ROOT / "docs" / "results" / "search-front.svg")
    return records


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; 1 where it fails."""
    parser = argparse.ArgumentParser(prog="rekindle-search", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        text = text.replace("%", "%%")
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        sub.add_argument("--json", action="store_true", help="as JSON")
        return sub

    check = command("check", _check, "the data and the path to the device, by MLPerf Tiny's ResNet-8: 87.07 %")
    check.add_argument("--outages", type=int, default=5, help="series of random outages on each memory")
    some = command("feasible", _feasible, "the share of a space that can run in each of the nine settings")
    shipped = sorted(file.stem for file in spaces.FOLDER.glob("*.json"))
    some.add_argument("space", nargs="*", default=shipped, help="a shipped space, or a .json file; all that are shipped")
    some.add_argument("--count", type=int, default=150, help="networks that are sampled")
    some.add_argument("--seed", type=int, default=2026)
    plain = command("continuous", _continuous, "plans made for power that never fails, as HW-NAS makes them, on nine boards")
    plain.add_argument("space", nargs="*", default=["inas-cifar10", "inas-har", "inas-kws"])
    plain.add_argument("--count", type=int, default=150, help="networks that are sampled")
    plain.add_argument("--seed", type=int, default=2026)
    first = command("stage", _stage, "which part of a space to search in, by the networks in it that are in time")
    first.add_argument("--space", default="inverted-cifar10")
    first.add_argument("--by", default="resolution,width1", help="decisions that make the parts")
    first.add_argument("--deadlines", default="10,20,40", help="seconds, separated by commas")
    first.add_argument("--count", type=int, default=150, help="networks that are sampled in each part")
    first.add_argument("--seed", type=int, default=2026)
    for name, run, text in (
        ("train", _train, "trains a network, or goes on where it was interrupted"),
        ("deploy", _deploy, "a trained network as int8 and as generated code: test set, outages, prices"),
    ):
        sub = command(name, run, text)
        sub.add_argument("network", type=Path, nargs="?" if name == "deploy" else None, help="a .json file")
        sub.add_argument("--data", choices=sorted(data.SETS), default="cifar10")
        sub.add_argument("--epochs", type=int, default=30)
        sub.add_argument("--seed", type=int, default=1)
        if name == "deploy":
            sub.add_argument("--run", dest="run_name", help="a folder under target/search/runs, instead of a network")
            sub.add_argument("--outages", type=int, default=20, help="series of random outages on each memory")
            sub.add_argument("--failures", type=int, default=1000, help="power failures on the emulated Cortex-M4")
    pair = command("distil", _distil, "the same student with and without a teacher, pairwise over seeds")
    pair.add_argument("student", type=Path, help="a .json file")
    pair.add_argument("--teacher", type=Path, required=True, help="a .json file")
    pair.add_argument("--teacher-epochs", type=int, default=90)
    pair.add_argument("--teacher-seed", type=int, default=1)
    pair.add_argument("--epochs", type=int, default=10)
    pair.add_argument("--seeds", default="1,2,3", help="separated by commas")
    for name, run, text in (
        ("supernet", _shrink, "trains all networks of a space at once, or goes on with it"),
        ("controllers", _controllers, "random search, evolution and TPE at equal budget, on a table and on the space"),
        ("specialise", _specialise, "parts of the supernet for nine settings, without training"),
        ("correlate", _correlate, "accuracy of parts as they are against that of the same trained alone"),
    ):
        sub = command(name, run, text)
        sub.add_argument("--space", default="elastic-cifar10")
        sub.add_argument("--largest", type=Path, default=NETWORKS / "plain-8.json")
        sub.add_argument("--largest-epochs", type=int, default=90)
        sub.add_argument("--epochs", type=int, default=20)
        sub.add_argument("--seed", type=int, default=1)
        if name == "controllers":
            sub.add_argument("--setting", default="5mF-55%", help="capacitor and share of the largest network's latency")
            sub.add_argument("--budget", type=int, default=30, help="evaluations of each study")
            sub.add_argument("--table-seeds", type=int, default=50)
            sub.add_argument("--seeds", type=int, default=10)
            sub.add_argument(
                "--study", type=Path, help="a file that keeps the studies of the space; machines that have it share them"
            )
        if name == "specialise":
            sub.add_argument("--more", type=int, default=100, help="random parts beside the table for the predictor")
        if name == "correlate":
            sub.add_argument("--count", type=int, default=8, help="networks that are trained alone")
            sub.add_argument("--alone-epochs", type=int, default=8)
    one = command(
        "trained-controllers", _trained_controllers, "the same three controllers, each candidate trained on its own"
    )
    one.add_argument("--space", default="inas-har")
    one.add_argument("--data", choices=sorted(data.SETS), default="watch")
    one.add_argument("--epochs", type=int, default=20)
    one.add_argument("--setting", default="5mF-55%", help="capacitor and share of the largest network's latency")
    one.add_argument("--budget", type=int, default=20, help="networks that each study trains")
    one.add_argument("--seeds", type=int, default=10)
    terms = command("equal", _equal, "from published designs to ours of the same space, one change at a time")
    terms.add_argument("--budget", type=int, default=16, help="networks that the controller trains for an epoch")
    terms.add_argument("--epochs", type=int, default=5)
    terms.add_argument("--teacher-epochs", type=int, default=16)
    terms.add_argument("--seed", type=int, default=1)
    less = command("prune", _prune, "channels taken away by planned latency, and by weights to compare")
    less.add_argument("network", type=Path, help="a .json file")
    less.add_argument("--epochs", type=int, default=90)
    less.add_argument("--seed", type=int, default=1)
    less.add_argument("--share", type=float, default=0.5, help="of the planned latency that is to be left")
    less.add_argument("--more", type=int, default=6, help="epochs after pruning")
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
