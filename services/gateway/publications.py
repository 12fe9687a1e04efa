"""Publishing once.

A platform may accept a post and its answer may be lost; X knows no idempotency key, and Mastodon
forgets ours after an hour. So a row is stored before the platform is asked, and a row that is
found in `sending` means that the post may be out: the timeline is read, and the text is sent
again only when it is not there after the platform has had time to show it.

A key stands for one text from the moment when that may be out. What the platform refused never was,
and lets the key go to another text.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, delete, select, update

from services.common.database import inserting, reading, writing
from services.common.problems import NotFoundError, ProblemError
from services.gateway.schemas import Published
from services.gateway.tables import publication
from services.gateway.timelines.timeline import Intent, Timeline
from services.gateway.vendor_errors import (
    DuplicateError,
    NotDoneError,
    RefusedByVendorError,
    VendorError,
)

log = structlog.get_logger()

# States of a publication that has been on the platform.
OUT = ("published", "deleted")
# `detail` of a publication that was found on the timeline.
RECONCILED = "reconciled"


class KeyReusedError(ProblemError):
    """One Idempotency-Key, two texts, or one text as an answer to two posts."""

    status = 422


class UnsettledError(ProblemError):
    """Whether the post is out is not known yet; the same call later will tell."""

    status = 503

    def __init__(self, detail: str, *, retry_after: float) -> None:
        super().__init__(detail, headers={"Retry-After": str(max(1, round(retry_after + 0.5)))})


@dataclass
class Publications:
    """Publishes on one timeline, once per key."""

    engine: Engine
    timeline: Timeline
    settle: timedelta
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def __post_init__(self) -> None:
        self.busy: set[str] = set()

    async def publish(self, key: str, text: str, in_reply_to: str | None = None) -> Published:
        """The post of this key, published now or earlier.

        Raises KeyReusedError, UnsettledError, and VendorError as `Timeline.publish` does.
        """
        async with self._alone(key):
            now = self.clock()
            intent = Intent(key, text, now, in_reply_to)
            row = await asyncio.to_thread(self._claim, intent)
            if row is None:
                return await self._send(intent)
            if row["text"] != text:
                raise KeyReusedError("This Idempotency-Key was used for another text.")
            if row["in_reply_to"] != in_reply_to:
                raise KeyReusedError("This Idempotency-Key was used to answer another post.")
            if row["state"] in OUT:
                return _published(row)
            if row["state"] == "refused":
                raise RefusedByVendorError(self.timeline.origin, row["detail"])
            return await self._reconcile(row)

    async def delete(self, post_id: str) -> None:
        """Take a post of ours off the platform; its key stays used up.

        Raises NotFoundError for a post that was not published here, and VendorError.
        """
        ours = (publication.c.remote_id == post_id) & publication.c.state.in_(OUT)
        if not await asyncio.to_thread(self._exists, ours):
            raise NotFoundError(f"No post {post_id!r} was published here.")
        await self.timeline.delete(post_id)
        mark = update(publication).where(ours).values(state="deleted")
        await asyncio.to_thread(self._write, lambda connection: connection.execute(mark))
        log.info("publication.deleted", id=post_id)

    def _exists(self, condition: ColumnElement[bool]) -> bool:
        with reading(self.engine) as connection:
            return connection.scalar(select(publication.c.key).where(condition)) is not None

    @asynccontextmanager
    async def _alone(self, key: str) -> AsyncIterator[None]:
        if key in self.busy:
            raise UnsettledError("This post is being published right now.", retry_after=2)
        self.busy.add(key)
        try:
            yield
        finally:
            self.busy.discard(key)

    async def _reconcile(self, row: RowMapping) -> Published:
        """Look for a post that may be out; send it again when it surely is not."""
        if found := await self._find(row):
            return found
        left = row["last_attempt_at"] + self.settle - self.clock()
        if left > timedelta(0):
            detail = "An earlier attempt may have succeeded; the timeline does not show it yet."
            raise UnsettledError(detail, retry_after=left.total_seconds())
        if not await asyncio.to_thread(self._claim_again, row):
            raise UnsettledError("Another gateway is publishing this post.", retry_after=2)
        log.warning("publication.repeated", key=row["key"], attempt=row["attempts"] + 1)
        return await self._send(_intent(row))

    async def _send(self, intent: Intent) -> Published:
        """Ask the platform, and store what it said before anyone else learns it."""
        key = intent.key
        try:
            post = await self.timeline.publish(intent)
        except DuplicateError as error:
            return await self._explain_duplicate(key, error)
        except RefusedByVendorError as error:
            await self._store(key, state="refused", detail=error.said)
            raise
        except NotDoneError:
            await asyncio.to_thread(self._release, key)
            raise
        except VendorError:
            # The time to settle runs from now: until now the request may have been on its way.
            await self._store(key, last_attempt_at=self.clock())
            raise
        return await self._confirm(key, intent.text, post)

    async def _explain_duplicate(self, key: str, error: DuplicateError) -> Published:
        """The platform has this text already: from our own lost attempt, or from somebody else."""
        row = await asyncio.to_thread(self._row, key)
        if found := await self._find(row):
            return found
        await self._store(key, state="refused", detail=error.said)
        raise error

    async def _find(self, row: RowMapping) -> Published | None:
        try:
            found = await self.timeline.find(_intent(row))
        except RefusedByVendorError as error:
            # It was the look that was refused; of the post nothing is known.
            detail = f"The timeline cannot be read to see whether it is out. {error.detail}"
            raise UnsettledError(detail, retry_after=30) from error
        others = await asyncio.to_thread(self._taken, row["key"], [post.id for post in found])
        ours = next((post for post in found if post.id not in others), None)
        if ours is None:
            return None
        log.info("publication.reconciled", key=row["key"], id=ours.id)
        return await self._confirm(row["key"], row["text"], ours)

    async def _confirm(self, key: str, text: str, post: Published) -> Published:
        await self._store(
            key,
            state="published",
            origin=post.origin,
            remote_id=post.id,
            url=post.url,
            published_at=post.created_at,
            detail=RECONCILED if post.reconciled else None,
        )
        # The platform may shorten links; every answer for a key is the same.
        return post.model_copy(update={"text": text})

    async def _store(self, key: str, **values: Any) -> None:  # noqa: ANN401 - columns of the table
        def change(connection: Connection) -> None:
            connection.execute(update(publication).where(publication.c.key == key).values(values))

        await asyncio.to_thread(self._write, change)

    def _write(self, change: Callable[[Connection], object]) -> None:
        with writing(self.engine) as connection:
            change(connection)

    def _claim(self, intent: Intent) -> RowMapping | None:
        """Store the intent to send; the row of an earlier call where there is one, unless that
        was refused in other words."""
        refused = (publication.c.key == intent.key) & (publication.c.state == "refused")
        other = delete(publication).where(refused, publication.c.text != intent.text)
        with writing(self.engine) as connection:
            connection.execute(other)
            claim = inserting(connection, publication).values(
                key=intent.key,
                text=intent.text,
                in_reply_to=intent.in_reply_to,
                state="sending",
                attempts=1,
                started_at=intent.asked_at,
                last_attempt_at=intent.asked_at,
            )
            key = claim.on_conflict_do_nothing().returning(publication.c.key)
            while connection.scalar(key) is None:
                if row := _select(connection, intent.key):
                    return row
                # Whoever had claimed it has released it since.
            return None

    def _claim_again(self, row: RowMapping) -> bool:
        """Store the intent to repeat, unless another process did since the row was read."""
        with writing(self.engine) as connection:
            same = (publication.c.key == row["key"]) & (publication.c.attempts == row["attempts"])
            claimed = connection.execute(
                update(publication)
                .where(same & (publication.c.state == "sending"))
                .values(attempts=row["attempts"] + 1, last_attempt_at=self.clock())
            )
            return claimed.rowcount == 1

    def _release(self, key: str) -> None:
        """Forget a first attempt that was certainly not sent."""
        with writing(self.engine) as connection:
            first = (publication.c.key == key) & (publication.c.attempts == 1)
            connection.execute(delete(publication).where(first))

    def _row(self, key: str) -> RowMapping:
        with reading(self.engine) as connection:
            row = _select(connection, key)
        assert row is not None, "a row that is being sent stays"
        return row

    def _taken(self, key: str, ids: list[str]) -> set[str]:
        """Those of the posts that belong to other keys."""
        of_others = (publication.c.key != key) & publication.c.remote_id.in_(ids)
        with reading(self.engine) as connection:
            return set(connection.scalars(select(publication.c.remote_id).where(of_others)))


def _select(connection: Connection, key: str) -> RowMapping | None:
    found = connection.execute(select(publication).where(publication.c.key == key))
    return found.mappings().one_or_none()


def _intent(row: RowMapping) -> Intent:
    return Intent(row["key"], row["text"], row["started_at"], row["in_reply_to"])


def _published(row: RowMapping) -> Published:
    return Published(
        origin=row["origin"],
        id=row["remote_id"],
        url=row["url"],
        text=row["text"],
        created_at=row["published_at"],
        reconciled=row["detail"] == RECONCILED,
    )
