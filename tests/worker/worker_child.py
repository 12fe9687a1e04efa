"""Runs the worker in a process of its own that may die, forked from one that has it imported."""

import multiprocessing
import os
import sys
from collections.abc import Mapping

from worker.__main__ import main

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.worker.worker_child"])


def work(environment: Mapping[str, str]) -> None:
    os.environ.update(environment)
    sys.exit(main(["--once"]))


def run_worker(environment: Mapping[str, str]) -> int:
    """One run of `python -m worker --once`; its exit status."""
    process = CONTEXT.Process(target=work, args=(dict(environment),))
    process.start()
    process.join(timeout=30)
    if process.is_alive():
        process.kill()
        process.join()
    assert process.exitcode is not None
    return process.exitcode
