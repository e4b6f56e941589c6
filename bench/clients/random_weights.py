# SPDX-License-Identifier: GPL-2.0-only
"""Random weights in host memory, quickly, and the same on every run."""

import torch

SEED = 20260
BLOCK = 1 << 24  # elements of the random block that weights are cut from


class Source:
    """Cuts weights of normal values with the standard deviation @scale.

    Filling gigabytes with fresh random numbers on a CPU takes minutes. Pieces of
    one random block, every weight beginning elsewhere, are as good here: no zeros,
    no constants, no two weights alike.
    """

    def __init__(self, scale=0.02, dtype=torch.bfloat16, seed=SEED):
        generator = torch.Generator().manual_seed(seed)
        block = torch.randn(BLOCK, generator=generator, dtype=torch.float32)
        self.block = (block * scale).to(dtype)
        self.offset = 0

    def pieces(self, count):
        """The parts of the block that make the next weight, of @count elements."""
        # a prime step, so that no two weights begin at the same place
        self.offset = (self.offset + 7368787) % BLOCK
        made, done = [], 0
        while done < count:
            start = (self.offset + done) % BLOCK
            made.append(self.block[start : start + count - done])
            done += made[-1].numel()
        return made

    def cut(self, shape):
        weight = torch.empty(shape, dtype=self.block.dtype)
        flat, done = weight.view(-1), 0
        for piece in self.pieces(flat.numel()):
            flat[done : done + piece.numel()].copy_(piece)
            done += piece.numel()
        return weight
