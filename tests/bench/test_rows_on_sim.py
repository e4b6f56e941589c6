# SPDX-License-Identifier: GPL-2.0-only
"""The rows with a disk, from end to end on the simulated GPU: the model is small.

test_rows_on_sim.py BUILD [CLASS]: the build directory. Run on a disk.
"""

import os
import sys
import tempfile
import unittest

import common
from acceptance import context, disk, greenboost, results, session, settings

BUILD = sys.argv.pop(1)
HERE = os.path.dirname(os.path.abspath(__file__))
LAYERS = 40  # the disk gets more than the window in RAM holds
WEIGHTS = LAYERS * (2 << 20)


class Installation(greenboost.Installation):
    """As it is for users, over the simulated GPU."""

    def python_client(self, name):
        return [sys.executable, "-B", os.path.join(HERE, "sim_model.py"), name]

    def under(self, options, command):
        if options is None:
            return command
        simulated = [self.tool, "run", "--sim", "--reserve", "0", "--staging", "12m"]
        return simulated + super().under(options, command)[2:]


def small(folder):
    made = settings.Settings(disk=folder, layers=LAYERS)
    made.nvme_budgets = {"vram": "20m", "ram": "32m", "nvme": "200m"}
    made.nvme_runs = made.nvme_file_runs = 2
    made.disk_mib = 64
    return made


class Rows(unittest.TestCase):
    def setUp(self):
        # Not on tmpfs, whose files are no disk's.
        folder = tempfile.TemporaryDirectory(dir=os.getcwd())
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.environ.update(
            BENCH=common.BENCH,
            GREENBOOST_RUNTIME_DIR=self.folder,
            GREENBOOST_SIM_KERNELS=os.path.join(
                BUILD, "bench", "clients", "libbench_sim_kernels.so"
            ),
            LD_LIBRARY_PATH=os.path.join(BUILD, "sim"),
        )

    def run_rows(self, *names):
        made = small(self.folder)
        reason = disk.trouble(self.folder, disk.SPARE)
        if reason:
            self.skipTest(reason)
        installation = Installation(BUILD, common.ROOT)
        carried = context.Context(made, installation, self.folder)
        path = os.path.join(self.folder, "results.json")
        kept = results.Results(path, {"machine": {}})
        rows = {row.name: row for row in session.all_rows()}
        session.Session(carried, kept).run([rows[name] for name in names])
        return kept.document["rows"]

    def check(self, row):
        self.assertEqual((row["status"], row["error"]), ("done", ""))
        made = {figure["name"]: figure for figure in row["figures"]}
        away = made["away"]["median"] * 1e9
        self.assertGreater(away, WEIGHTS // 2)
        self.assertLess(away, WEIGHTS)
        for work in ("prefill", "decode"):
            self.assertTrue(made[work + "-same"]["met"])
            self.assertGreater(made[work + "-bound"]["median"], 0)
            # what is on the disk is read in each pass, and little twice
            read = made[work + "-read"]["median"] * 1e9
            self.assertGreater(read, away * 0.7)
            self.assertLess(read, away * 1.5)
        return made


class Uploaded(Rows):
    def test_it_is_written_once(self):
        (row,) = self.run_rows("nvme")
        made = self.check(row)
        self.assertGreaterEqual(made["written"]["median"], made["away"]["median"])


class File(Rows):
    def test_nothing_is_written(self):
        (row,) = self.run_rows("nvme-file")
        made = self.check(row)
        self.assertEqual(made["written"]["median"], 0)
        self.assertTrue(made["written"]["met"])
        self.assertGreater(made["first-token"]["median"], 0)
        self.assertFalse([n for n in os.listdir(self.folder) if "greenboost-" in n])


if __name__ == "__main__":
    unittest.main()
