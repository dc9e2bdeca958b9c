"""Descriptions, spaces, splits and prices: what needs no training framework and no data set."""

import random

import numpy as np
import pytest

from rekindle_search import cost, data, feasible, network, published, spaces
from rekindle_search.feasible import sample

PLAIN = {
    "input": [32, 32, 3],
    "classes": 10,
    "layers": [
        {"op": "conv", "outputs": 16, "kernel": 3, "stride": 2},
        {"op": "depthwise", "kernel": 3},
        {"op": "conv", "outputs": 8, "kernel": 5, "padding": "valid"},
        {"op": "pool"},
        {"op": "dense"},
    ],
}


def test_shapes_macs_and_weights_are_those_of_tflite() -> None:
    found = network.parse(PLAIN)
    assert found.shapes() == [(32, 32, 3), (16, 16, 16), (16, 16, 16), (12, 12, 8), (1, 1, 8), (1, 1, 10)]
    assert found.macs() == 16 * 16 * 16 * 27 + 16 * 16 * 16 * 9 + 12 * 12 * 8 * 25 * 16 + 80
    assert found.weights() == 27 * 16 + 9 * 16 + 25 * 16 * 8 + 80
    assert network.parse(found.to_json()) == found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"op": "lstm"}, "layer 1: `op` must be one of"),
        ({"op": "conv"}, "layer 1: `outputs` must be a whole number"),
        ({"op": "conv", "outputs": 8, "stride": 0}, "layer 1: `stride`"),
        ({"op": "conv", "outputs": 8, "dilation": 2}, "layer 1: unknown: dilation"),
        ({"op": "conv", "outputs": 8, "padding": "full"}, "layer 1: `padding`"),
        ({"op": "conv", "outputs": 8, "kernel": 40, "padding": "valid"}, "layer 1: the kernel is larger"),
        ({"op": "conv", "outputs": 8, "kernel": [3, 1, 1]}, "layer 1: `kernel`"),
        ({"op": "conv", "outputs": 8, "linear": 1}, "layer 1: `linear`"),
        ({"op": "depthwise", "outputs": 8}, "layer 1: unknown: outputs"),
        ({"op": "add"}, "layer 1: `back`"),
        ({"op": "add", "back": 1}, "layer 1: it adds to what has another shape"),
        ({"op": "add", "back": 2}, "layer 1: it adds to what has another shape, or is not there"),
    ],
)
def test_what_is_no_network_is_named(change: dict[str, object], message: str) -> None:
    layers = [PLAIN["layers"][0], change, {"op": "pool"}]
    with pytest.raises(network.NetworkError, match=message.replace("`", ".")):
        network.parse(PLAIN | {"layers": layers})


def test_spaces_that_are_shipped() -> None:
    inas = spaces.load("inas-cifar10")
    # Kernel {1, 3, 5, 7} and filters {4, 8, 16, 24} for each of five convolutions.
    assert inas.size() == 16**5
    rng = random.Random(1)
    classes = {"inas-har": 7, "inas-kws": 12}
    for file in sorted(spaces.FOLDER.glob("*.json")):
        space = spaces.load(file.stem)
        choice = space.sample(rng)
        other = space.mutate(choice, rng)
        assert sum(choice[key] != other[key] for key in choice) == 1
        assert space.network(choice).classes == classes.get(space.name, 10)
    with pytest.raises(network.NetworkError, match="nowhere"):
        spaces.load("nowhere")


def test_prices_are_asked_of_the_planner() -> None:
    published = network.parse(
        {
            "input": [32, 32, 3],
            "classes": 10,
            "norm": False,
            "layers": [
                {"op": "conv", "outputs": filters, "kernel": kernel, "padding": "valid"}
                for filters, kernel in ((24, 1), (16, 3), (4, 5), (8, 5), (16, 7))
            ]
            + [{"op": "pool"}, {"op": "dense"}],
        }
    )
    setting = cost.SETTINGS[0]
    with cost.Planner("reference") as reference, cost.Planner("ours") as ours:
        # The design that iNAS publishes for 1 mF and TS1.
        assert reference.price(published, setting).latency_s == pytest.approx(567.1369932546729, rel=1e-9)
        price = ours.price(published, setting)
        assert price.feasible and price.latency_s < 567 / 10 and price.sram_bytes <= 2048
        assert price.macs == published.macs()
        late = cost.Setting("late", 0.001, 52.0, deadline_s=1.0)
        refused = ours.price(published, late)
        assert refused.lacks == "deadline" and "layer 1" in refused.refused


