"""The public timeline: what the feed has released so far, with what was written in between.

Feed posts need no storage: which of them are out, when they came and what their ids are follows
from the schedule (when the feed began, how many came at once, how far apart the others come).
"""

import heapq
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from hashlib import blake2b

from services.sandbox import snowflakes
from services.sandbox.feed import Feed, Kind, whole_characters
from services.sandbox.store import Record, Store, WrittenPost


@dataclass(frozen=True)
class Post:
    """A post as anybody on the timeline sees it."""

    id: int
    author_id: str
    username: str
    name: str
    text: str
    kind: Kind = "post"
    lang: str = "en"
    by_bot: bool = False
    reply_to: str | None = None

    @property
    def created(self) -> float:
        """Unix seconds."""
        return snowflakes.millis(self.id) / 1000


@dataclass(frozen=True)
class Schedule:
    """When feed posts come: `burst` of them up to `begins_ms`, then one every `interval_ms`."""

    feed: str
    begins_ms: int
    burst: int
    interval_ms: float
    burst_spacing_ms: float

    def release_ms(self, position: int) -> int:
        late = position - self.burst + 1
        step = self.interval_ms if late > 0 else self.burst_spacing_ms
        return self.begins_ms + round(late * step)

    def released(self, now_ms: int) -> int:
        """How many posts of an endless feed are out."""
        if now_ms < self.begins_ms:
            return 0
        count = self.burst + int((now_ms - self.begins_ms) / self.interval_ms)
        # Rounding release times to whole milliseconds may put the last one just ahead of now.
        while count and self.release_ms(count - 1) > now_ms:
            count -= 1
        return count


class Timeline:
    def __init__(
        self, feed: Feed, store: Store, *, burst: int, interval: float, clock: Callable[[], float]
    ) -> None:
        self.feed, self.store, self.clock = feed, store, clock
        self.schedule = self._schedule(burst, interval * 1000)
        self.written = {post.id: post for post in store.posts()}
        self.deleted = store.deleted_feed_posts()
        self.newest_written = store.newest_id()

    def _schedule(self, burst: int, interval_ms: float) -> Schedule:
        """The stored schedule where it is of the same feed and pace, otherwise a new one.

        A first schedule spreads its burst over the past, no further than ids reach. One that takes
        over from another packs it into the last moment, so that a reader's cursor into the old
        feed is below all of it.
        """
        now = self.now_ms()
        stored = self.store.fact("schedule")
        widest = (now - snowflakes.EPOCH_MS) / max(1, burst)
        spacing = 1.0 if stored else min(interval_ms, widest)
        fresh = Schedule(self.feed.digest(), now, burst, interval_ms, spacing)
        if stored:
            old = Schedule(**json.loads(stored))
            if (old.feed, old.burst, old.interval_ms) == (fresh.feed, burst, interval_ms):
                return old
        self.store.put_fact("schedule", json.dumps(asdict(fresh)))
        return fresh

    def now_ms(self) -> int:
        return int(self.clock() * 1000)

    def released(self) -> int:
        """How many feed posts are out."""
        count = self.schedule.released(self.now_ms())
        return count if self.feed.repeats else min(count, len(self.feed))

    def newest_first(self) -> Iterator[Post]:
        """Every visible post, lazily."""
        return heapq.merge(
            self._feed_posts(),
            self._written_posts(),
            key=lambda post: -post.id,
        )

    def _feed_posts(self) -> Iterator[Post]:
        posts = (self._feed_post(position) for position in reversed(range(self.released())))
        return (post for post in posts if post.id not in self.deleted)

    def _feed_post(self, position: int) -> Post:
        post = self.feed[position]
        return Post(
            id=snowflakes.feed_id(self.schedule.release_ms(position), position),
            author_id=author_id(post.author),
            username=post.author,
            name=display_name(post.author),
            text=post.text,
            kind=post.kind,
            lang=post.lang,
        )

    def find(self, post_id: int) -> Post | None:
        if post_id in self.written:
            return _written(self.written[post_id])
        if post_id in self.deleted:
            return None
        first = post_id & snowflakes.FEED_MASK
        for position in range(first, self.released(), snowflakes.FEED_MASK + 1):
            if self._feed_post(position).id == post_id:
                return self._feed_post(position)
        return None

    def write(
        self,
        text: str,
        *,
        author_id: str,
        username: str,
        name: str,
        by_bot: bool = False,
        reply_to: str | None = None,
        record: Record | None = None,
    ) -> Post:
        """Add a post; it is stored when this returns."""
        post_id = self.next_id()
        text = whole_characters(text)
        post = WrittenPost(post_id, author_id, username, name, text, by_bot, reply_to)
        self.store.add_post(post, record)
        self.newest_written = post_id
        self.written[post_id] = post
        return _written(post)

    def next_id(self) -> int:
        """The id of a post that is written right now."""
        return snowflakes.written_id(self.now_ms(), self.newest_written)

    def delete(self, post_id: int) -> None:
        """Delete a post, whoever wrote it."""
        if self.written.pop(post_id, None) is None:
            self.store.delete_feed_post(post_id)
            self.deleted.add(post_id)
        else:
            self.store.delete_post(post_id)

    def by_author(self, author: str) -> Iterator[Post]:
        """An account's written posts, newest first."""
        return (post for post in self._written_posts() if post.author_id == author)

    def by_bot(self) -> Iterator[Post]:
        """What any bot's account published, newest first."""
        return (post for post in self._written_posts() if post.by_bot)

    def _written_posts(self) -> Iterator[Post]:
        # Ids rise with every post, so the order of writing is the order of ids.
        return (_written(post) for post in reversed(self.written.values()))


def display_name(username: str) -> str:
    return username.replace("_", " ")


def author_id(username: str) -> str:
    """A stable numeric user id for a handle."""
    return str(int.from_bytes(blake2b(username.encode(), digest_size=7).digest()) | 1 << 56)


def _written(post: WrittenPost) -> Post:
    return Post(
        id=post.id,
        author_id=post.author_id,
        username=post.username,
        name=post.name,
        text=post.text,
        kind="reply" if post.reply_to else "post",
        by_bot=post.by_bot,
        reply_to=post.reply_to,
    )
