# SPDX-License-Identifier: GPL-2.0-only
"""The table shows what is in the results, and nothing else."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import common
from acceptance import figures, tables

TABLE = [sys.executable, "-B", os.path.join(common.BENCH, "table")]


def document(**changes):
    row = {
        "name": "launches",
        "title": "Launches",
        "status": "done",
        "error": "",
        "seconds": 1,
        "figures": [
            figures.figure("a", "added", "ns", [40, 60, 50], figures.below(100)),
            figures.figure("b", "ratio", "x", [0.9], figures.at_least(1.0)),
            figures.fact("c", "right", [True, True]),
        ],
        "details": {},
    }
    failed = {**row, "name": "jax", "title": "JAX", "status": "failed"}
    failed.update(error="crashed | badly", figures=[])
    made = {
        "format": 1,
        "date": "2026-01-02",
        "dry_run": False,
        "greenboost": {"version": "0.1.0", "revision": "0123456789abcdef"},
        "machine": {"gpu": "GPU 1", "vram_mib": "12288", "driver": "580.1", "cores": 8},
        "settings": {"quick": False},
        "rows": [row, failed],
    }
    return {**made, **changes}


class Table(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.results = os.path.join(folder.name, "results.json")
        self.page = os.path.join(folder.name, "page.md")

    def write(self, made):
        with open(self.results, "w") as out:
            json.dump(made, out)

    def run_table(self, *words):
        return subprocess.run(
            TABLE + list(words), capture_output=True, text=True, timeout=60
        )

    def test_lines(self):
        lines = tables.table(document())
        self.assertIn(
            "| added | 50.00 ns (40.00 to 60.00, 3 runs) | below 100 ns | met |", lines
        )
        self.assertIn(
            "| ratio | 0.900 x | at least 1.000 x | **missed by 10 %** |", lines
        )
        self.assertIn("| right | yes (2 of 2) | yes | met |", lines)
        self.assertIn(
            "revision 0123456789ab on GPU 1, 12 GiB VRAM, driver 580.1", lines[0]
        )

    def test_by_how_much_a_target_was_missed(self):
        cases = (
            ([0.96], figures.at_least(0.97), " by 1 %"),
            ([2500], figures.below(2000), " by 25 %"),
            ([0.4], figures.at_least(1.0), " by 60 %"),
        )
        for runs, target, words in cases:
            made = figures.figure("n", "t", "x", runs, target)
            self.assertEqual(tables.met(made), f"**missed{words}**")
        self.assertEqual(tables.met(figures.fact("n", "t", [False])), "**missed**")
        self.assertEqual(tables.met(figures.figure("n", "t", "x", [1])), "")

    def test_what_failed_is_not_measured(self):
        lines = tables.table(document())
        self.assertIn("| failed: crashed \\| badly | not measured | | |", lines)

    def test_rows_that_were_not_measured_again(self):
        """Each from the latest that has it, and whose it is is said."""
        first, second = document()["rows"]
        older = document(date="2026-01-01", rows=[first, {**second, "name": "pin"}])
        older["greenboost"] = {"version": "0.1.0", "revision": "fedcba9876543210"}
        oldest = document(rows=[{**first, "name": "pin", "title": "Pin"}])
        text = "\n".join(tables.table(document(), [older, oldest]))
        self.assertEqual(text.count("| **Launches** | | | |"), 1)
        self.assertEqual(text.count("| **JAX** | | | |"), 1)
        self.assertEqual(text.count("| **JAX** (fedcba987654) | | | |"), 1)
        self.assertNotIn("Pin", text)
        self.assertIn("marked fedcba987654: 2026-01-01 at revision fedcba", text)

    def test_an_earlier_file_and_a_page(self):
        self.write(document(rows=document()["rows"][:1]))
        earlier = self.results.replace("results", "earlier")
        with open(earlier, "w") as out:
            json.dump(document(), out)
        done = self.run_table(self.results, earlier)
        self.assertIn("| **JAX** (0123456789ab) | | | |", done.stdout)
        with open(self.page, "w") as out:
            out.write(f"{tables.BEGIN}\n{tables.END}\n")
        self.assertEqual(
            self.run_table(self.results, earlier, self.page).returncode, 0
        )
        with open(self.page) as page:
            self.assertIn("| **JAX** (0123456789ab) | | | |", page.read())
        with open(earlier, "w") as out:
            json.dump(document(dry_run=True), out)
        done = self.run_table(self.results, earlier)
        self.assertEqual((done.returncode, done.stdout), (1, ""))

    def test_a_rehearsal_says_so_and_is_put_nowhere(self):
        self.write(document(dry_run=True))
        with open(self.page, "w") as out:
            out.write(f"{tables.BEGIN}\n{tables.END}\n")
        self.assertIn("none of this was measured", self.run_table(self.results).stdout)
        done = self.run_table(self.results, self.page)
        self.assertEqual(done.returncode, 1)
        self.assertIn("rehearsal", done.stderr)
        with open(self.page) as page:
            self.assertEqual(page.read(), f"{tables.BEGIN}\n{tables.END}\n")

    def test_putting_it_in_a_page_twice(self):
        self.write(document())
        with open(self.page, "w") as out:
            out.write(f"above\n{tables.BEGIN}\nold\n{tables.END}\nbelow\n")
        pages = []
        for _ in range(2):
            self.assertEqual(self.run_table(self.results, self.page).returncode, 0)
            with open(self.page) as page:
                pages.append(page.read())
        self.assertEqual(pages[0], pages[1])
        self.assertTrue(pages[0].startswith("above\n"))
        self.assertTrue(pages[0].endswith(f"{tables.END}\nbelow\n"))
        self.assertNotIn("old", pages[0])

    def test_a_page_without_marks_and_a_file_of_another_kind(self):
        self.write(document())
        with open(self.page, "w") as out:
            out.write("nothing\n")
        self.assertEqual(self.run_table(self.results, self.page).returncode, 1)
        self.write({"format": 99})
        done = self.run_table(self.results)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no results file of format 1", done.stderr)
        self.assertEqual(self.run_table("/nonexistent").returncode, 1)
        self.assertEqual(self.run_table().returncode, 2)


if __name__ == "__main__":
    unittest.main()
