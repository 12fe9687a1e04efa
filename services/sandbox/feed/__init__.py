"""The posts that strangers make: a built-in feed written for this project, or a replayed file.

The built-in feed starts over in a new order when it is through; a file ends.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Literal

BUILT_IN = (Path(__file__).with_name("songs.jsonl"), Path(__file__).with_name("smalltalk.jsonl"))
REPLAYED_HANDLE = "somebody"

Kind = Literal["post", "reply", "retweet"]


class FeedError(Exception):
    """A feed file cannot be used; the message names the file, the line and what is wrong."""


@dataclass(frozen=True)
class GoldSong:
    """The song that a built-in post is about."""

    title: str
    artists: tuple[str, ...]


@dataclass(frozen=True)
class FeedPost:
    text: str
    author: str
    kind: Kind = "post"
    lang: str = "en"
    phrasing: str | None = None
    song: GoldSong | None = None


class Feed:
    """A sequence of posts by position; endless when it repeats."""

    def __init__(self, posts: list[FeedPost], *, seed: int = 0, repeats: bool = False) -> None:
        self.posts, self.seed, self.repeats = posts, seed, repeats
        self.order = lru_cache(maxsize=4)(self._order)

    def __len__(self) -> int:
        """The number of distinct posts."""
        return len(self.posts)

    def __getitem__(self, position: int) -> FeedPost:
        if not self.repeats:
            return self.posts[position]
        cycle, place = divmod(position, len(self.posts))
        return self.posts[self.order(cycle)[place]]

    def _order(self, cycle: int) -> list[int]:
        order = list(range(len(self.posts)))
        random.Random(f"{self.seed}:{cycle}").shuffle(order)  # noqa: S311 - an order, no secret
        return order

    def digest(self) -> str:
        """Names this feed's content and order, to tell whether a stored schedule is still its."""
        whole = blake2b(f"{self.seed if self.repeats else ''}".encode(), digest_size=16)
        for post in self.posts:
            whole.update(f"{post.author}\0{post.text}\0".encode())
        return whole.hexdigest()


def built_in(seed: int) -> Feed:
    return Feed(list(_built_in_posts()), seed=seed, repeats=True)


@lru_cache(maxsize=1)
def _built_in_posts() -> tuple[FeedPost, ...]:
    return tuple(post for path in BUILT_IN for post in read(path))


def replay(path: Path) -> Feed:
    """The posts of a JSON Lines file, in its order; raises FeedError."""
    try:
        return Feed(list(read(path)))
    except OSError as error:
        message = f"SANDBOX_FEED names {path}, which cannot be read: {error.strerror}"
        raise FeedError(message) from error


def read(path: Path) -> Iterator[FeedPost]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _post(line, f"{path}:{number}")


def _post(line: bytes, where: str) -> FeedPost:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise FeedError(f"{where}: not a JSON object: {error}") from error
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        raise FeedError(f"{where}: an object with a string `text` is needed")
    author = record.get("author") or record.get("account") or REPLAYED_HANDLE
    return FeedPost(
        text=whole_characters(record["text"]),
        author=whole_characters(str(author)),
        kind=record["kind"] if record.get("kind") in {"reply", "retweet"} else "post",
        lang=str(record.get("lang") or "en"),
        phrasing=record.get("phrasing"),
        song=_gold(record.get("song")),
    )


def _gold(song: object) -> GoldSong | None:
    """The song of a built-in post; other files may mean something else by `song`."""
    match song:
        case {"title": str(title), "artists": [*artists]}:
            return GoldSong(title, tuple(map(str, artists)))
    return None


def whole_characters(text: str) -> str:
    """The text without halves of surrogate pairs, which no protocol here can carry."""
    return text.encode(errors="replace").decode()
