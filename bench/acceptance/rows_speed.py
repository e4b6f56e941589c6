# SPDX-License-Identifier: GPL-2.0-only
"""Rows about time: the link, the cost when all fits, loading."""

from . import greenboost, machine
from .bounds import in_ram, middle
from .figures import at_least, below
from .rows import need, row

GIGA = 1e9


@row("link", "What the machine's link and memory do, without GreenBoost", timed=True)
def link(context, report):
    titles = {
        "copy_in": "copy engine, pinned memory to GPU",
        "copy_out": "copy engine, GPU to pinned memory",
        "copy_pageable": "copy from pageable memory to GPU",
        "read_link": "a kernel reading pinned memory (zero-copy)",
        "read_device": "a kernel reading the GPU's own memory",
    }
    rates = context.link()
    for name, title in titles.items():
        report.figure(name, title, "GB/s", [rate / GIGA for rate in rates[name]])


@row(
    "pin", "RAM made readable for the GPU, by each way, without GreenBoost", timed=True
)
def pin(context, report):
    """Huge pages stand in for the kernel module's buffers, made or ready."""
    arguments = {"bytes": context.settings.pin_bytes, "runs": context.settings.runs}
    reply = context.run_c("pin", arguments, None)

    def seconds(way, steps):
        return [sum(run) / 1e9 for run in zip(*(reply[way][s + "_ns"] for s in steps))]

    def rates(way, *steps):
        return [reply["bytes"] / GIGA / run for run in seconds(way, steps)]

    whole = ("make", "register")
    driver = rates("driver", *whole)
    report.figure("driver", "handles that the driver makes on the host", "GB/s", driver)
    report.figure(
        "anonymous", "the process's own memory", "GB/s", rates("anonymous", *whole)
    )
    if not reply["huge"]:
        # vm.nr_hugepages is too small for as much.
        return
    made, ready = rates("huge", *whole), rates("huge", "register")
    report.figure("huge", "huge pages, cleared first", "GB/s", made)
    report.figure("huge-ready", "huge pages that are cleared already", "GB/s", ready)
    report.figure(
        "huge-times",
        "huge pages that are cleared already, of the driver's rate",
        "x",
        [rate / middle(driver) for rate in ready],
        at_least(5, "as the kernel module's reserve has them"),
    )


@row("views", "The same RAM in sight of the GPU twice, without GreenBoost", timed=True)
def views(context, report):
    """What copies of parts of one large buffer would take."""
    arguments = {"bytes": context.settings.view_bytes, "runs": context.settings.runs}
    reply = context.run_c("views", arguments, None)
    titles = {
        "driver": "handles that the driver makes on the host",
        "file": "registered memory files",
        "huge": "registered memory files of huge pages",
    }
    for way, title in titles.items():
        # vm.nr_hugepages may be too small for as much.
        if way not in reply:
            continue
        runs = reply[way]
        if isinstance(runs, int):
            report.detail(way, {"refused with CUDA error": runs})
            continue

        def figure(name, what, unit, values, way=way, title=title):
            report.figure(f"{way}-{name}", f"{title}: {what}", unit, values)

        gigabytes = reply["bytes"] / GIGA
        seen = [gigabytes / (ns / 1e9) for ns in runs["view_ns"]]
        figure("view", "mapped a second time", "GB/s", seen)
        vram = [taken / 1e6 / gigabytes for taken in runs["view_vram"]]
        figure("vram", "VRAM that this takes, for each GB", "MB", vram)
        read = [gigabytes / (ns / 1e9) for ns in runs["read_ns"]]
        figure("read", "a kernel reading it there", "GB/s", read)
        piece = f"VRAM in the place of {reply['extent'] >> 20} MiB, and back"
        idle = [ns / 1e3 for ns in runs["replace_ns"]]
        figure("replace", piece, "us", idle)
        busy = [ns / 1e3 for ns in runs["replace_busy_ns"]]
        figure("busy", f"{piece}, beside a kernel", "us", busy)


