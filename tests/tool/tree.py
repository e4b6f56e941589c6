# SPDX-License-Identifier: GPL-2.0-only
"""An installation in a temporary folder, for tests of the tool: the built tool,
and a stub in the place of each library. So the tests need nothing else built,
and the tool has to find its parts from wherever it was moved to."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

TOOL, STUB, DRIVER, MAKE_PAGE = (
    os.path.abspath(os.environ[name])
    for name in ("TEST_TOOL", "TEST_STUB", "TEST_DRIVER", "TEST_MAKE_PAGE"))

# The values of a device, in order.
with open(os.environ["TEST_FIELDS"]) as table:
    FIELDS = re.findall(r"^GB_FIELD\((\w+),", table.read(), re.M)


class ToolTest(unittest.TestCase):
    folder = "plain"

    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="gb-tool-")
        self.root = os.path.join(self.top, self.folder)
        self.pages = os.path.join(self.top, "pages")
        os.mkdir(self.pages, 0o700)
        for place in ("bin", "lib", "sim", "driver"):
            os.makedirs(os.path.join(self.root, place))
        self.tool = self.put(TOOL, "bin/greenboost")
        self.library = self.put(STUB, "lib/libgreenboost_cuda.so")
        self.audit = self.put(STUB, "lib/libgreenboost_audit.so")
        self.sim = self.put(DRIVER, "sim/libcuda.so.1")
        self.driver = self.put(DRIVER, "driver/libcuda.so.1")
        # A driver that answers, so that warnings are those that a test is about.
        self.environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "XDG_RUNTIME_DIR": self.pages,
            "GREENBOOST_DRIVER": self.driver,
            "GREENBOOST_RUNTIME_DIR": self.pages,
        }
        # What sanitizers were told must reach the tool as well.
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def tearDown(self):
        shutil.rmtree(self.top)

    def put(self, source, place):
        path = os.path.join(self.root, place)
        shutil.copy(source, path)
        return os.path.realpath(path)

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.top, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def call(self, *arguments, **variables):
        environment = dict(self.environment)
        environment.update(variables)
        environment = {k: v for k, v in environment.items() if v is not None}
        return subprocess.run([self.tool, *arguments], env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=30, errors="surrogateescape")

    def assert_fails(self, result, code, *fragments):
        """One line, that code, and every fragment in it."""
        self.assertEqual(result.returncode, code, result)
        self.assertEqual(result.stdout, "", result)
        self.assertEqual(result.stderr.count("\n"), 1, result)
        self.assertTrue(result.stderr.startswith("greenboost: "), result)
        for fragment in fragments:
            self.assertIn(fragment, result.stderr)

    def assert_succeeds(self, result):
        self.assertEqual((result.returncode, result.stderr), (0, ""), result)


class PagesTest(ToolTest):
    """Processes that run, and their pages."""

    def setUp(self):
        super().setUp()
        self.sleepers = []

    def tearDown(self):
        for sleeper in self.sleepers:
            sleeper.kill()
            sleeper.wait()
        super().tearDown()

    def live(self):
        """The number of a process that runs, and when it began."""
        self.sleepers.append(subprocess.Popen(["sleep", "60"]))
        pid = self.sleepers[-1].pid
        with open("/proc/%d/stat" % pid) as file:
            return pid, int(file.read().rsplit(")", 1)[1].split()[19])

    def page(self, pid, ticks, *texts, name=None):
        path = os.path.join(self.pages, name or "%d.stats" % pid)
        subprocess.run([MAKE_PAGE, path, str(pid), str(ticks), *texts],
                       check=True)
        return path

    def edit(self, path, offset, data):
        with open(path, "r+b") as file:
            file.seek(offset)
            file.write(data)
