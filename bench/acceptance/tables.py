# SPDX-License-Identifier: GPL-2.0-only
"""Markdown from a results document, and the place of it in a page.

Only what is in the document is shown: a row that was not measured says so.
"""

BEGIN = "<!-- results: begin, made by bench/table -->"
END = "<!-- results: end -->"


def number(value, unit=""):
    """As many digits as mean something."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    magnitude = abs(value)
    if magnitude >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    if magnitude >= 100:
        return f"{value:.0f}"
    if unit == "x":
        return f"{value:.3f}"
    return f"{value:.2f}" if magnitude >= 1 else f"{value:.3g}"


def measured(figure):
    unit = figure["unit"]
    if unit == "yes or no":
        count = len(figure["runs"])
        return number(figure["median"]) + (
            f" ({count} of {count})" if count > 1 and figure["median"] else ""
        )
    text = f"{number(figure['median'], unit)} {unit}"
    if len(figure["runs"]) > 1:
        low, high = number(figure["min"], unit), number(figure["max"], unit)
        text += f" ({low} to {high}, {len(figure['runs'])} runs)"
    return text


def target(figure):
    wanted = figure["target"]
    if not wanted:
        return ""
    if wanted["relation"] == "is":
        return number(wanted["value"])
    unit = figure["unit"]
    return f"{wanted['relation']} {number(wanted['value'], unit)} {unit}"


def met(figure):
    if figure["met"] is None:
        return ""
    return "met" if figure["met"] else f"**missed{missed_by(figure)}**"


def missed_by(figure):
    """By which part of the target, where both are numbers."""
    wanted = figure["target"]
    if wanted["relation"] == "is" or not wanted["value"]:
        return ""
    part = abs(figure["median"] - wanted["value"]) / abs(wanted["value"])
    return f" by {100 * part:.2g} %" if part < 0.1 else f" by {100 * part:.0f} %"


def escape(text):
    return text.replace("|", "\\|").replace("\n", " ")


def row_lines(row, note=""):
    yield f"| **{escape(row['title'])}**{note} | | | |"
    for figure in row["figures"]:
        cells = [escape(figure["title"]), measured(figure), target(figure), met(figure)]
        yield "| " + " | ".join(cells) + " |"
    if row["status"] != "done":
        why = f": {row['error'][:200]}" if row["error"] else ""
        yield f"| {escape(row['status'] + why)} | not measured | | |"


def machine_line(document):
    """Whatever of the machine is known, in one line."""
    facts = dict(document["machine"])
    if "vram_mib" in facts:
        facts["vram_gib"] = int(facts["vram_mib"]) / 1024
    if "ram_kib" in facts:
        facts["ram_gib"] = facts["ram_kib"] / (1 << 20)
    phrases = [
        "{gpu}",
        "{vram_gib:.0f} GiB VRAM",
        "driver {driver}",
        "PCIe {pcie_generation} x{pcie_width}",
        "{cores} cores of {cpu}",
        "{ram_gib:.0f} GiB RAM",
        "Linux {kernel}",
    ]
    return ", ".join(filter(None, (known(phrase, facts) for phrase in phrases)))


def known(phrase, facts):
    try:
        return phrase.format(**facts)
    except KeyError:
        return ""


def revision(document):
    return (document["greenboost"]["revision"] or "unknown")[:12]


def of_what(document):
    """When, at which revision and on what it was measured."""
    return (
        f"{document['date']} at revision {revision(document)} on "
        f"{machine_line(document)}"
    )


def warnings(document):
    if document["dry_run"]:
        yield "**A rehearsal with made-up clients: none of this was measured.**"
        yield ""
    if document["settings"]["quick"]:
        yield "A quick look, with fewer and shorter runs."
        yield ""


def left_over(document, earlier):
    """Of @earlier documents, the rows that no later one has, with whose they are."""
    seen = {row["name"] for row in document["rows"]}
    for other in earlier:
        for row in other["rows"]:
            if row["name"] not in seen:
                seen.add(row["name"])
                yield other, row


def table(document, earlier=()):
    """The lines of the table with what it was measured on above it.

    Rows that @document lacks come from the first of @earlier that has them, and say
    which revision they are of.
    """
    lines = [*warnings(document), f"Measured {of_what(document)}."]
    others = list(left_over(document, earlier))
    for other in earlier:
        lines += [f"Rows marked {revision(other)}: {of_what(other)}."]
    lines += ["", "| what | measured: median (range) | target | |", "|---|---|---|---|"]
    for row in document["rows"]:
        lines += row_lines(row)
    for other, row in others:
        lines += row_lines(row, f" ({revision(other)})")
    return lines


def page(document):
    return "\n".join(["# Results on a real GPU", ""] + table(document)) + "\n"


def put(text, document, earlier=()):
    """@text, a page, with the table between its two marks; ValueError if none."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks the lines {BEGIN} and {END}")
    return "\n".join([before + BEGIN] + table(document, earlier) + [END + after])
