"""Hostile text in all that people, platforms and workers say: it is shown as text on every page."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from sqlalchemy import insert

from services.common.database import writing
from services.gateway.audit import note
from services.gateway.heartbeats import keep_heartbeat
from services.gateway.people import Actor
from services.gateway.schemas import Heartbeat, Outcome, Scores, Written
from services.gateway.sheets.local import LocalSheet
from services.gateway.sheets.sheet import NewDraft
from services.gateway.tables import publication

Fixture = Any  # the builders of conftest.py, which is no module to import from

VOID = {"meta", "link", "img", "input", "br", "rect"}
BIDI = "\u202e\u2066\u2067\u202d"
HOSTILE = {
    "markup": "</textarea></title></p><img src=x onerror=evil()><script>evil()</script>",
    "double quotes": '"><evil-tag evil="1" onfocus="evil()" autofocus="',
    "single quotes": "'><evil-tag evil='1' onfocus='evil()' autofocus='",
    "no quotes": " evil=1 onfocus=evil() style=color:red",
    "template": "{{ settings.api_keys }}{% raw %}{# evil",
    "comment": "<!-- evil --><![CDATA[evil]]><?evil?>&lt;evil&gt;&#60;evil&#62;",
    "bidi": f"left {BIDI} right",
    "zero width": "ze\u200bro\u200d wi\ufeffdth\u2060",
    "nul": "nu\0l",
    "endless": "e" * 10_000,
}


class Anatomy(HTMLParser):
    """Every element and attribute of a page, without the texts, and the texts by their places."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.bones: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.stray: list[str] = []  # texts with bidi controls that nothing isolates
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.bones.append((tag, tuple(name for name, _ in attrs)))
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        isolated = any(tag == "bdi" or given.get("dir") == "auto" for tag, given in self.open)
        if set(data) & set(BIDI) and not isolated:
            self.stray.append(data)

    def handle_comment(self, data: str) -> None:
        self.bones.append(("comment", (data,)))


def new_draft(text: str) -> NewDraft:
    scores = Scores(score=3.1, log_prob=-1.0, topic=0.5, novelty=0.5)
    return NewDraft(text, scores, Written(model="m", model_revision="r", seed=1, latent=[0.5]))


class World:
    """A gateway in which everybody says the same."""

    def __init__(self, app: FastAPI, browser: Fixture, drafts_for: Fixture) -> None:
        self.app, self.browser, self.drafts_for = app, browser, drafts_for
        self.desk: LocalSheet = app.state.desk

    async def say(self, text: str) -> None:
        short = text[:5000]
        song = {"title": text, "artists": [text], "genres": [text], "genres_from": text}
        post = {"text": text, "author": text, "author_id": text, "url": f"javascript:{text}"}
        for number in (1, 2, 3):
            laid = self.drafts_for(number, texts=[short], post=post, song=song)
            await self.desk.upsert(laid)
        await self.desk.add("x:1", [new_draft(f"new {short}"[:5000])], manner=text, curator="ada")
        words = short.replace("\0", "") or "-"
        await self.desk.approve("x:2:1", text=f"so {words}"[:5000], version=1, curator=words[:60])
        await self.desk.mark(
            "x:2:1", Outcome(state="failed", detail=text[:500], url=f"data:{text}")
        )
        await self.desk.reject("x:3", reason=words[:500], version=1, curator=words[:60])
        self._beat(text)
        now = datetime.now(UTC)
        row = {"key": "k", "text": text, "attempts": 1, "started_at": now, "last_attempt_at": now}
        with writing(self.app.state.engine) as connection:
            for key, state in (("k", "published"), ("l", "refused")):
                values = row | {"key": key, "state": state, "published_at": now, "detail": text}
                connection.execute(insert(publication).values(**values, url=f"javascript:{text}"))
            actor = Actor(words[:200])
            note(
                connection,
                actor,
                "edited",
                words[:230],
                before=f"so {text}",
                after=text,
                remark=text,
            )

    def _beat(self, text: str) -> None:
        now = datetime.now(UTC)
        beat = {
            "worker": text[:200],
            "at": now,
            "interval": 60,
            "cursor": text,
            "cycle": 1,
            "seconds": 1,
            "posts": {"parked": 1},
            "drafts": {},
            "publications": {},
            "errors": [text],
            "publishing": {"mode": "on", "waits": text},
            "parked": [{"item_id": text[:200], "step": text[:40], "error": text[:500], "at": now}],
        }
        keep_heartbeat(self.app.state.engine, Heartbeat.model_validate(beat))

    async def look(self, path: str) -> Anatomy:
        answer = await self.browser.get(path)
        assert answer.headers["content-type"].startswith("text/html"), path
        assert "\0" not in answer.text
        return Anatomy(answer.text)


