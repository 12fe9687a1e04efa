"""X through tweepy, against the sandbox: what is read, what is sent, what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from services.gateway.lengths import over
from services.gateway.spend import Budget, Spend
from services.gateway.timelines.documents import NonsenseError
from services.gateway.timelines.timeline import CLOCK_MARGIN, Intent, Presence
from services.gateway.timelines.x import XKeys, XTimeline
from services.gateway.timelines.x_documents import (
    EPOCH_MS,
    TIMESTAMP_SHIFT,
    presence,
)
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import (
    BusyVendorError,
    CredentialsError,
    DuplicateError,
    FailedVendorError,
    NotDoneError,
    OutOfCreditError,
    OverBudgetError,
    RefusedByVendorError,
    SilentVendorError,
    UnreachableError,
    VendorError,
)

if TYPE_CHECKING:
    from tests.services.gateway.clock import Clock
    from tests.services.gateway.conftest import Sandbox, StartSandbox

KEYS = XKeys("key", "secret", "1000-token", "secret")


def intent(text: str, asked_at: datetime | None = None) -> Intent:
    return Intent("key", text, asked_at or datetime.now(UTC))


def late_post(clock: Clock) -> dict[str, str]:
    millis = int(clock() * 1000) - EPOCH_MS
    return {"id": str(millis << TIMESTAMP_SHIFT), "text": "late", "author_id": "7"}


@contextmanager
def timeline_at(
    base: str, metrics: VendorMetrics, spend: Spend, keys: XKeys = KEYS
) -> Iterator[XTimeline]:
    calls = VendorCalls("x", 6.0, metrics)
    timeline = XTimeline(keys, f"{base}/x", "https://x.test/i/{id}", calls, spend)
    yield timeline
    timeline.close()


async def test_posts_come_whole(sandbox: Sandbox, x_timeline: XTimeline) -> None:
    long = "A very long sentence about a song & its band. " * 10
    post_id = sandbox.say(long, author="listener")
    page = await x_timeline.posts(None, 10)
    (post,) = page.posts
    assert (post.origin, post.id, post.text) == ("x", post_id, long)
    assert post.url == f"https://x.test/i/{post_id}"
    assert post.created_at == datetime.fromtimestamp(sandbox.clock(), UTC)
    assert page.quota is not None
    assert page.quota.remaining == page.quota.limit - 1


async def test_a_backlog_comes_in_bounded_answers(
    start_sandbox: StartSandbox, metrics: VendorMetrics, spend: Spend
) -> None:
    sandbox = start_sandbox(feed_burst=300, feed_interval=1)
    with timeline_at(sandbox.base, metrics, spend) as timeline:
        whole = [post.id for post in (await timeline.posts(None, 500)).posts]
        cursor: str | None = f"x.1.{whole[0]}.."
        read: list[str] = []
        for _ in range(4):
            page = await timeline.posts(cursor, 120)
            assert len(page.posts) <= 120
            assert page.gap is None
            read += [post.id for post in page.posts]
            cursor = page.cursor
    assert len(whole) > 240
    assert sorted(read) == whole[1:]


@pytest.mark.parametrize(
    "body", ["{}", '{"data": {"id": [1]}}', '{"data": [{"text": "?"}]}', '{"errors": []}']
)
async def test_an_answer_that_holds_nothing_readable_ends_no_reading(
    x_timeline: XTimeline, sandbox: Sandbox, body: str
) -> None:
    """Half-way through a backlog it would else be taken for the end of X's memory."""
    sandbox.say("the first")
    begun = (await x_timeline.posts(None, 1)).cursor
    for number in range(12):
        sandbox.say(f"post {number}")
    half = await x_timeline.posts(begun, 5)
    sandbox.plan("x", "status", status=200, body=body, times=2)
    with pytest.raises(FailedVendorError, match="cannot be read"):
        await x_timeline.posts(half.cursor, 20)
    sandbox.http.delete("/sandbox/faults")
    rest = await x_timeline.posts(half.cursor, 20)
    assert rest.gap is None
    assert len({post.id for post in half.posts + rest.posts}) == 12


