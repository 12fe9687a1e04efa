"""The audit log: what is written down, by whom, in which transaction; the page and the files."""

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Connection, event, select

from services.common.database import reading, writing
from services.common.problems import ConflictError
from services.gateway.audit import Entry, Filter, every, newest, note
from services.gateway.pages.audit_export import as_csv, as_json_lines, cell
from services.gateway.people import Actor
from services.gateway.sheets.local import LocalSheet
from services.gateway.tables import audit, command

Fixture = Any  # the builders of conftest.py, which is no module to import from
MASTER = "key-of-the-services"
ADA, OLE = "key-of-ada-the-first", "key-of-ole-the-first"


@pytest.fixture
async def guarded(make_app: Fixture) -> Any:  # noqa: ANN401 - an async generator
    app = make_app(api_keys=MASTER, people=f"Ada:curate+publish:{ADA},Ole:operate:{OLE}")
    async with app.router.lifespan_context(app):
        yield app


def told(app: FastAPI) -> list[Entry]:
    return list(every(app.state.engine, Filter()))


async def logged_in(app: FastAPI, open_browser: Callable[..., Fixture], key: str) -> Fixture:
    browser = open_browser(app)
    await browser.submit(await browser.read("/login"), "/login", key=key)
    return browser


async def test_all_that_a_person_does_is_written_down_under_their_name(
    guarded: FastAPI, open_browser: Callable[..., Fixture], drafts_for: Fixture
) -> None:
    await guarded.state.desk.upsert([*drafts_for(1), *drafts_for(2)])
    ada = await logged_in(guarded, open_browser, ADA)
    ada.http.cookies.set("deephypebot_curator", "Mallory")
    await ada.submit(await ada.read("/curate?item=x:1"), "/curate/approve", text="in my words")
    await ada.submit(await ada.read("/curate?item=x:1"), "/curate/undo")
    await ada.submit(await ada.read("/curate?item=x:1"), "/curate/approve", at=1)
    await ada.submit(await ada.read("/curate?item=x:2"), "/curate/reject", reason="Off tone")
    await ada.submit(await ada.read("/status"), "/status/pause")
    await ada.submit(await ada.read("/status"), "/logout")
    entries = told(guarded)
    assert {(entry.who, entry.key_id is None) for entry in entries} == {("Ada", False)}
    offered = "sentence 1 about song 2.\nsentence 2 about song 2."
    assert [(e.what, e.role, e.item_id, e.before, e.after, e.remark) for e in entries] == [
        ("logged in", None, None, None, None, None),
        ("edited", "curate", "x:1", "sentence 1 about song 1.", "in my words", None),
        ("undone", "curate", "x:1", "in my words", None, "was approved"),
        ("approved", "curate", "x:1", *["sentence 2 about song 1."] * 2, None),
        ("rejected", "curate", "x:2", offered, None, "Off tone"),
        ("paused", "publish", None, None, None, None),
        ("logged out", None, None, None, None, None),
    ]


async def test_nobody_takes_the_name_of_somebody_with_a_key(
    guarded: FastAPI, open_browser: Callable[..., Fixture], drafts_for: Fixture
) -> None:
    await guarded.state.desk.upsert(drafts_for(1))
    browser = await logged_in(guarded, open_browser, MASTER)
    answer = await browser.submit(await browser.read("/curate"), "/curate/name", name=" Ada ")
    assert answer.status_code == 403
    assert "Ada has a key of their own" in answer.text
    browser.http.cookies.set("deephypebot_curator", "Ada")
    await browser.submit(await browser.read("/curate"), "/curate/approve")
    assert told(guarded)[-1].who == guarded.state.settings.curator


async def test_a_person_cannot_take_another_name(
    guarded: FastAPI, open_browser: Callable[..., Fixture], drafts_for: Fixture
) -> None:
    await guarded.state.desk.upsert(drafts_for(1))
    ada = await logged_in(guarded, open_browser, ADA)
    page = await ada.read("/curate")
    assert not any(form.action == "/curate/name" for form in page.forms)
    fields = page.forms[0].fields | {"name": "Mallory"}
    answer = await ada.http.post("/curate/name", data=fields)
    assert answer.status_code == 403
    assert "Ada" in answer.text


async def test_a_refused_login_is_written_down_without_the_key(
    guarded: FastAPI, open_browser: Callable[..., Fixture]
) -> None:
    await logged_in(guarded, open_browser, "a-key-that-nobody-has")
    (entry,) = told(guarded)
    assert (entry.what, entry.who, entry.remark) == ("refused login", "", "127.0.0.1")
    assert "nobody-has" not in repr(entry)


async def test_a_decision_that_was_too_late_leaves_no_entry(
    app: FastAPI, desk: LocalSheet, drafts_for: Fixture
) -> None:
    await desk.upsert(drafts_for(1))
    await desk.reject("x:1", reason=None, version=1, curator="Ada")
    with pytest.raises(ConflictError):
        await desk.approve("x:1:1", text=None, version=1, curator="Bo")
    assert [(entry.who, entry.what) for entry in told(app)] == [("Ada", "rejected")]


