"""Reads and writes the IDX format of MNIST and Fashion-MNIST, plain or gzipped."""

import gzip
import pathlib
import struct

import numpy as np

DATASET = pathlib.Path("/usr/share/datasets/fashion-mnist")


def read(path):
    """The array in `path`; a magic of 0x0000_08NN means unsigned bytes in NN dimensions, sizes big-endian."""
    data = pathlib.Path(path).read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    zero, kind, dims = struct.unpack(">HBB", data[:4])
    if zero != 0 or kind != 8:
        raise ValueError(f"{path}: not an IDX file of unsigned bytes")
    shape = struct.unpack(f">{dims}I", data[4 : 4 + 4 * dims])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dims).reshape(shape)


def write(path, array):
    """Writes `array` (unsigned bytes) to `path`, not compressed."""
    head = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    pathlib.Path(path).write_bytes(head + array.astype(np.uint8).tobytes())


def fashion(part):
    """Images and labels of `train` or `t10k`, as the Debian package dataset-fashion-mnist installs them."""
    return read(DATASET / f"{part}-images-idx3-ubyte.gz"), read(DATASET / f"{part}-labels-idx1-ubyte.gz")
