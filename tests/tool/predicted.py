# SPDX-License-Identifier: GPL-2.0-only
"""What `predict` says, by the library itself on the simulated GPU."""

import glob
import json
import os
import pty
import re
import signal
import subprocess
import tempfile
import time
import unittest

import models

TOOL = os.environ["TEST_TOOL"]
RESULTS = os.environ["TEST_RESULTS"]


class Predicted(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gb-predicted-")
        self.addCleanup(folder.cleanup)
        self.top = folder.name

    def tool(self, *words, **variables):
        result = subprocess.run([TOOL, "predict", *words], text=True,
                                env=dict(os.environ, **variables),
                                capture_output=True, timeout=500)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result)
        return result.stdout

    def rows(self, *words, **variables):
        return json.loads(self.tool("--json", *words, **variables))["rows"]

    def model(self, maker=models.llama_8b):
        return models.safetensors(os.path.join(self.top, "m.safetensors"), maker())

    def assert_near(self, value, expected, share):
        self.assertLessEqual(abs(value / expected - 1), share, (value, expected))


class Small(Predicted):
    WORDS = ["--model", "96m", "--machine", "h200", "--prompt", "64", "--program",
             "fused"]

    def test_more_vram_is_faster(self):
        rows = self.rows(*self.WORDS, "--vram", "56m,200m")
        self.assertEqual([row["workload"] for row in rows],
                         ["prefill", "decode"] * 2)
        for low, high in zip(rows, rows[2:]):
            self.assertGreater(low["in_ram"], 40 << 20)
            self.assertEqual(high["in_ram"], 0)
            self.assertLess(low["tokens_per_second"],
                            high["tokens_per_second"] / 2)
            self.assert_near(high["tokens_per_second"], high["all_in_vram"], 0.02)
            self.assert_near(low["all_in_vram"], high["all_in_vram"], 0.02)
        for row in rows:
            self.assertEqual(row["in_ram"] + row["in_vram"], row["total"])

    def test_the_table(self):
        """Whatever is set for other programs; and nothing is left behind."""
        text = self.tool(*self.WORDS, "--vram", "56m", GREENBOOST_VRAM="1g",
                         GREENBOOST_STAGING="off", GREENBOOST_ENABLE="off",
                         GREENBOOST_SIM_VRAM="1m", GREENBOOST_RUNTIME_DIR="/no",
                         TMPDIR=self.top)
        self.assertRegex(text, r"\nMachine  NVIDIA H200, link 55.3 GB/s\n")
        rows = re.findall(r"^(?:prompt of|decode).* % .*", text, re.M)
        self.assertEqual(len(rows), 2)
        self.assertNotIn("  0 B ", text)
        for line in text.split("\n"):
            self.assertLessEqual(len(line), 100)
        self.assertEqual(os.listdir(self.top), [])


    @staticmethod
    def read_all(master):
        """Of a terminal that nobody has open any more: it comes in pieces."""
        text = b""
        try:
            while True:
                text += os.read(master, 4096)
        except OSError:
            return text.decode()

    def test_progress_on_a_terminal(self):
        """A line that is gone at the end; without a terminal, see tool(), none."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        result = subprocess.run([TOOL, "predict", *self.WORDS, "--vram", "56m,200m"],
                                stdout=subprocess.PIPE, stderr=slave, timeout=500)
        os.close(slave)
        self.assertEqual(result.returncode, 0)
        shown = self.read_all(master).split("\r")
        steps = [text for text in shown if text.strip()]
        self.assertEqual(steps, ["simulating: %d of 8" % i for i in
                                 (0, 1, 2, 3, 4, 4, 5, 6, 7, 8)])
        self.assertEqual(shown[-1], "")
        self.assertEqual(shown[-2].strip(" "), "")
        self.assertGreaterEqual(len(shown[-2]), len(steps[-1]))

    def test_says_the_same_again(self):
        """Though memory is moved: that takes the time of the simulated machine."""
        words = [*self.WORDS, "--vram", "56m"]
        self.assertEqual(self.rows(*words), self.rows(*words))


ENDING = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


def default_signals():
    """What ignores a signal hands that on: nohup to this test, and it to a child."""
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)


class Killed(Predicted):
    """However it ends, it leaves nothing: no folder, and no process that uses one."""

    def begin(self):
        """A prediction that has asked its program for something."""
        process = subprocess.Popen(
            [TOOL, "predict", "--model", "96m", "--machine", "h200", "--vram", "56m"],
            env=dict(os.environ, TMPDIR=self.top), stdout=subprocess.PIPE,
            start_new_session=True, preexec_fn=default_signals)
        self.addCleanup(process.stdout.close)
        self.wait_until(lambda: glob.glob(os.path.join(self.top, "*", "*")))
        return process

    def wait_until(self, condition):
        end = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), end, os.listdir(self.top))
            time.sleep(0.01)

    def test_by_any_signal(self):
        for number in *ENDING, signal.SIGKILL:
            process = self.begin()
            process.send_signal(number)
            self.assertEqual(process.wait(60), -number)
            self.assertEqual(process.stdout.read(), b"")
            self.wait_until(lambda: not os.listdir(self.top))

    def test_with_its_whole_group(self):
        """As a terminal interrupts it."""
        process = self.begin()
        os.killpg(process.pid, signal.SIGINT)
        self.assertEqual(process.wait(60), -signal.SIGINT)
        self.wait_until(lambda: not os.listdir(self.top))


class Experts(Predicted):
    def test_experts_that_are_not_used_stay(self):
        """As much memory, a sixteenth of it read: many times as fast."""
        words = ["--machine", "h200", "--vram", "128m", "--prompt", "1",
                 "--program", "fused", "--model", "384m"]
        dense = self.rows(*words)[1]
        mixed = self.rows(*words, "--active", "48m")[1]
        self.assert_near(dense["in_ram"], mixed["in_ram"], 0.3)
        self.assertGreater(mixed["tokens_per_second"],
                           3 * dense["tokens_per_second"])


class Scales(Predicted):
    """Fewer layers stand for all of them."""

    def test_two_scales(self):
        model = self.model()
        # Staged passes take their time here: the library's kernels read real bytes.
        # 7 are the fewest at which the embedding has no copy, as it really has none.
        for staging, prompts, layers in ("off", "512,2048", "59"), ("auto", "512", "79"):
            few, more = (self.rows("--model", model, "--machine", "h200", "--vram",
                                   "6g", "--prompt", prompts, "--staging",
                                   staging, "--layers", count)
                         for count in layers)
            for first, second in zip(few, more):
                for name in "tokens_per_second", "all_in_vram", "in_ram":
                    print(staging, first["workload"], name, first[name],
                          second[name])
                    self.assert_near(first[name], second[name], 0.05)

    def test_few_layers_have_their_ring(self):
        """Though it is most of VRAM at scale: or no matrix would have a copy."""
        for row in self.rows("--model", "12g", "--machine", "rtx5070", "--vram", "3g",
                             "--prompt", "512", "--program", "fused", "--layers", "3"):
            print(row["workload"], row["tokens_per_second"] / row["bound"])
            self.assertGreater(row["tokens_per_second"], 0.9 * row["bound"])


class Compared(Predicted):
    """Against what a real H200 did, in committed files: docs/predict.md."""

    WITHIN = 0.15
    RESULTS = None  # the file

    def measured(self, row, figure):
        with open(os.path.join(RESULTS, self.RESULTS)) as file:
            rows = {row["name"]: row for row in json.load(file)["rows"]}
        figures = {each["name"]: each for each in rows[row]["figures"]}
        return figures[figure]["median"]

    def compare(self, row, figure, predicted):
        measured = self.measured(row, figure)
        print("%-10s %-14s measured %8.4g, predicted %8.4g: %+.1f %%"
              % (row, figure, measured, predicted,
                 100 * (predicted / measured - 1)))
        self.assert_near(predicted, measured, self.WITHIN)

    def answers(self, *words):
        return self.rows("--model", self.model(), "--machine", "h200",
                         "--program", "torch", "--context", "128", *words)

    def rates(self, *words):
        return {row.get("tokens", 0): row["tokens_per_second"]
                for row in self.answers(*words)}

    # --ram: what the measurements were given, bench/results "settings".
    OVERFLOW = ["--vram", "6g", "--ram", "14g", "--prompt", "8192,2048,512"]


class Measured(Compared):
    """At a revision that did not stage."""

    RESULTS = "2026-11-21-nvidia-h200-f047c66d456f.json"

    def test_overflow_without_staging(self):
        rates = self.rates(*self.OVERFLOW, "--staging", "off")
        for length in 8192, 2048, 512:
            self.compare("prefill", "prefill-%d" % length, rates[length])

    def test_all_fits(self):
        rates = self.rates("--prompt", "2048")
        self.compare("fits", "prefill-plain", rates[2048])
        self.compare("fits", "prefill-under", rates[2048])


class Staged(Compared):
    RESULTS = "2026-11-23-nvidia-h200-f0539fdfdad7.json"

    def test_overflow(self):
        rows = self.answers(*self.OVERFLOW)
        for row in rows:
            figure = ("prefill-%d" % row["tokens"] if "tokens" in row else
                      "decode-%d" % row["batch"])
            self.compare(row["workload"], figure,
                         row["tokens_per_second"])
            self.compare(row["workload"], "in-ram", row["in_ram"] / 1e9)

    def test_all_fits(self):
        """Decoding by construction: the program's own time is that of these results."""
        self.RESULTS = "2026-11-22-nvidia-h200-4ba967620e0f.json"
        rates = self.rates("--prompt", "2048")
        for way in "plain", "under":
            self.compare("fits", "prefill-" + way, rates[2048])
            self.compare("fits", "decode-" + way, rates[0])


if __name__ == "__main__":
    unittest.main()
