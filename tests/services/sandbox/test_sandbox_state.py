"""What the outside world remembers when everything else has died."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.sandbox.conftest import Sandbox, StartSandbox


def shown(sandbox: Sandbox) -> list[tuple[str, str]]:
    posts = sandbox.http.get("/sandbox/posts", params={"limit": 500}).json()
    return [(post["id"], post["text"]) for post in posts]


def test_posts_and_their_ids_outlive_the_process(start: StartSandbox, tmp_path: Path) -> None:
    settings = {"state": tmp_path / "world.sqlite3", "feed_burst": 5}
    first = start(**settings)
    first.say("by hand")
    first.x().create_tweet(text="by the bot")
    before = shown(first)
    first.stop()
    second = start(**settings)
    assert shown(second) == before
    assert len(before) == 7


def test_a_deleted_post_stays_deleted_whoever_wrote_it(start: StartSandbox, tmp_path: Path) -> None:
    settings = {"state": tmp_path / "world.sqlite3", "feed_burst": 5}
    first = start(**settings)
    first.say("by hand")
    written, of_the_feed, *others = shown(first)
    for post_id, _ in (written, of_the_feed):
        assert first.http.delete(f"/sandbox/posts/{post_id}").status_code == 204
        assert first.http.delete(f"/sandbox/posts/{post_id}").status_code == 404
    assert shown(first) == others
    first.stop()
    assert shown(start(**settings)) == others


def test_the_feed_goes_on_while_the_process_is_down(start: StartSandbox, tmp_path: Path) -> None:
    settings = {"state": tmp_path / "world.sqlite3", "feed_burst": 5, "feed_interval": 2}
    first = start(**settings)
    before = shown(first)
    first.stop()
    first.clock.now += 10
    after = shown(start(**settings))
    assert after[5:] == before
    assert len(after) == 10


def test_a_deleted_post_stays_deleted_and_its_id_is_not_used_again(
    start: StartSandbox, tmp_path: Path
) -> None:
    first = start(state=tmp_path / "world.sqlite3")
    gone = first.x().create_tweet(text="oops").data["id"]
    first.x().delete_tweet(gone)
    first.stop()
    second = start(state=tmp_path / "world.sqlite3")
    assert shown(second) == []
    assert second.x().create_tweet(text="better").data["id"] != gone


def test_sheets_outlive_the_process(start: StartSandbox, tmp_path: Path) -> None:
    first = start(state=tmp_path / "world.sqlite3")
    sheet = first.sheets().open_by_key("sandbox-spreadsheet").add_worksheet("gens", 10, 5)
    sheet.update([["x:1", True, 2.5], ["", "=1"]], "A1")
    first.stop()
    second = start(state=tmp_path / "world.sqlite3")
    again = second.sheets().open_by_key("sandbox-spreadsheet").worksheet("gens")
    assert again.get("A1:C2") == [["x:1", "TRUE", "2.5"], ["", "=1"]]


def test_another_feed_begins_above_all_that_was_read_before(
    start: StartSandbox, tmp_path: Path
) -> None:
    first = start(state=tmp_path / "world.sqlite3", feed_burst=10)
    newest = int(shown(first)[0][0])
    first.stop()
    file = tmp_path / "posts.jsonl"
    file.write_text("".join(f'{{"text": "post {n}"}}\n' for n in range(200)))
    first.clock.now += 5
    second = start(state=tmp_path / "world.sqlite3", feed=file, feed_burst=200)
    assert all(int(post_id) > newest for post_id, _ in shown(second))
    assert len(shown(second)) == 200


def test_without_a_state_file_nothing_is_remembered(start: StartSandbox) -> None:
    start().say("hello")
    assert shown(start()) == []


@pytest.mark.processes
def test_an_answered_post_survives_sigkill(tmp_path: Path) -> None:
    state = tmp_path / "world.sqlite3"
    with httpx.Client(timeout=5) as http:
        process, base = launch(state, http)
        try:
            posted = http.post(f"{base}/sandbox/posts", json={"text": "remember me"}).json()
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
    with sqlite3.connect(state) as db:
        assert db.execute("SELECT text FROM posts WHERE id = ?", (posted["id"],)).fetchall() == [
            ("remember me",)
        ]
    db.close()


def launch(state: Path, http: httpx.Client) -> tuple[subprocess.Popen[bytes], str]:
    """The sandbox as a process of its own, ready, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {"SANDBOX_PORT": str(port), "SANDBOX_STATE": str(state)}
    process = subprocess.Popen(
        [sys.executable, "-m", "services.sandbox"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    base = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if http.get(f"{base}/readyz").status_code == 200:
                return process, base
        except httpx.TransportError:
            time.sleep(0.05)
    process.kill()
    pytest.fail("the sandbox did not become ready")


def test_a_wrong_feed_is_said_plainly(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text("nonsense\n")
    ended = subprocess.run(
        [sys.executable, "-m", "services.sandbox"],
        env=os.environ | {"SANDBOX_FEED": str(file), "SANDBOX_PORT": "0"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode != 0
    assert f"{file}:1: not a JSON object" in ended.stderr
    assert "Traceback" not in ended.stderr
