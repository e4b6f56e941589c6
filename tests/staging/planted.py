#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Shows that the tests of staging see its bugs: plants one at a time, and lets them look.

usage: planted.py [--only NAME] [--limit PROGRAMS] [--list]

A copy of the source tree is built with each bug of the table below, a piece of text
that stands once in a file and what it is replaced with. Then random programs run on
it (tests/system/staging.py) until one of them comes out wrong. A bug that none finds
fails this test, as does one whose text has gone: then the table is to be brought up
to date. The environment is that of the tests in tests/system/meson.build.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SLOT, HOME, LAUNCH, STAGING, CAPTURE, TURNS, LANE = (
    "lib/staging/%s.c" % name
    for name in ("slot", "home", "launch", "staging", "capture", "turns", "lane"))

# Name: file, text, what it becomes; and who finds it where random programs do not:
# "cases", tests/system/staging_cases.c, or "unit", the tests beside this file.
BUGS = {
    "no wait for the fill": (SLOT, """\
	int error = gb_lane_wait(&staging->lanes, lane, slot->filled);

	gb_timer_end(timer, lane);
	if (!error)
""", """\
	int error = 0;

	gb_timer_end(timer, lane);
	if (!error)
"""),
    "no wait for a victim's last user": (SLOT, """\
		error = wait_for_users(staging, slot, copy);
	if (!error)
		gb_slot_drop(slot);
""", """\
		error = 0;
	if (!error)
		gb_slot_drop(slot);
"""),
    "no wait for the writers of a home": (HOME, """\
	for (int i = 0; !error && i < GB_STAGED_WRITERS; i++)
		error = gb_lane_wait(&staging->lanes, copy, staged->written[i]);
""", ""),
    "a write before the copy has been read": (HOME, """\
		error = gb_lane_wait(&staging->lanes, lane, staged->reading);
	if (!error)
		error = gb_lane_wait(&staging->lanes, lane, staged->carried);
""", ""),
    "a copy does not invalidate": ("lib/hooks/copy.c", """\
gb_staging_access(ends->to, ends->stream, true);
""", """\
gb_staging_access(ends->to, ends->stream, ends->to == 0);
"""),
    "a copy reads a home that is behind": ("lib/hooks/copy.c", """\
	gb_staging_access(ends->from, ends->stream, false);
""", ""),
    "a memset does not invalidate": ("lib/hooks/memset.c", """\
	GB_COPY(to, UINT64_C(0), (uint64_t)(count) * sizeof(type),             \\
		GB_TOUCH_WORK, stream, call)
""", """\
	GB_PASS(({                                                             \\
		const uint64_t AT = 0, PART = (uint64_t)(count) * sizeof(type); \\
		gb_engine_touch(to, GB_TOUCH_WORK);                            \\
		(void)AT, (void)PART, (void)(stream);                          \\
		call;                                                          \\
	}))
"""),
    "trusted for good": (LAUNCH, """\
		*user = (struct gb_slot_user){ point, true };
""", """\
		*user = (struct gb_slot_user){ point, false };
"""),
    "changes are not carried home": (SLOT, """\
	error = driver()->reconcile(lane->stream, &carry);
""", """\
	error = 0;
"""),
    "an unchecked copy is not settled": (SLOT, """\
	if (!gb_slot_is_unchecked(slot))
		return gb_lane_wait(""", """\
	if (!gb_slot_is_unchecked(slot) || slot->checks > 4)
		return gb_lane_wait("""),
    "two at once carry home": (SLOT, """\
	int error = gb_lane_wait(&staging->lanes, lane, slot->settled);

	if (error)
		return error;
	if (entry)
""", """\
	int error = 0;

	if (entry)
""", "unit"),
    "the address behind the end stays": (LAUNCH, """\
	if (!staged->direct && staged->slot)
""", """\
	if (!staged->direct && staged->slot &&
	    word->address < word->owner->address + word->owner->size)
"""),
    "a promised point is not recorded": (LANE, """\
	if (point.number <= lane->last)
		return 0;
""", """\
	if (point.number)
		return 0;
"""),
    "a promise dies with its context": (LANE, """\
	if (lane->last < lane->promised)
		lane->last = lane->promised;
""", "", "unit"),
    "a lane is used again during a launch": (LANE, """\
	return !lane->launches && lane->promised""", """\
	return lane->promised""", "unit"),
    "a lane is used again that owes a point": (LANE, """\
 lane->promised <= lane->last &&
""", "\n", "unit"),
    "a place is used again while pinned": (SLOT, """\
	if (slot->pins || (ahead && waits_for_its_first_use(slot)))
""", """\
	if (ahead && waits_for_its_first_use(slot))
"""),
    "a copy is taken back while pinned": ("lib/staging/ring.c", """\
		if (slot->used || slot->pins)
			return NULL;
""", ""),
    "a copy is made during a write": (SLOT, """\
	if (allocation->staged.writing || staging->writing)
		return -EBUSY;
""", ""),
    "a graph finds homes that are behind": ("lib/hooks/pass.h", """\
gb_staging_access_all(stream, graph);""", """\
0;"""),
    "two graphs at once": (TURNS, """\
	    (graph && gb_lane_wait(&staging->lanes, lane, staging->graph))) {
""", """\
	    false) {
""", "unit"),
    "two graphs on their way at once": (TURNS, """\
	return !staging->launching && """, """\
	return """, "unit"),
    "unseen work passes a graph on its way": (TURNS, """\
	while (is_any_pinned(staging) || (staging->launching && !graph))
""", """\
	while (is_any_pinned(staging))
""", "unit"),
    "a graph keeps a turn while it waits for another": (TURNS, """\
			give_back(--i);
""", """\
			--i;
""", "unit"),
    "a write passes a graph": (HOME, """\
		error = gb_lane_wait(&staging->lanes, lane, staging->graph);
	if (error)
		return error;
	if (slot""", """\
		error = 0;
	if (error)
		return error;
	if (slot""", "unit"),
    "a write passes a graph on its way": (HOME, """\
	       (write && gb_home_is_in_use(staging, owner)))
""", """\
	       false)
""", "unit"),
    "what a trusted function writes directly is not seen": (LAUNCH, """\
	word->writing = true;
	gb_home_writing(staging, owner, true);
	if (!launch->lane || gb_home_access(staging, owner, launch->lane, true))
""", """\
	word->writing = word->check;
	if (word->writing)
		gb_home_writing(staging, owner, true);
	if (!launch->lane || gb_home_access(staging, owner, launch->lane, word->check))
""", "unit"),
    "a launch passes a graph on its way": (LAUNCH, """\
		wait_for_graphs(staging, launch);
""", "", "unit"),
    "a graph passes work on its way": (TURNS, """\
	       !staging->writing;
""", """\
	       true;
""", "unit"),
    "a graph passes a write": (HOME, """\
	if (atomic_load(&allocation->captured) &&
	    gb_lane_wait(""", """\
	if (false && atomic_load(&allocation->captured) &&
	    gb_lane_wait(""", "unit"),
    "in a graph, no wait for the fill": (CAPTURE, """\
	int error = gb_lane_wait(&staging->capture.lanes, lane, slot->filled);

	if (!error)
		error = driver()""", """\
	int error = 0;

	if (!error)
		error = driver()""", "cases"),
    "in a graph, no wait for a victim's last user": (CAPTURE, """\
	error = gb_lane_wait(&capture->lanes, capture->lanes.copy, slot->settled);
	if (error)
		return error;
	if (home)""", """\
	error = 0;
	if (home)"""),
    "in a graph, changes are not carried home": (CAPTURE, """\
		error = driver()->reconcile(lane->stream, &job);
	if (error)
		error = gb_home""", """\
		error = 0;
	if (error)
		error = gb_home"""),
    "in a graph, a copy does not invalidate": (CAPTURE, """\
	if (!write)
		return;
	home->slot = NULL;
""", """\
	if (write)
		return;
	home->slot = NULL;
"""),
    "in a graph, what was used directly is copied": (CAPTURE, """\
	home->slot = NULL;
	home->direct = true;
	gb_lane_wait""", """\
	home->slot = NULL;
	gb_lane_wait"""),
    "two captures share a record": (CAPTURE, """\
	if (!error && ours.capture)
		error = -EBUSY;
""", ""),
    "functions that come again are known": ("lib/hooks/module.c", """\
	gb_layout_flush();
""", "", "cases"),
    "addresses do not escape": ("lib/hooks/escape.c", """\
	gb_staging_escape(word, stream);
""", ""),
    "freed memory keeps its copy": (STAGING, """\
	if (allocation->staged.slot)
		gb_slot_drop(allocation->staged.slot);
	gb_guest_dismiss""", """\
	gb_guest_dismiss"""),
    "tickets are mistaken for earlier ones": ("lib/staging/lane.c", """\
	return point.lane->tickets[point.number % GB_LANE_TICKETS];
""", """\
	return point.lane->tickets[(point.number - 1) % GB_LANE_TICKETS];
"""),
}


