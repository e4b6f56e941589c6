# SPDX-License-Identifier: GPL-2.0-only
"""The disk that memory overflows onto: whether it will do, and how fast it reads."""

import os
import re

from . import machine
from .rows import Skip, need

READ = re.compile(r"^(pread by as many threads|  get) +([\d.]+) GB/s$", re.M)
# What measuring its rate needs beside what a row puts there, and some more.
SPARE = 2 << 30


def trouble(directory, needed):
    """Why @needed bytes cannot be put there past the page cache, or None."""
    kind = machine.output("stat", "-f", "-c", "%T", directory)
    if kind in ("tmpfs", "ramfs"):
        return f"{directory} is in memory ({kind}): name another with --disk"
    try:
        os.close(os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_DIRECT, 0o600))
    except OSError as error:
        return f"no file for O_DIRECT in {directory}: {error.strerror}"
    space = os.statvfs(directory)
    free = space.f_bavail * space.f_frsize
    if free < needed:
        return (
            f"{directory} has {free / 1e9:.1f} GB free, and {needed / 1e9:.1f} GB "
            "may be needed: name another with --disk"
        )
    return None


def ready(context, needed):
    """Skips the row where the disk has no place for @needed bytes."""
    directory = context.settings.disk
    reason = context.installation.disk_trouble(directory, needed + SPARE)
    if reason:
        raise Skip(reason)


def rates(context):
    """Bytes a second of O_DIRECT reads, by bare threads and by the store's ways."""
    settings = context.settings
    command, missing = context.installation.nvme_rate(settings.disk, settings.disk_mib)
    need(command, missing)
    status, text = context.run_text("nvme_rate", command, {}, timeout=60)
    last = " | ".join(text.strip().splitlines()[-2:])
    need(status == 0, f"nvme_rate: ended with status {status}: {last}")
    need("page cache" not in text, f"{settings.disk}: the store cannot use O_DIRECT")
    found = READ.findall(text)
    bare = [float(rate) * 1e9 for way, rate in found if way != "  get"]
    store = [float(rate) * 1e9 for way, rate in found if way == "  get"]
    need(bare and store, f"nvme_rate: no rates in: {last}")
    return {"bare": max(bare), "store": max(store)}
