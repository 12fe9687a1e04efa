"""The sandbox beside a recorded Mastodon: the same status, the same keys, the same types."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests

from tests.services.recorded import (
    NEEDS_RECORDINGS,
    Exchange,
    exchanges,
    names,
)

if TYPE_CHECKING:
    import httpx

    from tests.services.sandbox.conftest import Sandbox, StartSandbox

pytestmark = NEEDS_RECORDINGS

ACCOUNT = r"(\[\]\.)?account\."
DIFFERENCES = {
    rf"{ACCOUNT}hide_collections": "their account had chosen; ours never does, as in their others",
    rf"{ACCOUNT}fields\[\]": "their account had filled in its profile",
    rf"{ACCOUNT}roles\[\]": "one of theirs owned the instance",
    r"\[\]\.poll": "one of theirs had a poll; nobody makes polls here",
}


def types(document: object, path: str = "") -> dict[str, set[str]]:
    """By path, the JSON types of everything in a document; a list's elements share one path."""
    name = type(document).__name__
    if isinstance(document, int | float) and not isinstance(document, bool):
        name = "number"
    found = {path: {name}}
    children: list[tuple[str, object]] = []
    if isinstance(document, dict):
        children = [(f"{path}.{key}" if path else key, each) for key, each in document.items()]
    if isinstance(document, list):
        children = [(f"{path}[]", each) for each in document]
    for child, each in children:
        for below, kinds in types(each, child).items():
            found.setdefault(below, set()).update(kinds)
    return found


def unexplained(ours: str, theirs: str) -> dict[str, tuple[set[str], set[str]]]:
    """Paths that only one of the two has, or that hold what the other's never do."""
    mine, recorded = types(json.loads(ours)), types(json.loads(theirs))
    return {
        path: (mine.get(path, set()), recorded.get(path, set()))
        for path in mine.keys() | recorded.keys()
        if not (mine.get(path, set()) and mine[path] <= recorded.get(path, set()))
        and not any(re.match(known, path) for known in DIFFERENCES)
    }


def populated(start: StartSandbox) -> Sandbox:
    """An instance on which the recording's accounts live, and have said things."""
    sandbox = start(bot_username="mastodonpy_test", bot_id="117020565966271181")
    sandbox.say("good morning", author="admin")
    sandbox.say("@mastodonpy_test good morning to you", author="admin")
    sandbox.clock.now += 60
    return sandbox


def ask(sandbox: Sandbox, recorded: Exchange, moved: tuple[int, int] | None) -> httpx.Response:
    """The recorded request, its ids moved to where ours are."""

    def number(text: str) -> str:
        return str(int(text) - moved[0] + moved[1]) if moved and text.isdecimal() else text

    url = urlsplit(recorded.url)
    query = urlencode([(name, number(value)) for name, value in parse_qsl(url.query)])
    path = "/".join(map(number, url.path.split("/")))
    form = {"content-type": "application/x-www-form-urlencoded"} if recorded.body else {}
    token = {"authorization": "Bearer token"} if recorded.authorized else {}
    return sandbox.http.request(
        recorded.method,
        f"/mastodon{path}" + (f"?{query}" if query else ""),
        content=recorded.body,
        headers=form | token,
    )


@pytest.mark.parametrize("name", names("mastodon"))
def test_every_recorded_request_is_answered_as_recorded(start: StartSandbox, name: str) -> None:
    sandbox = populated(start)
    moved: tuple[int, int] | None = None
    for recorded in exchanges(name):
        answer = ask(sandbox, recorded, moved)
        theirs = recorded.answer.decode()
        assert answer.status_code == recorded.status, recorded.url
        assert unexplained(answer.text, theirs) == {}, recorded.url
        assert_same_headers(answer, recorded)
        if recorded.method == "POST" and answer.status_code == 200:
            moved = int(json.loads(theirs)["id"]), int(answer.json()["id"])


def assert_same_headers(answer: httpx.Response, recorded: Exchange) -> None:
    assert answer.headers["content-type"] == recorded.headers["content-type"]
    assert answer.headers["x-ratelimit-limit"] == recorded.headers["x-ratelimit-limit"]
    for headers in (answer.headers, recorded.headers):
        assert datetime.fromisoformat(headers["x-ratelimit-reset"]).tzinfo is not None
    assert links(answer.headers.get("link", "")) == links(recorded.headers.get("link", ""))


def links(header: str) -> dict[str, tuple[str, list[str]]]:
    """By relation, the path below the instance and the names in its query."""
    found = {}
    for link in requests.utils.parse_header_links(header):
        url = urlsplit(link["url"])
        path = url.path.removeprefix("/mastodon")
        found[link["rel"]] = path, [name for name, _ in parse_qsl(url.query)]
    return found


def test_every_recording_is_read() -> None:
    assert len(names("mastodon")) == 6
    assert sum(len(exchanges(name)) for name in names("mastodon")) == 15


def test_the_words_of_a_refused_token_are_the_recorded_ones(start: StartSandbox) -> None:
    (recorded,) = exchanges("mastodon/test_home_tl_anonymous_throws.yaml")
    assert ask(populated(start), recorded, None).json() == json.loads(recorded.answer)


def test_the_same_text_is_shown_as_recorded(start: StartSandbox) -> None:
    recorded = exchanges("mastodon/test_status_post[None-public].yaml")[0]
    answer = ask(populated(start), recorded, None).json()
    theirs = json.loads(recorded.answer)
    assert answer["content"] == theirs["content"]
    assert answer["visibility"] == theirs["visibility"]


def test_mentions_are_shown_as_recorded(start: StartSandbox) -> None:
    sandbox = populated(start)
    recorded = next(
        each for each in exchanges("mastodon/test_home_tl.yaml") if each.method == "GET"
    )

    def mention(statuses: list[dict[str, str]]) -> str:
        content = next(each["content"] for each in statuses if "u-url mention" in each["content"])
        markup = content.partition("</span></a></span>")[0]
        return re.sub(r'href="[^"]*(/@\w+)"', r'href="\1"', markup)

    answer = ask(sandbox, recorded, None)
    assert mention(answer.json()) == mention(json.loads(recorded.answer))
