# SPDX-License-Identifier: GPL-2.0-only
"""bench/pack: what it puts together is enough, and runs from there."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BUILD = sys.argv.pop(1)
PACK = pathlib.Path(__file__).resolve().parents[2] / "bench" / "pack"


def pack(*words):
    return subprocess.run([str(PACK), *words], capture_output=True, text=True)


class Pack(unittest.TestCase):
    def test_what_is_packed_runs(self):
        with tempfile.TemporaryDirectory() as directory:
            to = pathlib.Path(directory) / "packed"
            done = pack(BUILD, str(to))
            self.assertEqual(done.returncode, 0, done.stderr)
            for name in ("lib/libgreenboost_cuda.so", "lib/libgreenboost_audit.so",
                         "bench/clients/link", "bench/clients/views",
                         "tests/nvme/nvme_rate", "tests/tier/libpool_standin.so",
                         "revision"):
                self.assertTrue((to / name).stat().st_size, name)
            told = subprocess.run([str(to / "tool/greenboost"), "--version"],
                                  capture_output=True, text=True)
            self.assertIn("greenboost", told.stdout)
            found = subprocess.run(
                ["ldd", str(to / "tests/driver/test_driver_rate")],
                env={**os.environ, "LD_LIBRARY_PATH": str(to / "tests/driver")},
                capture_output=True, text=True)
            self.assertIn(str(to / "tests/driver/libcmocka.so.0"), found.stdout)

    def test_nonsense_is_refused(self):
        for words in ((), (BUILD,), (BUILD, "/"), ("/", "/nowhere/at/all")):
            self.assertEqual(pack(*words).returncode, 2, words)


if __name__ == "__main__":
    unittest.main()
