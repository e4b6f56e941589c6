# SPDX-License-Identifier: GPL-2.0-only
"""The list of rows: a row is a function that measures and adds figures.

Row modules register theirs with @row; the order of registration is the order of
the run, chosen so that workers (a minute of start each) are shared by
neighbours.
"""

from dataclasses import dataclass
from typing import Callable

from . import figures
from .process import ClientError


class Skip(Exception):
    """A row that cannot be measured on this machine, with the reason."""


@dataclass
class Row:
    name: str
    title: str
    function: Callable
    workers: tuple  # variants that it asks
    timed: bool  # nothing else may run beside it
    together: bool  # may run beside other rows of this kind
    limit: float  # seconds that it may take, its workers' start included


LIMIT = 300
table = []


def row(name, title, workers=(), timed=False, together=False, limit=LIMIT):
    def register(function):
        workers_ = tuple(workers)
        table.append(Row(name, title, function, workers_, timed, together, limit))
        return function

    return register


class Report:
    """Where a row puts its figures, as it gets them."""

    def __init__(self, results, entry):
        self.results = results
        self.entry = entry

    def figure(self, name, title, unit, runs, target=None, note=""):
        made = figures.figure(name, title, unit, runs, target, note)
        self.results.add(self.entry, made)

    def fact(self, name, title, runs, target=figures.TRUE, note=""):
        made = figures.fact(name, title, runs, target, note)
        self.results.add(self.entry, made)

    def detail(self, name, value):
        self.entry["details"][name] = value


def need(condition, what):
    """For what must hold before a figure means anything."""
    if not condition:
        raise ClientError(what)
