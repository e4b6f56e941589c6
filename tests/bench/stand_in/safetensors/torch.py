# SPDX-License-Identifier: GPL-2.0-only
"""Reads what is in the format of https://github.com/huggingface/safetensors."""

import json
import mmap

import torch

TYPES = {"BF16": torch.bfloat16}


def load_file(path, device):
    """Tensors by name, checked as the library does: no hole, no overlap, no rest."""
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    start = 8 + int.from_bytes(data[:8], "little")
    places = json.loads(data[8:start])
    places.pop("__metadata__", None)
    made, end = {}, 0
    for name, place in places.items():
        (begin, last), kind = place["data_offsets"], TYPES[place["dtype"]]
        assert begin == end, name
        flat = torch.frombuffer(data, dtype=torch.uint8)[start + begin : start + last]
        made[name], end = flat.view(kind).view(place["shape"]).to(device), last
    assert start + end == len(data), path
    return made
