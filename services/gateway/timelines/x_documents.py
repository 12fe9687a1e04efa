"""X's documents, in the words of before and after August 2026, read into our own.

X renamed fields then (`note_tweet` became `note_post`, and so on) and which words an answer uses
is not settled; every field is looked up under both.
"""

import html
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.gateway.schemas import Post, Published, Quota, Reception
from services.gateway.timelines.reading import Entry
from services.gateway.timelines.x_prices import LINK

Document = Mapping[str, Any]

ORIGIN = "x"
EPOCH_MS = 1288834974657
TIMESTAMP_SHIFT = 22
POST_FIELDS = ("author_id", "created_at", "lang", "note_tweet", "possibly_sensitive")
RENAMED = {"note_tweet": "note_post"}


class NonsenseError(ValueError):
    """An answer that is no document of X's."""


@dataclass(frozen=True)
class Reader:
    """Reads posts; `post_url` says where people see one."""

    post_url: str

    def entries(self, document: Document) -> Iterator[Entry]:
        """The posts of a page, in its order."""
        for post in posts_of(document):
            history = _either(post, "edit_history_tweet_ids", "edit_history_post_ids")
            first = str(history[0]) if history else str(post["id"])
            yield Entry(place=str(post["id"]), post=self._post(post, first))

    def _post(self, post: Document, post_id: str) -> Post:
        return Post(
            origin=ORIGIN,
            id=post_id,
            text=full_text(post),
            author_id=str(post.get("author_id", "")),
            created_at=created_at(post),
            lang=post.get("lang"),
            url=self.url(post_id),
            sensitive=bool(post.get("possibly_sensitive")),
        )

    def published(self, post: Document, *, reconciled: bool = False) -> Published:
        return Published(
            origin=ORIGIN,
            id=str(post["id"]),
            url=self.url(str(post["id"])),
            text=full_text(post),
            created_at=created_at(post),
            reconciled=reconciled,
        )

    def url(self, post_id: str) -> str:
        return self.post_url.replace("{id}", post_id)


def posts_of(document: Document) -> list[Document]:
    """The posts in an answer; `data` is absent where there are none."""
    data = document.get("data", [])
    posts = data if isinstance(data, list) else [data]
    if not all(isinstance(post, Mapping) and str(post.get("id")).isdecimal() for post in posts):
        message = "`data` holds something other than posts"
        raise NonsenseError(message)
    return posts


def next_token(document: Document) -> str | None:
    meta = document.get("meta")
    token = meta.get("next_token") if isinstance(meta, Mapping) else None
    return str(token) if token else None


def full_text(post: Document) -> str:
    """The whole text of a post, long ones included, as people read it."""
    note = _either(post, "note_tweet", "note_post") or {}
    return html.unescape(str(note.get("text") or post.get("text", "")))


def comparable(text: str) -> str:
    """A text as X would give it back: spaces and links may differ, the words may not."""
    words = unicodedata.normalize("NFC", html.unescape(text))
    return " ".join(LINK.sub("\N{LINK SYMBOL}", words).split())


def created_at(post: Document) -> datetime:
    stated = post.get("created_at")
    return datetime.fromisoformat(stated) if stated else time_of(str(post["id"]))


def time_of(post_id: str) -> datetime:
    """When a post was made: its id says so."""
    millis = (int(post_id) >> TIMESTAMP_SHIFT) + EPOCH_MS
    return datetime.fromtimestamp(millis / 1000, UTC)


def reception(post: Document) -> Reception:
    metrics = post.get("public_metrics") or {}
    return Reception(
        id=str(post["id"]),
        likes=int(metrics.get("like_count", 0)),
        reposts=int(_either(metrics, "retweet_count", "repost_count") or 0),
        replies=int(metrics.get("reply_count", 0)),
    )


def quota(headers: Mapping[str, str]) -> Quota | None:
    try:
        return Quota(
            limit=int(headers["x-rate-limit-limit"]),
            remaining=int(headers["x-rate-limit-remaining"]),
            resets_at=datetime.fromtimestamp(int(headers["x-rate-limit-reset"]), UTC),
        )
    except (KeyError, ValueError):
        return None


def _either(document: Document, old: str, new: str) -> Any:  # noqa: ANN401 - as X sends it
    value = document.get(old)
    return document.get(new) if value is None else value
