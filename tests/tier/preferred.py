# SPDX-License-Identifier: GPL-2.0-only
"""The library as it is, over a device that is preloaded in the module's place:
a program with three times its VRAM budget, on the simulated GPU."""
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

TOOL, PROGRAM, KERNELS, SIM, STANDIN = (os.path.realpath(p) for p in sys.argv[1:6])
MIB = 1 << 20


class Preferred(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.log = os.path.join(folder.name, "log")
        self.buffers = os.path.join(folder.name, "buffers")
        self.environment = {
            **os.environ,
            "GREENBOOST_SIM_KERNELS": KERNELS,
            "GREENBOOST_RUNTIME_DIR": os.path.join(folder.name, "pages"),
            "GREENBOOST_STANDIN_LOG": self.buffers,
            "LD_PRELOAD": STANDIN,
        }

    def command(self, passes):
        return [TOOL, "run", "--sim", "--vram", "32m", "--ram", "200m",
                "--log=info", "--log-file", self.log, "--",
                PROGRAM, "--size", "96m", "--passes", str(passes)]

    def run_with(self, standin, passes=2):
        return subprocess.run(
            self.command(passes), text=True, capture_output=True, timeout=60,
            env={**self.environment, "GREENBOOST_STANDIN": standin})

    def checksum(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        return re.search(r"^checksum +(\w+)$", done.stdout, re.M)[1]

    def reference(self):
        done = subprocess.run(
            [PROGRAM, "--size", "96m", "--passes", "2"], text=True,
            capture_output=True, timeout=60,
            env={**os.environ, "GREENBOOST_SIM_KERNELS": KERNELS,
                 "LD_LIBRARY_PATH": os.path.dirname(SIM)})
        return self.checksum(done)

    def given(self):
        """Bytes that the device gave, over the whole run."""
        try:
            with open(self.buffers) as lines:
                return sum(int(line) for line in lines)
        except FileNotFoundError:
            return 0

    def said(self):
        with open(self.log) as log:
            return log.read()

    def test_overflow_lives_in_the_pool(self):
        self.assertEqual(self.checksum(self.run_with("")), self.reference())
        self.assertGreaterEqual(self.given(), 64 * MIB)

    def test_status_says_so(self):
        with subprocess.Popen(self.command(1000000), env=self.environment,
                              stdout=subprocess.DEVNULL) as process:
            self.addCleanup(process.kill)
            for _ in range(600):
                time.sleep(0.1)
                found = json.loads(subprocess.run(
                    [TOOL, "status", "--json"], env=self.environment, text=True,
                    capture_output=True, timeout=60).stdout)["processes"]
                if found and found[0]["ram_pool"] >= 64 * MIB:
                    break
            process.kill()
        self.assertEqual(found[0]["ram_pool"], found[0]["ram_used"])
        device = found[0]["devices"][0]
        self.assertEqual(device["ram_pool"], found[0]["ram_pool"])
        self.assertIn("P", device["map"]["tier"])
        self.assertNotIn("R", device["map"]["tier"])

    def test_a_full_pool_leaves_the_rest_to_other_ram(self):
        limit = 16 * MIB
        done = self.run_with("limit=%d" % limit)
        self.assertEqual(self.checksum(done), self.reference())
        self.assertGreater(self.given(), 0)
        self.assertIn("gives no memory", self.said())

    def test_without_the_module_it_works_as_well(self):
        for standin, why in (("absent", None), ("denied", "group greenboost"),
                             ("version", "too old"),
                             ("memlock=8388608", "RLIMIT_MEMLOCK"),
                             ("refuse=12", "contiguous")):
            with self.subTest(standin):
                done = self.run_with(standin)
                self.assertEqual(self.checksum(done), self.reference())
                self.assertEqual(self.given(), 0)
                if why:
                    self.assertIn(why, self.said())
                else:
                    self.assertNotIn("module", self.said())

    def test_critical_pressure_refuses_what_needs_ram(self):
        done = self.run_with("level=2")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("CUDA_ERROR_OUT_OF_MEMORY", done.stderr)
        self.assertIn("short of memory", self.said())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
