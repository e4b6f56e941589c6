# SPDX-License-Identifier: GPL-2.0-only
"""`greenboost top` as text, and on terminals of several kinds."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

from tree import PagesTest

COLOUR = re.compile(rb"\x1b\[[0-9;]*(3[0-9]|4[0-9]|38|48|9[0-7]|10[0-7])[0-9;]*m")


class Terminal:
    """A terminal with `greenboost top` on it."""

    def __init__(self, test, *words, rows=24, columns=80, **variables):
        variables = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **variables}
        self.output = b""
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns, None)
        self.before = termios.tcgetattr(self.slave)
        environment = dict(test.environment, **variables)
        self.process = subprocess.Popen(
            [test.tool, "top", "--every=0.1", *words], env=environment,
            stdin=self.slave, stdout=self.slave, stderr=subprocess.PIPE,
            preexec_fn=self.take)

    def take(self):
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def resize(self, rows, columns, number=signal.SIGWINCH):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))
        if number:
            self.process.send_signal(number)

    def press(self, keys):
        os.write(self.master, keys)

    def read(self, seconds):
        ready, _, _ = select.select([self.master], [], [], seconds)
        if ready:
            self.output += os.read(self.master, 65536)

    def wait_for(self, text, seconds=20):
        """Reads until @text has come; what came up to then is forgotten."""
        end = time.monotonic() + seconds
        while text not in self.output:
            if time.monotonic() > end:
                raise AssertionError("%r never came: %r" % (text, self.output))
            self.read(0.1)
        seen, self.output = self.output, b""
        return seen

    def end(self):
        """What came, and how it ended."""
        end = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.05)
        self.read(0)
        errors = self.process.stderr.read()
        self.process.stderr.close()
        return self.process.wait(timeout=1), errors

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if not self.process.stderr.closed:
            self.process.stderr.close()
        for fd in (self.master, self.slave):
            if fd is not None:
                os.close(fd)


class Once(PagesTest):
    def once(self, rows=24, columns=80, **variables):
        result = self.call("top", "--once", "--every=0.1", LINES=str(rows),
                           COLUMNS=str(columns), **variables)
        self.assert_succeeds(result)
        lines = result.stdout.split("\n")
        self.assertEqual(lines.pop(), "")
        self.assertEqual(len(lines), rows)
        for line in lines:
            self.assertLessEqual(len(line), columns)
        return lines

    def test_nothing_runs(self):
        self.assertIn("greenboost run", "".join(self.once()))

    def test_a_process(self):
        pid, ticks = self.live()
        self.page(pid, ticks)
        text = "\n".join(self.once())
        for part in ("trainer", "Test GPU", "VRAM [", "7.00 MiB of 2.00 MiB",
                     "V" * 32 + " " + "v" * 16 + "r" * 14, "read direct"):
            self.assertIn(part, text)
        self.assertRegex(text, r">\s+%d trainer\s+0" % pid)
        self.assertTrue(text.isascii())

    def test_rates_between_the_two_looks(self):
        pid, ticks = self.live()
        self.page(pid, ticks)
        with subprocess.Popen([self.tool, "top", "--once", "--every=2"],
                              env=self.environment, text=True,
                              stdout=subprocess.PIPE) as process:
            # However late its looks are, one comes in between.
            while process.poll() is None:
                time.sleep(1)
                self.page(pid, ticks)  # its counters double
            text = process.stdout.read()
        self.assertRegex(text, r"in [1-9]\d* MB/s")

    def test_sizes(self):
        self.page(*self.live())
        for rows, columns in ((10, 40), (24, 80), (60, 200)):
            self.assertIn("Map ", "\n".join(self.once(rows, columns)))
        self.assertIn("too small", self.once(9, 80)[0])
        self.assertIn("39x24 here", self.once(24, 39)[1])

    def test_nonsense_sizes_are_the_usual_one(self):
        for variables in ({"LINES": "0"}, {"LINES": "x", "COLUMNS": "-3"},
                          {"COLUMNS": "99999999999999999999"}):
            result = self.call("top", "--once", **variables)
            self.assertEqual(result.stdout.count("\n"), 24)

    def test_blocks_in_utf8_only(self):
        self.page(*self.live())
        self.assertTrue("".join(self.once(LC_ALL="C")).isascii())
        self.assertIn("─", "".join(self.once(LC_ALL="C.UTF-8")))

    def test_a_process_by_its_number(self):
        pids = []
        for name in ("first", "second", "third"):
            pid, ticks = self.live()
            self.page(pid, ticks, name)
            pids.append(pid)
        for pid in pids:
            result = self.call("top", "--once", "--every=0.1", "--pid=%d" % pid)
            self.assert_succeeds(result)
            self.assertRegex(result.stdout, r"\n> +%d " % pid)
        self.assert_fails(self.call("top", "--once", "--pid=1"), 1, "--pid=1")

    def test_a_page_that_is_cut_short_is_passed_over(self):
        pid, ticks = self.live()
        path = self.page(pid, ticks)
        os.truncate(path, 200)
        result = self.call("top", "--once", "--every=0.1")
        self.assertEqual(result.returncode, 0)
        self.assertIn("No process", result.stdout)
        self.assertIn("1 hidden", result.stdout)
        self.assertRegex(result.stderr, "^.*1 more cannot be shown.*not complete.*\n$")
        # Nor is a map that ends early.
        os.remove(path)
        self.page(pid, ticks)
        os.truncate(path, 8192 + 10)
        self.assertIn("Map ", "\n".join(self.once()))

    def test_what_is_hidden_is_said(self):
        self.edit(self.page(*self.live()), 8, b"\x63")
        result = self.call("top", "--once")
        self.assertEqual(result.returncode, 0)
        self.assertIn("1 hidden", result.stdout)
        self.assertIn("another version", result.stderr)

    def test_json(self):
        pid, ticks = self.live()
        self.page(pid, ticks)
        value = json.loads(self.call("top", "--json").stdout)
        self.assertEqual([each["pid"] for each in value["processes"]], [pid])

    def test_no_terminal(self):
        self.assert_fails(self.call("top"), 1, "terminal", "--once")

    def test_words_that_mean_nothing(self):
        for words, fragment in ((["--every=0"], "0.1 to 60"),
                                (["--every=x"], "0.1 to 60"),
                                (["--every"], "needs a value"),
                                (["--pid=0"], "number of a process"),
                                (["--pid=9x"], "number of a process"),
                                (["--once=1"], "takes no value"),
                                (["4711"], "top does not know 4711"),
                                (["--frobnicate"], "greenboost help top")):
            self.assert_fails(self.call("top", *words), 2, fragment)


class OnATerminal(PagesTest):
    def start(self, *words, **variables):
        terminal = Terminal(self, *words, **variables)
        self.addCleanup(terminal.close)
        return terminal

    def assert_quits(self, terminal):
        terminal.press(b"q")
        self.assertEqual(terminal.end(), (0, b""))
        self.assertEqual(termios.tcgetattr(terminal.slave), terminal.before)

    def skip_without_ncurses(self):
        terminal = self.start()
        terminal.press(b"q")
        if b"without ncurses" in terminal.end()[1]:
            self.skipTest("greenboost was built without ncurses")

    def setUp(self):
        super().setUp()
        self.skip_without_ncurses()

    def test_it_shows_and_ends(self):
        self.page(*self.live())
        terminal = self.start()
        terminal.wait_for(b"Test GPU")
        self.assert_quits(terminal)

    def test_colours(self):
        self.page(*self.live())
        terminal = self.start()
        self.assertRegex(terminal.wait_for(b"q quit"), COLOUR)
        self.assert_quits(terminal)

    def test_no_colours(self):
        self.page(*self.live())
        for variables in ({"NO_COLOR": "1"}, {"TERM": "vt100"}):
            terminal = self.start(**variables)
            self.assertNotRegex(terminal.wait_for(b"q quit"), COLOUR)
            self.assert_quits(terminal)

    def test_eight_colours(self):
        self.page(*self.live())
        terminal = self.start(TERM="linux")
        self.assertRegex(terminal.wait_for(b"q quit"), COLOUR)
        self.assert_quits(terminal)

    def test_a_terminal_that_nobody_knows(self):
        for kind in ("frobnicator", ""):
            terminal = self.start(TERM=kind)
            code, errors = terminal.end()
            self.assertEqual((code, errors.count(b"\n")), (1, 1), errors)
            self.assertIn(b"'%s'" % kind.encode(), errors)
            self.assertIn(b"--once", errors)

    def test_it_follows_the_size(self):
        self.page(*self.live())
        terminal = self.start()
        terminal.wait_for(b"q quit")
        terminal.resize(8, 30)
        terminal.wait_for(b"30x8 here")
        terminal.resize(30, 100)
        terminal.wait_for(b"q quit")
        self.assert_quits(terminal)

    def test_keys(self):
        pids = []
        for name in ("first", "second"):
            pid, ticks = self.live()
            self.page(pid, ticks, name)
            pids.append(pid)
        terminal = self.start()
        terminal.wait_for(b"%d: GPU 0" % min(pids))
        for key, expected in ((b"\x1bOB", max(pids)), (b"\x1bOA", min(pids)),
                              (b"j", max(pids)), (b"k", min(pids))):
            terminal.press(key)
            terminal.wait_for(str(expected)[-1:].encode())
        terminal.press(b" ")
        terminal.wait_for(b"held")
        terminal.press(b" +-?\x1b[200~")
        self.assert_quits(terminal)

    def test_a_process_that_comes_and_goes(self):
        terminal = self.start()
        terminal.wait_for(b"No process of yours")
        path = self.page(*self.live())
        terminal.wait_for(b"Test GPU")
        os.remove(path)
        terminal.wait_for(b"No process of yours")
        self.assert_quits(terminal)

    def test_signals_leave_the_terminal_as_it_was(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            terminal = self.start()
            terminal.wait_for(b"q quit")
            terminal.process.send_signal(number)
            terminal.end()
            self.assertEqual(termios.tcgetattr(terminal.slave), terminal.before)

    def test_it_ends_with_its_terminal(self):
        terminal = self.start()
        terminal.wait_for(b"q quit")
        for name in ("master", "slave"):
            os.close(getattr(terminal, name))
            setattr(terminal, name, None)
        self.assertNotEqual(terminal.process.wait(timeout=20), 0)


if __name__ == "__main__":
    unittest.main()
