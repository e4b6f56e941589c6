# SPDX-License-Identifier: GPL-2.0-only
"""The results file: written anew after every row, so that none is ever lost."""

import json
import os
import re
import threading

FORMAT = 1


LIST = re.compile(r"\[\n\s+([^\[\]{}]*?)\n\s+\]")


def text_of(document):
    """JSON for people and for git: indented, a list of plain values on one line."""
    text = json.dumps(document, indent=1)
    return LIST.sub(lambda m: "[" + re.sub(r"\n\s+", " ", m[1]) + "]", text) + "\n"


class Results:
    """@rows are those of an earlier part of the same acceptance."""

    def __init__(self, path, head, rows=()):
        self.path = path
        self.lock = threading.Lock()
        self.document = {"format": FORMAT, **head, "rows": list(rows)}
        self.save()

    def save(self):
        """Never leaves half a file: written beside, then put in place."""
        beside = self.path + ".part"
        with open(beside, "w") as out:
            out.write(text_of(self.document))
        os.replace(beside, self.path)

    def begin(self, name, title):
        """A new row, which the caller fills; end() stores it."""
        row = {
            "name": name,
            "title": title,
            "status": "running",
            "error": "",
            "seconds": None,
            "figures": [],
            "details": {},
        }
        with self.lock:
            rows = self.document["rows"]
            rows[:] = [other for other in rows if other["name"] != name] + [row]
            self.save()
        return row

    def add(self, row, figure):
        with self.lock:
            row["figures"].append(figure)
            self.save()

    def end(self, row, status, seconds=None, error=""):
        with self.lock:
            row.update(status=status, seconds=seconds, error=error)
            self.save()

    def update(self, **members):
        with self.lock:
            self.document.update(members)
            self.save()


def load(path):
    """The document in @path; ValueError says what is wrong with it."""
    with open(path) as file:
        document = json.load(file)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"{path} is no results file of format {FORMAT}")
    return document
