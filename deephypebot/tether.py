"""Runs a module for as long as the process that started it lives.

`python -m deephypebot.tether MODULE [ARGUMENT...]`: standard input is a pipe that only the
parent holds. When the parent dies, by SIGKILL too, the kernel closes the pipe and this process
leaves at once, so that no service outlives `deephypebot up` and keeps its port. This needs
nothing of one operating system, unlike a parent-death signal.
"""

import os
import runpy
import sys
import threading

STDIN = 0


def _leave_with_parent() -> None:
    # os.read and not sys.stdin: a thread that waits inside a buffered reader breaks the exit.
    while os.read(STDIN, 4096):
        pass
    os._exit(1)


def main() -> None:
    module = sys.argv[1]
    del sys.argv[0]
    threading.Thread(target=_leave_with_parent, name="tether", daemon=True).start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
