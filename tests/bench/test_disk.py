# SPDX-License-Identifier: GPL-2.0-only
"""The disk of the NVMe rows: what is said of one that will not do, and its rate."""

import os
import tempfile
import types
import unittest

import common
from acceptance import disk, greenboost, rows, rows_nvme
from acceptance.process import ClientError

RATES = """checksums, a core              5.558 GB/s
pread by as many threads       1.442 GB/s
store by ring
  put, new space               9.658 GB/s
  get                          0.944 GB/s
store by threads
  put, new space               9.563 GB/s
  get                          1.885 GB/s
"""


def stub(status=0, text=RATES, command=("nvme_rate",), trouble=None):
    """A context that knows a disk and what the tool printed."""
    installation = types.SimpleNamespace(
        nvme_rate=lambda directory, mib: (command, "it is not built"),
        disk_trouble=lambda directory, needed: trouble,
    )
    return types.SimpleNamespace(
        settings=types.SimpleNamespace(disk="/a/disk", disk_mib=64),
        installation=installation,
        run_text=lambda *_, **__: (status, text),
    )


class Trouble(unittest.TestCase):
    def test_a_directory_in_memory(self):
        if not os.path.ismount("/dev/shm"):
            self.skipTest("/dev/shm is no file system of its own here")
        self.assertIn("is in memory (tmpfs)", disk.trouble("/dev/shm", 0))

    def test_a_directory_that_is_not_there(self):
        reason = disk.trouble("/nonexistent", 0)
        self.assertIn("O_DIRECT in /nonexistent: No such file or directory", reason)

    def test_one_without_direct_files(self):
        self.assertIn("no file for O_DIRECT in /proc", disk.trouble("/proc", 0))

    def test_one_with_too_little_space(self):
        with tempfile.TemporaryDirectory(dir=os.getcwd()) as folder:
            if disk.trouble(folder, 0):
                self.skipTest(disk.trouble(folder, 0))
            reason = disk.trouble(folder, 1 << 60)
        self.assertRegex(reason, r"has [\d.]+ GB free, and 1152921504.6 GB may be")

    def test_the_row_is_skipped(self):
        with self.assertRaisesRegex(rows.Skip, "it is full"):
            disk.ready(stub(trouble="it is full"), 1)
        disk.ready(stub(), 1)


class Rate(unittest.TestCase):
    def test_the_best_of_each_way_of_reading(self):
        self.assertEqual(disk.rates(stub()), {"bare": 1.442e9, "store": 1.885e9})

    def test_a_store_that_is_not_direct(self):
        text = RATES.replace("by ring", "by ring, page cache")
        with self.assertRaisesRegex(ClientError, "/a/disk: .* cannot use O_DIRECT"):
            disk.rates(stub(text=text))

    def test_what_goes_wrong(self):
        for made, words in (
            (stub(status=1, text="nvme_rate: put: No space left\n"), "No space left"),
            (stub(text="nonsense"), "no rates in: nonsense"),
            (stub(command=None), "it is not built"),
        ):
            with self.assertRaisesRegex(ClientError, words):
                disk.rates(made)

    def test_a_tool_that_is_not_built(self):
        with tempfile.TemporaryDirectory() as build:
            os.mkdir(os.path.join(build, "tool"))
            os.close(
                os.open(os.path.join(build, "tool", "greenboost"), os.O_CREAT, 0o755)
            )
            made = greenboost.Installation(build, common.ROOT)
            command, reason = made.nvme_rate("/a/disk", 64)
        self.assertIsNone(command)
        self.assertIn("nvme_rate is not built", reason)


class Tier(unittest.TestCase):
    """A row that measured no disk would be worthless."""

    def tier(self, nvme):
        context = types.SimpleNamespace(page=lambda name: {"nvme": nvme})
        return rows_nvme.tier(context, rows_nvme.FILE)

    def test_a_library_without_one(self):
        with self.assertRaisesRegex(ClientError, "has no disk"):
            self.tier(None)

    def test_one_that_nothing_went_to(self):
        with self.assertRaisesRegex(ClientError, "did not overflow onto the disk"):
            self.tier({"used": 0, "failures": 0})

    def test_one_that_fails(self):
        with self.assertRaisesRegex(ClientError, "reads or writes of the disk failed"):
            self.tier({"used": 1, "failures": 1})

    def test_one_that_works(self):
        self.assertEqual(self.tier({"used": 1, "failures": 0})["used"], 1)


if __name__ == "__main__":
    unittest.main()
