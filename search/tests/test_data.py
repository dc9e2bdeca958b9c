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


def test_watch_windows_are_split_by_subject() -> None:
    rng = np.random.default_rng(4)
    # The first axis tells the subject.
    recordings = [np.column_stack([np.full(200 + n, float(n)), rng.normal(size=(200 + n, 5))]) for n in range(10)]
    found = data.by_subject(recordings, np.arange(10) % 7, np.arange(10))
    people = [set(np.unique(split.images[:, 0, 0, 0])) for split in (found.train, found.validation, found.test)]
    assert [len(group) for group in people] == [6, 2, 2] and len(set.union(*people)) == 10
    # Two windows of 128 in 200 samples, half over each other; scaled by the training set.
    assert found.test.images.shape == (4, data.WINDOW, 1, 6) and found.train.images.dtype == np.float32
    assert np.abs(found.train.images.mean((0, 1, 2))).max() < 1e-4
    assert np.array_equal(found.train.images[0, data.STEP :], found.train.images[1, : data.WINDOW - data.STEP])
    with pytest.raises(data.DataError, match="five are needed"):
        data.by_subject(recordings[:4], np.arange(4), np.arange(4))
    with pytest.raises(data.DataError, match="128 samples"):
        data.by_subject([recording[:100] for recording in recordings], np.arange(10) % 7, np.arange(10))


def test_a_watch_file_that_is_another_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKINDLE_SEARCH_DATA", str(tmp_path))
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "watch_dataset.npy").write_bytes(b"not the pickle")
    with pytest.raises(data.DataError, match="SHA-256"):
        data.watch()


def test_images_at_another_resolution() -> None:
    pytest.importorskip("PIL")
    images = np.zeros((2, 32, 32, 3), np.uint8)
    images[:, :16] = 200
    split = data.Split(images, np.zeros(2, np.uint8))
    small = data.resized(data.Data(split, split, split), 24, 24)
    assert small.test.images.shape == (2, 24, 24, 3)
    assert (small.test.images[:, :12] == 200).all() and (small.test.images[:, 12:] == 0).all()
    grey = data.Split(images[..., :1], np.zeros(2, np.uint8))
    assert data.resized(data.Data(grey, grey, grey), 16, 16).train.images.shape == (2, 16, 16, 1)
    # A series has none.
    series = data.Split(np.zeros((2, 128, 1, 6), np.float32), np.zeros(2, np.uint8))
    sets = data.Data(series, series, series)
    assert data.resized(sets, 64, 1) is sets