async def test_posts_older_than_a_week_are_a_gap(
    sandbox: Sandbox, clock: Clock, x_timeline: XTimeline
) -> None:
    sandbox.say("before the holidays")
    cursor = (await x_timeline.posts(None, 10)).cursor
    sandbox.say("missed")
    clock.now += 30 * 24 * 3600
    seen = sandbox.say("after the holidays")
    page = await x_timeline.posts(cursor, 10)
    assert [post.id for post in page.posts] == [seen]
    assert page.gap is not None
    assert page.gap.before == seen


@pytest.mark.parametrize("floor", ["9" * 20, "9" * 23, "no-number"])
async def test_a_since_id_that_x_refuses_begins_anew(
    sandbox: Sandbox, x_timeline: XTimeline, floor: str
) -> None:
    post_id = sandbox.say("still here")
    page = await x_timeline.posts(f"x.1.{floor}..", 10)
    assert [post.id for post in page.posts] == [post_id]
    assert page.gap is not None


async def test_replies_are_left_out_and_mentions_found(
    sandbox: Sandbox, x_timeline: XTimeline
) -> None:
    asked = sandbox.say("@deephypebot what about this song?")
    sandbox.say("nothing for the bot")
    page = await x_timeline.mentions(None, 10)
    assert [post.id for post in page.posts] == [asked]
    assert (await x_timeline.mentions(page.cursor, 10)).posts == []


async def test_the_vocabulary_of_2026_is_spoken_when_x_asks_for_it(
    start_sandbox: StartSandbox, metrics: VendorMetrics, spend: Spend
) -> None:
    sandbox = start_sandbox(x_vocabulary="post")
    long = "words " * 80
    sandbox.say(long)
    with timeline_at(sandbox.base, metrics, spend) as timeline:
        (post,) = (await timeline.posts(None, 5)).posts
        assert post.text == long
        published = await timeline.publish(intent("made for the chorus"))
        (received,) = await timeline.receptions([published.id])
        assert received.id == published.id


async def test_a_published_post_is_found_again(
    sandbox: Sandbox, clock: Clock, x_timeline: XTimeline
) -> None:
    began = datetime.fromtimestamp(clock(), UTC)
    published = await x_timeline.publish(intent("sun-bleached & slow"))
    assert sandbox.texts() == ["sun-bleached & slow"]
    assert published.url == f"https://x.test/i/{published.id}"
    (found,) = await x_timeline.find(intent("sun-bleached  & slow", began))
    assert (found.id, found.reconciled) == (published.id, True)
    assert await x_timeline.find(intent("something else", began)) == []
    later = began + CLOCK_MARGIN + timedelta(minutes=1)
    assert await x_timeline.find(intent("sun-bleached & slow", later)) == []


async def test_a_deleted_post_has_no_reception(sandbox: Sandbox, x_timeline: XTimeline) -> None:
    kept = await x_timeline.publish(intent("stays"))
    deleted = await x_timeline.publish(intent("goes"))
    await x_timeline.delete(deleted.id)
    receptions = await x_timeline.receptions([deleted.id, kept.id, "no number"])
    assert [each.id for each in receptions] == [kept.id]
    assert sandbox.texts() == ["stays"]


async def test_a_second_post_with_the_same_words_is_a_duplicate(x_timeline: XTimeline) -> None:
    await x_timeline.publish(intent("twice"))
    with pytest.raises(DuplicateError):
        await x_timeline.publish(intent("twice"))


async def test_a_text_that_is_too_long_is_refused(x_timeline: XTimeline) -> None:
    with pytest.raises(RefusedByVendorError, match="too long"):
        await x_timeline.publish(intent("x" * 281))


@pytest.mark.parametrize("odd", [{}, {"text": None}, {"note_tweet": 7}, {"created_at": [1]}])
async def test_an_accepted_post_is_published_whatever_else_is_odd(
    sandbox: Sandbox, x_timeline: XTimeline, odd: dict[str, object]
) -> None:
    body = json.dumps({"data": {"id": "1994000000000000001"} | odd})
    sandbox.plan("x", "status", status=201, body=body)
    published = await x_timeline.publish(intent("words"))
    assert (published.id, published.text) == ("1994000000000000001", "words")


