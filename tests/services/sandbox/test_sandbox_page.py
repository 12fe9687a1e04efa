"""The public timeline as a page, and what may be written into it."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from services.sandbox.app import create_app
from services.sandbox.page.routes import age
from services.sandbox.settings import SandboxSettings

if TYPE_CHECKING:
    from tests.services.sandbox.conftest import Sandbox, StartSandbox

HOSTILE = '<script>alert("x")</script> & <img src=x onerror=alert(1)>'


class Posts(HTMLParser):
    """The posts of the page: classes of the list item, and text of the post."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.posts: list[tuple[str, str]] = []
        self.reading = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        classes = dict(attrs).get("class") or ""
        if tag == "li":
            self.posts.append((classes, ""))
        self.reading = tag == "p" and classes == "text"

    def handle_endtag(self, tag: str) -> None:
        if tag == "p":
            self.reading = False

    def handle_data(self, data: str) -> None:
        if self.reading:
            classes, text = self.posts.pop()
            self.posts.append((classes, text + data))


def test_the_bot_s_posts_are_marked_among_the_others(sandbox: Sandbox) -> None:
    sandbox.say("from a stranger")
    sandbox.x().create_tweet(text="from the bot")
    page = Posts(sandbox.http.get("/sandbox/").text)
    assert page.posts == [("post by-bot", "from the bot"), ("post", "from a stranger")]


def test_the_page_says_that_it_is_played_and_leads_back_to_the_desk(
    sandbox: Sandbox, start: StartSandbox
) -> None:
    alone = sandbox.http.get("/sandbox/").text
    assert "This is a sandbox" in alone
    assert "Back to the bot" not in alone
    led_back = start(desk_url="http://127.0.0.1:8000").http.get("/sandbox/").text
    assert '<a href="http://127.0.0.1:8000">Back to the bot</a>' in led_back


def test_the_bot_s_posts_can_be_seen_alone(sandbox: Sandbox) -> None:
    sandbox.x().create_tweet(text="from the bot")
    sandbox.say("from a stranger")
    page = Posts(sandbox.http.get("/sandbox/", params={"by": "bot"}).text)
    assert page.posts == [("post by-bot", "from the bot")]


def test_text_is_text(sandbox: Sandbox) -> None:
    sandbox.say(HOSTILE)
    page = Posts(sandbox.http.get("/sandbox/").text)
    assert page.posts[0][1] == HOSTILE
    assert "img" not in page.tags
    assert page.tags.count("script") == 1


def test_nothing_inline_runs(sandbox: Sandbox) -> None:
    answer = sandbox.http.get("/sandbox/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]*src=)|style=|\son\w+=", answer.text)


def test_everything_the_page_needs_is_there(sandbox: Sandbox) -> None:
    page = sandbox.http.get("/sandbox/").text
    for path in re.findall(r'(?:src|href)="(/[^"]*)"', page):
        assert sandbox.http.get(path).status_code == 200, path


def test_the_form_writes_a_post_without_javascript(sandbox: Sandbox) -> None:
    form = {"text": "Archie, Marry Me by Alvvays", "author": "@ada"}
    answer = sandbox.http.post("/sandbox/write", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sandbox/")
    (post,) = sandbox.http.get("/sandbox/posts").json()
    assert (post["author"], post["text"], post["by_bot"]) == ("ada", form["text"], False)


def test_other_sites_cannot_use_the_form(sandbox: Sandbox) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    answer = sandbox.http.post("/sandbox/write", data={"text": "spam"}, headers=headers)
    assert answer.status_code == 403
    assert sandbox.http.get("/sandbox/posts").json() == []


def test_blank_posts_and_odd_handles_are_refused(sandbox: Sandbox) -> None:
    assert sandbox.http.post("/sandbox/posts", json={"text": "  "}).status_code == 400
    odd = {"text": "hello", "author": "<b>"}
    assert sandbox.http.post("/sandbox/posts", json=odd).status_code == 400


def test_the_state_counts(start: StartSandbox) -> None:
    sandbox = start(feed_burst=4)
    sandbox.say("hello")
    sandbox.x().create_tweet(text="hi")
    state = sandbox.http.get("/sandbox/state").json()
    assert (state["feed_posts"], state["visitor_posts"], state["bot_posts"]) == (4, 1, 1)


def test_a_burst_reaches_back_no_further_than_ids_do(start: StartSandbox) -> None:
    sandbox = start(feed_burst=500, feed_interval=1e9)
    posts = sandbox.http.get("/sandbox/posts", params={"limit": 500}).json()
    assert len({post["id"] for post in posts}) == 500
    assert int(posts[-1]["id"]) >= 0
    assert posts[-1]["created_at"] > "2010-11-04"


def test_it_says_that_it_lives_and_is_ready(sandbox: Sandbox) -> None:
    assert sandbox.http.get("/livez").status_code == 200
    assert sandbox.http.get("/readyz").status_code == 200


def test_the_root_leads_to_the_timeline(sandbox: Sandbox) -> None:
    assert sandbox.http.get("/").headers["location"] == "/sandbox/"


def test_ages_are_in_the_largest_unit_that_fits() -> None:
    assert [age(seconds) for seconds in (-1, 59, 60, 3600, 90_000)] == [
        "0 s", "59 s", "1 min", "1 h", "1 d"
    ]  # fmt: skip


def test_an_application_is_made_quickly() -> None:
    create_app(SandboxSettings())
    best = min(_seconds_to_make() for _ in range(3))
    assert best < 0.3


def _seconds_to_make() -> float:
    started = time.perf_counter()
    create_app(SandboxSettings())
    return time.perf_counter() - started


def test_a_link_to_a_post_shows_it_first_however_many_came_after(sandbox: Sandbox) -> None:
    sandbox.say("the one that is linked")
    linked = sandbox.http.get("/sandbox/posts").json()[0]["id"]
    for number in range(3):
        sandbox.say(f"later {number}")
    page = sandbox.http.get("/sandbox/", params={"at": linked}).text
    assert Posts(page).posts[0][1] == "the one that is linked"
    assert f'id="post-{linked}"' in page
