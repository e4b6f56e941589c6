# SPDX-License-Identifier: GPL-2.0-only
"""CUDA tensors through a torch.multiprocessing queue to a spawned process.

The receiver sums each tensor and adds one to every element; the sender then
finds the change in its own tensor, since both see the same memory. All this
while the sender holds @hold bytes more.
"""

import argparse
import os

import torch
import torch.multiprocessing as multiprocessing

import worker

SIZES = [1 << 12, 1 << 20, 3 << 20, 1 << 26]  # elements of 4 bytes


def total(tensor):
    return int(tensor.sum(dtype=torch.int64))


def receive(tensors, results, done):
    for _ in SIZES:
        tensor = tensors.get()
        before = total(tensor)
        tensor.add_(1)
        torch.cuda.synchronize()
        results.put(before)
        del tensor
    done.wait()


def hold(bytes):
    """Memory by kernels, 256 MiB a piece."""
    return [
        torch.arange(1 << 26, dtype=torch.int32, device="cuda").mul_(i + 1)
        for i in range(bytes >> 28)
    ]


def share(size, number, tensors, results):
    """Whether both sides saw the same @size elements."""
    tensor = torch.arange(size, dtype=torch.int32, device="cuda").mul_(number + 3)
    before = total(tensor)
    torch.cuda.synchronize()
    tensors.put(tensor)
    received = results.get(timeout=120)
    return received == before and total(tensor) == before + size


def run(hold_bytes):
    context = multiprocessing.get_context("spawn")
    tensors, results, done = context.Queue(), context.Queue(), context.Event()
    held = hold(hold_bytes)
    sums = [total(tensor) for tensor in held]
    receiver = context.Process(
        target=receive, args=(tensors, results, done), daemon=True
    )
    receiver.start()
    right = [share(size, number, tensors, results) for number, size in enumerate(SIZES)]
    done.set()
    receiver.join(60)
    return {
        "client": "torch_sharing",
        "pid": os.getpid(),
        "torch": torch.__version__,
        "total_bytes": torch.cuda.mem_get_info()[1],
        "sizes": [size * 4 for size in SIZES],
        "right": right,
        "held_right": sums == [total(tensor) for tensor in held],
        "receiver_status": receiver.exitcode,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--hold", type=int, default=3 << 30)
    arguments = parser.parse_args()
    worker.once(lambda: run(arguments.hold))
