# SPDX-License-Identifier: GPL-2.0-only
"""A model larger than its part of VRAM, without GreenBoost: what users have today.

Hugging Face's accelerate where it is installed. Elsewhere the same by hand: the
first layers stay in VRAM, and each of the others is copied there from pinned
memory before its turn and dropped after it.
"""

import torch


def bytes_of(module):
    return sum(p.numel() * p.element_size() for p in module.parameters())


def by_accelerate(model, budget):
    import accelerate

    places = accelerate.infer_auto_device_map(
        model,
        max_memory={0: budget, "cpu": 1 << 40},
        no_split_module_classes=[type(model.model.layers[0]).__name__],
    )
    model = accelerate.dispatch_model(model, device_map=places)
    return model, "accelerate " + accelerate.__version__


def bring(layer, device):
    """Makes @layer live in pinned memory and visit VRAM while it works."""
    homes = []
    for parameter in layer.parameters():
        home = parameter.data.pin_memory() if device == "cuda" else parameter.data
        parameter.data = home
        homes.append((parameter, home))

    def before(*_):
        for parameter, home in homes:
            parameter.data = home.to(device, non_blocking=True, copy=True)

    def after(*_):
        for parameter, home in homes:
            parameter.data = home

    layer.register_forward_pre_hook(before)
    layer.register_forward_hook(after)


def by_hand(model, budget, device):
    layers = list(model.model.layers)
    others = [model.model.embed_tokens, model.model.norm, model.lm_head]
    # the layer that visits needs a place, too
    left = budget - sum(map(bytes_of, others)) - bytes_of(layers[0])
    for module in others + [model.model.rotary_emb]:
        module.to(device)
    for layer in layers:
        size = bytes_of(layer)
        if left >= size:
            layer.to(device)
        else:
            bring(layer, device)
        left -= size
    return model, "by hand: pinned memory, a copy for each layer"


def apply(model, budget, device):
    """The model, spread over @budget bytes of VRAM and RAM, and in which way."""
    try:
        import accelerate  # noqa: F401
    except ImportError:
        return by_hand(model, budget, device)
    return by_accelerate(model, budget)
