"""Starts the writer's process; imports next to nothing, so that it may come before all else."""

import os
import socket
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Launched:
    """A writer's process and how to talk to it (`services.inference.messages`)."""

    process: subprocess.Popen[bytes]
    line: socket.socket


def launch() -> Launched:
    """Start one; it reads its libraries, and waits to be told what to load."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(  # noqa: S603 - this very program
            [sys.executable, "-m", "services.inference.writer_process", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            # It finds what this process finds, whoever has added to its path.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    return Launched(process, ours)
