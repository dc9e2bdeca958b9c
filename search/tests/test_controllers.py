"""Controllers and studies, on a table that is made up: what needs no training framework and no data set."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

optuna = pytest.importorskip("optuna")
pytest.importorskip("scipy")

from rekindle_search import controllers, distil, spaces, study  # noqa: E402
from rekindle_search.data import ROOT  # noqa: E402
from rekindle_search.inherited import Records  # noqa: E402

SPACE = spaces.load("tabulated-cifar10")


def worth(choice: dict[str, int]) -> float:
    """Larger is better, and each decision counts for itself."""
    return sum(sorted(SPACE.decisions[name]).index(value) for name, value in choice.items()) / 20


def cheap(choice: dict[str, int]) -> bool:
    return sum(choice.values()) <= 190


@pytest.mark.parametrize("name", controllers.NAMES)
def test_a_budget_counts_evaluations_and_what_is_refused_is_never_evaluated(name: str) -> None:
    seen = []

    def evaluate(choice: dict[str, int]) -> float:
        assert cheap(choice)
        seen.append(tuple(choice.values()))
        return worth(choice)

    found = controllers.run(name, SPACE, 7, 20, cheap, evaluate)
    assert len(found) == len(seen) == len(set(seen)) == 20
    assert [accuracy for _, accuracy in found] == [worth(choice) for choice, _ in found]
    again = controllers.run(name, SPACE, 7, 20, cheap, worth)
    assert again == found


@pytest.mark.parametrize("name", controllers.NAMES)
def test_a_space_in_which_nothing_is_feasible_ends(name: str) -> None:
    assert controllers.run(name, SPACE, 1, 1, lambda _: False, worth) == []


def test_those_that_learn_find_better_networks_than_random_search() -> None:
    best = {
        name: np.mean([max(a for _, a in controllers.run(name, SPACE, seed, 30, cheap, worth)) for seed in range(6)])
        for name in controllers.NAMES
    }
    assert best["evolution"] > best["random"]
    assert best["tpe"] > best["random"]


def test_a_study_on_disk_goes_on_where_it_stopped(tmp_path: Path) -> None:
    calls = []

    def evaluate(choice: dict[str, int]) -> float:
        calls.append(tuple(choice.values()))
        return worth(choice)

    def kept() -> object:
        return controllers.storage(tmp_path / "study.log")

    first = controllers.run("evolution", SPACE, 1, 5, cheap, evaluate, kept(), "s")
    assert len(calls) == 5
    whole = controllers.run("evolution", SPACE, 1, 12, cheap, evaluate, kept(), "s")
    assert whole[:5] == first
    assert len(whole) == len(calls) == len(set(calls)) == 12


SHARED = """
import sys, time
sys.path.insert(0, "search/tests")
from pathlib import Path
from test_controllers import SPACE, cheap, worth
from rekindle_search import controllers

def evaluate(choice):
    time.sleep(0.05)
    print(tuple(choice.values()), flush=True)
    return worth(choice)

found = controllers.run("evolution", SPACE, 1, 24, cheap, evaluate, controllers.storage(Path(sys.argv[1])), "s")
assert 24 <= len(found) <= 26, len(found)
"""


def test_processes_share_a_study(tmp_path: Path) -> None:
    program = [sys.executable, "-c", SHARED, str(tmp_path / "study.log")]
    running = [
        subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    lines = [process.communicate()[0].splitlines() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert all(len(seen) >= 5 for seen in lines), "one of them did all the work"
    together = lines[0] + lines[1]
    # Both may be at work on the same candidate, seldom.
    assert len(together) <= 28 and len(set(together)) >= 24


def test_records_leave_out_a_line_that_was_cut(tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    records = Records(file)
    assert records.get("a", lambda: 1.5) == 1.5
    assert records.get("b", lambda: None) is None
    text = file.read_text()
    file.write_text(text + '{"key": "c", "val')
    again = Records(file)
    assert again.get("a", lambda: pytest.fail("known")) == 1.5
    assert again.get("b", lambda: pytest.fail("known")) is None
    assert again.get("c", lambda: 3) == 3
    assert [json.loads(line)["key"] for line in file.read_text().splitlines() if line.endswith("}")][-1] == "c"
    assert Records(file).get("c", lambda: pytest.fail("known")) == 3


def test_the_predictor_ranks_what_is_additive() -> None:
    choices = list(SPACE.all())
    seen = choices[::7]
    predict = study.Predictor(SPACE, seen, [worth(choice) for choice in seen], ridge=1e-3)
    errors = [abs(predict(choice) - worth(choice)) for choice in choices]
    assert max(errors) < 0.02


def test_pairs_are_tested_as_pairs() -> None:
    # By hand: differences 1, 2 and 3 have mean 2, deviation 1 and t = 2 √3 = 3.46; p = 0.0742.
    found = distil.paired([1.0, 1.0, 1.0], [2.0, 3.0, 4.0])
    assert found["gain"] == pytest.approx(2.0)
    assert found["p"] == pytest.approx(0.0742, abs=1e-4)
    assert found["interval"] == pytest.approx(4.3027 / 3**0.5, abs=1e-3)
