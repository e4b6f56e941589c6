# SPDX-License-Identifier: GPL-2.0-only
"""Rows about staging beside the model: products, experts, training, launches."""

import re

from . import bounds, greenboost, paired, variants
from .figures import at_least, below
from .process import ClientError
from .rows import need, row
from .rows_speed import launch_rounds


def milliseconds(seconds):
    return 1000 * seconds


GEMM = variants.ways("gemm")


@row(
    "gemm",
    "Overflow: products of few and many rows with matrices of 128 MiB",
    tuple(GEMM.values()),
    timed=True,
)
def gemm(context, report):
    settings = context.settings
    context.ready(GEMM.values())
    for rows in settings.gemm_rows:
        key, title = f"rows-{rows}", f"{rows} row{'s' if rows > 1 else ''}"
        ways = paired.take_turns(context, GEMM, "product", settings.runs, rows=rows)
        by_hand = context.ask(GEMM["vram"], "staged", rows=rows, runs=settings.runs)
        paired.agree(report, key, title, ways)
        paired.speeds(report, key, title, "ms", ways, milliseconds)
        paired.copied(report, key, title, ways)
        gemm_by_hand(report, key, title, ways, by_hand, paired.held(context, GEMM))
        paired.against(report, key, "direct", title, ways)
    paired.looked_at(context, report, GEMM)


def gemm_by_hand(report, key, title, ways, reply, held):
    """Against copies staged by hand, as if that were done with as much in RAM."""
    rate = reply["bytes"] / bounds.middle(reply["seconds"])
    report.figure(
        f"{key}-by-hand",
        f"{title}, staged by hand from pinned memory, without GreenBoost",
        "GB/s",
        [reply["bytes"] / 1e9 / seconds for seconds in reply["seconds"]],
    )
    report.figure(
        f"{key}-share",
        f"{title}: speed over that of staging by hand",
        "x",
        bounds.shares(
            paired.seconds(ways["vram"]), paired.seconds(ways["staged"]), held, rate
        ),
        at_least(0.97),
        f"by hand {held / 1e9:.2f} GB take {1000 * held / rate:.1f} ms",
    )


EXPERTS = variants.ways("experts")


@row(
    "experts",
    "Overflow: a mixture of experts, 4 of 128 for each token",
    tuple(EXPERTS.values()),
    timed=True,
)
def experts(context, report):
    settings = context.settings
    context.ready(EXPERTS.values())
    titles = {
        "slices": "a product for each chosen expert",
        "gather": "the chosen experts picked out by a kernel",
    }
    tokens = settings.expert_tokens
    for way, title in titles.items():
        ways = paired.take_turns(
            context, EXPERTS, "tokens", settings.pairs, way=way, count=tokens
        )
        paired.agree(report, way, title, ways)
        paired.speeds(report, way, title, "tokens/s", ways, lambda s: tokens / s)
        paired.copied(report, way, title, ways)
        paired.against(report, way, "direct", title, ways, at_least(0.97))
    paired.looked_at(context, report, EXPERTS)


DIFFUSION = variants.ways("diffusion")


@row(
    "diffusion",
    "Overflow: the step loop of a diffusion transformer",
    tuple(DIFFUSION.values()),
    timed=True,
)
def diffusion(context, report):
    settings, rate = context.settings, bounds.middle(context.link()["copy_in"])
    context.ready(DIFFUSION.values())
    steps, title = settings.diffusion_steps, "a step of the loop"
    ways = paired.take_turns(
        context,
        DIFFUSION,
        "loop",
        settings.runs,
        few={"direct": 2},  # tens of seconds each
        steps=steps,
    )
    held = paired.held(context, DIFFUSION)
    paired.agree(report, "step", title, ways)
    paired.speeds(report, "step", title, "ms", ways, lambda s: 1000 * s / steps)
    paired.copied(report, "step", title, ways)
    vram = bounds.middle(paired.seconds(ways["vram"])) / steps
    hides = vram > held / rate
    paired.against(
        report,
        "step",
        "vram",
        title,
        ways,
        at_least(0.95) if hides else None,
        f"{1000 * vram:.0f} ms of computing, {1000 * held / rate:.0f} ms of link",
    )
    paired.against_bound(report, "step", title, ways, held * steps, rate, None)
    paired.against(report, "step", "direct", title, ways)
    paired.looked_at(context, report, DIFFUSION)


TRAIN = variants.ways("train")


