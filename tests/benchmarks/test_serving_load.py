"""The loader of benchmarks/serving against a server that does as it is told."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from benchmarks.serving.accounts import MARK
from benchmarks.serving.answer import Read, read_answer
from benchmarks.serving.load import Load, Outcome, drive

Reply = Callable[[int], bytes]
SEEDS = 8


@asynccontextmanager
async def served(reply: Reply) -> AsyncIterator[int]:
    """The port of a server that answers a seed with the bytes of `reply`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split()[0])
                seed = json.loads(await reader.readexactly(length))["seed"]
                writer.write(reply(seed))
                if b"close" in reply(seed):
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def whole(body: bytes, status: int = 200, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d x\r\n%sContent-Length: %d\r\n\r\n%s" % (status, more, len(body), body)


def right(seed: int) -> bytes:
    return json.dumps({"seed": seed, "ids": [seed, 7]}).encode()


@pytest.fixture
def load(tmp_path: Path) -> Callable[[Reply], Awaitable[Outcome]]:
    """Puts a short closed loop on a server; `rate` makes it an open one."""
    expected = tmp_path / "expected.json"
    expected.write_text(json.dumps([[seed, 7] for seed in range(SEEDS)]))

    async def put(reply: Reply, rate: float | None = None) -> Outcome:
        async with served(reply) as port:
            return await drive(
                Load(
                    port=port,
                    path="/",
                    body='{"seed": SEED}',
                    mark=os.environ.get(MARK, "nobody"),
                    seeds=SEEDS,
                    expected=str(expected),
                    seconds=0.1,
                    warm_seconds=0.02,
                    callers=None if rate else 4,
                    rate=rate,
                )
            )

    return put


Put = Callable[..., Awaitable[Outcome]]


async def test_right_answers_are_counted(load: Put) -> None:
    outcome = await load(lambda seed: whole(right(seed)))
    assert outcome.requests_per_second == outcome.sentences_per_second > 0
    assert (outcome.wrong, outcome.failed) == (0, {})


async def test_an_open_loop_keeps_its_rate(load: Put) -> None:
    outcome = await load(lambda seed: whole(right(seed)), rate=500.0)
    assert 200 < outcome.requests_per_second < 900


async def test_an_answer_for_another_seed_is_wrong(load: Put) -> None:
    assert (await load(lambda seed: whole(right(seed + 1)))).wrong > 0


async def test_other_pieces_than_the_engines_are_wrong(load: Put) -> None:
    assert (await load(lambda seed: whole(b'{"seed": %d, "ids": [1]}' % seed))).wrong > 0


async def test_an_answer_in_chunks_is_read(load: Put) -> None:
    def chunked(seed: int) -> bytes:
        body = right(seed)
        parts = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:5], body[5:]))
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\n\r\n"

    outcome = await load(chunked)
    assert outcome.requests_per_second > 0
    assert outcome.wrong == 0


async def test_a_closed_connection_is_opened_anew(load: Put) -> None:
    outcome = await load(lambda seed: whole(right(seed), more=b"Connection: close\r\n"))
    assert outcome.requests_per_second > 0
    assert (outcome.wrong, outcome.failed) == (0, {})


async def test_refusals_are_counted_by_status(load: Put) -> None:
    outcome = await load(lambda _: whole(b"{}", status=429))
    assert outcome.requests_per_second == 0
    assert set(outcome.failed) == {"429"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"seed": 3, "text": "a"}',
        b'[{"seed": 3, "text": "a"}]',
        b'{"outputs": [{"data": ["{\\"seed\\": 3, \\"text\\": \\"a\\"}"]}]}',
    ],
)
def test_each_frameworks_wrapping_is_taken_off(body: bytes) -> None:
    assert read_answer(body) == Read(3, "a", 1)


@pytest.mark.parametrize(
    "body", [b"", b"oops", b"[]", b"3", b'{"detail": "no"}', b'{"outputs": 1}']
)
def test_what_cannot_be_read_is_for_no_seed(body: bytes) -> None:
    assert read_answer(body).seed is None
