"""One log stream for several processes: every line says whose it is."""

import os
import signal
import sys
from collections.abc import Callable
from typing import TextIO

OWN_NAME = "up"
COLOURS = {"sandbox": 35, "inference": 33, "gateway": 36, "worker": 32, OWN_NAME: 1}
WIDTH = 9


class Console:
    """Writes what processes say, prefixed and coloured on a terminal, to standard error."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.coloured = self.stream.isatty() and "NO_COLOR" not in os.environ

    def line(self, name: str, text: str) -> None:
        prefix = f"{name:<{WIDTH}} |"
        if self.coloured:
            prefix = f"\x1b[{COLOURS.get(name, 0)}m{prefix}\x1b[0m"
        self.stream.write(f"{prefix} {text}\n")
        self.stream.flush()

    def say(self, text: str) -> None:
        """A line of the supervisor's own."""
        self.line(OWN_NAME, text)

    def writer(self, name: str) -> Callable[[str], None]:
        return lambda text: self.line(name, text)


def print_line(text: str) -> None:
    """A line for whoever reads standard output, at once.

    When nobody does any more (`| head`), this process is asked to stop, as by SIGTERM.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # What is still buffered would fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        signal.raise_signal(signal.SIGTERM)
