# SPDX-License-Identifier: GPL-2.0-only
"""Where the GPU's time goes while a client does something, by PyTorch's profiler.

Any client that worker.py serves answers {"do": "timeline", "of": REQUEST}: it obeys
REQUEST, another of its commands, and says what the GPU did meanwhile. The profiler
itself costs time on the CPU, so nothing that waits for that is as fast as without.
"""

# Gaps between a stream's pieces of work, by length: up to so many us.
GAPS_US = (2, 5, 20, 100, 1000)
LONGEST = 10  # gaps that are told one by one
KERNELS = 15  # names, those that took longest
NAME = 90  # characters of a name: templates go on for lines


def gaps_of(work):
    """[length, begin, the name that follows] of what lies between pieces of work."""
    end = None
    for start, duration, name in work:
        if end is not None and start > end:
            yield start - end, end, name
        end = max(end or 0, start + duration)


def busy_of(work):
    """The time in which any piece of work ran; some may run at once."""
    busy, end = 0, 0
    for start, duration, _ in work:
        begin = max(start, end)
        end = max(end, start + duration)
        busy += max(0, end - begin)
    return busy


def by_length(gaps):
    """[up to so many us, or null beyond, how many, ms in all]."""
    table = [[most, 0, 0] for most in (*GAPS_US, None)]
    for length, *_ in gaps:
        line = next(line for line in table if not line[0] or length < 1000 * line[0])
        line[1] += 1
        line[2] += length / 1e6
    return table


def by_name(work):
    """[name, how often, ms in all], the longest first."""
    table = {}
    for _, duration, name in work:
        line = table.setdefault(name[:NAME], [name[:NAME], 0, 0])
        line[1] += 1
        line[2] += duration / 1e6
    return sorted(table.values(), key=lambda line: -line[2])[:KERNELS]


def stream(number, work, zero):
    work.sort()
    gaps = list(gaps_of(work))
    longest = sorted(gaps, reverse=True)[:LONGEST]
    return {
        "stream": number,
        "count": len(work),
        "ms": (max(start + time for start, time, _ in work) - work[0][0]) / 1e6,
        "busy_ms": busy_of(work) / 1e6,
        "gaps": by_length(gaps),
        "longest_gaps": [
            [length / 1e6, (begin - zero) / 1e6, name[:NAME]]
            for length, begin, name in longest
        ],
        "names": by_name(work),
    }


def summary(events):
    """Of (name, stream, start, duration), in ns: what each stream did, busiest first.

    Times are in ms, those of gaps' begins since the first event.
    """
    streams = {}
    for name, number, start, duration in events:
        streams.setdefault(number, []).append((start, duration, name))
    zero = min((work[0] for all_ in streams.values() for work in all_), default=0)
    told = [stream(number, work, zero) for number, work in streams.items()]
    return sorted(told, key=lambda each: -each["busy_ms"])


def taken(function):
    """What @function returns, and the summary of what the GPU did for it."""
    import torch
    from torch.profiler import ProfilerActivity, profile

    if not torch.cuda.is_available():
        return {"result": function(), "streams": []}
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        result = function()
        torch.cuda.synchronize()
    events = [
        (each.name(), each.device_resource_id(), each.start_ns(), each.duration_ns())
        for each in profiler.profiler.kineto_results.events()
        if "CUDA" in str(each.device_type())
    ]
    return {"result": result, "streams": summary(events)}
