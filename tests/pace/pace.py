#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""How close staging comes to the bound, in the virtual time of an H200.

The bound is what cannot be beaten: the time all in VRAM, or the time that the
link takes for the bytes that lie in RAM, whichever is more. Virtual times do
not depend on this machine (docs/simulated-time.md), so they have narrow limits;
what they leave out, only a real GPU can tell (bench/RESULTS.md).
"""

import json
import os
import subprocess
import tempfile
import unittest

MIB = 1 << 20
LINK = 55.3e9  # bytes a second: row L1, as the simulated H200 has it
LAST = 5  # repetitions that count: before, memory finds its place


def steady(lines):
    """The shortest of the last: memory still moves now and then, by real time."""
    return min([int(line.split()[1]) for line in lines
                if line.startswith("~ ") and line.split()[1].isdigit()][-LAST:])


class Pace(unittest.TestCase):
    results = {}

    def run_client(self, words, library=None):
        with tempfile.TemporaryDirectory() as directory:
            environment = dict(
                os.environ, LD_LIBRARY_PATH=os.environ["TEST_DRIVER_DIR"],
                GREENBOOST_SIM_KERNELS=os.environ["TEST_KERNELS"],
                GREENBOOST_SIM_PROFILE="h200", GREENBOOST_RUNTIME_DIR=directory,
                PACE_WAIT="1", **(library or {}))
            client = subprocess.Popen(
                [os.environ["TEST_PACE"], *words], env=environment, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            lines = []
            while "~ ready\n" not in lines:
                line = client.stdout.readline()
                self.assertTrue(line, "the client ended early: %s" % lines)
                lines.append(line)
            status = subprocess.run(
                [os.environ["TEST_GREENBOOST"], "status", "--json"], text=True,
                env=dict(os.environ, GREENBOOST_RUNTIME_DIR=directory),
                check=True, capture_output=True, timeout=20)
            rest, _ = client.communicate("\n", timeout=60)
            self.assertEqual(client.returncode, 0)
        devices = [device for process in json.loads(status.stdout)["processes"]
                   for device in process["devices"]]
        return (steady(lines) / 1e9, rest,
                devices[0] if devices else None)

    def pace(self, words, vram, staging):
        """Seconds all in VRAM and staged, and what the link takes alone."""
        plain, expected, _ = self.run_client(words)
        library = {"LD_PRELOAD": os.environ["TEST_LIBRARY"],
                   "GREENBOOST_VRAM": vram, "GREENBOOST_RESERVE": "0",
                   "GREENBOOST_STAGING": staging}
        staged, result, device = self.run_client(words, library)
        self.assertEqual(result, expected)
        link = device["ram_used"] / LINK
        print("%-16s %7.2f ms all in VRAM, %7.2f ms staged; the link's part %7.2f ms"
              % (" ".join(words[:2]), plain * 1e3, staged * 1e3, link * 1e3))
        return plain, staged, link, device

    def check(self, words, share, vram="1990m", staging="400m"):
        plain, staged, link, device = self.pace(words, vram, staging)
        self.assertGreater(device["ram_used"], 500 * MIB, "nothing overflows")
        self.assertGreater(device["staged"], device["ram_used"])
        self.assertGreaterEqual(max(plain, link) / staged, share)
        return device

    def test_prefill_long(self):
        self.check(["prefill", "8192", "8", "24"], 0.90)

    def test_prefill_short(self):
        self.check(["prefill", "2048", "8", "12"], 0.93)

    def test_decode(self):
        self.check(["decode", "1", "8", "20"], 0.93)

    def test_decode_batch(self):
        self.check(["decode", "32", "8", "20"], 0.93)

    def test_replay(self):
        """A captured step has its copies in the graph."""
        device = self.check(["replay", "1", "8", "7"], 0.95)
        self.assertGreater(device["captured"], 500 * MIB)

    def test_without_waiting(self):
        self.check(["ahead", "1", "8", "12"], 0.93)

    def test_products(self):
        """The table of measurements.md: a product re-reads its weights."""
        for rows in "1", "4096":
            self.check(["gemm", rows, "8", "9"], 0.93, "1100m", "270m")

    def test_experts_stay_at_home(self):
        """Four of 128 experts are read: copies of all would take 32 times as long."""
        words = ["experts", "4", "8", "12"]
        # Less by what the ring takes, so that as much lies in RAM.
        direct, _, at_home = self.run_client(words, {
            "LD_PRELOAD": os.environ["TEST_LIBRARY"], "GREENBOOST_VRAM": "768m",
            "GREENBOOST_RESERVE": "0", "GREENBOOST_STAGING": "off"})
        _, staged, _, device = self.pace(words, "1100m", "270m")
        self.assertEqual(device["ram_used"], at_home["ram_used"])
        self.assertGreaterEqual(direct / staged, 0.97)


if __name__ == "__main__":
    unittest.main()
