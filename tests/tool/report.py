# SPDX-License-Identifier: GPL-2.0-only
"""`run --record` and `report`: what is recorded, and the page made of it."""

import os
import re
import signal
import subprocess
import time
import unittest
from html.parser import HTMLParser

from recorded import RecordedTest
from tree import FIELDS

VOID = {"meta", "link", "br"}


class Page(HTMLParser):
    """Checks that elements close as they open, and gathers what there is."""

    def __init__(self, text):
        super().__init__()
        self.open, self.classes, self.text, self.paths = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.classes += attrs.get("class", "").split()
        if tag == "path":
            self.paths.append((attrs["class"], attrs["d"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text.append(data)


class Report(RecordedTest):
    def report(self, path):
        result = self.call("report", path)
        self.assert_succeeds(result)
        self.assertEqual(result.stdout, path + ".html\n")
        with open(path + ".html", errors="surrogateescape") as file:
            text = file.read()
        page = Page(text)
        self.assertEqual(page.open, [])
        return text, page

    def test_the_page(self):
        text, page = self.report(self.record())
        words = " ".join(" ".join(page.text).split())
        for part in ("trainer", "Test GPU", "At its fullest 7.00 MiB were in VRAM",
                     "5.00 MiB in system RAM", "budget of 64.00 GiB",
                     "%d.00 MiB on the NVMe disk" % (FIELDS.index("nvme_used") + 1),
                     "waited for the NVMe disk for 0 us", "Kernels stood for",
                     "refused memory 20971520 times"):
            self.assertIn(part, words)
        for kind in ("residency", "link", "disk", "map", "memory", "largest", "totals"):
            self.assertIn(kind, page.classes)
        for name, path in page.paths:
            self.assertRegex(path, r"^M[\d.MHVhvz \-]+$", name)
        self.assertNotIn("nan", text)

    def test_it_needs_nothing_else(self):
        text, _ = self.report(self.record())
        for outside in ("http:", "https:", "//", "src=", "url(", "@import",
                        "<script", "<iframe"):
            self.assertNotIn(outside, text)
        self.assertEqual(re.findall(r'href="(?!data:)', text), [])

    def test_the_map_and_the_largest(self):
        text, page = self.report(self.record())
        drawn = {name for name, _ in page.paths if " s" in name}
        self.assertEqual(drawn, {"c-pending s0", "c-vram s3", "c-vram s1",
                                 "c-ram s1", "c-ram s0"})
        table = text[text.index('class="largest"'):]
        rows = [re.findall(r"<td[^>]*>(.*?)</td>", row)
                for row in table[:table.index("</table>")].split("</tr>")[1:-1]]
        self.assertEqual(rows, [
            ["64.00 MiB", "0", "", "64.00 MiB", "", "all the time"],
            ["64.00 MiB", "66.00 MiB", "", "32.00 MiB", "32.00 MiB",
             "now and then"],
            ["32.00 MiB", "132.00 MiB", "32.00 MiB", "", "", "cold"],
            ["16.00 MiB", "166.00 MiB", "", "", "16.00 MiB", "cold"]])

    def test_names_cannot_become_markup(self):
        text, page = self.report(self.record("<b>&\"'", "</h2><script>x"))
        self.assertNotIn("<script", text)
        self.assertIn("<b>&\"'", "".join(page.text))
        self.assertIn("</h2><script>x", "".join(page.text))

    def test_what_is_recorded(self):
        with open(self.record()) as file:
            lines = [line.split() for line in file]
        self.assertEqual(lines[0], ["greenboost-recording", "1"])
        self.assertEqual(lines[1], ["fields", *FIELDS, "nvme_read",
                                    "nvme_written", "nvme_wait_ns"])
        self.assertEqual(lines[-1], ["end"])
        frames = [line for line in lines if line[0] == "frame"]
        self.assertGreater(len(frames), 4)
        times = [int(frame[2]) for frame in frames]
        self.assertEqual(times, sorted(set(times)))
        moved = 5 + FIELDS.index("moved_in")
        self.assertEqual({int(frame[moved]) for frame in frames},
                         {14 << 20, 28 << 20})
        self.assertEqual({int(frame[-3]) for frame in frames},
                         {11 << 20, 22 << 20})
        self.assertEqual(len([1 for line in lines if line[0] == "allocation"]), 4)

    def test_with_a_summary(self):
        summary = os.path.join(self.top, "s.json")
        path = self.record("trainer", "Test GPU", "--summary=" + summary)
        self.assertTrue(os.path.exists(path) and os.path.exists(summary))

    def test_a_program_without_cuda(self):
        path = os.path.join(self.top, "x.rec")
        result = self.call("run", "--record=" + path, "sh", "-c", "exit 7")
        self.assertEqual((result.returncode, result.stderr), (7, ""))
        self.assertIn("used no CUDA", self.report(path)[0])

    def test_killed_recorders_leave_what_there_was(self):
        path = os.path.join(self.top, "x.rec")
        with subprocess.Popen([self.tool, "run", "--record", path, "sh", "-c",
                               "echo ready; exec sleep 60"],
                              env=self.environment,
                              stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            with open("/proc/%d/task/%d/children" % (process.pid,
                                                     process.pid)) as file:
                child = int(file.read().split()[0])
            process.send_signal(signal.SIGKILL)
            os.kill(child, signal.SIGKILL)
        self.report(path)
        self.assertEqual([name for name in os.listdir(self.top)
                          if "tmp" in name], [])

    def test_cut_recordings(self):
        path = self.record()
        with open(path, "rb") as file:
            data = file.read()
        for cut in (0, 10, 23, len(data) // 3, len(data) - 4, len(data) - 1):
            with open(path, "wb") as file:
                file.write(data[:cut])
            # Whoever wrote it may have been killed within a line.
            if cut >= 23:
                self.assertIn("breaks off", self.report(path)[0])
            else:
                self.assert_fails(self.call("report", path), 1, path,
                                  "no recording")

    def test_bad_input(self):
        for text, fragment in (("hello\n", "no recording"),
                               ("greenboost-recording 9\n", "another version"),
                               ("greenboost-recording 1\nframe 0 1\n",
                                "line 2: damaged"),
                               ("greenboost-recording 1\n" + "x" * 10000,
                                "line 2: damaged")):
            path = self.write("bad", text)
            self.assert_fails(self.call("report", path), 1, path, fragment)
        self.assert_fails(self.call("report", self.top), 1, "directory")
        self.assert_fails(self.call("report", "/no/where"), 1, "/no/where")

    def test_output(self):
        path = self.record()
        other = os.path.join(self.top, "other.html")
        self.assertEqual(self.call("report", path, "--output", other).stdout,
                         other + "\n")
        with open(other) as file:
            self.assertEqual(self.call("report", "--output=-", path).stdout,
                             file.read())
        self.assert_fails(self.call("report", path, "--output=" + path), 2, path)
        self.assert_fails(self.call("report", path, "--output=/no/x"), 1, "/no/x")
        full = subprocess.run([self.tool, "report", path, "--output=/dev/full"],
                              env=self.environment, capture_output=True,
                              timeout=30)
        self.assertEqual(full.returncode, 1)

    def test_words_that_mean_nothing(self):
        for words, fragment in (([], "one recording"), (["a", "b"], "one recording"),
                                (["--output=", "a"], "name the file"),
                                (["--frobnicate"], "greenboost help report")):
            self.assert_fails(self.call("report", *words), 2, fragment)
        for words in (["run", "--record=/no/where", "true"],
                      ["run", "--record=", "true"], ["run", "--record"],
                      ["env", "--record=x"]):
            self.assert_fails(self.call(*words), 2, "--record")

    def test_recording_costs_little(self):
        path = os.path.join(self.top, "x.rec")
        before = os.times()
        began = time.monotonic()
        self.call("run", "--record=" + path, "sleep", "2")
        spent = os.times()
        used = (spent.children_user + spent.children_system -
                before.children_user - before.children_system)
        self.assertLess(used / (time.monotonic() - began), 0.2)


if __name__ == "__main__":
    unittest.main()
