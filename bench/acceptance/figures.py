# SPDX-License-Identifier: GPL-2.0-only
"""A figure: what was measured, its spread, its target, and whether it was met."""

import statistics


class Target:
    """@relation is "at least", "below" or "is"; @source says where it is from."""

    TESTS = {
        "at least": lambda measured, value: measured >= value,
        "below": lambda measured, value: measured < value,
        "is": lambda measured, value: measured == value,
    }

    def __init__(self, relation, value, source=""):
        self.relation = relation
        self.value = value
        self.source = source

    def met_by(self, measured):
        return self.TESTS[self.relation](measured, self.value)

    def as_json(self):
        return {"relation": self.relation, "value": self.value, "source": self.source}


def at_least(value, source=""):
    return Target("at least", value, source)


def below(value, source=""):
    return Target("below", value, source)


TRUE = Target("is", True)


def figure(name, title, unit, runs, target=None, note=""):
    """A number with its individual runs; it is judged by their median."""
    runs = list(runs)
    if not runs:
        raise ValueError(f"figure {name} has no runs")
    median = statistics.median(runs)
    return {
        "name": name,
        "title": title,
        "unit": unit,
        "runs": runs,
        "median": median,
        "min": min(runs),
        "max": max(runs),
        "target": target.as_json() if target else None,
        "met": bool(target.met_by(median)) if target else None,
        "note": note,
    }


def fact(name, title, runs, target=TRUE, note=""):
    """Something that is so or is not; it holds when every run says so."""
    runs = [bool(run) for run in runs]
    if not runs:
        raise ValueError(f"fact {name} has no runs")
    return {
        "name": name,
        "title": title,
        "unit": "yes or no",
        "runs": runs,
        "median": all(runs),
        "min": all(runs),
        "max": any(runs),
        "target": target.as_json() if target else None,
        "met": bool(target.met_by(all(runs))) if target else None,
        "note": note,
    }
