"""Mastodon's documents read into our own.

What is no document raises ValueError, LookupError or TypeError.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.gateway.schemas import Platform, Post, Published, Quota, Reception
from services.gateway.timelines.mastodon_text import plain_text
from services.gateway.timelines.reading import Entry

Document = Mapping[str, Any]

ORIGIN = "mastodon"
# Where an instance does not say: what Mastodon comes with.
LONGEST, LINK_LENGTH = 500, 23
TIMESTAMP_SHIFT = 16
LINK = re.compile(r"https?://\S*[\w/]")
# Mastodon shows a mention without its domain.
MENTION_DOMAIN = re.compile(r"(?<![\w/])(@\w+)@[\w.-]*\w")


class NonsenseError(ValueError):
    """An answer that is no document of Mastodon's."""


def documents(answer: object) -> list[Document]:
    """The objects of a list."""
    if not isinstance(answer, list) or not all(
        isinstance(each, Mapping) and "id" in each for each in answer
    ):
        message = "it holds something other than a list of objects"
        raise NonsenseError(message)
    return list(answer)


def home_entry(status: Document, own_id: str) -> Entry:
    """A status of the home timeline; boosts, our own and answers to others are no posts to us."""
    left_out = (
        status.get("reblog") is not None
        or str(_author(status)["id"]) == own_id
        or _answers_another(status)
    )
    return Entry(str(status["id"]), None if left_out else post_of(status))


def mention_entry(notification: Document) -> Entry:
    """A notification's place, and the status that mentions us; that may be gone."""
    status = notification.get("status")
    return Entry(str(notification["id"]), post_of(status) if status else None)


def post_of(status: Document) -> Post:
    author = _author(status)
    return Post(
        origin=ORIGIN,
        id=str(status["id"]),
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
        id=str(status["id"]),
        url=_address(status),
        text=plain_text(status["content"]),
        created_at=datetime.fromisoformat(status["created_at"]),
        reconciled=reconciled,
    )


def reception(status: Document) -> Reception:
    return Reception(
        id=str(status["id"]),
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


def quota(headers: Mapping[str, str]) -> Quota | None:
    try:
        return Quota(
            limit=int(headers["x-ratelimit-limit"]),
            remaining=int(headers["x-ratelimit-remaining"]),
            resets_at=datetime.fromisoformat(headers["x-ratelimit-reset"]),
        )
    except (KeyError, ValueError):
        return None


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
