# SPDX-License-Identifier: GPL-2.0-only
"""An unmodified transformers Llama model with random weights, in four ways.

by_kernels   the model is created on the GPU, and the library's own
             initialisation fills it there: all weights are written by kernels
uploaded     every weight is made in host memory, then the model is moved with
             .to(): all weights arrive by copies
file         the same from a safetensors file (llama_file.py), as its library loads
             it: mapped, and every tensor copied out of the mapping
offload      made in host memory likewise, then left to what is there without
             GreenBoost for models larger than VRAM (offload.py)

All are the same on every run with the same PyTorch and GPU. The attention is
PyTorch's scaled_dot_product_attention ("sdpa"): the default of transformers,
deterministic in the forward pass, and without the quadratic memory of "eager".
"""

import time

import torch
from transformers import AutoModelForCausalLM, LlamaConfig

import offload
import random_weights

# The shape of Llama 3 8B; the number of layers can be lowered for a quick look.
SHAPE = dict(
    vocab_size=128256,
    hidden_size=4096,
    intermediate_size=14336,
    num_attention_heads=32,
    num_key_value_heads=8,
    max_position_embeddings=16384,
    rms_norm_eps=1e-5,
    tie_word_embeddings=False,
)
# The same in miniature, to try the clients themselves.
TINY = dict(
    SHAPE,
    vocab_size=512,
    hidden_size=64,
    intermediate_size=128,
    num_attention_heads=4,
    num_key_value_heads=2,
)


def create(config, device):
    with torch.device(device):
        return AutoModelForCausalLM.from_config(
            config, dtype=torch.bfloat16, attn_implementation="sdpa"
        )


def by_kernels(config, device):
    torch.manual_seed(random_weights.SEED)
    model = create(config, device)
    return model, {}


def configuration(layers, tiny):
    return LlamaConfig(num_hidden_layers=layers, **(TINY if tiny else SHAPE))


def put(model, name, weight):
    """Makes @weight the parameter @name of a model without memory."""
    module = model.get_submodule(name.rpartition(".")[0])
    module._parameters[name.rpartition(".")[2]] = torch.nn.Parameter(
        weight, requires_grad=False
    )


def fill_on_host(model):
    """Gives every parameter of a model without memory one in host memory."""
    source = random_weights.Source()
    for name, parameter in list(model.named_parameters()):
        if parameter.dim() == 1:  # the norms' scales
            weight = torch.ones(parameter.shape, dtype=torch.bfloat16)
        else:
            weight = source.cut(parameter.shape)
        put(model, name, weight)


def with_buffers(model):
    """@model with its only buffers, which had no memory either."""
    model.model.rotary_emb = type(model.model.rotary_emb)(config=model.config)
    return model


def on_host(config):
    model = create(config, "meta")
    fill_on_host(model)
    return with_buffers(model)


def uploaded(config, device):
    model = on_host(config)
    start = time.perf_counter()
    model = model.to(device)
    if device == "cuda":
        torch.cuda.synchronize()
    return model, {"to_device_s": time.perf_counter() - start}


def from_file(config, device, path):
    import safetensors
    from safetensors.torch import load_file

    model = create(config, "meta")
    start = time.perf_counter()
    for name, weight in load_file(path, device=device).items():
        put(model, name, weight)
    if device == "cuda":
        torch.cuda.synchronize()
    facts = {
        "load_s": time.perf_counter() - start,
        "safetensors": safetensors.__version__,
    }
    return with_buffers(model).to(device), facts


def offloaded(config, device, budget):
    model = on_host(config)
    model.eval().requires_grad_(False)
    model, way = offload.apply(model, budget, device)
    return model, {"offload": way}


def build(way, layers, tiny, device, budget=0, path=None):
    """The model, ready for inference, and what is worth telling about it."""
    config = configuration(layers, tiny)
    start = time.perf_counter()
    if way == "offload":
        model, facts = offloaded(config, device, budget)
    elif way == "file":
        model, facts = from_file(config, device, path)
    else:
        model, facts = {"kernels": by_kernels, "uploaded": uploaded}[way](
            config, device
        )
    model.eval().requires_grad_(False)
    if device == "cuda":
        torch.cuda.synchronize()
    sizes = {p.dtype: 0 for p in model.parameters()}
    for parameter in model.parameters():
        sizes[parameter.dtype] += parameter.numel() * parameter.element_size()
    if list(sizes) != [torch.bfloat16]:
        raise RuntimeError(f"weights are not bfloat16 throughout: {sizes}")
    facts.update(
        build_s=time.perf_counter() - start,
        weight_bytes=sizes[torch.bfloat16],
        embedding_bytes=model.get_input_embeddings().weight.numel() * 2,
    )
    return model, facts
