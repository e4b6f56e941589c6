#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A neighbour takes the RAM that a program's weights lie in: both go on.

In a control group, which takes root and a writable /sys/fs/cgroup; skipped without.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import differential

MIB = 1 << 20
# Nearly all of 400 MiB of weights lies in RAM at first. Beside it the group has room
# for the simulated GPU's memory and, in the end, too little for the neighbour.
WEIGHTS = 200
LIMIT = 900 * MIB
TAKEN = 34  # times 16 MiB
SETTING = dict(GREENBOOST_VRAM="48m", GREENBOOST_RESERVE="0", GREENBOOST_STAGING="12m",
               CLIENT_BALLAST="30", GREENBOOST_RAM="600m", GREENBOOST_NVME="1g",
               GREENBOOST_SIM_FAIL="cuEventElapsedTime:1+:600")
NEIGHBOUR = """
import sys, time
taken = []
for i in range(%d):
    taken.append(b"x" * (16 << 20))
    time.sleep(0.05)
print("full", flush=True)
sys.stdin.read()
""" % TAKEN


class Group:
    """A control group with a limit of memory, of either version."""

    def __init__(self, limit):
        with open("/proc/self/cgroup") as lines:
            mine = [line.strip().split(":", 2) for line in lines]
        old = [path for _, names, path in mine if "memory" in names.split(",")]
        new = [path for number, _, path in mine if number == "0"]
        where, name = ("/memory" + old[0], "memory.limit_in_bytes") if old else \
            (new[0], "memory.max")
        self.path = "/sys/fs/cgroup%s/greenboost-%d" % (where.rstrip("/"), os.getpid())
        self.kills = "memory.oom_control" if old else "memory.events"
        os.mkdir(self.path)
        try:
            with open(os.path.join(self.path, name), "w") as file:
                file.write(str(limit))
        except OSError:
            self.end()
            raise

    def command(self, command):
        """@command, which is to run in the group."""
        return ["/bin/sh", "-c", 'echo $$ > "$0" && exec "$@"',
                os.path.join(self.path, "cgroup.procs")] + command

    def killed(self):
        with open(os.path.join(self.path, self.kills)) as lines:
            return [int(line.split()[1]) for line in lines if line.startswith("oom_kill ")]

    def end(self):
        os.rmdir(self.path)


class Crowded(unittest.TestCase):
    def setUp(self):
        try:
            self.group = Group(LIMIT)
        except OSError as error:
            self.skipTest("no control group to be had: %s" % error)
        self.addCleanup(self.group.end)
        # Not on tmpfs, whose files are no disk's.
        self.directory = tempfile.TemporaryDirectory(dir=os.getcwd())
        self.addCleanup(self.directory.cleanup)
        self.file = os.path.join(self.directory.name, "model")
        self.log = os.path.join(self.directory.name, "log")

    def run_client(self, changes):
        environment = differential.base_environment([])
        environment["GREENBOOST_RUNTIME_DIR"] = self.directory.name
        command = [os.environ["TEST_NVME"], self.file, "crowd", str(WEIGHTS)]
        return differential.run(self.group.command(command), environment, changes,
                                keep=("~statistics",))

    def crowd(self, found):
        """Takes memory once the client is there, until the group is full."""
        until = time.monotonic() + differential.TIMEOUT
        while not os.path.exists(self.file + ".here"):
            self.assertFalse(found, "the client ended")
            self.assertLess(time.monotonic(), until, "the client does not get there")
            time.sleep(0.02)
        neighbour = subprocess.Popen(
            self.group.command([sys.executable, "-c", NEIGHBOUR]), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(neighbour.wait)
        self.addCleanup(neighbour.stdout.close)
        self.addCleanup(neighbour.stdin.close)
        self.assertEqual(neighbour.stdout.readline(), "full\n", "the neighbour is gone")

    def test_both_go_on(self):
        plain = self.run_client({})
        self.assertEqual(plain[-1], "exit 0", plain)
        os.remove(self.file + ".here")
        found = []
        changes = dict(SETTING, LD_PRELOAD=os.environ["TEST_LIBRARY"],
                       GREENBOOST_NVME_PATH=self.directory.name,
                       GREENBOOST_LOG="info", GREENBOOST_LOG_FILE=self.log)
        with open(self.file + ".crowd", "w"):
            pass
        client = threading.Thread(target=lambda: found.extend(self.run_client(changes)))
        client.start()
        try:
            self.crowd(found)
        finally:
            os.remove(self.file + ".crowd")
            client.join()
        numbers = [line for line in found if line.startswith("~statistics")][0].split()
        spilled = int(numbers[numbers.index("spilled") + 1])
        with open(self.log) as log:
            said = log.read()
        self.assertEqual([line for line in found if line[0] != "~"], plain, said)
        self.assertEqual(self.group.killed(), [0])
        self.assertGreater(spilled, 100 * MIB)
        self.assertRegex(said, "the machine is short of memory: [0-9]+ MiB have gone")


if __name__ == "__main__":
    unittest.main()
