"""Bluesky's pages, written by hand: what is odd in them, and how the walk down them goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.gateway.timelines.bluesky_documents import (
    Reader,
    address_of,
    facets,
    id_of,
)
from services.gateway.timelines.bluesky_walk import Sheaf, Walk
from services.gateway.timelines.documents import NonsenseError
from services.gateway.timelines.reading import read

US = "did:plc:ourselves"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
READER = Reader("https://bsky.test/{author}/{id}")


def at(seconds: float) -> str:
    stamp = (NOON + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
    return stamp.replace("+00:00", "Z")


def item(
    key: str, written: float, *, came: float | None = None, **record: object
) -> dict[str, Any]:
    """A post written so many seconds after noon, that came later."""
    return {
        "post": {
            "uri": f"at://did:plc:them/app.bsky.feed.post/{key}",
            "cid": "bafy",
            "author": {"did": "did:plc:them", "handle": "them.test"},
            "record": {"text": key, "createdAt": at(written)} | record,
            "indexedAt": at(written if came is None else came),
        }
    }


class Platform:
    """A timeline sorted as Bluesky sorts it; the cursor is a time, or a number of posts."""

    def __init__(self, *items: dict[str, Any], size: int = 100, opaque: bool = False) -> None:
        self.items, self.size, self.opaque = list(items), size, opaque
        self.asked: list[str | None] = []

    async def fetch(self, cursor: str | None) -> Sheaf:
        self.asked.append(cursor)
        ordered = sorted(self.items, key=self.written, reverse=True)
        if cursor is None:
            rest = ordered
        elif self.opaque:
            rest = ordered[int(cursor) :]
        else:
            rest = [each for each in ordered if self.written(each) < cursor]
        shown = rest[: self.size]
        place = len(ordered) - len(rest) + len(shown)
        after = str(place) if self.opaque else (self.written(shown[-1]) if shown else None)
        page = READER.home({"feed": shown}, US)
        return Sheaf(page, after if len(rest) > len(shown) else None, None)

    def written(self, each: dict[str, Any]) -> str:
        return str(each["post"]["record"]["createdAt"])

    async def read(self, after: str | None, limit: int = 100) -> tuple[list[str], str | None]:
        page = await read(Walk(self.fetch), "bluesky", after, limit)
        assert page.gap is None
        return [post.text for post in page.posts], page.cursor


async def test_a_post_that_came_late_is_read_although_it_stands_below_the_floor() -> None:
    platform = Platform(item("first", 0), item("second", 10))
    texts, cursor = await platform.read(None)
    assert texts == ["first", "second"]
    platform.items.append(item("carried slowly", 5, came=12))
    texts, cursor = await platform.read(cursor)
    assert texts == ["carried slowly"]
    assert await platform.read(cursor) == ([], cursor)


@pytest.mark.parametrize("opaque", [False, True])
async def test_a_backlog_is_read_once_whatever_came_late(opaque: bool) -> None:
    late = {number: number % 7 * 9.0 for number in range(400)}
    items = [item(f"n{n:03d}", n, came=n + late[n]) for n in range(400)]
    platform = Platform(item("old", -1000), size=30, opaque=opaque)
    _, cursor = await platform.read(None)
    platform.items += items
    seen: list[str] = []
    for _ in range(20):
        texts, cursor = await platform.read(cursor, 40)
        assert len(texts) <= 40
        seen += texts
    assert sorted(seen) == [each["post"]["record"]["text"] for each in items]


async def test_a_walk_goes_on_where_it_stopped_without_the_pages_between() -> None:
    platform = Platform(item("old", -1000), size=10)
    _, cursor = await platform.read(None)
    platform.items += [item(f"n{n:03d}", n * 10) for n in range(200)]
    _, cursor = await platform.read(cursor, 100)
    platform.asked.clear()
    await platform.read(cursor, 20)
    assert platform.asked[:2] == [None, at(1000.001)]


async def test_keys_of_any_length_are_read_in_order() -> None:
    keys = ("of-its-own-making", "3ktidtidtid22", "x")
    platform = Platform(item("old", -1000))
    _, cursor = await platform.read(None)
    platform.items += [item(key, number) for number, key in enumerate(keys)]
    seen: list[str] = []
    for _ in keys:
        texts, cursor = await platform.read(cursor, 1)
        seen += texts
    assert sorted(seen) == sorted(keys)


async def test_what_the_platform_no_longer_shows_is_a_gap() -> None:
    platform = Platform(item("known", 0))
    _, cursor = await platform.read(None)
    platform.items = [item("much later", 90_000)]
    page = await read(Walk(platform.fetch), "bluesky", cursor, 10)
    assert [post.text for post in page.posts] == ["much later"]
    assert page.gap is not None


async def test_a_post_that_claims_to_be_ancient_does_not_end_the_walk() -> None:
    platform = Platform(item("old", -1000), size=5)
    _, cursor = await platform.read(None)
    page = [item(f"n{n}", n * 60) for n in range(20)]
    platform.items += page
    claims = page[10]
    platform.written = lambda each: at(600) if each is claims else Platform.written(platform, each)  # type: ignore[method-assign]  # put where it came
    claims["post"]["record"]["createdAt"] = "0001-01-01T00:00:00Z"
    texts, _ = await platform.read(cursor)
    assert set(texts) >= {f"n{n}" for n in range(20) if n != 10}


ODD: list[Any] = [
    None,
    {},
    {"post": None},
    {"post": {"uri": "at://did:plc:them/app.bsky.feed.like/1"}},
    item("x", 0, text=None),
    item("x", 0, langs=[7]),
    item("x", 0, reply={"parent": None}),
    {"post": item("x", 0)["post"] | {"author": None}},
    {"post": item("x", 0)["post"] | {"indexedAt": "yesterday"}},
    {"post": item("x", 0)["post"] | {"uri": f"at://{'d' * 300}/app.bsky.feed.post/x"}},
]


@pytest.mark.parametrize("odd", ODD)
def test_a_post_that_cannot_be_read_costs_no_other(odd: object) -> None:
    page = READER.home({"feed": [item("one", 2), odd, item("two", 1)]}, US)
    texts = [each.entry.post.text for each in page if each.entry.post is not None]
    assert texts == ["one", "two"]


def test_what_a_post_carries_besides_is_no_hindrance() -> None:
    embed = {"$type": "app.bsky.embed.hologram", "depth": [3]}
    (read_item,) = READER.home({"feed": [item("one", 0, embed=embed, mood="good")]}, US)
    assert read_item.entry.post is not None


@pytest.mark.parametrize("document", [{}, {"feed": None}, {"feed": {"post": 1}}])
def test_a_page_that_is_none_is_nonsense(document: dict[str, Any]) -> None:
    with pytest.raises(NonsenseError):
        READER.home(document, US)


@pytest.mark.parametrize(
    ("parent", "kept"),
    [("did:plc:them", True), ("did:plc:themselves", False), ("did:plc:others", False)],
)
def test_a_thread_is_its_author_s_and_an_answer_is_not(parent: str, kept: bool) -> None:
    reply = {"parent": {"uri": f"at://{parent}/app.bsky.feed.post/3mf"}}
    (read_item,) = READER.home({"feed": [item("one", 0, reply=reply)]}, US)
    assert (read_item.entry.post is not None) == kept


def test_a_repost_is_passed_by_at_the_time_of_the_repost() -> None:
    reason = {"$type": "app.bsky.feed.defs#reasonRepost", "indexedAt": at(500)}
    (read_item,) = READER.home({"feed": [item("old", 0) | {"reason": reason}]}, US)
    assert read_item.entry.post is None
    assert read_item.sorted_us == int((NOON.timestamp() + 500) * 10**6)


def test_what_should_not_be_seen_by_all_is_sensitive() -> None:
    view = item("one", 0)
    view["post"]["labels"] = [{"val": "sexual"}]
    own = item("two", 0, labels={"values": [{"val": "graphic-media"}]})
    page = READER.home({"feed": [view, own, item("three", 0)]}, US)
    assert [each.entry.post and each.entry.post.sensitive for each in page] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("nothing here", []),
        ("see https://example.org.", ["https://example.org"]),
        ("(see https://example.org/a)", ["https://example.org/a"]),
        ("https://example.org/a_(b)", ["https://example.org/a_(b)"]),
        ("“https://example.org/a”…", ["https://example.org/a"]),
        ("№1 ♫ #Shoegaze, #90s and #1", ["#Shoegaze", "#90s"]),
        ("https://example.org/#top a#b ##c", ["https://example.org/#top"]),
        ("#naïve https://example.org", ["#naïve", "https://example.org"]),
    ],
)
def test_facets_cover_links_and_tags_by_bytes(text: str, covered: list[str]) -> None:
    found = [facet["index"] for facet in facets(text)]
    assert [text.encode()[i["byteStart"] : i["byteEnd"]].decode() for i in found] == covered


def test_an_id_leads_back_to_its_address() -> None:
    post_id = id_of("at://did:web:example.org%3A8080/app.bsky.feed.post/3mfabcdefgh22")
    assert post_id == "did:web:example.org%3A8080~3mfabcdefgh22"
    assert address_of(post_id) == ("did:web:example.org%3A8080", "3mfabcdefgh22")
