# SPDX-License-Identifier: GPL-2.0-only
"""Training steps of a small decoder: forward, backward, AdamW, in float32.

Parameters, gradients and the optimiser's two moments are 16 bytes a parameter.
PyTorch is told to be deterministic, so that two runs end with the same bits.
With --limit, PyTorch itself is given no more than that of the GPU's memory, as
without GreenBoost a smaller card would: `limited` says how far it gets.

Commands (see worker.py): steps, limited.
"""

import argparse
import os

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # before CUDA starts

import torch
import torch.nn.functional as F
from torch import nn

import measure
import random_weights
import worker


class Block(nn.Module):
    """Attention and a feed-forward part, each on what a norm makes of x."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.before = nn.LayerNorm(width)
        self.mixed = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.between = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(4 * width, width, bias=False)

    def attend(self, x):
        """Attention written out: every step of its backward is deterministic."""
        batch, length, width = x.shape
        shape = (batch, length, 3, self.heads, width // self.heads)
        q, k, v = self.mixed(x).view(shape).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) * (width // self.heads) ** -0.5
        later = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
        mixed = scores.masked_fill(later, float("-inf")).softmax(-1) @ v
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))

    def forward(self, x):
        x = x + self.attend(self.before(x))
        return x + self.down(F.gelu(self.up(self.between(x))))


class Decoder(nn.Module):
    def __init__(self, vocabulary, width, heads, layers):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, tokens):
        x = self.embed(tokens)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


class Session:
    def __init__(self, arguments):
        self.arguments = arguments
        self.device = arguments.device
        self.model = self.optimizer = None
        self.step_number = 0

    def hello(self):
        facts = measure.facts("train", self.device)
        torch.use_deterministic_algorithms(True)
        if hasattr(torch.utils, "deterministic"):
            # or every new tensor is filled before it is used, which costs time
            torch.utils.deterministic.fill_uninitialized_memory = False
        if not self.arguments.limit:
            self.build()
            facts["state_bytes"] = 16 * sum(p.numel() for p in self.model.parameters())
        return facts

    def build(self):
        """Made on the host and moved, as a checkpoint would be."""
        a = self.arguments
        torch.manual_seed(random_weights.SEED)
        model = Decoder(a.vocabulary, a.width, a.heads, a.layers)
        source = random_weights.Source(dtype=torch.float32)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.dim() > 1:
                    parameter.copy_(source.cut(parameter.shape))
        self.model = model.to(self.device)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4)

    def batch(self):
        a = self.arguments
        generator = torch.Generator().manual_seed(self.step_number)
        shape = (a.batch, a.length + 1)
        tokens = torch.randint(0, a.vocabulary, shape, generator=generator)
        return tokens.to(self.device)

    def step(self):
        tokens = self.batch()
        self.step_number += 1
        self.optimizer.zero_grad()
        logits = self.model(tokens[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def steps(self, count):
        """Seconds of each of @count further steps, and the losses as exact numbers."""
        times, losses = [], []
        for _ in range(count):
            times.append(
                measure.seconds(self.device, lambda: losses.append(self.step()))
            )
        return {
            "seconds": times,
            "losses": [float(loss).hex() for loss in losses],
            "alive": measure.alive(torch.stack(losses)),
        }

    def parameters(self):
        """A hash of all parameters and of both moments, as they are now."""
        tensors = list(self.model.parameters())
        for parameter in self.model.parameters():
            state = self.optimizer.state[parameter]
            tensors += [state["exp_avg"], state["exp_avg_sq"]]
        return measure.bits(tensors)

    def limited(self):
        """Whether PyTorch, held to --limit bytes, gets through two steps."""
        total = torch.cuda.mem_get_info()[1]
        torch.cuda.set_per_process_memory_fraction(
            min(1.0, self.arguments.limit / total)
        )
        try:
            self.build()
            self.step()
            self.step()
            measure.wait(self.device)
        except torch.cuda.OutOfMemoryError as error:
            return {"refused": True, "error": str(error)[:200]}
        return {"refused": False, "error": ""}


if __name__ == "__main__":
    session = Session(
        measure.arguments(
            argparse.ArgumentParser(),
            vocabulary=32000,
            width=2048,
            heads=16,
            layers=14,
            batch=2,
            length=256,
            limit=0,
        )
    )
    names = ["steps", "parameters", "limited"]
    worker.serve(session.hello, {name: getattr(session, name) for name in names})
