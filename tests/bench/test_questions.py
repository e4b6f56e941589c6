# SPDX-License-Identifier: GPL-2.0-only
"""The clients answer all that their made-up double answers.

The rehearsal asks the double; a question that only the double knows would be
found out on a GPU.
"""

import ast
import inspect
import pathlib
import re
import unittest

import common  # noqa: F401
from acceptance import fake, settings, variants

CLIENTS = pathlib.Path(__file__).resolve().parents[2] / "bench" / "clients"


class Questions(unittest.TestCase):
    def test_the_clients_know_what_their_double_knows(self):
        known = set()
        for client in fake.WORKERS:
            text = (CLIENTS / (client + ".py")).read_text()
            for listed in re.findall(r"names \+?= \[(.*?)\]", text, re.S):
                known |= set(re.findall(r'"(\w+)"', listed))
            served = re.search(r"worker\.serve\((.*)\)", text, re.S)
            known |= set(re.findall(r'"(\w+)":', served.group(1)))
        self.assertEqual(set(fake.Fake(None).commands()) - known, set())

    def test_and_take_what_it_takes(self):
        """Every argument that the double has, its client's function has, too."""
        told = {}
        for client in fake.WORKERS:
            tree = ast.parse((CLIENTS / (client + ".py")).read_text())
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef):
                    names = {argument.arg for argument in node.args.args}
                    told.setdefault(node.name, set()).update(names)
        for name, function in fake.Fake(None).commands().items():
            wanted = set(inspect.signature(function).parameters)
            self.assertEqual(wanted - told[name], set(), name)

    def test_every_worker_s_client_is_there(self):
        for variant in variants.table(settings.Settings()).values():
            self.assertTrue((CLIENTS / (variant.client + ".py")).is_file())
            self.assertIn(variant.client, fake.WORKERS)


if __name__ == "__main__":
    unittest.main()
