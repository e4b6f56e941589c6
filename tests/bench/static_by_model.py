# SPDX-License-Identifier: GPL-2.0-only
"""static_by_model.py CLIENTS: StaticStep's tokens are the model's own, in float32."""

import sys

import torch

sys.path.insert(0, sys.argv[1])

import weights  # noqa: E402
from static_step import StaticStep  # noqa: E402
from transformers import DynamicCache, LlamaConfig  # noqa: E402

torch.manual_seed(3)
model = weights.create(LlamaConfig(num_hidden_layers=2, **weights.TINY), "cpu").float()
prompt = torch.randint(0, 512, (1, 11))
step, cache, own = StaticStep(model, "cpu", 32), DynamicCache(), []
step.caches = [each.float() for each in step.caches]
with torch.no_grad():
    static = step.begin(prompt)
    tokens = prompt
    for _ in range(6):
        logits = model(tokens, cache, True, 1).logits
        assert torch.allclose(static, logits, atol=1e-4), (static - logits).abs().max()
        tokens = logits[:, -1].argmax(-1, keepdim=True)
        assert torch.equal(step.token, tokens)
        static = step.step()
