# SPDX-License-Identifier: GPL-2.0-only
"""The C clients on the simulated GPU, plainly and under GreenBoost.

test_clients.py BUILD: the build directory.
"""

import json
import os
import subprocess
import sys
import unittest

import common
from acceptance import greenboost

BUILD = sys.argv.pop(1)
CLIENTS = os.path.join(BUILD, "bench", "clients")
ENVIRONMENT = {
    **os.environ,
    "GREENBOOST_SIM_KERNELS": os.path.join(CLIENTS, "libbench_sim_kernels.so"),
}
PLAIN = {**ENVIRONMENT, "LD_LIBRARY_PATH": os.path.join(BUILD, "sim")}
# Sizes such that each client takes a second at most, on one core.
SMALL = {
    "launches": ["--launches", "2000", "--batches", "5", "--burst", "100"],
    "link": ["--bytes", "4m", "--runs", "2"],
    "meminfo": [],
    "pin": "--bytes 16m --extent 4m --runs 2 --threads 2".split(),
    "overflow": ["--bytes", "96m", "--buffer", "4m", "--rounds", "3"],
    "upload": "--bytes 96m --buffer 8m --source 16m --rounds 2".split(),
    "views": "--bytes 16m --extent 4m --runs 2".split(),
}


def path(name):
    return os.path.join(CLIENTS, name)


def run(words, environment, timeout=60):
    return subprocess.run(
        words, env=environment, capture_output=True, text=True, timeout=timeout
    )


class Clients(unittest.TestCase):
    def answer(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def check(self, name, reply):
        """What its rows rely on."""
        self.assertEqual(reply["client"], name)
        self.assertGreater(reply["total_bytes"], 0)
        if name == "launches":
            self.assertEqual(len(reply["ns_per_launch"]), 5)
            self.assertGreater(min(reply["ns_per_launch"]), 0)
        if name == "link":
            for member in ("copy_in", "copy_out", "copy_pageable", "read_link"):
                self.assertEqual(len(reply[member + "_ns"]), 2)
        if name == "pin":
            self.assertIn("huge", reply)
            for way in ("driver", "anonymous", "huge"):
                for step in ("make", "register", "release") if reply[way] else ():
                    self.assertEqual(len(reply[way][step + "_ns"]), 2)
        if name == "views":
            for way in ("driver", "file"):
                self.assertEqual(len(reply[way]), 5)
                self.assertTrue(all(len(runs) == 2 for runs in reply[way].values()))
        if name == "overflow":
            self.assertEqual(reply["wrong"], 0)
            self.assertEqual(reply["compared"], 24 * 4)
        if name == "upload":
            self.assertEqual(len(reply["rounds"]), 2)
            for part in reply["rounds"]:
                self.assertEqual(len(part["buffers"]), 12)
                self.assertTrue(all(buffer["right"] for buffer in part["buffers"]))


class Plain(Clients):
    def test_each_client_answers(self):
        for name, words in SMALL.items():
            with self.subTest(name):
                self.check(name, self.answer(run([path(name)] + words, PLAIN)))

    def test_holding_memory(self):
        words = [path("launches"), "--hold", "8m", "--four", "1"] + SMALL["launches"]
        reply = self.answer(run(words, PLAIN))
        self.assertLessEqual(reply["free_bytes"], reply["total_bytes"] - (8 << 20))

    def test_reading_the_pieces_of_it(self):
        words = [path("launches"), "--hold", "8m", "--pieces", "8", "--read", "1"]
        words += ["--few", "3"] + SMALL["launches"]
        reply = self.answer(run(words, PLAIN))
        self.check("launches", reply)
        self.assertEqual((reply["compared"], reply["wrong"]), (8 + 3, 0))

    def test_more_than_there_is_ends_with_one_line(self):
        done = run([path("launches"), "--hold", "900g"], PLAIN)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, "^client: .*cuMemAlloc_v2.*CUDA error 2\n$")

    def test_bad_options(self):
        for words in (["--nonsense", "1"], ["--burst"], ["--burst", "-3"]):
            self.assertEqual(run([path("launches")] + words, PLAIN).returncode, 2)

    def test_without_a_driver_it_says_so(self):
        environment = {**os.environ, "LD_LIBRARY_PATH": "/nonexistent"}
        done = run([path("meminfo")], environment)
        if done.returncode == 0:
            self.skipTest("there is a driver here")
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stderr.startswith("client: "))


class Under(Clients):
    """A third of the memory in VRAM, and the rest in RAM."""

    OPTIONS = ["--sim", "--vram", "32m", "--ram", "256m"]

    def setUp(self):
        self.made = greenboost.Installation(BUILD, common.ROOT)
        self.launcher = [self.made.tool, "run"] + self.OPTIONS + ["--"]

    def test_each_client_answers(self):
        for name in ("launches", "meminfo", "overflow", "upload"):
            with self.subTest(name):
                words = self.launcher + [path(name)] + SMALL[name]
                reply = self.answer(run(words, ENVIRONMENT))
                self.check(name, reply)
                self.assertLessEqual(reply["total_bytes"], 288 << 20)

    def test_launches_that_are_staged(self):
        launcher = [self.made.tool, "run", "--sim", "--vram", "64m", "--ram", "256m"]
        launcher += ["--staging", "16m", "--", path("launches")]
        words = "--hold 96m --pieces 24 --read 1 --few 4 --launches 50".split()
        words += ["--batches", "5", "--burst", "10"]
        with self.made.watch() as watch:
            reply = self.answer(run(launcher + words, ENVIRONMENT))
        self.assertEqual((reply["compared"], reply["wrong"]), (24 + 4, 0))
        page = watch.last(reply["pid"])
        if page:  # it was looked at in its short life
            self.assertIn("staged", greenboost.device(page))

    def test_what_it_publishes_is_seen(self):
        words = self.launcher + [path("overflow"), "--bytes", "96m"]
        words += ["--buffer", "4m", "--rounds", "60"]
        with self.made.watch() as watch:
            reply = self.answer(run(words, ENVIRONMENT))
        self.assertEqual(reply["wrong"], 0)
        self.assertGreater(watch.peak(reply["pid"]) or 0, 32 << 20)

    def test_two_at_once(self):
        words = self.launcher + [path("overflow")] + SMALL["overflow"]
        both = [
            subprocess.Popen(words, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        for process in both:
            with process:
                out, _ = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0)
            self.assertEqual(json.loads(out)["wrong"], 0)


if __name__ == "__main__":
    unittest.main()
