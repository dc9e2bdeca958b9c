#!/usr/bin/env python3
"""What inference takes TensorFlow Lite for Microcontrollers on this machine: a line of JSON per model file.

`ns` is the median of the rounds, of processor time of the interpreter's `invoke` alone; `arena` is what its allocator says it used, in bytes,
and `head` the part of it that activations share. `file` is the size of the model.
"""

import json
import os
import re
import statistics
import sys
import tempfile
import time

import numpy as np
from tflite_micro.python.tflite_micro import runtime

ROUNDS = 31
ROUND_NS = 3_000_000


def printed(call):
    """What `call` writes to the standard error, from native code too."""
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        try:
            os.dup2(file.fileno(), 2)
            call()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        file.seek(0)
        return file.read().decode()


def measure(path):
    interpreter = runtime.Interpreter.from_file(path)
    details = interpreter.get_input_details(0)
    interpreter.set_input(np.zeros(details["shape"], details["dtype"]), 0)

    def rounds_of(calls):
        start = time.process_time_ns()
        for _ in range(calls):
            interpreter.invoke()
        return (time.process_time_ns() - start) / calls

    calls = max(1, int(ROUND_NS / rounds_of(1)))
    ns = statistics.median(rounds_of(calls) for _ in range(ROUNDS))
    text = printed(interpreter.print_allocations)
    sizes = dict(re.findall(r"Arena allocation (total|head|tail) (\d+) bytes", text))
    return {"file": os.path.getsize(path), "ns": ns, "arena": int(sizes["total"]), "head": int(sizes["head"])}


for path in sys.argv[1:]:
    print(json.dumps({"path": path} | measure(path)), flush=True)
