#!/usr/bin/env python3
"""Trains the LeNet-class network of the examples on Fashion-MNIST and writes it as an int8 .tflite file.

    python3 -m venv venv && venv/bin/pip install -r tools/requirements.txt
    venv/bin/python tools/train_lenet.py            # → target/lenet/lenet.tflite, about 3 minutes on one core
    venv/bin/python tools/export_lenet.py           # → weights.rs, test subset, golden vectors, results page

Needs the Debian package dataset-fashion-mnist. The same seed, versions and machine give the same file; another CPU may round
the floating-point training differently, which is why the weights themselves are committed.
"""

import argparse
import json
import os
import pathlib
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import numpy as np
import tensorflow as tf

import idx

ROOT = pathlib.Path(__file__).resolve().parent.parent


def network(batch=None):
    """28×28×1 → conv 5×5 (12) → max pool 2 → conv 5×5 (16) → max pool 2 → dense 32 → dense 10 → softmax.

    The convolutions are wide for a LeNet so that one output row is at least 200 bytes: a commit per row, two bytes of
    position, then stays near one per cent of the bytes written.
    """
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            layers.Input((28, 28, 1), batch_size=batch),
            layers.Conv2D(12, 5, padding="same", activation="relu", name="conv1"),
            layers.MaxPool2D(2, name="pool1"),
            layers.Conv2D(16, 5, padding="same", activation="relu", name="conv2"),
            layers.MaxPool2D(2, name="pool2"),
            layers.Flatten(name="flatten"),
            layers.Dropout(0.25, name="dropout"),
            layers.Dense(32, activation="relu", name="fc1"),
            layers.Dense(10, name="fc2"),
            layers.Softmax(name="softmax"),
        ]
    )


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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "target" / "lenet")
    args = parser.parse_args()

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.keras.utils.set_random_seed(args.seed)
    tf.config.experimental.enable_op_determinism()

    images, labels = idx.fashion("train")
    images = images.astype(np.float32)[..., None] / 255.0
    labels = labels.astype(np.int64)
    model = network()
    batch = 128
    steps = args.epochs * -(-len(images) // batch)
    rate = tf.keras.optimizers.schedules.CosineDecay(2e-3, steps)
    model.compile(
        optimizer=tf.keras.optimizers.Adam(rate),
        loss=tf.keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
    )
    started = time.time()
    rng = np.random.default_rng(args.seed)
    for epoch in range(args.epochs):
        # Mirrored clothes are clothes: half of the images are flipped, anew in every epoch.
        flip = rng.random(len(images)) < 0.5
        shown = np.where(flip[:, None, None, None], images[:, :, ::-1], images)
        model.fit(shown, labels, batch_size=batch, epochs=epoch + 1, initial_epoch=epoch, verbose=2)
    seconds = time.time() - started

    # Calibration sees training images only; the test set is for measuring.
    calibration = images[rng.choice(len(images), 500, replace=False)]
    blob = convert(model, calibration)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "lenet.tflite").write_bytes(blob)
    facts = {
        "seed": args.seed,
        "epochs": args.epochs,
        "seconds": round(seconds),
        "parameters": int(model.count_params()),
        "tensorflow": tf.__version__,
        "keras": tf.keras.__version__,
        "numpy": np.__version__,
    }
    (args.out / "training.json").write_text(json.dumps(facts, indent=1) + "\n")
    print(f"{args.out / 'lenet.tflite'}: {len(blob)} bytes, {facts['parameters']} parameters, {seconds:.0f} s")


if __name__ == "__main__":
    main()
