"""Reading requests to write and to delete records, and what a post's record may say."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.sandbox.bluesky.errors import invalid
from services.sandbox.bluesky.identity import POST, TID
from services.sandbox.bluesky.length import LONGEST, LONGEST_BYTES, graphemes
from services.sandbox.feed import whole_characters

KEPT = (POST, "app.bsky.actor.profile")


@dataclass(frozen=True)
class RecordRequest:
    """A record by its place; `rkey` is empty where the server shall choose."""

    repo: str
    collection: str
    rkey: str
    value: Mapping[str, Any]


def read_body(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(whole_characters(body.decode(errors="replace")))
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise invalid("Request body is not a JSON object")
    return document


def read_place(document: Mapping[str, Any]) -> RecordRequest:
    """Raises Bluesky's 400."""
    repo, collection = (document.get(name) for name in ("repo", "collection"))
    rkey = document.get("rkey") or ""
    if not all(isinstance(each, str) for each in (repo, collection, rkey)):
        raise invalid("Input/repo, Input/collection and Input/rkey must be strings")
    if collection not in KEPT:
        raise invalid(f"The sandbox keeps {' and '.join(KEPT)}, not {collection}")
    if collection == POST and rkey and not TID.fullmatch(rkey):
        raise invalid("Invalid record key: a TID is needed")
    return RecordRequest(str(repo), str(collection), rkey, {})


def read_record(document: Mapping[str, Any]) -> RecordRequest:
    """Raises Bluesky's 400."""
    place, value = read_place(document), document.get("record")
    if not isinstance(value, dict) or value.get("$type") != place.collection:
        raise invalid(f"Invalid $type: expected {place.collection}")
    if place.collection == POST:
        check_post(value)
    return RecordRequest(place.repo, place.collection, place.rkey, value)


def check_post(record: Mapping[str, Any]) -> None:
    text = record.get("text")
    if not isinstance(text, str):
        raise _wrong("text must be a string")
    if len(text.encode()) > LONGEST_BYTES:
        raise _wrong(f"text must not be longer than {LONGEST_BYTES} bytes")
    if graphemes(text) > LONGEST:
        raise _wrong(f"text must not be longer than {LONGEST} graphemes")
    try:
        datetime.fromisoformat(record["createdAt"])
    except (KeyError, TypeError, ValueError):
        raise _wrong("createdAt must be a valid datetime") from None
    for facet in record.get("facets") or ():
        _check_facet(facet, text.encode())


def _check_facet(facet: object, text: bytes) -> None:
    match facet:
        case {"index": {"byteStart": int(start), "byteEnd": int(end)}, "features": [_, *_]}:
            if not 0 <= start < end <= len(text):
                raise _wrong("facets/index must lie within the text")
            try:
                text[start:end].decode()
            except UnicodeDecodeError:
                raise _wrong("facets/index must not cut a character") from None
        case _:
            raise _wrong("facets must have an index and features")


def _wrong(what: str) -> Exception:
    return invalid(f"Invalid {POST} record: Record/{what}")
