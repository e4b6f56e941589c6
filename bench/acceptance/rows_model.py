# SPDX-License-Identifier: GPL-2.0-only
"""Rows about the speed of the model in overflow, each in several ways in turn."""

from . import machine, paired, variants
from .bounds import in_ram, middle
from .figures import at_least
from .rows import need, row

GIGA = 1e9

WAYS = variants.ways("uploaded")
WORKERS = (*WAYS.values(), "offload")


def workers(settings):
    return WORKERS if settings.offload else WAYS.values()


# Zero-copy prefill of 8192 tokens on one machine, before GreenBoost had a line
# of code: docs/measurements.md, "A whole model". It says something of that GPU only.
PREFILL_REFERENCE = {"gpu": "H200", "length": 8192, "tokens_per_s": 1544}


def prefill_target(length, settings):
    reference = PREFILL_REFERENCE
    if (
        length != reference["length"]
        or settings.layers != 32
        or settings.budget != "6g"
    ):
        return None
    if reference["gpu"] not in machine.gpu().get("gpu", ""):
        return None
    return at_least(
        0.95 * reference["tokens_per_s"],
        f"95 % of {reference['tokens_per_s']} tokens/s, zero-copy on an H200",
    )


def embedding_in_ram(context, name):
    """Bytes of the embedding table behind the link, by how long a read takes.

    It is too large to be staged, so a kernel that reads it reads it where it lives.
    """
    sweep = context.ask(name, "sweep", 180, least=1 << 29)
    rates = context.link()
    return sum(
        size * in_ram(elapsed, size, rates)
        for weight, size, elapsed in sweep
        if "embed_tokens" in weight
    )


def crossing(context):
    """Bytes that cross the link in every pass over the model.

    All that is in RAM but the embedding table, of which a token reads one row.
    """
    held = paired.held(context, WAYS)
    embedding = embedding_in_ram(context, WAYS["staged"])
    need(held > embedding, "nothing but the embedding table is in RAM")
    return held - embedding


def copy_rate(context):
    return middle(context.link()["copy_in"])


def offloaded(context, report, key, title, unit, convert, do, **arguments):
    """The way without GreenBoost: its figure, and whether it gives the same bits."""
    if not context.settings.offload:
        return
    runs = context.settings.runs
    first = {"vram": [context.ask(WAYS["vram"], do, runs=1, **arguments)]}
    reply = [context.ask("offload", do, 180, runs=1, **arguments) for _ in range(runs)]
    same = [one["sha256"] == first["vram"][0]["sha256"] for one in reply]
    report.fact(
        f"{key}-same-offload",
        f"{title}, {paired.TITLES['offload']}: the same bits",
        same,
        target=None,
    )
    paired.speeds(report, key, title, unit, {"offload": reply}, convert)


@row("prefill", "Overflow: prefill", WORKERS, timed=True, limit=420)
def prefill(context, report):
    settings, rate = context.settings, copy_rate(context)
    context.ready(workers(settings))
    if settings.offload:
        report.detail("offload", context.worker("offload").facts.get("offload"))
    for length in settings.prefill_lengths:
        ways = paired.take_turns(context, WAYS, "prefill", settings.runs, length=length)
        prefill_figures(context, report, length, ways, crossing(context), rate)
    paired.looked_at(context, report, WAYS)


def prefill_figures(context, report, length, ways, bytes_a_pass, rate):
    key, title = f"prefill-{length}", f"prefill of {length} tokens"

    def speed(seconds):
        return length / seconds

    paired.agree(report, key, title, ways)
    reference = prefill_target(length, context.settings)
    paired.speeds(report, key, title, "tokens/s", ways, speed, reference)
    paired.copied(report, key, title, ways)
    # Where the GPU computes for longer than the link takes, the link must not show.
    hidden = length >= 8192
    paired.against(report, key, "vram", title, ways, at_least(0.97) if hidden else None)
    target = None if hidden else at_least(0.93)
    paired.against_bound(report, key, title, ways, bytes_a_pass, rate, target)
    paired.against(report, key, "direct", title, ways)
    offloaded(
        context,
        report,
        key,
        title,
        "tokens/s",
        speed,
        "prefill",
        length=length,
        warm_up=0,
    )


