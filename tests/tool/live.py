# SPDX-License-Identifier: GPL-2.0-only
"""The real library on the simulated GPU: what it publishes is what a recording, a
report and `top` show."""

import json
import os
import re
import subprocess
import tempfile
import time
import unittest

GRANULE = 2 << 20
BUILD = os.environ["TEST_BUILD"]
PROFILE = os.environ["TEST_PROFILE"]
TOOL = os.path.join(BUILD, "tool/greenboost")
RUN = ["run", "--sim=rtx5070", "--vram=64m", "--staging=off"]


class Live(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gb-live-")
        self.addCleanup(folder.cleanup)
        self.top = folder.name
        self.environment = dict(os.environ, GREENBOOST_RUNTIME_DIR=self.top)
        self.environment.pop("GREENBOOST_STAGING", None)

    def start(self, *words):
        program = [os.path.join(BUILD, "examples/overflow"), "--size=192m"]
        process = subprocess.Popen([TOOL, *RUN, *words, *program, "--passes=40"],
                                   env=self.environment, text=True,
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def tool(self, *words):
        result = subprocess.run([TOOL, *words], env=self.environment, text=True,
                                capture_output=True, timeout=60)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result)
        return result.stdout

    def devices(self):
        for process in json.loads(self.tool("status", "--json"))["processes"]:
            yield from process["devices"]

    def adds_up(self, device):
        """A page is no one moment: memory may move between two of its values."""
        tiers = device["map"]["tier"]
        if device["map"]["cell"] != GRANULE:
            return False
        return (tiers.count("V") * GRANULE == device["vram_used"] and
                tiers.count("R") * GRANULE == device["ram_used"] and
                tiers.count(".") * GRANULE == device["pending"])

    def test_the_map_is_where_the_memory_is(self):
        process, seen = self.start(), 0
        while process.poll() is None and seen < 5:
            for device in self.devices():
                if device["ram_used"] and self.adds_up(device):
                    seen += 1
            time.sleep(0.01)
        self.assertGreaterEqual(seen, 3)

    def test_top_shows_it(self):
        process, text = self.start(), ""
        while process.poll() is None and not re.search("Map .*ram", text):
            text = self.tool("top", "--once", "--every=0.1")
        self.assertRegex(text, r"> +%d overflow +0 " % process.pid)
        self.assertIn("RTX 5070", text)
        self.assertRegex(text, r"\n[vV]*[rR]")

    def test_heat_of_a_program_that_never_waits(self):
        """The example launches all its passes, and waits once, at the end."""
        process, hot = self.start(), 0
        while process.poll() is None and hot < 3:
            for device in self.devices():
                hot += bool(set((device["map"] or {"heat": ""})["heat"]) - {"0"})
        self.assertGreaterEqual(hot, 3)

    def staged(self, profile):
        """What is said at the end of a run of which most is staged."""
        path = os.path.join(self.top, "summary.json")
        result = subprocess.run(
            [TOOL, "run", "--sim=" + profile, "--vram=120m", "--staging=30m",
             "--summary=" + path, os.path.join(BUILD, "examples/overflow"),
             "--size=192m", "--passes=20"], env=self.environment, text=True,
            capture_output=True, timeout=100)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        with open(path) as file:
            process, = json.load(file)["processes"]
        device, = process["devices"]
        return device

    def test_stalls_are_what_the_link_is_short_of(self):
        """Time is the simulated machine's, whatever this one does meanwhile."""
        late = self.staged("rtx5070")
        copies = late["stage_misses"] + late["prefetch_hits"]
        link_ns = late["staged"] * 1e9 / late["link_rate"]
        self.assertGreater(copies, 100)
        self.assertLessEqual(abs(late["stalls"] - copies), 17)
        self.assertGreater(late["stall_ns"], link_ns / 2)
        self.assertLess(late["stall_ns"], link_ns)

    def test_copies_that_are_in_time_are_no_stalls(self):
        """A card whose kernels take longer than the link: but for the first copies."""
        with open(PROFILE) as file:
            slow = re.sub(r"(vram_(?:read|copy)_gb_per_s *=) \d+", r"\1 8", file.read())
        path = os.path.join(self.top, "slow.profile")
        with open(path, "w") as file:
            file.write(slow)
        device = self.staged(path)
        copies = device["stage_misses"] + device["prefetch_hits"]
        self.assertGreater(copies, 100)
        # Until it is known what comes next nothing is brought ahead.
        self.assertLess(device["stalls"], copies / 3)

    def test_a_recording_of_it(self):
        path = os.path.join(self.top, "live.rec")
        output, errors = self.start("--record", path).communicate(timeout=100)
        self.assertIn("checksum", output)
        self.assertEqual(errors, "")
        with open(path) as file:
            lines = [line.split() for line in file]
        names = next(line for line in lines if line[0] == "fields")[1:]
        frames = [line for line in lines if line[0] == "frame"]
        self.assertGreater(len(frames), 3)
        fullest = max(int(frame[5 + names.index("ram_used")]) for frame in frames)
        self.assertGreater(fullest, 100 << 20)
        held = sum(int(line[3]) * GRANULE for line in lines
                   if line[0] == "allocation")
        self.assertGreaterEqual(held, 192 << 20)
        self.assertEqual(self.tool("report", path), path + ".html\n")


if __name__ == "__main__":
    unittest.main()
