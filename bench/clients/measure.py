# SPDX-License-Identifier: GPL-2.0-only
"""What every PyTorch client needs: waiting, taking the time, comparing bits."""

import hashlib
import os
import time

import torch


def wait(device):
    if device == "cuda":
        torch.cuda.synchronize()


def seconds(device, function):
    """How long @function takes with all that it gave the GPU to do."""
    wait(device)
    start = time.perf_counter()
    function()
    wait(device)
    return time.perf_counter() - start


def age():
    """Seconds since this process was started, what started it as itself included."""
    with open("/proc/self/stat") as file:
        ticks = int(file.read().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def bits(tensors):
    """A hash of every bit of @tensors, in order."""
    sha = hashlib.sha256()
    for tensor in tensors:
        host = tensor.detach().cpu().contiguous()
        sha.update(host.view(-1).view(torch.uint8).numpy())
    return sha.hexdigest()


def alive(tensor):
    """Whether values could tell a wrong result: all finite, not all alike."""
    values = tensor.detach().float()
    return bool(torch.isfinite(values).all()) and float(values.std()) > 0


def facts(client, device):
    told = {"client": client, "torch": torch.__version__}
    if device == "cuda":
        torch.cuda.init()
        told["device"] = torch.cuda.get_device_name()
        told["total_bytes"] = torch.cuda.mem_get_info()[1]
    return told


def arguments(parser, **numbers):
    """Adds --device and a whole number for each of @numbers; returns what is given."""
    parser.add_argument("--device", default="cuda")
    for name, value in numbers.items():
        parser.add_argument("--" + name, type=int, default=value)
    return parser.parse_args()
