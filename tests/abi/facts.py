# SPDX-License-Identifier: GPL-2.0-only
"""
Lists what include/abi/cuda.h says, so that both it and the real cuda.h can be
asked for it: ABI_SIZE(type), ABI_FIELD(type, member), ABI_VALUE(constant).

facts.py CUDA.H
"""
import re
import sys

# Views of a member that the real header does not name.
OURS_ALONE = {"CUlaunchAttribute, value.word", "CUgraphNodeParams, event"}


def tokens_of(text):
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    return re.findall(r"\w+|[{}();,*=\[\]]|\S", text)


def closing(tokens, start):
    """The index of the brace that closes the one at start."""
    depth = 0
    for index in range(start, len(tokens)):
        depth += {"{": 1, "}": -1}.get(tokens[index], 0)
        if depth == 0:
            return index
    raise SystemExit("facts.py: unbalanced braces")


def split(tokens, separator):
    part = []
    for token in tokens:
        if token == separator:
            yield part
            part = []
        else:
            part.append(token)
    if part:
        yield part


def declared(tokens):
    """The name that 'int *a', 'a [ 3 ]', 'size_t a' or 'void (*a)(int)' declares."""
    if "(" in tokens and tokens[tokens.index("(") + 1] == "*":
        tokens = tokens[: tokens.index(")")]
    if "[" in tokens:
        tokens = tokens[: tokens.index("[")]
    return tokens[-1]


def members(tokens):
    """The members, with those of members inside, of the body of a struct."""
    index = 0
    while index < len(tokens):
        if "{" in tokens[index : index + 3]:
            begin = tokens.index("{", index)
            end = closing(tokens, begin)
            stop = tokens.index(";", end)
            inner = list(members(tokens[begin + 1 : end]))
            for name in [tokens[end + 1]] if stop > end + 1 else []:
                yield name
                yield from (f"{name}.{member}" for member in inner)
            if stop == end + 1:
                yield from inner
        else:
            stop = tokens.index(";", index)
            for part in split(tokens[index:stop], ","):
                yield declared(part)
        index = stop + 1


def facts(text):
    for name in re.findall(r"^#define (CU\w+) \S", text, re.M):
        yield f"ABI_VALUE({name})"
    tokens = tokens_of(re.sub(r"^#.*$", "", text, flags=re.M))
    index = 0
    while index < len(tokens):
        statement = tokens.index(";", index)
        kind = tokens[index + (tokens[index] == "typedef")]
        if "{" not in tokens[index:statement]:
            # A struct that only has a name has no size to compare.
            if kind != "struct" or "*" in tokens[index:statement]:
                yield f"ABI_SIZE({declared(tokens[index:statement])})"
            index = statement + 1
            continue
        begin = tokens.index("{", index)
        end = closing(tokens, begin)
        statement = tokens.index(";", end)
        name = tokens[end + 1] if statement > end + 1 else None
        body = tokens[begin + 1 : end]
        if name:
            yield f"ABI_SIZE({name})"
        if kind == "enum":
            yield from (f"ABI_VALUE({part[0]})" for part in split(body, ","))
        else:
            named = (f"{name}, {member}" for member in members(body))
            yield from (f"ABI_FIELD({n})" for n in named if n not in OURS_ALONE)
        index = statement + 1


def main(path):
    print("/* Made by facts.py. */")
    for fact in facts(open(path).read()):
        print(fact)


if __name__ == "__main__":
    main(*sys.argv[1:])
