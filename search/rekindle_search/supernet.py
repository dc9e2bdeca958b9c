"""One network whose parts are networks (Once-for-All, Cai et al. 2020): weights shared by all choices of a space.

A part takes the first channels of each layer, leaves layers out, and takes a kernel of 1 as a learned sum of the 9 taps of a
kernel of 3. It begins as the largest network, trained, its channels in order of weight; kernels and layers become elastic
first, widths after that (progressive shrinking). In each step the largest learns from labels, and the smallest and a random
one from the largest (in-place distillation with the sandwich rule, Yu et al. 2020).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from . import train
from .data import Data, Split
from .network import Network, NetworkError
from .spaces import Space

EPSILON = 1e-4
# Images that give the batch norm of a part its statistics.
CALIBRATION = 1000


class Programs:
    """Compiled programs by what they were made for; an object of its own, so that no checkpoint looks into it."""

    def __init__(self) -> None:
        self.made: dict[Any, Any] = {}

    def get(self, key: Any, make: Any) -> Any:
        """That of a key, compiled for all widths the first time."""
        if key not in self.made:
            self.made[key] = tf.function(make, reduce_retracing=True)
        return self.made[key]


@dataclass(frozen=True)
class Part:
    """A network of a supernet: for each convolution that is there its number, its kernel and its channels."""

    layers: tuple[tuple[int, int, int], ...]

    def kernels(self) -> tuple[tuple[int, int], ...]:
        """Without the widths: parts with the same are the same program."""
        return tuple((number, kernel) for number, kernel, _ in self.layers)

    def widths(self) -> list[int]:
        """Channels of each layer that is there."""
        return [width for _, _, width in self.layers]


class Supernet(tf.Module):
    """The weights of the largest network of a space of convolutions in a chain, pooled and classified at the end."""

    def __init__(self, space: Space, largest: tf.keras.Model) -> None:
        super().__init__(name="supernet")
        self.space = space
        self.strides = [entry.get("stride", 1) for entry in space.convolutions()]
        convolutions = [layer for layer in largest.layers if isinstance(layer, tf.keras.layers.Conv2D)]
        norms = [layer for layer in largest.layers if isinstance(layer, tf.keras.layers.BatchNormalization)]
        dense = [layer for layer in largest.layers if isinstance(layer, tf.keras.layers.Dense)]
        if not len(convolutions) == len(norms) == len(self.strides) or len(dense) != 1:
            raise NetworkError(f"{space.name}: the trained network is not the largest one of this space")
        kernels = [layer.kernel.numpy() for layer in convolutions]
        scales = [[layer.gamma.numpy(), layer.beta.numpy()] for layer in norms]
        last = dense[0].kernel.numpy()
        # What weighs most comes first: a part takes the first channels.
        for number, kernel in enumerate(kernels):
            following = kernels[number + 1] if number + 1 < len(kernels) else last
            axis = following.ndim - 2
            others = tuple(a for a in range(following.ndim) if a != axis)
            order = np.argsort(-np.abs(following).sum(axis=others) * np.abs(scales[number][0]), kind="stable")
            kernels[number] = kernel[..., order]
            scales[number] = [values[order] for values in scales[number]]
            if number + 1 < len(kernels):
                kernels[number + 1] = following[:, :, order, :]
            else:
                last = following[order]
        self.kernels = [tf.Variable(kernel, name=f"kernel{n}") for n, kernel in enumerate(kernels)]
        self.gammas = [tf.Variable(scale[0], name=f"gamma{n}") for n, scale in enumerate(scales)]
        self.betas = [tf.Variable(scale[1], name=f"beta{n}") for n, scale in enumerate(scales)]
        centre = np.zeros(9, np.float32)
        centre[4] = 1.0
        self.taps = [tf.Variable(centre, name=f"taps{n}") for n in range(len(kernels))]
        self.dense = tf.Variable(last, name="dense")
        self.bias = tf.Variable(dense[0].bias.numpy(), name="bias")
        self.programs = Programs()

    def part(self, choice: dict[str, int], space: Space | None = None) -> Part:
        """The part that a choice describes: of the whole space, or of one with the same layers and fewer choices."""
        entries = (space or self.space).convolutions()
        if [entry.get("stride", 1) for entry in entries] != self.strides:
            raise NetworkError(f"{(space or self.space).name} has other layers than {self.space.name}")
        layers = []
        for number, entry in enumerate(entries):
            kernel = entry["kernel"]
            kernel = choice[kernel] if isinstance(kernel, str) else kernel
            if kernel:
                layers.append((number, kernel, choice[entry["outputs"]]))
        return Part(tuple(layers))

    def _kernel(self, number: int, size: int, inputs: Any, outputs: Any) -> Any:
        kernel = self.kernels[number][:, :, :inputs, :outputs]
        if size == kernel.shape[0]:
            return kernel
        if size != 1 or kernel.shape[0] != 3:
            raise NetworkError(f"layer {number}: a kernel of {size} cannot be had from one of {kernel.shape[0]}")
        taps = tf.reshape(self.taps[number], [3, 3, 1, 1])
        return tf.reduce_sum(kernel * taps, axis=[0, 1], keepdims=True)

    def forward(self, kernels: Any, widths: Any, x: Any, known: Any = None) -> tuple[Any, list[Any]]:
        """Logits, and the mean and variance of each layer: those of this batch, unless they are given as `known`."""
        inputs: Any = x.shape[-1]
        seen = []
        for at, (number, size) in enumerate(kernels):
            outputs = widths[at]
            kernel = self._kernel(number, size, inputs, outputs)
            x = tf.nn.conv2d(x, kernel, self.strides[number], "SAME")
            mean, variance = known[at] if known is not None else tf.nn.moments(x, [0, 1, 2])
            seen.append((mean, variance))
            scale = self.gammas[number][:outputs] * tf.math.rsqrt(variance + EPSILON)
            x = tf.nn.relu(x * scale + (self.betas[number][:outputs] - mean * scale))
            inputs = outputs
        x = tf.reduce_mean(x, [1, 2])
        return tf.matmul(x, self.dense[:inputs]) + self.bias, seen

    def statistics(self, part: Part, images: Any) -> Any:
        """Mean and variance at each layer over scaled images, shape (n, height, width, channels)."""
        kernels = part.kernels()
        run = self.programs.get(("statistics", kernels), lambda w, x: self.forward(kernels, tf.unstack(w, len(kernels)), x)[1])
        return run(tf.constant(part.widths()), images)

    def accuracy(self, part: Part, calibration: Any, images: Any, labels: np.ndarray) -> float:
        """Share of scaled images whose class a part finds, its batch norm calibrated on other ones."""
        kernels = part.kernels()
        known = self.statistics(part, calibration)
        run = self.programs.get(
            ("accuracy", kernels),
            lambda w, x, k: tf.argmax(self.forward(kernels, tf.unstack(w, len(kernels)), x, k)[0], 1),
        )
        widths = tf.constant(part.widths())
        right = 0
        for at in range(0, len(labels), 1000):
            found = run(widths, images[at : at + 1000], known).numpy()
            right += int(np.sum(found == labels[at : at + 1000]))
        return right / len(labels)

    def extract(self, choice: dict[str, int], calibration: Any) -> tuple[Network, tf.keras.Model]:
        """A part as a network of its own, with the weights it has here."""
        part = self.part(choice)
        network = self.space.network(choice)
        model = train.build(network)
        statistics = self.statistics(part, calibration)
        convolutions = [layer for layer in model.layers if isinstance(layer, tf.keras.layers.Conv2D)]
        norms = [layer for layer in model.layers if isinstance(layer, tf.keras.layers.BatchNormalization)]
        inputs = network.input[2]
        for at, (number, size, outputs) in enumerate(part.layers):
            convolutions[at].set_weights([self._kernel(number, size, inputs, outputs).numpy()])
            mean, variance = statistics[at]
            norms[at].set_weights(
                [self.gammas[number].numpy()[:outputs], self.betas[number].numpy()[:outputs], mean.numpy(), variance.numpy()]
            )
            inputs = outputs
        dense = [layer for layer in model.layers if isinstance(layer, tf.keras.layers.Dense)][0]
        dense.set_weights([self.dense.numpy()[:inputs], self.bias.numpy()])
        return network, model


def calibration(data: Data) -> Any:
    """Training images that statistics are taken from."""
    return tf.constant(train.scaled(data.train.images[:CALIBRATION]))


def shrink(
    supernet: Supernet, data: Data, recipe: train.Recipe, home: Path, full_width: int, report: Any = print
) -> list[dict[str, float]]:
    """Trains all parts at once; widths are elastic after `full_width` epochs. Goes on where it stopped."""
    space = supernet.space
    tf.keras.utils.set_random_seed(recipe.seed)
    optimizer = tf.keras.optimizers.SGD(train.Rate(recipe, len(data.train) // recipe.batch), 0.9, nesterov=True)
    variables = list(supernet.trainable_variables)
    optimizer.build(variables)
    largest = supernet.part(space.largest())
    programs = Programs()

    def gradients(kernels: Any, taught: bool) -> Any:
        def run(widths: Any, x: Any, y: Any, hints: Any) -> Any:
            with tf.GradientTape() as tape:
                logits, _ = supernet.forward(kernels, tf.unstack(widths, len(kernels)), x)
                loss = train.soften(logits, y, hints if taught else None, space.data["classes"], recipe)
                weight = tf.add_n([tf.nn.l2_loss(supernet.kernels[number]) for number, _ in kernels])
            # Weights that a part leaves out have no gradient from it.
            found = tape.gradient(loss, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            return loss, logits, found, weight

        return programs.get((kernels, taught), run)

    decayed = [f"kernel{n}" for n in range(len(supernet.kernels))] + ["dense"]

    @tf.function
    def apply(sums: Any) -> None:
        with_decay = [
            g + recipe.decay * v if v.name.split(":")[0].split("/")[-1] in decayed else g for g, v in zip(sums, variables)
        ]
        optimizer.apply_gradients(zip(with_decay, variables))

    drawn = random.Random(recipe.seed)
    current = -1

    def step(epoch: int, x: Any, y: Any) -> Any:
        nonlocal drawn, current
        if epoch != current:
            drawn, current = random.Random(f"{recipe.seed} {epoch}"), epoch
        wide = epoch < full_width
        parts = [supernet.part(part) for part in ([] if wide else [space.smallest()])]
        for _ in range(1 if not wide else 2):
            choice = space.sample(drawn)
            if wide:
                whole = space.largest()
                choice = {name: value if name.startswith("kernel") else whole[name] for name, value in choice.items()}
            parts.append(supernet.part(choice))
        nothing = tf.zeros((len(y), space.data["classes"]))
        loss, hints, sums, _ = gradients(largest.kernels(), False)(tf.constant(largest.widths()), x, y, nothing)
        for part in parts:
            _, _, more, _ = gradients(part.kernels(), True)(tf.constant(part.widths()), x, y, hints)
            sums = [a + b for a, b in zip(sums, more)]
        apply(sums)
        return loss

    known = calibration(data)
    images = tf.constant(train.scaled(data.validation.images))

    def validate() -> float:
        small = supernet.accuracy(supernet.part(space.smallest()), known, images, data.validation.labels)
        report(f"{space.name}: the smallest part: {small:.4f}")
        return supernet.accuracy(largest, known, images, data.validation.labels)

    return train.resumed(
        space.name,
        data,
        recipe,
        home,
        optimizer,
        tf.train.Checkpoint(model=supernet, optimizer=optimizer),
        step,
        validate,
        report,
    )
