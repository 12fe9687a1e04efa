"""Posts and their drafts, from the timeline to the curator's desk.

Work is claimed with a lease (one UPDATE; rows that somebody else is claiming are passed over),
and what came of it is stored only by the holder of that lease.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, or_, select, update

from services.common.database import reading, rerun, writing
from services.gateway.schemas import Draft, Post, Scores, Song
from services.inference.schemas import GenerateAnswer
from worker.failpoints import reach
from worker.states import DraftState, PostState
from worker.store.moves import LeaseLostError, enter, lock, move, move_all
from worker.tables import draft, post, publication
from worker.wall_clock import FARTHEST

ON_THE_WAY = (PostState.STORED, PostState.SONG, PostState.RESOLVED, PostState.DRAFTED)
FREE: dict[str, object] = {"lease": None, "leased_until": None}
NO_CATALOGUE = "no catalogue has"  # begins a reason that goes on with what the post named
FRESH: dict[str, object] = {**FREE, "attempts": 0, "faults": 0, "last_error": None}


@dataclass(frozen=True, slots=True)
class Asked:
    """A song as a post names it: what the catalogue is asked for.

    A guess is what may as well be prose; only a near-exact match in a catalogue makes it a song.
    With `spotify_id` it is the track that a link names, and the names may be missing.
    """

    title: str
    artists: tuple[str, ...]
    guess: bool = False
    spotify_id: str | None = None

    def __str__(self) -> str:
        if self.spotify_id:
            return f"spotify:track:{self.spotify_id}"
        by = f" by {', '.join(self.artists)}" if self.artists else ""
        return f"{self.title!r}{by}"

    def as_json(self) -> dict[str, object]:
        named = {"title": self.title, "artists": list(self.artists), "guess": self.guess}
        return named | ({"spotify_id": self.spotify_id} if self.spotify_id else {})


@dataclass(frozen=True, slots=True)
class Reading:
    """What the parser made of a post: songs, the likeliest first, or the reason for none."""

    candidates: tuple[Asked, ...]
    rule: str | None = None
    reason: str | None = None

    @property
    def names_song(self) -> bool:
        return names_song(self.candidates)


def names_song(candidates: Sequence[Asked]) -> bool:
    """Whether a song is named for sure, be it known to a catalogue or not."""
    return any(not asked.guess for asked in candidates)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A post that this worker works on until its lease lapses."""

    item_id: str
    lease: str
    post: Post
    attempts: int
    faults: int
    candidates: tuple[Asked, ...]
    song: Song | None

    @property
    def known_song(self) -> Song:
        """The song, past the catalogue's step."""
        if self.song is None:
            message = f"post {self.item_id} is past the catalogue but has no song"
            raise ValueError(message)
        return self.song


def held_by(item: Claimed) -> tuple[ColumnElement[bool], ...]:
    """The post, as long as the lease under which it was claimed is on it.

    One that is asked for since may have been read anew, and claimed again by the same run.
    """
    asked = item.post.mentions_bot
    return post.c.item_id == item.item_id, post.c.lease == item.lease, post.c.asked == asked


def item_id_of(given: Post) -> str:
    return f"{given.origin}:{given.id}"


def is_free(now: datetime) -> ColumnElement[bool]:
    """Posts that nobody works on; a lease that ends far ahead is of a wrong clock."""
    until = post.c.leased_until
    return or_(post.c.lease.is_(None), until < now, until > now + FARTHEST)


def is_held_by(holder: str) -> ColumnElement[bool]:
    """Posts that some run of this worker works on, or worked on when it died."""
    # SQLite finds no prefix by an index, but what is held at all.
    return (post.c.lease > "") & post.c.lease.startswith(f"{holder}/", autoescape=True)


def is_put_off(now: datetime) -> ColumnElement[bool]:
    """Posts that wait longer than any does, by a wrong clock."""
    return post.c.state.in_(ON_THE_WAY) & (post.c.next_at > now + FARTHEST)


