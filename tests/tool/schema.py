# SPDX-License-Identifier: GPL-2.0-only
"""The JSON forms are what docs/status.schema.json says, and it names all of it."""

import json
import os
import re
import unittest

from tree import FIELDS, PagesTest

with open(os.environ["TEST_SCHEMA"]) as file:
    SCHEMA = json.load(file)

TYPES = {"object": dict, "array": list, "string": str, "null": type(None),
         "integer": int, "number": (int, float)}
KNOWN = {"$schema", "$defs", "$ref", "title", "description", "type", "required",
         "properties", "additionalProperties", "items", "maxItems", "const",
         "oneOf", "minimum", "maximum", "pattern"}


def errors(value, schema, at="$"):
    """What of @value breaks @schema, of the part of JSON Schema that it uses."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        yield from errors(value, SCHEMA["$defs"][name], at)
    if "oneOf" in schema:
        fitting = [each for each in schema["oneOf"]
                   if not list(errors(value, each, at))]
        if len(fitting) != 1:
            yield "%s fits %d of oneOf" % (at, len(fitting))
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and (isinstance(value, bool) or
                  not any(isinstance(value, TYPES[kind]) for kind in kinds)):
        yield "%s is no %s" % (at, " or ".join(kinds))
    if "const" in schema and value != schema["const"]:
        yield "%s is not %r" % (at, schema["const"])
    if isinstance(value, (int, float)) and not (
            schema.get("minimum", value) <= value <= schema.get("maximum", value)):
        yield "%s is out of range" % at
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield "%s has not the pattern" % at
    if isinstance(value, dict):
        yield from errors_of_object(value, schema, at)
    if isinstance(value, list):
        if len(value) > schema.get("maxItems", len(value)):
            yield "%s has too many" % at
        for i, each in enumerate(value):
            yield from errors(each, schema.get("items", {}), "%s[%d]" % (at, i))


def errors_of_object(value, schema, at):
    for name in schema.get("required", []):
        if name not in value:
            yield "%s has no %s" % (at, name)
    known = schema.get("properties", {})
    for name, each in value.items():
        other = schema.get("additionalProperties", {})
        yield from errors(each, known.get(name, other), "%s.%s" % (at, name))


class Schema(PagesTest):
    def output(self, *words):
        result = self.call(*words)
        self.assert_succeeds(result)
        return json.loads(result.stdout)

    def assert_fits(self, value):
        self.assertEqual(list(errors(value, SCHEMA)), [])

    def test_the_schema_uses_what_is_checked_here(self):
        def walk(schema, is_schema=True):
            if is_schema:
                self.assertLessEqual(set(schema), KNOWN)
            for name, each in schema.items():
                if isinstance(each, dict):
                    walk(each, name not in ("properties", "$defs"))
        walk(SCHEMA)

    def test_what_is_broken_is_found(self):
        for broken in ({}, {"version": 2, "memory": None, "hidden": 0,
                        "processes": []},
                       {"version": 1, "memory": {}, "hidden": 0, "processes": []},
                       {"version": 1, "memory": None, "hidden": 0,
                        "processes": [{"pid": 0}]},
                       {"version": 1, "memory": None, "hidden": -1,
                        "processes": []},
                       {"version": 1, "memory": None, "processes": []}):
            self.assertNotEqual(list(errors(broken, SCHEMA)), [], broken)

    def test_nothing(self):
        self.assert_fits(self.output("status", "--json"))

    def test_a_process(self):
        self.page(*self.live())
        for words in (["status", "--json"], ["top", "--json"]):
            value = self.output(*words)
            self.assert_fits(value)
            self.assertEqual(len(value["processes"][0]["devices"]), 1)

    def test_a_process_without_a_gpu(self):
        self.edit(self.page(*self.live()), 20, bytes(4))
        self.assert_fits(self.output("status", "--json"))

    def test_a_process_that_does_not_know(self):
        path = self.page(*self.live())
        with open(path, "rb") as file:
            at = file.read().index((64 << 30).to_bytes(8, "little"))
        self.edit(path, at, b"\xff" * 8)
        self.assert_fits(self.output("status", "--json"))

    def test_a_summary(self):
        path = os.path.join(self.top, "s.json")
        self.call("run", "--summary=" + path, "true")
        with open(path) as file:
            self.assert_fits(json.load(file))

    def test_every_value_is_in_the_schema(self):
        """A new row of tool/fields.def has to be added to it, before "map"."""
        self.assertEqual(SCHEMA["$defs"]["device"]["required"],
                         ["index", "name", *FIELDS, "map", "busiest"])

    def test_every_member_is_in_the_schema(self):
        self.page(*self.live())
        value = self.output("status", "--json")
        process, = value["processes"]
        device, = process["devices"]
        for name, seen in (("memory", value["memory"]), ("process", process),
                           ("device", device), ("map", device["map"])):
            self.assertEqual(list(seen), SCHEMA["$defs"][name]["required"])


if __name__ == "__main__":
    unittest.main()
