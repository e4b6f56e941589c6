# SPDX-License-Identifier: GPL-2.0-only
"""Products of a few rows with many large matrices, as a row of dense layers.

x becomes x W^T for one matrix after the other, so that the last result depends on
every matrix. Commands (see worker.py): product, staged.

`staged` is what a programmer can reach by hand with memory that lies in RAM: two
buffers in VRAM, filled in turn by a copy engine while the product of the other is
computed. It is measured without GreenBoost, as what to hold `product` against.
"""

import argparse

import torch

import measure
import random_weights
import worker

BY_HAND = 8  # matrices that `staged` brings from RAM


class Session:
    def __init__(self, arguments):
        self.device = arguments.device
        self.side = arguments.side
        self.count = arguments.matrices
        self.matrices = []
        self.pinned = []

    def hello(self):
        facts = measure.facts("gemm", self.device)
        # keeps the size of the values from product to product
        self.source = random_weights.Source(scale=self.side**-0.5)
        shape = (self.side, self.side)
        self.matrices = [
            self.source.cut(shape).to(self.device) for _ in range(self.count)
        ]
        measure.wait(self.device)
        facts["weight_bytes"] = self.count * self.side * self.side * 2
        return facts

    def buffers(self, rows):
        """x, and two places for results."""
        generator = torch.Generator().manual_seed(rows)
        x = torch.randn(rows, self.side, generator=generator).to(torch.bfloat16)
        x = x.to(self.device)
        return x, [torch.empty_like(x) for _ in range(2)]

    def chain(self, x, places):
        for i, matrix in enumerate(self.matrices):
            torch.mm(x, matrix.t(), out=places[i % 2])
            x = places[i % 2]
        return x

    @torch.inference_mode()
    def product(self, rows, runs, warm_up=1):
        """Seconds of each of @runs passes over all matrices."""
        x, places = self.buffers(rows)
        for _ in range(warm_up):
            self.chain(x, places)
        times = [
            measure.seconds(self.device, lambda: self.chain(x, places))
            for _ in range(runs)
        ]
        last = places[(self.count - 1) % 2]
        return {
            "seconds": times,
            "sha256": measure.bits([last]),
            "alive": measure.alive(last),
        }

    @torch.inference_mode()
    def staged(self, rows, runs, warm_up=1):
        """The same over BY_HAND matrices in pinned RAM, and how many bytes these are."""
        if not self.pinned:
            pin = self.device == "cuda"
            for matrix in self.matrices[:BY_HAND]:
                host = torch.empty(matrix.shape, dtype=matrix.dtype, pin_memory=pin)
                self.pinned.append(host.copy_(matrix))
        x, places = self.buffers(rows)
        slots = [torch.empty_like(self.matrices[0]) for _ in range(2)]
        step = self.by_hand_cuda if self.device == "cuda" else self.by_hand
        for _ in range(warm_up):
            step(x, places, slots)
        times = [
            measure.seconds(self.device, lambda: step(x, places, slots))
            for _ in range(runs)
        ]
        size = self.pinned[0].numel() * self.pinned[0].element_size()
        return {"seconds": times, "bytes": size * len(self.pinned)}

    def by_hand(self, x, places, slots):
        for i, host in enumerate(self.pinned):
            slots[i % 2].copy_(host)
            torch.mm(x, slots[i % 2].t(), out=places[i % 2])
            x = places[i % 2]

    def by_hand_cuda(self, x, places, slots):
        compute, copies = torch.cuda.current_stream(), torch.cuda.Stream()
        copies.wait_stream(compute)
        free = [None, None]  # when a slot's product is done
        for i, host in enumerate(self.pinned):
            with torch.cuda.stream(copies):
                if free[i % 2]:
                    copies.wait_event(free[i % 2])
                slots[i % 2].copy_(host, non_blocking=True)
                there = copies.record_event()
            compute.wait_event(there)
            torch.mm(x, slots[i % 2].t(), out=places[i % 2])
            free[i % 2] = compute.record_event()
            x = places[i % 2]


if __name__ == "__main__":
    session = Session(
        measure.arguments(argparse.ArgumentParser(), matrices=96, side=8192)
    )
    worker.serve(session.hello, {"product": session.product, "staged": session.staged})
