# SPDX-License-Identifier: GPL-2.0-only
"""Headers of models, as files. What they tell of, their bytes, are holes."""

import json
import struct

LLAMA = [("self_attn.q_proj", 4096, 4096), ("self_attn.k_proj", 1024, 4096),
         ("self_attn.v_proj", 1024, 4096), ("self_attn.o_proj", 4096, 4096),
         ("mlp.gate_proj", 14336, 4096), ("mlp.up_proj", 14336, 4096),
         ("mlp.down_proj", 4096, 14336)]


def llama_8b(layers=32):
    """The tensors of the model that bench/clients/weights.py makes."""
    yield "model.embed_tokens.weight", (128256, 4096)
    for layer in range(layers):
        for name, rows, columns in LLAMA:
            yield "model.layers.%d.%s.weight" % (layer, name), (rows, columns)
        yield "model.layers.%d.input_layernorm.weight" % layer, (4096,)
    yield "lm_head.weight", (128256, 4096)


def small(layers=8, width=256):
    for layer in range(layers):
        for name, rows, columns in LLAMA:
            yield ("model.layers.%d.%s.weight" % (layer, name),
                   (rows * width // 4096, columns * width // 4096))
    yield "lm_head.weight", (1024, width)


def safetensors(path, tensors, **metadata):
    header, end = {"__metadata__": metadata}, 0
    for name, shape in tensors:
        size = 2
        for count in shape:
            size *= count
        header[name] = {"dtype": "BF16", "shape": shape,
                        "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)
    return path


def gguf(path, tensors, metadata=()):
    """All in Q8_0, 34 bytes of 32 weights. @tensors have their columns last."""
    def text(word):
        return struct.pack("<Q", len(word)) + word.encode()

    body, end = b"", 0
    for key, value in metadata:
        body += text(key) + struct.pack("<II", 4, value)
    tensors = list(tensors)
    for name, shape in tensors:
        body += text(name) + struct.pack("<I", len(shape))
        size = 34
        for count in reversed(shape):
            body += struct.pack("<Q", count)
            size *= count
        body += struct.pack("<IQ", 8, end)
        end += size // 32
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata)) + body
    with open(path, "wb") as file:
        file.write(head)
        file.truncate((len(head) + 31) // 32 * 32 + end)
    return path
