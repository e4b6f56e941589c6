# SPDX-License-Identifier: GPL-2.0-only
"""What a row works with: settings, clients, and results shared between rows."""

import os
import threading

from . import greenboost, variants
from .process import ClientError, Worker, run_once, run_text

# Seconds. A start imports PyTorch and builds 15 GB of weights.
START = 240
COMMAND = 180


class Context:
    def __init__(self, settings, installation, out):
        self.settings = settings
        self.installation = installation
        self.logs = os.path.join(out, "logs")
        os.makedirs(self.logs, exist_ok=True)
        self.variants = variants.table(settings)
        self.workers = {}
        self.known = {}  # what remembered() was told
        self.lock = threading.Lock()

    # Workers

    def launch(self, names):
        """Starts those that do not run; does not wait until they are ready."""
        for name in names:
            worker = self.workers.get(name)
            if worker and worker.alive:
                continue
            if worker:
                worker.close()
            self.workers[name] = self.start(self.variants[name])

    def start(self, variant):
        command = self.installation.python_client(variant.client) + variant.arguments
        return Worker(
            variant.name,
            self.installation.under(variant.options, command),
            {"HF_HUB_OFFLINE": "1", **variant.environment},
            os.path.join(self.logs, variant.name + ".log"),
        )

    def worker(self, name):
        """A worker that is ready, and under the library where it should be."""
        self.launch([name])
        worker = self.workers[name]
        if worker.facts is None:
            worker.greet(START)
            self.check_effect(self.variants[name], worker)
        return worker

    def check_effect(self, variant, worker):
        """Without this, a library that does nothing would pass most rows."""
        page = greenboost.wait_for_page(
            self.installation, worker.pid, 0 if variant.options is None else 5
        )
        if variant.options is not None and page is None:
            worker.fail("publishes no statistics: GreenBoost has no effect on it")
        if variant.options is None and page is not None:
            worker.fail("runs under GreenBoost, and should not")

    def ready(self, names):
        """Several workers, started side by side."""
        self.launch(names)
        return [self.worker(name) for name in names]

    def settle(self):
        """Waits for those still starting, so that they disturb no timing."""
        for name, worker in list(self.workers.items()):
            if worker.alive and worker.facts is None:
                try:
                    self.worker(name)
                except ClientError:
                    pass  # the row that needs it will start it again, and say

    def close(self, names):
        for name in names:
            if name in self.workers:
                self.workers.pop(name).close()

    def keep(self, names):
        """Closes all workers but @names."""
        self.close([name for name in self.workers if name not in names])

    def ask(self, name, do, timeout=COMMAND, **arguments):
        return self.worker(name).ask(do, timeout, **arguments)

    def page(self, name):
        """What the library publishes for a worker."""
        page = self.installation.process(self.worker(name).pid)
        if page is None:
            raise ClientError(f"{name}: its statistics page is gone")
        return page

    # Clients that run to their end

    def run(self, name, command, options, environment=None, timeout=COMMAND):
        return run_once(
            name,
            self.installation.under(options, command),
            environment or {},
            os.path.join(self.logs, name + ".log"),
            timeout,
        )

    def run_text(self, name, command, environment, timeout=COMMAND):
        """For a program that prints for people: its status and its text."""
        log = os.path.join(self.logs, name + ".log")
        command = self.installation.under(None, command)
        return run_text(name, command, environment, log, timeout)

    def run_c(self, name, arguments, options, **more):
        """A C client; its numbers are given as --name value."""
        command = self.installation.c_client(name)
        for key, value in arguments.items():
            command += ["--" + key, str(value)]
        return self.run(name, command, options, **more)

    # Results that several rows use

    def remembered(self, key, make):
        """make()'s result, made once a session."""
        if key not in self.known:
            self.known[key] = make()
        return self.known[key]

    def link(self):
        """The machine's own rates, in bytes a second: lists of runs."""
        return self.remembered("link", self.measure_link)

    def measure_link(self):
        reply = self.run_c("link", {"runs": self.settings.runs}, None)
        return {
            name[: -len("_ns")]: [reply["bytes"] * 1e9 / run for run in runs]
            for name, runs in reply.items()
            if name.endswith("_ns")
        }

    def fingerprint(self, name):
        return self.ask(
            name,
            "fingerprint",
            timeout=COMMAND,
            lengths=self.settings.prompt_lengths,
            tokens=self.settings.prompt_tokens,
        )

    def reference(self, name):
        """A plain worker's fingerprint."""
        return self.remembered(("fingerprint", name), lambda: self.fingerprint(name))
