# SPDX-License-Identifier: GPL-2.0-only
"""A decoding step with a cache of fixed size, which a CUDA graph can capture.

The model's own layers, with the cache written out: keys and values lie where they
always lie, the token and its position are in GPU memory, and the step itself puts
the next ones there. So one graph makes token after token.
"""

import torch
import torch.nn.functional as F


def turned(x, cosine, sine):
    """Rotary position embedding, as Llama has it."""
    low, high = x.chunk(2, -1)
    return x * cosine + torch.cat([-high, low], -1) * sine


class StaticStep:
    def __init__(self, model, device, length):
        config = model.config
        self.model = model
        self.heads = config.num_attention_heads
        self.groups = self.heads // config.num_key_value_heads
        self.size = config.hidden_size // self.heads
        shape = (2, 1, config.num_key_value_heads, length, self.size)
        self.caches = [
            torch.zeros(shape, dtype=torch.bfloat16).to(device)
            for _ in model.model.layers
        ]
        self.places = torch.arange(length).to(device)
        self.token = torch.zeros(1, 1, dtype=torch.long).to(device)
        self.position = torch.zeros(1, dtype=torch.long).to(device)

    def for_each_head(self, part):
        """Every group's keys or values, as often as the group has heads."""
        wide = part.unsqueeze(2).expand(-1, -1, self.groups, -1, -1)
        return wide.reshape(1, self.heads, -1, self.size)

    def attend(self, attention, x, cache, turn, positions):
        def parted(y):
            return y.view(1, x.shape[1], -1, self.size).transpose(1, 2)

        query = turned(parted(attention.q_proj(x)), *turn)
        cache[0].index_copy_(2, positions, turned(parted(attention.k_proj(x)), *turn))
        cache[1].index_copy_(2, positions, parted(attention.v_proj(x)))
        keys, values = (self.for_each_head(part) for part in cache)
        seen = self.places <= positions.unsqueeze(-1)
        mixed = F.scaled_dot_product_attention(query, keys, values, attn_mask=seen)
        return attention.o_proj(mixed.transpose(1, 2).reshape(1, x.shape[1], -1))

    def forward(self, tokens, positions):
        """The logits of the last of @tokens, which stand at @positions."""
        inner = self.model.model
        x = inner.embed_tokens(tokens)
        turn = [t.unsqueeze(1) for t in inner.rotary_emb(x, positions.unsqueeze(0))]
        for layer, cache in zip(inner.layers, self.caches):
            normed = layer.input_layernorm(x)
            x = x + self.attend(layer.self_attn, normed, cache, turn, positions)
            x = x + layer.mlp(layer.post_attention_layernorm(x))
        return self.model.lm_head(inner.norm(x[:, -1:]))

    def begin(self, prompt):
        """Takes the prompt; the first token of the continuation is next."""
        length = prompt.shape[1]
        logits = self.forward(prompt, self.places[:length])
        self.token.copy_(logits[:, -1].argmax(-1, keepdim=True))
        self.position.fill_(length)
        return logits

    def step(self):
        """One token further. Always the same kernels at the same addresses."""
        logits = self.forward(self.token, self.position)
        self.token.copy_(logits[:, -1].argmax(-1, keepdim=True))
        self.position.add_(1)
        return logits
