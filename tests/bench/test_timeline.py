# SPDX-License-Identifier: GPL-2.0-only
"""What is said of a stream's work is what its pieces come to."""

import os
import sys
import unittest

import common

sys.path.insert(0, os.path.join(common.BENCH, "clients"))

import timeline  # noqa: E402
import worker  # noqa: E402

US = 1000


class Timeline(unittest.TestCase):
    def test_a_stream(self):
        events = [
            ("b", 7, 30 * US, 10 * US),  # 5 us behind the two before
            ("a", 7, 10 * US, 10 * US),
            ("a", 7, 15 * US, 10 * US),  # beside the first
            ("b", 7, 140 * US, 20 * US),
            ("copy", 9, 0, 400 * US),
        ]
        busiest, other = timeline.summary(events)
        self.assertEqual((busiest["stream"], busiest["count"]), (9, 1))
        self.assertEqual(busiest["gaps"], [[n, 0, 0] for n in (2, 5, 20, 100, 1000, None)])
        self.assertAlmostEqual(other["busy_ms"], 0.045)
        self.assertAlmostEqual(other["ms"], 0.15)
        counts = {most: count for most, count, _ in other["gaps"]}
        self.assertEqual(counts, {2: 0, 5: 0, 20: 1, 100: 0, 1000: 1, None: 0})
        self.assertEqual(
            [[round(ms, 6) for ms in gap[:2]] + gap[2:] for gap in other["longest_gaps"]],
            [[0.1, 0.04, "b"], [0.005, 0.025, "b"]],
        )
        self.assertEqual([line[:2] for line in other["names"]], [["b", 2], ["a", 2]])
        self.assertEqual(timeline.summary([]), [])

    def test_any_command_of_a_client(self):
        timeline.taken, taken = (lambda function: {"seen": function()}), timeline.taken
        self.addCleanup(setattr, timeline, "taken", taken)
        commands = {"add": lambda a, b: a + b}
        request = {"do": "timeline", "of": {"do": "add", "a": 1, "b": 2}}
        reply = worker.answer(commands, request)
        self.assertEqual(reply, {"ok": True, "result": {"seen": 3}})
        self.assertFalse(worker.answer(commands, {"do": "timeline"})["ok"])


if __name__ == "__main__":
    unittest.main()
