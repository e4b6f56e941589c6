# SPDX-License-Identifier: GPL-2.0-only
"""How a Python client talks to whoever started it.

A client says hello with one line of JSON, then reads one JSON object a line from
standard input, {"do": NAME, ...arguments}, and answers each with one line:
{"ok": true, "result": ...} or {"ok": false, "error": ..., "kind": ...}. It ends
when its input ends. Only these lines reach the standard output that it was
started with: what libraries print goes to standard error. "timeline" is a command of
every client (timeline.py).
"""

import json
import os
import sys
import traceback

import timeline


class Channel:
    def __init__(self):
        self.out = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)

    def say(self, message):
        self.out.write(json.dumps(message) + "\n")
        self.out.flush()


def obey(commands, arguments):
    name = arguments.pop("do")
    if name == "timeline":
        return timeline.taken(lambda: obey(commands, arguments["of"]))
    return commands[name](**arguments)


def answer(commands, request):
    """The reply to one request; an error in a command is a reply, too."""
    try:
        result = obey(commands, dict(request))
        return {"ok": True, "result": result}
    except Exception as error:  # whatever it is, the other side must hear of it
        traceback.print_exc()
        return {"ok": False, "error": str(error)[:2000], "kind": type(error).__name__}


def serve(hello, commands):
    """Says @hello, then obeys until the input ends.

    @hello is called for the first message: what takes long (building a model)
    belongs in there. @commands maps a name to a function.
    """
    channel = Channel()
    channel.say({"hello": hello(), "pid": os.getpid()})
    for line in sys.stdin:
        channel.say(answer(commands, json.loads(line)))


def once(function):
    """Runs @function and prints what it returns as the only message."""
    channel = Channel()
    channel.say(function())
