# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong is said in one line that tells what to do; usage errors exit 2."""

import unittest

from tree import ToolTest


class Usage(ToolTest):
    def test_version(self):
        result = self.call("--version")
        self.assert_succeeds(result)
        self.assertRegex(result.stdout, r"^greenboost \d+\.\d+\.\d+\n$")

    def test_help_names_every_command(self):
        for words in (["--help"], ["-h"], ["help"]):
            result = self.call(*words)
            self.assert_succeeds(result)
            for name in ("run", "status", "top", "report", "doctor", "predict",
                         "env", "completion", "help"):
                self.assertIn("\n  %s " % name, result.stdout)

    def test_help_of_a_command(self):
        for name in ("run", "status", "top", "report", "doctor", "predict", "env", "completion"):
            result = self.call("help", name)
            self.assert_succeeds(result)
            self.assertIn("Usage: greenboost " + name, result.stdout)
            self.assertEqual(self.call(name, "--help").stdout, result.stdout)
            self.assertEqual(self.call(name, "-h").stdout, result.stdout)
            for line in result.stdout.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_no_argument_is_status(self):
        result = self.call()
        self.assert_succeeds(result)
        self.assertEqual(result.stdout, self.call("status").stdout)

    def test_words_that_mean_nothing(self):
        for words, fragment in (
                (["frobnicate"], "greenboost run -- frobnicate"),
                (["--frobnicate"], "greenboost --help"),
                (["-x"], "greenboost --help"),
                ([""], "no command ''"),
                (["help", "frobnicate"], "greenboost --help"),
                (["help", "run", "env"], "greenboost --help"),
                (["status", "--frobnicate"], "greenboost help status"),
                (["status", "4711"], "greenboost help status"),
                (["status", "--watch=0"], "0.1 to 86400"),
                (["status", "--watch=nan"], "0.1 to 86400"),
                (["status", "--watch="], "0.1 to 86400"),
                (["status", "--runtime-dir"], "greenboost help status"),
                (["env", "ls"], "greenboost run -- ls"),
                (["env", "--summary"], "greenboost run")):
            self.assert_fails(self.call(*words), 2, fragment)

    def test_options_that_mean_nothing(self):
        for words, fragment in (
                ([], "greenboost run [options] -- command"),
                (["--"], "greenboost run [options] -- command"),
                (["--vram", "6g"], "greenboost run [options] -- command"),
                (["--frobnicate", "ls"], "--frobnicate"),
                (["--vra=6g", "ls"], "--vra"),
                (["--=6g", "ls"], "no option"),
                (["-v", "6g", "ls"], "-v"),
                (["-", "ls"], "no option -"),
                (["--vram"], "needs a value"),
                (["--audit=maybe", "ls"], "on or off"),
                (["--sim=", "ls"], "profile"),
                (["--summary=", "ls"], "file")):
            self.assert_fails(self.call("run", *words), 2, fragment)

    def test_values_that_mean_nothing(self):
        for value in ("", "lots", "-1", "6x", "6 g", "1e9", "0x10", "1.5"):
            for words in (["--vram=" + value], ["--vram", value]):
                self.assert_fails(self.call("run", *words, "ls"), 2,
                                  "--vram=" + value, "6g")
        for option, fragment in (("--vram=99999999t", "too large"),
                                 ("--threads=0", "1 to 64"),
                                 ("--threads=65", "1 to 64"),
                                 ("--threads=many", "1 to 64"),
                                 ("--report=both", "extended|physical"),
                                 ("--log=loud", "off|error|warn|info|debug"),
                                 ("--enable=maybe", "on or off")):
            for command in (["run", option, "ls"], ["env", option]):
                self.assert_fails(self.call(*command), 2, option, fragment)

    def test_a_bad_variable_is_named(self):
        result = self.call("run", "true", GREENBOOST_VRAM="lots")
        self.assert_fails(result, 2, "GREENBOOST_VRAM=lots", "6g")

    def test_an_option_stands_above_a_bad_variable(self):
        result = self.call("run", "--vram=1g", "true", GREENBOOST_VRAM="lots")
        self.assert_succeeds(result)

    def test_an_unknown_variable_is_a_warning(self):
        result = self.call("run", "true", GREENBOOST_VARM="6g",
                           GREENBOOST_SIM_SEED="1")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stderr.count("\n"), 1)
        self.assertIn("no setting GREENBOOST_VARM;", result.stderr)

    def test_control_characters_do_not_reach_the_terminal(self):
        result = self.call("run", "true", GREENBOOST_VRAM="\033[2J\n%s%n")
        self.assert_fails(result, 2, "GREENBOOST_VRAM=?[2J?%s%n")

    def test_budgets_that_cannot_be(self):
        self.assert_fails(self.call("run", "--ram=1000000t", "true"), 2,
                          "--ram", "more than this machine")
        self.assert_fails(self.call("run", "true", GREENBOOST_RAM="1000000t"),
                          2, "GREENBOOST_RAM", "more than this machine")
        self.assert_fails(self.call("run", "--ram=0", "--vram=0", "true"), 2,
                          "zero")

    def test_a_budget_of_zero_is_a_warning(self):
        for option, fragment in (("--vram=0", "slow"),
                                 ("--ram=0", "out-of-memory")):
            result = self.call("run", option, "echo", "ran")
            self.assertEqual((result.returncode, result.stdout), (0, "ran\n"))
            self.assertEqual(result.stderr.count("\n"), 1)
            self.assertIn(option[:-2], result.stderr)
            self.assertIn(fragment, result.stderr)

    def test_paths_that_cannot_be(self):
        self.assert_fails(self.call("run", "--driver=/no/libcuda.so.1", "true"),
                          2, "--driver=/no/libcuda.so.1", "libcuda.so.1")
        self.assert_fails(self.call("run", "--sim=/no/profile", "true"), 2,
                          "--sim: /no/profile", "no such file")
        for command in "run", "env", "doctor":
            self.assert_fails(self.call(command, "--sim=nosuch"), 2, "nosuch",
                              "no such profile")
        self.assert_fails(self.call("doctor", "--sim=/etc/passwd"), 2, "/etc/passwd:1")
        self.assert_fails(self.call("run", "--log-file=/no/log", "true"), 2,
                          "--log-file=/no/log", "can be written")

    def test_an_unusable_runtime_directory_is_a_warning(self):
        for place in ("/no/where", "relative", "/dev/null"):
            result = self.call("run", "echo", "ran",
                               GREENBOOST_RUNTIME_DIR=place)
            self.assertEqual((result.returncode, result.stdout), (0, "ran\n"))
            self.assertEqual(result.stderr.count("\n"), 1)
            self.assertIn(place, result.stderr)


if __name__ == "__main__":
    unittest.main()
