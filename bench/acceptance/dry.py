# SPDX-License-Identifier: GPL-2.0-only
"""A rehearsal: all rows, with clients that make their answers up.

It shows that the rows, the results file and the table work where no GPU is; the
document it writes is marked as a rehearsal, and no table is put anywhere.
"""

import os
import sys

FAKE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fake.py")


class DryInstallation:
    """As greenboost.Installation, with nothing behind it."""

    looked = 0  # at pages, as what is read from a disk grows all the time

    def version(self):
        return "rehearsal"

    def under(self, options, command):
        words = [sys.executable, "-I", "-S", FAKE]
        if options is not None:
            words += ["--under", ",".join(f"{k}={v}" for k, v in options.items())]
        return words + command

    def c_client(self, name):
        return [name]

    def python_client(self, name):
        return [name]

    def has(self, program):
        return True

    def gpu_count(self):
        return 2

    def module(self, needed):
        return {}, None

    def nvme_rate(self, directory, mib):
        return ["nvme_rate"], None

    def disk_trouble(self, directory, needed):
        full = os.environ.get("FAKE_TROUBLE") == "disk:full"
        return "the disk is full, as asked" if full else None

    def watch(self):
        return DryWatch()

    def process(self, pid):
        """Told apart by the process's own command line."""
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            words = [b"--under"]
        if b"--under" not in words:
            return None
        self.looked += 1
        made = page(pid, not any(b"staging=off" in word for word in words))
        if any(b"nvme-path=" in word for word in words):
            made["nvme"] = on_disk(self.looked, b"--file" in words)
        return made

    def driver_test(self, name):
        return ["test_driver_" + name], {}


def page(pid, staging=True):
    used = 9 * 10**9
    device = {
        "vram_budget": 6 << 30,
        "vram_used": int(5.9 * (1 << 30)),
        "vram_direct": 0,
        "ram_used": used,
        "staged": 10**12 if staging else 0,
    }
    return {"pid": pid, "ram_used": used, "devices": [device]}


def on_disk(looked, from_file):
    used = 8 * 10**9
    return {
        "used": used,
        "read": looked * used,
        "written": 0 if from_file else used,
        "failures": 0,
    }


class DryWatch:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def peak(self, pid):
        return page(pid)["ram_used"]

    def last(self, pid):
        return page(pid)
