"""Training and conversion to int8 with TensorFlow, on all cores."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .data import Data, Split
from .network import Network, NetworkError, parse

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import tensorflow as tf  # noqa: E402  (the variable must be set before)

# Mean and deviation of a channel of CIFAR-10's training set, near enough for all sets here.
MEAN, DEVIATION = 120.0, 64.0


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: stochastic gradient descent with momentum, the rate along a cosine after a warm-up."""

    epochs: int = 30
    batch: int = 128
    rate: float = 0.1
    warmup: float = 2.0
    decay: float = 5e-4
    smoothing: float = 0.0
    shift: int = 4
    seed: int = 1
    # Share of the loss that follows a teacher's logits, and their temperature.
    distillation: float = 0.0
    temperature: float = 4.0


def build(network: Network) -> tf.keras.Model:
    """The Keras model; its output are logits."""
    keras = tf.keras
    normal = keras.initializers.HeNormal(seed=1)
    x = inputs = keras.layers.Input(network.input)
    last = len(network.layers) - 1
    # What each layer reads.
    read = []
    for number, layer in enumerate(network.layers):
        read.append(x)
        if layer.op == "conv":
            x = keras.layers.Conv2D(
                layer.outputs,
                layer.sides(),
                layer.stride,
                layer.padding,
                use_bias=not network.norm,
                kernel_initializer=normal,
            )(x)
        elif layer.op == "depthwise":
            x = keras.layers.DepthwiseConv2D(
                layer.sides(), layer.stride, layer.padding, use_bias=not network.norm
            )(x)
        elif layer.op == "pool":
            x = keras.layers.GlobalAveragePooling2D()(x)
            continue
        elif layer.op == "add":
            x = keras.layers.Add()([x, read[number - layer.back]])
            continue
        else:
            if len(x.shape) > 2:
                x = keras.layers.Flatten()(x)
            hidden = "relu" if layer.outputs else None
            x = keras.layers.Dense(layer.outputs or network.classes, hidden)(x)
            continue
        if network.norm:
            x = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-4)(x)
        if number != last and not layer.linear:
            x = keras.layers.ReLU()(x)
    return keras.Model(inputs, x, name="network")


def scaled(images: np.ndarray) -> np.ndarray:
    """What a network sees of images; what is no image is scaled already."""
    if images.dtype != np.uint8:
        return images.astype(np.float32)
    return (images.astype(np.float32) - MEAN) / DEVIATION


def augmented(images: np.ndarray, shift: int, rng: np.random.Generator) -> np.ndarray:
    """Each image shifted by up to `shift` pixels, zeros moving in, and mirrored half of the time.

    What is one column wide is a series, which is shifted in time only.
    """
    count, height, width, channels = images.shape
    if width == 1:
        padded = np.zeros((count, height + 2 * shift, 1, channels), np.float32)
        padded[:, shift : shift + height] = images
        rows = rng.integers(0, 2 * shift + 1, count)[:, None] + np.arange(height)
        return padded[np.arange(count)[:, None], rows]
    padded = np.zeros((count, height + 2 * shift, width + 2 * shift, channels), np.float32)
    padded[:, shift : shift + height, shift : shift + width] = images
    rows = rng.integers(0, 2 * shift + 1, count)[:, None, None] + np.arange(height)[None, :, None]
    columns = np.arange(width)[None, None, :].repeat(count, 0)
    mirrored = rng.random(count) < 0.5
    columns[mirrored] = columns[mirrored, :, ::-1]
    columns = columns + rng.integers(0, 2 * shift + 1, count)[:, None, None]
    return padded[np.arange(count)[:, None, None], rows, columns]


class Rate(tf.keras.optimizers.schedules.LearningRateSchedule):
    """Rises for the warm-up, and falls along half of a cosine."""

    def __init__(self, recipe: Recipe, steps: int) -> None:
        self.peak, self.steps = recipe.rate, steps * recipe.epochs
        self.warm = max(1.0, recipe.warmup * steps)

    def __call__(self, step: Any) -> Any:
        step = tf.cast(step, tf.float32)
        along = tf.clip_by_value((step - self.warm) / max(1.0, self.steps - self.warm), 0.0, 1.0)
        cosine = 0.5 * self.peak * (1.0 + tf.cos(np.pi * along))
        return tf.where(step < self.warm, self.peak * step / self.warm, cosine)


def accuracy(model: tf.keras.Model, split: Split) -> float:
    """Share of images whose class a float model finds."""
    logits = model.predict(scaled(split.images), batch_size=500, verbose=0)
    return float(np.mean(np.argmax(logits, 1) == split.labels))


def soften(logits: Any, labels: Any, hints: Any, classes: int, recipe: Recipe) -> Any:
    """The loss of a batch: cross entropy against labels, and with `hints` in part against a teacher's logits."""
    target = tf.one_hot(labels, classes)
    target = target * (1.0 - recipe.smoothing) + recipe.smoothing / classes
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(target, logits))
    if hints is None:
        return loss
    t = recipe.temperature
    soft = tf.nn.softmax(hints / t)
    follow = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(soft, logits / t))
    # The gradients of soft targets are smaller by the square of the temperature (Hinton et al., 2015).
    return (1.0 - recipe.distillation) * loss + recipe.distillation * t * t * follow