@pytest.mark.parametrize("data", [[7], {}, {"id": "x"}, [{"id": "1"}, {"id": "2"}]])
async def test_an_acceptance_that_names_no_post_is_no_refusal(
    sandbox: Sandbox, x_timeline: XTimeline, data: object
) -> None:
    sandbox.plan("x", "status", status=201, body=json.dumps({"data": data}))
    with pytest.raises(FailedVendorError):
        await x_timeline.publish(intent("words"))


@pytest.mark.parametrize("odd", [{"text": 7}, {"id": None}, {"public_metrics": 7}])
async def test_an_odd_post_of_ours_is_a_typed_error(
    sandbox: Sandbox, x_timeline: XTimeline, odd: dict[str, object]
) -> None:
    post = {"id": "1994000000000000001", "text": "words"} | odd
    sandbox.plan("x", "status", status=200, body=json.dumps({"data": [post]}), times=2)
    asking = x_timeline.receptions(["1994000000000000001"]), x_timeline.find(intent("words"))
    chosen, other = asking if "public_metrics" in odd else reversed(asking)
    other.close()
    with pytest.raises(FailedVendorError):
        await chosen


async def test_the_bare_name_of_a_site_is_a_link_to_x_and_to_us(x_timeline: XTimeline) -> None:
    text = "x" * 257 + " io.fm"
    with pytest.raises(RefusedByVendorError, match="too long"):
        await x_timeline.publish(intent(text))
    assert over(text, await x_timeline.platform()) == 1


@pytest.mark.parametrize(
    ("detail", "error"),
    [
        ("To protect our users, this account is temporarily locked.", CredentialsError),
        ("Your account is suspended.", CredentialsError),
        ("You are not allowed to create a Tweet with duplicate content.", DuplicateError),
        ("Your Tweet text is too long.", RefusedByVendorError),
        ("Reply to this conversation is not allowed because of this.", RefusedByVendorError),
    ],
)
async def test_a_post_is_refused_only_for_what_is_about_it(
    sandbox: Sandbox, x_timeline: XTimeline, detail: str, error: type[VendorError]
) -> None:
    body = json.dumps({"title": "Forbidden", "detail": detail, "status": 403})
    sandbox.plan("x", "status", status=403, body=body)
    with pytest.raises(error, match=detail[:20]):
        await x_timeline.publish(intent("words"))


@pytest.mark.parametrize(
    ("status", "error"), [(400, RefusedByVendorError), (404, CredentialsError)]
)
async def test_a_post_that_meets_nobody_is_not_refused(
    sandbox: Sandbox, x_timeline: XTimeline, status: int, error: type[VendorError]
) -> None:
    title = {400: "Invalid Request", 404: "Not Found"}[status]
    sandbox.plan("x", "status", status=status, body=json.dumps({"title": title}))
    with pytest.raises(error):
        await x_timeline.publish(intent("words"))


async def test_a_look_at_the_end_of_x_s_memory_that_is_refused_is_a_gap(
    sandbox: Sandbox, clock: Clock, x_timeline: XTimeline
) -> None:
    sandbox.say("before the holidays")
    cursor = (await x_timeline.posts(None, 10)).cursor
    clock.now += 30 * 24 * 3600
    sandbox.say("after the holidays")
    body = json.dumps({"errors": [{"message": "'until_id' must be a newer one"}]})
    sandbox.plan(
        "x", "status", status=200, body=json.dumps({"data": [late_post(clock)], "meta": {}})
    )
    sandbox.plan("x", "status", status=400, body=body)
    page = await x_timeline.posts(cursor, 10)
    assert page.gap is not None
    assert (await x_timeline.posts(page.cursor, 10)).gap is None


async def test_one_odd_refusal_does_not_change_the_vocabulary(
    sandbox: Sandbox, x_timeline: XTimeline
) -> None:
    body = json.dumps({"errors": [{"message": "tweet.fields is odd today"}]})
    sandbox.plan("x", "status", status=400, body=body, times=2)
    with pytest.raises(RefusedByVendorError):
        await x_timeline.posts(None, 5)
    assert x_timeline.fields_parameter == "tweet.fields"


