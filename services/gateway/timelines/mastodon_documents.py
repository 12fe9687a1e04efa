"""Mastodon's documents read into our own.

What is no document raises ValueError, LookupError or TypeError.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.gateway.lengths import LINK
from services.gateway.schemas import Platform, Post, Published, Reception
from services.gateway.timelines.documents import NOT_UNDERSTOOD, Document, NonsenseError, things
from services.gateway.timelines.mastodon_text import plain_text
from services.gateway.timelines.reading import Entry

ORIGIN = "mastodon"
PLACE = re.compile(r"\d{1,20}", re.ASCII)
# Where an instance does not say: what Mastodon comes with.
LONGEST, LINK_LENGTH = 500, 23
TIMESTAMP_SHIFT = 16
# Mastodon shows a mention without its domain.
MENTION_DOMAIN = re.compile(r"(?<![\w/])(@\w+)@[\w.-]*\w")


def documents(answer: object) -> list[Document]:
    """The objects of a list, all of which have an id."""
    values = things(answer)
    for value in values:
        id_of(value)
    return values


def id_of(document: Document) -> str:
    if not isinstance(document, Mapping) or not isinstance(document.get("id"), str | int):
        message = "it holds something without an id"
        raise NonsenseError(message)
    return str(document["id"])


def place_of(document: Document) -> str:
    """Its id, by which timelines are sorted."""
    place = id_of(document)
    if not PLACE.fullmatch(place):
        message = "it holds an id that is no number"
        raise NonsenseError(message)
    return place


def passed_by(document: Document) -> Entry:
    return Entry(place_of(document), None)


def has_other_ids(values: list[Any]) -> bool:
    """Whether there are ids, as servers of another kind have them."""
    return any(isinstance(value, Mapping) and isinstance(value.get("id"), str) for value in values)


def home_entry(status: Document, own_id: str) -> Entry:
    """A status of the home timeline; boosts, our own and answers to others are no posts to us."""
    left_out = (
        status.get("reblog") is not None
        or str(_author(status)["id"]) == own_id
        or _answers_another(status)
    )
    return Entry(place_of(status), None if left_out else post_of(status))


def mention_entry(notification: Document) -> Entry:
    """A notification's place, and the status that mentions us; that may be gone."""
    status = notification.get("status")
    return Entry(place_of(notification), post_of(status) if status else None)


def post_of(status: Document) -> Post:
    author = _author(status)
    return Post(
        origin=ORIGIN,
        id=id_of(status),
        text=plain_text(status["content"]),
        author_id=str(author["id"]),
        author=author.get("acct"),
        created_at=datetime.fromisoformat(status["created_at"]),
        lang=status.get("language"),
        url=_address(status),
        sensitive=bool(status.get("sensitive") or status.get("spoiler_text")),
    )


def published(status: Document, *, reconciled: bool = False) -> Published:
    return Published(
        origin=ORIGIN,
        id=id_of(status),
        url=_address(status),
        text=plain_text(status["content"]),
        created_at=datetime.fromisoformat(status["created_at"]),
        reconciled=reconciled,
    )


def accepted(status: Document, text: str, now: float) -> Published:
    """A status that the instance has taken: whatever else is odd, its id says that it is out."""
    try:
        return published(status)
    except NOT_UNDERSTOOD:
        made = datetime.fromtimestamp(now, UTC)
        return Published(origin=ORIGIN, id=id_of(status), url=None, text=text, created_at=made)


def reception(status: Document) -> Reception:
    return Reception(
        id=id_of(status),
        likes=int(status.get("favourites_count") or 0),
        reposts=int(status.get("reblogs_count") or 0),
        replies=int(status.get("replies_count") or 0),
    )


def platform(instance: Document) -> Platform:
    """What this instance allows; `instance` may say nothing of it."""
    configuration = instance.get("configuration")
    statuses = configuration.get("statuses") if isinstance(configuration, Mapping) else None
    limits = statuses if isinstance(statuses, Mapping) else {}
    return Platform(
        origin=ORIGIN,
        longest=_positive(limits.get("max_characters"), LONGEST),
        counting="graphemes",
        link_length=_positive(limits.get("characters_reserved_per_url"), LINK_LENGTH),
        links="allowed",
        replies="summoned",
        ai_label=False,
        bot_label=True,
        paid=False,
    )


def comparable(text: str) -> str:
    """A text as Mastodon would give it back: spaces, links and domains of accounts may differ."""
    words = MENTION_DOMAIN.sub(r"\1", unicodedata.normalize("NFC", text))
    return " ".join(LINK.sub("\N{LINK SYMBOL}", words).split())


def id_at(moment: datetime) -> int:
    """The lowest id that a status made at this moment can have."""
    return int(moment.timestamp() * 1000) << TIMESTAMP_SHIFT


def _author(status: Document) -> Document:
    author = status.get("account")
    if not isinstance(author, Mapping) or "id" not in author:
        message = f"status {status['id']} has no account"
        raise NonsenseError(message)
    return author


def _answers_another(status: Document) -> bool:
    """An author who goes on with a thread of their own still speaks to everybody."""
    answered = status.get("in_reply_to_account_id")
    return status.get("in_reply_to_id") is not None and answered != _author(status)["id"]


def _address(status: Document) -> str | None:
    address = status.get("url") or status.get("uri")
    return str(address) if address else None


def _positive(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and value > 0 else otherwise
