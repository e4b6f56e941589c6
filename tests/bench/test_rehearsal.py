# SPDX-License-Identifier: GPL-2.0-only
"""bench/gpu-check from end to end, with clients that make their answers up."""

import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import common

CHECK = [sys.executable, "-B", os.path.join(common.BENCH, "gpu-check")]


class Rehearsal(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = folder.name

    def command(self, *words):
        return CHECK + ["--dry-run", "--out", self.out, *words]

    def run_check(self, *words, trouble=""):
        return subprocess.run(
            self.command(*words),
            env={**os.environ, "FAKE_TROUBLE": trouble},
            capture_output=True,
            text=True,
            timeout=100,
        )

    def path(self):
        paths = glob.glob(self.out + "/*.json")
        return max(paths, key=os.path.getmtime) if paths else None

    def rows(self):
        with open(self.path()) as file:
            document = json.load(file)
        return {row["name"]: row for row in document["rows"]}

    def test_all_rows(self):
        done = self.run_check("--quick", "--date", "2026-01-02", "--revision", "abc")
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = self.rows()
        listed = self.run_check("--list").stdout.splitlines()
        self.assertEqual(sorted(rows), sorted(line.split()[0] for line in listed))
        for row in rows.values():
            self.assertEqual(row["status"], "done", row)
            self.assertTrue(row["figures"])
        with open(self.path()) as file:
            document = json.load(file)
        self.assertEqual(document["date"], "2026-01-02")
        self.assertEqual(document["greenboost"]["revision"], "abc")
        self.assertTrue(document["dry_run"])

    def test_one_row(self):
        self.assertEqual(self.run_check("--quick", "--only", "launches").returncode, 0)
        self.assertEqual(list(self.rows()), ["launches"])

    def test_an_unknown_row_is_a_usage_error(self):
        done = self.run_check("--only", "lunches")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no row is called lunches", done.stderr)
        self.assertIsNone(self.path())

    def test_a_crash_costs_no_other_row_its_results(self):
        done = self.run_check(
            "--only", "prefill,decode,vram,cupy", trouble="decode:crash"
        )
        self.assertEqual(done.returncode, 1)
        rows = self.rows()
        self.assertEqual(rows["decode"]["status"], "failed")
        self.assertIn("illegal memory access", rows["decode"]["error"])
        for name in ("prefill", "vram", "cupy"):
            self.assertEqual(rows[name]["status"], "done")

    def test_a_client_that_always_crashes_at_its_start(self):
        done = self.run_check("--only", "fits,two,refusal", trouble="llama:crash")
        self.assertEqual(done.returncode, 1)
        rows = self.rows()
        self.assertEqual(rows["fits"]["status"], "failed")
        self.assertEqual(rows["two"]["status"], "failed")
        self.assertEqual(rows["refusal"]["status"], "done")

    def figures(self, row):
        return {figure["name"]: figure for figure in self.rows()[row]["figures"]}

    def test_the_bound_is_made_of_what_was_measured(self):
        done = self.run_check("--only", "prefill,gemm,diffusion")
        self.assertEqual(done.returncode, 0, done.stderr)
        # fake.py's times; dry.py has 9 GB in RAM, of the embedding table nearly none
        link_s = 9e9 / ((1 << 30) / 0.01945)
        made = self.figures("prefill")
        self.assertAlmostEqual(made["prefill-2048-bound"]["median"], link_s / 0.165, 2)
        self.assertEqual(len(made["prefill-2048-bound"]["runs"]), 5)
        self.assertTrue(made["prefill-2048-bound"]["met"])
        self.assertAlmostEqual(made["prefill-2048"]["median"], 2048 / 0.165)
        self.assertAlmostEqual(made["prefill-8192-of-vram"]["median"], 328 / 330)
        self.assertIsNone(made["prefill-2048-of-vram"]["met"])
        by_hand = 9e9 * 0.0195 / (1 << 30)
        made = self.figures("gemm")["rows-4096-share"]
        self.assertAlmostEqual(made["median"], by_hand / 0.165)
        self.assertEqual(len(self.rows()["gemm"]["details"]["rows-1-counted"]), 5)
        made = self.figures("diffusion")["step-of-vram"]
        self.assertAlmostEqual(made["median"], 0.3 / 0.31)
        self.assertEqual(made["target"]["value"], 0.95)

    def test_the_bound_of_a_disk(self):
        done = self.run_check("--only", "nvme,nvme-file", "--disk", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        for row, wrote in (("nvme", 8), ("nvme-file", 0)):
            made = self.figures(row)
            # 8 GB at 1.6 GB/s; fake.py takes 5.2 and 5.3 s
            self.assertAlmostEqual(made["prefill-bound"]["median"], 5 / 5.2, 2)
            self.assertAlmostEqual(made["decode-bound"]["median"], 5 / 5.3, 2)
            self.assertTrue(made["decode-bound"]["met"])
            self.assertTrue(made["prefill-same"]["met"])
            self.assertEqual(made["disk-bare"]["runs"], [1.6] * 3)
            self.assertEqual(made["written"]["median"], wrote)
        self.assertTrue(made["written"]["met"])
        self.assertEqual(made["first-token-vram"]["median"], 11.5)
        left = [name for name in os.listdir(self.out) if name.startswith("greenboost")]
        self.assertEqual(left, [])

    def test_rows_of_a_disk_that_will_not_do(self):
        done = self.run_check("--only", "nvme,nvme-file", trouble="disk:full")
        self.assertEqual(done.returncode, 0, done.stderr)
        for row in self.rows().values():
            self.assertEqual(row["status"], "skipped")
            self.assertEqual(row["error"], "the disk is full, as asked")

    def test_a_model_file_goes_whatever_happens(self):
        for trouble in ("llama_file:crash", "decode:wrong"):
            done = self.run_check(
                "--only", "nvme-file", "--disk", self.out, trouble=trouble
            )
            self.assertEqual(done.returncode, 1)
            self.assertEqual(self.rows()["nvme-file"]["status"], "failed")
            self.assertFalse(any("greenboost" in name for name in os.listdir(self.out)))

    def test_a_slow_one_is_a_target_missed(self):
        done = self.run_check("--only", "decode-graph,experts", trouble="tokens:slow")
        self.assertEqual(done.returncode, 3)
        self.assertTrue(self.figures("decode-graph")["graph-bound"]["met"])
        made = self.figures("experts")["slices-of-direct"]
        self.assertAlmostEqual(made["median"], 0.5)
        self.assertIs(made["met"], False)
        with open(self.path()[:-5] + ".md") as page:
            self.assertIn("**missed by 48 %**", page.read())

    def test_no_time_counts_where_results_differ(self):
        for row, do in (("diffusion", "loop"), ("train", "parameters")):
            done = self.run_check("--only", row + ",link", trouble=do + ":wrong")
            self.assertEqual(done.returncode, 1)
            made = self.rows()[row]
            self.assertEqual(made["status"], "failed")
            self.assertIn("other results in overflow: no time counts", made["error"])
            units = {figure["unit"] for figure in made["figures"]}
            self.assertEqual(units - {"GB", "passes", "yes or no"}, set())
            self.assertEqual(self.rows()["link"]["status"], "done")

    def test_a_test_of_the_gpu_that_fails_costs_no_other(self):
        done = self.run_check("--only", "gpu-tests", trouble="test_driver_hash:crash")
        self.assertEqual(done.returncode, 1)
        row = self.rows()["gpu-tests"]
        self.assertEqual(row["status"], "failed")
        self.assertIn("hash: ended with status -6", row["error"])
        made = self.figures("gpu-tests")
        self.assertFalse(made["hash"]["median"])
        self.assertTrue(made["rate"]["met"])
        self.assertEqual(made["rate-learn"]["median"], 4100.5)

    def test_an_early_figure_survives_a_later_failure_in_its_row(self):
        self.run_check("--only", "train", trouble="limited:error")
        row = self.rows()["train"]
        self.assertEqual(row["status"], "failed")
        self.assertIn("step-of-vram", [figure["name"] for figure in row["figures"]])

    def test_parts_add_up(self):
        self.run_check("--quick", "--only", "link,launches", trouble="launches:crash")
        first = self.path()
        time.sleep(0.02)
        self.run_check("--quick", "--only", "launches,vram", "--add", first)
        self.assertNotEqual(self.path(), first)
        rows = self.rows()
        self.assertEqual(list(rows), ["link", "launches", "vram"])
        self.assertEqual(rows["launches"]["status"], "done")

    def test_parts_of_other_settings_do_not(self):
        self.run_check("--only", "link")
        done = self.run_check("--quick", "--only", "vram", "--add", self.path())
        self.assertEqual(done.returncode, 2)
        self.assertIn("another settings", done.stderr)

    def test_no_row_begins_after_the_limit(self):
        self.run_check("--only", "link,vram", "--limit", "0.000001")
        self.assertEqual(self.rows()["vram"]["status"], "skipped")

    def test_a_row_that_hangs_is_over_at_the_end(self):
        start = time.monotonic()
        done = self.run_check(
            "--only", "decode,link", "--end", "4", trouble="decode:silence"
        )
        self.assertLess(time.monotonic() - start, 60)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.rows()["decode"]["status"], "failed")
        self.assertIn("no answer within the row's", self.rows()["decode"]["error"])
        self.assertEqual(self.rows()["link"]["status"], "done")

    def test_stopping_keeps_what_was_measured_and_ends_the_clients(self):
        process = subprocess.Popen(
            self.command("--only", "prefill,decode"),
            env={**os.environ, "FAKE_TROUBLE": "decode:silence", "MARK": self.out},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(process.kill)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.path() and "decode" in self.rows():
                break
            time.sleep(0.05)
        self.assertGreater(len(marked(self.out)), 1)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30), 130)
        self.assertEqual(self.rows()["prefill"]["status"], "done")
        self.assertEqual(self.rows()["decode"]["status"], "running")
        self.assertEqual(marked(self.out), [])

    def test_without_a_gpu_it_says_so(self):
        environment = {**os.environ, "PATH": self.out}
        done = subprocess.run(
            CHECK + ["--out", self.out],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.assertEqual(done.returncode, 77)
        self.assertIn("no NVIDIA GPU", done.stderr)
        self.assertIsNone(self.path())


def marked(mark):
    """The processes that carry @mark in their environment."""
    found = []
    for path in glob.glob("/proc/[0-9]*/environ"):
        try:
            with open(path, "rb") as file:
                if b"MARK=" + mark.encode() in file.read().split(b"\0"):
                    found.append(path)
        except OSError:
            pass  # another user's, or gone
    return found


if __name__ == "__main__":
    unittest.main()
