# SPDX-License-Identifier: GPL-2.0-only
"""Rows about results: the same bits, refusals, and what programs do besides."""

import concurrent.futures

from . import greenboost
from .rows import Skip, need, row
from .settings import bytes_of

SMALL = {"vram": "2g", "ram": "6g"}


def healthy(fingerprint):
    """Random weights must give logits that could differ: no zeros, no NaN."""
    return all(
        one["finite"] and one["deviation"] > 0.01 for one in fingerprint
    ) and len({one["sha256"] for one in fingerprint}) == len(fingerprint)


def compare(context, report, name, expected, found, what=""):
    """The facts of two fingerprints."""
    page = greenboost.device(context.page(name))
    report.fact("healthy", what + "logits are finite and differ", [healthy(expected)])
    report.fact(
        "logits",
        what + "logits are bit-identical to all in VRAM",
        [a["sha256"] == b["sha256"] for a, b in zip(expected, found)],
        note=f"prompts of {[one['length'] for one in expected]} tokens",
    )
    report.fact(
        "tokens",
        what + "greedy tokens are the same",
        [a["tokens"] == b["tokens"] for a, b in zip(expected, found)],
    )
    report.fact(
        "overflowed",
        what + "memory did overflow to RAM",
        [page["ram_used"] > 0],
        note=f"{page['ram_used'] / 1e9:.2f} GB in RAM",
    )
    report.detail(name, {"expected": expected, "found": found, "page": page})


@row(
    "identical-kernels",
    "Results under the VRAM budget, weights made by kernels",
    ("plain-kernels", "over-kernels"),
)
def identical_kernels(context, report):
    context.ready(["plain-kernels", "over-kernels"])
    expected = context.reference("plain-kernels")
    compare(
        context, report, "over-kernels", expected, context.fingerprint("over-kernels")
    )


@row(
    "graph",
    "CUDA graph of a decoding step in overflow",
    ("plain-kernels", "over-kernels"),
)
def graph(context, report):
    replies = {
        name: context.ask(name, "graph", replays=4)
        for name in ("plain-kernels", "over-kernels")
    }
    expected, found = (replies[name]["rows"] for name in replies)
    report.fact(
        "logits",
        "replayed logits are bit-identical to all in VRAM",
        [a["sha256"] == b["sha256"] for a, b in zip(expected, found)],
    )
    report.fact(
        "finite", "replayed logits are finite", [one["finite"] for one in expected]
    )
    report.fact(
        "as-eager",
        "the graph computes what the same step computes without one",
        [one["as_eager"] for one in found],
        target=None,
    )
    report.figure("step", "a step in overflow", "s", replies["over-kernels"]["seconds"])
    report.detail("replies", replies)


@row(
    "identical-uploaded",
    "Results under the VRAM budget, weights uploaded",
    ("plain-uploaded", "over-uploaded"),
)
def identical_uploaded(context, report):
    context.ready(["plain-uploaded", "over-uploaded"])
    expected = context.reference("plain-uploaded")
    compare(
        context, report, "over-uploaded", expected, context.fingerprint("over-uploaded")
    )
    for name in ("plain-uploaded", "over-uploaded"):
        report.figure(
            f"to-device-{name}",
            f"moving the whole model with .to(), {name}",
            "s",
            [context.worker(name).facts["to_device_s"]],
            note="several clients start side by side: upload-torch measures this",
        )


@row(
    "two",
    "Two processes at once, each over its budget",
    ("over-kernels", "over-uploaded"),
)
def two(context, report):
    names = {"over-kernels": "plain-kernels", "over-uploaded": "plain-uploaded"}
    expected = {name: context.reference(plain) for name, plain in names.items()}
    context.ready(list(names))
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        jobs = {name: pool.submit(context.fingerprint, name) for name in names}
        found = {name: job.result() for name, job in jobs.items()}
    for name in names:
        compare(context, report, name, expected[name], found[name], f"{name}: ")


def other_allocator(context, report, name):
    expected = context.reference("plain-kernels")
    compare(context, report, name, expected, context.fingerprint(name))


@row(
    "expandable",
    "PyTorch with expandable segments in overflow",
    ("over-expandable",),
)
def expandable(context, report):
    other_allocator(context, report, "over-expandable")


@row(
    "async-allocator",
    "PyTorch with the cudaMallocAsync allocator in overflow",
    ("over-async",),
)
def async_allocator(context, report):
    other_allocator(context, report, "over-async")


def run_watched(context, report, name, arguments, options, environment=None):
    """A Python client under GreenBoost, and whether its memory overflowed."""
    command = context.installation.python_client(name) + arguments
    with context.installation.watch() as watch:
        reply = context.run(name, command, options, environment)
    peak = watch.peak(reply["pid"])
    need(peak is not None, f"{name}: published no statistics: no effect?")
    report.fact(
        "overflowed",
        "memory did overflow to RAM",
        [peak > 0],
        note=f"{peak / 1e9:.2f} GB in RAM at the most",
    )
    report.detail(name, reply)
    return reply


