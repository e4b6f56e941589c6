# SPDX-License-Identifier: GPL-2.0-only
"""
Prints what becomes of every function that the driver exports: hooked, or passed
through for the reason that docs/hooks.md gives. One that is neither, one that is
both, and a row of the document that fits nothing are failures.

documented.py DRIVER-EXPORTS HOOKS.DEF HOOKS.MD
"""
import re
import sys


def rows(text, heading):
    """(patterns, reason) of each row of the tables under a heading."""
    section = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", text, re.M | re.S)
    for line in section.group(1).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        names = re.findall(r"`([^`]+)`", cells[0]) if len(cells) == 2 else []
        if names:
            yield names, cells[1]


def fits(pattern, name):
    """Whether a pattern of the document, in which * is anything, means a name."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", r"\w*"), name)


def collect(table, names, problems):
    """The reason for each name; a name written out counts before a pattern."""
    exact, loose = {}, {}
    for patterns, reason in table:
        for pattern in patterns:
            found = [name for name in names if fits(pattern, name)]
            if not found:
                problems.append(f"{pattern}: in the document, fits nothing")
            for name in found:
                reasons = exact if name == pattern else loose
                if reasons.setdefault(name, reason) != reason:
                    problems.append(f"{name}: in two rows of the document")
    return {**loose, **exact}


def main(exports_path, hooks_path, document_path):
    exports = [line.strip() for line in open(exports_path) if line.strip()]
    hooks = re.findall(r"^GB_HOOK\((\w+),", open(hooks_path).read(), re.M)
    document = open(document_path).read()
    problems = []
    for name in sorted(set(hooks) - set(exports)):
        problems.append(f"{name}: hooked, but the driver has no such function")
    rest = [name for name in exports if name not in set(hooks)]
    counts = re.search(r"exports (\d+) functions.* front of (\d+)", document, re.S)
    if [int(count) for count in counts.groups()] != [len(exports), len(hooks)]:
        problems.append(f"the document counts {counts.groups()}")
    hooked = collect(rows(document, "Hooked"), hooks, problems)
    passed = collect(rows(document, "Passed through"), rest, problems)
    for name in exports:
        reason = hooked.get(name) or passed.get(name)
        kind = "hook" if name in set(hooks) else "pass"
        print(f"{kind}  {name:55} {reason or 'MISSING'}")
        if not reason:
            problems.append(f"{name}: neither hooked nor explained")
    print(f"{len(exports)} functions: {len(hooks)} hooked, {len(rest)} passed through")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
