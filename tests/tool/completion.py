# SPDX-License-Identifier: GPL-2.0-only
"""Completion: every command and option is there, and bash, zsh and fish take it,
those of them that are installed."""

import os
import re
import shutil
import subprocess
import unittest

from tree import ToolTest

COMPLETE = """
. "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_greenboost
printf '%s\\n' "${COMPREPLY[@]}"
"""


class Completion(ToolTest):
    def script(self, shell):
        result = self.call("completion", shell)
        self.assert_succeeds(result)
        return self.write("completion." + shell, result.stdout)

    def options(self):
        """Every command with its options, as the help has them."""
        usage = self.call("--help").stdout.split("Commands:")[1]
        for command in re.findall(r"^  (\w+) ", usage, re.M):
            if command != "greenboost":
                text = self.call("help", command).stdout
                yield command, re.findall(r"^  --([\w-]+)", text, re.M)

    def bash(self, *words):
        result = subprocess.run(
            ["bash", "--norc", "-c", COMPLETE, "bash", self.script("bash"),
             "greenboost", *words], capture_output=True, text=True, timeout=30,
            cwd=self.top)
        self.assertEqual((result.returncode, result.stderr), (0, ""), words)
        return result.stdout.split("\n")[:-1]

    def test_every_option_is_in_every_script(self):
        seen = 0
        for shell, form in (("bash", "--%s"), ("zsh", "'--%s"), ("fish", " -l %s ")):
            with open(self.script(shell)) as file:
                text = file.read()
            for command, options in self.options():
                self.assertIn(command, text)
                for option in options:
                    self.assertIn(form % option, text, (shell, command))
                    seen += 1
        self.assertGreater(seen, 100)

    @unittest.skipUnless(shutil.which("bash"), "no bash")
    def test_bash_offers_commands(self):
        offered = self.bash("")
        for command, _ in self.options():
            self.assertIn(command, offered)
        self.assertEqual(self.bash("st"), ["status"])
        self.assertEqual(self.bash("help", "to"), ["top"])
        self.assertEqual(self.bash("completion", "z"), ["zsh"])

    @unittest.skipUnless(shutil.which("bash"), "no bash")
    def test_bash_offers_options(self):
        for command, options in self.options():
            offered = [word.rstrip("=") for word in self.bash(command, "--")]
            if options:
                self.assertEqual(set(offered), {"--" + each for each in options})
        self.assertEqual(self.bash("top", "--on"), ["--once"])
        self.assertEqual(self.bash("run", "--vra"), ["--vram="])

    @unittest.skipUnless(shutil.which("bash"), "no bash")
    def test_bash_offers_values(self):
        # bash parts words at '='.
        self.assertEqual(self.bash("run", "--report", "=", "p"), ["physical"])
        self.assertEqual(self.bash("run", "--report", "="),
                         ["extended", "physical"])
        self.assertEqual(self.bash("run", "--report", "e"), ["extended"])
        self.assertEqual(self.bash("run", "--verify", "=", ""), ["on", "off"])
        self.assertEqual(self.bash("run", "--vram", ""), [""])
        os.mkdir(os.path.join(self.top, "a-folder"))
        self.write("a-file", "")
        self.assertEqual(sorted(self.bash("run", "--log-file", "=", "a-")),
                         ["a-file", "a-folder"])
        self.assertEqual(self.bash("status", "--runtime-dir", "a-"), ["a-folder"])
        self.assertEqual(self.bash("report", "a-fi"), ["a-file"])

    @unittest.skipUnless(shutil.which("bash"), "no bash")
    def test_bash_leaves_the_program_its_own(self):
        self.write("a-file", "")
        for words in (["--vram", "6g"], ["--vram", "=", "6g"], ["--"],
                      ["--summary"], ["--summary", "=", "x"], []):
            self.assertEqual(self.bash("run", *words, "cat", "a-f"), ["a-file"],
                             words)
            self.assertEqual(self.bash("run", *words, "cat", "--o"), [""], words)
        self.assertIn("bash", self.bash("run", "bas"))

    def test_shells_parse_it(self):
        shells = [shell for shell in ("bash", "zsh", "fish") if shutil.which(shell)]
        if not shells:
            self.skipTest("none of the shells is installed")
        for shell in shells:
            result = subprocess.run([shell, "-n", self.script(shell)],
                                    capture_output=True, text=True, timeout=30)
            self.assertEqual((result.returncode, result.stderr), (0, ""), shell)

    @unittest.skipUnless(shutil.which("zsh"), "no zsh")
    def test_zsh_loads_it(self):
        """What it defines, and that _arguments gets specifications it takes."""
        script = ('autoload -U compinit; compinit -u -d "$2"; . "$1"; '
                  'print -r -- $_comps[greenboost]')
        result = subprocess.run(["zsh", "-fc", script, "zsh", self.script("zsh"),
                                 self.top + "/dump"], capture_output=True,
                                text=True, timeout=30)
        self.assertEqual((result.returncode, result.stdout, result.stderr),
                         (0, "_greenboost\n", ""))

    @unittest.skipUnless(shutil.which("fish"), "no fish")
    def test_fish_completes(self):
        for line, expected in (("greenboost sta", "status"),
                               ("greenboost top --on", "--once"),
                               ("greenboost run --report ", "physical"),
                               ("greenboost completion ", "fish")):
            result = subprocess.run(
                ["fish", "-N", "-c", "source $argv[1]; complete -C $argv[2]",
                 self.script("fish"), line], capture_output=True, text=True,
                timeout=30, env=dict(os.environ, HOME=self.top))
            offered = [each.split("\t")[0] for each in result.stdout.split("\n")]
            self.assertIn(expected, offered, (line, result))

    def test_words_that_mean_nothing(self):
        for words in ([], ["tcsh"], ["bash", "zsh"]):
            self.assert_fails(self.call("completion", *words), 2,
                              "bash, zsh or fish")


if __name__ == "__main__":
    unittest.main()
