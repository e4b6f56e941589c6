# SPDX-License-Identifier: GPL-2.0-only
"""small_torch.py CLIENT.py ...: runs a PyTorch client where only an old PyTorch is.

Debian's PyTorch 1.13 is enough to run the clients on the CPU, at toy sizes, but
for three things that are newer, which are given to it here.
"""

import contextlib
import os
import runpy
import sys

import torch
import torch.nn.functional as F


def attention(q, k, v, attn_mask=None, is_causal=False, enable_gqa=False):
    if enable_gqa:
        k, v = (t.repeat_interleave(q.shape[-3] // t.shape[-3], -3) for t in (k, v))
    scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    if is_causal:
        attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
    if attn_mask is not None:
        scores = scores.masked_fill(~attn_mask, float("-inf"))
    return scores.softmax(-1) @ v


if not hasattr(F, "scaled_dot_product_attention"):
    F.scaled_dot_product_attention = attention
    # meta tensors cannot be made of modules there: everything is made on the CPU
    torch.device = lambda name: contextlib.nullcontext()

sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[0])))
try:
    import random_weights

    random_weights.BLOCK = 1 << 18  # of toy weights a second is too long
except ImportError:
    pass  # no client of that kind
runpy.run_path(sys.argv[0], run_name="__main__")
