#!/usr/bin/env python3
"""Trains the network of the MSP430 firmware on Fashion-MNIST, halved to 14×14, and writes what the firmware holds.

    python3 -m venv venv && venv/bin/pip install -r tools/requirements.txt
    venv/bin/python tools/train_msp430.py           # about 3 minutes on one core

Writes firmware/msp430/src/weights.rs; firmware/msp430/data/scores.bin: the scores that the interpreter of TensorFlow Lite for
Microcontrollers gives for the committed subset of 256 test images (examples/data), which the firmware's tests compare byte by
byte; and firmware/msp430/data/image.bin: the first of them, which stands for a sensor. Prints the accuracy on all 10,000 test images. Needs the Debian package dataset-fashion-mnist.
"""

import argparse
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import numpy as np
import tensorflow as tf

import export_lenet
import idx
import tflm

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "firmware" / "msp430"
SUBSET = 256


def network(batch=None):
    """14×14×1 → conv 3×3 (8) → max pool 2 → conv 3×3 (16) → max pool 2 → dense 24 → dense 10 → softmax."""
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            layers.Input((14, 14, 1), batch_size=batch),
            layers.Conv2D(8, 3, padding="same", activation="relu", name="conv1"),
            layers.MaxPool2D(2, name="pool1"),
            layers.Conv2D(16, 3, padding="valid", activation="relu", name="conv2"),
            layers.MaxPool2D(2, padding="same", name="pool2"),
            layers.Flatten(name="flatten"),
            layers.Dense(24, activation="relu", name="fc1"),
            layers.Dense(10, name="fc2"),
            layers.Softmax(name="softmax"),
        ]
    )


def halved(images):
    """Means of 2×2 pixels, rounded half up: bytes again."""
    wide = images.astype(np.uint16)
    total = wide[:, 0::2, 0::2] + wide[:, 1::2, 0::2] + wide[:, 0::2, 1::2] + wide[:, 1::2, 1::2]
    return ((total + 2) // 4).astype(np.uint8)


def convert(model, calibration):
    """Post-training int8, per-channel weights, int8 in and out; batch 1, so that FLATTEN is a plain RESHAPE."""
    single = network(batch=1)
    single.set_weights(model.get_weights())
    converter = tf.lite.TFLiteConverter.from_keras_model(single)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([x[None]] for x in calibration)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return converter.convert()


def trained(seed, epochs):
    """The trained network and its calibration images."""
    images, labels = idx.fashion("train")
    images = halved(images).astype(np.float32)[..., None] / 255.0
    labels = labels.astype(np.int64)
    model = network()
    batch = 128
    steps = epochs * -(-len(images) // batch)
    model.compile(
        optimizer=tf.keras.optimizers.Adam(tf.keras.optimizers.schedules.CosineDecay(4e-3, steps)),
        loss=tf.keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
    )
    rng = np.random.default_rng(seed)
    for epoch in range(epochs):
        # Mirrored clothes are clothes: half of the images are flipped, anew in every epoch.
        flip = rng.random(len(images)) < 0.5
        shown = np.where(flip[:, None, None, None], images[:, :, ::-1], images)
        model.fit(shown, labels, batch_size=batch, epochs=epoch + 1, initial_epoch=epoch, verbose=2)
    # Calibration sees training images only; the test set is for measuring.
    return model, images[rng.choice(len(images), 500, replace=False)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--epochs", type=int, default=30)
    args = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.keras.utils.set_random_seed(args.seed)
    tf.config.experimental.enable_op_determinism()

    model, calibration = trained(args.seed, args.epochs)
    blob = convert(model, calibration)
    parsed, interpreter = tflm.Model(blob), tflm.Interpreter(blob)
    images, labels = idx.fashion("t10k")
    scores = np.stack(
        [interpreter.run((i.astype(np.int16) - 128).astype(np.int8)[None, ..., None])[0].copy() for i in halved(images)]
    )
    right = np.argmax(scores, axis=1) == labels
    facts = {"seed": args.seed, "parameters": int(model.count_params()), "accuracy": 100.0 * right.mean()}
    source = export_lenet.weights_rs(parsed, facts, "MSP430 firmware's network", "tools/train_msp430.py")
    (FIRMWARE / "src").mkdir(parents=True, exist_ok=True)
    (FIRMWARE / "data").mkdir(parents=True, exist_ok=True)
    (FIRMWARE / "src" / "weights.rs").write_text(source)
    (FIRMWARE / "data" / "scores.bin").write_bytes(scores[:SUBSET].astype(np.int8).tobytes())
    (FIRMWARE / "data" / "image.bin").write_bytes(images[0].tobytes())
    print(f"{facts['parameters']} parameters, int8 accuracy {facts['accuracy']:.2f} % of {len(labels)}, subset {int(right[:SUBSET].sum())} of {SUBSET}")


if __name__ == "__main__":
    main()
