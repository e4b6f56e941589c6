# SPDX-License-Identifier: GPL-2.0-only
"""How much of everything: the full acceptance, and a quick look."""

from dataclasses import dataclass, field

GIB = 1 << 30


def bytes_of(text):
    """ "6g" as a number."""
    return int(text[:-1]) << {"k": 10, "m": 20, "g": 30}[text[-1]]


@dataclass
class Settings:
    budget: str = "6g"  # VRAM, where memory shall overflow
    ram: str = "14g"
    layers: int = 32
    quick: bool = False
    offload: bool = True  # compare with offloading without GreenBoost, too
    runs: int = 5  # of what takes about a second
    pairs: int = 11  # with and without GreenBoost, in turn
    pin_bytes: int = 8 * GIB
    view_bytes: int = 4 * GIB
    launches: int = 1_000_000
    launch_rounds: int = 9
    upload_bytes: int = 15 * GIB
    upload_rounds: int = 3  # processes, each of two rounds
    prompt_lengths: list = field(default_factory=lambda: [1, 33, 512, 2048])
    prompt_tokens: int = 8  # of greedy continuation for each length
    prefill_lengths: list = field(default_factory=lambda: [8192, 2048, 512])
    decode_tokens: int = 8  # a run, in overflow
    fits_prefill: int = 2048
    fits_tokens: int = 12
    fits_pairs: int = 3  # of the same two processes
    batches: list = field(default_factory=lambda: [1, 32])  # of decoding
    offload_tokens: int = 2  # a run, without GreenBoost and with offloading
    gemm_rows: list = field(default_factory=lambda: [1, 16, 64, 256, 1024, 4096])
    expert_tokens: int = 16  # a run
    diffusion_steps: int = 2  # a run
    staged_launches: int = 10_000
    staged_rounds: int = 5
    disk: str = "/var/tmp"  # the directory that memory and model files go to
    # Read in each way that the disk's rate is measured in: of less, too much comes
    # from what a disk or its host may do for a moment (512 MiB of a disk that was
    # held at 0.8 GB/s read at 0.85).
    disk_mib: int = 1024
    nvme_length: int = 2048  # a prefill
    nvme_tokens: int = 1  # of decoding, a run: each is a pass over the disk's part
    nvme_runs: int = 3
    nvme_file_runs: int = 2
    # What is twice the budget, or a little more, at 6 GiB; the model's layers and
    # the budget are lowered together, so all of it goes with the layers.
    gemm_matrices: int = field(init=False)
    expert_layers: int = field(init=False)
    diffusion_layers: int = field(init=False)
    train_layers: int = field(init=False)
    train_ram: str = field(init=False)  # its activations and temporaries, too
    nvme_budgets: dict = field(init=False)  # half of the model fits in neither

    def __post_init__(self):
        self.gemm_matrices = max(8, self.layers * 96 // 32)
        self.expert_layers = max(2, self.layers * 48 // 32)
        self.diffusion_layers = max(2, self.layers * 38 // 32)
        self.train_layers = max(2, self.layers * 14 // 32)
        self.train_ram = f"{max(8, self.layers * 24 // 32)}g"
        # the embedding table and the head take 1 GiB each, with any number of layers
        memory = f"{max(2, self.layers * 4 // 32)}g"
        disk = f"{max(6, self.layers * 16 // 32)}g"
        self.nvme_budgets = {"vram": memory, "ram": memory, "nvme": disk}

    def hasten(self):
        """A look in a fraction of the time; its figures are no acceptance."""
        self.quick = True
        self.runs = 2
        self.pairs = 3
        self.pin_bytes = 1 * GIB
        self.view_bytes = 1 * GIB
        self.launches = 200_000
        self.launch_rounds = 2
        self.upload_bytes = 8 * GIB
        self.upload_rounds = 1
        self.prompt_lengths = [1, 512]
        self.prompt_tokens = 4
        self.prefill_lengths = [2048, 512]
        self.decode_tokens = 4
        self.fits_tokens = 8
        self.gemm_rows = [1, 4096]
        self.expert_tokens = 4
        self.diffusion_steps = 1
        self.staged_launches = 2_000
        self.staged_rounds = 2
        self.nvme_runs = self.nvme_file_runs = 1
        self.disk_mib = 512
