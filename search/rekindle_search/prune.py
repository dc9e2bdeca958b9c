"""Structured pruning: whole channels go, where that lowers the planned latency.

What a channel is worth is the first-order change of the loss without it: the absolute sum over images of scale and shift of
its batch norm times their gradients (Molchanov et al. 2019, for batch norm).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from . import train
from .cost import Planner, Setting
from .data import Data
from .network import Network

# Channels go in groups: the kernels of devices work on several at once.
GROUP = 8
IMAGES = 2000


def worth(model: tf.keras.Model, data: Data) -> list[np.ndarray]:
    """Of each convolution's channels."""
    norms = [layer for layer in model.layers if isinstance(layer, tf.keras.layers.BatchNormalization)]
    variables = [v for layer in norms for v in (layer.gamma, layer.beta)]
    totals = [np.zeros(layer.gamma.shape[0]) for layer in norms]
    images, labels = train.scaled(data.train.images[:IMAGES]), data.train.labels[:IMAGES].astype(np.int32)
    for at in range(0, len(images), 100):
        with tf.GradientTape() as tape:
            logits = model(tf.constant(images[at : at + 100]), training=False)
            loss = tf.reduce_sum(
                tf.nn.sparse_softmax_cross_entropy_with_logits(tf.constant(labels[at : at + 100]), logits)
            )
        found = tape.gradient(loss, variables)
        for n, total in enumerate(totals):
            total += np.abs(found[2 * n] * variables[2 * n] + found[2 * n + 1] * variables[2 * n + 1])
    return totals


def narrowed(network: Network, layer: int, channels: int) -> Network:
    """The same network with fewer channels in a layer."""
    layers = list(network.layers)
    layers[layer] = replace(layers[layer], outputs=channels)
    return replace(network, layers=tuple(layers))


def plan(
    network: Network, values: list[np.ndarray], planner: Planner, setting: Setting, target_s: float, criterion: str
) -> tuple[Network, list[np.ndarray], int]:
    """Takes groups of channels away until the planned latency is at most `target_s`.

    `criterion`: `latency` gives up the least worth per planned second, `weights` per weight. Returns the network, the
    channels of each convolution that stay, and how often a step was left out because it saved no time.
    """
    convolutions = [n for n, layer in enumerate(network.layers) if layer.op == "conv"]
    kept = [np.argsort(-value, kind="stable") for value in values]
    now = planner.price(network, setting, deadline=False).latency_s
    useless = 0
    while now > target_s:
        options = []
        for at, layer in enumerate(convolutions):
            left = len(kept[at]) - GROUP
            if left < GROUP:
                continue
            smaller = narrowed(network, layer, left)
            price = planner.price(smaller, setting, deadline=False)
            if not price.feasible:
                continue
            loss = float(values[at][kept[at][left:]].sum())
            saved = now - price.latency_s if criterion == "latency" else network.weights() - smaller.weights()
            if saved <= 0:
                useless += 1
                continue
            options.append((loss / saved, at, smaller, price.latency_s))
        if not options:
            break
        _, at, network, now = min(options, key=lambda option: option[0])
        kept[at] = kept[at][:-GROUP]
    return network, [np.sort(channels) for channels in kept], useless


def cut(model: tf.keras.Model, network: Network, kept: list[np.ndarray]) -> tf.keras.Model:
    """The pruned network, with the weights that stay."""
    small = train.build(network)
    inputs = np.arange(network.input[2])
    at = 0
    for old, new in zip(model.layers, small.layers):
        if isinstance(old, tf.keras.layers.Conv2D):
            new.set_weights([old.get_weights()[0][:, :, inputs][..., kept[at]]])
        elif isinstance(old, tf.keras.layers.BatchNormalization):
            new.set_weights([weights[kept[at]] for weights in old.get_weights()])
            inputs, at = kept[at], at + 1
        elif isinstance(old, tf.keras.layers.Dense):
            kernel, bias = old.get_weights()
            new.set_weights([kernel[inputs], bias])
    return small
