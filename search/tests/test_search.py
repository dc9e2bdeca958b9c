"""Descriptions, spaces, splits and prices: what needs no training framework and no data set."""

import random

import numpy as np
import pytest

from rekindle_search import cost, data, network, spaces
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
    for name in ("inas-cifar10", "plain-cifar10", "separable-cifar10"):
        space = spaces.load(name)
        choice = space.sample(rng)
        other = space.mutate(choice, rng)
        assert sum(choice[key] != other[key] for key in choice) == 1
        assert space.network(choice).classes == 10
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