@pytest.mark.parametrize("deed", ["approve", "reject", "undo"])
async def test_there_is_no_decision_without_its_entry(
    app: FastAPI, desk: LocalSheet, drafts_for: Fixture, deed: str
) -> None:
    await desk.upsert(drafts_for(1))
    if deed == "undo":
        await desk.reject("x:1", reason=None, version=1, curator="Ada")
    before = await desk.item("x:1")
    calls = {
        "approve": lambda: desk.approve("x:1:1", text=None, version=1, curator="Ada"),
        "reject": lambda: desk.reject("x:1", reason=None, version=1, curator="Ada"),
        "undo": lambda: desk.undo("x:1", version=2, curator="Ada"),
    }
    with failing_audit(app), pytest.raises(DiskFullError):
        await calls[deed]()
    assert await desk.item("x:1") == before


async def test_there_is_no_command_without_its_entry(app: FastAPI, browser: Fixture) -> None:
    page = await browser.read("/status")
    with failing_audit(app):
        answer = await browser.submit(page, "/status/pause")
    assert answer.status_code == 500
    with reading(app.state.engine) as connection:
        assert connection.execute(select(command)).all() == []


class DiskFullError(Exception):
    pass


@contextmanager
def failing_audit(app: FastAPI) -> Iterator[None]:
    """The database refuses rows of the audit log, and nothing else."""

    def refuse(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO audit"):
            raise DiskFullError

    event.listen(app.state.engine, "before_cursor_execute", refuse)
    yield
    event.remove(app.state.engine, "before_cursor_execute", refuse)


def write_down(app: FastAPI, count: int) -> None:
    with writing(app.state.engine) as connection:
        for number in range(1, count + 1):
            who, item = ("Ada", "x:1") if number % 2 else ("Bo", "x:2")
            note(connection, Actor(who), "edited", item, before=f"old {number}", after="new")


async def test_the_page_shows_the_newest_first_and_leads_to_the_older(
    app: FastAPI, browser: Fixture
) -> None:
    write_down(app, 51)
    page = await browser.read("/audit")
    assert page.text.index("old 51") < page.text.index("old 50")
    assert "old 1\n" not in page.text
    (older,) = [value for name, value in page.attributes if name == "href" and "below" in value]
    assert "old 1" in (await browser.read(older)).text


async def test_the_page_says_what_was_approved_in_which_role_and_for_which_song(
    guarded: FastAPI, open_browser: Callable[..., Fixture], drafts_for: Fixture
) -> None:
    await guarded.state.desk.upsert(drafts_for(1))
    ada = await logged_in(guarded, open_browser, ADA)
    await ada.submit(await ada.read("/curate"), "/curate/approve", text="in my words")
    with writing(guarded.state.engine) as connection:
        note(connection, Actor("Ada"), "wrote", "x:2", after="her own")
    ole = await logged_in(guarded, open_browser, OLE)
    seen = " ".join((await ole.read("/audit")).text.split())
    assert "Approved, edited by Ada · Song 1 by Grimes · x:1 sentence 1 about song 1." in seen
    assert "role curate" in seen
    assert "Approved, own words by Ada · x:2" in seen


async def test_the_page_and_the_files_tell_of_one_person_or_one_post(
    app: FastAPI, browser: Fixture
) -> None:
    write_down(app, 4)
    for query in ("who=Ada&item=", "item=x%3A1", "who=+Ada&item=x:1"):
        text = (await browser.read(f"/audit?{query}")).text
        assert "old 3" in text
        assert "old 2" not in text
        lines = (await browser.get(f"/audit.jsonl?{query}")).text.splitlines()
        assert [json.loads(line)["number"] for line in lines] == [1, 3]
    assert "Nothing like that" in (await browser.read("/audit?who=Cy")).text


@pytest.mark.parametrize(
    "query", ["who=a%00b", "item=%00", f"who={'a' * 231}", "below=0", "below=9" * 9]
)
async def test_a_filter_that_no_database_takes_is_refused(browser: Fixture, query: str) -> None:
    assert (await browser.get(f"/audit?{query}")).status_code == 422


async def test_a_spreadsheet_runs_nothing_of_the_file(app: FastAPI, browser: Fixture) -> None:
    words = '=HYPERLINK("https://x.example","hi"), said Ada\nand more'
    with writing(app.state.engine) as connection:
        note(connection, Actor("@SUM(A1)"), "edited", "x:1", before="+1", after=words)
    answer = await browser.get("/audit.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    assert answer.headers["cache-control"] == "no-store"
    (row,) = csv.DictReader(answer.text.splitlines(keepends=True))
    assert (row["who"], row["before"], row["after"]) == ("'@SUM(A1)", "'+1", f"'{words}")
    assert (row["what"], row["item_id"], row["remark"]) == ("edited", "x:1", "")


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@A1", "\t=1", "\r=1", "  =1", "\uff1d1"])
def test_what_a_spreadsheet_would_run_stands_behind_an_apostrophe(text: str) -> None:
    assert cell(text) == f"'{text}"


def test_plain_words_stay_as_they_are() -> None:
    assert cell("a slow burn = a good one") == "a slow burn = a good one"


def test_the_files_are_written_as_they_are_read(app: FastAPI) -> None:
    write_down(app, 7)
    engine = app.state.engine
    assert [e.number for e in every(engine, Filter(), batch=3)] == [1, 2, 3, 4, 5, 6, 7]
    assert [e.number for e in newest(engine, Filter("Bo"), 2, below=6)] == [4, 2]
    read = every(engine, Filter(), batch=2)
    assert json.loads(next(as_json_lines(read)))["number"] == 1
    with writing(engine) as connection:
        connection.execute(audit.delete().where(audit.c.number > 2))
    assert [e.number for e in read] == [2], "the rest was not read ahead"
    assert list(as_csv([])) == ["number,at,who,key_id,role,what,item_id,before,after,remark\r\n"]
