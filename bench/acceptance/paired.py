# SPDX-License-Identifier: GPL-2.0-only
"""The same work in several ways, asked in turn; results come before times.

The ways: "vram" without GreenBoost, all in VRAM; "staged" under it, over its
budget; "direct" the same with staging off; "offload" what is there without it.
"""

from . import bounds, greenboost
from .rows import need

TITLES = {
    "vram": "all in VRAM, without GreenBoost",
    "staged": "in overflow",
    "direct": "in overflow, staging off",
    "offload": "without GreenBoost, offloaded",
}
# Passes before the first that counts. Staging learns which parameters are only read
# and what follows what, and memory changes places until RAM is evenly spread over what
# the program goes over, in a tenth of its time (docs/design.md, "Placement"). That is
# over when hardly anything has moved in so many passes in a row; or never, and then
# what still moves is part of what the work takes. After an exchange there is none for
# ten times as long as it took, and until enough waits have been timed, which may be four
# passes.
LEAST, MOST = 5, 24
QUIET = 5
HARDLY = 16 << 20  # bytes
# What the rows' details tell of each run in overflow, warming up included.
COUNTERS = (
    "launches",
    "staged",
    "direct_read",
    "stage_misses",
    "stage_hits",
    "prefetch_hits",
    "reconciled",
    "moved_in",
    "moved_out",
    "spilled",
    "returned",
)
NVME_COUNTERS = ("read", "written")

# What the bytes of a bound go over, and in which words.
LINK = "link", "over the link"
DISK = "disk", "from the disk"


def take_turns(context, workers, do, runs, few=None, warm_up=None, each=1, **arguments):
    """Lists of replies by way.

    @few: fewer runs of a way that takes long. @warm_up: as many before each run, in
    place of some before the first. @each: as many runs in a turn.
    """
    replies = {way: [] for way in workers}
    few = few or {}
    settling = []
    if "staged" in workers and warm_up is None:
        settling = settle(context, workers["staged"], do, arguments)
    for turn in range(runs):
        order = [way for way in workers if turn < few.get(way, runs)]
        # whoever comes first may be at an advantage: take turns at that, too
        for way in order if turn % 2 else reversed(order):
            before = 0 if turn or way in few or way == "staged" else 1
            before = before if warm_up is None else warm_up
            arguments.update(runs=each, warm_up=before)
            replies[way].append(counted(context, workers[way], way, do, arguments))
    if settling:
        replies["staged"][0]["settling"] = settling
    return replies


def settle(context, worker, do, arguments):
    """The replies of the passes that do not count."""
    once = {**arguments, "runs": 1, "warm_up": 0}
    replies, quiet = [], 0
    while len(replies) < LEAST or (quiet < QUIET and len(replies) < MOST):
        replies.append(counted(context, worker, "staged", do, once))
        told = replies[-1]["counted"]
        moved = told["moved_in"] + told["moved_out"]
        quiet = quiet + 1 if moved < HARDLY else 0
    return replies


def counted(context, worker, way, do, arguments):
    """A reply; where copies are staged, with what the library counted meanwhile."""
    if way != "staged":
        return context.ask(worker, do, 180, **arguments)
    begin = counters(context.page(worker))
    reply = context.ask(worker, do, 180, **arguments)
    end = counters(context.page(worker))
    reply["counted"] = {name: end[name] - begin[name] for name in end}
    return reply


def counters(page):
    """All that is counted, of a page; what has no value, as nothing."""
    device, nvme = greenboost.device(page), page.get("nvme") or {}
    told = {name: device.get(name) or 0 for name in COUNTERS}
    told.update({"nvme_" + name: nvme.get(name) or 0 for name in NVME_COUNTERS})
    return told


def seconds(replies):
    """The times of one way's replies."""
    return [time for reply in replies for time in reply["seconds"]]


def agree(report, key, title, replies, what="sha256"):
    """The fact about results. Raises where they differ: then no time counts."""
    expected = replies["vram"][0]
    need(expected["alive"], f"{title}: results are all alike or not finite")
    settling = replies["staged"][0].get("settling", [])
    same = {
        way: [reply[what] == expected[what] for reply in runs]
        for way, runs in replies.items()
    }
    same["staged"] += [reply[what] == expected[what] for reply in settling]
    differing = [TITLES[way] for way, runs in same.items() if not all(runs)]
    report.fact(
        f"{key}-same",
        f"{title}: the same bits in every way, every time",
        sum(same.values(), []),
        note=", ".join(differing),
    )
    if settling:
        report.figure(
            f"{key}-settling",
            f"{title}, {TITLES['staged']}: passes before the first that counts",
            "passes",
            [len(settling)],
            note=f"until memory has found its place, at most {MOST}",
        )
    need(
        not differing, f"{title}: other results {', '.join(differing)}: no time counts"
    )


def held(context, workers):
    """Bytes that the worker over its budget has in RAM."""
    used = greenboost.device(context.page(workers["staged"]))["ram_used"]
    need(used > 0, "memory did not overflow")
    return used


def looked_at(context, report, workers):
    """What the library published; copies are only made where staging is on."""
    pages = {
        way: greenboost.device(context.page(workers[way]))
        for way in ("staged", "direct")
    }
    report.detail("pages", pages)
    made = {way: page.get("staged") or 0 for way, page in pages.items()}
    report.figure(
        "in-ram",
        "overflow in RAM, as published",
        "GB",
        [pages["staged"]["ram_used"] / 1e9],
        note=f"{made['staged'] / 1e9:.2f} GB were copied into VRAM in all",
    )
    need(not made["direct"], "copies were staged with staging off")


def speeds(report, key, title, unit, replies, convert, target=None):
    """A figure for each way: @convert makes what is told from seconds.

    @target is of the way that the row is about.
    """
    for way, runs in replies.items():
        name = key if way == "staged" else f"{key}-{way}"
        told = [convert(time) for time in seconds(runs)]
        wanted = target if way == "staged" else None
        report.figure(name, f"{title}, {TITLES[way]}", unit, told, wanted)


def copied(report, key, title, replies):
    """What staging copied for each run: what the link was used for."""
    counts = [reply["counted"] for reply in replies["staged"]]
    report.detail(f"{key}-counted", counts)
    report.figure(
        f"{key}-copied",
        f"{title}, {TITLES['staged']}: copied into VRAM for it",
        "GB",
        [count["staged"] / 1e9 for count in counts],
    )


def against_bound(report, key, title, replies, crossing, rate, target, way=LINK):
    """The share of the bound; @crossing bytes go @way in the time of a run."""
    vram, staged = seconds(replies["vram"]), seconds(replies["staged"])
    note = (
        f"the bound: {1000 * bounds.middle(vram):.1f} ms all in VRAM, "
        f"{1000 * crossing / rate:.1f} ms for {crossing / 1e9:.2f} GB {way[1]} "
        f"at {rate / 1e9:.3g} GB/s"
    )
    report.figure(
        f"{key}-bound",
        f"{title}: share of the {way[0]} bound",
        "x",
        bounds.shares(vram, staged, crossing, rate),
        target,
        note,
    )


def against(report, key, way, title, replies, target=None, note=""):
    """How often as fast as in another way."""
    report.figure(
        f"{key}-of-{way}",
        f"{title}: speed over that {TITLES[way]}",
        "x",
        bounds.ratios(seconds(replies[way]), seconds(replies["staged"])),
        target,
        note,
    )
