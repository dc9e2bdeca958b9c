"""Training, the supernet and pruning on random images: what needs TensorFlow (`cargo xtask search -- test`)."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

from rekindle_search import network, prune, spaces, supernet, train  # noqa: E402
from rekindle_search.cost import SETTINGS, Price  # noqa: E402
from rekindle_search.data import Data, Split  # noqa: E402

SPACE = spaces.load("elastic-cifar10")


@pytest.fixture(scope="module")
def data() -> Data:
    rng = np.random.default_rng(1)

    def split(count: int) -> Split:
        return Split(
            rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8), (np.arange(count) % 10).astype(np.uint8)
        )

    return Data(train=split(64), validation=split(20), test=split(20))


@pytest.fixture(scope="module")
def largest() -> tf.keras.Model:
    tf.keras.utils.set_random_seed(5)
    model = train.build(SPACE.network(SPACE.largest()))
    # As after some training: no two channels are alike, and statistics are not those of the start.
    rng = np.random.default_rng(2)
    for layer in model.layers:
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.2, 1.5, w.shape).astype(np.float32) for w in layer.get_weights()])
    return model


def logits(model: tf.keras.Model, data: Data) -> np.ndarray:
    return model(tf.constant(train.scaled(data.test.images)), training=False).numpy()


RECIPE = train.Recipe(epochs=3, batch=32, rate=0.01, warmup=0.5)


def test_an_interrupted_training_ends_with_the_same_weights(data: Data, tmp_path: Path) -> None:
    chosen = SPACE.network(SPACE.smallest())
    whole, record = train.train(chosen, data, RECIPE, tmp_path / "whole", report=lambda _: None)

    class Killed(Exception):
        pass

    def kill(text: str) -> None:
        if "epoch 2 of" in text:
            raise Killed

    with pytest.raises(Killed):
        train.train(chosen, data, RECIPE, tmp_path / "killed", report=kill)
    again, resumed = train.train(chosen, data, RECIPE, tmp_path / "killed", report=lambda _: None)
    np.testing.assert_allclose(logits(again, data), logits(whole, data), rtol=1e-3, atol=1e-3)
    assert resumed["losses"] == pytest.approx(record["losses"], rel=1e-4)
    named, restored, _ = train.restore(tmp_path / "killed")
    assert named == chosen
    np.testing.assert_array_equal(logits(restored, data), logits(again, data))
    with pytest.raises(network.NetworkError, match="no trained network"):
        train.restore(tmp_path)


def test_the_largest_part_is_the_network_that_it_came_from(data: Data, largest: tf.keras.Model) -> None:
    whole = supernet.Supernet(SPACE, largest)
    part = whole.part(SPACE.largest())
    images = tf.constant(train.scaled(data.train.images))
    found, _ = whole.forward(part.kernels(), part.widths(), images)
    # With the statistics of a batch, as in training: the order of channels changes nothing.
    expected = largest(images, training=True)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_a_part_taken_out_computes_what_it_did_inside(data: Data, largest: tf.keras.Model) -> None:
    whole = supernet.Supernet(SPACE, largest)
    rng = random.Random(3)
    known = supernet.calibration(data)
    for tap in whole.taps:
        tap.assign(np.linspace(-0.5, 0.5, 9).astype(np.float32))
    images = tf.constant(train.scaled(data.test.images))
    for choice in [SPACE.smallest(), SPACE.largest(), *(SPACE.sample(rng) for _ in range(4))]:
        part = whole.part(choice)
        inside, _ = whole.forward(part.kernels(), part.widths(), images, whole.statistics(part, known))
        chosen, model = whole.extract(choice, known)
        assert chosen == SPACE.network(choice)
        np.testing.assert_allclose(logits(model, data), inside, rtol=1e-3, atol=1e-3)


def test_all_parts_learn_and_an_interrupted_supernet_goes_on(data: Data, largest: tf.keras.Model, tmp_path: Path) -> None:
    recipe = replace(RECIPE, distillation=0.9)
    whole = supernet.Supernet(SPACE, largest)
    before = [v.numpy() for v in whole.trainable_variables]
    supernet.shrink(whole, data, recipe, tmp_path / "whole", 1, lambda _: None)
    assert all(np.any(v.numpy() != b) for v, b in zip(whole.kernels, before)), "a kernel has not moved"
    assert any(np.any(tap.numpy()[:4] != 0.0) for tap in whole.taps), "no kernel of 1 was learned"

    class Killed(Exception):
        pass

    def kill(text: str) -> None:
        if "epoch 2 of" in text:
            raise Killed

    with pytest.raises(Killed):
        supernet.shrink(supernet.Supernet(SPACE, largest), data, recipe, tmp_path / "killed", 1, kill)
    again = supernet.Supernet(SPACE, largest)
    supernet.shrink(again, data, recipe, tmp_path / "killed", 1, lambda _: None)
    for a, b in zip(again.trainable_variables, whole.trainable_variables):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-2, atol=1e-3)


def test_a_network_that_is_not_the_largest_is_refused(largest: tf.keras.Model) -> None:
    with pytest.raises(network.NetworkError, match="not the largest"):
        supernet.Supernet(spaces.load("plain-cifar10"), train.build(network.parse({
            "layers": [{"op": "conv", "outputs": 8, "kernel": 3}, {"op": "pool"}, {"op": "dense"}]
        })))


class Counted:
    """A planner whose latency is the multiply-accumulates; the channels of one layer cost it nothing."""

    def price(self, chosen: network.Network, setting: object, deadline: bool = True) -> Price:
        free = list(chosen.layers)
        free[0] = replace(free[0], outputs=8)
        return Price(latency_s=float(replace(chosen, layers=tuple(free)).macs()))


def test_channels_that_are_worth_nothing_go_first_and_none_that_save_no_time(
    data: Data, largest: tf.keras.Model
) -> None:
    chosen = SPACE.network(SPACE.largest())
    convolutions = [layer for layer in chosen.layers if layer.op == "conv"]
    rng = np.random.default_rng(4)
    values = [rng.uniform(1.0, 2.0, layer.outputs) for layer in convolutions]
    # Eight channels of the fourth layer do nothing: neither scale nor shift.
    silent = rng.permutation(convolutions[3].outputs)[:8]
    values[3][silent] = 0.0
    norm = [layer for layer in largest.layers if isinstance(layer, tf.keras.layers.BatchNormalization)][3]
    before = norm.get_weights()
    norm.set_weights([np.where(np.isin(np.arange(64), silent), 0.0, w) if n < 2 else w for n, w in enumerate(before)])
    planner = Counted()
    now = planner.price(chosen, None).latency_s
    small, kept, useless = prune.plan(chosen, values, planner, SETTINGS[0], now - 1, "latency")
    assert useless == 1, "fewer channels in the first layer save nothing"
    assert [len(channels) for channels in kept] == [16, 32, 32, 56, 64, 128, 128]
    assert not set(silent) & set(kept[3])
    np.testing.assert_allclose(logits(prune.cut(largest, small, kept), data), logits(largest, data), rtol=1e-3, atol=1e-3)
    norm.set_weights(before)
    assert [len(v) for v in prune.worth(largest, data)] == [16, 32, 32, 64, 64, 128, 128]


def test_int8_is_near_float(data: Data, largest: tf.keras.Model) -> None:
    from rekindle_search import deploy

    file = train.to_int8(largest, data.train.images)
    scale, zero = deploy.input_scale(file)
    inputs = deploy.quantized(data.test.images, scale, zero, train.scaled)
    outputs = deploy.interpreted(file, inputs).astype(np.float64)
    expected = logits(largest, data).astype(np.float64)
    assert np.corrcoef(outputs.ravel(), expected.ravel())[0, 1] > 0.98


def test_residuals_linear_layers_and_kernels_with_sides_are_built_as_described() -> None:
    chosen = network.parse(
        {
            "input": [8, 1, 4],
            "classes": 3,
            "layers": [
                {"op": "conv", "outputs": 6, "kernel": [3, 1]},
                {"op": "conv", "outputs": 12, "kernel": 1},
                {"op": "depthwise", "kernel": [3, 1]},
                {"op": "conv", "outputs": 6, "kernel": 1, "linear": True},
                {"op": "add", "back": 3},
                {"op": "pool"},
                {"op": "dense", "outputs": 5},
                {"op": "dense"},
            ],
        }
    )
    model = train.build(chosen)
    kinds = [type(layer).__name__ for layer in model.layers]
    # A ReLU behind each convolution but the linear one, and one within the hidden dense layer.
    assert kinds.count("ReLU") == 3 and kinds.count("BatchNormalization") == 4
    kernels = sum(int(np.prod(w.shape)) for w in model.trainable_variables if w.path.endswith("kernel"))
    assert kernels == chosen.weights()
    found = {type(layer).__name__: layer for layer in model.layers}
    assert found["Add"].output.shape[1:] == (8, 1, 6)
    # With a last convolution of zeros, the sum is what the block read.
    narrow = [layer for layer in model.layers if isinstance(layer, tf.keras.layers.Conv2D)][-1]
    narrow.set_weights([np.zeros_like(narrow.get_weights()[0])])
    block = tf.keras.Model(model.inputs, [model.layers[3].output, found["Add"].output])
    x = tf.constant(np.random.default_rng(1).normal(size=(2, 8, 1, 4)).astype(np.float32))
    before, after = block(x, training=False)
    np.testing.assert_array_equal(before, after)


def test_a_series_is_shifted_in_time_alone() -> None:
    series = np.arange(1.0, 25.0, dtype=np.float32).reshape(1, 12, 1, 2).repeat(50, 0)
    shifted = train.augmented(series, 4, np.random.default_rng(1))
    assert shifted.shape == series.shape
    starts = set()
    for one in shifted[:, :, 0, :]:
        seen = one[one[:, 0] > 0]
        # A run of the series, its axes in order, and zeros around it.
        assert len(seen) >= 8 and (np.diff(seen[:, 0]) == 2).all() and (seen[:, 1] == seen[:, 0] + 1).all()
        starts.add(float(seen[0, 0]))
    assert len(starts) > 2
    assert np.array_equal(train.scaled(series), series)


def test_candidates_are_trained_once(data: Data, tmp_path: Path) -> None:
    from rekindle_search import trained

    said: list[str] = []
    recipe = train.Recipe(epochs=1, batch=32, rate=0.01)
    choice = SPACE.smallest()
    first = trained.Trained(data, recipe, tmp_path, None, said.append).accuracy(choice, SPACE)
    again = trained.Trained(data, recipe, tmp_path, None, said.append)
    assert again.accuracy(choice, SPACE) == first and len(said) == 1
    longer = trained.Trained(data, replace(recipe, epochs=2), tmp_path, None, said.append)
    longer.accuracy(choice, SPACE)
    assert len(said) == 2
