"""Who and what things are on Bluesky: handles, DIDs, record keys (TIDs), content ids, addresses."""

import re
from base64 import b32encode
from collections.abc import Iterator
from hashlib import blake2b, sha256

from services.sandbox.snowflakes import EPOCH_MS, FEED_MASK, LOW_BITS, WRITTEN

POST = "app.bsky.feed.post"
DOMAIN = ".bsky.social"
SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
TID = re.compile("[234567abcdefghij][234567a-z]{12}")
ADDRESS = re.compile(r"at://([^/]+)/([\w.-]+)/([\w.:~-]+)", re.ASCII)
# A TID holds microseconds and ten bits besides, so this many are made within a millisecond. Posts
# of the feed take the lower half of them, written ones the upper half, as in snowflakes.
SLOTS = 1000 << 10
HALF = SLOTS // 2


def handle_of(username: str) -> str:
    """A handle for any name: it must be a host name."""
    label = re.sub("[^a-z0-9]+", "-", username.casefold())[:40].strip("-")
    return f"{label or 'somebody'}{DOMAIN}"


def did_of(username: str) -> str:
    digest = blake2b(username.encode(), digest_size=15).digest()
    return f"did:plc:{b32encode(digest).decode().lower()}"


def cid_of(content: str) -> str:
    """A content id (version 1, DAG-CBOR, SHA-256), of whatever stands for the content."""
    raw = bytes([1, 0x71, 0x12, 0x20]) + sha256(content.encode()).digest()
    return f"b{b32encode(raw).decode().lower().rstrip('=')}"


def address(did: str, collection: str, rkey: str) -> str:
    return f"at://{did}/{collection}/{rkey}"


def tid_of(post_id: int) -> str:
    """The record key of a post that was not made under one; keys sort as the posts do."""
    low = post_id & ((1 << LOW_BITS) - 1)
    slot = HALF + (low - WRITTEN) % HALF if low & WRITTEN else low % HALF
    return tid(((post_id >> LOW_BITS) + EPOCH_MS) * SLOTS + slot)


def tid(number: int) -> str:
    return "".join(SORTABLE[number >> shift & 31] for shift in range(60, -1, -5))


def post_ids_of(rkey: str) -> Iterator[int]:
    """The posts whose record key this may be."""
    if not TID.fullmatch(rkey):
        return
    number = 0
    for letter in rkey:
        number = number << 5 | SORTABLE.index(letter)
    millis, slot = divmod(number, SLOTS)
    side = WRITTEN if slot >= HALF else 0
    for low in range(slot % HALF, FEED_MASK + 1, HALF):
        yield (millis - EPOCH_MS) << LOW_BITS | side | low
