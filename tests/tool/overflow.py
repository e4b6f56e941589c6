# SPDX-License-Identifier: GPL-2.0-only
"""The example computes, on the simulated GPU, what its arithmetic says."""

import os
import subprocess
import unittest

MASK = (1 << 64) - 1
LAYERS, BUFFERS, SLOTS = 14, 16, 512 * 256


def weights(words, layer):
    seed = 0x9e3779b97f4a7c15 + layer
    for _ in range(words):
        seed ^= seed >> 12
        seed ^= seed << 25 & MASK
        seed ^= seed >> 27
        yield seed * 0x2545f4914f6cdd1d & MASK


def fill(words, seed):
    for i in range(words):
        x = (i + seed) * 0x9e3779b97f4a7c15 & MASK
        yield x ^ x >> 29


def mix(data, layer):
    for word, weight, following in zip(data, layer, data[1:] + data[:1]):
        x = ((word ^ weight) * 0xff51afd7ed558ccd + following) & MASK
        yield x ^ x >> 33


def reduce(data):
    total = 0
    for slot in range(SLOTS):
        part = slot
        for word in data[slot::SLOTS]:
            part = (part ^ word) * 0x100000001b3 & MASK
        total = (total * 0x100000001b3 + part) & MASK
    return total


def checksum(size, passes):
    words = size // BUFFERS // 8
    layers = [list(weights(words, i)) for i in range(LAYERS)]
    result = 1
    for _ in range(passes):
        data = list(fill(words, result))
        for layer in layers:
            data = list(mix(data, layer))
        result = reduce(data)
    return "%016x" % result


class Overflow(unittest.TestCase):
    def call(self, *words, **variables):
        environment = dict(os.environ, **variables)
        return subprocess.run([os.environ["TEST_OVERFLOW"], *words], text=True,
                              env=environment, capture_output=True, timeout=60)

    def checksum(self, *words, **variables):
        result = self.call(*words, **variables)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result)
        lines = dict(line.split(None, 1) for line in result.stdout.splitlines())
        self.assertGreater(float(lines["milliseconds"]), 0)
        return lines["checksum"]

    def test_checksums(self):
        for size, passes in (("64k", 1), ("100000", 1), ("1m", 3)):
            scale = 1024 ** " km".find(size[-1]) if size[-1] in "km" else 1
            expected = checksum(int(size.rstrip("km")) * scale, passes)
            self.assertEqual(self.checksum("--size", size, "--passes",
                                           str(passes)), expected)

    def test_every_order_gives_the_same(self):
        seen = {self.checksum("--size=1m", GREENBOOST_SIM_SEED=str(seed))
                for seed in range(8)}
        self.assertEqual(len(seen), 1)

    def test_too_large_ends_with_out_of_memory(self):
        result = self.call("--size=256m", GREENBOOST_SIM_VRAM="128m")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"^overflow: cuMemAlloc: \w+ \(2\)\n$")

    def test_info(self):
        result = self.call("--info")
        self.assertEqual(result.returncode, 0)
        lines = dict(line.split(None, 1) for line in result.stdout.splitlines())
        self.assertGreater(float(lines["copy-gb/s"]), 0)
        self.assertGreater(float(lines["direct-gb/s"]), 0)

    def test_no_driver(self):
        if subprocess.run(["sh", "-c", "ldconfig -p | grep -q 'libcuda.so.1'"],
                          check=False).returncode == 0:
            self.skipTest("this machine has a driver")
        result = self.call(LD_LIBRARY_PATH="")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no CUDA driver", result.stderr)

    def test_nonsense(self):
        for words in (["--size=lots"], ["--size=6x"], ["--size=1"], ["more"],
                      ["--passes=0"], ["--gpu=-1"], ["--gpu=99"]):
            result = self.call(*words)
            self.assertEqual(result.returncode, 1, words)
            self.assertEqual(result.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
