"""The whole bot, started as a user starts it, and a curator who uses the page's own forms."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from socket import socket
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

T = TypeVar("T")

COMMAND = (sys.executable, "-m", "deephypebot", "up")
PATIENCE = 150.0
SERVICES = ("SANDBOX", "INFERENCE", "GATEWAY", "WORKER")


def until(look: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """What `look` finds, asked again and again; fails when the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds:g} s")


def free_ports() -> dict[str, str]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket())) for _ in SERVICES]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        numbers = [one.getsockname()[1] for one in sockets]
    return {f"{name}_PORT": str(number) for name, number in zip(SERVICES, numbers, strict=True)}


class Form(HTMLParser):
    """The first form of a page that posts to `action`, with what it would send."""

    def __init__(self, action: str, page: str) -> None:
        super().__init__()
        self.action, self.fields = action, dict[str, str]()
        self.inside = self.done = False
        self.text_of: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = given.get("action") == self.action and not self.fields
        if self.inside and tag == "input" and "name" in given:
            self.fields[given["name"]] = given.get("value", "")
        if self.inside and tag == "textarea":
            self.text_of = given["name"]
            self.fields[self.text_of] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.text_of = None
        if tag == "form":
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.text_of is not None:
            self.fields[self.text_of] += data


@dataclass
class RunningBot:
    """`deephypebot up` in a folder of its own; its log is in `log`."""

    folder: Path
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.ports = free_ports()
        self.log = self.folder / "log.txt"
        self.data = self.folder / "data"
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "--data", str(self.data), *self.arguments],
                env={**os.environ, **self.ports, **self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
            )
        self.http = httpx.Client(trust_env=False, timeout=30, follow_redirects=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.http.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if error is not None:
            sys.stdout.write(self.log.read_text(encoding="utf-8"))

    def url(self, service: str, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[f'{service}_PORT']}{path}"

    def said(self, what: str) -> bool:
        if self.process.poll() is not None and what not in self.log.read_text():
            raise AssertionError(f"it ended with status {self.process.returncode}")
        return what in self.log.read_text()

    def wait_until_ready(self) -> None:
        until(lambda: self.said("deephypebot is ready"), "ready")

    def stop(self) -> int:
        """Ctrl-C; the exit status, within five seconds."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(5)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def remembers(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the worker's database; none while there is no table yet."""
        file = self.data / "worker.sqlite3"
        if not file.exists():
            return []
        try:
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as store:
                return store.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []

    def say(self, text: str) -> str:
        """Write into the public timeline, as somebody; the item that the bot makes of it."""
        answer = self.http.post(self.url("SANDBOX", "/sandbox/posts"), json={"text": text})
        return f"x:{answer.raise_for_status().json()['id']}"

    def plan_fault(self, **fault: object) -> None:
        self.http.post(self.url("SANDBOX", "/sandbox/faults"), json=fault).raise_for_status()

    def published(self) -> list[str]:
        """The bot's posts on the public timeline, newest first."""
        answer = self.http.get(self.url("SANDBOX", "/sandbox/posts")).raise_for_status()
        return [post["text"] for post in answer.json() if post["by_bot"]]

    def desk(self, item: str) -> str:
        """The curator's page with a post in focus."""
        return self.http.get(self.url("GATEWAY", "/curate"), params={"item": item}).text

    def verdict(self, item: str) -> str:
        """What that page says became of the post; empty while nothing was decided."""
        return self.desk(item).partition('<section class="verdict')[2].partition("</section>")[0]

    def wait_for_drafts(self, item: str) -> dict[str, str]:
        """The form of a post's favourite draft, once it is on the desk."""
        return until(lambda: Form("/curate/approve", self.desk(item)).fields, "drafts on the desk")

    def approve(self, item: str, words: str | None = None) -> str:
        """Approve the favourite draft of a post, edited where words are given; the words."""
        form = self.wait_for_drafts(item)
        text = words or form["text"].strip()
        self.submit(item, "/curate/approve", text=text)
        return text

    def submit(self, item: str, action: str, **typed: str) -> str:
        """Fill in and send a form of the page with a post in focus; the page that comes back."""
        form = Form(action, self.desk(item)).fields
        answer = self.http.post(self.url("GATEWAY", action), data=form | typed)
        return answer.raise_for_status().text