def resumed(
    name: str,
    data: Data,
    recipe: Recipe,
    home: Path,
    optimizer: tf.keras.optimizers.Optimizer,
    states: tf.train.Checkpoint,
    step: Callable[[int, Any, Any], Any],
    validate: Callable[[], float],
    report: Any,
) -> list[dict[str, float]]:
    """Runs `step(epoch, images, labels)` over all epochs, or those after the last one whose state lies in `home`."""
    home.mkdir(parents=True, exist_ok=True)
    steps = len(data.train) // recipe.batch
    manager = tf.train.CheckpointManager(states, str(home / "state"), max_to_keep=1)
    history_file = home / "history.json"
    history: list[dict[str, float]] = []
    if manager.latest_checkpoint and history_file.exists():
        history = json.loads(history_file.read_text())
        states.restore(manager.latest_checkpoint).assert_existing_objects_matched()
        history = history[: int(optimizer.iterations.numpy()) // steps]
        report(f"{name}: goes on after epoch {len(history)}")
    images = scaled(data.train.images)
    labels = data.train.labels.astype(np.int32)
    for epoch in range(len(history), recipe.epochs):
        start = time.monotonic()
        # The same order and the same shifts whether or not the run was interrupted.
        rng = np.random.default_rng([recipe.seed, epoch])
        order = rng.permutation(len(labels))
        losses = []
        for at in range(steps):
            chosen = order[at * recipe.batch : (at + 1) * recipe.batch]
            batch = augmented(images[chosen], recipe.shift, rng)
            losses.append(step(epoch, tf.constant(batch), tf.constant(labels[chosen])))
        entry = {"loss": float(np.mean([float(v) for v in losses])), "seconds": time.monotonic() - start}
        if epoch % 5 == 4 or epoch + 1 == recipe.epochs:
            entry["validation"] = validate()
        history.append(entry)
        manager.save()
        # A history of more epochs than the state has is cut when it is read; one of fewer would repeat epochs.
        history_file.write_text(json.dumps(history))
        report(f"{name}: epoch {epoch + 1} of {recipe.epochs}: {entry}")
    return history


def train(
    network: Network,
    data: Data,
    recipe: Recipe,
    home: Path,
    teacher: tf.keras.Model | None = None,
    start: tf.keras.Model | None = None,
    report: Any = print,
) -> tuple[tf.keras.Model, dict[str, Any]]:
    """Trains, or goes on where an earlier run stopped; the state after each epoch lies in `home`.

    `start` is a model of this network to begin with. Returns the model and a record: accuracy on the validation set,
    seconds, and the loss of each epoch.
    """
    tf.keras.utils.set_random_seed(recipe.seed)
    model = start or build(network)
    optimizer = tf.keras.optimizers.SGD(Rate(recipe, len(data.train) // recipe.batch), 0.9, nesterov=True)
    kernels = [w for w in model.trainable_variables if w.path.endswith("kernel")]

    @tf.function
    def improve(x: Any, y: Any) -> Any:
        hints = teacher(x, training=False) if teacher is not None else None
        with tf.GradientTape() as tape:
            shown = soften(model(x, training=True), y, hints, network.classes, recipe)
            loss = shown + recipe.decay * tf.add_n([tf.nn.l2_loss(w) for w in kernels])
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return shown

    optimizer.build(model.trainable_variables)
    history = resumed(
        network.name,
        data,
        recipe,
        home,
        optimizer,
        tf.train.Checkpoint(model=model, optimizer=optimizer),
        lambda _, x, y: improve(x, y),
        lambda: accuracy(model, data.validation),
        report,
    )
    record = {
        "network": network.to_json(),
        "recipe": asdict(recipe),
        "validation": history[-1].get("validation", accuracy(model, data.validation)),
        "seconds": sum(entry["seconds"] for entry in history),
        "losses": [entry["loss"] for entry in history],
    }
    save(model, record, home)
    return model, record


def save(model: tf.keras.Model, record: dict[str, Any], home: Path) -> None:
    """Writes the weights of a model that is ready, and what is known of it."""
    home.mkdir(parents=True, exist_ok=True)
    model.save_weights(home / "model.weights.h5")
    (home / "record.json").write_text(json.dumps(record, indent=1))


def restore(home: Path) -> tuple[Network, tf.keras.Model, dict[str, Any]]:
    """What `save` wrote."""
    try:
        record = json.loads((home / "record.json").read_text())
        network = parse(record["network"], str(home))
        model = build(network)
        model.load_weights(home / "model.weights.h5")
    except (OSError, json.JSONDecodeError, KeyError, ValueError) as error:
        raise NetworkError(f"{home}: no trained network: {error}") from error
    return network, model, record


def to_int8(model: tf.keras.Model, calibration: np.ndarray) -> bytes:
    """A `.tflite` file: int8 throughout, weights per channel, ranges from the calibration images (uint8)."""
    inputs = tf.keras.Input(batch_shape=(1, *model.inputs[0].shape[1:]))
    # For one image at a time, and with weights in place of variables.
    one = tf.keras.Model(inputs, model(inputs, training=False))
    converter = tf.lite.TFLiteConverter.from_keras_model(one)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    seen = scaled(calibration)
    converter.representative_dataset = lambda: ([image[None]] for image in seen)
    return converter.convert()
