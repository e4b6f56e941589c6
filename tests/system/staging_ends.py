#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Contexts end while memory is staged: the program sees nothing of it, and staging goes on.

The simulated GPU ends a process that uses what has ended with a context.
"""

import os
import tempfile
import unittest

import differential
from staging import UNTIMED

# Orders of the GPU's work beside the usual one.
SEEDS = range(1, 1 + int(os.environ.get("TEST_SEEDS", "0")))
SETTING = dict(GREENBOOST_VRAM="36m", GREENBOOST_RESERVE="0", GREENBOOST_STAGING="8m",
               GREENBOOST_RAM="200m", GREENBOOST_LOG="warn", CLIENT_BALLAST="20")
# As in nvme.py: some weights in VRAM, some in RAM, some on the disk.
NVME = dict(GREENBOOST_VRAM="52m", GREENBOOST_STAGING="12m", CLIENT_BALLAST="30",
            GREENBOOST_RAM="36m", GREENBOOST_NVME="200m",
            CLIENT_PIECES="24")
# The first of these calls fail.
FAILING = ("cuDevicePrimaryCtxRelease:1:999,cuDevicePrimaryCtxReset:1:999,"
           "cuCtxDestroy:2:999")


class Ends(unittest.TestCase):
    def setUp(self):
        # Not on tmpfs, whose files are no disk's.
        self.directory = tempfile.TemporaryDirectory(dir=os.getcwd())
        self.addCleanup(self.directory.cleanup)

    def run_client(self, case, fail, changes):
        environment = differential.base_environment([])
        environment["GREENBOOST_RUNTIME_DIR"] = self.directory.name
        environment["GREENBOOST_SIM_FAIL"] = UNTIMED + fail
        return differential.run([os.environ["TEST_ENDS"], case], environment, changes,
                                keep=("~statistics",))

    def look(self, case, seed=None, fail="", quiet=True, **more):
        """The same with the library as without, and each part of it was staged."""
        order = {"GREENBOOST_SIM_SEED": str(seed)} if seed else {}
        order.update((name, value) for name, value in more.items() if name.startswith("CLIENT_P"))
        log = os.path.join(self.directory.name, "log")
        plain = self.run_client(case, fail, order)
        self.assertEqual(plain[-1], "exit 0", plain)
        found = self.run_client(case, fail, dict(
            {**SETTING, **order, **more}, LD_PRELOAD=os.environ["TEST_LIBRARY"],
            GREENBOOST_LOG_FILE=log))
        numbers = [line.split()[1:] for line in found if line.startswith("~statistics")]
        self.assertEqual([line for line in found if not line.startswith("~")], plain)
        if quiet and os.path.exists(log):
            with open(log) as file:
                self.assertEqual(file.read(), "")
        return [dict(zip(words[::2], map(int, words[1::2]))) for words in numbers]

    def look_at_all(self, case, **more):
        for seed in (None, *SEEDS):
            with self.subTest(case=case, seed=seed, **more):
                before = 0
                for numbers in self.look(case, seed, **more):
                    self.assertGreater(numbers["staged"], before)
                    before = numbers["staged"]
                self.assertGreater(before, 0)

    def test_released(self):
        self.look_at_all("released")

    def test_retained_twice(self):
        self.look_at_all("retained-twice")

    def test_reset(self):
        self.look_at_all("reset")

    def test_destroyed(self):
        self.look_at_all("destroyed")

    def test_older_ends(self):
        self.look_at_all("older-ends")

    def test_younger_ends(self):
        self.look_at_all("younger-ends")

    def test_freed_in_order(self):
        self.look_at_all("freed-in-order")

    def test_beside_a_thread(self):
        self.look_at_all("beside-a-thread")

    def test_held_unseen(self):
        self.look_at_all("held-unseen")

    def test_ended_unseen(self):
        self.look_at_all("ended-unseen")

    def test_calls_that_fail(self):
        self.look_at_all("failing", fail="," + FAILING)

    def test_captured(self):
        self.look_at_all("captured")

    def test_with_a_disk(self):
        for case in ("released", "reset", "younger-ends") if SEEDS else ("older-ends",):
            self.look_at_all(case, GREENBOOST_NVME_PATH=self.directory.name, **NVME)

    def test_verified(self):
        self.look_at_all("older-ends", GREENBOOST_VERIFY="1")


if __name__ == "__main__":
    unittest.main()