# The same of what lives on the NVMe disk.
GUEST, SPILL, NVME = "lib/staging/guest.c", "lib/engine/spill.c", "lib/tier/nvme.c"
BUGS.update({
    "what kernels change in a guest is lost": ("lib/staging/learn.c", """\
		guest->changed = true;
""", """\
		guest->changed = false;
""", "unit"),
    "a guest goes before it is judged": (GUEST, """\
	while (!error && guest->unjudged) {
""", """\
	while (!error && guest->unjudged > 1000) {
""", "unit"),
    "a piece is copied before it is read": (GUEST, """\
		error = wait_for_read(read);
""", """\
		error = read ? 0 : wait_for_read(read);
""", "unit"),
    "jobs carry to where nothing is": (SLOT, """\
		.home = guest ? guest->place->address : allocation->address,
""", """\
		.home = allocation->address,
""", "unit"),
    "a copy goes to where nothing is": ("lib/engine/touch.c", """\
		if (!gb_spill_any() || !any_is_away(addresses, count))
""", """\
		if (count)
""", "nvme"),
    "memory comes home as the disk had it": (SPILL, """\
	if (!changed)
		return gb_nvme_fetch""", """\
	if (!changed || changed)
		return gb_nvme_fetch""", "nvme"),
    "memory leaves as a file had it": (NVME, """\
	       gb_store_matches(part->stored, memory);
""", """\
	       memory;
""", "unit"),
    "a file that changed is relied on": (NVME, """\
	return gb_store_still_has(part->stored) &&
""", """\
	return part->stored &&
""", "unit"),
    "zeros stay zeros": (NVME, """\
		return is_zero(memory, part->bytes);
""", """\
		return true;
""", "unit"),
    "memory leaves that graphs name": (SPILL, """\
	       !atomic_load(&allocation->graphed) &&""", """\
	       true &&""", "unit"),
    "memory leaves that kernels may find": (SPILL, """\
	       !atomic_load(&allocation->staged.escaped) &&
""", "", "unit"),
})


