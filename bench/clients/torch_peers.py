# SPDX-License-Identifier: GPL-2.0-only
"""Two GPUs in one process, each over its budget, and one process a GPU with NCCL.

Integers in float32 throughout, so that every sum is exact in any order.
"""

import argparse
import os

import torch
import torch.distributed as dist
import torch.multiprocessing as multiprocessing

import worker

ELEMENTS = 1 << 24  # of 4 bytes: 64 MiB a tensor
EDGE = 4096


class Checker:
    def __init__(self):
        self.compared = 0
        self.wrong = 0

    def check(self, right):
        self.compared += 1
        self.wrong += not right


def device(index):
    return f"cuda:{index % 2}"


def in_one_process(count, checker):
    """Copies between the GPUs, and kernels of one on memory of the other."""
    base = torch.arange(ELEMENTS, dtype=torch.float32).remainder_(1021)
    base = base.view(EDGE, EDGE)
    # every second one uploaded, the others by kernels
    held = [
        ((base + i).to(device(i)) if i % 4 < 2 else base.to(device(i)).add_(i))
        for i in range(count)
    ]
    for i, tensor in enumerate(held):
        other = device(i + 1)
        checker.check(torch.equal(tensor.to(other).cpu(), base + i))
        # rows and columns exchanged: a kernel reads its peer's memory
        turned = tensor.t()[:512].to(other)
        checker.check(torch.equal(turned.cpu(), (base + i).t()[:512]))
        # and writes it
        target = held[(i + 1) % count]
        expected = target.cpu()
        target[::2, :64].copy_(tensor[1::2, :64])
        expected[::2, :64] = tensor[1::2, :64].cpu()
        checker.check(torch.equal(target.cpu(), expected))
        target.copy_(base + (i + 1) % count)


def reduce(rank, count, results):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29511")
    torch.cuda.set_device(rank)
    dist.init_process_group("nccl", rank=rank, world_size=2)
    held = [
        torch.full((ELEMENTS,), float(i + rank), device="cuda") for i in range(count)
    ]
    for tensor in held:
        dist.all_reduce(tensor)
    right = [bool((tensor == 2 * i + 1).all()) for i, tensor in enumerate(held)]
    results.put(right)
    dist.destroy_process_group()


def with_nccl(count, checker):
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    ranks = [
        context.Process(target=reduce, args=(rank, count, results)) for rank in (0, 1)
    ]
    for rank in ranks:
        rank.start()
    for _ in ranks:
        for right in results.get(timeout=90):
            checker.check(right)
    for rank in ranks:
        rank.join(30)
        checker.check(rank.exitcode == 0)


def run(count):
    checker = Checker()
    in_one_process(count, checker)
    with_nccl(count // 2, checker)
    return {
        "client": "torch_peers",
        "pid": os.getpid(),
        "torch": torch.__version__,
        "total_bytes": torch.cuda.mem_get_info()[1],
        "held_bytes": count * ELEMENTS * 4,
        "compared": checker.compared,
        "wrong": checker.wrong,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=80)
    arguments = parser.parse_args()
    worker.once(lambda: run(arguments.count))
