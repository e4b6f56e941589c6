# SPDX-License-Identifier: GPL-2.0-only
"""Stands in for every client in a rehearsal: fake.py [--under OPTIONS] NAME ...

Its answers have the form of the real ones and nothing else of them. FAKE_TROUBLE
makes it misbehave as real clients might: "NAME:KIND" with the kinds crash,
garbage, silence and error, where NAME is a client or a worker's command. "wrong"
and "slow" are for workers over their budget: other results, and half the speed.
"""

import json
import os
import sys
import time

SIZE = 1 << 26
RATES = """checksums, a core              5.558 GB/s
pread by as many threads       1.600 GB/s
store by ring
  put, new space               2.000 GB/s
  get                          1.550 GB/s"""
WORKERS = ("llama", "torch_upload", "gemm", "experts", "diffusion", "train")


def trouble(name):
    """Misbehaves if this is where it was asked to."""
    wanted, _, kind = os.environ.get("FAKE_TROUBLE", "").partition(":")
    if wanted != name:
        return
    if kind == "crash":
        sys.stderr.write("fake: illegal memory access, as asked\n")
        os.abort()
    if kind == "garbage":
        print("this is no JSON", flush=True)
        time.sleep(60)
    if kind == "silence":
        time.sleep(600)
    if kind == "error":
        raise RuntimeError("fake: an error, as asked")


def fingerprint(lengths, tokens):
    return [
        {
            "length": length,
            "sha256": f"{length:064x}",
            "finite": True,
            "deviation": 1.2,
            "tokens": list(range(tokens + 1)),
        }
        for length in lengths
    ]


def graph(replays):
    row = {"sha256": "0" * 64, "finite": True, "as_eager": True}
    return {"rows": [row] * replays, "seconds": [0.17] * replays}


# Seconds of a pass in each way: all in VRAM, staged, direct, from the disk. The link
# takes 163 ms for the 9 GB that dry.py has in RAM, the disk 5 s for 8 GB.
PASS = {
    "prefill": lambda way, length: {
        "vram": length / 33000,
        "staged": max(length / 32800, 0.165),
        "direct": length / 1500,
        "nvme": 5.2,
    }[way],
    "decode": {"vram": 0.03, "staged": 0.166, "direct": 0.2, "nvme": 5.3},
    "static": {"vram": 0.01, "staged": 0.165, "direct": 0.2},
    "product": {"vram": 0.03, "staged": 0.165, "direct": 1.0},
    "tokens": {"vram": 0.001, "staged": 0.002, "direct": 0.002},
    "loop": {"vram": 0.3, "staged": 0.31, "direct": 10.0},
    "steps": {"vram": 0.4, "staged": 1.0, "direct": 1.2},
}


def way_of(under):
    """As variants.WAYS has them, and "nvme"; with the defaults all fits."""
    if not under:
        return "vram"
    if "nvme-path" in under:
        return "nvme"
    return "direct" if "staging" in under else "staged"


class Fake:
    """A worker's commands."""

    def __init__(self, under):
        self.way = way_of(under)
        self.trouble = ("", "")
        if self.way in ("staged", "nvme"):
            wanted, _, kind = os.environ.get("FAKE_TROUBLE", "").partition(":")
            self.trouble = wanted, kind

    def timed(self, do, runs, each, **more):
        """A reply with times: no two alike, as it is with clocks."""
        slow = 2 if self.trouble == (do, "slow") else 1
        sha = "wrong" if self.trouble == (do, "wrong") else "right"
        times = [slow * each * (1 + i / 1000) for i in range(runs)]
        return {"seconds": times, "sha256": sha, "alive": True, **more}

    def passes(self, do, runs, count=1, **more):
        return self.timed(do, runs, count * PASS[do][self.way], **more)

    def commands(self):
        return {
            "fingerprint": fingerprint,
            "prefill": lambda length, runs, warm_up=1: self.timed(
                "prefill",
                runs,
                PASS["prefill"](self.way, length),
                passes=warm_up + runs,
            ),
            "decode": lambda tokens, runs, read_back=True, warm_up=4, batch=1: (
                self.passes("decode", runs, tokens, passes=2 + warm_up + runs * tokens)
            ),
            "static": lambda tokens, runs, warm_up=1: self.passes(
                "static", runs, tokens, off=0.01
            ),
            "lead": lambda tokens: [0.04 + i / 10000 for i in range(tokens)],
            "sweep": lambda runs=3, least=1 << 20: [
                ["embed_tokens", SIZE, 20000],
                ["q_proj", SIZE, 1300000],
            ],
            "memory": lambda: {},
            "graph": graph,
            "upload": lambda bytes: {
                "bytes": bytes,
                "first_s": 2.0,
                "again_s": 1.0,
                "right": True,
            },
            "product": lambda rows, runs, warm_up=1: self.passes("product", runs),
            "staged": lambda rows, runs, warm_up=1: {
                "seconds": [0.0195] * runs,
                "bytes": 1 << 30,
            },
            "tokens": lambda way, count, runs, warm_up=1: self.passes(
                "tokens", runs, count
            ),
            "loop": lambda steps, runs, warm_up=1: self.passes("loop", runs, steps),
            "steps": lambda count: {
                "seconds": self.passes("steps", count)["seconds"],
                "losses": [(1.5).hex()] * count,
                "alive": True,
            },
            "parameters": lambda: self.timed("parameters", 1, 1)["sha256"],
            "limited": lambda: {"refused": True, "error": "out of memory"},
        }


