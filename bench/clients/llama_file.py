# SPDX-License-Identifier: GPL-2.0-only
"""Writes the model of llama.py, as uploaded, into a safetensors file.

The parts that weights are cut from are written as they are, in pieces of up to
32 MiB: fifteen gigabytes in the disk's time, without being in memory.
"""

import argparse
import json
import os
import time

import torch

import random_weights
import weights
import worker


def laid_out(model):
    """Shape and pieces of each weight, by name, in the order of that file format."""
    source, made = random_weights.Source(), {}
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:  # the norms' scales
            pieces = [torch.ones(parameter.shape, dtype=torch.bfloat16)]
        else:
            pieces = source.pieces(parameter.numel())
        made[name] = list(parameter.shape), pieces
    return dict(sorted(made.items()))


def size_of(pieces):
    return sum(piece.numel() * piece.element_size() for piece in pieces)


def header(laid):
    """As safetensors has it: places of all tensors as JSON, its length before it."""
    places, end = {"__metadata__": {"format": "pt"}}, 0
    for name, (shape, pieces) in laid.items():
        begin, end = end, end + size_of(pieces)
        places[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(places, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def write(path, laid):
    with open(path, "wb", buffering=0) as out:
        out.write(header(laid))
        for _, pieces in laid.values():
            for piece in pieces:
                write_all(out, memoryview(piece.view(torch.uint8).numpy()))
        os.fsync(out.fileno())


def write_all(out, view):
    while view:
        view = view[out.write(view) :]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--device", help="ignored: nothing of this is on a GPU")
    parser.add_argument("--file", required=True)
    arguments = parser.parse_args()
    config = weights.configuration(arguments.layers, arguments.tiny)
    laid = laid_out(weights.create(config, "meta"))
    start = time.perf_counter()
    write(arguments.file, laid)
    seconds = time.perf_counter() - start
    return {"bytes": os.path.getsize(arguments.file), "seconds": seconds}


if __name__ == "__main__":
    worker.once(main)