def launch_rounds(
    context, report, name, title, arguments, options, target, rounds=None
):
    """Processes with and without GreenBoost in turn; returns all replies."""
    plain, under = [], []
    for turn in range(rounds or context.settings.launch_rounds):
        order = [(plain, None), (under, options)]
        for runs, chosen in order if turn % 2 else reversed(order):
            reply = context.run_c("launches", arguments, chosen)
            runs.append(reply)
    need(
        under[0]["total_bytes"] != plain[0]["total_bytes"],
        "launches: the GPU's memory is told alike with and without GreenBoost: no effect?",
    )
    # The call's cost is the same each time, and all else only adds to it: of a
    # process's batches the fastest says most about it.
    plain_ns = [min(reply["ns_per_launch"]) for reply in plain]
    under_ns = [min(reply["ns_per_launch"]) for reply in under]
    report.figure(name + "-plain", title + ", without GreenBoost", "ns", plain_ns)
    report.figure(name + "-under", title + ", with GreenBoost", "ns", under_ns)
    report.figure(
        name + "-added",
        title + ": time added",
        "ns",
        [u - p for u, p in zip(under_ns, plain_ns)],
        target,
        "processes in turn, of each the fastest of ten batches; bursts of "
        f"{arguments.get('burst', 500)} launches, the wait for the GPU left out",
    )
    report.detail(
        name,
        {
            "plain": [reply["ns_per_launch"] for reply in plain],
            "under": [reply["ns_per_launch"] for reply in under],
        },
    )
    return plain + under


@row("launches", "All fits: a launch of an empty kernel", timed=True)
def launches(context, report):
    count = context.settings.launches
    launch_rounds(
        context,
        report,
        "empty",
        "launch of an empty kernel",
        {"launches": count},
        {},
        below(100, "10^6 launches"),
    )


