#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs a client alone, and under the library in many ways: all must print the same.

usage: differential.py [options] CLIENT [ARGUMENTS...]

  --budgets 4m,24m   VRAM budgets under which it runs, beside none
  --seeds 1:20       orders in which the simulated GPU works, from and to
  --twins            also through the per-thread entry points, with the first budget
  --set NAME=VALUE   a variable for every run
  --fail LIST        faults (GREENBOOST_SIM_FAIL) for the runs under the library
                     only: what the client prints is then compared with what it
                     prints without faults
  --only-library     no run without the library: the runs are compared with each other
  --jobs N           runs at once

A line that begins with "~" may differ. The environment of the test says where
the library and the simulated GPU are (see meson.build).
"""

import argparse
import concurrent.futures
import difflib
import itertools
import os
import subprocess
import sys

TIMEOUT = float(os.environ.get("TEST_TIMEOUT", "60"))


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--budgets", default="4m,24m")
    parser.add_argument("--seeds", default="")
    parser.add_argument("--twins", action="store_true")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--fail", action="append", default=[])
    parser.add_argument("--only-library", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("client", nargs=argparse.REMAINDER)
    return parser.parse_args()


def base_environment(settings):
    kept = ("PATH", "HOME", "TMPDIR", "XDG_RUNTIME_DIR", "ASAN_OPTIONS")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment["LD_LIBRARY_PATH"] = os.environ["TEST_DRIVER_DIR"]
    environment["GREENBOOST_SIM_KERNELS"] = os.environ.get("TEST_KERNELS", "")
    environment.update(setting.split("=", 1) for setting in settings)
    return environment


def with_library(budget=None, fail=None):
    changes = {"LD_PRELOAD": os.environ["TEST_LIBRARY"], "GREENBOOST_LOG": "off"}
    if budget:
        changes.update(GREENBOOST_VRAM=budget, GREENBOOST_RESERVE="0")
    if fail:
        changes["GREENBOOST_SIM_FAIL"] = fail
    return changes


def runs(options):
    """Yields every set of changes to the environment, that of comparison first."""
    if not options.only_library:
        yield {}
    seeds = [{}]
    if options.seeds:
        first, last = map(int, options.seeds.split(":"))
        seeds = [{"GREENBOOST_SIM_SEED": str(n)} for n in range(first, last + 1)]
    twins = [{}]
    if options.twins:
        twins.append({"CLIENT_PER_THREAD": "1"})
    ways = [with_library(budget) for budget in options.budgets.split(",") if budget]
    ways += [with_library(budget, fail) for fail in options.fail
             for budget in options.budgets.split(",")]
    # Where nothing overflows, nothing moves that an order could find on its way.
    for seed in seeds[:3] + seeds[3::10]:
        yield {**with_library(), **seed}
    for way, seed in itertools.product(ways, seeds):
        yield {**way, **seed}
    for twin in twins[1:]:
        yield {**twin, **with_library(options.budgets.split(",")[0])}
    if not options.only_library:
        for twin in twins[1:]:
            yield dict(twin)
        for seed in seeds[:2]:
            yield dict(seed)


def run(command, environment, changes, keep=()):
    try:
        done = subprocess.run(command, env={**environment, **changes}, text=True,
                              errors="replace", stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT)
    except subprocess.TimeoutExpired as expired:
        output = (expired.stdout or b"").decode(errors="replace")
        return output.splitlines() + ["did not end in %g s" % TIMEOUT]
    lines = [line for line in done.stdout.splitlines()
             if not line.startswith("~") or line.startswith(tuple(keep))]
    return lines + ["exit %d" % done.returncode]


def complain(command, environment, changes, expected, found):
    print("not as it should be:", *("%s=%s" % each for each in
          {**environment, **changes}.items() if each[0] not in ("PATH", "HOME")),
          *command)
    difference = difflib.unified_diff(expected, found, "expected", "found",
                                      lineterm="", n=2)
    for line in itertools.islice(difference, 40):
        print("   ", line)


def main():
    options = arguments()
    environment = base_environment(options.set)
    if options.client[:1] == ["--"]:
        del options.client[0]
    wanted = list(runs(options))
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(
            lambda changes: run(options.client, environment, changes), wanted))
    expected = results[0]
    if expected[-1] != "exit 0":
        print(*expected[-20:], sep="\n")
        print("the run to compare with failed")
        return 1
    for changes, found in zip(wanted, results):
        if found != expected:
            failures += 1
            if failures <= 3:
                complain(options.client, environment, changes, expected, found)
    print("%d runs, %d differ; %d lines each" %
          (len(wanted), failures, len(expected)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
