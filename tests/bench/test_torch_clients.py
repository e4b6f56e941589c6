# SPDX-License-Identifier: GPL-2.0-only
"""The PyTorch clients on the CPU, at toy sizes, wherever there is a PyTorch."""

import inspect
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import common
from acceptance import fake

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENTS = os.path.join(common.BENCH, "clients")


def python_with_torch():
    for python in (sys.executable, shutil.which("python3", path="/usr/bin")):
        words = [python, "-c", "import torch"]
        if python and not subprocess.run(words, capture_output=True).returncode:
            return python
    return None


PYTHON = python_with_torch()


def check_form(request, result):
    """What the rehearsal's double answers has the same form."""
    double = fake.Fake(None).commands()[request["do"]]
    known = inspect.signature(double).parameters
    made = double(**{name: value for name, value in request.items() if name in known})
    assert type(made) is type(result), (request, made, result)
    if isinstance(made, dict):
        missing = set(made) - set(result)
        assert not missing, (request, missing)


def run(client, arguments, requests=()):
    words = [PYTHON, "-B", os.path.join(HERE, "small_torch.py")]
    words += [os.path.join(CLIENTS, client + ".py"), "--device", "cpu"]
    return subprocess.run(
        words + arguments.split(),
        input="".join(json.dumps(request) + "\n" for request in requests),
        env={
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.path.join(HERE, "stand_in"),
        },
        capture_output=True,
        text=True,
        timeout=100,
    )


def once(client, arguments):
    """The answer of a client that runs to its end."""
    done = run(client, arguments)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


def serve(client, arguments, *requests):
    """The replies of a worker to @requests, its hello first."""
    done = run(client, arguments, requests)
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(replies) == 1 + len(requests), done.stderr
    for request, reply in zip(requests, replies[1:]):
        assert reply["ok"], reply
        check_form(request, reply["result"])
    return [replies[0]["hello"]] + [reply["result"] for reply in replies[1:]]


class TorchClients(unittest.TestCase):
    def check(self, reply, runs):
        self.assertEqual(len(reply["seconds"]), runs)
        self.assertTrue(reply["alive"])

    def test_gemm(self):
        replies = [
            serve(
                "gemm",
                "--matrices 9 --side 64",
                {"do": "product", "rows": 3, "runs": 2},
                {"do": "product", "rows": 16, "runs": 1, "warm_up": 0},
                {"do": "staged", "rows": 4, "runs": 2},
            )
            for _ in range(2)
        ]
        for hello, few, many, staged in replies:
            self.assertEqual(hello["weight_bytes"], 9 * 64 * 64 * 2)
            self.check(few, 2)
            self.check(many, 1)
            self.assertEqual(staged["bytes"], 8 * 64 * 64 * 2)
            self.assertNotEqual(few["sha256"], many["sha256"])
        self.assertEqual(replies[0][1]["sha256"], replies[1][1]["sha256"])

    def test_experts(self):
        sizes = "--layers 3 --experts 16 --hidden 32 --inner 16"
        ask = {"do": "tokens", "count": 3, "runs": 2}
        hello, slices, gather, again = serve(
            "experts",
            sizes,
            {**ask, "way": "slices"},
            {**ask, "way": "gather"},
            {**ask, "way": "slices"},
        )
        self.assertEqual(hello["weight_bytes"], 3 * 16 * 32 * 16 * 2 * 2)
        self.check(slices, 2)
        self.check(gather, 2)
        self.assertEqual(slices["sha256"], again["sha256"])

    def test_train(self):
        sizes = "--vocabulary 100 --width 32 --heads 4 --layers 2 --length 8"
        one, other = (
            serve("train", sizes, {"do": "steps", "count": 3}, {"do": "parameters"})
            for _ in range(2)
        )
        parameters = 2 * 100 * 32 + 2 * (12 * 32 * 32 + 4 * 32) + 2 * 32
        self.assertEqual(one[0]["state_bytes"], 16 * parameters)
        self.check(one[1], 3)
        self.assertEqual(one[1]["losses"], other[1]["losses"])
        self.assertEqual(one[2], other[2])
        longer = serve(
            "train", sizes, {"do": "steps", "count": 4}, {"do": "parameters"}
        )
        self.assertNotEqual(longer[2], one[2])

    def test_diffusion(self):
        sizes = "--layers 2 --width 64 --heads 4 --batch 2 --side 16"
        hello, reply, longer = serve(
            "diffusion",
            sizes,
            {"do": "loop", "steps": 2, "runs": 2},
            {"do": "loop", "steps": 3, "runs": 1},
        )
        self.assertEqual(hello["weight_bytes"], 36 * 2 * 64 * 64)
        self.check(reply, 2)
        self.assertNotEqual(reply["sha256"], longer["sha256"])

    def test_llama(self):
        sizes = "--tiny --layers 3 --weights "
        short = {"length": 24, "runs": 2}
        requests = [
            {"do": "fingerprint", "lengths": [1, 9], "tokens": 3},
            {"do": "prefill", **short},
            {"do": "decode", "tokens": 3, "runs": 2, "context": 8},
            {"do": "decode", "tokens": 3, "runs": 1, "context": 8, "batch": 4},
            {"do": "static", "tokens": 5, "runs": 2, "context": 8},
            {"do": "lead", "tokens": 2, "context": 8},
        ]
        uploaded = serve("llama", sizes + "uploaded", *requests)
        # room for the head and one layer of three: the others come and go
        offload = serve("llama", sizes + "offload --budget 340000", *requests)
        for prints in (uploaded[1], offload[1]):
            self.assertEqual([len(one["tokens"]) for one in prints], [4, 4])
            self.assertTrue(all(one["finite"] for one in prints))
        for reply, other in zip(uploaded[2:6], offload[2:6]):
            self.check(reply, len(other["seconds"]))
            self.assertEqual(reply["sha256"], other["sha256"])
        self.assertIn("by hand", offload[0]["offload"])
        self.assertEqual(uploaded[1], offload[1])
        self.assertLess(uploaded[5]["off"], 0.1)
        self.assertEqual(len(uploaded[6]), 2)

    def test_llama_from_a_file(self):
        """The file has the weights that are uploaded."""
        requests = [
            {"do": "prefill", "length": 24, "runs": 2, "warm_up": 3},
            {"do": "decode", "tokens": 3, "runs": 2, "context": 8, "warm_up": 1},
        ]
        sizes = "--tiny --layers 11 "
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.safetensors")
            made = once("llama_file", sizes + "--file " + path)
            self.assertEqual(made["bytes"], os.path.getsize(path))
            words = sizes + "--weights file --file " + path
            hello, *replies = serve("llama", words, *requests)
        uploaded = serve("llama", sizes + "--weights uploaded", *requests)[1:]
        self.assertGreater(hello["first_token_s"], hello["load_s"])
        self.assertLess(hello["first_token_s"], 100)
        for reply, other, passes in zip(replies, uploaded, (5, 9)):
            self.assertEqual(reply["sha256"], other["sha256"])
            self.assertEqual(reply["passes"], passes)

    def test_a_captured_step_makes_the_tokens_of_the_plain_model(self):
        """What the graph replays against the model's own greedy continuation."""
        words = [PYTHON, "-B", os.path.join(HERE, "small_torch.py")]
        words += [os.path.join(HERE, "static_by_model.py"), CLIENTS]
        done = subprocess.run(
            words,
            env={**os.environ, "PYTHONPATH": os.path.join(HERE, "stand_in")},
            capture_output=True,
            text=True,
            timeout=100,
        )
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    if not PYTHON:
        print("no python3 here has PyTorch")
        sys.exit(77)
    unittest.main()
