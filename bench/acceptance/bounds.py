# SPDX-License-Identifier: GPL-2.0-only
"""How fast overflow can be at best, and which share of that was reached.

Times are in seconds, rates in bytes a second. Lists are of neighbours: what was
measured one after the other stands at the same place.
"""


def middle(values):
    ordered = sorted(values)
    return (ordered[len(ordered) // 2] + ordered[(len(ordered) - 1) // 2]) / 2


def bound(vram, crossing, rate):
    """The least time: all in VRAM, or @crossing bytes over the link if that is more."""
    return max(vram, crossing / rate)


def shares(vram, measured, crossing, rate):
    """Which share of the speed at the bound each of @measured reached."""
    return [bound(v, crossing, rate) / m for v, m in zip(vram, measured)]


def ratios(reference, measured):
    """How often as fast as its neighbour in @reference each of @measured is."""
    return [r / m for r, m in zip(reference, measured)]


def in_ram(read_ns, size, rates):
    """Which share of @size lies behind the link, from how long a read took."""
    near = size * 1e9 / max(rates["read_device"])
    far = size * 1e9 / max(rates["read_link"])
    return min(1.0, max(0.0, (read_ns - near) / (far - near)))
