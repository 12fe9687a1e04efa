"""Bluesky's documents, read into our own, and the record that a post of ours becomes.

A post is addressed by its author's DID and a record key (`at://did/app.bsky.feed.post/key`). Our
id is both with a tilde between: a DID has none, and it needs no escape in a path or a list.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from services.gateway.schemas import Post, Published, Reception
from services.gateway.timelines.documents import Document, NonsenseError, readable, things
from services.gateway.timelines.reading import Entry
from services.gateway.timelines.timeline import Intent

ORIGIN = "bluesky"
POST = "app.bsky.feed.post"
FACET = "app.bsky.richtext.facet"
ADDRESS = re.compile(rf"at://([^/]+)/{re.escape(POST)}/([^/]+)")
ID_SEPARATOR = "~"
EPOCH = datetime.fromtimestamp(0, UTC)
MICROSECOND = timedelta(microseconds=1)
# How long a post may be on its way from its author to the timeline, where it is put at the time
# at which it was written, below others that were there before it.
ON_ITS_WAY = 120 * 10**6
# So much of a record key tells apart what came at one moment; TIDs have thirteen letters.
KEY_LETTERS = 20
SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
SENSITIVE = {"porn", "sexual", "nudity", "graphic-media", "gore", "!warn", "!hide"}
LINK = re.compile(r"https?://[^\s<>\"]+")
AFTER_LINK = ".,;:!?'\"\u2026\u201d\u2019"  # an ellipsis and closing quotation marks at the end
TAG = re.compile(r"(?<![\w#&/])#(\w*[^\W\d_]\w*)")


@dataclass(frozen=True)
class Item:
    """What stands on a timeline: at `sorted_us` for Bluesky, at `entry.place` for us.

    `place_us`, its part of the place, is when it came, in microseconds of Unix time.
    """

    sorted_us: int
    place_us: int
    entry: Entry

    @property
    def place(self) -> str:
        return self.entry.place


@dataclass(frozen=True)
class Reader:
    """Reads posts; `post_url` says where people see one."""

    post_url: str

    def home(self, document: Document, own_did: str) -> list[Item]:
        """A page of the home timeline; reposts, answers to others and our own are left out."""

        def read(item: Document) -> Item:
            return self._feed_item(item, own_did)

        def passed_by(item: Document) -> Item:
            return _passed_by(item["post"], item.get("reason"))

        return readable(ORIGIN, things(document.get("feed")), read, passed_by)

    def mentions(self, document: Document, own_did: str) -> list[Item]:
        """A page of notifications; what is no mention is left out, and so are we."""

        def read(view: Document) -> Item:
            wanted = view["reason"] == "mention" and view["author"]["did"] != own_did
            return self._item(view, wanted=wanted)

        return readable(ORIGIN, things(document.get("notifications")), read, _passed_by)

    def _feed_item(self, item: Document, own_did: str) -> Item:
        view, reason = item["post"], item.get("reason")
        if reason:
            return _passed_by(view, reason)
        author = view["author"]["did"]
        return self._item(view, wanted=author != own_did and not _answers_others(view))

    def _item(self, view: Document, *, wanted: bool) -> Item:
        came = microseconds(view["indexedAt"])
        sorted_us = min(came, _written(view["record"], came))
        place_us = min(came, sorted_us + ON_ITS_WAY)
        post = self._post(view, sorted_us) if wanted else None
        return Item(sorted_us, place_us, Entry(_place(place_us, view["uri"]), post))

    def _post(self, view: Document, sorted_us: int) -> Post:
        record, author = view["record"], view["author"]
        return Post(
            origin=ORIGIN,
            id=id_of(view["uri"]),
            text=record["text"],
            author_id=author["did"],
            author=author.get("handle"),
            created_at=instant(sorted_us),
            lang=next(iter(record.get("langs") or ()), None),
            url=self.url(view["uri"]),
            sensitive=_is_sensitive(view),
        )

    def published(self, uri: str, record: Document, *, reconciled: bool = False) -> Published:
        return Published(
            origin=ORIGIN,
            id=id_of(uri),
            url=self.url(uri),
            text=record["text"],
            created_at=instant(microseconds(record["createdAt"])),
            reconciled=reconciled,
        )

    def url(self, uri: str) -> str:
        did, rkey = _parts(uri)
        return self.post_url.replace("{author}", did).replace("{id}", rkey)


def reception(view: Document) -> Reception:
    return Reception(
        id=id_of(view["uri"]),
        likes=int(view.get("likeCount") or 0),
        reposts=int(view.get("repostCount") or 0),
        replies=int(view.get("replyCount") or 0),
    )


def post_record(text: str, now: datetime) -> dict[str, Any]:
    stamp = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record = {"$type": POST, "text": text, "createdAt": stamp, "langs": ["en"]}
    found = facets(text)
    return record | {"facets": found} if found else record


def reply_to(view: Document) -> dict[str, Any]:
    """The `reply` of a record that answers this post."""
    parent = {"uri": str(view["uri"]), "cid": str(view["cid"])}
    root = (view["record"].get("reply") or {}).get("root")
    return {"root": root or parent, "parent": parent}


def facets(text: str) -> list[dict[str, Any]]:
    """The links and hashtags of a text; Bluesky makes none by itself, and counts in bytes."""
    found = []
    for match in LINK.finditer(text):
        uri = match[0].rstrip(AFTER_LINK)
        uri = uri if "(" in uri else uri.rstrip(")").rstrip(AFTER_LINK)
        found.append(_facet(text, match.start(), uri, {"$type": f"{FACET}#link", "uri": uri}))
    for match in TAG.finditer(text):
        tag = {"$type": f"{FACET}#tag", "tag": match[1]}
        found.append(_facet(text, match.start(), match[0], tag))
    return sorted(found, key=lambda facet: facet["index"]["byteStart"])


def _facet(text: str, start: int, covered: str, feature: dict[str, str]) -> dict[str, Any]:
    first = len(text[:start].encode())
    index = {"byteStart": first, "byteEnd": first + len(covered.encode())}
    return {"index": index, "features": [feature]}


def record_key(intent: Intent) -> str:
    """The key of this intent's post, a TID, the same at every attempt.

    A TID is 53 bits of microseconds above ten bits that tell clocks apart.
    """
    clock = int.from_bytes(sha256(intent.key.encode()).digest()[:2], "big") & 1023
    number = (intent.asked_at - EPOCH) // MICROSECOND << 10 | clock
    return "".join(SORTABLE[number >> shift & 31] for shift in range(60, -1, -5))


def id_of(uri: str) -> str:
    return ID_SEPARATOR.join(_parts(uri))


def address_of(post_id: str) -> tuple[str, str] | None:
    """The author's DID and the record key of a post; None for what is no id of ours."""
    did, separator, rkey = post_id.partition(ID_SEPARATOR)
    known = did.startswith("did:") and separator and rkey and "/" not in post_id
    return (did, rkey) if known else None


