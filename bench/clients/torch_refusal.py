# SPDX-License-Identifier: GPL-2.0-only
"""A program that asks for more and more until PyTorch says OutOfMemoryError.

It catches that, checks all it holds, frees every second tensor, allocates anew,
computes, and does it all once more. Everything is integer arithmetic, compared
with the same on the CPU.
"""

import argparse
import os

import torch

import worker

ELEMENTS = 1 << 26  # of 4 bytes: 256 MiB a tensor


def make(index, device):
    """Tensor number @index: even ones by kernels, odd ones uploaded."""
    if index % 2 and device == "cuda":
        return make(index, "cpu").to("cuda")
    tensor = torch.arange(ELEMENTS, dtype=torch.int32, device=device)
    return tensor.mul_(2 * index + 1)


def total(tensor):
    # In pieces: memory is full, and a sum in int64 makes a copy of what it adds.
    return sum(int(piece.sum(dtype=torch.int64)) for piece in tensor.split(1 << 18))


def product(device):
    """A matrix product of small integers: exact in float32 in any order."""
    left = torch.arange(512 * 512, device=device).remainder(7).view(512, 512).float()
    right = torch.arange(512 * 512, device=device).remainder(5).view(512, 512).float()
    return (left @ right).cpu()


class Checker:
    def __init__(self):
        self.expected = {}
        self.wrong = 0
        self.compared = 0

    def check(self, held):
        for index, tensor in held.items():
            if index not in self.expected:
                self.expected[index] = total(make(index, "cpu"))
            self.compared += 1
            self.wrong += total(tensor) != self.expected[index]


def fill(held, limit):
    """Allocates until refused; says whether it was."""
    index = 0
    while len(held) * ELEMENTS * 4 < limit:
        while index in held:
            index += 1
        try:
            held[index] = make(index, "cuda")
        except torch.cuda.OutOfMemoryError:
            return True
    return False


def run(limit):
    # what summing and multiplying need, before memory becomes scarce
    total(torch.ones(1 << 20, dtype=torch.int32, device="cuda"))
    expected_product = product("cpu")
    product_right = torch.equal(product("cuda"), expected_product)

    checker = Checker()
    held, refusals, most = {}, [], 0
    for _ in range(2):
        refusals.append(fill(held, limit))
        most = max(most, len(held))
        checker.check(held)
        for index in list(held)[::2]:
            del held[index]
        torch.cuda.empty_cache()
        product_right &= torch.equal(product("cuda"), expected_product)
        checker.check(held)
    return {
        "client": "torch_refusal",
        "pid": os.getpid(),
        "torch": torch.__version__,
        "total_bytes": torch.cuda.mem_get_info()[1],
        "refused": refusals,
        "held_bytes": most * ELEMENTS * 4,
        "compared": checker.compared,
        "wrong": checker.wrong,
        "product_right": product_right,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit", type=int, default=8 << 30)
    arguments = parser.parse_args()
    worker.once(lambda: run(arguments.limit))
