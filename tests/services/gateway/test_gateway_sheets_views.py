"""The local desk's views, snoozing, search and batches, on SQLite and PostgreSQL."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, update

from services.common.database import migrate, open_database, writing
from services.common.problems import BadRequestError, ConflictError
from services.gateway.schemas import Draft, Outcome, Post, Scores, Song
from services.gateway.sheets.local import LocalSheet
from services.gateway.sheets.sheet import Tick, View, Wanted
from services.gateway.tables import desk_words

MIGRATIONS = Path(__file__).resolve().parents[3] / "services/gateway/migrations"
NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    on_disk = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/gateway.db" if on_disk else request.getfixturevalue("postgres")
    engine = open_database(url)
    migrate(engine, MIGRATIONS)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sheet(engine: Engine, clock: Clock) -> LocalSheet:
    return LocalSheet(engine, clock)


def drafts_for(
    number: int, *texts: str, post: str = "", at: datetime | None = None, **song: object
) -> list[Draft]:
    at = at or NOON + timedelta(minutes=number)
    about = Post(
        origin="x", id=str(number), text=post or f"on air: {number}", author_id="7", created_at=at
    )
    named = {"title": f"Song {number}", "artists": ["Grimes"], "genres": ["art pop"], "score": 0.97}
    words = texts or (f"sentence 1 about song {number}.", f"sentence 2 about song {number}.")
    return [
        Draft(
            id=f"x:{number}:{rank}",
            item_id=f"x:{number}",
            rank=rank,
            text=text,
            scores=Scores(score=1 / rank, log_prob=-20.0, topic=0.5, novelty=0.8),
            post=about,
            song=Song.model_validate(named | song),
            created_at=at,
        )
        for rank, text in enumerate(words, 1)
    ]


async def ids(sheet: LocalSheet, view: View = "waiting", **more: Any) -> list[str]:  # noqa: ANN401 - as Wanted takes them
    return [item.item_id for item in await sheet.queue(50, wanted=Wanted(view, **more))]


async def lay(sheet: LocalSheet, *numbers: int) -> None:
    await sheet.upsert([draft for number in numbers for draft in drafts_for(number)])


def anything(_: str, __: Song) -> None:
    """Every word can be posted."""


async def test_a_snoozed_post_leaves_the_queue_and_comes_back_by_itself(
    sheet: LocalSheet, clock: Clock
) -> None:
    await lay(sheet, 1, 2)
    item = await sheet.snooze("x:2", until=NOON + HOUR, version=1, curator="Ada")
    assert (item.version, item.curator, item.is_away(clock.now)) == (2, "Ada", True)
    assert (await ids(sheet), await ids(sheet, "snoozed")) == (["x:1"], ["x:2"])
    clock.now += HOUR
    assert (await ids(sheet), await ids(sheet, "snoozed")) == (["x:2", "x:1"], [])


async def test_a_snooze_outlives_a_restart(engine: Engine, sheet: LocalSheet, clock: Clock) -> None:
    await lay(sheet, 1)
    await sheet.snooze("x:1", until=NOON + HOUR, version=1, curator="Ada")
    assert await ids(LocalSheet(engine, clock), "snoozed") == ["x:1"]


async def test_undoing_a_snooze_wakes_the_post(sheet: LocalSheet) -> None:
    await lay(sheet, 1)
    item = await sheet.snooze("x:1", until=NOON + HOUR, version=1, curator="Ada")
    item = await sheet.undo("x:1", version=item.version, curator="Ada")
    assert (item.version, item.snoozed_until, await ids(sheet)) == (3, None, ["x:1"])
    assert (await sheet.decisions(None, 10)).decisions == []


async def test_the_second_curator_is_told_that_the_first_one_put_the_post_away(
    sheet: LocalSheet,
) -> None:
    await lay(sheet, 1)
    await sheet.snooze("x:1", until=NOON + HOUR, version=1, curator="Ada")
    with pytest.raises(ConflictError, match="Ada put this post away until 01 May, 13:00 UTC"):
        await sheet.approve("x:1:1", text=None, version=1, curator="Bo")


async def test_a_snoozed_post_can_be_decided_and_is_then_no_longer_away(
    sheet: LocalSheet,
) -> None:
    await lay(sheet, 1)
    item = await sheet.snooze("x:1", until=NOON + HOUR, version=1, curator="Ada")
    item = await sheet.approve("x:1:1", text=None, version=item.version, curator="Bo")
    assert (item.snoozed_until, await ids(sheet, "snoozed")) == (None, [])
    assert await ids(sheet, "approved") == ["x:1"]


async def test_a_decided_post_cannot_be_snoozed(sheet: LocalSheet) -> None:
    await lay(sheet, 1)
    item = await sheet.reject("x:1", reason=None, version=1, curator="Ada")
    with pytest.raises(ConflictError, match="Ada rejected"):
        await sheet.snooze("x:1", until=NOON + HOUR, version=item.version, curator="Bo")


async def test_what_was_put_away_is_among_what_was_done_last(sheet: LocalSheet) -> None:
    await lay(sheet, 1, 2, 3)
    await sheet.approve("x:1:1", text=None, version=1, curator="Ada")
    await sheet.snooze("x:3", until=NOON + HOUR, version=1, curator="Ada")
    await sheet.reject("x:2", reason=None, version=1, curator="Ada")
    assert [item.item_id for item in await sheet.recent(5)] == ["x:2", "x:3", "x:1"]


async def test_each_view_holds_its_own_and_the_counts_agree(sheet: LocalSheet) -> None:
    await lay(sheet, *range(1, 9))
    for number in (1, 2, 3, 4):
        await sheet.approve(f"x:{number}:1", text=None, version=1, curator="Ada")
    await sheet.mark("x:2:1", Outcome(state="scheduled"))
    await sheet.mark("x:3:1", Outcome(state="published"))
    await sheet.mark("x:4:1", Outcome(state="failed", detail="refused"))
    await sheet.reject("x:5", reason=None, version=1, curator="Bo")
    await sheet.snooze("x:6", until=NOON + HOUR, version=1, curator="Bo")
    views: dict[View, list[str]] = {
        "waiting": ["x:8", "x:7"],
        "snoozed": ["x:6"],
        "approved": ["x:2", "x:1"],
        "published": ["x:3"],
        "failed": ["x:4"],
        "rejected": ["x:5"],
    }
    assert {view: await ids(sheet, view) for view in views} == views
    counts = await sheet.counts()
    assert counts.model_dump() == {
        "waiting": 2,
        "snoozed": 1,
        "approved": 4,
        "published": 1,
        "failed": 1,
        "rejected": 1,
    }
    assert counts.on_their_way == 2
    assert await ids(sheet, "approved", curator="Bo") == []


async def test_a_failure_that_is_tried_again_is_on_its_way_and_one_undone_waits(
    sheet: LocalSheet,
) -> None:
    await lay(sheet, 1, 2)
    for number in (1, 2):
        await sheet.approve(f"x:{number}:1", text=None, version=1, curator="Ada")
        await sheet.mark(f"x:{number}:1", Outcome(state="failed", detail="refused"))
    await sheet.mark("x:1:1", Outcome(state="scheduled"))
    await sheet.undo("x:2", version=2, curator="Ada")
    assert (await ids(sheet, "failed"), await ids(sheet, "approved")) == ([], ["x:1"])
    await sheet.approve("x:2:1", text=None, version=3, curator="Ada")
    assert (await ids(sheet, "failed"), await ids(sheet, "approved")) == ([], ["x:2", "x:1"])


async def test_what_is_published_stays_so_whatever_is_said_later(sheet: LocalSheet) -> None:
    await lay(sheet, 1)
    await sheet.approve("x:1:1", text=None, version=1, curator="Ada")
    await sheet.mark("x:1:1", Outcome(state="published"))
    await sheet.mark("x:1:2", Outcome(state="failed", detail="late word of another draft"))
    assert await ids(sheet, "published") == ["x:1"]


SONG: dict[str, Any] = {
    "title": "Hyperballad",
    "artists": ["Björk"],
    "genres": ["Trip Hop", "art pop"],
}


@pytest.mark.parametrize(
    "search",
    ["hyperballad", "BJORK", "björk", "Björk", "trip hop", "glass sea", "SEA balla", "Ångström"],
)
async def test_a_search_finds_song_artist_genre_draft_and_post(
    sheet: LocalSheet, search: str
) -> None:
    found = drafts_for(1, "a sea of glass.", post="my ANGSTROM is up", **SONG)
    await sheet.upsert([*found, *drafts_for(2)])
    assert await ids(sheet, search=search) == ["x:1"]
    assert await sheet.found(Wanted(search=search)) == 1


@pytest.mark.parametrize(
    ("written", "asked"),
    [("Молчат Дома", "молчат"), ("東京事変", "東京"), ("MØ", "mo"), ("Straße", "STRASSE")],
)
async def test_a_search_finds_words_of_any_script(
    sheet: LocalSheet, written: str, asked: str
) -> None:
    await sheet.upsert([*drafts_for(1, artists=[written]), *drafts_for(2)])
    assert await ids(sheet, search=asked) == ["x:1"]


@pytest.mark.parametrize("search", ["%", "_", "\\", "100%_\\"])
async def test_signs_that_mean_something_to_a_database_are_signs(
    sheet: LocalSheet, search: str
) -> None:
    await sheet.upsert([*drafts_for(1, title="100%_\\"), *drafts_for(2)])
    assert await ids(sheet, search=search) == ["x:1"]


async def test_a_nul_in_a_search_is_a_space(sheet: LocalSheet) -> None:
    await lay(sheet, 1)
    assert await ids(sheet, search="song\0 1") == ["x:1"]


async def test_the_curators_words_are_found_and_a_later_draft_is_too(sheet: LocalSheet) -> None:
    await lay(sheet, 1, 2)
    await sheet.approve("x:1:1", text="velvet thunder", version=1, curator="Ada")
    late = drafts_for(2)[0].model_copy(update={"id": "x:2:9", "rank": 9, "text": "copper rain"})
    await sheet.upsert([late])
    assert await ids(sheet, "approved", search="velvet") == ["x:1"]
    assert await ids(sheet, search="copper") == ["x:2"]


async def test_what_is_forgotten_of_a_post_leaves_the_search_for_good(sheet: LocalSheet) -> None:
    await sheet.upsert(drafts_for(1, post="my secret garden"))
    assert await ids(sheet, search="garden") == ["x:1"]
    await sheet.forget(["x:1"])
    await sheet.approve("x:1:1", text="other words", version=1, curator="Ada")
    assert await ids(sheet, "approved", search="garden") == []
    assert await ids(sheet, "approved", search="other") == ["x:1"]


async def test_genre_and_days_narrow_a_view(sheet: LocalSheet) -> None:
    await sheet.upsert(
        [
            *drafts_for(1, genres=["Trip Hop"], at=NOON),
            *drafts_for(2, genres=["art pop"], at=NOON + timedelta(days=1)),
            *drafts_for(3, genres=["trip hop"], at=NOON + timedelta(days=2)),
        ]
    )
    assert await ids(sheet, genre="trip hop") == ["x:3", "x:1"]
    assert await ids(sheet, since=date(2026, 5, 2)) == ["x:3", "x:2"]
    assert await ids(sheet, until=date(2026, 5, 2)) == ["x:2", "x:1"]
    both: dict[str, Any] = {"genre": "TRIP", "since": date(2026, 5, 2)}
    assert await ids(sheet, **both) == ["x:3"]
    assert await sheet.above("x:1", Wanted(**both)) == 1


@pytest.mark.parametrize("view", ["waiting", "rejected"])
async def test_a_view_is_paged_without_a_gap(sheet: LocalSheet, view: View) -> None:
    await lay(sheet, *range(1, 8))
    if view == "rejected":
        for number in range(1, 8):
            await sheet.reject(f"x:{number}", reason=None, version=1, curator="Ada")
    seen: list[str] = []
    while page := await sheet.queue(3, seen[-1] if seen else None, Wanted(view)):
        seen += [item.item_id for item in page]
    assert seen == [f"x:{number}" for number in range(7, 0, -1)]


async def test_a_batch_approves_the_drafts_that_were_ticked(sheet: LocalSheet) -> None:
    await lay(sheet, 1, 2, 3)
    batch = await sheet.approve_all(
        [Tick("x:1:2", 1), Tick("x:3:1", 1)], fits=anything, curator="Ada"
    )
    assert (batch.done, batch.refused) == (["x:1", "x:3"], {})
    log = (await sheet.decisions(None, 10)).decisions
    assert [(d.draft_id, d.verdict, d.curator) for d in log] == [
        ("x:1:2", "approved", "Ada"),
        ("x:3:1", "approved", "Ada"),
    ]
    assert await ids(sheet) == ["x:2"]


async def test_a_batch_approves_no_words_that_would_not_be_posted_and_says_why(
    sheet: LocalSheet,
) -> None:
    def fits(words: str, song: Song) -> None:
        if "2" in words:
            raise BadRequestError(f"Too long with {song.title}.")

    await lay(sheet, 1, 2)
    ticks = [Tick("x:1:1", 1), Tick("x:2:2", 1)]
    batch = await sheet.approve_all(ticks, fits=fits, curator="Ada")
    assert batch.done == ["x:1"]
    assert batch.refused == {"x:2": "Too long with Song 2."}
    assert await ids(sheet) == ["x:2"]
    assert (await sheet.item("x:2")).version == 1


async def test_a_batch_says_who_was_faster_rather_than_what_would_not_be_posted(
    sheet: LocalSheet,
) -> None:
    def fits(*_: object) -> None:
        raise BadRequestError("Too long.")

    await lay(sheet, 1)
    await sheet.reject("x:1", reason=None, version=1, curator="Bo")
    batch = await sheet.approve_all([Tick("x:1:1", 1)], fits=fits, curator="Ada")
    assert "Bo rejected" in batch.refused["x:1"]


async def test_laying_drafts_lets_their_items_be_found_and_touches_no_others(
    sheet: LocalSheet,
) -> None:
    await sheet.upsert([*drafts_for(1), *drafts_for(2)])
    with writing(sheet.engine) as connection:
        connection.execute(update(desk_words).values(words="untouched"))
    third = drafts_for(2, "one", "two", "a harpsichord, of all things.")
    assert await sheet.upsert([*drafts_for(1), *third]) == 1
    assert await ids(sheet, search="harpsichord") == ["x:2"]
    assert await ids(sheet, search="song 2") == ["x:2"]
    assert await ids(sheet, search="untouched") == ["x:1"]


async def test_a_batch_leaves_alone_what_somebody_else_decided_and_says_so(
    sheet: LocalSheet,
) -> None:
    await lay(sheet, 1, 2)
    await sheet.reject("x:1", reason="off tone", version=1, curator="Bo")
    ticks = [Tick("x:1:1", 1), Tick("x:2:1", 1), Tick("x:9:1", 1)]
    batch = await sheet.approve_all(ticks, fits=anything, curator="Ada")
    assert batch.done == ["x:2"]
    assert set(batch.refused) == {"x:1", "x:9:1"}
    assert "Bo rejected" in batch.refused["x:1"]
    assert [item.item_id for item in await sheet.batch(batch.name)] == ["x:2"]
    assert await ids(sheet, "rejected") == ["x:1"]


async def test_a_batch_rejects_with_its_reason_and_snoozes(sheet: LocalSheet) -> None:
    await lay(sheet, 1, 2)
    await sheet.reject_all([Tick("x:1:1", 1)], reason=" off tone ", curator="Ada")
    await sheet.snooze_all([Tick("x:2:1", 1)], until=NOON + HOUR, curator="Ada")
    log = (await sheet.decisions(None, 10)).decisions
    assert {(d.draft_id, d.reason) for d in log} == {("x:1:1", "off tone"), ("x:1:2", "off tone")}
    assert (await ids(sheet, "rejected"), await ids(sheet, "snoozed")) == (["x:1"], ["x:2"])


Decide = Callable[[LocalSheet, list[Tick]], Any]
DECISIONS: dict[str, Decide] = {
    "approved": lambda sheet, ticks: sheet.approve_all(ticks, fits=anything, curator="Ada"),
    "rejected": lambda sheet, ticks: sheet.reject_all(ticks, reason=None, curator="Ada"),
    "snoozed": lambda sheet, ticks: sheet.snooze_all(ticks, until=NOON + HOUR, curator="Ada"),
}


@pytest.mark.parametrize("what", list(DECISIONS))
async def test_a_whole_batch_is_undone_once(sheet: LocalSheet, what: str) -> None:
    await lay(sheet, 1, 2)
    batch = await DECISIONS[what](sheet, [Tick("x:1:1", 1), Tick("x:2:1", 1)])
    assert (await sheet.undo_all(batch.name, curator="Ada")).done == ["x:1", "x:2"]
    assert await ids(sheet) == ["x:2", "x:1"]
    assert (await sheet.undo_all(batch.name, curator="Ada")).done == []


async def test_undoing_a_batch_touches_nothing_that_was_decided_again_or_leaves(
    sheet: LocalSheet,
) -> None:
    await lay(sheet, 1, 2, 3)
    batch = await sheet.approve_all(
        [Tick(f"x:{n}:1", 1) for n in (1, 2, 3)], fits=anything, curator="Ada"
    )
    await sheet.undo("x:1", version=2, curator="Bo")
    await sheet.reject("x:1", reason=None, version=3, curator="Bo")
    await sheet.mark("x:2:1", Outcome(state="scheduled"))
    undone = await sheet.undo_all(batch.name, curator="Ada")
    assert undone.done == ["x:3"]
    assert "on its way out" in undone.refused["x:2"]
    assert (await ids(sheet), await ids(sheet, "rejected")) == (["x:3"], ["x:1"])


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda sheet: sheet.queue(1, wanted=Wanted("published")), "desk_item_view"),
        (lambda sheet: sheet.queue(1, wanted=Wanted(search="sun")), "desk_item_queue"),
        (lambda sheet: sheet.found(Wanted("snoozed")), "desk_item_snoozed"),
        (lambda sheet: sheet.recent(5), "desk_item_acted"),
    ],
)
async def test_a_view_is_read_through_its_index(
    tmp_path: Path, ask: Callable[[LocalSheet], Awaitable[object]], index: str
) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/gateway.db")
    migrate(engine, MIGRATIONS)
    asked: list[tuple[str, Any]] = []
    event.listen(
        engine,
        "before_cursor_execute",
        lambda _c, _k, statement, parameters, *_: asked.append((statement, parameters)),
    )
    await ask(LocalSheet(engine))
    statement, parameters = next((s, p) for s, p in asked if "FROM desk_item" in s)
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps = " ".join(str(row) for row in plan)
    engine.dispose()
    assert index in steps
    assert "TEMP B-TREE" not in steps
