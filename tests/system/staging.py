#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Random programs on memory that is staged: alone and under the library, in many orders.

usage: staging.py [options] CLIENT

  --programs 1:100   seeds of the programs (staging.c), from and to
  --each N           programs that one process runs, one after the other
  --orders N         runs of each process under the library, each with another
                     order of the simulated GPU's work and the next of the ways below
  --first-order N    the first of these
  --verify           each run with GREENBOOST_VERIFY=1, which must find nothing
  --faults           in each run one call or all from then on fail of those that staging
                     makes; the programs call the per-thread twins, which do not
  --nvme DIRECTORY   so little RAM that memory goes on to files in this directory
  --set NAME=VALUE   a variable for every run
  --stop             begin no more runs once one has gone wrong
  --jobs N           runs at once

Prints how much was really staged, found again, brought ahead and carried home,
and fails where that is nothing.
"""

import argparse
import concurrent.futures
import os
import sys
import tempfile

import differential

# VRAM, the ring, and MiB of VRAM that the client makes useless to itself. In all but
# the last nearly all of its memory lives in RAM; a ring of 4 MiB holds nothing but
# what has 2 MiB, and no two operands beside what is brought ahead.
WAYS = [("32m", "8m", 20), ("16m", "4m", 8), ("24m", "6m", 14), ("40m", "10m", 26),
        ("32m", "8m", 14)]
# Times of simulated kernels are no measure of anything: where they can be had, staging
# soon finds that these kernels are better off without copies. Three runs in four have
# none.
UNTIMED = "cuEventElapsedTime:1+:600"
# What fails, how, and from which call on or which calls: out of memory, mostly. The
# program loads its module before staging does, and finds eleven functions in it.
TURNS = ["1", "2", "3", "4", "6", "10", "16", "30", "60", "100", "200", "400",
         "1+", "2+", "5+", "12+", "50+", "150+"]
FAULTS = [(name, turn, 2) for turn in TURNS for name in (
    "=cuStreamWaitEvent", "=cuEventRecord", "=cuMemcpyDtoDAsync_v2", "=cuLaunchKernel",
    "cuEventQuery", "cuStreamCreateWithPriority", "cuMemHostAlloc", "cuMemHostRegister",
    "cuMemCreate", "cuMemMap")]
FAULTS += [("cuModuleLoadData", "2", 2), ("cuModuleLoadData", "2", 218)]
FAULTS += [("cuModuleGetFunction", str(n), 500) for n in range(12, 15)]
FAULTS += [("cuStreamGetCtx", turn, 2) for turn in TURNS if "+" not in turn]
FAULTS += [("cuCtxGetStreamPriorityRange", "1+", 1)]
# The program makes these again when they fail.
FAULTS += [("cuEventCreate", "%d:2,cuEventCreate:%d:2,cuEventCreate:%d" % (n, n + 1, n + 2), 2)
           for n in (31, 32, 33, 34, 35, 36, 40, 50, 80, 150)]

# Where there is NVMe nearly all may be staged, or nothing could leave. MiB of RAM: twice
# the ring is set aside, and the program pins 8.
NVME_WAYS = [("48m", "12m", 30), ("40m", "10m", 24), ("64m", "16m", 40)]
RAM = [96, 88, 80, 104]

NVME_COUNTS = ("spilled", "returned", "nvme_read", "nvme_written")
COUNTS = ("staged", "stage_hits", "prefetch_hits", "reconciled", "captured")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", default="1:100")
    parser.add_argument("--each", type=int, default=10)
    parser.add_argument("--orders", type=int, default=5)
    parser.add_argument("--first-order", type=int, default=1)
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--nvme")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--stop", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("client")
    return parser.parse_args()


class Staging:
    def __init__(self, options, directory):
        self.options = options
        self.environment = differential.base_environment(options.set)
        self.environment["GREENBOOST_RUNTIME_DIR"] = directory
        if options.faults:
            self.environment["CLIENT_PER_THREAD"] = "1"
        if options.nvme:
            self.environment["CLIENT_WEIGHTS"] = "16"
        self.totals = {}
        self.programs = self.processes = self.failures = self.idle = self.refused = 0
        self.captures = 0 # of the refused

    def way(self, number, order):
        """The environment of the run that has this number among all."""
        ways = NVME_WAYS if self.options.nvme else WAYS
        vram, ring, ballast = ways[(number + number // self.options.orders) % len(ways)]
        changes = dict(LD_PRELOAD=os.environ["TEST_LIBRARY"], GREENBOOST_LOG="error",
                       GREENBOOST_RESERVE="0", GREENBOOST_RAM="200m",
                       GREENBOOST_VRAM=vram, GREENBOOST_STAGING=ring,
                       CLIENT_BALLAST=str(ballast), GREENBOOST_SIM_SEED=str(order))
        if self.options.nvme:
            changes.update(GREENBOOST_RAM="%dm" % RAM[number % len(RAM)],
                           GREENBOOST_NVME="300m", GREENBOOST_NVME_PATH=self.options.nvme)
        if self.options.verify:
            changes["GREENBOOST_VERIFY"] = "1"
        faults = [UNTIMED] if number % 4 else []
        if self.options.faults:
            faults.append("%s:%s:%d" % FAULTS[number % len(FAULTS)])
            changes["GREENBOOST_LOG"] = "off"
        changes["GREENBOOST_SIM_FAIL"] = ",".join(faults)
        return changes

    def count(self, changes, lines):
        """Takes the line of statistics away, and adds it up."""
        for line in [line for line in lines if line.startswith("~statistics ")]:
            lines.remove(line)
            words = line.split()[1:]
            counts = {name: int(n) for name, n in zip(words[::2], words[1::2])}
            for name, n in counts.items():
                self.totals[name] = self.totals.get(name, 0) + n
            if counts["staged"] and counts["stage_hits"]:
                return
        if self.options.faults or self.options.nvme:
            return
        self.idle += 1
        print("nothing was staged:", changes)

    def is_refused(self, found, expected):
        """Did a call of the program's fail on purpose, and all was right till then?"""
        if len(found) < 2: # it died before it said anything
            return False
        done = found[:-2]
        wanted = self.options.faults or (
            self.options.nvme and found[-2].endswith(("= 2", "= 900")))
        return wanted and found[-1] == "exit 3" and done == expected[:len(done)]

    def compare(self, command, changes, expected):
        found = differential.run(command, self.environment, changes, keep=("~statistics",))
        self.count(changes, found)
        if self.is_refused(found, expected):
            self.refused += 1
            self.captures += found[-2].endswith("= 900")
        elif found != expected:
            self.failures += 1
            if self.failures <= 3:
                differential.complain(command, self.environment, changes, expected, found)

    def plain(self, command):
        """What the programs print alone, in two orders that must agree."""
        expected, again = (differential.run(command, self.environment, changes)
                           for changes in ({}, {"GREENBOOST_SIM_SEED": command[1]}))
        if expected[-1] != "exit 0" or again != expected:
            differential.complain(command, self.environment, {}, expected, again)
            sys.exit("the programs are no good")
        return expected

    def process(self, first):
        options = self.options
        last = int(options.programs.split(":")[1])
        count = min(options.each, last - first + 1)
        command = [options.client, str(first), str(count)]
        expected = self.plain(command)
        for i in range(options.orders):
            if options.stop and self.failures:
                return
            order = options.first_order + i
            number = (first - 1) // options.each * options.orders + i
            self.compare(command, self.way(number, order), expected)
            self.programs += count
            self.processes += 1

    def run(self):
        first, last = map(int, self.options.programs.split(":"))
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            list(pool.map(self.process, range(first, last + 1, self.options.each)))
        print("%d programs, %d processes differ, %d got an error" %
              (self.programs, self.failures, self.refused))
        print(*("%s %d" % each for each in self.totals.items()))
        wanted = COUNTS + (("verified",) if self.options.verify else ())
        if self.options.nvme:
            wanted = tuple(name for name in wanted if name != "captured") + NVME_COUNTS
        missing = [name for name in wanted if not self.totals.get(name)]
        if missing:
            print("never in any run:", *missing)
        # What is captured has to have room in RAM at once, as nobody can leave then,
        # and what kernels write sooner or later.
        if self.options.nvme and (self.captures > 2 + self.processes // 4 or
                                  self.refused - self.captures > 2 + self.processes // 16):
            print("too many errors: %d in captures" % self.captures)
            self.failures += 1
        # One whose VRAM is full of what is in use may get no ring.
        return 1 if self.failures or missing or self.idle > self.processes // 50 else 0


def main():
    with tempfile.TemporaryDirectory() as directory:
        return Staging(arguments(), directory).run()


if __name__ == "__main__":
    sys.exit(main())