@row(
    "train",
    "Overflow: training steps whose state is twice the VRAM budget",
    (*TRAIN.values(), "limited-train"),
    timed=True,
    limit=420,
)
def train(context, report):
    settings = context.settings
    context.ready(TRAIN.values())
    ways = {way: [] for way in TRAIN}
    for turn in range(settings.runs + 1):
        order = list(TRAIN) if turn % 2 else reversed(TRAIN)
        for way in order:
            # the first steps allocate gradients and moments, and count for results
            count = 1 if turn else 2
            ways[way].append(context.ask(TRAIN[way], "steps", 180, count=count))
    held = paired.held(context, TRAIN)
    agree_in_training(context, report, ways)
    state = context.worker(TRAIN["staged"]).facts["state_bytes"]
    budget = variants.bytes_of(settings.budget)
    report.figure(
        "state",
        "parameters, gradients and moments over the VRAM budget",
        "x",
        [state / budget],
        at_least(2.0),
        f"{state / 1e9:.2f} GB; {held / 1e9:.2f} GB in RAM",
    )
    timed = {way: replies[1:] for way, replies in ways.items()}
    title = "a step: forward, backward, AdamW"
    paired.speeds(report, "step", title, "ms", timed, milliseconds)
    paired.against(report, "step", "vram", title, timed)
    paired.against(report, "step", "direct", title, timed)
    paired.looked_at(context, report, TRAIN)
    reply = context.ask("limited-train", "limited", 180)
    report.fact(
        "refused",
        "without GreenBoost in as much VRAM: torch.cuda.OutOfMemoryError",
        [reply["refused"]],
        target=None,
        note=reply["error"],
    )


def agree_in_training(context, report, ways):
    """Losses of every step, and all parameters and moments after the last."""
    last = {
        way: [{"sha256": context.ask(TRAIN[way], "parameters", 180), "alive": True}]
        for way in TRAIN
    }
    paired.agree(report, "state", "parameters and moments after training", last)
    losses = {
        way: [
            {
                "losses": [loss for reply in replies for loss in reply["losses"]],
                "alive": all(reply["alive"] for reply in replies[:1]),
            }
        ]
        for way, replies in ways.items()
    }
    paired.agree(report, "losses", "every step's loss", losses, "losses")


@row("launches-staged", "Staging active: what a launch costs", timed=True)
def launches_staged(context, report):
    """The kernel reads an allocation of 8 MiB whole, so that a copy pays."""
    settings = context.settings
    options = {"vram": "1g", "ram": "4g"}
    common = {"launches": settings.staged_launches, "burst": 100, "read": 1}
    cases = (
        ("nothing", "nothing in RAM", {"hold": "256m", "pieces": 32}, 0),
        ("hits", "copies are there", {"hold": "2g", "pieces": 256, "few": 4}, 20),
        ("copies", "every second needs a copy", {"hold": "2g", "pieces": 256}, 4),
    )
    for name, title, more, longer in cases:
        arguments = {**more, **common}
        replies = launch_rounds(
            context,
            report,
            name,
            f"launch, {title}",
            arguments,
            options,
            below(2000),
            settings.staged_rounds,
        )
        if longer:
            arguments["launches"] = longer * settings.staged_launches
            replies.append(launches_watched(context, report, name, arguments, options))
        report.fact(
            f"{name}-right",
            f"launch, {title}: what was read is right",
            [reply["compared"] > 0 and reply["wrong"] == 0 for reply in replies],
        )


def launches_watched(context, report, name, arguments, options):
    """The same once more, not timed but looked at: were copies staged?"""
    with context.installation.watch() as watch:
        reply = context.run_c("launches", arguments, options)
    page = watch.last(reply["pid"])
    need(page, f"launches: {name}: its statistics were never seen")
    page = greenboost.device(page)
    report.detail(f"{name}-page", page)
    report.fact(
        f"{name}-staged",
        "copies were staged in a process like those",
        [(page.get("staged") or 0) > 0],
    )
    return reply


RATE = re.compile(r"^(.+): ([\d.]+) GB/s$", re.M)
PASSED = re.compile(r"\[  PASSED  \] (\d+) test")


@row(
    "gpu-tests", "The library's own kernels, tested on this GPU", timed=True, limit=200
)
def gpu_tests(context, report):
    """What they print as rates becomes figures; one that fails costs none of these."""
    failed = []
    for name in ("reconcile", "hash", "rate"):
        try:
            gpu_test(context, report, name)
        except ClientError as error:
            failed.append(str(error))
    need(not failed, "; ".join(failed))


def gpu_test(context, report, name):
    command, environment = context.installation.driver_test(name)
    need(command, environment)
    status, text = context.run_text(
        "test_driver_" + name, command, environment, timeout=60
    )
    report.detail(name, text[-4000:])
    need(
        "cannot be preloaded" not in text,
        f"{name}: the real driver could not take the simulated one's place",
    )
    passed = sum(int(count) for count in PASSED.findall(text))
    for what, rate in RATE.findall(text):
        key = what.strip().replace(" ", "-")
        report.figure(f"{name}-{key}", f"{name}: {what}", "GB/s", [float(rate)])
    report.fact(
        name,
        f"test_driver_{name} passes",
        [status == 0 and passed > 0],
        note=f"{passed} tests passed",
    )
    last = " | ".join(text.strip().splitlines()[-3:])
    need(status == 0 and passed, f"{name}: ended with status {status}: {last}")
