# SPDX-License-Identifier: GPL-2.0-only
"""Clients as processes: started, asked, bounded in time, ended.

Every client is a process group of its own, so that one which spawned others is
ended whole. Its standard error goes to a log file, the end of which is part of
every error told here.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import threading
import time


class ClientError(Exception):
    """A client that crashed, took too long, printed nonsense or said no."""


running = set()  # every Process that was not ended yet


allowance = threading.local()  # the thread's row: when it has to be done


@contextlib.contextmanager
def allowed(seconds):
    """Whatever is awaited meanwhile, in this thread, fails when they are over."""
    allowance.seconds = seconds
    allowance.deadline = time.monotonic() + seconds
    try:
        yield
    finally:
        del allowance.deadline


def time_left(timeout):
    """Seconds that a client may take, and in which words they are over."""
    deadline = getattr(allowance, "deadline", None)
    left = timeout if deadline is None else deadline - time.monotonic()
    if left >= timeout:
        return timeout, f"no answer within {timeout:.0f} s"
    return max(0, left), f"no answer within the row's {allowance.seconds:.0f} s"


def kill_all():
    """Ends every client, from whichever thread it was started."""
    for process in list(running):
        process.kill()


def log_end(path, lines=6):
    try:
        with open(path, errors="replace") as log:
            text = log.read()[-4000:].strip().splitlines()[-lines:]
    except OSError:
        return ""
    return " | ".join(line.strip() for line in text)


class Process:
    """A started client and the lines of JSON that it prints."""

    def __init__(self, name, command, environment, log_path):
        self.name = name
        self.log_path = log_path
        self.buffer = b""
        try:
            with open(log_path, "ab") as log:
                self.process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    env={**os.environ, **environment},
                    start_new_session=True,
                )
        except OSError as error:
            raise ClientError(f"{name}: cannot start {command[0]}: {error}")
        running.add(self)

    def fail(self, what):
        self.kill()
        end = log_end(self.log_path)
        raise ClientError(
            f"{self.name}: {what}" + (f"; its last words: {end}" if end else "")
        )

    def read_line(self, timeout):
        """The next line, without its end; fails at the end of output."""
        allowed_s, too_late = time_left(timeout)
        deadline = time.monotonic() + allowed_s
        output = self.process.stdout.fileno()
        while b"\n" not in self.buffer:
            left = max(0, deadline - time.monotonic())
            if not select.select([output], [], [], left)[0]:
                self.fail(too_late)
            chunk = self.read_chunk(output)
            if not chunk:
                status = self.wait(10)
                self.fail(f"ended with status {status} before it answered")
            self.buffer += chunk
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.decode(errors="replace")

    @staticmethod
    def read_chunk(output):
        try:
            return os.read(output, 65536)
        except OSError:
            return b""  # closed under our feet by kill_all()

    def read_message(self, timeout):
        line = self.read_line(timeout)
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            self.fail(f"printed {line[:200]!r} in place of a JSON object")
        return message

    def wait(self, timeout):
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        """Ends the whole group, kindly at first. May be called again."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
            except (ProcessLookupError, PermissionError):
                break
            if number == signal.SIGTERM:
                self.wait(5)
        self.wait(5)
        running.discard(self)
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()
            except OSError:
                pass


class Worker(Process):
    """A client that obeys commands (clients/worker.py) until it is closed."""

    facts = None  # what it said of itself in its hello
    pid = None  # its own, which a launcher's may differ from

    def greet(self, timeout):
        """Waits until it is ready; at once if it is already."""
        if self.facts is None:
            message = self.read_message(timeout)
            if "hello" not in message or "pid" not in message:
                self.fail(f"said {message} in place of hello")
            self.facts, self.pid = message["hello"], message["pid"]

    def ask(self, do, timeout, **arguments):
        request = json.dumps({"do": do, **arguments}) + "\n"
        try:
            self.process.stdin.write(request.encode())
            self.process.stdin.flush()
        except (OSError, ValueError):  # ended, or closed by kill()
            self.fail(f"gone before it was asked to {do}")
        reply = self.read_message(timeout)
        if reply.get("ok") is not True or "result" not in reply:
            # its GPU may be in a sorry state: the next row gets a fresh one
            self.close()
            raise ClientError(
                f"{self.name}: {do}: {reply.get('kind', 'error')}: "
                f"{reply.get('error', reply)}"
            )
        return reply["result"]

    @property
    def alive(self):
        return self.process.poll() is None

    def close(self):
        try:
            self.process.stdin.close()
        except OSError:
            pass
        self.wait(20)
        self.kill()


def run_text(name, command, environment, log_path, timeout):
    """Runs a program that prints for people: its status, and all that it printed."""
    with open(log_path, "a") as log:
        begin = log.tell()
    process = Process(name, command, environment, log_path)
    allowed_s, too_late = time_left(timeout)
    try:
        out, _ = process.process.communicate(timeout=allowed_s)
    except subprocess.TimeoutExpired:
        process.fail(too_late)
    finally:
        process.kill()
    with open(log_path, errors="replace") as log:
        log.seek(begin)
        return process.process.returncode, out.decode(errors="replace") + log.read()


def run_once(name, command, environment, log_path, timeout):
    """Runs a client to its end; returns the one object that it prints."""
    process = Process(name, command, environment, log_path)
    process.process.stdin.close()
    deadline = time.monotonic() + timeout
    try:
        message = process.read_message(timeout)
        status = process.wait(max(1, deadline - time.monotonic()))
        if status != 0:
            process.fail(f"ended with status {status}")
        return message
    finally:
        process.kill()