async def test_receptions_are_looked_up_by_their_ids(
    sandbox: Sandbox, x_timeline: XTimeline, spend: Spend
) -> None:
    first, _, last = [await x_timeline.publish(intent(f"number {n}")) for n in range(3)]
    assert spend.report().today == Decimal("0.05")  # three posts, rounded up
    sandbox.plan("x", "status", path="/users/", status=500, times=10)
    received = await x_timeline.receptions([first.id, last.id])
    assert [each.id for each in received] == [first.id, last.id]
    assert spend.report().today == Decimal("0.06")  # and two that were read


async def test_posts_that_are_still_there_are_told_at_the_price_of_reading_them(
    start_sandbox: StartSandbox, metrics: VendorMetrics, spend: Spend
) -> None:
    sandbox = start_sandbox(feed_burst=120, feed_interval=30)
    posts = sandbox.http.get("/sandbox/posts", params={"limit": 500}).json()
    ids = [post["id"] for post in posts]
    sandbox.delete(ids[3])
    with timeline_at(sandbox.base, metrics, spend) as timeline:
        said = await timeline.present([*ids, "no number", ids[0]])
    assert said == Presence({*ids} - {ids[3]}, set())
    assert spend.report().today == Decimal("0.60")  # 119 posts


@pytest.mark.parametrize("history", ["edit_history_tweet_ids", "edit_history_post_ids"])
def test_an_edited_post_is_still_there(history: str) -> None:
    document = {
        "data": [{"id": "8", history: ["7", "8"]}],
        "errors": [{"resource_id": "9"}, {"value": "10"}],
    }
    assert presence(document, ["7", "9", "10"]) == Presence({"7"}, set())


@pytest.mark.parametrize("document", [{"data": []}, {"meta": {}}, {"errors": [{"title": "?"}]}])
def test_an_answer_that_leaves_out_every_post_is_none(document: dict[str, object]) -> None:
    with pytest.raises(NonsenseError):
        presence(document, ["7", "8"])


def test_a_post_that_an_answer_leaves_out_is_not_taken_for_gone() -> None:
    document = {"data": [{"id": "7"}], "errors": [{"value": "8"}]}
    assert presence(document, ["7", "8", "9"]) == Presence({"7"}, {"9"})


async def test_as_many_posts_are_asked_about_as_the_budget_covers(
    sandbox: Sandbox, metrics: VendorMetrics, engine: Engine, clock: Clock
) -> None:
    ids = [sandbox.say(f"number {number}") for number in range(6)]
    sandbox.delete(ids[0])
    spend = Spend(engine, "x", Budget(daily=Decimal("0.025")), clock)
    with timeline_at(sandbox.base, metrics, spend) as timeline:
        assert await timeline.present(ids) == Presence({*ids[1:5]}, {ids[5]})
        assert await timeline.present(ids[5:]) == Presence({ids[5]})
        with pytest.raises(OverBudgetError):
            await timeline.present(ids[5:])


async def test_what_one_page_said_counts_where_the_budget_covers_no_second_one(
    sandbox: Sandbox, metrics: VendorMetrics, engine: Engine, clock: Clock
) -> None:
    ids = [sandbox.say(f"number {number}") for number in range(102)]
    spend = Spend(engine, "x", Budget(daily=Decimal("0.50")), clock)
    with timeline_at(sandbox.base, metrics, spend) as timeline:
        assert await timeline.present(ids) == Presence({*ids[:100]}, {*ids[100:]})


async def test_whoever_owns_the_app_reads_receptions_from_the_own_timeline(
    sandbox: Sandbox, metrics: VendorMetrics, spend: Spend
) -> None:
    calls = VendorCalls("x", 3.0, metrics)
    url = "https://x.test/{id}"
    with closing(XTimeline(KEYS, f"{sandbox.base}/x", url, calls, spend, owns_app=True)) as own:
        published = await own.publish(intent("ours"))
        sandbox.plan("x", "status", path="/2/tweets", status=500, times=10)
        (received,) = await own.receptions([published.id])
    assert received.id == published.id


