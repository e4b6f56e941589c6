# SPDX-License-Identifier: GPL-2.0-only
"""The step loop of a diffusion transformer, with convolutions at both ends.

A picture of noise is cut into patches by a convolution, goes through blocks that
the time of the step modulates, and comes back through another convolution; a
little of what comes out is taken off the picture, step by step. Command (see
worker.py): loop.
"""

import argparse

import torch
import torch.nn.functional as F

import measure
import random_weights
import worker

CHANNELS = 16  # of the picture
PATCH = 2  # a token's pixels each way


class Block:
    def __init__(self, source, width, heads, device):
        def cut(*shape):
            return source.cut(shape).to(device)

        self.heads = heads
        self.modulate = cut(6 * width, width)
        self.mixed, self.out = cut(3 * width, width), cut(width, width)
        self.up, self.down = cut(4 * width, width), cut(width, 4 * width)

    def attend(self, x):
        batch, length, width = x.shape
        shape = (batch, length, 3, self.heads, width // self.heads)
        q, k, v = F.linear(x, self.mixed).view(shape).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v)
        return F.linear(mixed.transpose(1, 2).reshape(batch, length, width), self.out)

    def __call__(self, x, when):
        parts = F.linear(F.silu(when), self.modulate).unsqueeze(1).chunk(6, -1)
        shift, scale, gate, shift_after, scale_after, gate_after = parts
        normed = F.layer_norm(x, x.shape[-1:]) * (1 + scale) + shift
        x = x + gate * self.attend(normed)
        normed = F.layer_norm(x, x.shape[-1:]) * (1 + scale_after) + shift_after
        inner = F.gelu(F.linear(normed, self.up), approximate="tanh")
        return x + gate_after * F.linear(inner, self.down)


class Session:
    def __init__(self, arguments):
        self.arguments = arguments
        self.device = arguments.device

    def hello(self):
        a = self.arguments
        facts = measure.facts("diffusion", self.device)
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True
        source = random_weights.Source()
        shape = (a.width, CHANNELS, PATCH, PATCH)
        self.patches = source.cut(shape).to(self.device)
        self.pixels = source.cut((CHANNELS, a.width // PATCH**2, 3, 3)).to(
            self.device
        )
        self.times = source.cut((a.width, a.width)).to(self.device)
        self.blocks = [
            Block(source, a.width, a.heads, self.device) for _ in range(a.layers)
        ]
        measure.wait(self.device)
        facts["weight_bytes"] = 36 * a.layers * a.width**2
        return facts

    def noise(self):
        a = self.arguments
        generator = torch.Generator().manual_seed(random_weights.SEED)
        shape = (a.batch, CHANNELS, a.side, a.side)
        return torch.randn(shape, generator=generator).to(torch.bfloat16)

    def when(self, step):
        """What the network is told of the time: waves of many lengths."""
        half = self.arguments.width // 2
        lengths = torch.exp(-9 * torch.arange(half, dtype=torch.float32) / half)
        waves = torch.cat([torch.sin(step * lengths), torch.cos(step * lengths)])
        waves = waves.to(torch.bfloat16).to(self.device)
        return F.linear(waves.expand(self.arguments.batch, -1), self.times)

    def predict(self, picture, step):
        x = F.conv2d(picture, self.patches, stride=PATCH)
        batch, width, rows, columns = x.shape
        x, when = x.flatten(2).transpose(1, 2), self.when(step)
        for block in self.blocks:
            x = block(x, when)
        x = (
            F.layer_norm(x, (width,))
            .transpose(1, 2)
            .reshape(batch, width, rows, columns)
        )
        return F.conv2d(F.pixel_shuffle(x, PATCH), self.pixels, padding=1)

    def run(self, steps):
        picture = self.noise().to(self.device)
        for step in range(steps):
            picture = picture - 0.1 * self.predict(picture, 1000 - step)
        return picture

    @torch.inference_mode()
    def loop(self, steps, runs, warm_up=1):
        """Seconds of each of @runs loops of @steps steps."""
        pictures = []
        for _ in range(warm_up):
            self.run(steps)
        times = [
            measure.seconds(self.device, lambda: pictures.append(self.run(steps)))
            for _ in range(runs)
        ]
        return {
            "seconds": times,
            "sha256": measure.bits(pictures[-1:]),
            "alive": measure.alive(pictures[-1]),
        }


if __name__ == "__main__":
    session = Session(
        measure.arguments(
            argparse.ArgumentParser(),
            layers=38,
            width=3072,
            heads=24,
            batch=4,
            side=128,
        )
    )
    worker.serve(session.hello, {"loop": session.loop})
