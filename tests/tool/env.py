# SPDX-License-Identifier: GPL-2.0-only
"""`greenboost env` prints what a POSIX shell can evaluate, whatever the values."""

import json
import os
import subprocess
import sys
import unittest

from tree import ToolTest


class Env(ToolTest):
    def evaluate(self, *options, **variables):
        result = self.call("env", *options, **variables)
        self.assert_succeeds(result)
        script = ('eval "$1"; unset LD_AUDIT; exec "$2" -c '
                  '"import json, os; print(json.dumps(dict(os.environ)))"')
        shell = subprocess.run(["sh", "-c", script, "sh", result.stdout,
                                sys.executable], env=self.environment,
                               capture_output=True, text=True, timeout=30)
        self.assertEqual(shell.returncode, 0, shell)
        return json.loads(shell.stdout)

    def test_values_survive_the_shell(self):
        for value in ("a b", "'", "''", "$(false)", "`false`", "\\", "\"", "a\nb",
                      "$HOME", "!x", "*", ";false", "#", "é"):
            log = os.path.join(self.top, value.replace("/", ""))
            seen = self.evaluate("--log-file", log, "--vram=6g")
            self.assertEqual(seen["GREENBOOST_LOG_FILE"], log)
            self.assertEqual(seen["GREENBOOST_VRAM"], "6g")
            self.assertEqual(seen["LD_PRELOAD"], self.library)

    def test_only_what_was_asked_for(self):
        result = self.call("env")
        self.assertEqual(result.stdout,
                         "export LD_PRELOAD='%s'\n" % self.library)

    def test_each_line_is_an_export(self):
        result = self.call("env", "--sim=h200", "--audit", "--ram=1m",
                           GREENBOOST_DRIVER=None)
        names = [line.split("=")[0] for line in result.stdout.splitlines()]
        self.assertEqual(names, ["export " + name for name in (
            "LD_PRELOAD", "LD_AUDIT", "GREENBOOST_DRIVER", "LD_LIBRARY_PATH",
            "GREENBOOST_SIM_PROFILE", "GREENBOOST_RAM")])

    def test_the_same_as_run_sets(self):
        options = ["--sim=h200", "--vram=6g", "--report=physical"]
        run = self.call("run", *options, sys.executable, "-c",
                        "import json, os; print(json.dumps(dict(os.environ)))")
        by_run = json.loads(run.stdout)
        by_env = self.evaluate(*options)
        for environment in (by_run, by_env):
            for name in ("_", "PWD", "OLDPWD", "SHLVL", "LC_CTYPE"):
                environment.pop(name, None)
        self.assertEqual(by_run, by_env)


if __name__ == "__main__":
    unittest.main()
