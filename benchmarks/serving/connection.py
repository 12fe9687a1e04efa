"""As much of HTTP/1.1 as the loader needs, on asyncio's streams: POST, answer, keep-alive."""

import asyncio
import re
from dataclasses import dataclass

from benchmarks.serving.setting import HOST

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)

GONE = (ConnectionError, asyncio.IncompleteReadError)


@dataclass(frozen=True)
class Door:
    """Where requests go, and what they say; `SEED` stands for the seed."""

    port: int
    path: str
    body: str

    def request(self, seed: int) -> bytes:
        """A whole request."""
        body = self.body.replace("SEED", str(seed))
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: {HOST}:{self.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return (head + body).encode()


class Connection:
    """One connection, one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.open = True

    @classmethod
    async def to(cls, port: int) -> "Connection":
        return cls(*await asyncio.open_connection(HOST, port))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        if _CHUNKED.search(head):
            body = await self._chunks()
        else:
            length = _LENGTH.search(head)
            body = await self._reader.readexactly(int(length[1]) if length else 0)
        if _CLOSE.search(head):
            self.close()
        return int(head[9:12]), body

    def close(self) -> None:
        self.open = False
        self._writer.close()

    async def _chunks(self) -> bytes:
        body = b""
        while size := int((await self._reader.readline()).partition(b";")[0], 16):
            body += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        await self._reader.readline()
        return body


class Pool:
    """Connections that are opened as they are needed and kept, `most` at a time."""

    def __init__(self, door: Door, most: int) -> None:
        self._door = door
        self._idle: list[Connection] = []
        self._room = asyncio.Semaphore(most)

    async def ask(self, seed: int) -> tuple[int, bytes]:
        """Status and body of the answer to a seed.

        A kept connection may have been closed by the server: then the request goes over another.
        """
        request = self._door.request(seed)
        async with self._room:
            while self._idle:
                try:
                    return await self._over(self._idle.pop(), request)
                except GONE:
                    continue
            return await self._over(await Connection.to(self._door.port), request)

    async def _over(self, connection: Connection, request: bytes) -> tuple[int, bytes]:
        try:
            answer = await connection.ask(request)
        except BaseException:
            connection.close()
            raise
        if connection.open:
            self._idle.append(connection)
        return answer

    def close(self) -> None:
        for connection in self._idle:
            connection.close()