def need_effect(reply, options):
    """The client was told of its budgets in place of the card's memory."""
    told, budgets = reply["total_bytes"], sum(map(bytes_of, options.values()))
    need(
        0.5 * budgets <= told <= 1.1 * budgets,
        f"{reply['client']}: was told of {told} bytes, not of {budgets}: no effect?",
    )


def compared(report, reply):
    need(reply["compared"] > 0, "nothing was compared")
    report.fact(
        "right",
        f"all of {reply['compared']} comparisons are right",
        [reply["wrong"] == 0],
    )


@row("refusal", "RAM budget exhausted", together=True)
def refusal(context, report):
    options = {"vram": "2g", "ram": "2g"}
    reply = run_watched(context, report, "torch_refusal", [], options)
    report.fact("refused", "torch.cuda.OutOfMemoryError is raised", reply["refused"])
    report.figure(
        "held", "memory held at the refusal", "GB", [reply["held_bytes"] / 1e9]
    )
    compared(report, reply)
    report.fact(
        "computes", "it computes correctly after freeing", [reply["product_right"]]
    )


@row("sharing", "PyTorch multiprocessing: CUDA tensors through a queue", together=True)
def sharing(context, report):
    reply = run_watched(context, report, "torch_sharing", [], SMALL)
    report.fact("shared", "both processes see the same memory", reply["right"])
    report.fact("held", "the sender's other memory is unchanged", [reply["held_right"]])
    report.fact("ended", "the receiver ends well", [reply["receiver_status"] == 0])


@row("cupy", "CuPy over its budget", together=True)
def cupy(context, report):
    compared(report, run_watched(context, report, "cupy_arrays", [], SMALL))


@row("peers", "Two GPUs, each over its budget: peer copies, peer kernels, NCCL")
def peers(context, report):
    if context.installation.gpu_count() < 2:
        raise Skip("needs two GPUs")
    # multicast can put a shared host's GPUs out of service
    environment = {"NCCL_NVLS_ENABLE": "0"}
    options = {"vram": "1g", "ram": "8g"}
    compared(
        report, run_watched(context, report, "torch_peers", [], options, environment)
    )


@row("jax", "JAX over its budget", together=True)
def jax(context, report):
    # one allocation a buffer, rather than one that takes three quarters of all
    environment = {
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "XLA_PYTHON_CLIENT_ALLOCATOR": "platform",
    }
    compared(report, run_watched(context, report, "jax_arrays", [], SMALL, environment))


@row("overflow", "A C program three times its budget", together=True)
def overflow(context, report):
    options = {"vram": "1g", "ram": "4g"}
    reply = context.run_c("overflow", {"bytes": "3g", "rounds": 6}, options)
    need_effect(reply, options)
    compared(report, reply)


@row("module", "The same program, over huge pages in the kernel module's place")
def module(context, report):
    """The library's half of what the module gives, where that cannot be loaded."""
    environment, trouble = context.installation.module(bytes_of("4g"))
    if trouble:
        raise Skip(trouble)
    log = f"{context.logs}/module-buffers.txt"
    environment = {**environment, "GREENBOOST_STANDIN_LOG": log}
    options = {"vram": "1g", "ram": "4g"}
    reply = context.run_c(
        "overflow", {"bytes": "3g", "rounds": 6}, options, environment=environment
    )
    need_effect(reply, options)
    try:
        with open(log) as file:
            given = [int(line) for line in file]
    except OSError:
        given = []
    need(given, "the library asked for no buffer")
    report.figure("given", "buffers that it was given", "GB", [sum(given) / 1e9])
    compared(report, reply)


@row(
    "sanitizer",
    "compute-sanitizer memcheck over a C program in overflow",
    together=True,
)
def sanitizer(context, report):
    if not context.installation.has("compute-sanitizer"):
        raise Skip("compute-sanitizer is not on the PATH")
    log = f"{context.logs}/sanitizer-report.txt"
    checker = ["compute-sanitizer", "--tool", "memcheck", "--error-exitcode", "9"]
    checker += ["--log-file", log, "--leak-check", "no"]
    # Kernels are what it is to look at: the driver tells the end of a list of
    # parameters by an error, and every look at a new function ends with one.
    checker += ["--report-api-errors", "no"]
    client = context.installation.c_client("overflow")
    client += ["--bytes", "768m", "--buffer", "32m", "--rounds", "2"]
    options = {"vram": "256m", "ram": "1g"}
    reply = context.run("sanitizer", checker + client, options)
    need_effect(reply, options)
    compared(report, reply)
    try:
        with open(log, errors="replace") as file:
            summary = [line for line in file if "ERROR SUMMARY" in line]
    except OSError:
        summary = []
    need(summary, "sanitizer: it wrote no summary")
    report.fact(
        "clean",
        "compute-sanitizer found nothing",
        [summary[-1].strip().endswith(" 0 errors")],
        note=summary[-1].strip("= \n"),
    )
