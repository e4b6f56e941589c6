# SPDX-License-Identifier: GPL-2.0-only
"""A figure is judged by its median, and keeps every run."""

import unittest

import common  # noqa: F401
from acceptance import bounds, figures, rows_model, rows_right, rows_speed, settings


class Figures(unittest.TestCase):
    def test_median_and_spread(self):
        made = figures.figure("n", "t", "s", [3.0, 1.0, 2.0, 9.0])
        self.assertEqual((made["median"], made["min"], made["max"]), (2.5, 1.0, 9.0))
        self.assertEqual(made["runs"], [3.0, 1.0, 2.0, 9.0])
        self.assertIsNone(made["met"])

    def test_targets_are_judged_by_the_median(self):
        runs = [0.98, 0.99, 1.5]
        self.assertTrue(
            figures.figure("n", "t", "x", runs, figures.at_least(0.99))["met"]
        )
        self.assertFalse(
            figures.figure("n", "t", "x", runs, figures.at_least(1.0))["met"]
        )
        self.assertFalse(
            figures.figure("n", "t", "ns", [100], figures.below(100))["met"]
        )

    def test_a_fact_holds_when_every_run_says_so(self):
        self.assertTrue(figures.fact("n", "t", [True, True])["met"])
        self.assertFalse(figures.fact("n", "t", [True, False])["met"])

    def test_nothing_measured_is_no_figure(self):
        with self.assertRaises(ValueError):
            figures.figure("n", "t", "s", [])
        with self.assertRaises(ValueError):
            figures.fact("n", "t", [])


class Known:
    """A context that knows the answers."""

    def __init__(self, answer, rates):
        self.answer, self.rates = answer, rates

    def ask(self, *_, **__):
        return self.answer

    def link(self):
        return self.rates


class Arithmetic(unittest.TestCase):
    RATES = {"read_link": [50e9], "read_device": [4000e9]}

    def test_where_memory_lives_is_told_by_the_time_of_reading(self):
        size = 1 << 28
        near, far = size / 4000, size / 50  # ns
        for share in (0.0, 0.25, 1.0):
            elapsed = near + share * (far - near)
            self.assertAlmostEqual(bounds.in_ram(elapsed, size, self.RATES), share)
        self.assertEqual(bounds.in_ram(0, size, self.RATES), 0)
        self.assertEqual(bounds.in_ram(10 * far, size, self.RATES), 1)

    def test_the_bound_is_the_longer_of_computing_and_the_link(self):
        rate = 50e9
        self.assertEqual(bounds.bound(0.2, 5e9, rate), 0.2)
        self.assertEqual(bounds.bound(0.05, 5e9, rate), 0.1)
        shares = bounds.shares([0.05, 0.4], [0.125, 0.5], 5e9, rate)
        self.assertAlmostEqual(shares[0], 0.1 / 0.125)
        self.assertAlmostEqual(shares[1], 0.4 / 0.5)
        self.assertEqual(bounds.ratios([1.0, 3.0], [2.0, 2.0]), [0.5, 1.5])

    def test_only_the_embedding_table_is_left_out_of_what_crosses(self):
        size = 1 << 30
        sweep = [
            ["model.embed_tokens.weight", size, size / 50],
            ["lm_head.weight", size, size / 50],
        ]
        found = rows_model.embedding_in_ram(Known(sweep, self.RATES), "over-uploaded")
        self.assertAlmostEqual(found, size)

    def test_a_smaller_model_has_smaller_companions(self):
        full, less = settings.Settings(), settings.Settings(layers=8, budget="2g")
        self.assertEqual(full.gemm_matrices, 96)
        self.assertEqual(less.gemm_matrices, 24)
        for made in (full, less):
            budget = settings.bytes_of(made.budget)
            matrices = made.gemm_matrices * (128 << 20)
            self.assertTrue(1.2 * budget <= matrices <= 2.2 * budget)

    def test_rates_of_the_parts(self):
        size = 1 << 28
        buffers = [
            {
                "allocate_ns": 1,
                "first_ns": size - 1,
                "again_ns": size / 10,
                "read_ns": r,
            }
            for r in (size / 50, size / 4000)
        ]
        first, again = rows_speed.part_rates(
            [{"buffers": buffers}], size, self.RATES, lambda share: share > 0.9
        )
        self.assertAlmostEqual(first[0], 1.0)
        self.assertAlmostEqual(again[0], 10.0)

    def test_middle(self):
        self.assertEqual(bounds.middle([5, 1, 3]), 3)
        self.assertEqual(bounds.middle([4, 1, 3, 2]), 2.5)

    def test_the_reference_of_one_gpu_judges_no_other(self):
        other = settings.Settings(layers=8)
        self.assertIsNone(rows_model.prefill_target(8192, other))
        self.assertIsNone(rows_model.prefill_target(512, settings.Settings()))

    def test_dead_logits_are_not_healthy(self):
        one = {"finite": True, "deviation": 1.0, "sha256": "a"}
        self.assertTrue(rows_right.healthy([one, {**one, "sha256": "b"}]))
        self.assertFalse(rows_right.healthy([one, one]))
        self.assertFalse(rows_right.healthy([{**one, "finite": False}]))
        self.assertFalse(rows_right.healthy([{**one, "deviation": 0.0}]))


if __name__ == "__main__":
    unittest.main()
