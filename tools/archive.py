"""A file of named tensors for the golden tests; read by `tests/tests/golden/archive.rs`.

    magic b"RKT1"
    per tensor: name length u8, name, kind u8 (0 = i8, 1 = i32), dimensions u8, sizes u32 each, data

All integers are little-endian, data in row-major order.
"""

import pathlib
import struct

import numpy as np

_KINDS = {np.dtype(np.int8): 0, np.dtype(np.int32): 1}


class Archive:
    def __init__(self):
        self._out = bytearray(b"RKT1")

    def add(self, name, array):
        """Appends one tensor."""
        array = np.ascontiguousarray(array)
        encoded = name.encode()
        self._out += struct.pack("<B", len(encoded)) + encoded
        self._out += struct.pack("<BB", _KINDS[array.dtype], array.ndim)
        self._out += struct.pack(f"<{array.ndim}I", *array.shape)
        self._out += array.astype(array.dtype.newbyteorder("<")).tobytes()

    def write(self, path):
        """Writes the file; returns its size."""
        path = pathlib.Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self._out)
        return len(self._out)
