"""Drafts that are made at the local desk, on SQLite and, where one answers, on PostgreSQL."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from services.common.database import migrate, open_database, reading
from services.common.problems import BadRequestError, ConflictError, NotFoundError
from services.gateway.audit import Filter, every
from services.gateway.schemas import Draft, Post, Scores, Song, Written
from services.gateway.sheets.desk_making import MOST_DRAFTS
from services.gateway.sheets.local import LocalSheet
from services.gateway.sheets.sheet import LAST_RANK_OF_WORKER, NewDraft, Wanted
from services.gateway.tables import desk_draft

MIGRATIONS = Path(__file__).resolve().parents[3] / "services/gateway/migrations"
NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
SCORES = Scores(score=4.2, log_prob=-1.5, topic=0.8, novelty=0.9)
WRITTEN = Written(model="tiny", model_revision="r2", seed=77, latent=[0.5, -1.5])


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    on_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/gateway.db" if on_sqlite else request.getfixturevalue("postgres")
    engine = open_database(url)
    migrate(engine, MIGRATIONS)
    yield engine
    engine.dispose()


@pytest.fixture
def sheet(engine: Engine) -> LocalSheet:
    return LocalSheet(engine)


def laid(count: int = 2) -> list[Draft]:
    post = Post(origin="x", id="1", text="on air", author_id="7", created_at=NOON)
    song = Song(title="Song", artists=["Grimes"], genres=["art pop"], score=0.97)
    return [
        Draft(
            id=f"x:1:{rank}",
            item_id="x:1",
            rank=rank,
            text=f"sentence {rank}.",
            scores=Scores(score=1 / rank, log_prob=-2.0, topic=0.5, novelty=0.8),
            post=post,
            song=song,
            created_at=NOON,
        )
        for rank in range(1, count + 1)
    ]


def new(*texts: str) -> list[NewDraft]:
    return [NewDraft(text, SCORES, WRITTEN) for text in texts]


async def ask(sheet: LocalSheet, *texts: str) -> list[str]:
    return [draft.id for draft in await sheet.add("x:1", new(*texts), manner="m", curator="ada")]


async def test_others_lie_below_whatever_the_worker_may_lay(sheet: LocalSheet) -> None:
    await sheet.upsert(laid())
    first = LAST_RANK_OF_WORKER + 1
    assert await ask(sheet, "one more", "and another") == [f"x:1:{first}", f"x:1:{first + 1}"]
    assert await ask(sheet, "a third") == [f"x:1:{first + 2}"]
    await sheet.upsert(laid(5))
    item = await sheet.item("x:1")
    assert [each.draft.rank for each in item.drafts] == [1, 2, 3, 4, 5, first, first + 1, first + 2]
    other = item.drafts[5].draft
    assert (other.made_by, other.scores, other.written) == ("desk", SCORES, WRITTEN)
    assert (item.state, item.version) == ("waiting", 1)


async def test_what_is_said_already_is_not_laid_again(sheet: LocalSheet) -> None:
    await sheet.upsert(laid())
    assert await ask(sheet, "Sentence  1.", "", "new", "NEW") == ["x:1:65"]
    assert await ask(sheet, "new") == []


async def test_two_who_ask_at_once_get_different_drafts(sheet: LocalSheet) -> None:
    await sheet.upsert(laid())
    got = await asyncio.gather(*(ask(sheet, f"of {n}", f"more of {n}") for n in range(4)))
    assert len({draft_id for ids in got for draft_id in ids}) == 8


async def test_an_item_takes_so_many_and_says_so(sheet: LocalSheet) -> None:
    await sheet.upsert(laid())
    assert len(await ask(sheet, *(f"other {n}" for n in range(40)))) == MOST_DRAFTS - 2
    with pytest.raises(ConflictError, match="30 drafts are the most for one post"):
        await ask(sheet, "one too many")
    item = await sheet.approve_own("x:1", text="mine", version=1, curator="ada")
    assert len(item.drafts) == MOST_DRAFTS + 1


async def test_a_decided_item_takes_none(sheet: LocalSheet) -> None:
    await sheet.upsert(laid())
    await sheet.reject("x:1", reason="off tone", version=1, curator="bob")
    with pytest.raises(ConflictError, match="bob rejected these drafts"):
        await ask(sheet, "too late")
    with pytest.raises(NotFoundError):
        await sheet.add("x:9", new("nowhere"), manner="m", curator="ada")


async def test_a_snoozed_item_stays_away_with_its_others(sheet: LocalSheet) -> None:
    await sheet.upsert(laid())
    until = datetime.now(UTC) + timedelta(hours=1)
    await sheet.snooze("x:1", until=until, version=1, curator="ada")
    assert await ask(sheet, "meanwhile") == ["x:1:65"]
    assert (await sheet.item("x:1")).snoozed_until == until


async def test_a_decision_brings_the_draft_along(sheet: LocalSheet) -> None:
    await sheet.upsert(laid())
    await ask(sheet, "one more")
    await sheet.approve("x:1:65", text="one more, mended", version=1, curator="ada")
    (decision,) = (await sheet.decisions(None, 10)).decisions
    assert (decision.text, decision.edited) == ("one more, mended", True)
    assert decision.made is not None
    assert (decision.made.id, decision.made.text) == ("x:1:65", "one more")
    assert (decision.made.made_by, decision.made.written) == ("desk", WRITTEN)
    await sheet.undo("x:1", version=2, curator="ada")
    await sheet.reject("x:1", reason=None, version=3, curator="ada")
    later = (await sheet.decisions(decision.version, 10)).decisions
    assert [(each.draft_id, each.verdict, each.made is not None) for each in later] == [
        ("x:1:65", "undecided", True),
        ("x:1:1", "rejected", False),
        ("x:1:2", "rejected", False),
        ("x:1:65", "rejected", True),
    ]


async def test_of_a_forgotten_post_the_draft_tells_nothing(sheet: LocalSheet) -> None:
    await sheet.upsert(laid())
    await sheet.approve_own("x:1", text="mine", version=1, curator="ada")
    await sheet.forget(["x:1"])
    (decision,) = (await sheet.decisions(None, 10)).decisions
    assert decision.made is not None
    assert decision.made.post.text == ""


async def test_own_words_are_laid_and_approved_in_one_go(sheet: LocalSheet) -> None:
    await sheet.upsert(laid())
    item = await sheet.approve_own("x:1", text="  in my own words ", version=1, curator="ada")
    assert (item.state, item.version, item.curator) == ("approved", 2, "ada")
    own = item.drafts[-1]
    assert (own.draft.text, own.draft.made_by, own.draft.scores) == (
        "in my own words",
        "curator",
        None,
    )
    assert own.decision is not None
    assert (own.decision.verdict, own.decision.edited) == ("approved", False)
    (found,) = await sheet.queue(10, wanted=Wanted("approved", search="own words"))
    assert found.item_id == "x:1"


async def test_own_words_are_taken_back_and_approved_again(sheet: LocalSheet) -> None:
    await sheet.upsert(laid())
    await sheet.approve_own("x:1", text="mine", version=1, curator="ada")
    item = await sheet.undo("x:1", version=2, curator="bob")
    assert [each.words for each in item.drafts] == ["sentence 1.", "sentence 2.", "mine"]
    await sheet.approve("x:1:65", text="mine, mended", version=3, curator="bob")
    verdicts = [each.verdict for each in (await sheet.decisions(None, 10)).decisions]
    assert verdicts == ["approved", "undecided", "approved"]


@pytest.mark.parametrize(
    ("text", "version", "refusal"),
    [
        ("mine", 2, ConflictError),
        ("  ", 1, BadRequestError),
        ("m" * 5001, 1, BadRequestError),
        ("m\0", 1, BadRequestError),
    ],
)
async def test_own_words_that_are_refused_leave_nothing(
    sheet: LocalSheet, engine: Engine, text: str, version: int, refusal: type[Exception]
) -> None:
    await sheet.upsert(laid())
    with pytest.raises(refusal):
        await sheet.approve_own("x:1", text=text, version=version, curator="ada")
    with reading(engine) as connection:
        assert len(connection.execute(select(desk_draft)).all()) == 2
    assert (await sheet.decisions(None, 10)).decisions == []


async def test_the_audit_log_tells_who_made_what(sheet: LocalSheet, engine: Engine) -> None:
    await sheet.upsert(laid())
    await sheet.add("x:1", new("one", "two"), manner="strength 2, seed 7", curator="ada")
    await sheet.approve_own("x:1", text="mine", version=1, curator="bob")
    told = [(e.who, e.what, e.after, e.remark) for e in every(engine, Filter(item_id="x:1"))]
    assert told == [
        ("ada", "asked for others", "one\ntwo", "strength 2, seed 7"),
        ("bob", "wrote", "mine", None),
    ]


async def test_records_keep_who_made_a_draft(sheet: LocalSheet, tmp_path: Path) -> None:
    await sheet.upsert(laid())
    await ask(sheet, "one more")
    await sheet.approve_own("x:1", text="mine", version=1, curator="ada")
    engine = open_database(f"sqlite:///{tmp_path}/other.db")
    migrate(engine, MIGRATIONS)
    other = LocalSheet(engine)
    await other.carry(await sheet.records())
    assert [each.draft for each in (await other.item("x:1")).drafts] == [
        each.draft for each in (await sheet.item("x:1")).drafts
    ]
    (decision,) = (await other.decisions(None, 10)).decisions
    assert decision.made is not None
    assert decision.made.text == "mine"
    engine.dispose()
