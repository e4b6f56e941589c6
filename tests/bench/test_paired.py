# SPDX-License-Identifier: GPL-2.0-only
"""Work in turn: who is asked when, what counts, what a difference costs."""

import unittest

import common  # noqa: F401
from acceptance import paired
from acceptance.process import ClientError

WORKERS = {"vram": "plain-x", "staged": "over-x", "direct": "direct-x"}


class Context:
    """Workers that answer at once, and a page that counts what they staged."""

    def __init__(self, sha=None):
        self.asked = []
        self.staged = 0
        self.sha = sha or {}

    def ask(self, name, do, timeout=0, **arguments):
        self.asked.append((name, arguments["warm_up"]))
        self.staged += 5 * (name == "over-x")
        sha = self.sha.get(name, "same")
        return {"seconds": [len(self.asked)], "sha256": sha, "alive": sha != "dead"}

    def page(self, name):
        staged = self.staged if name == "over-x" else 0
        return {"devices": [{"ram_used": 7, "staged": staged, "stage_hits": None}]}


class Report:
    def __init__(self):
        self.figures, self.details = {}, {}

    def figure(self, name, title, unit, runs, target=None, note=""):
        self.figures[name] = list(runs)

    def fact(self, name, title, runs, note=""):
        self.figures[name] = list(runs)

    def detail(self, name, value):
        self.details[name] = value


class Turns(unittest.TestCase):
    def test_everyone_comes_first_in_turn(self):
        context = Context()
        replies = paired.take_turns(context, WORKERS, "work", 4)
        names = [name for name, _ in context.asked[paired.LEAST :]]
        forward = list(WORKERS.values())
        self.assertEqual(names, (forward[::-1] + forward) * 2)
        self.assertEqual({way: len(runs) for way, runs in replies.items()}["direct"], 4)

    def test_only_the_first_run_is_warmed_up_for(self):
        context = Context()
        paired.take_turns(context, WORKERS, "work", 2)
        self.assertEqual(sorted(warm_up for _, warm_up in context.asked)[:3], [0, 0, 0])
        self.assertIn(("plain-x", 1), context.asked)
        self.assertEqual(context.asked[: paired.LEAST], [("over-x", 0)] * paired.LEAST)
        context = Context()
        paired.take_turns(context, WORKERS, "work", 2, warm_up=3)
        self.assertEqual({warm_up for _, warm_up in context.asked}, {3})

    def settling(self, still):
        """Passes that do not count, where memory moves in the first @still."""
        context = Context()
        told = context.page

        def page(name):
            page = told(name)
            done = min(still, len(context.asked))
            page["devices"][0].update(moved_in=done << 28, moved_out=done << 28)
            return page

        context.page = page
        replies = paired.take_turns(context, WORKERS, "work", 2)
        self.assertNotIn("settling", replies["staged"][1])
        return len(replies["staged"][0]["settling"])

    def test_memory_finds_its_place_first(self):
        self.assertEqual(self.settling(0), paired.LEAST)
        self.assertEqual(self.settling(7), 7 + paired.QUIET)
        self.assertEqual(self.settling(1000), paired.MOST)

    def test_what_takes_long_is_run_less(self):
        context = Context()
        replies = paired.take_turns(context, WORKERS, "work", 5, few={"direct": 2})
        self.assertEqual(len(replies["direct"]), 2)
        self.assertEqual(len(replies["staged"]), 5)
        self.assertIn(("direct-x", 0), context.asked)
        self.assertNotIn(("direct-x", 1), context.asked)

    def test_what_was_copied_is_counted_run_by_run(self):
        replies = paired.take_turns(Context(), WORKERS, "work", 3)
        report = Report()
        paired.copied(report, "key", "title", replies)
        self.assertEqual(report.figures["key-copied"], [5e-9] * 3)
        self.assertEqual(report.details["key-counted"][0]["stage_hits"], 0)
        self.assertNotIn("counted", replies["vram"][0])


class Results(unittest.TestCase):
    def agree(self, sha=None):
        report = Report()
        replies = paired.take_turns(Context(sha), WORKERS, "work", 2)
        try:
            paired.agree(report, "key", "a title", replies)
        finally:
            self.same = report.figures.get("key-same")

    def test_the_same(self):
        self.agree()
        self.assertEqual(self.same, [True] * (6 + paired.LEAST))

    def test_another_result_is_told_and_ends_the_row(self):
        with self.assertRaisesRegex(ClientError, "other results .* staging off"):
            self.agree({"direct-x": "other"})
        self.assertEqual(self.same.count(False), 2)

    def test_dead_results_agree_on_nothing(self):
        with self.assertRaisesRegex(ClientError, "all alike or not finite"):
            self.agree({name: "dead" for name in WORKERS.values()})

    def test_staging_where_it_is_off_ends_the_row(self):
        context = Context()
        context.page = lambda name: {"devices": [{"ram_used": 7, "staged": 1}]}
        with self.assertRaisesRegex(ClientError, "with staging off"):
            paired.looked_at(context, Report(), WORKERS)

    def test_no_overflow_is_no_row(self):
        context = Context()
        self.assertEqual(paired.held(context, WORKERS), 7)
        context.page = lambda name: {"devices": [{"ram_used": 0}]}
        with self.assertRaisesRegex(ClientError, "did not overflow"):
            paired.held(context, WORKERS)

    def test_ratios_are_of_neighbours(self):
        report = Report()
        replies = {
            "vram": [{"seconds": [1.0]}, {"seconds": [4.0]}],
            "staged": [{"seconds": [2.0]}, {"seconds": [5.0]}],
        }
        paired.against(report, "k", "vram", "t", replies)
        self.assertEqual(report.figures["k-of-vram"], [0.5, 0.8])
        paired.against_bound(report, "k", "t", replies, 150.0, 100.0, None)
        self.assertEqual(report.figures["k-bound"], [0.75, 0.8])
        paired.speeds(report, "k", "t", "tokens/s", replies, lambda s: 10 / s)
        self.assertEqual(report.figures["k"], [5.0, 2.0])
        self.assertEqual(report.figures["k-vram"], [10.0, 2.5])


if __name__ == "__main__":
    unittest.main()
