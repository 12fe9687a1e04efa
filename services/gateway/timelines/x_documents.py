"""X's documents, in the words of before and after August 2026, read into our own.

X renamed fields then (`note_tweet` became `note_post`, and so on) and which words an answer uses
is not settled; every field is looked up under both.
"""

import html
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.gateway.lengths import X_LINK
from services.gateway.schemas import Post, Published, Reception
from services.gateway.timelines.documents import (
    NOT_UNDERSTOOD,
    Document,
    NonsenseError,
    readable,
    things,
)
from services.gateway.timelines.reading import Entry
from services.gateway.timelines.timeline import Intent, Presence

ORIGIN = "x"
EPOCH_MS = 1288834974657
TIMESTAMP_SHIFT = 22
POST_FIELDS = ("author_id", "created_at", "entities", "lang", "note_tweet", "possibly_sensitive")
RENAMED = {"note_tweet": "note_post"}
# The ids of all versions of a post, in X's words of before and after August 2026.
HISTORIES = ("edit_history_tweet_ids", "edit_history_post_ids")
# Whom a post answers, where X says so in its text.
ANSWERED = re.compile(r"^(?:@\w{1,15} )+", re.ASCII)
SHORTENED = re.compile(r"https?://t\.co/\w+", re.ASCII)
# Longer numbers are no ids, and no times.
ID = re.compile(r"\d{1,20}", re.ASCII)


@dataclass(frozen=True)
class Reader:
    """Reads posts; `post_url` says where people see one."""

    post_url: str

    def entries(self, document: Document) -> list[Entry]:
        """The posts of a page, in its order; one that cannot be read is passed by."""
        return readable(ORIGIN, things_of(document), self._entry, _passed_by)

    def _entry(self, post: Document) -> Entry:
        history = _either(post, *HISTORIES)
        first = id_of({"id": history[0]}) if history else id_of(post)
        return Entry(place=id_of(post), post=self._post(post, first))

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
            id=id_of(post),
            url=self.url(id_of(post)),
            text=full_text(post),
            created_at=created_at(post),
            reconciled=reconciled,
        )

    def accepted(self, post: Document, text: str) -> Published:
        """A post that X has taken: whatever else is odd, its id says that it is out."""
        try:
            return self.published({"text": text, **post})
        except NOT_UNDERSTOOD:
            return self.published({"id": id_of(post), "text": text})

    def url(self, post_id: str) -> str:
        return self.post_url.replace("{id}", post_id)


def things_of(document: Document) -> list[Any]:
    """What an answer holds; where that is nothing, `data` is absent, but not `meta` or `errors`."""
    if not document.keys() & {"data", "meta", "errors"}:
        message = "it says neither what it holds nor that it holds nothing"
        raise NonsenseError(message)
    data = document.get("data", [])
    return things([data] if isinstance(data, Mapping) else data)


def has_id(post: object) -> bool:
    return isinstance(post, Mapping) and ID.fullmatch(str(post.get("id"))) is not None


def id_of(post: Document) -> str:
    if not has_id(post):
        message = "it holds something other than posts"
        raise NonsenseError(message)
    return str(post["id"])


def _passed_by(post: Document) -> Entry:
    return Entry(id_of(post), None)


def next_token(document: Document) -> str | None:
    meta = document.get("meta")
    token = meta.get("next_token") if isinstance(meta, Mapping) else None
    return str(token) if token else None


def full_text(post: Document) -> str:
    """The whole text of a post, long ones included, as people read it; links as they were meant
    where `entities` were asked for."""
    note = _either(post, "note_tweet", "note_post")
    whole = note if isinstance(note, Mapping) and note.get("text") else post
    text, links = html.unescape(whole.get("text", "")), _links(whole.get("entities"))
    return SHORTENED.sub(lambda short: links.get(short[0], short[0]), text)


def _links(entities: object) -> dict[str, str]:
    """Where shortened links lead to; those that say nothing of it are left out."""
    urls = entities.get("urls") if isinstance(entities, Mapping) else None
    pairs = (
        (url.get("url"), url.get("expanded_url"))
        for url in (urls if isinstance(urls, list) else ())
        if isinstance(url, Mapping)
    )
    return {
        short: meant for short, meant in pairs if isinstance(short, str) and isinstance(meant, str)
    }


def comparable(text: str) -> str:
    """A text as X would give it back: spaces and links may differ, the words may not."""
    words = unicodedata.normalize("NFC", html.unescape(text))
    return " ".join(X_LINK.sub("\N{LINK SYMBOL}", words).split())


def says(text: str, intent: Intent) -> bool:
    """Whether a post of ours may be the one that was meant.

    X puts the names of those whom a post answers before its words.
    """
    shown, wanted = comparable(text), comparable(intent.text)
    if intent.in_reply_to is None:
        return shown == wanted
    return ANSWERED.sub("", shown) == ANSWERED.sub("", wanted)


def created_at(post: Document) -> datetime:
    try:
        stated = datetime.fromisoformat(post["created_at"])
    except NOT_UNDERSTOOD:
        return time_of(id_of(post))
    return stated if stated.tzinfo else stated.replace(tzinfo=UTC)


def time_of(post_id: str) -> datetime:
    """When a post was made: its id says so."""
    millis = (int(post_id) >> TIMESTAMP_SHIFT) + EPOCH_MS
    return datetime.fromtimestamp(millis / 1000, UTC)


def reception(post: Document) -> Reception:
    metrics = post.get("public_metrics") or {}
    return Reception(
        id=id_of(post),
        likes=int(metrics.get("like_count") or 0),
        reposts=int(_either(metrics, "retweet_count", "repost_count") or 0),
        replies=int(metrics.get("reply_count") or 0),
    )


def presence(document: Document, asked: Sequence[str]) -> Presence:
    """What an answer says of the posts that were asked for, in whatever version.

    Those that are gone stand among its errors. One that stands nowhere is not known to be gone;
    an answer in which none of them stands is none.
    """
    shown: set[str] = set()
    for post in things_of(document):
        versions = (version for name in HISTORIES for version in post.get(name) or ())
        shown |= {id_of(post), *map(str, versions)}
    refused = {
        str(error.get("resource_id") or error.get("value"))
        for error in things(document.get("errors", []))
    }
    unknown = set(asked) - shown - refused
    if unknown >= set(asked):
        message = "it says nothing of the posts"
        raise NonsenseError(message)
    return Presence(shown & set(asked), unknown)


def _either(document: Document, old: str, new: str) -> Any:  # noqa: ANN401 - as X sends it
    value = document.get(old)
    return document.get(new) if value is None else value