@row(
    "launches-overflow",
    "In overflow: a launch of a kernel with four addresses",
    timed=True,
)
def launches_overflow(context, report):
    launch_rounds(
        context,
        report,
        "four",
        "launch with four addresses, memory overflowing",
        {"launches": context.settings.launches // 5, "hold": "2g", "four": 1},
        {"vram": "1g", "ram": "4g"},
        None,
    )


def round_totals(replies):
    """One dictionary a round: seconds of all buffers, and the buffers."""
    return [
        {
            "first_s": sum(b["allocate_ns"] + b["first_ns"] for b in part["buffers"])
            / 1e9,
            "again_s": sum(b["again_ns"] for b in part["buffers"]) / 1e9,
            "buffers": part["buffers"],
        }
        for reply in replies
        for part in reply["rounds"]
    ]


def part_rates(rounds, size, rates, wanted):
    """Rates in GB/s of the buffers that lie where @wanted says, a round each."""
    first, again = [], []
    for part in rounds:
        chosen = [
            b for b in part["buffers"] if wanted(in_ram(b["read_ns"], size, rates))
        ]
        if chosen:
            total = size * len(chosen)
            first.append(total / sum(b["allocate_ns"] + b["first_ns"] for b in chosen))
            again.append(total / sum(b["again_ns"] for b in chosen))
    return first, again


@row("upload", "Upload from pageable memory, a C program", timed=True)
def upload(context, report):
    settings = context.settings
    over = {"vram": settings.budget, "ram": settings.ram}
    arguments = {"bytes": settings.upload_bytes}
    replies = {None: [], "over": []}
    rates = context.link()
    for _ in range(settings.upload_rounds):
        replies[None].append(context.run_c("upload", arguments, None))
        replies["over"].append(context.run_c("upload", arguments, over))
    plain, under = round_totals(replies[None]), round_totals(replies["over"])
    report.fact(
        "right",
        "what the GPU read is what was sent",
        [b["right"] for part in plain + under for b in part["buffers"]],
    )
    gib = settings.upload_bytes >> 30
    upload_totals(report, gib, plain, under)
    upload_parts(report, replies["over"][0]["buffer_bytes"], rates, plain, under)


def upload_totals(report, gib, plain, under):
    for key, what in (
        ("first", "allocation included"),
        ("again", "allocation left out"),
    ):
        before = [part[key + "_s"] for part in plain]
        after = [part[key + "_s"] for part in under]
        report.figure(
            f"{key}-plain", f"{gib} GiB, {what}, without GreenBoost", "s", before
        )
        report.figure(f"{key}-under", f"{gib} GiB, {what}, in overflow", "s", after)
        report.figure(
            f"{key}-ratio",
            f"{gib} GiB, {what}: speed over that without GreenBoost",
            "x",
            [b / a for b, a in zip(before, after)],
            at_least(1.0, "no slower"),
        )


def upload_parts(report, size, rates, plain, under):
    """The parts that went to RAM and to VRAM, against the plain copy."""
    base_first, base_again = part_rates(plain, size, rates, lambda share: True)
    parts = (
        ("ram", "the part in RAM", lambda share: share > 0.9),
        ("vram", "the part in VRAM", lambda share: share < 0.1),
    )
    for name, title, wanted in parts:
        first, again = part_rates(under, size, rates, wanted)
        need(first, f"upload: no buffer was found wholly in {name}")
        report.figure(
            f"{name}-first", f"{title}: rate, allocation included", "GB/s", first
        )
        report.figure(
            f"{name}-again", f"{title}: rate, allocation left out", "GB/s", again
        )
        report.figure(
            f"{name}-speedup-first",
            f"{title}: rate over that without GreenBoost, allocation included",
            "x",
            [rate / base for rate, base in zip(first, base_first)],
        )
        report.figure(
            f"{name}-speedup",
            f"{title}: rate over that without GreenBoost, allocation left out",
            "x",
            [rate / base for rate, base in zip(again, base_again)],
            at_least(3.0) if name == "ram" else None,
        )


@row(
    "upload-torch",
    'Upload from pageable memory, PyTorch\'s .to("cuda")',
    ("upload-plain", "upload-over"),
    timed=True,
)
def upload_torch(context, report):
    plain, under = [], []
    context.ready(["upload-plain", "upload-over"])
    for _ in range(max(2, context.settings.upload_rounds)):
        for name, replies in (("upload-plain", plain), ("upload-over", under)):
            replies.append(
                context.ask(name, "upload", bytes=context.settings.upload_bytes)
            )
    report.fact(
        "right",
        "what the GPU read is what was sent",
        [r["right"] for r in plain + under],
    )
    gib = context.settings.upload_bytes >> 30
    upload_totals(report, gib, plain, under)


def fits_turns(context):
    """Pairs in turn. Of two processes that do the same one may be quicker for good."""
    names, settings = ["plain-kernels", "fits-kernels"], context.settings
    for turn in range(settings.pairs):
        if turn and turn % settings.fits_pairs == 0:
            context.close(names)
        yield turn, *context.ready(names)


@row(
    "fits",
    "All fits: a Llama-8B-shaped model with and without GreenBoost, in turn",
    ("plain-kernels", "fits-kernels"),
    timed=True,
)
def fits(context, report):
    settings = context.settings
    jobs = (
        (
            "prefill",
            f"prefill of {settings.fits_prefill} tokens",
            dict(do="prefill", length=settings.fits_prefill, runs=9),
            settings.fits_prefill,
            middle,
        ),
        (
            "decode",
            "decoding, batch 1",
            dict(do="decode", tokens=settings.fits_tokens, runs=5),
            settings.fits_tokens,
            # bound by Python on the CPU, where others' work only ever slows it
            min,
        ),
    )
    before, after = {job[0]: [] for job in jobs}, {job[0]: [] for job in jobs}
    for turn, plain, under in fits_turns(context):
        # whoever comes first may be at an advantage: take turns at that, too
        order = [(plain, before), (under, after)]
        for name, _, request, tokens, chosen in jobs:
            for worker, runs in order if turn % 2 else reversed(order):
                reply = worker.ask(timeout=180, **request)
                runs[name].append(tokens / chosen(reply["seconds"]))
    for name, title, *_ in jobs:
        report.figure(
            name + "-plain", title + ", without GreenBoost", "tokens/s", before[name]
        )
        report.figure(
            name + "-under", title + ", with GreenBoost", "tokens/s", after[name]
        )
        report.figure(
            name + "-ratio",
            title + ": speed over that without GreenBoost",
            "x",
            [a / b for a, b in zip(after[name], before[name])],
            at_least(0.99),
            f"pairs in one session, new processes every {settings.fits_pairs}",
        )
        report.figure(
            name + "-itself",
            title + ", without GreenBoost: speed over that of the pair before",
            "x",
            [b / a for a, b in zip(before[name], before[name][1:])],
            note="how far the same program is from itself",
        )
    expected = context.reference("plain-kernels")
    report.fact(
        "identical",
        "logits and tokens as without GreenBoost",
        [context.fingerprint("fits-kernels") == expected],
    )


@row("vram", "Overflow: VRAM used of its budget", ("over-uploaded",))
def vram(context, report):
    worker = context.worker("over-uploaded")
    # at work once, so that what it allocates while computing is there
    worker.ask("prefill", 180, length=512, runs=1, warm_up=0)
    page = greenboost.device(context.page("over-uploaded"))
    used = page["vram_used"] + page["vram_direct"]
    report.figure(
        "share",
        "VRAM used of its budget",
        "%",
        [100 * used / page["vram_budget"]],
        at_least(95.0),
        "published after a prefill: the arena's share and what passed it by",
    )
    seen = machine.used_by_process(worker.pid)
    if seen:
        report.figure(
            "driver",
            "GPU memory of the process as the driver counts it, its context included",
            "GB",
            [seen / GIGA],
        )
    report.detail("page", page)
    report.detail("meminfo", context.run_c("meminfo", {}, None))
