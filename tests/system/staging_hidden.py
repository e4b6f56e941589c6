#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""GREENBOOST_VERIFY reports what a kernel writes through an address it finds in memory.

The address was put there by another kernel, so no call has shown it. In a correct
program, which all other tests run, nothing is reported.
"""

import os
import subprocess
import sys

from staging import UNTIMED

SEEDS = range(3)


def run(client, case, verify, seed):
    environment = dict(
        os.environ, LD_LIBRARY_PATH=os.environ["TEST_DRIVER_DIR"],
        LD_PRELOAD=os.environ["TEST_LIBRARY"],
        GREENBOOST_SIM_KERNELS=os.environ["TEST_KERNELS"], GREENBOOST_SIM_SEED=str(seed),
        GREENBOOST_VRAM="32m", GREENBOOST_RESERVE="0", GREENBOOST_RAM="200m",
        GREENBOOST_STAGING="8m", GREENBOOST_VERIFY=verify, GREENBOOST_LOG="error",
        GREENBOOST_SIM_FAIL=UNTIMED, CLIENT_BALLAST="20")
    return subprocess.run([client, case], env=environment, capture_output=True, text=True,
                          timeout=60, check=True).stderr


def main():
    client = sys.argv[1]
    for seed in SEEDS:
        reports = [line for line in run(client, "hidden", "1", seed).splitlines()
                   if "verify:" in line and "something wrote it unseen" in line]
        # It is told once, not at each look.
        if len(reports) != 1:
            sys.exit("order %d: %d reports: %s" % (seed, len(reports), reports))
        for case, verify in ("hidden", "0"), ("late-write", "1"), ("many-words", "1"):
            told = run(client, case, verify, seed)
            if told:
                sys.exit("order %d, %s: %s" % (seed, case, told))
    print("%d orders" % len(SEEDS))


if __name__ == "__main__":
    main()
