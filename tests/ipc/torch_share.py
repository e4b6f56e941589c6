# SPDX-License-Identifier: GPL-2.0-only
"""
Tensors that torch.multiprocessing hands to another process, on a real GPU: what
fits in VRAM, what does not, views, and many in one block of PyTorch's. The other
process sees them, changes them, and this one sees that.

Exits with 77 where there is no PyTorch or no GPU.
"""

import os
import sys

try:
    import torch
    import torch.multiprocessing as multiprocessing
except ImportError:
    print("no PyTorch")
    sys.exit(77)

LITTLE = 40


def counted(elements):
    return torch.arange(elements, dtype=torch.int32, device="cuda")


def make():
    large = counted(400_000_000)  # 1.6 GB, more than the budget
    little = [counted(1000 + i) for i in range(LITTLE)]
    return [counted(4_000_000), large, large[123_457:200_000_000], *little]


def is_counted(tensor, begin):
    """In pieces, since a comparison takes memory, too."""
    step = 1 << 24
    for at in range(0, tensor.numel(), step):
        piece = tensor[at : at + step]
        wanted = torch.arange(
            begin + at, begin + at + piece.numel(), dtype=torch.int32, device="cuda"
        )
        if not torch.equal(piece, wanted):
            return False
    return True


def begins():
    return [0, 0, 123_457] + [0] * LITTLE


def other(tensors, answers):
    """Checks all of it, then changes each that is no view of another."""
    received = tensors.get()
    good = all(is_counted(t, b) for t, b in zip(received, begins()))
    for index, tensor in enumerate(received):
        if index != 2:
            tensor += 7
    torch.cuda.synchronize()
    answers.put(good)
    tensors.get()  # until then they stay open
    del received, tensor


def main():
    if not torch.cuda.is_available():
        print("no GPU")
        return 77
    spawn = multiprocessing.get_context("spawn")
    tensors, answers = spawn.Queue(), spawn.Queue()
    process = spawn.Process(target=other, args=(tensors, answers))
    process.start()
    mine = make()
    torch.cuda.synchronize()
    tensors.put(mine)
    good = answers.get(timeout=120)
    changed = all(is_counted(t, b + 7) for t, b in zip(mine, begins()))
    tensors.put(None)
    process.join(60)
    print(
        f"under GreenBoost: {'greenboost' in os.environ.get('LD_PRELOAD', '')},"
        f" right there: {good}, right here: {changed}, ended with {process.exitcode}"
    )
    return 0 if good and changed and process.exitcode == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
