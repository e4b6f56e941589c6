# SPDX-License-Identifier: GPL-2.0-only
"""The workers that rows ask things of: which client, under which GreenBoost.

A variant whose options are None runs plainly; one with {} runs under GreenBoost
with its defaults, so that all fits.
"""

from .settings import bytes_of

# Spelled both ways: PyTorch renamed the variable.
ALLOCATOR = ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF")


class Variant:
    def __init__(self, name, client, arguments, options, environment=None):
        self.name = name
        self.client = client
        self.arguments = arguments
        self.options = options
        self.environment = environment or {}


def allocator(setting):
    return {variable: setting for variable in ALLOCATOR}


# Which worker of a client runs in which of the ways that a row compares.
WAYS = {"vram": "plain", "staged": "over", "direct": "direct"}


def ways(client):
    """The names of a client's workers, by way."""
    return {way: f"{name}-{client}" for way, name in WAYS.items()}


def three(client, script, arguments, over):
    """All in VRAM without GreenBoost, under it, and with its staging off."""
    names = ways(client)
    return [
        Variant(names["vram"], script, arguments, None),
        Variant(names["staged"], script, arguments, over),
        Variant(names["direct"], script, arguments, {**over, "staging": "off"}),
    ]


def over_disk(settings):
    """Options of a worker whose memory overflows onto the disk."""
    return {**settings.nvme_budgets, "nvme-path": settings.disk}


def of_file(settings, path):
    """The variants whose weights come from a file, by name."""
    words = ["--weights", "file", "--file", path, "--layers", str(settings.layers)]
    rows = [
        Variant("plain-file", "llama", words, None),
        Variant("over-nvme-file", "llama", words, over_disk(settings)),
    ]
    return {variant.name: variant for variant in rows}


def table(settings):
    """Every variant by name, for these settings."""
    # the RAM budget is named, since its default depends on the moment
    over = {"vram": settings.budget, "ram": settings.ram}
    layers = ["--layers", str(settings.layers)]
    kernels = ["--weights", "kernels"] + layers
    uploaded = ["--weights", "uploaded"] + layers
    budget = str(bytes_of(settings.budget))
    offload = ["--weights", "offload", "--budget", budget] + layers
    train = ["--layers", str(settings.train_layers)]
    rows = [
        Variant("plain-kernels", "llama", kernels, None),
        Variant("fits-kernels", "llama", kernels, {}),
        Variant("over-kernels", "llama", kernels, over),
        *three("uploaded", "llama", uploaded, over),
        Variant("offload", "llama", offload, None),
        Variant("over-nvme", "llama", uploaded, over_disk(settings)),
        Variant(
            "over-expandable",
            "llama",
            kernels,
            over,
            allocator("expandable_segments:True"),
        ),
        Variant(
            "over-async",
            "llama",
            kernels,
            over,
            allocator("backend:cudaMallocAsync"),
        ),
        Variant("upload-plain", "torch_upload", [], None),
        Variant("upload-over", "torch_upload", [], over),
        *three("gemm", "gemm", ["--matrices", str(settings.gemm_matrices)], over),
        *three("experts", "experts", ["--layers", str(settings.expert_layers)], over),
        *three(
            "diffusion", "diffusion", ["--layers", str(settings.diffusion_layers)], over
        ),
        *three("train", "train", train, {**over, "ram": settings.train_ram}),
        Variant("limited-train", "train", train + ["--limit", budget], None),
    ]
    return {variant.name: variant for variant in rows}
