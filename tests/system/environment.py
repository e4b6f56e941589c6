#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Nonsense in the environment: the program runs as ever, with a line in the log."""

import os
import stat
import subprocess
import tempfile
import unittest


class Environment(unittest.TestCase):
    def run_client(self, **variables):
        environment = {
            "PATH": os.environ["PATH"],
            "LD_LIBRARY_PATH": os.environ["TEST_DRIVER_DIR"],
            "LD_PRELOAD": os.environ["TEST_LIBRARY"],
            "GREENBOOST_SIM_KERNELS": os.environ["TEST_KERNELS"],
            "GREENBOOST_RUNTIME_DIR": self.directory,
            **variables,
        }
        environment = {name: value for name, value in environment.items()
                       if value is not None}
        done = subprocess.run([os.environ["TEST_CLIENT"]], env=environment,
                              text=True, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done)
        lines = [line for line in done.stdout.splitlines() if line[0] != "~"]
        return lines, done.stderr.splitlines()

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.directory = os.path.join(holder.name, "pages")
        self.expected, log = self.run_client(LD_PRELOAD=None)
        self.assertEqual(log, [])

    def check(self, lines_in_log, word="", **variables):
        found, log = self.run_client(**variables)
        self.assertEqual(found, self.expected, variables)
        self.assertEqual(len(log), lines_in_log, (variables, log))
        for line in log:
            self.assertTrue(line.startswith("greenboost"), line)
            self.assertIn(word, line)
        return log

    def test_sane(self):
        self.check(0)
        self.check(0, GREENBOOST_VRAM="8m", GREENBOOST_RESERVE="0")

    def test_sizes_that_are_none(self):
        for name in "GREENBOOST_VRAM", "GREENBOOST_RAM", "GREENBOOST_RESERVE":
            for text in ("abc", "-1", "1e99", "99999999999t", "0x", "1 2", "g",
                         "18446744073709551616", "\x01\x02", "%s%n", "a" * 5000):
                self.check(1, name, **{name: text})

    def test_sizes_that_are_odd(self):
        # No VRAM at all is a budget too: all is in RAM.
        self.check(0, GREENBOOST_VRAM="0", GREENBOOST_RESERVE="0")
        self.check(0, GREENBOOST_VRAM="1")
        self.check(0, GREENBOOST_VRAM="900t", GREENBOOST_RESERVE="0")
        self.check(0, GREENBOOST_RAM="0")
        self.check(0, GREENBOOST_VRAM="", GREENBOOST_RAM="")

    def test_more_ram_than_the_machine_has(self):
        self.check(1, "RAM", GREENBOOST_RAM="900t")

    def test_other_options(self):
        for name, text in (("ENABLE", "maybe"), ("REPORT", "both"),
                           ("THREADS", "-3"), ("THREADS", "0"),
                           ("THREADS", "99999"), ("LOG", "loud")):
            self.check(1, "GREENBOOST_" + name, **{"GREENBOOST_" + name: text})

    def test_off(self):
        found, log = self.run_client(GREENBOOST_ENABLE="0", GREENBOOST_VRAM="abc",
                                     GREENBOOST_RUNTIME_DIR="/dev/null/nowhere")
        self.assertEqual(found, self.expected)
        self.assertLessEqual(len(log), 1)

    def test_runtime_directories(self):
        os.makedirs(self.directory, exist_ok=True)
        a_file = os.path.join(self.directory, "file")
        with open(a_file, "w", encoding="ascii"):
            pass
        unwritable = os.path.join(self.directory, "unwritable")
        os.mkdir(unwritable, stat.S_IRUSR | stat.S_IXUSR)
        for path in (a_file, "/proc/nowhere", "/dev/null/x", "/" + "x" * 5000):
            self.check(1, GREENBOOST_RUNTIME_DIR=path)
        if os.getuid():
            self.check(1, GREENBOOST_RUNTIME_DIR=unwritable)

    def test_log_files(self):
        where = self.directory + "-log"
        self.check(0, GREENBOOST_VRAM="abc", GREENBOOST_LOG_FILE=where)
        with open(where, encoding="ascii") as log:
            self.assertEqual(len(log.readlines()), 1)
        self.check(0, GREENBOOST_VRAM="abc", GREENBOOST_LOG="off")
        # A log that cannot be written is said once, and goes where it can.
        found, log = self.run_client(GREENBOOST_VRAM="abc",
                                     GREENBOOST_LOG_FILE="/dev/null/x")
        self.assertEqual(found, self.expected)
        self.assertIn(len(log), (1, 2), log)

    def test_no_gpu(self):
        environment = {"GREENBOOST_SIM_DEVICES": "0", "LD_PRELOAD": None}
        alone = self.fails(**environment)
        self.assertEqual(self.fails(GREENBOOST_SIM_DEVICES="0"), alone)

    def fails(self, **variables):
        environment = {"LD_LIBRARY_PATH": os.environ["TEST_DRIVER_DIR"],
                       "LD_PRELOAD": os.environ["TEST_LIBRARY"], **variables}
        environment = {name: value for name, value in environment.items()
                       if value is not None}
        done = subprocess.run([os.environ["TEST_CLIENT"]], env=environment,
                              text=True, capture_output=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        return done.returncode, done.stdout, done.stderr


if __name__ == "__main__":
    unittest.main()
