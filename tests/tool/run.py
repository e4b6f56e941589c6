# SPDX-License-Identifier: GPL-2.0-only
"""`greenboost run` becomes the program, with the library in front of the driver."""

import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

from tree import MAKE_PAGE, ToolTest

PRINT_ENVIRONMENT = ("-c", "import json, os; print(json.dumps(dict(os.environ)))")


class Run(ToolTest):
    def environment_of(self, *options, **variables):
        result = self.call("run", *options, "--", sys.executable,
                           *PRINT_ENVIRONMENT, **variables)
        self.assertEqual(result.returncode, 0, result)
        return json.loads(result.stdout)

    def test_the_library_is_preloaded(self):
        self.assertEqual(self.environment_of()["LD_PRELOAD"], self.library)

    def test_what_was_preloaded_stays(self):
        seen = self.environment_of(LD_PRELOAD="/no/a.so:/no/b.so /no/c.so")
        self.assertEqual(seen["LD_PRELOAD"],
                         self.library + ":/no/a.so:/no/b.so:/no/c.so")

    def test_the_library_is_never_preloaded_twice(self):
        old = ":".join(["/no/a.so", self.library,
                        "/old/lib/libgreenboost_cuda.so", ""])
        seen = self.environment_of(LD_PRELOAD=old)
        self.assertEqual(seen["LD_PRELOAD"], self.library + ":/no/a.so")

    def test_a_run_within_a_run(self):
        result = self.call("run", "--vram=1g", self.tool, "run", "--ram=1m",
                           sys.executable, *PRINT_ENVIRONMENT)
        seen = json.loads(result.stdout)
        self.assertEqual(seen["LD_PRELOAD"], self.library)
        self.assertEqual(seen["GREENBOOST_VRAM"], "1g")
        self.assertEqual(seen["GREENBOOST_RAM"], "1m")

    def test_options_become_variables(self):
        log = os.path.join(self.top, "a log")
        seen = self.environment_of("--vram", "6g", "--log=debug", "--log-file",
                                   log, "--threads=3", "--enable=off")
        self.assertEqual(seen["GREENBOOST_VRAM"], "6g")
        self.assertEqual(seen["GREENBOOST_LOG"], "debug")
        self.assertEqual(seen["GREENBOOST_LOG_FILE"], log)
        self.assertEqual(seen["GREENBOOST_THREADS"], "3")
        self.assertEqual(seen["GREENBOOST_ENABLE"], "off")
        self.assertNotIn("GREENBOOST_RAM", seen)

    def test_relative_paths_become_absolute(self):
        result = subprocess.run(
            [self.tool, "run", "--driver=driver/libcuda.so.1", "--log-file=log",
             "--runtime-dir", "pages", sys.executable, *PRINT_ENVIRONMENT],
            env=self.environment, cwd=self.root, capture_output=True, timeout=30)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        seen = json.loads(result.stdout)
        for name, path in (("DRIVER", "driver/libcuda.so.1"),
                           ("LOG_FILE", "log"), ("RUNTIME_DIR", "pages")):
            self.assertEqual(seen["GREENBOOST_" + name],
                             os.path.join(self.root, path))

    def test_an_option_stands_above_its_variable(self):
        seen = self.environment_of("--vram=6g", GREENBOOST_VRAM="1g",
                                   GREENBOOST_RAM="1m")
        self.assertEqual(seen["GREENBOOST_VRAM"], "6g")
        self.assertEqual(seen["GREENBOOST_RAM"], "1m")

    def test_audit(self):
        self.assertEqual(self.environment_of("--audit")["LD_AUDIT"], self.audit)
        self.assertEqual(self.environment_of("--audit=on")["LD_AUDIT"],
                         self.audit)
        self.assertNotIn("LD_AUDIT", self.environment_of("--audit=off"))

    def test_the_simulated_gpu(self):
        seen = self.environment_of("--sim=rtx5070", GREENBOOST_DRIVER=None,
                                   LD_LIBRARY_PATH="/no/lib")
        folder = os.path.dirname(self.sim)
        self.assertEqual(seen["GREENBOOST_DRIVER"], self.sim)
        self.assertEqual(seen["LD_LIBRARY_PATH"], folder + ":/no/lib")
        self.assertEqual(seen["GREENBOOST_SIM_PROFILE"], "rtx5070")
        seen = self.environment_of("--sim", GREENBOOST_DRIVER=None)
        self.assertEqual(seen["LD_LIBRARY_PATH"], folder)
        self.assertNotIn("GREENBOOST_SIM_PROFILE", seen)

    def test_arguments_pass_unchanged(self):
        words = ["-c", "import sys; print(sys.argv[1:])", "a b", "", "--vram=1g",
                 "--", "*", "'"]
        for stop in ([], ["--"]):
            result = self.call("run", *stop, sys.executable, *words)
            self.assert_succeeds(result)
            self.assertEqual(result.stdout, repr(words[2:]) + "\n")

    def test_exit_status_passes(self):
        for code in (0, 1, 2, 77, 125, 255):
            for options in ([], ["--summary=" + self.top + "/s"]):
                result = self.call("run", *options, "sh", "-c", "exit %d" % code)
                self.assertEqual((result.returncode, result.stderr), (code, ""))

    def test_death_by_a_signal_passes(self):
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV,
                       signal.SIGINT):
            for options in ([], ["--summary=" + self.top + "/s"]):
                result = self.call("run", *options, "sh", "-c",
                                   "ulimit -c 0; kill -%d $$" % number)
                self.assertEqual(result.returncode, -number, options)

    def test_the_process_is_the_programs_own(self):
        with subprocess.Popen([self.tool, "run", "sh", "-c", "echo $$"],
                              env=self.environment, stdout=subprocess.PIPE,
                              text=True) as process:
            self.assertEqual(int(process.communicate(timeout=30)[0]),
                             process.pid)

    def test_a_signal_to_the_tool_reaches_the_program(self):
        script = "trap 'exit 33' TERM; echo ready; while :; do sleep 0.05; done"
        for options in ([], ["--summary=" + self.top + "/s"]):
            with subprocess.Popen([self.tool, "run", *options, "sh", "-c", script],
                                  env=self.environment, text=True,
                                  stdout=subprocess.PIPE) as process:
                self.assertEqual(process.stdout.readline(), "ready\n")
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(timeout=30), 33, options)

    def test_standard_input_passes(self):
        for options in ([], ["--summary=" + self.top + "/s"]):
            result = subprocess.run([self.tool, "run", *options, "cat"],
                                    env=self.environment, input=b"a\0b",
                                    capture_output=True, timeout=30)
            self.assertEqual(result.stdout, b"a\0b")

    def test_no_such_program(self):
        for name in ("no-such-program", "/no/such", "./no", "", "/dev/null/x"):
            self.assert_fails(self.call("run", "--", name), 127,
                              "no program '%s'" % name)

    def test_a_program_that_cannot_be_executed(self):
        data = self.write("data", "hello", 0o644)
        wrong = self.write("wrong", "#!/no/interpreter\n", 0o755)
        self.assert_fails(self.call("run", data), 126, data)
        self.assert_fails(self.call("run", self.top), 126, "directory")
        self.assert_fails(self.call("run", wrong), 126, "interpreter")
        self.assert_fails(self.call("run", "data", PATH=self.top), 126, "data")

    def test_a_missing_library(self):
        os.remove(self.library)
        self.assert_fails(self.call("run", "true"), 125, "library", "install")
        self.assert_fails(self.call("env"), 1, "library", "install")

    def test_a_missing_simulator(self):
        os.remove(self.sim)
        self.assert_fails(self.call("run", "--sim", "true"), 125, "simulated")

    def test_a_missing_audit_library(self):
        os.remove(self.audit)
        self.assert_fails(self.call("run", "--audit", "true"), 125, "audit")

    def assert_warns(self, result, *fragments):
        self.assertEqual((result.returncode, result.stdout), (0, "ran\n"),
                         result)
        self.assertEqual(result.stderr.count("\n"), 1, result)
        self.assertTrue(result.stderr.startswith("greenboost: warning: "))
        for fragment in fragments:
            self.assertIn(fragment, result.stderr)

    def test_an_old_driver_is_a_warning(self):
        self.assert_warns(self.call("run", "echo", "ran",
                                    STUB_DRIVER_VERSION="11080"), "11.8", "12.2")

    def test_a_dead_driver_is_a_warning(self):
        self.assert_warns(self.call("run", "echo", "ran",
                                    GREENBOOST_DRIVER=self.library), "driver")

    def test_no_driver_is_a_warning(self):
        junk = self.write("libcuda.so.1", "not a library")
        self.assert_warns(self.call("run", "echo", "ran",
                                    GREENBOOST_DRIVER=junk), "no CUDA driver")

    @unittest.skipIf(os.geteuid() == 0, "root gains nothing from set-user-ID")
    def test_a_program_that_gains_rights_is_a_warning(self):
        result = self.call("run", "su", "--version")
        self.assertIn("set-user-ID", result.stderr)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("chown"),
                         "needs another user's file")
    def test_another_users_program_is_a_warning(self):
        program = os.path.join(self.top, "echo")
        shutil.copy(shutil.which("echo"), program)
        os.chown(program, 65534, -1)
        os.chmod(program, 0o4755)
        os.chmod(self.top, 0o755)
        self.assert_warns(self.call("run", program, "ran"), "set-user-ID")

    def start_ticks(self, pid):
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rsplit(")", 1)[1].split()[19]

    def test_the_summary_keeps_what_vanishes(self):
        """The program's page exists for a moment only, under a child's number."""
        script = self.write("program", """#!/bin/sh
            sh -c 'ticks=$(sed "s/.*) //" /proc/$$/stat | cut -d" " -f20)
            "$0" new $$ $ticks; mv new "$1/$$.stats"
            sleep 0.3; rm "$1/$$.stats"' "$0.page" "$GREENBOOST_RUNTIME_DIR"
            exit 5\n""", 0o755)
        shutil.copy(MAKE_PAGE, script + ".page")
        os.chmod(script + ".page", 0o755)
        for name, parse in (("s.json", json.loads), ("s.tsv", str), ("s", str)):
            path = os.path.join(self.top, name)
            result = subprocess.run([self.tool, "run", "--summary=" + path,
                                     script], env=self.environment,
                                    cwd=self.top, timeout=30)
            self.assertEqual(result.returncode, 5)
            with open(path) as file:
                text = file.read()
            parse(text)
            self.assertIn("Test GPU", text)
        self.assertEqual(os.listdir(self.pages), [])

    def test_a_summary_without_cuda_says_so(self):
        result = self.call("run", "--summary", "echo", "ran")
        self.assertEqual((result.returncode, result.stdout), (0, "ran\n"))
        self.assertIn("used no CUDA", result.stderr)

    def test_the_summary_leaves_out_strangers(self):
        page = os.path.join(self.pages, "%d.stats" % os.getpid())
        subprocess.run([MAKE_PAGE, page, str(os.getpid()),
                        self.start_ticks(os.getpid())], check=True)
        path = os.path.join(self.top, "s.json")
        self.call("run", "--summary=" + path, "sleep", "0.1")
        with open(path) as file:
            self.assertEqual(json.load(file)["processes"], [])


class RunFromAPlaceWithASpace(ToolTest):
    folder = "with space"

    def test_the_loader_cannot_do_that(self):
        self.assert_fails(self.call("run", "true"), 125, "space")


if __name__ == "__main__":
    unittest.main()
