# SPDX-License-Identifier: GPL-2.0-only
"""JAX arrays of more memory than the budget, compared with NumPy."""

import argparse
import os

import jax
import jax.numpy as jnp
import numpy

import worker

ELEMENTS = 1 << 26  # of 4 bytes


@jax.jit
def scaled(number):
    return jnp.arange(ELEMENTS, dtype=jnp.uint32) * (2 * number + 1)


@jax.jit
def total(array):
    return array.sum(dtype=jnp.uint32)


def host_array(number):
    return numpy.arange(ELEMENTS, dtype=numpy.uint32) * numpy.uint32(2 * number + 1)


def device_array(number):
    """Even numbers by kernels, odd ones uploaded."""
    if number % 2:
        return jax.device_put(host_array(number))
    return scaled(jnp.uint32(number))


def run(bytes):
    device = jax.devices()[0]
    if device.platform != "gpu":
        raise SystemExit(f"JAX found no GPU, only {device}")
    arrays = [device_array(i) for i in range(bytes // (ELEMENTS * 4))]
    jax.block_until_ready(arrays)
    wrong = 0
    for number, array in enumerate(arrays):
        expected = host_array(number)
        wrong += int(total(array)) != int(expected.sum(dtype=numpy.uint32))
        wrong += not numpy.array_equal(numpy.asarray(array[::4097]), expected[::4097])
    return {
        "client": "jax_arrays",
        "pid": os.getpid(),
        "jax": jax.__version__,
        "held_bytes": len(arrays) * ELEMENTS * 4,
        "compared": 2 * len(arrays),
        "wrong": wrong,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bytes", type=int, default=4 << 30)
    arguments = parser.parse_args()
    worker.once(lambda: run(arguments.bytes))
