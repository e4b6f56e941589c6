# SPDX-License-Identifier: GPL-2.0-only
"""The command line of bench/gpu-check."""

import argparse
import datetime
import os
import signal
import subprocess
import sys
import time

from . import dry, greenboost, machine, session, tables
from .context import Context
from .results import Results, load
from .settings import Settings

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def parser():
    names = ", ".join(row.name for row in session.all_rows())
    made = argparse.ArgumentParser(
        prog="bench/gpu-check",
        description="Measures GreenBoost on this machine's NVIDIA GPU.",
        epilog="Rows: " + names + ".",
    )
    add = made.add_argument
    add("build", nargs="?", help="build directory (made in build-gpu if not named)")
    add("--build", dest="build_option", metavar="DIR", help="the same")
    add("--only", action="append", metavar="NAMES", help="rows to run, with commas")
    add("--skip", action="append", metavar="NAMES", help="rows to leave out")
    add("--out", metavar="DIR", default=os.path.join(ROOT, "bench", "results"))
    add("--quick", action="store_true", help="fewer and shorter runs: no acceptance")
    add(
        "--no-offload",
        action="store_true",
        help="leave out offloading without GreenBoost, which no revision changes",
    )
    add("--add", metavar="JSON", help="carry over the rows of an earlier part")
    add("--limit", type=float, metavar="S", help="seconds after which no row is begun")
    add("--end", type=float, metavar="S", help="seconds after which a row is ended")
    add("--budget", default="6g", help="VRAM budget of the overflow rows (6g)")
    add("--layers", type=int, default=32, help="layers of the model (32: 15 GiB)")
    add("--disk", metavar="DIR", default="/var/tmp", help="for NVMe rows (/var/tmp)")
    add("--date", help="date to write into the results (today)")
    add("--revision", help="revision to write, where git cannot say it")
    add("--dry-run", action="store_true", help="rehearse with made-up clients")
    add("--list", action="store_true", help="print the rows and what they measure")
    return made


def names_of(lists):
    return [name for text in lists or [] for name in text.split(",") if name]


def choose(arguments, error):
    rows = session.all_rows()
    known = {row.name for row in rows}
    only, skip = names_of(arguments.only), names_of(arguments.skip)
    for name in only + skip:
        if name not in known:
            error(f"no row is called {name}; --list names them")
    return [
        row for row in rows if (not only or row.name in only) and row.name not in skip
    ]


def build():
    """Builds the tree with what is here; returns the build directory."""
    directory = os.path.join(ROOT, "build-gpu")
    if not os.path.exists(os.path.join(directory, "build.ninja")):
        subprocess.run(
            ["meson", "setup", "-Dtests=disabled", directory, ROOT],
            check=True,
            stdout=2,
        )
    subprocess.run(["ninja", "-C", directory], check=True, stdout=2)
    return directory


def installation(arguments):
    if arguments.dry_run:
        return dry.DryInstallation()
    directory = arguments.build_option or arguments.build or build()
    return greenboost.Installation(os.path.abspath(directory), ROOT)


def settings_of(arguments):
    disk = os.path.abspath(arguments.disk)
    settings = Settings(budget=arguments.budget, layers=arguments.layers, disk=disk)
    settings.offload = not arguments.no_offload
    if arguments.quick:
        settings.hasten()
    return settings


def head(arguments, settings, made):
    return {
        "greenboost": {
            "version": made.version(),
            "revision": arguments.revision or machine.revision(ROOT),
        },
        "date": arguments.date or datetime.date.today().isoformat(),
        "dry_run": arguments.dry_run,
        "machine": machine.describe(),
        "settings": vars(settings),
    }


def earlier_rows(path, document):
    """The rows of a part that was measured under the same conditions."""
    if not path:
        return []
    earlier = load(path)
    for member in ("greenboost", "dry_run", "settings"):
        if earlier[member] != document[member]:
            raise ValueError(f"{path} is of another {member}: it cannot be added to")
    for member in ("gpu", "driver"):
        if earlier["machine"].get(member) != document["machine"].get(member):
            raise ValueError(f"{path} is of another {member}: it cannot be added to")
    return earlier["rows"]


def results_path(out, document):
    """OUT/DATE-GPU-REVISION.json, or with a number behind it when that exists."""
    gpu = document["machine"].get("gpu", "no-gpu").lower().replace(" ", "-")
    kind = "-rehearsal" if document["dry_run"] else ""
    kind += "-quick" if document["settings"]["quick"] else ""
    revision = (document["greenboost"]["revision"] or "unknown")[:12]
    stem = os.path.join(out, f"{document['date']}-{gpu}-{revision}{kind}")
    path, number = stem + ".json", 2
    while os.path.exists(path):
        path, number = f"{stem}-{number}.json", number + 1
    return path


def stop(number, frame):
    """An ordinary exception, so that every client is ended on the way out."""
    raise KeyboardInterrupt


def measure(arguments, chosen, made):
    settings = settings_of(arguments)
    os.makedirs(arguments.out, exist_ok=True)
    document = head(arguments, settings, made)
    rows = earlier_rows(arguments.add, document)
    path = results_path(arguments.out, document)
    results = Results(path, document, rows)
    context = Context(settings, made, arguments.out)
    start = time.monotonic()
    times = [start + s if s else None for s in (arguments.limit, arguments.end)]
    try:
        session.Session(context, results, *times).run(chosen)
    finally:
        results.update(seconds=round(time.monotonic() - start, 1))
        markdown = os.path.splitext(path)[0] + ".md"
        with open(markdown, "w") as out:
            out.write(tables.page(results.document))
        print(f"{path}\n{markdown}")
    return results.document


def verdict(document):
    """0: every row measured and met; 1: a row failed; 3: a target was missed."""
    rows = document["rows"]
    if any(row["status"] not in ("done", "skipped") for row in rows):
        return 1
    missed = any(f["met"] is False for row in rows for f in row["figures"])
    return 3 if missed else 0


def main():
    made_parser = parser()
    arguments = made_parser.parse_args()
    chosen = choose(arguments, made_parser.error)
    if arguments.list:
        for row in chosen:
            print(f"{row.name:20}{row.title}")
        return 0
    if not arguments.dry_run and not machine.gpu():
        print("gpu-check: nvidia-smi finds no NVIDIA GPU here", file=sys.stderr)
        return 77
    signal.signal(signal.SIGTERM, stop)
    try:
        return verdict(measure(arguments, chosen, installation(arguments)))
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"gpu-check: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("gpu-check: stopped; what was measured is kept", file=sys.stderr)
        return 130
