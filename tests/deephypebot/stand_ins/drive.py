"""Supervises one deaf stand-in on the port given, for a test that kills the supervisor."""

# ruff: noqa: T201 - what it prints is what the tests look at

import asyncio
import sys

from deephypebot.child import Program
from deephypebot.console import Console
from deephypebot.supervisor import Supervisor

port = sys.argv[1]
program = Program(
    "deaf",
    "stand_in",
    f"http://127.0.0.1:{port}/readyz",
    environment={"PORT": port, "DEAF": "1"},
)
supervisor = Supervisor([program], Console(), on_ready=lambda: print("ready", flush=True))
sys.exit(asyncio.run(supervisor.run()))