def test_blocks_of_inverted_bottlenecks() -> None:
    space = spaces.load("inverted-cifar10")
    largest = space.network(space.largest())
    assert largest.input == (32, 32, 3)
    # An expansion is of the channels that are there; sums stand where nothing changes shape; a block of 0 is left out.
    assert [layer.outputs for layer in largest.layers[:4]] == [16, 96, 0, 32]
    assert [layer.op for layer in largest.layers].count("add") == 3
    smallest = space.network(space.smallest())
    assert smallest.input == (24, 24, 3) and [layer.op for layer in smallest.layers].count("add") == 0
    assert network.parse(largest.to_json()) == largest
    rng = random.Random(3)
    with cost.Planner("ours") as ours:
        for _ in range(20):
            chosen = space.network(space.sample(rng))
            price = ours.price(chosen, cost.SETTINGS[8], deadline=False)
            # What the planner understands is the same network.
            assert price.feasible and price.macs == chosen.macs(), price


def test_published_designs_have_their_published_latencies() -> None:
    designs = published.designs()
    assert len(designs) == 18 and {design.data for design in designs} == {"cifar", "har", "kws"}
    with cost.Planner("reference") as reference, cost.Planner("ours") as ours:
        for design in designs:
            found = reference.price(design.network, design.setting, deadline=False)
            assert found.latency_s == pytest.approx(design.latency_s, rel=1e-9), design.network.name
            assert ours.price(design.network, design.setting).latency_s < design.latency_s / 5
    assert published.accuracy("cifar", "10mF-TS3") == 63.56
    assert [s.deadline_s for s in published.settings("cifar")[3:6]] == [194.86, 302.37, 477.5]
    with pytest.raises(network.NetworkError, match="nowhere"):
        published.designs(data.ROOT / "nowhere.toml")


def test_plans_for_continuous_power_are_judged_by_the_power_that_there_is() -> None:
    space = spaces.load("inas-har")
    board = published.settings("har")[2:4]
    found = feasible.continuous(space, board, 12, 7)
    assert found["board"] == "5mF" and 0 <= found["unsafe"] < 12
    # A plan made for something else is no better, and each deadline is stricter than the next.
    assert found["over_reference"] >= 1.0 and found["over_ours"] > found["over_reference"]
    assert found["late"]["5mF-TS1"] >= found["late"]["5mF-TS2"]
    poor = [cost.Setting("none", 0.000_05, 62.0, 10.0)]
    nothing = feasible.continuous(space, poor, 5, 7)
    assert nothing["unsafe"] == 5 and nothing["over_ours"] is None and nothing["most_needed"] > 1.0


def test_the_first_stage_prefers_parts_with_more_work_in_time() -> None:
    space = spaces.load("inverted-cifar10")
    with cost.Planner("ours") as planner:

        def order(deadline: float) -> list[dict[str, object]]:
            setting = cost.Setting("here", 0.005, 24.0, deadline)
            return feasible.stage(space, ["resolution"], setting, planner, 20, 1)

        roomy, tight, none = order(100.0), order(12.0), order(1.0)
        assert [row["part"]["resolution"] for row in roomy] == [32, 24]
        assert roomy[0]["feasible"] == 20 and roomy[0]["mean_macs"] > roomy[1]["mean_macs"]
        # Hardly a large one is in time: the small ones are looked at first.
        assert tight[0]["part"]["resolution"] == 24
        assert all(row["feasible"] == 0 for row in none)
        with pytest.raises(network.NetworkError, match="no decision depth"):
            feasible.stage(space, ["depth"], cost.SETTINGS[0], planner, 1, 1)


def test_samples_are_repeatable() -> None:
    space = spaces.load("inas-cifar10")
    first, again = (sample(space, cost.SETTINGS[3], "reference", 12, 5) for _ in range(2))
    assert first | {"seconds": 0} == again | {"seconds": 0}
    assert first["feasible"] + sum(first["lacks"].values()) == 12


def test_a_split_holds_back_as_many_of_each_class() -> None:
    labels = np.arange(200, dtype=np.uint8) % 4
    whole = data.Split(np.arange(200, dtype=np.uint8).reshape(200, 1, 1, 1), labels)
    train, validation = data.divide(whole, 40)
    assert np.bincount(validation.labels).tolist() == [10] * 4
    together = np.concatenate([train.images.ravel(), validation.images.ravel()])
    assert sorted(together.tolist()) == list(range(200))
    again = data.divide(whole, 40)[1]
    assert np.array_equal(again.images, validation.images)


def test_data_that_are_not_the_data_set_are_refused() -> None:
    wrong = data.Split(np.zeros((2, 32, 32, 3), np.uint8), np.zeros(2, np.uint8))
    with pytest.raises(data.DataError, match="cifar10-test: SHA-256"):
        data.check("cifar10-test", wrong)
