"""The service as a process of its own, for tests that ask it over HTTP."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def start(port: int, log: Path, **environment: str) -> subprocess.Popen[bytes]:
    told = {"INFERENCE_PORT": str(port), "SHUTDOWN_SECONDS": "60", **environment}
    with log.open("wb") as stream:
        return subprocess.Popen(
            [sys.executable, "-m", "services.inference"],
            env={**os.environ, **told},
            stderr=stream,
            cwd=log.parent,  # where there is no .env
        )


def wait_for(client: httpx.Client, path: str, text: str, log: Path) -> httpx.Response:
    """Ask until the answer holds a text."""
    deadline = time.monotonic() + 90
    while True:
        try:
            if text in (response := client.get(path)).text:
                return response
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)


@contextmanager
def running(
    log: Path, **environment: str
) -> Iterator[tuple[httpx.Client, subprocess.Popen[bytes]]]:
    port = free_port()
    process = start(port, log, **environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client, process
    finally:
        process.kill()
        process.wait()