async def test_a_post_is_looked_for_beyond_the_budget_and_failures_cost_nothing(
    sandbox: Sandbox, metrics: VendorMetrics, engine: Engine, clock: Clock
) -> None:
    spend = Spend(engine, "x", Budget(daily=Decimal("0.01")), clock)
    with timeline_at(sandbox.base, metrics, spend) as timeline:
        began = datetime.fromtimestamp(clock(), UTC)
        published = await timeline.publish(intent("ours"))
        with pytest.raises(OverBudgetError):
            await timeline.posts(None, 10)
        before = spend.report().today
        sandbox.plan("x", "status", status=500, times=2)
        with pytest.raises(FailedVendorError):
            await timeline.find(intent("ours", began))
        assert spend.report().today == before
        (found,) = await timeline.find(intent("ours", began))
    assert found.id == published.id


FAULTS: list[tuple[dict[str, object], type[VendorError]]] = [
    ({"fault": "status", "status": 401}, CredentialsError),
    ({"fault": "status", "status": 402}, OutOfCreditError),
    ({"fault": "status", "status": 403}, OutOfCreditError),
    ({"fault": "status", "status": 429}, BusyVendorError),
    ({"fault": "status", "status": 500}, FailedVendorError),
    ({"fault": "html", "status": 503}, FailedVendorError),
    ({"fault": "status", "status": 403, "body": "[]"}, FailedVendorError),
    ({"fault": "reset"}, FailedVendorError),
    ({"fault": "half"}, FailedVendorError),
    ({"fault": "timeout", "seconds": 60}, SilentVendorError),
    ({"fault": "drip", "seconds": 60}, SilentVendorError),
]


@pytest.mark.parametrize(("fault", "error"), FAULTS)
@pytest.mark.parametrize("act", ["read", "publish"])
async def test_every_fault_is_a_typed_error(
    sandbox: Sandbox,
    x_timeline: XTimeline,
    fault: dict[str, object],
    error: type[VendorError],
    act: str,
) -> None:
    sandbox.plan("x", **fault, times=10)  # type: ignore[arg-type]  # a fault as JSON
    with pytest.raises(error) as raised:
        await (x_timeline.posts(None, 5) if act == "read" else x_timeline.publish(intent("words")))
    assert raised.value.detail.startswith("x: ")
    # Whatever may have been done must not look as if it certainly was not.
    was_answered = error not in {FailedVendorError, SilentVendorError}
    assert isinstance(raised.value, NotDoneError) == was_answered


async def test_one_lost_answer_does_not_fail_a_reading(
    sandbox: Sandbox, x_timeline: XTimeline
) -> None:
    sandbox.say("hello")
    sandbox.plan("x", "reset", times=1)
    assert len((await x_timeline.posts(None, 5)).posts) == 1


async def test_a_rate_limit_says_when_to_come_back(sandbox: Sandbox, x_timeline: XTimeline) -> None:
    sandbox.plan("x", "status", status=429, headers={"x-rate-limit-reset": "99999999999"})
    with pytest.raises(BusyVendorError) as raised:
        await x_timeline.posts(None, 5)
    assert raised.value.headers["Retry-After"] == "3600"


async def test_nothing_was_sent_where_nobody_listens(
    unused_tcp_port_factory: Callable[[], int], metrics: VendorMetrics, spend: Spend
) -> None:
    base = f"http://127.0.0.1:{unused_tcp_port_factory()}"
    with timeline_at(base, metrics, spend) as timeline, pytest.raises(UnreachableError):
        await timeline.publish(intent("words"))


def test_calls_are_counted_by_outcome(metrics: VendorMetrics) -> None:
    calls = VendorCalls("x", 3.0, metrics)
    with pytest.raises(BusyVendorError), calls.measured():
        raise BusyVendorError("x", "not now")
    samples = [sample for metric in metrics.seconds.collect() for sample in metric.samples]
    counted = {tuple(s.labels.values()): s.value for s in samples if s.name.endswith("_count")}
    assert counted == {("x", "rate_limited"): 1.0}
