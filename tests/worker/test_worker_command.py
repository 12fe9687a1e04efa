"""`python -m worker`, as an operator meets it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.served import served
from tests.worker.conftest import full_for
from tests.worker.worker_world import World, song_post
from worker.failpoints import FAILPOINTS

pytestmark = pytest.mark.processes
NOBODY = "http://127.0.0.1:9"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def url(world: World) -> Iterator[str]:
    world.post(song_post(1), "Rain.", song_post(2))
    with served(world.app) as where:
        yield where


def environment(folder: Path, url: str, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "GATEWAY_URL": url,
        "INFERENCE_URL": url,
        "DATA_DIR": str(folder),
        "WORKER_PORT": "0",
        "WORKER_FIRST_RUN_POSTS": "200",
        "WORKER_INTERVAL": "0.2",
        "LOG_LEVEL": "warning",
        **more,
    }


def worker(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "worker", *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_counted_cycles_print_a_line_each_and_end_well(url: str, tmp_path: Path) -> None:
    done = worker("--cycles", "3", env=environment(tmp_path, url))
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert [line.partition(":")[0] for line in lines] == ["cycle 1", "cycle 2", "cycle 3"]
    assert lines[0].startswith("cycle 1: 3 posts, 2 songs, 2 known to the catalogue, ")
    assert ", 10 drafts, " in lines[0]


def test_counted_cycles_end_though_the_last_one_fails(url: str, tmp_path: Path) -> None:
    env = environment(tmp_path, url)
    assert worker("--cycles", "1", env=env).returncode == 0
    with full_for("UPDATE ON cursor", tmp_path):
        done = worker("--cycles", "2", env=env)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("job.failed") == 2


def test_one_cycle_and_a_look_at_the_desk_as_json(url: str, tmp_path: Path) -> None:
    done = worker("--once", "--json", env=environment(tmp_path, url))
    cycle, look = (json.loads(line) for line in done.stdout.splitlines())
    assert done.returncode == 0, done.stderr
    assert (cycle["posts"], cycle["songs"], cycle["drafts"]) == (3, 2, 10)
    assert look["published"] == 0


def test_services_that_do_not_answer_are_named_with_their_setting(tmp_path: Path) -> None:
    done = worker("--once", env=environment(tmp_path, NOBODY))
    assert done.returncode == 1
    assert NOBODY in done.stdout
    assert "GATEWAY_URL" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_taken_port_names_its_setting(url: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = worker("--cycles", "1", env=environment(tmp_path, url, WORKER_PORT=port))
    assert done.returncode == 2
    assert "WORKER_PORT" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [(), ("--once",), ("--cycles", "1")])
def test_a_database_that_cannot_be_opened_names_its_setting(
    url: str, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    done = worker(*arguments, env=environment(tmp_path / "file", url))
    assert done.returncode == 2
    assert "DATA_DIR" in done.stderr
    assert "Traceback" not in done.stderr


def test_failpoints_are_listed() -> None:
    assert worker("--failpoints", env=dict(os.environ)).stdout.split() == list(FAILPOINTS)


def test_no_cycles_is_no_number_of_cycles() -> None:
    done = worker("--cycles", "0", env=dict(os.environ))
    assert done.returncode == 2
    assert "1 or more" in done.stderr


def ready(port: int, process: subprocess.Popen[str]) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                return True
        except httpx.HTTPError:
            time.sleep(0.05)
    return False


def test_it_serves_until_it_is_told_to_stop(url: str, world: World, tmp_path: Path) -> None:
    port = free_port()
    env = environment(tmp_path, url, WORKER_PORT=str(port))
    command = [sys.executable, "-m", "worker"]
    with subprocess.Popen(command, env=env, text=True, stderr=subprocess.PIPE) as process:
        try:
            assert ready(port, process)
            process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            process.wait(timeout=10)
            assert time.monotonic() - began < 5
        finally:
            process.kill()
    assert process.returncode in {0, -signal.SIGTERM}
    assert world.calls["timeline"] >= 1
