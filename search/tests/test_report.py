"""The page and its picture, from records that are made up."""

import json
from pathlib import Path
from typing import Any

import pytest

from rekindle_search import data, front, report
from rekindle_search.cost import SETTINGS


def step(name: str, test: float, **more: Any) -> dict[str, Any]:
    return {
        "step": name,
        "setting": "5mF-TS1",
        "network": name,
        "macs": 1000,
        "epochs": 5,
        "seed": 1,
        "validation": test,
        "test": test,
        "seconds": 10.0,
        "latency_s": 6.6,
        "latencies_s": {s.name: 7.0 for s in SETTINGS},
        "reference_latency_s": None,
        **more,
    }


def equal() -> dict[str, Any]:
    said = {"published": 54.86, "published_latency_s": 169.9, "deadline_s": 194.86, "reference_latency_s": 169.9}
    pool = {"candidates": 16, "candidates_mean": 0.3}
    steps = [step("published", 0.5, **said), step("by reference", 0.52, reference_latency_s=180.0, **pool)]
    steps += [step(name, 0.55 + n / 100, **pool) for n, name in enumerate(("random", "chosen"))]
    steps += [step(name, 0.6 + n / 100) for n, name in enumerate(("norm", "taught", "longer"))]
    fates = [
        {"setting": s.name, "network": "chosen", "refused": "a step of layer 2" if s.capacitance_f < 0.01 else "", "lacks": "",
         "latency_s": None if s.capacitance_f < 0.01 else 300.0, "ours_latency_s": 12.0}
        for s in SETTINGS
    ]
    return {"steps": steps, "others": [step("other", 0.51, **said) | {"setting": "1mF-TS1"}], "continuous": fates}


def test_each_step_and_each_setting_is_in_the_page() -> None:
    page = report.markdown({"equal": equal()}, "")
    assert "| longer | longer | 1,000 | 5, 1 |  | 62.00 % | **62.00 %** | 6.6 | refused |" in page
    assert "| by reference | by reference | 1,000 | 5, 1 | 16, 30.00 % |" in page
    assert "| 1mF-TS1 | 576.47 | 54.39 % | 51.00 % | 169.9 | 6.6 | **62.00 %** | 7.0 |" in page
    # A design that is not at hand is not made up.
    assert "| 10mF-TS3 | 457.75 | 63.56 % | not at hand | – | – | **62.00 %** | 7.0 |" in page
    assert "| 5mF-TS1 | 194.86 | a step of layer 2 | 12.0 |" in page
    assert "| 10mF-TS1 | 191.78 | 300.0 s | 12.0 |" in page


def test_plans_and_parts_are_in_the_page() -> None:
    plans = [
        {"space": "inas-har", "board": "1mF", "sampled": 10, "seed": 1, "unsafe": 10, "most_needed": 4.88,
         "late": {"1mF-TS1": 0}, "over_reference": None, "over_ours": None},
        {"space": "inas-har", "board": "5mF", "sampled": 10, "seed": 1, "unsafe": 0, "most_needed": 0.0,
         "late": {"5mF-TS1": 7, "5mF-TS2": 2}, "over_reference": 3.37, "over_ours": 39.0},
    ]
    parts = [
        {"space": "x", "setting": "5mF-10s", "deadline_s": 10.0, "part": {"size": size}, "sampled": 10,
         "feasible": count, "mean_macs": macs}
        for size, count, macs in ((24, 5, 2e6), (32, 1, 3e6))
    ]
    page = report.markdown({"continuous": plans, "stage": parts}, "")
    assert "On 1 of 2 boards no such plan is safe" in page
    assert "| inas-har | 1mF | 10, 1 | 10 | 488 % | – | – | TS1 0 |" in page
    assert "| inas-har | 5mF | 10, 1 | 0 | – | 3.4 | 39.0 | TS1 7, TS2 2 |" in page
    assert "| 5mF-10s | 2.00 M (50 %) | 3.00 M (10 %) | size 24 |" in page


def test_the_committed_page_is_made_from_the_committed_figures() -> None:
    results = data.ROOT / "docs" / "results"
    page = (results / "search.md").read_text()
    heading = page.splitlines()[2].removeprefix("`cargo xtask search -- report`, ").split(". Latencies")[0]
    assert page == report.markdown(json.loads((results / "search.json").read_text()), heading)


def test_the_picture_shows_what_each_ingredient_is_worth(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    front.draw({"equal": equal()}, tmp_path / "front.svg")
    # Text is drawn as shapes; its source stands in comments.
    drawn = (tmp_path / "front.svg").read_text()
    for text in ("HW-NAS-like, float: never ends at 5 mF", "iNAS, float, by deadline", "without batch norm, teacher", "TiNAS"):
        assert text in drawn, text