def serve(name, under):
    commands = Fake(under).commands()
    facts = {"client": name, "to_device_s": 2.0, "state_bytes": 13 << 30}
    facts.update(load_s=3.5, first_token_s=11.5)
    print(json.dumps({"hello": facts, "pid": os.getpid()}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        do = request.pop("do")
        try:
            trouble(do)
            reply = {"ok": True, "result": commands[do](**request)}
        except Exception as error:
            reply = {"ok": False, "error": str(error), "kind": type(error).__name__}
        print(json.dumps(reply), flush=True)


def upload_buffer(read_ns, again_ns):
    return {
        "allocate_ns": 1000,
        "first_ns": 2 * again_ns,
        "again_ns": again_ns,
        "read_ns": read_ns,
        "right": True,
    }


def once(name, under):
    sizes = under.values() if under else ["140g" if under is None else "200g"]
    told = sum(int(o[:-1]) << {"g": 30, "m": 20}[o[-1]] for o in sizes)
    reply = {
        "client": name,
        "pid": os.getpid(),
        "total_bytes": told,
        "compared": 10,
        "wrong": 0,
    }
    size = 256 << 20
    near, far = upload_buffer(60000, 36 * 10**6), upload_buffer(5200000, 9 * 10**6)
    more = {
        "launches": {"ns_per_launch": [1900.0, 1910.0, 1905.0]},
        "link": {
            "bytes": 1 << 30,
            "copy_in_ns": [19400000, 19500000],
            "copy_out_ns": [19400000],
            "copy_pageable_ns": [153000000],
            "read_link_ns": [21000000, 21100000],
            "read_device_ns": [240000],
        },
        "pin": {
            "bytes": 8 << 30,
            "driver": {"make_ns": [1700000000] * 2, "register_ns": [10000000] * 2},
            "anonymous": {"make_ns": [250000000] * 2, "register_ns": [170000000] * 2},
            "huge": {"make_ns": [300000000] * 2, "register_ns": [160000000] * 2},
        },
        "views": {
            "bytes": 4 << 30,
            "extent": 64 << 20,
            "driver": {
                "view_ns": [55000000] * 2,
                "view_vram": [2 << 20] * 2,
                "read_ns": [84000000] * 2,
                "replace_ns": [1200000] * 2,
                "replace_busy_ns": [2100000] * 2,
            },
            "file": 801,
        },
        "upload": {
            "buffer_bytes": size,
            "rounds": [{"buffers": [near, far if under else near], "free_ns": 1}] * 2,
        },
        "llama_file": {"bytes": 15 * 10**9, "seconds": 8.0},
        "torch_refusal": {
            "refused": [True, True],
            "held_bytes": 4 << 30,
            "product_right": True,
        },
        "torch_sharing": {
            "right": [True] * 4,
            "held_right": True,
            "receiver_status": 0,
        },
    }
    if "GREENBOOST_STANDIN_LOG" in os.environ:
        with open(os.environ["GREENBOOST_STANDIN_LOG"], "a") as log:
            log.write("67108864\n" * 32)
    print(json.dumps({**reply, **more.get(name, {})}), flush=True)


def main():
    words = sys.argv[1:]
    under = None
    if words[0] == "--under":
        options = [option for option in words[1].split(",") if option]
        under = dict(option.split("=", 1) for option in options)
        words = words[2:]
    if words[0] == "compute-sanitizer":
        with open(words[words.index("--log-file") + 1], "w") as log:
            log.write("========= ERROR SUMMARY: 0 errors\n")
        words = words[words.index("overflow") :]
    trouble(words[0])
    if words[0] == "nvme_rate":
        print(RATES)
    elif words[0] in WORKERS:
        serve(words[0], under)
    elif words[0].startswith("test_driver_"):
        print(
            "learn: 4100.5 GB/s\n[==========] 2 test(s) run.\n[  PASSED  ] 2 test(s)."
        )
    else:
        once(words[0], under)


if __name__ == "__main__":
    main()
