# SPDX-License-Identifier: GPL-2.0-only
"""Runs rows in order: one that fails costs no other its results."""

import concurrent.futures
import itertools
import math
import sys
import time
import traceback

from . import process, rows, tables
from . import rows_model, rows_nvme, rows_right, rows_speed, rows_staging  # fill .table
from .process import ClientError

# Chosen so that neighbours share workers, and timed rows come while few run.
ORDER = [
    "link",
    "pin",
    "views",
    "launches",
    "launches-overflow",
    "upload",
    "upload-torch",
    "fits",
    "identical-kernels",
    "graph",
    "identical-uploaded",
    "two",
    "prefill",
    "decode",
    "decode-graph",
    "vram",
    "nvme",
    "nvme-file",
    "gemm",
    "experts",
    "diffusion",
    "train",
    "launches-staged",
    "gpu-tests",
    "expandable",
    "async-allocator",
    "refusal",
    "sharing",
    "peers",
    "cupy",
    "jax",
    "overflow",
    "module",
    "sanitizer",
]


def all_rows():
    by_name = {row.name: row for row in rows.table}
    assert sorted(by_name) == sorted(ORDER), "ORDER does not name every row"
    return [by_name[name] for name in ORDER]


def say(text):
    print(text, file=sys.stderr, flush=True)


def describe(figure):
    median = figure["median"]
    value = median if isinstance(median, bool) else f"{median:.4g} {figure['unit']}"
    verdict = {True: "  met", False: "  MISSED", None: ""}[figure["met"]]
    if figure["met"] is False:
        verdict += tables.missed_by(figure)
    return f"    {figure['title']}: {value}{verdict}"


class Session:
    """On the monotonic clock: no row is begun after @deadline, all are over at @end."""

    def __init__(self, context, results, deadline=None, end=None):
        self.context = context
        self.results = results
        self.deadline = deadline or math.inf
        self.end = end or math.inf

    def run(self, chosen):
        groups = itertools.groupby(range(len(chosen)), lambda i: chosen[i].together)
        try:
            for together, indexes in groups:
                if together:
                    self.context.keep([])
                    self.run_together([chosen[i] for i in indexes])
                else:
                    for i in indexes:
                        self.run_alone(chosen, i)
        except BaseException:  # stopped: clients in other threads must end, too
            process.kill_all()
            raise
        finally:
            self.context.keep([])

    def run_together(self, group):
        with concurrent.futures.ThreadPoolExecutor(len(group)) as pool:
            for job in [pool.submit(self.run_row, row) for row in group]:
                job.result()

    def run_alone(self, chosen, index):
        row = chosen[index]
        later = [name for other in chosen[index:] for name in other.workers]
        self.context.keep(later)
        if row.timed:
            self.context.settle()
        elif index + 1 < len(chosen):
            self.start_early(row, chosen[index + 1])
        self.run_row(row)

    def start_early(self, row, following):
        """The next row's workers start while this one, untimed, runs."""
        try:
            self.context.launch(row.workers)
            self.context.launch(following.workers)
        except ClientError:
            pass  # that row will try again, and say

    def run_row(self, row):
        entry = self.results.begin(row.name, row.title)
        start = time.monotonic()
        status, error = self.attempt(row, entry, start)
        seconds = round(time.monotonic() - start, 1)
        self.results.end(entry, status, seconds, error)
        lines = [f"{row.name}: {status} after {seconds} s {error}".rstrip()]
        say("\n".join(lines + [describe(figure) for figure in entry["figures"]]))

    def attempt(self, row, entry, start):
        if start > min(self.deadline, self.end):
            return "skipped", "no time was left"
        try:
            with process.allowed(min(row.limit, self.end - start)):
                row.function(self.context, rows.Report(self.results, entry))
        except rows.Skip as reason:
            return "skipped", str(reason)
        except ClientError as error:
            return "failed", str(error)
        except Exception as error:  # a client's odd answer, or our own mistake
            traceback.print_exc()
            return "failed", f"{type(error).__name__}: {error}"
        return "done", ""
