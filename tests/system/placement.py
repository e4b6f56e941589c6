#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Weights that overflow go to RAM, activations stay in VRAM, in any order.

Eight weights of 6 MiB and three activations of 5 (6 in whole granules) under a
budget of 30 MiB. Seen through `greenboost status`, as a user sees it.
"""

import json
import os
import subprocess
import tempfile
import unittest

MIB = 1 << 20
ORDERS = "weights-first", "weights-last", "mixed", "all-then-upload"
WEIGHTS, ACTIVATIONS, BUDGET = 8 * 6 * MIB, 3 * 6 * MIB, 30 * MIB


class Placement(unittest.TestCase):
    def observe(self, order, passes, budget="30m"):
        with tempfile.TemporaryDirectory() as directory:
            environment = dict(
                os.environ, LD_LIBRARY_PATH=os.environ["TEST_DRIVER_DIR"],
                LD_PRELOAD=os.environ["TEST_LIBRARY"],
                GREENBOOST_SIM_KERNELS=os.environ["TEST_KERNELS"],
                GREENBOOST_VRAM=budget, GREENBOOST_RESERVE="0",
                GREENBOOST_STAGING="off",
                GREENBOOST_RUNTIME_DIR=directory)
            client = subprocess.Popen(
                [os.environ["TEST_PLACEMENT"], order, str(passes)], env=environment, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            try:
                lines = []
                while "ready\n" not in lines:
                    line = client.stdout.readline()
                    self.assertTrue(line, "the client ended early: %s" % lines)
                    lines.append(line)
                status = subprocess.run(
                    [os.environ["TEST_GREENBOOST"], "status", "--json"], text=True,
                    env=dict(os.environ, GREENBOOST_RUNTIME_DIR=directory),
                    check=True, capture_output=True, timeout=20)
            finally:
                client.communicate(timeout=20)
            self.assertEqual(client.returncode, 0)
            self.assertEqual(os.listdir(directory), [], "the page is left behind")
            return lines[0], json.loads(status.stdout)

    def device(self, status):
        [process] = status["processes"]
        [device] = process["devices"]
        return device

    def check_order(self, order, passes):
        result, status = self.observe(order, passes)
        device = self.device(status)
        self.assertEqual(device["vram_budget"], BUDGET)
        in_ram, in_vram = device["ram_used"], device["vram_used"]
        self.assertEqual(in_ram + in_vram, WEIGHTS + ACTIVATIONS)
        self.assertLessEqual(in_vram + device["vram_direct"], BUDGET)
        # The budget is used, but for the piece that did not fit.
        self.assertGreaterEqual(in_vram, BUDGET - 6 * MIB)
        # A pass reads each weight once, but the activations and the cache 48
        # times: one that lay in RAM would show at once.
        self.assertLessEqual(device["direct_read"], passes * WEIGHTS)
        self.assertGreaterEqual(device["direct_read"], passes * (in_ram - ACTIVATIONS))
        # Nothing but the activations' place has had to be cleared.
        if passes == 1:
            self.assertLessEqual(device["moved_out"], ACTIVATIONS)
            self.assertEqual(device["moved_in"], 0)
        return result

    def test_from_the_first_pass(self):
        results = {self.check_order(order, 1) for order in ORDERS}
        self.assertEqual(len(results), 1)

    def test_after_many(self):
        results = {self.check_order(order, 40) for order in ORDERS}
        self.assertEqual(len(results), 1)

    def test_all_fits(self):
        result, status = self.observe("mixed", 3, "auto")
        device = self.device(status)
        self.assertEqual((device["ram_used"], device["moves"]), (0, 0))
        self.assertEqual(result, self.observe("mixed", 3)[0])


if __name__ == "__main__":
    unittest.main()
