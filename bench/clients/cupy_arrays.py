# SPDX-License-Identifier: GPL-2.0-only
"""CuPy arrays of more memory than the budget, compared with NumPy."""

import argparse
import os

import cupy
import numpy

import worker

ELEMENTS = 1 << 26  # of 4 bytes


def host_array(number):
    return numpy.arange(ELEMENTS, dtype=numpy.uint32) * numpy.uint32(2 * number + 1)


def device_array(number):
    """Even numbers by kernels, odd ones uploaded."""
    if number % 2:
        return cupy.asarray(host_array(number))
    array = cupy.arange(ELEMENTS, dtype=cupy.uint32)
    array *= cupy.uint32(2 * number + 1)
    return array


def run(bytes):
    arrays = [device_array(i) for i in range(bytes // (ELEMENTS * 4))]
    wrong = 0
    for number, array in enumerate(arrays):
        expected = host_array(number)
        wrong += int(array.sum(dtype=cupy.uint64)) != int(
            expected.sum(dtype=numpy.uint64)
        )
        wrong += not numpy.array_equal(cupy.asnumpy(array[::4097]), expected[::4097])
    return {
        "client": "cupy_arrays",
        "pid": os.getpid(),
        "cupy": cupy.__version__,
        "total_bytes": cupy.cuda.runtime.memGetInfo()[1],
        "held_bytes": len(arrays) * ELEMENTS * 4,
        "compared": 2 * len(arrays),
        "wrong": wrong,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bytes", type=int, default=4 << 30)
    arguments = parser.parse_args()
    worker.once(lambda: run(arguments.bytes))
