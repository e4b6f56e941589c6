# SPDX-License-Identifier: GPL-2.0-only
"""What the clients use of transformers: a Llama in miniature, for a CPU.

Names and shapes are those of transformers 5; what the library computes with them
is simply the model.
"""

import torch
import torch.nn.functional as F
from torch import nn

__version__ = "a stand-in"


class LlamaConfig:
    def __init__(self, **settings):
        self.__dict__.update(settings)


class DynamicCache:
    def __init__(self):
        self.layers = {}

    def update(self, index, keys, values):
        if index in self.layers:
            before = self.layers[index]
            keys, values = (torch.cat(pair, 2) for pair in zip(before, (keys, values)))
        self.layers[index] = keys, values
        return keys, values

    def length(self):
        return self.layers[0][0].shape[2] if self.layers else 0


class Norm(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(config.hidden_size))
        self.least = config.rms_norm_eps

    def forward(self, x):
        wide = x.float()
        scale = (wide.pow(2).mean(-1, keepdim=True) + self.least).rsqrt()
        return self.weight * (wide * scale).to(x.dtype)


class Rotary(nn.Module):
    def __init__(self, config):
        super().__init__()
        size = config.hidden_size // config.num_attention_heads
        self.rates = 10000.0 ** (-torch.arange(0, size, 2).float() / size)

    def forward(self, x, position_ids):
        angles = position_ids.unsqueeze(-1).float() * self.rates
        angles = torch.cat([angles, angles], -1)
        return angles.cos().to(x.dtype), angles.sin().to(x.dtype)


def half_turned(x):
    low, high = x.chunk(2, -1)
    return torch.cat([-high, low], -1)


class Attention(nn.Module):
    def __init__(self, config, index):
        super().__init__()
        self.config, self.index = config, index
        self.size = config.hidden_size // config.num_attention_heads
        wide, narrow = config.hidden_size, self.size * config.num_key_value_heads
        self.q_proj = nn.Linear(wide, wide, bias=False)
        self.k_proj = nn.Linear(wide, narrow, bias=False)
        self.v_proj = nn.Linear(wide, narrow, bias=False)
        self.o_proj = nn.Linear(wide, wide, bias=False)

    def forward(self, x, turn, cache):
        shape = (*x.shape[:2], -1, self.size)
        cosine, sine = (t.unsqueeze(1) for t in turn)
        q, k, v = (
            p(x).view(shape).transpose(1, 2)
            for p in (self.q_proj, self.k_proj, self.v_proj)
        )
        q, k = (t * cosine + half_turned(t) * sine for t in (q, k))
        k, v = cache.update(self.index, k, v)
        groups = q.shape[1] // k.shape[1]
        k, v = (t.repeat_interleave(groups, 1) for t in (k, v))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=x.shape[1] > 1)
        return self.o_proj(mixed.transpose(1, 2).reshape(x.shape))


class Mlp(nn.Module):
    def __init__(self, config):
        super().__init__()
        wide, inner = config.hidden_size, config.intermediate_size
        self.gate_proj = nn.Linear(wide, inner, bias=False)
        self.up_proj = nn.Linear(wide, inner, bias=False)
        self.down_proj = nn.Linear(inner, wide, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class LlamaDecoderLayer(nn.Module):
    def __init__(self, config, index):
        super().__init__()
        self.input_layernorm = Norm(config)
        self.self_attn = Attention(config, index)
        self.post_attention_layernorm = Norm(config)
        self.mlp = Mlp(config)

    def forward(self, x, turn, cache):
        x = x + self.self_attn(self.input_layernorm(x), turn, cache)
        return x + self.mlp(self.post_attention_layernorm(x))


class Inner(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(
            LlamaDecoderLayer(config, i) for i in range(config.num_hidden_layers)
        )
        self.norm = Norm(config)
        self.rotary_emb = Rotary(config)


class Reply:
    def __init__(self, logits):
        self.logits = logits


class Llama(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.model = Inner(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def get_input_embeddings(self):
        return self.model.embed_tokens

    def forward(self, input_ids, past_key_values, use_cache, logits_to_keep):
        begin = past_key_values.length()
        places = torch.arange(begin, begin + input_ids.shape[1]).unsqueeze(0)
        x = self.model.embed_tokens(input_ids)
        turn = self.model.rotary_emb(x, places)
        for layer in self.model.layers:
            x = layer(x, turn, past_key_values)
        x = self.model.norm(x)
        return Reply(self.lm_head(x[:, -logits_to_keep:] if logits_to_keep else x))


class AutoModelForCausalLM:
    @staticmethod
    def from_config(config, dtype, attn_implementation):
        assert attn_implementation == "sdpa"
        return Llama(config).to(dtype)
