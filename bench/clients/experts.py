# SPDX-License-Identifier: GPL-2.0-only
"""Layers of a mixture of experts, of which each token reads a few.

Every layer has two banks, one tensor each for all its experts. Which experts a
token goes to comes from the seed. Two ways in which frameworks reach a bank:

slices   a product for each chosen expert, with its part of the bank
gather   the chosen experts' weights are picked out of the bank by one kernel, and
         multiplied as a batch

Command (see worker.py): tokens.
"""

import argparse

import torch
import torch.nn.functional as F

import measure
import random_weights
import worker


class Session:
    def __init__(self, arguments):
        self.arguments = arguments
        self.device = arguments.device
        self.layers = []

    def hello(self):
        a = self.arguments
        facts = measure.facts("experts", self.device)
        source = random_weights.Source()
        for _ in range(a.layers):
            up = source.cut((a.experts, a.inner, a.hidden)).to(self.device)
            down = source.cut((a.experts, a.hidden, a.inner)).to(self.device)
            self.layers.append((up, down))
        measure.wait(self.device)
        facts["weight_bytes"] = 4 * a.layers * a.experts * a.inner * a.hidden
        return facts

    @staticmethod
    def slices(x, up, down, route):
        parts = [F.linear(F.silu(F.linear(x, up[e])), down[e]) for e in route.tolist()]
        return sum(parts[1:], parts[0])

    @staticmethod
    def gather(x, up, down, chosen):
        inner = F.silu(torch.matmul(up.index_select(0, chosen), x[0]))
        outer = torch.matmul(down.index_select(0, chosen), inner.unsqueeze(-1))
        return outer.squeeze(-1).sum(0, keepdim=True)

    def pass_over(self, way, x, routes):
        for (up, down), route in zip(self.layers, routes):
            y = getattr(self, way)(x, up, down, route)
            x = F.layer_norm(x + y, (self.arguments.hidden,))
        return x

    def plan(self, way, count):
        """Each token's hidden state, and its experts in each layer.

        A kernel that picks experts has their numbers in GPU memory; a program that
        does it has them itself.
        """
        generator = torch.Generator().manual_seed(random_weights.SEED)
        plan = []
        for _ in range(count):
            x = torch.randn(1, self.arguments.hidden, generator=generator)
            routes = [
                torch.randperm(self.arguments.experts, generator=generator)[
                    : self.arguments.chosen
                ]
                for _ in self.layers
            ]
            if way == "gather":
                routes = [route.to(self.device) for route in routes]
            plan.append((x.to(torch.bfloat16).to(self.device), routes))
        return plan

    @torch.inference_mode()
    def tokens(self, way, count, runs, warm_up=1):
        """Seconds of each of @runs times @count tokens, one after the other."""
        plan, results = self.plan(way, count), []

        def work():
            results[:] = [self.pass_over(way, x, routes) for x, routes in plan]

        for _ in range(warm_up):
            work()
        times = [measure.seconds(self.device, work) for _ in range(runs)]
        return {
            "seconds": times,
            "sha256": measure.bits(results),
            "alive": measure.alive(torch.cat(results)),
        }


if __name__ == "__main__":
    session = Session(
        measure.arguments(
            argparse.ArgumentParser(),
            layers=48,
            experts=128,
            chosen=4,
            hidden=1024,
            inner=512,
        )
    )
    worker.serve(session.hello, {"tokens": session.tokens})
