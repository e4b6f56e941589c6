# SPDX-License-Identifier: GPL-2.0-only
"""Clients that crash, hang or print nonsense end in one clear error, and ended."""

import os
import sys
import tempfile
import time
import unittest

import common
from acceptance import process
from acceptance.process import ClientError, Worker, run_once, run_text

FAKE = [sys.executable, "-B", os.path.join(common.BENCH, "acceptance", "fake.py")]


class Clients(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.log = os.path.join(folder.name, "log")

    def worker(self, trouble="", command=None):
        made = Worker(
            "llama", command or FAKE + ["llama"], {"FAKE_TROUBLE": trouble}, self.log
        )
        self.addCleanup(made.kill)
        return made

    def once(self, trouble="", timeout=10, command=None):
        command = command or FAKE + ["overflow"]
        return run_once(
            "overflow", command, {"FAKE_TROUBLE": trouble}, self.log, timeout
        )

    def assert_ended(self, worker):
        self.assertIsNotNone(worker.process.poll())

    def test_a_worker_answers(self):
        worker = self.worker()
        worker.greet(10)
        self.assertEqual(worker.facts["client"], "llama")
        self.assertEqual(len(worker.ask("lead", 10, tokens=2)), 2)
        worker.close()
        self.assertEqual(worker.process.returncode, 0)

    def test_a_crash_is_told_with_its_last_words(self):
        worker = self.worker("decode:crash")
        worker.greet(10)
        with self.assertRaisesRegex(ClientError, "status -6.*illegal memory access"):
            worker.ask("decode", 10, tokens=1, runs=1)
        self.assert_ended(worker)

    def test_garbage_is_told_and_ended(self):
        worker = self.worker("decode:garbage")
        worker.greet(10)
        with self.assertRaisesRegex(ClientError, "this is no JSON"):
            worker.ask("decode", 10, tokens=1, runs=1)
        self.assert_ended(worker)

    def test_silence_ends_at_the_limit(self):
        worker = self.worker("decode:silence")
        worker.greet(10)
        start = time.monotonic()
        with self.assertRaisesRegex(ClientError, "no answer within 1 s"):
            worker.ask("decode", 1, tokens=1, runs=1)
        self.assertLess(time.monotonic() - start, 15)
        self.assert_ended(worker)

    def test_a_row_has_no_more_than_its_time(self):
        worker = self.worker("decode:silence")
        worker.greet(10)
        start = time.monotonic()
        with process.allowed(1):
            with self.assertRaisesRegex(ClientError, "within the row's 1 s"):
                worker.ask("decode", 60, tokens=1, runs=1)
        self.assertLess(time.monotonic() - start, 15)
        self.assert_ended(worker)
        with process.allowed(0):
            with self.assertRaisesRegex(ClientError, "within the row's 0 s"):
                run_text("sleep", ["sleep", "60"], {}, self.log, 60)
        status, text = run_text(
            "sh", ["sh", "-c", "echo out; echo err >&2; exit 3"], {}, self.log, 60
        )
        self.assertEqual((status, text), (3, "out\nerr\n"))

    def test_an_error_is_told_and_the_worker_let_go(self):
        worker = self.worker("decode:error")
        worker.greet(10)
        with self.assertRaisesRegex(ClientError, "RuntimeError: fake: an error"):
            worker.ask("decode", 10, tokens=1, runs=1)
        self.assert_ended(worker)

    def test_asking_a_dead_worker(self):
        worker = self.worker()
        worker.greet(10)
        worker.kill()
        with self.assertRaises(ClientError):
            worker.ask("prefill", 10, length=1, runs=1)

    def test_a_client_that_cannot_start(self):
        with self.assertRaisesRegex(ClientError, "cannot start /nonexistent"):
            self.worker(command=["/nonexistent"])

    def test_a_run_to_the_end(self):
        self.assertEqual(self.once()["compared"], 10)
        for kind in ("crash", "garbage"):
            with self.assertRaises(ClientError):
                self.once("overflow:" + kind)
        with self.assertRaisesRegex(ClientError, "no answer within 1 s"):
            self.once("overflow:silence", timeout=1)

    def test_a_status_other_than_zero_is_a_failure(self):
        command = ["sh", "-c", "echo '{}'; exit 3"]
        with self.assertRaisesRegex(ClientError, "status 3"):
            self.once(command=command)

    def test_what_a_client_spawned_ends_with_it(self):
        note = self.log + ".pid"
        command = ["sh", "-c", f"sleep 300 & echo $! >{note}; echo '{{}}'; exit 0"]
        self.once(command=command)
        with open(note) as file:
            child = int(file.read())
        deadline = time.monotonic() + 30
        while os.path.exists(f"/proc/{child}/exe") and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertFalse(os.path.exists(f"/proc/{child}/exe"))


if __name__ == "__main__":
    unittest.main()
