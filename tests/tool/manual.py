# SPDX-License-Identifier: GPL-2.0-only
"""The manual names what the command knows. Settings and values need no look: they
are put into it from their tables."""

import os
import re
import unittest

from tree import FIELDS, MAKE_PAGE, ToolTest



def manual(page):
    with open(os.path.join(os.environ["TEST_MANUAL"], page + ".1.scd")) as file:
        return file.read()


class Manual(ToolTest):
    def assert_has(self, page, word):
        self.assertRegex(manual(page), r"(?<![\w-])%s(?![\w-])" % re.escape(word))

    def commands(self):
        usage = self.call("--help").stdout
        return re.findall(r"^  (\w+) ", usage.split("Commands:")[1], re.M)[:-1]

    def test_commands(self):
        self.assertGreater(len(self.commands()), 6)
        for command in self.commands():
            self.assert_has("greenboost", "*greenboost %s*" % command)

    def test_each_command_with_options_has_a_page(self):
        for command in self.commands():
            usage = self.call("help", command).stdout
            if "Options:" not in usage:
                continue
            page = "greenboost-" + command
            self.assertTrue(manual(page).startswith(page + "(1)\n"))
            self.assert_has("greenboost", "*%s*(1)" % page)
            self.assert_has(page, "# EXIT STATUS")

    def test_options(self):
        settings = {"--" + name for name in re.findall(
            r'^GB_OPTION\(\w+, \w+, "([\w-]+)"', self.table(), re.M)}
        self.assertGreater(len(settings), 8)
        for command in self.commands():
            usage = self.call("help", command).stdout
            options = set(re.findall(r"^  (--[\w-]+)", usage, re.M)) - settings
            for option in options if command != "env" else ():
                if option != "--help" or command != "run":
                    self.assert_has("greenboost-" + command, option)

    def table(self):
        path = os.path.join(os.environ["TEST_MANUAL"], "../common/options.def")
        with open(path) as file:
            return file.read()

    def page(self):
        pid = os.getpid()
        with open("/proc/self/stat") as file:
            ticks = file.read().rsplit(")", 1)[1].split()[19]
        os.spawnl(os.P_WAIT, MAKE_PAGE, MAKE_PAGE,
                  os.path.join(self.pages, "%d.stats" % pid), str(pid), ticks)

    def test_columns(self):
        self.page()
        for heading in self.call("status").stdout.split("\n")[0].split():
            self.assert_has("greenboost-status", heading)

    def test_members(self):
        self.page()
        members = re.findall(r'"(\w+)":', self.call("status", "--json").stdout)
        self.assertGreater(len(members), 20)
        for member in set(members) - set(FIELDS):
            self.assert_has("greenboost-status", "*%s*" % member)

    def test_values_come_from_their_table(self):
        self.assert_has("greenboost-status", "@FIELDS@")


if __name__ == "__main__":
    unittest.main()
