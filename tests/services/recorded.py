"""Recorded traffic of X and of a Mastodon instance: read, and served again byte for byte.

The recordings are read from `../shared/recordings` and are no part of the repository.
"""

import gzip
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

RECORDINGS = Path(__file__).resolve().parents[2] / ".." / "shared" / "recordings"

NEEDS_RECORDINGS = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not RECORDINGS.is_dir(), reason="../shared/recordings is not here"),
]
# What a server says of one connection, and what it says anew of each body.
OF_ONE_CONNECTION = {"content-length", "connection", "transfer-encoding"}


@dataclass(frozen=True)
class Exchange:
    method: str
    url: str
    body: str
    authorized: bool
    status: int
    answer: bytes  # as it was on the wire, compressed where it was
    headers: dict[str, str]

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def text(self) -> str:
        gzipped = self.headers.get("content-encoding") == "gzip"
        return (gzip.decompress(self.answer) if gzipped else self.answer).decode()


def names(vendor: str) -> list[str]:
    """The recordings of a vendor, as `exchanges` takes them."""
    return sorted(f"{vendor}/{path.name}" for path in (RECORDINGS / vendor).glob("*.yaml"))


def exchanges(name: str) -> list[Exchange]:
    recording = yaml.safe_load((RECORDINGS / name).read_text(encoding="utf-8"))
    return [_exchange(each["request"], each["response"]) for each in recording["interactions"]]


def _exchange(request: dict[str, Any], response: dict[str, Any]) -> Exchange:
    headers = {name.lower(): values[0] for name, values in response["headers"].items()}
    answer = response["body"]["string"]
    return Exchange(
        method=request["method"],
        url=request["uri"],
        body=request["body"] or "",
        authorized="Authorization" in request["headers"],
        status=response["status"]["code"],
        answer=answer if isinstance(answer, bytes) else answer.encode(),
        headers=headers,
    )


@dataclass
class Replay:
    """A server that answers requests as they were answered when they were recorded.

    The first recorded exchange of a method and path answers, or the next one each time where
    there are several; the last one stays. `heard` is what was asked: method, path, query, body.
    """

    answers: dict[tuple[str, str], list[Exchange]]
    address: str = ""
    heard: list[tuple[str, str, str, str]] = field(default_factory=list)

    def take(self, method: str, path: str) -> Exchange:
        waiting = self.answers[method, path]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@contextmanager
def replaying(recorded: Sequence[Exchange]) -> Iterator[Replay]:
    replay = Replay({})
    for each in recorded:
        replay.answers.setdefault((each.method, each.path), []).append(each)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            url, length = urlsplit(self.path), int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length).decode()
            replay.heard.append((self.command, url.path, url.query, body))
            exchange = replay.take(self.command, url.path)
            self.send_response(exchange.status)
            for name, value in exchange.headers.items():
                if name not in OF_ONE_CONNECTION:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(exchange.answer)))
            self.end_headers()
            self.wfile.write(exchange.answer)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 - as http.server calls them

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        replay.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield replay
        finally:
            server.shutdown()
            thread.join(5)