@row("decode", "Overflow: decoding", WORKERS, timed=True, limit=420)
def decode(context, report):
    settings, rate = context.settings, copy_rate(context)
    context.ready(workers(settings))
    for batch in settings.batches:
        ways = paired.take_turns(
            context,
            WAYS,
            "decode",
            settings.runs,
            warm_up=3,
            tokens=settings.decode_tokens,
            batch=batch,
        )
        bytes_a_token = crossing(context)
        decode_figures(context, report, batch, ways, bytes_a_token, rate)
        if batch == 1:
            decode_link(context, report, ways, bytes_a_token)
    paired.looked_at(context, report, WAYS)


def decode_figures(context, report, batch, ways, bytes_a_token, rate):
    key, title = f"decode-{batch}", f"decoding, batch {batch}, each token read back"
    tokens, few = context.settings.decode_tokens, context.settings.offload_tokens
    unit = "tokens/s"
    paired.agree(report, key, title, ways)
    paired.speeds(report, key, title, unit, ways, lambda s: batch * tokens / s)
    paired.copied(report, key, title, ways)
    paired.against_bound(
        report, key, title, ways, bytes_a_token * tokens, rate, at_least(0.93)
    )
    paired.against(report, key, "direct", title, ways)
    arguments = {"tokens": few, "batch": batch, "warm_up": 0}

    def speed(seconds):
        return batch * few / seconds

    offloaded(context, report, key, title, unit, speed, "decode", **arguments)


def decode_link(context, report, ways, bytes_a_token):
    """Batch 1 once more, as bytes over the link, and what keeps the GPU waiting."""
    settings, worker = context.settings, context.worker(WAYS["staged"])
    tokens = settings.decode_tokens
    ahead = worker.ask(
        "decode", 180, tokens=tokens, runs=settings.runs, read_back=False
    )
    speeds = {
        "read-back": [tokens / s for s in paired.seconds(ways["staged"])],
        "run-ahead": [tokens / s for s in ahead["seconds"]],
    }
    leads = worker.ask("lead", 180, tokens=tokens)
    target = at_least(
        0.9 * middle(context.link()["read_link"]) / GIGA,
        "90 % of the zero-copy rate of this session",
    )
    report.figure(
        "speed-run-ahead", "decoding, no read-back", "tokens/s", speeds["run-ahead"]
    )
    for key, what in (
        ("read-back", "each token read back"),
        ("run-ahead", "no read-back"),
    ):
        report.figure(
            f"link-{key}",
            f"decoding, batch 1, {what}: bytes needed over the link",
            "GB/s",
            [speed * bytes_a_token / GIGA for speed in speeds[key]],
            target,
            "what is in RAM, the embedding table left out, times tokens a second",
        )
    report.figure(
        "lead",
        "of a token's time: the program's CPU work before its first layer",
        "ms",
        [1000 * each for each in leads],
        note="the GPU waits meanwhile when each token is read back",
    )
    report.detail("bytes_a_token", bytes_a_token)


@row(
    "decode-graph",
    "Overflow: a decoding step as a CUDA graph with a static cache",
    tuple(WAYS.values()),
    timed=True,
)
def decode_graph(context, report):
    settings, rate = context.settings, copy_rate(context)
    context.ready(WAYS.values())
    tokens, title = settings.decode_tokens, "a captured step, replayed, batch 1"
    ways = paired.take_turns(context, WAYS, "static", settings.runs, tokens=tokens)
    bytes_a_token = crossing(context)
    paired.agree(report, "graph", title, ways)
    paired.speeds(report, "graph", title, "tokens/s", ways, lambda s: tokens / s)
    paired.copied(report, "graph", title, ways)
    paired.against_bound(
        report, "graph", title, ways, bytes_a_token * tokens, rate, at_least(0.95)
    )
    paired.against(report, "graph", "direct", title, ways)
    report.figure(
        "off",
        "the step's logits: how far from the model's own forward()",
        "standard deviations",
        [reply["off"] for reply in ways["vram"]],
        note="the cache and its mask are written out, so rounding differs",
    )
    paired.looked_at(context, report, WAYS)
