"""Posts of X as they come over the wire, read as people see them."""

from __future__ import annotations

import pytest

from services.gateway.timelines.x_documents import (
    POST_FIELDS,
    Reader,
    comparable,
    full_text,
    reception,
)


def test_an_edited_post_keeps_its_first_id() -> None:
    document = {
        "data": [
            {
                "id": "1994000000000000002",
                "text": "Second version",
                "edit_history_post_ids": ["1994000000000000001", "1994000000000000002"],
            }
        ]
    }
    (entry,) = Reader("https://x.test/{id}").entries(document)
    assert entry.post is not None
    assert (entry.place, entry.post.id) == ("1994000000000000002", "1994000000000000001")


def test_entities_are_read_as_people_see_them() -> None:
    document = {"data": [{"id": "1994000000000000001", "text": "Guns &amp; Roses &lt;3"}]}
    (entry,) = Reader("https://x.test/{id}").entries(document)
    assert entry.post is not None
    assert entry.post.text == "Guns & Roses <3"


SONG = "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC?si=a&b=c"


@pytest.mark.parametrize("note", ["note_tweet", "note_post", None])
def test_links_are_read_as_they_were_meant(note: str | None) -> None:
    words = {
        "text": "Tom &amp; I: https://t.co/aBc123 and https://t.co/other",
        "entities": {"urls": [{"url": "https://t.co/aBc123", "expanded_url": SONG}]},
    }
    cut = {"text": "Tom &amp; https://t.co/cut", "entities": {"urls": []}}
    post = {"id": "1994000000000000001"} | (cut | {note: words} if note else words)
    assert "entities" in POST_FIELDS
    assert full_text(post) == f"Tom & I: {SONG} and https://t.co/other"


@pytest.mark.parametrize("entities", [7, [], {"urls": {}}, {"urls": [7, {}, {"url": []}]}])
def test_odd_entities_leave_a_text_as_it_is(entities: object) -> None:
    assert full_text({"text": "https://t.co/a", "entities": entities}) == "https://t.co/a"


@pytest.mark.parametrize("reposts", ["retweet_count", "repost_count"])
def test_reception_is_read_in_both_vocabularies(reposts: str) -> None:
    post = {"id": "17", "public_metrics": {reposts: 3, "like_count": 2, "reply_count": 1}}
    received = reception(post)
    assert (received.reposts, received.likes, received.replies) == (3, 2, 1)


def test_texts_are_compared_as_x_gives_them_back() -> None:
    sent = "Cafe\u0301 <3  https://example.org/a"
    shown = "Caf\u00e9 &lt;3 https://t.co/xyz"
    assert comparable(sent) == comparable(shown)


@pytest.mark.parametrize("name", ["will.i.am", "https://example.org/a?b=c", "deadmau5.com"])
def test_a_name_that_x_makes_a_link_of_is_still_the_same_text(name: str) -> None:
    sent, shown = (f"“Song” ({each}), by {each}." for each in (name, "https://t.co/Ab9"))
    assert comparable(sent) == comparable(shown)
    assert comparable(f"one by {name}") != comparable(f"two by {name}")
