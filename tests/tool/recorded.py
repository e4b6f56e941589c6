# SPDX-License-Identifier: GPL-2.0-only
"""A run that has been recorded: of a program whose page changes while it runs."""

import os
import shutil
import subprocess

from tree import MAKE_PAGE, ToolTest

SCRIPT = """#!/bin/sh
sh -c 'ticks=$(sed "s/.*) //" /proc/$$/stat | cut -d" " -f20)
"$0" new $$ $ticks "$2" "$3"; mv new "$1/$$.stats"
for i in 1 2 3; do
    sleep 0.15; "$0" "$1/$$.stats" $$ $ticks "$2" "$3"
done
sleep 0.15; rm "$1/$$.stats"' "$0.page" "$GREENBOOST_RUNTIME_DIR" "$1" "$2"
exit 5
"""


class RecordedTest(ToolTest):
    def record(self, command="trainer", gpu="Test GPU", *words):
        """The name of the recording."""
        script = self.write("program", SCRIPT, 0o755)
        shutil.copy(MAKE_PAGE, script + ".page")
        os.chmod(script + ".page", 0o755)
        path = os.path.join(self.top, "run.rec")
        result = subprocess.run([self.tool, "run", "--record", path, *words,
                                 script, command, gpu], env=self.environment,
                                cwd=self.top, capture_output=True, timeout=30)
        self.assertEqual((result.returncode, result.stderr), (5, b""), result)
        return path
