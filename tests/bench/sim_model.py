# SPDX-License-Identifier: GPL-2.0-only
"""sim_model.py llama|llama_file ...: stands in for these clients, on the simulated GPU.

A model is a list of weights that a kernel adds up, one after the other; a token is
the sum of all. The driver is called by ctypes, as PyTorch is not everywhere.
"""

import argparse
import ctypes
import hashlib
import mmap
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.environ["BENCH"], "clients"))
import worker  # noqa: E402

PIECE = 2 << 20
PTX = b""".version 6.0
.target sm_50
.address_size 64
.visible .entry bench_sum(.param .u64 data, .param .u64 count, .param .u64 total)
{ ret; }
"""


class Driver:
    """Calls by name; an error ends the program."""

    def __init__(self):
        self.library = ctypes.CDLL("libcuda.so.1")
        context, self.sum = ctypes.c_void_p(), ctypes.c_void_p()
        module = ctypes.c_void_p()
        self.call("cuInit", 0)
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), 0)
        self.call("cuCtxSetCurrent", context)
        self.call("cuModuleLoadData", ctypes.byref(module), PTX)
        self.call("cuModuleGetFunction", ctypes.byref(self.sum), module, b"bench_sum")

    def call(self, name, *arguments):
        status = getattr(self.library, name)(*arguments)
        if status:
            raise RuntimeError(f"{name}: CUDA error {status}")

    def allocate(self, size):
        address = ctypes.c_uint64()
        self.call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(size))
        return address

    def add_up(self, data, total):
        given = [data, ctypes.c_uint64(PIECE // 16), total]
        addresses = [ctypes.cast(ctypes.byref(one), ctypes.c_void_p) for one in given]
        parameters = (ctypes.c_void_p * 3)(*addresses)
        shape = (64, 1, 1, 64, 1, 1, 0)
        self.call("cuLaunchKernel", self.sum, *shape, None, parameters, None)


def content(count):
    bits = random.Random(4).getrandbits(8 * count * PIECE)
    return bits.to_bytes(count * PIECE, "little")


def make_file(arguments):
    with open(arguments.file, "wb") as out:
        out.write(b"a header" + content(arguments.layers))
        os.fsync(out.fileno())
    return {"bytes": os.path.getsize(arguments.file), "seconds": 0.1}


class Model:
    def __init__(self, arguments):
        self.arguments = arguments

    def source(self):
        """Where the weights are in host memory, and what keeps them there."""
        if self.arguments.weights == "file":
            with open(self.arguments.file, "rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
            return ctypes.addressof(ctypes.c_char.from_buffer(mapped)) + 8, mapped
        data = ctypes.create_string_buffer(content(self.arguments.layers))
        return ctypes.addressof(data), data

    def hello(self):
        start = time.perf_counter()
        self.driver = Driver()
        begin, self.kept = self.source()
        self.weights = []
        for i in range(self.arguments.layers):
            weight = self.driver.allocate(PIECE)
            at, size = ctypes.c_void_p(begin + i * PIECE), ctypes.c_size_t(PIECE)
            self.driver.call("cuMemcpyHtoD_v2", weight, at, size)
            self.weights.append(weight)
        self.total = self.driver.allocate(4)
        loaded = time.perf_counter() - start
        self.make_token()
        first = time.perf_counter() - start
        return {"client": "llama", "load_s": loaded, "first_token_s": first}

    def make_token(self):
        call, token = self.driver.call, ctypes.c_uint32()
        call("cuMemsetD32_v2", self.total, 0, ctypes.c_size_t(1))
        for weight in self.weights:
            self.driver.add_up(weight, self.total)
        call("cuMemcpyDtoH_v2", ctypes.byref(token), self.total, ctypes.c_size_t(4))
        call("cuCtxSynchronize")  # as PyTorch's copies do: numbers are published then
        return token.value

    def work(self, tokens, runs, warm_up):
        made = [self.make_token() for _ in range(warm_up)]
        times = []
        for _ in range(runs):
            start = time.perf_counter()
            made += [self.make_token() for _ in range(tokens)]
            times.append(time.perf_counter() - start)
        sha = hashlib.sha256(repr(sorted(set(made))).encode()).hexdigest()
        passes = warm_up + runs * tokens
        return {"seconds": times, "sha256": sha, "alive": made[0], "passes": passes}

    def prefill(self, length, runs, warm_up=1):
        return self.work(1, runs, warm_up)

    def decode(self, tokens, runs, warm_up=4):
        return self.work(tokens, runs, warm_up)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("client", choices=["llama", "llama_file"])
    parser.add_argument("--weights")
    parser.add_argument("--layers", type=int)
    parser.add_argument("--file")
    arguments = parser.parse_args()
    if arguments.client == "llama_file":
        worker.once(lambda: make_file(arguments))
        return
    model = Model(arguments)
    worker.serve(model.hello, {"prefill": model.prefill, "decode": model.decode})


if __name__ == "__main__":
    main()