def uri_of(did: str, rkey: str) -> str:
    return f"at://{did}/{POST}/{rkey}"


def microseconds(stamp: str) -> int:
    """Microseconds of Unix time; a time without a zone is taken for UTC."""
    moment = datetime.fromisoformat(stamp)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0, (aware - EPOCH) // MICROSECOND)


def instant(us: int) -> datetime:
    return EPOCH + us * MICROSECOND


def _passed_by(view: Document, reason: Document | None = None) -> Item:
    """What stands where a post does, or a repost of it."""
    came = microseconds((reason or {}).get("indexedAt") or view["indexedAt"])
    return Item(came, came, Entry(_place(came, view["uri"]), None))


def _parts(uri: str) -> tuple[str, str]:
    match = ADDRESS.fullmatch(uri)
    if match is None:
        message = "no address of a post"
        raise NonsenseError(message)
    return match[1], match[2]


def _place(us: int, uri: str) -> str:
    """All of one width, so that their order as texts is that of places."""
    key = re.sub("[^A-Za-z0-9]", "_", _parts(uri)[1])[:KEY_LETTERS]
    return f"{us:016d}-{key:_<{KEY_LETTERS}}"


def _written(record: Document, otherwise: int) -> int:
    """When the author says that it was written, which may be anything."""
    try:
        return microseconds(record["createdAt"])
    except (KeyError, TypeError, ValueError):
        return otherwise


def _answers_others(view: Document) -> bool:
    reply = view["record"].get("reply")
    if not reply:
        return False
    return not str(reply["parent"]["uri"]).startswith(f"at://{view['author']['did']}/")


def _is_sensitive(view: Document) -> bool:
    own = view["record"].get("labels") or {}
    labels = [*(view.get("labels") or ()), *(own.get("values") or ())]
    return any(label.get("val") in SENSITIVE for label in labels)
