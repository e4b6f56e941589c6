# SPDX-License-Identifier: GPL-2.0-only
"""Rows with the PyTorch clients themselves, at toy sizes on the processor.

Between the rehearsal, whose clients are made up, and a GPU: the rows ask what the
clients understand, and understand what they answer. No figure means anything.
"""

import os
import sys
import tempfile
import unittest

import common  # noqa: F401
from acceptance import context, dry, results, session, settings
from test_torch_clients import CLIENTS, HERE, PYTHON

LLAMA = "--tiny --layers 3 --weights "
SIZES = {
    "plain-uploaded": LLAMA + "uploaded",
    "over-uploaded": LLAMA + "uploaded",
    "direct-uploaded": LLAMA + "uploaded",
    "offload": LLAMA + "offload --budget 340000",
    "over-nvme": LLAMA + "uploaded",
    "gemm": "--matrices 9 --side 64",
    "experts": "--layers 3 --experts 16 --hidden 32 --inner 16",
    "diffusion": "--layers 2 --width 64 --heads 4 --batch 2 --side 16",
    "train": "--vocabulary 100 --width 32 --heads 4 --layers 2 --length 8",
}


class Installation(dry.DryInstallation):
    """Python clients are real; a word on their command line says how they run."""

    def python_client(self, name):
        return [os.path.join(CLIENTS, name + ".py"), "--device", "cpu"]

    def under(self, options, command):
        if not command[0].endswith(".py"):
            return super().under(options, command)
        words = [PYTHON, "-B"]
        if options is not None:
            words += ["-X", "staging=" + options.get("staging", "on")]
            words += ["-X", "disk"] if "nvme-path" in options else []
        return words + [os.path.join(HERE, "small_torch.py")] + command

    def process(self, pid):
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
        if b"staging=on" in words or b"staging=off" in words:
            made = dry.page(pid, b"staging=on" in words)
            if b"disk" in words:
                self.looked += 1
                made["nvme"] = dry.on_disk(self.looked, b"--file" in words)
            return made
        return None


class Context(context.Context):
    """The model of the file rows, whose variants are made on the way, is small, too."""

    def start(self, variant):
        if "--file" in variant.arguments:
            variant.arguments += ["--tiny", "--layers", "3"]
            small_environment(variant.environment)
        return super().start(variant)

    def run(self, name, command, options, environment=None, **more):
        if name == "llama_file":
            command += ["--tiny", "--layers", "3"]
            environment = small_environment({})
        return super().run(name, command, options, environment, **more)


def small_environment(environment):
    environment["PYTHONPATH"] = os.path.join(HERE, "stand_in")
    environment["OMP_NUM_THREADS"] = "1"
    return environment


def small(folder):
    made = settings.Settings(disk=folder)
    made.runs = made.pairs = made.expert_tokens = 2
    made.prefill_lengths, made.gemm_rows = [64, 16], [1, 16]
    made.decode_tokens, made.batches = 3, [1, 4]
    made.nvme_length = 64
    return made


class Rows(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.context = Context(small(folder.name), Installation(), folder.name)
        for name, variant in self.context.variants.items():
            if name in SIZES or variant.client in SIZES:
                variant.arguments = SIZES.get(name, SIZES.get(variant.client)).split()
            small_environment(variant.environment)
        path = os.path.join(folder.name, "results.json")
        self.results = results.Results(path, {"machine": {}})

    def run_rows(self, *names):
        rows = {row.name: row for row in session.all_rows()}
        made = session.Session(self.context, self.results)
        made.run([rows[name] for name in names])
        return self.results.document["rows"]

    def test_rows_of_the_model(self):
        # no weight is so large here that where it lives could be told by reading it
        sweep = [["embed_tokens", 1 << 26, 20000]]
        ask = self.context.ask
        self.context.ask = lambda name, do, *rest, **more: (
            sweep if do == "sweep" else ask(name, do, *rest, **more)
        )
        for row in self.run_rows("prefill", "decode", "decode-graph"):
            self.assertEqual((row["status"], row["error"]), ("done", ""))
            self.assertGreater(len(row["figures"]), 5)

    def test_rows_of_a_disk(self):
        for row in self.run_rows("nvme", "nvme-file"):
            self.assertEqual((row["status"], row["error"]), ("done", ""))
            figures = {figure["name"]: figure for figure in row["figures"]}
            self.assertTrue(figures["prefill-same"]["met"])
            self.assertTrue(figures["decode-same"]["met"])
        self.assertGreater(figures["first-token"]["median"], 0)
        self.assertFalse([n for n in os.listdir(self.folder) if "greenboost-" in n])

    def test_other_rows(self):
        for row in self.run_rows("gemm", "experts", "diffusion"):
            self.assertEqual((row["status"], row["error"]), ("done", ""))
            self.assertGreater(len(row["figures"]), 5)

    def test_training_up_to_what_takes_a_gpu(self):
        (row,) = self.run_rows("train")
        if row["status"] != "done":
            self.assertIn("limited", row["error"])
        figures = {figure["name"]: figure for figure in row["figures"]}
        self.assertTrue(figures["state-same"]["met"])
        self.assertTrue(figures["losses-same"]["met"])
        self.assertIn("step-of-direct", figures)


if __name__ == "__main__":
    if not PYTHON:
        print("no python3 here has PyTorch")
        sys.exit(77)
    unittest.main()
