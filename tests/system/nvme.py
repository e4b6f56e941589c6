#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A program that needs more than VRAM and RAM hold, with all that may happen to the disk."""

import os
import re
import tempfile
import unittest

import differential

MIB = 1 << 20
# 48 MiB of weights: 4 MiB of VRAM are left for some, RAM has 12 beside the window.
SETTING = dict(GREENBOOST_VRAM="48m", GREENBOOST_RESERVE="0", GREENBOOST_STAGING="12m",
               CLIENT_BALLAST="30", GREENBOOST_RAM="36m", GREENBOOST_NVME="200m",
               GREENBOOST_SIM_FAIL="cuEventElapsedTime:1+:600")


class Nvme(unittest.TestCase):
    def setUp(self):
        # Not on tmpfs, whose files are no disk's.
        self.directory = tempfile.TemporaryDirectory(dir=os.getcwd())
        self.addCleanup(self.directory.cleanup)
        self.file = os.path.join(self.directory.name, "model")
        self.log = os.path.join(self.directory.name, "log")

    def run_client(self, what, changes):
        environment = differential.base_environment([])
        environment["GREENBOOST_RUNTIME_DIR"] = self.directory.name
        return differential.run([os.environ["TEST_NVME"], self.file, what], environment,
                                changes, keep=("~statistics",))

    def both(self, what, **more):
        """What it prints alone, what under the library, and the library's numbers."""
        plain = self.run_client(what, {})
        self.assertEqual(plain[-1], "exit 0", plain)
        changes = dict(SETTING, LD_PRELOAD=os.environ["TEST_LIBRARY"],
                       GREENBOOST_NVME_PATH=self.directory.name,
                       GREENBOOST_LOG="info", GREENBOOST_LOG_FILE=self.log)
        changes.update(more)
        found = self.run_client(what, changes)
        numbers = {}
        for line in [line for line in found if line.startswith("~statistics")]:
            found.remove(line)
            words = line.split()[1:]
            numbers.update(zip(words[::2], map(int, words[1::2])))
        with open(self.log) as log:
            return plain, found, numbers, log.read()

    def test_a_mapped_file_costs_no_write(self):
        plain, found, numbers, _ = self.both("mapped")
        self.assertEqual(found, plain)
        self.assertGreater(numbers["spilled"], 16 * MIB)
        self.assertGreater(numbers["nvme_read"], 5 * 16 * MIB)
        self.assertEqual(numbers["nvme_written"], 0)
        self.assertEqual(numbers["returned"], 0)
        # The spill file has no name; nothing else is there either.
        self.assertEqual(sorted(os.listdir(self.directory.name)), ["log", "model"])

    def test_other_memory_is_written_once(self):
        plain, found, numbers, _ = self.both("read")
        self.assertEqual(found, plain)
        self.assertEqual(numbers["nvme_written"], numbers["spilled"])
        self.assertGreater(numbers["nvme_read"], 5 * numbers["spilled"] // 2)
        # A sweep over all of it again and again exchanges nothing.
        self.assertEqual(numbers["returned"], 0)
        self.assertLess(numbers["spilled"], 40 * MIB)

    def test_fork(self):
        plain, found, _, _ = self.both("fork")
        self.assertEqual(found, plain)

    def test_streams_write_to_what_is_away(self):
        plain, found, _, _ = self.both("value")
        self.assertEqual(found, plain)

    def test_streams_write_nowhere_when_the_disk_fails(self):
        fault = os.environ["TEST_FAULT"] + ":" + os.environ["TEST_LIBRARY"]
        _, found, _, _ = self.both("value", LD_PRELOAD=fault, NVME_FAULT="30")
        lines = [line for line in found if "cannot be written" in line]
        self.assertTrue(lines, found)
        self.assertTrue(all(line.endswith(": 999") for line in lines), lines)
        self.assertEqual(found[-1], "exit 0")

    def test_a_deleted_file_is_still_there(self):
        plain, found, numbers, _ = self.both("delete")
        self.assertEqual(found, plain)
        self.assertEqual(numbers["nvme_written"], 0)

    def expect_errors(self, plain, found):
        """All right, then errors, and never other numbers without one."""
        first = [line for line in found if "cannot be read" in line]
        self.assertTrue(first, found)
        self.assertTrue(all(line.endswith(": 999") for line in first), first)
        passes = {line.split(":")[0] for line in first}
        for line in found:
            if re.match(r"pass \d: [0-9a-f]{16}$", line) and \
                    line.split(":")[0] not in passes:
                self.assertIn(line, plain)
        self.assertEqual(found[-1], "exit 0")

    def test_a_changed_file(self):
        plain, found, _, log = self.both("change")
        self.expect_errors(plain, found)
        self.assertIn("%s has other bytes at " % self.file, log)

    def test_a_disk_that_fails(self):
        fault = os.environ["TEST_FAULT"] + ":" + os.environ["TEST_LIBRARY"]
        plain, found, _, log = self.both("read", LD_PRELOAD=fault, NVME_FAULT="200")
        self.expect_errors(plain, found)
        self.assertRegex(log, r"cannot read \d+ KiB at \d+ of the spill file \(Input/output")

    def test_a_full_disk(self):
        """What was promised cannot be kept: an error, and nothing is lost."""
        fault = os.environ["TEST_FAULT"] + ":" + os.environ["TEST_LIBRARY"]
        _, found, numbers, log = self.both("read", LD_PRELOAD=fault, NVME_FULL="1")
        self.assertRegex(found[-2], r"cu.MemcpyHtoD\(.*\) = 2$")
        self.assertIn("no space for 2048 KiB more in the spill file", log)

    def test_as_much_as_the_budgets_hold(self):
        _, found, _, log = self.both("read", GREENBOOST_NVME="8m")
        self.assertRegex(found[-2], r"cu.MemAlloc\(.*\) = 2$")
        self.assertIn("no room for 2 MiB", log)

    def test_a_directory_that_is_not_there(self):
        plain, found, _, log = self.both("read", GREENBOOST_RAM="200m",
                                         GREENBOOST_NVME_PATH="/nonexistent")
        self.assertEqual(found, plain)
        self.assertIn("no memory on NVMe: /nonexistent", log)

    def test_no_more_than_may_be_written(self):
        _, found, _, log = self.both("read", GREENBOOST_NVME_WRITES="8m")
        self.assertRegex(found[-2], r" = 2$")
        self.assertIn("as much was written as may be", log)


if __name__ == "__main__":
    unittest.main()
