# SPDX-License-Identifier: GPL-2.0-only
"""`greenboost status` over pages good and bad."""

import json
import os
import random
import re
import subprocess
import unittest

from tree import FIELDS, PagesTest

MIB = 1 << 20
DEAD = 4194304 + 1      # above the largest number that Linux gives


class Status(PagesTest):
    def processes(self, errors=""):
        result = self.call("status", "--json")
        self.assertEqual((result.returncode, result.stderr), (0, errors), result)
        return json.loads(result.stdout)["processes"]

    def test_nothing_runs(self):
        result = self.call("status")
        self.assert_succeeds(result)
        self.assertEqual(result.stdout.count("\n"), 1)
        self.assertIn("greenboost run", result.stdout)
        self.assertEqual(self.processes(), [])
        lines = self.call("status", "--tsv").stdout.splitlines()
        self.assertEqual(len(lines), 1)

    def test_no_directory_is_nothing(self):
        os.rmdir(self.pages)
        self.assert_succeeds(self.call("status"))
        self.assertEqual(self.processes(), [])
        self.assertFalse(os.path.exists(self.pages))

    def test_json(self):
        pid, ticks = self.live()
        self.page(pid, ticks)
        process, = self.processes()
        device, = process.pop("devices")
        shown = device.pop("map")
        busiest = device.pop("busiest")
        self.assertEqual(process, {
            "pid": pid, "command": "trainer", "start_ticks": ticks,
            "ram_budget": 64 << 30, "ram_used": 5 * MIB, "ram_direct": 4096,
            "ram_pool": 2 * MIB,
            "nvme": {"budget": 32 << 30, "used": 7 * MIB, "file": 3 * MIB,
                     "read": 11 * MIB, "rate": None, "written": 13 * MIB,
                     "writes_left": None, "failures": 1, "wait_ns": 17,
                     "amplification": round(13 / (FIELDS.index("spilled") + 1), 2)}})
        self.assertEqual(device, dict(
            {field: (i + 1) * MIB for i, field in enumerate(FIELDS)},
            index=0, name="Test GPU"))
        self.assertEqual(shown, {
            "cell": 2 * MIB,
            "tier": "V" * 32 + " " + "V" * 16 + "R" * 16 + " " + "." * 16 +
                    " " + "R" * 8,
            "heat": "c" * 32 + "0" + "7" * 32 + "0" * 26})
        nothing = {"copied": 0, "copies": 0, "hits": 0, "ahead": 0, "direct": 0}
        self.assertEqual(busiest, [
            {"at": 166 * MIB, "bytes": 16 * MIB, "ram": 16 * MIB,
             "copied": 5 * 16 * MIB, "copies": 5, "hits": 6, "ahead": 7, "direct": 8},
            {"at": 66 * MIB, "bytes": 64 * MIB, "vram": 32 * MIB, "ram": 32 * MIB,
             "copied": 64 * MIB, "copies": 1, "hits": 2, "ahead": 3, "direct": 4},
            {"at": 0, "bytes": 64 * MIB, "vram": 64 * MIB, **nothing},
            {"at": 132 * MIB, "bytes": 32 * MIB, "pending": 32 * MIB, **nothing}])

    def test_a_map_that_cannot_be_is_none(self):
        """Of offsets and sizes that lie outside the file."""
        pid, ticks = self.live()
        path = self.page(pid, ticks)
        with open(path, "rb") as file:
            data = file.read(4096)
        at = data.index((4096).to_bytes(8, "little")) + 8  # behind ram_direct
        for offset in (0, 1 << 19, 1 << 40, (1 << 64) - 1):
            self.edit(path, at, offset.to_bytes(8, "little"))
            device, = self.processes()[0]["devices"]
            self.assertIn(device["map"] and device["map"]["tier"].strip(),
                          (None, ""))

    def test_the_machine(self):
        memory = json.loads(self.call("status", "--json").stdout)["memory"]
        with open("/proc/meminfo") as file:
            total = int(re.search(r"MemTotal: +(\d+) kB", file.read())[1])
        self.assertEqual(memory["total"], total * 1024)
        self.assertLess(memory["available"], memory["total"])

    @unittest.skipUnless(os.geteuid() == 0, "needs another user's file")
    def test_another_users_page_is_said(self):
        pid, ticks = self.live()
        os.chown(self.page(pid, ticks), 65534, -1)
        # Nothing is known of a page of one that has ended.
        os.chown(self.page(DEAD, 1), 65534, -1)
        result = self.call("status")
        self.assertEqual(result.returncode, 0)
        self.assertIn("1 more cannot be shown", result.stderr)
        self.assertIn("other users", result.stderr)
        self.assertEqual(self.processes(), [])
        self.assertEqual(json.loads(self.call("status", "--json").stdout)["hidden"], 1)

    def test_tsv(self):
        pid, ticks = self.live()
        self.page(pid, ticks, "a\tb\nc")
        names, row = self.call("status", "--tsv").stdout.splitlines()
        names, row = names.split("\t"), row.split("\t")
        self.assertEqual(names, ["pid", "command", "ram_budget", "process_ram_used",
                                 "ram_direct", "gpu", "name", *FIELDS])
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(row[:7], [str(pid), "a?b?c", str(64 << 30),
                                   str(5 * MIB), "4096", "0", "Test GPU"])
        self.assertEqual(row[7:], [str((i + 1) * MIB)
                                   for i in range(len(FIELDS))])

    def test_table(self):
        pid, ticks = self.live()
        self.page(pid, ticks)
        second, ticks = self.live()
        self.page(second, ticks, "x")
        heading, *rows = self.call("status").stdout.splitlines()
        self.assertEqual(len(rows), 2)
        self.assertEqual({len(row) for row in rows}, {len(heading)})
        self.assertEqual(sorted(int(row.split()[0]) for row in rows),
                         [int(row.split()[0]) for row in rows])
        for text in ("trainer", "64.00 GiB", "7.00 MiB", "2.00 MiB", "5.00 MiB"):
            self.assertIn(text, rows[0] + rows[1])
        self.assertNotIn("\033", heading)

    def test_unknown_is_shown_as_unknown(self):
        pid, ticks = self.live()
        path = self.page(pid, ticks, "x", "")
        with open(path, "rb") as file:
            data = file.read()
        at = data.index((64 << 30).to_bytes(8, "little"))
        self.edit(path, at, b"\xff" * 8)
        process, = self.processes()
        self.assertIsNone(process["ram_budget"])
        row = self.call("status").stdout.splitlines()[1].split()
        self.assertEqual(row[:5], [str(pid), "x", "?", "0", "?"])
        row = self.call("status", "--tsv").stdout.splitlines()[1].split("\t")
        self.assertEqual((row[2], row[6]), ("-", "-"))

    def test_a_process_without_a_device_yet(self):
        pid, ticks = self.live()
        self.edit(self.page(pid, ticks), 20, bytes(4))
        process, = self.processes()
        self.assertEqual(process["devices"], [])
        row = self.call("status").stdout.splitlines()[1].split()
        self.assertEqual(row[-9:], ["?"] * 9)
        row = self.call("status", "--tsv").stdout.splitlines()[1].split("\t")
        self.assertEqual(row[5:], ["-"] * (2 + len(FIELDS)))

    def test_pages_of_the_dead_are_removed(self):
        pid, ticks = self.live()
        dead = self.page(DEAD, 1)
        reused = self.page(pid, ticks + 1)
        empty = os.path.join(self.pages, "%d.stats" % (DEAD + 1))
        open(empty, "w").close()
        self.assertEqual(self.processes(), [])
        for path in (dead, reused, empty):
            self.assertFalse(os.path.exists(path), path)

    def test_a_zombie_is_dead(self):
        pid, ticks = self.live()
        path = self.page(pid, ticks)
        self.sleepers[0].kill()
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        self.assertEqual(self.processes(), [])
        self.assertFalse(os.path.exists(path))

    def test_a_page_cut_anywhere_is_left_out(self):
        pid, ticks = self.live()
        path = self.page(pid, ticks)
        with open(path, "rb") as file:
            size = int.from_bytes(file.read(16)[12:], "little")
        for length in (size - 1, size // 2, 100, 24, 23, 17, 16, 12, 8, 7, 1, 0):
            os.truncate(path, length)
            self.assertEqual(self.processes(), [], length)
            self.assertTrue(os.path.exists(path))

    def test_a_page_without_its_magic_is_not_ready(self):
        pid, ticks = self.live()
        path = self.page(pid, ticks)
        self.edit(path, 0, bytes(8))
        self.assertEqual(self.processes(), [])
        result = self.call("status")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stderr.count("\n"), 1)
        self.assertIn("1 more cannot be shown: their pages are not complete",
                      result.stderr)
        self.assertTrue(os.path.exists(path))

    def test_wrong_pages_of_the_living_are_counted(self):
        for offset, data in ((0, b"GARBAGE!"), (8, b"\x63\0\0\0"),
                             (12, b"\0\0\0\0"), (16, b"\x01\0\0\0")):
            pid, ticks = self.live()
            self.edit(self.page(pid, ticks), offset, data)
        self.assertEqual(self.processes(), [])
        result = self.call("status")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stderr.count("\n"), 1)
        self.assertIn("4 more cannot be shown", result.stderr)
        self.assertEqual(json.loads(self.call("status", "--json").stdout)["hidden"], 4)

    def test_hostile_contents(self):
        pid, ticks = self.live()
        path = self.page(pid, ticks, "\033[2J\"\\\b" + "x" * 80, "é\udcff" + "y" * 80)
        self.edit(path, 20, b"\xff" * 4)        # devices without end
        process, = self.processes()
        self.assertEqual(len(process["devices"]), 16)
        self.assertEqual(process["command"], "\033[2J\"\\\b" + "x" * 56)
        self.assertEqual(process["devices"][0]["name"], "é\ufffd" + "y" * 60)
        for form in ([], ["--tsv"]):
            result = self.call("status", *form)
            self.assertEqual(result.returncode, 0)
            self.assertNotIn("\033", result.stdout)
            self.assertNotIn("\b", result.stdout)

    def test_random_contents(self):
        random.seed(1)
        pid, ticks = self.live()
        for _ in range(50):
            path = self.page(pid, ticks)
            # Behind the start time, without which the page counts as stale.
            for _ in range(40):
                at = random.randrange(20, os.path.getsize(path))
                if not 24 <= at < 32:
                    self.edit(path, at, bytes([random.randrange(256)]))
            self.assertEqual(len(self.processes()), 1)
            self.assert_succeeds(self.call("status"))
            self.assert_succeeds(self.call("status", "--tsv"))

    def test_things_that_are_no_pages(self):
        pid, ticks = self.live()
        good = self.page(pid, ticks, name="good")
        number = pid
        for name in ("x.stats", "-1.stats", "0.stats", "12", "12.stat",
                     "99999999999999999999.stats", "12.stats.tmp", " 1.stats"):
            os.link(good, os.path.join(self.pages, name))
        pid, _ = self.live()
        os.symlink(good, os.path.join(self.pages, "%d.stats" % pid))
        pid, _ = self.live()
        os.mkfifo(os.path.join(self.pages, "%d.stats" % pid))
        pid, _ = self.live()
        os.mkdir(os.path.join(self.pages, "%d.stats" % pid))
        before = sorted(os.listdir(self.pages))
        self.assertEqual(self.processes(), [])
        self.assertEqual(sorted(os.listdir(self.pages)), before)
        self.page(number, ticks)
        self.assertEqual([p["pid"] for p in self.processes()], [number])

    @unittest.skipUnless(os.geteuid() == 0, "needs a second user")
    def test_a_page_of_another_user_is_left_alone(self):
        pid, ticks = self.live()
        path = self.page(pid, ticks)
        os.chown(path, 65534, 65534)
        self.assertEqual(self.processes(), [])
        self.assertTrue(os.path.exists(path))

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_an_unreadable_page_is_left_out(self):
        pid, ticks = self.live()
        os.chmod(self.page(pid, ticks), 0)
        self.assertEqual(self.processes(), [])

    def test_a_directory_that_others_may_write_is_refused(self):
        os.chmod(self.pages, 0o777)
        self.assert_fails(self.call("status"), 1, self.pages, "others")

    def test_a_relative_variable_is_a_usage_error(self):
        result = self.call("status", GREENBOOST_RUNTIME_DIR="x")
        self.assert_fails(result, 2, "absolute")

    def test_the_directory_can_be_named(self):
        pid, ticks = self.live()
        self.page(pid, ticks)
        for words in (["--runtime-dir", self.pages],
                      ["--runtime-dir=" + os.path.relpath(self.pages)]):
            result = self.call("status", *words, GREENBOOST_RUNTIME_DIR=None)
            self.assertIn(str(pid), result.stdout)

    def test_full_disk(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run([self.tool, "status", "--json"], stdout=full,
                                    stderr=subprocess.PIPE, text=True,
                                    env=self.environment, timeout=30)
        self.assertEqual(result.returncode, 1)
        self.assertIn("No space left", result.stderr)

    def test_watch_repeats(self):
        with subprocess.Popen([self.tool, "status", "--json", "--watch=0.1"],
                              env=self.environment, text=True,
                              stdout=subprocess.PIPE) as process:
            for _ in range(3):
                text = process.stdout.readline() + process.stdout.readline()
                self.assertEqual(json.loads(text)["processes"], [])
            process.kill()


if __name__ == "__main__":
    unittest.main()
