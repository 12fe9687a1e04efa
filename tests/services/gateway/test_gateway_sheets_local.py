"""The local sheet, on SQLite and, where one answers, on PostgreSQL."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text, update
from sqlalchemy.exc import OperationalError

from services.common.database import migrate, open_database, writing
from services.common.problems import BadRequestError, ConflictError, NotFoundError
from services.gateway.schemas import Decision, Draft, Outcome, Post, Scores, Song
from services.gateway.sheets.desk_deciding import MAX_TEXT
from services.gateway.sheets.desk_rows import append_decisions, decision_row
from services.gateway.sheets.local import LocalSheet
from services.gateway.sheets.sheet import Carried, DeskDraft
from services.gateway.tables import desk_draft

MIGRATIONS = Path(__file__).resolve().parents[3] / "services/gateway/migrations"
NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/gateway.db")
    yield engine
    engine.dispose()


@pytest.fixture
def on_postgres(postgres: str) -> Iterator[Engine]:
    engine = open_database(postgres)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("on_postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(request.param)
    migrate(engine, MIGRATIONS)
    return engine


@pytest.fixture
def sheet(engine: Engine) -> LocalSheet:
    return LocalSheet(engine)


def drafts_for(post: int, count: int = 3) -> list[Draft]:
    """`count` drafts for one post; a higher number is a newer post."""
    at = NOON + timedelta(minutes=post)
    about = Post(origin="x", id=str(post), text=f"on air: {post}", author_id="7", created_at=at)
    song = Song(title=f"Song {post}", artists=["Grimes"], genres=["art pop"], score=0.97)
    return [
        Draft(
            id=f"x:{post}:{rank}",
            item_id=f"x:{post}",
            rank=rank,
            text=f"sentence {rank} about song {post}.",
            scores=Scores(score=1 / rank, log_prob=-20.0, topic=0.5, novelty=0.8),
            post=about,
            song=song,
            created_at=at,
        )
        for rank in range(1, count + 1)
    ]


async def test_upserting_counts_what_was_new(sheet: LocalSheet) -> None:
    assert await sheet.upsert(drafts_for(1, 2)) == 2
    assert await sheet.upsert(drafts_for(1, 3)) == 1
    assert await sheet.upsert(drafts_for(1, 3)) == 0
    assert [laid.draft.rank for laid in (await sheet.item("x:1")).drafts] == [1, 2, 3]


async def test_the_highest_version_that_fits_is_one_nobody_saw(sheet: LocalSheet) -> None:
    await sheet.upsert(drafts_for(1))
    with pytest.raises(ConflictError):
        await sheet.approve("x:1:1", text=None, version=2**31 - 1, curator="Ada")


async def test_upserting_again_leaves_a_decision_as_it_is(sheet: LocalSheet) -> None:
    await sheet.upsert(drafts_for(1))
    decided = await sheet.approve("x:1:2", text="my own words", version=1, curator="Ada")
    await sheet.upsert(drafts_for(1))
    assert await sheet.item("x:1") == decided


async def test_a_draft_on_the_desk_is_not_rewritten(sheet: LocalSheet) -> None:
    await sheet.upsert(drafts_for(1))
    await sheet.upsert([drafts_for(1)[0].model_copy(update={"text": "another sentence"})])
    assert (await sheet.item("x:1")).drafts[0].draft == drafts_for(1)[0]


async def test_the_queue_gives_the_newest_post_first(sheet: LocalSheet) -> None:
    await sheet.upsert([*drafts_for(1), *drafts_for(3), *drafts_for(2)])
    assert [item.item_id for item in await sheet.queue(10)] == ["x:3", "x:2", "x:1"]


async def test_the_queue_goes_on_after_an_item_even_when_that_is_decided(
    sheet: LocalSheet,
) -> None:
    await sheet.upsert([draft for post in (1, 2, 3) for draft in drafts_for(post)])
    await sheet.reject("x:3", reason=None, version=1, curator="Ada")
    assert [item.item_id for item in await sheet.queue(1, after="x:3")] == ["x:2"]
    assert [item.item_id for item in await sheet.queue(5, after="x:1")] == []


async def test_posts_of_the_same_second_all_have_their_turn(sheet: LocalSheet) -> None:
    same = [
        draft.model_copy(update={"post": draft.post.model_copy(update={"created_at": NOON})})
        for post in range(5)
        for draft in drafts_for(post)
    ]
    await sheet.upsert(same)
    seen: list[str] = []
    while page := await sheet.queue(2, after=seen[-1] if seen else None):
        seen.extend(item.item_id for item in page)
    assert sorted(seen) == [f"x:{post}" for post in range(5)]


async def test_the_queue_after_an_unknown_item_is_an_error(sheet: LocalSheet) -> None:
    with pytest.raises(NotFoundError, match="x:9"):
        await sheet.queue(1, after="x:9")


async def test_approving_records_the_drafts_own_words(sheet: LocalSheet) -> None:
    await sheet.upsert(drafts_for(1))
    item = await sheet.approve("x:1:2", text=None, version=1, curator="Ada")
    decision = item.drafts[1].decision
    assert (item.state, item.version) == ("approved", 2)
    assert decision is not None
    assert (decision.text, decision.edited) == ("sentence 2 about song 1.", False)


async def test_approving_other_words_counts_as_an_edit(sheet: LocalSheet) -> None:
    await sheet.upsert(drafts_for(1))
    await sheet.approve("x:1:1", text="  Mine.\n\nTwice  spaced. ", version=1, curator="Ada")
    (decision,) = (await sheet.decisions(None, 10)).decisions
    assert (decision.text, decision.edited) == ("Mine.\n\nTwice  spaced.", True)


async def test_space_around_the_words_is_no_edit(sheet: LocalSheet) -> None:
    await sheet.upsert(drafts_for(1))
    await sheet.approve("x:1:1", text=" sentence 1 about song 1.\n", version=1, curator="Ada")
    assert not (await sheet.decisions(None, 10)).decisions[0].edited


@pytest.mark.parametrize(
    ("words", "complaint"),
    [(" \n ", "empty"), ("a" * (MAX_TEXT + 1), "5,001"), ("nul \x00", "NUL")],
)
async def test_words_that_cannot_be_kept_are_refused(
    sheet: LocalSheet, words: str, complaint: str
) -> None:
    await sheet.upsert(drafts_for(1))
    with pytest.raises(BadRequestError, match=complaint):
        await sheet.approve("x:1:1", text=words, version=1, curator="Ada")
    assert (await sheet.item("x:1")).state == "waiting"


async def test_approving_an_unknown_draft_is_an_error(sheet: LocalSheet) -> None:
    with pytest.raises(NotFoundError, match="x:9:1"):
        await sheet.approve("x:9:1", text=None, version=1, curator="Ada")


async def test_the_second_curator_is_told_what_the_first_one_approved(sheet: LocalSheet) -> None:
    await sheet.upsert(drafts_for(1))
    await sheet.approve("x:1:1", text="Ada's words", version=1, curator="Ada")
    with pytest.raises(ConflictError, match=r"Ada approved .*Ada's words"):
        await sheet.approve("x:1:2", text=None, version=1, curator="Bo")
    assert len((await sheet.decisions(None, 10)).decisions) == 1


async def test_the_second_curator_is_told_that_the_first_one_rejected(sheet: LocalSheet) -> None:
    await sheet.upsert(drafts_for(1))
    await sheet.reject("x:1", reason="off topic", version=1, curator="Ada")
    with pytest.raises(ConflictError, match=r"Ada rejected .*off topic"):
        await sheet.approve("x:1:2", text=None, version=1, curator="Bo")


async def test_a_decided_item_takes_no_second_approval_at_its_new_version(
    sheet: LocalSheet,
) -> None:
    await sheet.upsert(drafts_for(1))
    decided = await sheet.approve("x:1:1", text=None, version=1, curator="Ada")
    with pytest.raises(ConflictError):
        await sheet.approve("x:1:2", text=None, version=decided.version, curator="Ada")


async def test_a_version_from_before_an_undo_is_stale(sheet: LocalSheet) -> None:
    await sheet.upsert(drafts_for(1))
    decided = await sheet.approve("x:1:1", text=None, version=1, curator="Ada")
    await sheet.undo("x:1", version=decided.version, curator="Ada")
    with pytest.raises(ConflictError, match="look again"):
        await sheet.approve("x:1:2", text=None, version=1, curator="Bo")


async def test_of_many_at_once_exactly_one_approval_wins(sheet: LocalSheet) -> None:
    await sheet.upsert(drafts_for(1))
    attempts = [
        sheet.approve("x:1:1", text=f"words {n}", version=1, curator=f"curator {n}")
        for n in range(8)
    ]
    results = await asyncio.gather(*attempts, return_exceptions=True)
    losers = [result for result in results if isinstance(result, ConflictError)]
    assert len(losers) == 7
    assert len((await sheet.decisions(None, 10)).decisions) == 1


async def test_another_draft_can_be_approved_after_an_undo(sheet: LocalSheet) -> None:
    await sheet.upsert(drafts_for(1))
    item = await sheet.approve("x:1:1", text=None, version=1, curator="Ada")
    item = await sheet.undo("x:1", version=item.version, curator="Ada")
    assert item.state == "waiting"
    await sheet.approve("x:1:2", text=None, version=item.version, curator="Ada")
    log = [(d.draft_id, d.verdict) for d in (await sheet.decisions(None, 10)).decisions]
    assert log == [("x:1:1", "approved"), ("x:1:1", "undecided"), ("x:1:2", "approved")]


async def test_an_edit_outlives_its_undoing(sheet: LocalSheet) -> None:
    await sheet.upsert(drafts_for(1))
    item = await sheet.approve("x:1:1", text="my own words", version=1, curator="Ada")
    item = await sheet.undo("x:1", version=item.version, curator="Ada")
    decision = item.drafts[0].decision
    assert decision is not None
    assert (decision.verdict, decision.text) == ("undecided", "my own words")


async def test_rejecting_records_every_draft_with_the_reason(sheet: LocalSheet) -> None:
    await sheet.upsert(drafts_for(1))
    await sheet.reject("x:1", reason=" wrong song ", version=1, curator="Ada")
    page = await sheet.decisions(None, 10)
    assert [(d.draft_id, d.verdict, d.reason, d.curator) for d in page.decisions] == [
        (f"x:1:{rank}", "rejected", "wrong song", "Ada") for rank in (1, 2, 3)
    ]


async def test_a_blank_reason_is_none(sheet: LocalSheet) -> None:
    await sheet.upsert(drafts_for(1, 1))
    await sheet.reject("x:1", reason="  ", version=1, curator="Ada")
    assert (await sheet.decisions(None, 10)).decisions[0].reason is None


async def test_rejecting_an_unknown_item_is_an_error(sheet: LocalSheet) -> None:
    with pytest.raises(NotFoundError):
        await sheet.reject("x:9", reason=None, version=1, curator="Ada")


async def test_a_waiting_item_has_nothing_to_undo(sheet: LocalSheet) -> None:
    await sheet.upsert(drafts_for(1))
    with pytest.raises(ConflictError, match="nothing to undo"):
        await sheet.undo("x:1", version=1, curator="Ada")


@pytest.mark.parametrize("state", ["scheduled", "published"])
async def test_what_is_on_its_way_out_cannot_be_undone(sheet: LocalSheet, state: str) -> None:
    await sheet.upsert(drafts_for(1))
    item = await sheet.approve("x:1:1", text=None, version=1, curator="Ada")
    await sheet.mark("x:1:1", Outcome.model_validate({"state": state}))
    with pytest.raises(ConflictError, match="no longer be undone"):
        await sheet.undo("x:1", version=item.version, curator="Ada")
    assert (await sheet.item("x:1")).state == "approved"


async def test_what_failed_can_be_undone_and_starts_afresh(sheet: LocalSheet) -> None:
    await sheet.upsert(drafts_for(1))
    item = await sheet.approve("x:1:1", text=None, version=1, curator="Ada")
    await sheet.mark("x:1:1", Outcome(state="failed", detail="refused"))
    item = await sheet.undo("x:1", version=item.version, curator="Ada")
    assert (item.state, item.drafts[0].outcome) == ("waiting", None)


async def test_an_undo_that_came_too_late_puts_nothing_up_for_a_second_post(
    sheet: LocalSheet,
) -> None:
    await sheet.upsert(drafts_for(1))
    item = await sheet.approve("x:1:1", text=None, version=1, curator="Ada")
    item = await sheet.undo("x:1", version=item.version, curator="Ada")
    await sheet.mark("x:1:1", Outcome(state="published", url="https://x.example/1"))
    with pytest.raises(ConflictError):
        await sheet.approve("x:1:2", text=None, version=item.version, curator="Ada")
    assert await sheet.queue(1) == []


async def test_a_cursor_that_is_none_of_ours_is_refused(sheet: LocalSheet) -> None:
    with pytest.raises(BadRequestError, match="no cursor"):
        await sheet.decisions("yesterday", 10)


@pytest.mark.postgres
async def test_on_postgres_a_decision_waits_for_one_that_is_not_committed_yet(
    on_postgres: Engine,
) -> None:
    """Otherwise a reader could see the later sequence first, and miss the earlier one."""
    migrate(on_postgres, MIGRATIONS)
    await LocalSheet(on_postgres).upsert([*drafts_for(1, 1), *drafts_for(2, 1)])
    with writing(on_postgres) as earlier, on_postgres.connect() as later:
        append_decisions(earlier, [decision_row(drafts_for(1)[0], "approved", "Ada")])
        later.execute(text("SET lock_timeout = '50ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            append_decisions(later, [decision_row(drafts_for(2)[0], "approved", "Bo")])


@pytest.mark.postgres
async def test_on_postgres_an_undo_waits_for_the_worker_that_says_it_leaves(
    on_postgres: Engine,
) -> None:
    """Otherwise it would not see that, and the post would leave all the same."""
    migrate(on_postgres, MIGRATIONS)
    sheet = LocalSheet(on_postgres)
    await sheet.upsert(drafts_for(1))
    approved = await sheet.approve("x:1:1", text=None, version=1, curator="Ada")
    with writing(on_postgres) as worker:
        scheduled = update(desk_draft).where(desk_draft.c.id == "x:1:1")
        worker.execute(scheduled.values(outcome={"state": "scheduled"}))
        undo = asyncio.create_task(sheet.undo("x:1", version=approved.version, curator="Ada"))
        async with asyncio.timeout(10):
            while not undo.done() and not await asyncio.to_thread(somebody_waits, on_postgres):
                continue
    with pytest.raises(ConflictError, match="on its way out"):
        await undo


def somebody_waits(engine: Engine) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with engine.connect() as connection:
        return bool(connection.scalar(text(f"{waiting} AND datname = current_database()")))


async def test_what_is_carried_in_decides_items_as_wholes(sheet: LocalSheet) -> None:
    """Draft by draft in another sheet: one approved, all rejected, and one of two rejected."""
    drafts = [drafts_for(post, 2) for post in (1, 2, 3)]
    verdicts = {"x:1:2": "approved", "x:2:1": "rejected", "x:2:2": "rejected", "x:3:1": "rejected"}
    await sheet.carry(
        [
            DeskDraft(draft=draft, decision=decided_elsewhere(draft, verdicts.get(draft.id)))
            for two in drafts
            for draft in two
        ]
    )
    states = [(await sheet.item(f"x:{post}")).state for post in (1, 2, 3)]
    assert states == ["approved", "rejected", "waiting"]
    log = (await sheet.decisions(None, 10)).decisions
    assert {each.draft_id: each.verdict for each in log} == verdicts
    assert {each.curator for each in log} == {"another sheet"}


async def test_what_was_taken_back_here_may_be_decided_elsewhere(sheet: LocalSheet) -> None:
    (draft,) = drafts_for(1, 1)
    await sheet.upsert([draft])
    item = await sheet.approve(draft.id, text=None, version=1, curator="Ada")
    item = await sheet.undo("x:1", version=item.version, curator="Ada")
    record = DeskDraft(draft=draft, decision=decided_elsewhere(draft, "rejected"))
    assert await sheet.carry([record]) == Carried(decided=1)
    with pytest.raises(ConflictError):
        await sheet.approve(draft.id, text=None, version=item.version, curator="Bo")


def decided_elsewhere(draft: Draft, verdict: str | None) -> Decision | None:
    if verdict is None:
        return None
    made = {"verdict": verdict, "text": draft.text, "edited": False}
    when = {"decided_at": NOON, "version": "v"}
    return Decision.model_validate({"draft_id": draft.id, **made, **when})


async def test_counts_tell_items_by_state_and_what_became_of_them(sheet: LocalSheet) -> None:
    await sheet.upsert([draft for post in range(5) for draft in drafts_for(post)])
    for post in (0, 1, 2):
        await sheet.approve(f"x:{post}:1", text=None, version=1, curator="Ada")
    await sheet.reject("x:3", reason=None, version=1, curator="Ada")
    await sheet.mark("x:0:1", Outcome(state="published"))
    await sheet.mark("x:1:1", Outcome(state="failed", detail="refused"))
    counts = await sheet.counts()
    assert counts.model_dump() == {
        "waiting": 1,
        "snoozed": 0,
        "approved": 3,
        "rejected": 1,
        "published": 1,
        "failed": 1,
    }


async def test_recent_gives_the_last_decision_first_and_forgets_what_was_undone(
    sheet: LocalSheet,
) -> None:
    await sheet.upsert([draft for post in range(4) for draft in drafts_for(post)])
    await sheet.approve("x:2:1", text=None, version=1, curator="Ada")
    await sheet.reject("x:0", reason=None, version=1, curator="Ada")
    undone = await sheet.approve("x:3:1", text=None, version=1, curator="Ada")
    await sheet.undo("x:3", version=undone.version, curator="Ada")
    assert [item.item_id for item in await sheet.recent(5)] == ["x:0", "x:2"]
    assert [item.item_id for item in await sheet.recent(1)] == ["x:0"]


async def test_above_counts_the_waiting_items_of_newer_posts(sheet: LocalSheet) -> None:
    await sheet.upsert([draft for post in range(4) for draft in drafts_for(post)])
    await sheet.reject("x:3", reason=None, version=1, curator="Ada")
    assert await sheet.above("x:1") == 1


async def test_the_queue_is_read_through_its_index(sqlite: Engine) -> None:
    migrate(sqlite, MIGRATIONS)
    sheet = LocalSheet(sqlite)
    await sheet.upsert([*drafts_for(1), *drafts_for(2)])
    asked: list[tuple[str, object]] = []
    event.listen(
        sqlite,
        "before_cursor_execute",
        lambda _c, _k, statement, parameters, *_: asked.append((statement, parameters)),
    )
    await sheet.queue(1, after="x:2")
    ordered = next((s, p) for s, p in asked if "ORDER BY desk_item.posted_at" in s)
    with sqlite.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {ordered[0]}", ordered[1])  # type: ignore[arg-type] # as the driver got them
        steps = " ".join(str(row) for row in plan)
    assert "desk_item_queue" in steps
    assert "TEMP B-TREE" not in steps