class Posts:
    """Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @rerun
    def claim(
        self, state: PostState, limit: int, *, lease: str, now: datetime, until: datetime
    ) -> list[Claimed]:
        """Posts in a state whose turn has come: those that were asked for, then the oldest."""
        due = (
            select(post.c.item_id)
            .where(
                post.c.state == state,
                post.c.next_at <= now,
                is_free(now),
            )
            .order_by(post.c.asked.desc(), post.c.posted_at, post.c.item_id)
            .limit(limit)
            .with_for_update(skip_locked=True, key_share=True)
            .cte("due")
        )
        held = (
            update(post)
            .where(post.c.item_id.in_(select(due.c.item_id)))
            .values(lease=lease, leased_until=until)
            .returning(post)
        )
        with writing(self.engine) as connection:
            rows = connection.execute(held).all()
        return [claimed(row) for row in sorted(rows, key=in_line)]

    @rerun
    def release(self, items: Iterable[Claimed]) -> None:
        """Give posts back that were claimed but not begun."""
        with writing(self.engine) as connection:
            for item in sorted(items, key=lambda item: item.item_id):
                connection.execute(update(post).where(*held_by(item)).values(FREE))

    @rerun
    def take_back(self, holder: str, now: datetime) -> None:
        """Free what an earlier run of this worker held when it died; end waits of a wrong clock."""
        held, put_off = is_held_by(holder), is_put_off(now)
        in_order = select(post.c.item_id).where(held | put_off).order_by(post.c.item_id)
        with writing(self.engine) as connection:
            connection.execute(in_order.with_for_update(key_share=True)).all()
            connection.execute(update(post).where(held).values(FREE))
            connection.execute(update(post).where(put_off).values(next_at=now))

    @rerun
    def read(self, results: Sequence[tuple[Claimed, Reading]], now: datetime) -> int:
        """Store what was parsed; how many posts surely name a song. Our own posts never do."""
        songs = 0
        with writing(self.engine) as connection:
            own = own_posts(connection, [item.post for item, _ in results])
            for item, found in sorted(results, key=lambda result: result[0].item_id):
                ours = item.item_id in own
                state = PostState.SONG if found.candidates and not ours else PostState.NO_SONG
                values = {
                    "candidates": [asked.as_json() for asked in found.candidates],
                    "rule": found.rule,
                    "reason": "our own post" if ours else found.reason,
                }
                try:
                    self._step(connection, item, state, now, values)
                except LeaseLostError:
                    continue  # whoever holds it now reads it, too
                songs += state is PostState.SONG and found.names_song
                reach("songs.storing")
        return songs

    @rerun
    def resolve(self, item: Claimed, song: Song, now: datetime) -> None:
        """The catalogue knows the song."""
        known = song.model_dump(mode="json")
        with writing(self.engine) as connection:
            self._step(connection, item, PostState.RESOLVED, now, {"song": known})

    @rerun
    def dismiss(self, item: Claimed, reason: str, now: datetime) -> None:
        """No catalogue knows any of the songs that the post may name."""
        state = PostState.UNKNOWN_SONG if names_song(item.candidates) else PostState.NO_SONG
        with writing(self.engine) as connection:
            self._step(connection, item, state, now, {"reason": reason})

    @rerun
    def draft(self, item: Claimed, answer: GenerateAnswer, now: datetime) -> int:
        """Store the drafts of a post, all or none; how many."""
        rows = draft_rows(item.item_id, answer, now)
        with writing(self.engine) as connection:
            self._hold(connection, item)
            enter(connection, draft, rows)
            reach("drafts.storing")
            self._step(connection, item, PostState.DRAFTED, now)
        return len(rows)

    def undelivered(self, items: Sequence[Claimed]) -> dict[str, list[Draft]]:
        """The drafts of these posts as the desk takes them, by item."""
        by_id = {item.item_id: item for item in items}
        wanted = select(draft).where(draft.c.item_id.in_(by_id)).order_by(draft.c.rank)
        found: dict[str, list[Draft]] = {item_id: [] for item_id in by_id}
        with reading(self.engine) as connection:
            for row in connection.execute(wanted):
                found[row.item_id].append(desk_draft(row, by_id[row.item_id]))
        return found

    @rerun
    def deliver(self, items: Sequence[Claimed], now: datetime) -> None:
        """The desk has the drafts of these posts."""
        with writing(self.engine) as connection:
            lock(connection, post, [item.item_id for item in items])
            for item in items:
                # A curator may have decided before we heard that the desk has it.
                state = select(post.c.state).where(*held_by(item))
                if connection.scalar(state) == PostState.DRAFTED:
                    deliver_item(connection, item.item_id, now)

    @rerun
    def postpone(
        self,
        item: Claimed,
        error: str,
        *,
        next_at: datetime,
        blamed: bool,
        most_faults: int,
        now: datetime,
    ) -> bool:
        """Keep a post for another try, or park it when it was to blame too often; if parked."""
        faults = item.faults + blamed
        tried = {**FREE, "attempts": item.attempts + 1, "faults": faults, "last_error": error}
        with writing(self.engine) as connection:
            state = self._hold(connection, item)
            if faults < most_faults:
                waits = update(post).where(*held_by(item))
                connection.execute(waits.values(next_at=next_at, **tried))
                return False
            parked = {"parked_from": state, **tried}
            move(connection, post, item.item_id, to=PostState.PARKED, now=now, values=parked)
            return True

    def _hold(self, connection: Connection, item: Claimed) -> str:
        """The state of a post, for nobody else until the transaction ends; or LeaseLostError."""
        wanted = select(post.c.state).where(*held_by(item))
        state: str | None = connection.scalar(wanted.with_for_update(key_share=True))
        if state is None:
            message = f"post {item.item_id} is no longer held"
            raise LeaseLostError(message)
        return state

    def _step(
        self,
        connection: Connection,
        item: Claimed,
        state: PostState,
        now: datetime,
        values: Mapping[str, object] | None = None,
    ) -> None:
        self._hold(connection, item)
        values = {"next_at": now, **FRESH, **(values or {})}
        move(connection, post, item.item_id, to=state, now=now, values=values)


def own_posts(connection: Connection, posts: Sequence[Post]) -> set[str]:
    """Which of these are our publications come back, the ones not yet confirmed included."""
    texts = {each.text for each in posts}
    remote = {each.id for each in posts}
    wanted = select(publication.c.origin, publication.c.remote_id, publication.c.text).where(
        or_(publication.c.remote_id.in_(remote), publication.c.text.in_(texts)),
        publication.c.sent_at.is_not(None),
    )
    rows = connection.execute(wanted).all()
    ids = {f"{row.origin}:{row.remote_id}" for row in rows}
    words = {row.text for row in rows}
    return {item_id_of(each) for each in posts if item_id_of(each) in ids or each.text in words}


def deliver_item(connection: Connection, item_id: str, now: datetime) -> None:
    """Note, inside the caller's transaction, that the desk has a post's drafts."""
    own, written = draft.c.item_id == item_id, DraftState.WRITTEN
    move_all(connection, draft, own, source=written, to=DraftState.DELIVERED, now=now)
    move(connection, post, item_id, to=PostState.DELIVERED, now=now, values=FRESH)


def in_line(row: Row[Any]) -> tuple[bool, datetime, str]:
    return not row.asked, row.posted_at, row.item_id


def claimed(row: Row[Any]) -> Claimed:
    return Claimed(
        item_id=row.item_id,
        lease=row.lease,
        post=Post.model_validate({**row.body, "mentions_bot": row.asked}),
        attempts=row.attempts,
        faults=row.faults,
        candidates=tuple(
            Asked(asked["title"], tuple(asked["artists"]), asked["guess"], asked.get("spotify_id"))
            for asked in row.candidates or ()
        ),
        song=Song.model_validate(row.song) if row.song else None,
    )


def draft_rows(item_id: str, answer: GenerateAnswer, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{item_id}:{rank}",
            "item_id": item_id,
            "rank": rank,
            "state": DraftState.WRITTEN,
            "seed": answer.seed,
            "model": answer.model.name,
            "model_revision": answer.model.revision,
            "created_at": now,
            "changed_at": now,
            **sample.model_dump(exclude={"unrefined", "topics", "unrefined_topics"}),
        }
        for rank, sample in enumerate(answer.samples, start=1)
    ]


def desk_draft(row: Row[Any], item: Claimed) -> Draft:
    return Draft(
        id=row.id,
        item_id=row.item_id,
        rank=row.rank,
        text=row.text,
        scores=Scores.model_validate(row, from_attributes=True),
        post=item.post,
        song=item.known_song,
        created_at=row.created_at,
    )
