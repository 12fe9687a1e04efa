"""Mastodon's documents as our own: the plain text, and what is left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.timelines.documents import NonsenseError
from services.gateway.timelines.mastodon_documents import (
    comparable,
    documents,
    home_entry,
    id_at,
    mention_entry,
    platform,
    post_of,
)
from services.gateway.timelines.mastodon_text import plain_text
from services.sandbox.mastodon.content import content

AUTHOR = {"id": "7", "acct": "nadia@music.example"}


def status(**changes: object) -> dict[str, Any]:
    plain = {
        "id": "117020593473214477",
        "created_at": "2026-08-01T13:55:51.777Z",
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "sensitive": False,
        "spoiler_text": "",
        "language": "no",
        "url": "https://music.example/@nadia/1",
        "uri": "https://music.example/ap/1",
        "content": "<p>hei</p>",
        "reblog": None,
        "account": AUTHOR,
    }
    return plain | changes


LINK = (
    '<a href="https://www.music.example/{0}" rel="nofollow"><span class="invisible">https://www.'
    '</span><span class="ellipsis">music.example/an/address/of-</span>'
    '<span class="invisible">which/the/end/is/hidden</span></a>'
)
MENTION = (
    '<span class="h-card"><a href="https://m.example/@ola" class="u-url mention">'
    "@<span>ola</span></a></span>"
)
TAG = (
    '<a href="https://m.example/tags/NowPlaying" class="mention hashtag">'
    "#<span>NowPlaying</span></a>"
)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One &amp; &lt;two&gt; it&#39;s &quot;four&quot;</p>", "One & <two> it's \"four\""),
        ("<p>one<br>two<br />three</p><p>four</p>", "one\ntwo\nthree\n\nfour"),
        ("<p>a\n  b</p>\n<p>c</p>", "a b\n\nc"),
        (f"<p>{MENTION} plays {TAG}</p>", "@ola plays #NowPlaying"),
        (
            f"<p>on {LINK.format('an/address/of-which/the/end/is/hidden')}!</p>",
            "on https://www.music.example/an/address/of-which/the/end/is/hidden!",
        ),
        ('<p><a href="https://m.example/1">A song</a></p>', "A song https://m.example/1"),
        ('<p><a href="https://m.example/1?a=1&amp;b">m.example/1…</a></p>', "https://m.example/1?a=1&b"),
        ('<p><a href="javascript:alert(1)">press</a></p>', "press"),
        ('<p>seen<span class="invisible"> unseen</span></p>', "seen"),
        ("<p>:blobcat: stays</p>", ":blobcat: stays"),
        ("<ul><li>one</li><li>two</li></ul><p>three</p>", "one\ntwo\n\nthree"),
        ('<p>open <a href="https://m.example/">m.example', "open https://m.example/"),
        ("", ""),
    ],
)  # fmt: skip
def test_html_is_read_as_people_see_it(html: str, text: str) -> None:
    assert plain_text(html) == text


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(" ".join))
def test_whatever_is_written_is_compared_as_the_same_when_shown(text: str) -> None:
    assert comparable(plain_text(content(text, "https://m.example"))) == comparable(text)


def test_a_post_is_read_whole() -> None:
    post = post_of(status())
    assert (post.id, post.text, post.lang) == ("117020593473214477", "hei", "no")
    assert (post.author_id, post.author) == ("7", "nadia@music.example")
    assert post.created_at == datetime(2026, 8, 1, 13, 55, 51, 777000, UTC)
    assert post.url == "https://music.example/@nadia/1"


def test_a_post_without_a_page_is_seen_at_its_own_address() -> None:
    assert post_of(status(url=None)).url == "https://music.example/ap/1"


@pytest.mark.parametrize("changes", [{"sensitive": True}, {"spoiler_text": "loud"}])
def test_what_stands_behind_a_warning_is_sensitive(changes: dict[str, object]) -> None:
    assert not post_of(status()).sensitive
    assert post_of(status(**changes)).sensitive


@pytest.mark.parametrize(
    ("changes", "own_id"),
    [
        ({"reblog": {"id": "1"}}, "1000"),
        ({"in_reply_to_id": "1", "in_reply_to_account_id": "8"}, "1000"),
        ({}, "7"),
    ],
)
def test_boosts_answers_and_our_own_keep_their_place_without_a_post(
    changes: dict[str, object], own_id: str
) -> None:
    entry = home_entry(status(**changes), own_id)
    assert (entry.place, entry.post) == ("117020593473214477", None)


def test_whoever_goes_on_with_their_own_thread_is_read() -> None:
    answer = status(in_reply_to_id="1", in_reply_to_account_id="7")
    assert home_entry(answer, "1000").post is not None


def test_a_mention_whose_status_is_gone_keeps_its_place() -> None:
    entry = mention_entry({"id": "34", "status": None})
    assert (entry.place, entry.post) == ("34", None)


@pytest.mark.parametrize("answer", [None, {}, {"error": "no"}, ["1"], [{}]])
def test_what_is_no_list_of_documents_is_nonsense(answer: object) -> None:
    with pytest.raises(NonsenseError):
        documents(answer)


@pytest.mark.parametrize(
    "instance",
    [{}, {"configuration": None}, {"configuration": {"statuses": {"max_characters": 0}}}],
)
def test_an_instance_that_says_nothing_useful_has_the_ordinary_limits(
    instance: dict[str, object],
) -> None:
    allowed = platform(instance)
    assert (allowed.longest, allowed.link_length) == (500, 23)


def test_ids_rise_with_time() -> None:
    made, moment = datetime(2026, 8, 1, 13, 55, 51, 777000, UTC), timedelta(milliseconds=5)
    assert id_at(made - moment) < 117020593473214477 < id_at(made + moment)


def test_texts_are_compared_as_mastodon_gives_them_back() -> None:
    sent = "Cafe\u0301  by @ola@m.example\n\nhttps://example.org/a"
    shown = "Caf\u00e9 by @ola https://example.org/a"
    assert comparable(sent) == comparable(shown)
    assert comparable(sent) != comparable(sent.replace("by", "of"))
