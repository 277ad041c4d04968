"""Run a command and print, as JSON, its exit code, seconds, seconds in user mode and peak memory: watch.py COMMAND ...

Linux counts the memory of the process that starts another as the other's peak too, so whoever starts what is
measured has to be small: this script is, and who wants to know need not be.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

begin = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
wall = time.perf_counter() - begin
process.returncode = os.waitstatus_to_exitcode(status)
print(json.dumps([process.returncode, wall, usage.ru_utime, usage.ru_maxrss]))
