# SPDX-License-Identifier: GPL-2.0-only
"""Rows about the third tier: a model larger than VRAM and RAM together."""

import contextlib
import os
import tempfile
from dataclasses import dataclass

from . import bounds, disk, paired, variants
from .figures import Target, at_least
from .rows import need, row
from .settings import bytes_of

GIGA = 1e9

UPLOADED = {"vram": "plain-uploaded", "staged": "over-nvme"}
FILE = {"vram": "plain-file", "staged": "over-nvme-file"}


@dataclass
class Work:
    """Passes over the model, each of which reads all that is on the disk."""

    do: str
    title: str
    tokens: int  # made or read in a run
    passes: int  # in a run
    arguments: dict


def works(settings):
    """A pass takes seconds, so little is done to warm up: decoding has its prompt."""
    length, tokens = settings.nvme_length, settings.nvme_tokens
    prefill = {"length": length, "warm_up": 2}
    decode = {"tokens": tokens, "warm_up": 1}
    return (
        Work("prefill", f"prefill of {length} tokens", length, 1, prefill),
        Work("decode", "decoding, batch 1", tokens, tokens, decode),
    )


def needed(settings):
    return bytes_of(settings.nvme_budgets["nvme"])


def tier(context, workers):
    """What the library publishes of the disk for the worker over its budgets."""
    page = context.page(workers["staged"])
    need(page.get("nvme"), "GreenBoost has no disk: its log says why")
    need(page["nvme"]["used"], "memory did not overflow onto the disk")
    need(not page["nvme"]["failures"], "reads or writes of the disk failed")
    return page["nvme"]


class Disk:
    """How fast it reads, measured between one work and the next."""

    def __init__(self, context, report):
        self.context = context
        self.report = report
        self.found = []
        self.measure()

    def measure(self):
        """The rate since the last time; the better of two ways, as it is a bound."""
        self.found.append(disk.rates(self.context))
        self.report.detail("rates", self.found)
        return bounds.middle([max(each.values()) for each in self.found[-2:]])

    def tell(self):
        titles = {"bare": "bare pread", "store": "the store, its checksums included"}
        for way, title in titles.items():
            self.report.figure(
                f"disk-{way}",
                f"the disk, O_DIRECT reads by {title}",
                "GB/s",
                [each[way] / GIGA for each in self.found],
            )


def over_disk(context, report, workers, runs):
    """Every work in turn, against what the disk allows; its rate between works."""
    beside = Disk(context, report)
    for work in works(context.settings):
        ways = paired.take_turns(
            context, workers, work.do, 1, each=runs, **work.arguments
        )
        away = tier(context, workers)["used"]
        work_figures(report, work, ways, away, beside.measure())
    beside.tell()
    report.figure("away", "on the disk, as published", "GB", [away / GIGA])
    report.detail("page", context.page(workers["staged"]))


def work_figures(report, work, ways, away, rate):
    key, title = work.do, work.title
    paired.agree(report, key, title, ways)
    paired.speeds(report, key, title, "tokens/s", ways, lambda s: work.tokens / s)
    crossing, target = away * work.passes, at_least(0.9)
    paired.against_bound(report, key, title, ways, crossing, rate, target, paired.DISK)
    read_of_needed(report, key, title, ways["staged"], away)


def read_of_needed(report, key, title, replies, away):
    """What was read for a pass, beside what has to be: all that is on the disk."""
    report.detail(f"{key}-counted", [reply["counted"] for reply in replies])
    report.figure(
        f"{key}-read",
        f"{title}: read from the disk for a pass",
        "GB",
        [reply["counted"]["nvme_read"] / reply["passes"] / GIGA for reply in replies],
        note=f"{away / GIGA:.2f} GB are there; the passes that warm up counted in",
    )


def written(context, report, workers, target=None):
    told = tier(context, workers)
    report.figure(
        "written",
        "written to the spill file in all",
        "GB",
        [told["written"] / GIGA],
        target,
        f"{told['used'] / GIGA:.2f} GB are on the disk",
    )


@row(
    "nvme",
    "Overflow onto NVMe: prefill and decoding, weights uploaded from host memory",
    tuple(UPLOADED.values()),
    timed=True,
    limit=240,
)
def nvme(context, report):
    disk.ready(context, needed(context.settings))
    context.ready(UPLOADED.values())
    over_disk(context, report, UPLOADED, context.settings.nvme_runs)
    written(context, report, UPLOADED)


@contextlib.contextmanager
def model_file(context, report):
    """A file of the model's weights, there and in the page cache while entered."""
    settings = context.settings
    with tempfile.TemporaryDirectory(prefix="greenboost-", dir=settings.disk) as folder:
        path = os.path.join(folder, "model.safetensors")
        command = context.installation.python_client("llama_file")
        command += ["--layers", str(settings.layers), "--file", path]
        made = context.run("llama_file", command, None, timeout=120)
        report.detail("file", {**made, "layers": settings.layers})
        try:
            yield path
        finally:  # what has it open keeps its space
            context.close(FILE.values())


@row(
    "nvme-file",
    "Overflow onto NVMe: the same, weights from a safetensors file",
    timed=True,
    limit=240,
)
def nvme_file(context, report):
    settings = context.settings
    disk.ready(context, needed(settings))
    with model_file(context, report) as path:
        context.variants.update(variants.of_file(settings, path))
        first_tokens(context, report)
        over_disk(context, report, FILE, settings.nvme_file_runs)
        written(context, report, FILE, Target("is", 0, "the file has it already"))


def first_tokens(context, report):
    """Each started alone: they take the same file from the same page cache."""
    for way, name in FILE.items():
        facts = context.worker(name).facts
        report.detail(f"{way}-facts", facts)
        report.figure(
            "first-token" if way == "staged" else f"first-token-{way}",
            "from the start to the first token, the file in the page cache, "
            + paired.TITLES[way],
            "s",
            [facts["first_token_s"]],
            note=f"loading took {facts['load_s']:.1f} s of it",
        )
