"""Loaders, on data sets that are made up and tiny."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from rekindle_search import data


def idx(values: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, values.ndim]) + b"".join(int(n).to_bytes(4, "big") for n in values.shape)
    return gzip.compress(head + values.astype(np.uint8).tobytes())


def fashion(home: Path, train: int = 120, test: int = 20) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    for part, count in (("train", train), ("t10k", test)):
        images = rng.integers(0, 256, (count, 28, 28))
        labels = np.arange(count) % 10
        (home / f"{part}-images-idx3-ubyte.gz").write_bytes(idx(images))
        (home / f"{part}-labels-idx1-ubyte.gz").write_bytes(idx(labels))
    return images, labels


def test_fashion_mnist_has_one_channel_and_holds_back_a_twelfth(tmp_path: Path) -> None:
    images, labels = fashion(tmp_path)
    found = data.fashion_mnist(tmp_path)
    assert found.train.images.shape == (110, 28, 28, 1)
    assert np.bincount(found.validation.labels).tolist() == [1] * 10
    assert np.array_equal(found.test.images[..., 0], images)
    assert np.array_equal(found.test.labels, labels)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train-images-idx3-ubyte.gz", None, "install Debian"),
        ("t10k-labels-idx1-ubyte.gz", b"not gzip", "t10k-labels"),
        ("t10k-labels-idx1-ubyte.gz", gzip.compress(b"\0\0\x08\x03" + bytes(20)), "no IDX file of bytes with 1"),
        ("t10k-labels-idx1-ubyte.gz", gzip.compress(b"\0\0\x08\x01\0\0\0\x14" + bytes(19)), "19 bytes for a shape of 20"),
        ("t10k-labels-idx1-ubyte.gz", idx(np.zeros(3)), "20 images and 3 labels"),
    ],
)
def test_files_that_are_damaged_are_named(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    fashion(tmp_path)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(data.DataError, match=message):
        data.fashion_mnist(tmp_path)


def tiny(home: Path) -> Path:
    """Two classes of 20 images for training, and 4 images as the published `val`; each class in one colour."""
    from PIL import Image

    (home / "wnids.txt").write_text("n01\nn02\n")
    (home / "val" / "images").mkdir(parents=True)
    lines = []
    for label, name in enumerate(("n01", "n02")):
        folder = home / "train" / name / "images"
        folder.mkdir(parents=True)
        for n in range(20):
            Image.new("L" if n == 0 else "RGB", (64, 64), 255 * label if n == 0 else (255 * label,) * 3).save(
                folder / f"{name}_{n}.JPEG"
            )
        for n in range(2):
            file = f"val_{2 * label + n}.JPEG"
            Image.new("RGB", (64, 64), (255 * label,) * 3).save(home / "val" / "images" / file)
            lines.append(f"{file}\t{name}\t0\t0\t62\t62")
    (home / "val" / "val_annotations.txt").write_text("\n".join(lines) + "\n")
    return home


def test_tiny_imagenet_as_its_archive_unpacks(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    found = data.tiny_imagenet(tiny(tmp_path))
    assert found.train.images.shape == (36, 64, 64, 3)
    assert np.bincount(found.validation.labels).tolist() == [2, 2]
    for split in (found.train, found.validation, found.test):
        # Grey ones among them are colour ones too, and each image has the label of its colour.
        assert np.array_equal(split.images[:, 0, 0, 1] > 127, split.labels == 1)


def test_a_tiny_imagenet_that_is_damaged_is_named(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    with pytest.raises(data.DataError, match="no unpacked tiny-imagenet-200"):
        data.tiny_imagenet(tmp_path)
    home = tiny(tmp_path)
    (home / "train" / "n02" / "images" / "n02_3.JPEG").write_bytes(b"cut")
    with pytest.raises(data.DataError, match="n02_3.JPEG"):
        data.tiny_imagenet(home)
    (home / "train" / "n02" / "images" / "n02_3.JPEG").unlink()
    with (home / "val" / "val_annotations.txt").open("a") as lines:
        lines.write("val_9.JPEG\tn09\t0\n")
    with pytest.raises(data.DataError, match="`n09` is no class"):
        data.tiny_imagenet(home)
