# SPDX-License-Identifier: GPL-2.0-only
"""A built GreenBoost: how a client is put under it, and what it says of it."""

import json
import os
import threading
import time

from . import disk, machine


class Installation:
    def __init__(self, build, root):
        self.tool = os.path.join(build, "tool", "greenboost")
        self.c_clients = os.path.join(build, "bench", "clients")
        self.driver_tests = os.path.join(build, "tests", "driver")
        self.rate = os.path.join(build, "tests", "nvme", "nvme_rate")
        self.standin = os.path.join(build, "tests", "tier", "libpool_standin.so")
        self.python_clients = os.path.join(root, "bench", "clients")
        if not os.access(self.tool, os.X_OK):
            raise FileNotFoundError(
                f"{self.tool} is not there: build first, or name a build directory"
            )

    def version(self):
        return machine.output(self.tool, "--version")

    def under(self, options, command):
        """@command with GreenBoost and @options, or plain when they are None."""
        if options is None:
            return command
        words = [self.tool, "run"]
        for name, value in options.items():
            words += ["--" + name, str(value)]
        return words + ["--"] + command

    def c_client(self, name):
        return [os.path.join(self.c_clients, name)]

    def python_client(self, name):
        return ["python3", os.path.join(self.python_clients, name + ".py")]

    def driver_test(self, name):
        """A test of the library's own kernels, and what it needs to run on a GPU.

        It is linked with the simulated driver; the real one, loaded before, takes
        its place. Libraries that the machine lacks may lie beside the test.
        """
        path = os.path.join(self.driver_tests, "test_driver_" + name)
        if not os.access(path, os.X_OK):
            return None, f"{path} is not built: that takes cmocka and clang"
        driver = machine.driver_library()
        if not driver:
            return None, "no libcuda.so.1 is known to ldconfig"
        return [path], {"LD_PRELOAD": driver, "LD_LIBRARY_PATH": self.driver_tests}

    def module(self, needed):
        """Something in the kernel module's place, as an environment; or why not."""
        if not os.access(self.standin, os.R_OK):
            return None, f"{self.standin} is not built: that takes the tests"
        if machine.huge_bytes() < needed:
            return None, f"takes {needed >> 21} free huge pages (vm.nr_hugepages)"
        return {"LD_PRELOAD": self.standin, "GREENBOOST_STANDIN": "huge"}, None

    def nvme_rate(self, directory, mib):
        """What measures a disk, by the library's store and by bare reads."""
        if not os.access(self.rate, os.X_OK):
            return None, f"{self.rate} is not built: that takes cmocka"
        return [self.rate, directory, str(mib)], None

    def disk_trouble(self, directory, needed):
        return disk.trouble(directory, needed)

    def has(self, program):
        return machine.has(program)

    def gpu_count(self):
        return machine.gpu_count()

    def watch(self):
        return Watch(self)

    def processes(self):
        """What every process under the library publishes, by process id."""
        text = machine.output(self.tool, "status", "--json", timeout=10)
        try:
            return by_pid(json.loads(text or "[]"))
        except ValueError:
            return {}

    def process(self, pid):
        """The page of @pid, or None when it has none: not under the library."""
        return self.processes().get(pid)


def by_pid(document):
    """Pages by process id, from a list or from an object that holds one."""
    if isinstance(document, dict):
        document = document.get("processes", [])
    return {page["pid"]: page for page in document if "pid" in page}


def device(page):
    """The first GPU's part of a page."""
    return (page.get("device") or page.get("devices") or [{}])[0]


class Watch:
    """Looks at all pages every half a second while it is entered.

    For clients that run to their end: afterwards peak() knows the most that a
    process had in RAM at any of those moments.
    """

    def __init__(self, installation):
        self.installation = installation
        self.most = {}
        self.pages = {}
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.stop.wait(0.5):
            for pid, page in self.installation.processes().items():
                # handles of the program's own that had to live in RAM count
                # as pinned by it
                used = device(page).get("ram_used") or page.get("ram_direct") or 0
                self.most[pid] = max(self.most.get(pid, 0), used)
                self.pages[pid] = page

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join(15)

    def peak(self, pid):
        """Bytes in RAM at the most, or None for a process never seen."""
        return self.most.get(pid)

    def last(self, pid):
        """The last page seen of a process, or None."""
        return self.pages.get(pid)


def wait_for_page(installation, pid, timeout=5):
    """The page of a process that just said it is ready."""
    deadline = time.monotonic() + timeout
    while True:
        page = installation.process(pid)
        if page or time.monotonic() > deadline:
            return page
        time.sleep(0.2)