class Tree:
    """A copy of the source with the library built."""

    def __init__(self, directory):
        self.path = pathlib.Path(directory) / "tree"
        shutil.copytree(SOURCE, self.path, symlinks=True,
                        ignore=shutil.ignore_patterns("build*", ".git", "results"))
        self.build = self.path / "build"
        self.call("meson", "setup", "-Dtests=enabled", str(self.build), str(self.path))
        self.library = self.build / "lib/libgreenboost_cuda.so"

    def call(self, *command):
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode:
            sys.exit("%s\n%s" % (" ".join(command), done.stdout[-4000:]))

    def make(self, target="lib/libgreenboost_cuda.so"):
        self.call("ninja", "-C", str(self.build), target)


def run_programs(tree, limit):
    """Random programs until one comes out wrong: how many at most, or None."""
    environment = dict(os.environ, TEST_LIBRARY=str(tree.library), TEST_TIMEOUT="20")
    harness = [sys.executable, str(SOURCE / "tests/system/staging.py")]
    batch, done = 40, 0
    while done < limit:
        outcome = subprocess.run(
            harness + ["--programs", "%d:%d" % (done + 1, done + batch), "--orders", "4",
                       "--first-order", str(done + 1), "--stop", os.environ["TEST_CLIENT"]],
            env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        done += batch
        if "no good" in outcome.stdout or "Traceback" in outcome.stdout:
            sys.exit(outcome.stdout)
        if outcome.returncode:
            return done * 4
    return None


def run_nvme(tree, limit):
    """Random programs with more weights than RAM holds."""
    environment = dict(os.environ, TEST_LIBRARY=str(tree.library), TEST_TIMEOUT="20")
    outcome = subprocess.run(
        [sys.executable, str(SOURCE / "tests/system/staging.py"), "--programs", "1:40",
         "--each", "2", "--orders", "2", "--stop", "--nvme", str(tree.build),
         os.environ["TEST_CLIENT"]],
        env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if "no good" in outcome.stdout or "Traceback" in outcome.stdout:
        sys.exit(outcome.stdout)
    return 80 if outcome.returncode else None


def run_cases(tree, limit):
    """The same with the cases."""
    environment = dict(os.environ, TEST_LIBRARY=str(tree.library), TEST_TIMEOUT="20")
    harness = [sys.executable, str(SOURCE / "tests/system/differential.py"),
               "--budgets", "32m", "--seeds", "1:8"]
    for setting in ("GREENBOOST_STAGING=8m", "GREENBOOST_RAM=200m", "CLIENT_BALLAST=20",
                    "GREENBOOST_SIM_FAIL=cuEventElapsedTime:1+:600"):
        harness += ["--set", setting]
    outcome = subprocess.run(harness + [os.environ["TEST_CASES"]], env=environment,
                             stdout=subprocess.DEVNULL)
    return 8 if outcome.returncode else None


def run_unit(tree, limit):
    """And with the unit tests, which begin anew each time."""
    for name in UNITS:
        program = "tests/staging/test_staging_" + name
        tree.make(program)
        outcome = subprocess.run([str(tree.build / program)], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, timeout=60)
        if outcome.returncode:
            return 1
    return None


UNITS = ("lane", "whole", "turns", "guests")
FINDERS = {"programs": run_programs, "cases": run_cases, "unit": run_unit,
           "nvme": run_nvme}


def plant(tree, name, limit):
    file, text, bug, *finder = BUGS[name]
    path = tree.path / file
    good = path.read_text()
    if good.count(text) != 1:
        print("%-40s text not found once in %s" % (name, file))
        return False
    path.write_text(good.replace(text, bug))
    tree.make()
    began = time.monotonic()
    runs = FINDERS[finder[0] if finder else "programs"](tree, limit)
    path.write_text(good)
    if runs:
        print("%-40s found within %d runs, %.0f s" %
              (name, runs, time.monotonic() - began), flush=True)
    else:
        print("%-40s NOT FOUND" % name, flush=True)
    return bool(runs)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", action="append")
    parser.add_argument("--limit", type=int, default=800)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.list:
        print(*BUGS, sep="\n")
        return 0
    with tempfile.TemporaryDirectory() as directory:
        tree = Tree(directory)
        tree.make()
        if not options.only and any(find(tree, 40) for find in FINDERS.values()):
            sys.exit("programs come out wrong without any bug")
        found = [plant(tree, name, options.limit) for name in options.only or BUGS]
    print("%d of %d found" % (sum(found), len(found)))
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(main())
