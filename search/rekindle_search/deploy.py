"""From a `.tflite` file to the code a device gets, and what that code makes of a whole test set."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from .data import ROOT, Split


class DeployError(Exception):
    """The generated code could not be built or run."""


def quantized(images: np.ndarray, scale: float, zero: int, scaled: Any) -> np.ndarray:
    """Images as a model takes them, int8."""
    values = np.round(scaled(images) / scale) + zero
    return np.clip(values, -128, 127).astype(np.int8)


def interpreted(model: bytes, inputs: np.ndarray) -> np.ndarray:
    """Outputs of TFLite's interpreter with its reference kernels, shape (n, classes)."""
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(
        model_content=model,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    into, out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    outputs = []
    for image in np.asarray(inputs, np.int8):
        interpreter.set_tensor(into["index"], image[None])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(out["index"])[0].copy())
    return np.stack(outputs)


def input_scale(model: bytes) -> tuple[float, int]:
    """Scale and zero point of a model's input."""
    import tensorflow as tf

    details = tf.lite.Interpreter(model_content=model).get_input_details()[0]
    scale, zero = details["quantization"]
    return float(scale), int(zero)


def run(model: Path, inputs: np.ndarray, split: Split, home: Path, outages: int = 0) -> dict[str, Any]:
    """Imports and builds the model, runs it on all inputs with its commits, and takes one through random outages."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "inputs.bin").write_bytes(np.ascontiguousarray(inputs, np.int8).tobytes())
    (home / "labels.bin").write_bytes(np.ascontiguousarray(split.labels, np.uint8).tobytes())
    command = ["cargo", "run", "--quiet", "--release", "-p", "rekindle-deployed", "--"]
    command += ["--inputs", str(home / "inputs.bin"), "--labels", str(home / "labels.bin")]
    command += ["--outages", str(outages), "--json"]
    environment = os.environ | {"REKINDLE_MODEL": str(model.resolve())}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise DeployError(f"{model}: {done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout)


def simulated(model: Path) -> dict[str, Any]:
    """One inference on an nRF52840 with SPI FRAM, 100 µF and 1 mW, steps as the import chooses them."""
    command = ["cargo", "run", "--quiet", "--release", "--bin", "rekindle", "--", "simulate", str(model.resolve())]
    command += ["--device", "nrf52840-spi-fram", "--capacitor", "100u", "--trace", "constant:1"]
    done = subprocess.run([*command, "--step", "chosen", "--json"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise DeployError(f"{model} on nrf52840-spi-fram: {done.stderr.strip()[-2000:]}")
    rows = {row["policy"]: row for row in json.loads(done.stdout)}
    ours = rows["planned interval"]
    if ours["latency_s"] is None:
        raise DeployError(f"{model} on nrf52840-spi-fram: {ours['stuck']}")
    return {
        "latency_s": ours["latency_s"],
        "power_cycles": ours["outages"] + 1,
        "oracle_s": rows["oracle"]["latency_s"],
    }


def golden(model: Path, inputs: np.ndarray) -> None:
    """Writes the interpreter's outputs for a few inputs beside a model, each input followed by its output."""
    outputs = interpreted(model.read_bytes(), inputs)
    parts = [part for pair in zip(inputs, outputs) for part in pair]
    model.with_suffix(".golden").write_bytes(b"".join(np.ascontiguousarray(p, np.int8).tobytes() for p in parts))


def emulated(model: Path, failures: int) -> dict[str, Any]:
    """Takes a model, with its `.golden` file, through power failures on the emulated Cortex-M4."""
    command = ["cargo", "xtask", "firmware", "--model", str(model.resolve()), "--failures", str(failures), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise DeployError(f"{model} on the Cortex-M4: {done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout)