PAGES = {
    "the desk": "/curate?item=x:1",
    "an approved one": "/curate?item=x:2",
    "a rejected one": "/curate?item=x:3",
    "the pulse": "/curate/pulse",
    "the status": "/status",
    "the audit log": "/audit",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_page_has_the_same_elements_whatever_is_said(
    make_app: Fixture, open_browser: Fixture, drafts_for: Fixture, tmp_path: Path, text: str
) -> None:
    seen: list[dict[str, Anatomy]] = []
    for folder, said in (("plain", "plain words"), ("hostile", text)):
        app = make_app(data_dir=tmp_path / folder)
        async with app.router.lifespan_context(app):
            world = World(app, open_browser(app), drafts_for)
            await world.say(said)
            seen.append({name: await world.look(path) for name, path in PAGES.items()})
    plain, hostile = seen
    for name in PAGES:
        assert hostile[name].bones == plain[name].bones, name
        assert hostile[name].stray == [], name
        assert text.replace("\0", "\ufffd")[:40] in hostile[name].text, name


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_what_a_stranger_sends_is_text_on_the_login_and_on_errors(
    make_app: Fixture, open_browser: Fixture, text: str
) -> None:
    app = make_app(api_keys="key-of-the-services")
    async with app.router.lifespan_context(app):
        browser = open_browser(app)
        for path in (f"/login?next=/{quote(text[:3000])}", f"/login?next={quote(text[:3000])}"):
            login = Anatomy((await browser.get(path)).text)
            assert login.bones == Anatomy((await browser.get("/login")).text).bones
        token = (await browser.read("/login")).forms[0].fields["token"]
        refused = await browser.http.post("/login", data={"token": text, "key": text, "next": text})
        assert refused.status_code == 403
        wrong = await browser.http.post("/login", data={"token": token, "key": text, "next": text})
        assert wrong.status_code == 401
        for answer in (refused, wrong):
            assert not [tag for tag, _ in Anatomy(answer.text).bones if "evil" in tag]
            assert "evil" not in Anatomy(answer.text).text


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_an_item_that_is_not_there_is_named_as_text(browser: Fixture, text: str) -> None:
    plain = Anatomy((await browser.get("/curate?item=nowhere")).text)
    answer = await browser.get(f"/curate?item={quote(text[:3000])}")
    assert answer.status_code in {404, 422}
    assert Anatomy(answer.text).bones == plain.bones
    assert Anatomy(answer.text).stray == []


@pytest.mark.parametrize("address", ["http://[", "//[x]/", "java\nscript:1", "JAVASCRIPT:1"])
async def test_an_address_that_is_none_is_no_link_and_no_failure(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture, address: str
) -> None:
    await desk.upsert(drafts_for(1, post={"url": address}, song={"url": address}))
    page = await browser.read("/curate")
    assert ("href", address) not in page.attributes


@pytest.mark.parametrize("version", ["9" * 30, "-1", "1e3", "0x1"])
async def test_a_version_that_no_database_holds_is_refused(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture, version: str
) -> None:
    await desk.upsert(drafts_for(1))
    page = await browser.read("/curate")
    for action in ("/curate/approve", "/curate/reject"):
        assert (await browser.submit(page, action, version=version)).status_code == 422


async def test_a_form_that_cannot_be_read_is_a_page_that_says_so(browser: Fixture) -> None:
    headers = {"Content-Type": "multipart/form-data"}
    answer = await browser.http.post("/curate/approve", content=b"evil", headers=headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
