"""The law of reading: every post once, in order, however many wait and whatever the limit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.problems import BadRequestError
from services.gateway.schemas import Post, TimelinePage
from services.gateway.timelines.reading import Entry, FloorRefusedError, Page, read
from services.gateway.vendor_errors import BusyVendorError, RefusedByVendorError, VendorError

START = datetime(2026, 11, 1, tzinfo=UTC)


def entry(number: int, *, left_out: bool = False) -> Entry:
    made = START + timedelta(seconds=number)
    post = Post(origin="x", id=str(number), text=f"post {number}", author_id="7", created_at=made)
    return Entry(str(number), None if left_out else post)


@dataclass
class Shelf:
    """A timeline whose pages may be short or empty, and to which posts come between pages."""

    posts: list[int] = field(default_factory=list)
    page_sizes: list[int] = field(default_factory=list)
    arrivals_between_pages: list[int] = field(default_factory=list)
    depth: int = 10_000
    refused_floors: tuple[str, ...] = ()
    failing_pages: list[bool] = field(default_factory=list)
    old: tuple[int, ...] = ()
    disorderly: bool = False  # pages come twice over, and out of order
    left_out: frozenset[int] = frozenset()
    now: int | None = None  # numbers are times, and posts may be late
    lateness: int = 0
    refuses_to_reach: VendorError | None = None

    def arrive(self, count: int) -> None:
        newest = max(self.posts, default=0)
        self.posts += range(newest + 1, newest + 1 + count)

    def _shown(self) -> list[int]:
        return sorted(self.posts, reverse=True)[: self.depth]

    async def page(
        self, floor: str | None, until: str | None, token: str | None, size: int
    ) -> Page:
        if floor in self.refused_floors:
            raise FloorRefusedError("x")
        if self.failing_pages and self.failing_pages.pop():
            raise BusyVendorError("x", "not now")
        upper = min(int(each) for each in (until, token, "1000000") if each is not None)
        waiting = [number for number in self._shown() if int(floor or 0) < number < upper]
        size = min(size, self.page_sizes.pop() if self.page_sizes else size)
        if self.arrivals_between_pages:
            self.arrive(self.arrivals_between_pages.pop())
        shown = waiting[:size]
        more = len(waiting) > size
        resume = str(shown[-1] if shown else upper)
        if self.disorderly:
            shown = (shown[1::2] + shown[::2]) * 2
        entries = (entry(number, left_out=number in self.left_out) for number in shown)
        return Page(tuple(entries), resume if more else None)

    async def reaches(self, place: str) -> bool:
        if self.refuses_to_reach:
            raise self.refuses_to_reach
        return any(number <= int(place) for number in self._shown())

    def is_old(self, place: str) -> bool:
        return int(place) in self.old

    def rest(self, place: str) -> str:
        now = self.now
        return place if now is None else str(max(1, min(int(place), now - self.lateness)))


def ids(page: TimelinePage) -> list[int]:
    return [int(post.id) for post in page.posts]


async def drain(shelf: Shelf, cursor: str | None, limits: Sequence[int]) -> list[int]:
    """Read until nothing more comes; every answer is checked on the way."""
    seen: list[int] = []
    for turn in range(10_000):
        limit = limits[turn % len(limits)]
        page = await read(shelf, "x", cursor, limit)
        assert len(page.posts) <= limit
        assert ids(page) == sorted(ids(page))
        assert page.gap is None
        cursor = page.cursor
        seen += ids(page)
        if not page.posts:
            return seen
    raise AssertionError("reading does not end")


@settings(deadline=None, max_examples=300)
@given(
    history=st.integers(0, 30),
    waves=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 25)), max_size=12),
    page_sizes=st.lists(st.integers(0, 9), max_size=30),
    between=st.lists(st.integers(0, 5), max_size=30),
    disorderly=st.booleans(),
)
async def test_every_post_comes_once_and_in_order(
    history: int,
    waves: list[tuple[int, int]],
    page_sizes: list[int],
    between: list[int],
    *,
    disorderly: bool,
) -> None:
    shelf = Shelf(page_sizes=page_sizes, disorderly=disorderly)
    shelf.arrive(history + 1)
    first = await read(shelf, "x", None, 1)
    seen, cursor = ids(first), first.cursor
    shelf.arrivals_between_pages = between
    for arriving, limit in waves:
        shelf.arrive(arriving)
        page = await read(shelf, "x", cursor, limit)
        assert len(page.posts) <= limit
        assert ids(page) == sorted(ids(page))
        seen += ids(page)
        cursor = page.cursor
    shelf.arrivals_between_pages = []
    seen += await drain(shelf, cursor, [1, 7, 20])
    assert sorted(seen) == list(range(seen[0], max(shelf.posts) + 1))


@settings(deadline=None, max_examples=200)
@given(
    waiting=st.integers(1, 80),
    limit=st.integers(1, 20),
    page_sizes=st.lists(st.integers(1, 6), max_size=40),
    failing=st.lists(st.booleans(), max_size=25),
)
async def test_failing_pages_lose_and_repeat_nothing(
    waiting: int, limit: int, page_sizes: list[int], failing: list[bool]
) -> None:
    shelf = Shelf(posts=[1])
    cursor = (await read(shelf, "x", None, 5)).cursor
    shelf.arrive(waiting)
    shelf.page_sizes, shelf.failing_pages = page_sizes, failing
    seen: list[int] = []
    while shelf.failing_pages:
        try:
            page = await read(shelf, "x", cursor, limit)
        except BusyVendorError:
            continue
        seen += ids(page)
        cursor = page.cursor
    seen += await drain(shelf, cursor, [limit])
    assert sorted(seen) == list(range(2, waiting + 2))


@settings(deadline=None, max_examples=300)
@given(
    delays=st.lists(st.integers(0, 9), min_size=2, max_size=60),
    pauses=st.lists(st.integers(1, 20), min_size=1, max_size=20),
    page_sizes=st.lists(st.integers(1, 9), max_size=40),
    limits=st.lists(st.integers(1, 12), min_size=1, max_size=5),
)
async def test_posts_that_come_in_late_are_neither_lost_nor_repeated(
    delays: list[int], pauses: list[int], page_sizes: list[int], limits: list[int]
) -> None:
    written = range(101, 101 + len(delays))
    comes = {number: number + delay for number, delay in zip(written, delays, strict=True)}
    shelf = Shelf(posts=[100], page_sizes=page_sizes, now=100, lateness=9)
    cursor: str | None = (await read(shelf, "x", None, 5)).cursor
    seen: list[int] = []
    for turn in range(200):
        assert shelf.now is not None
        shelf.now += pauses[turn % len(pauses)]
        shelf.posts = [100, *(number for number in written if comes[number] <= shelf.now)]
        page = await read(shelf, "x", cursor, limits[turn % len(limits)])
        assert page.gap is None
        cursor = page.cursor
        seen += ids(page)
    assert sorted(seen) == list(written)
    assert cursor == f"x.1.{written[-1]}.."


async def test_an_answer_that_was_lost_comes_again_late_posts_and_all() -> None:
    shelf = Shelf(posts=[1, 5], now=6, lateness=4)
    cursor = (await read(shelf, "x", None, 5)).cursor
    shelf.posts += [3, 6]
    lost = await read(shelf, "x", cursor, 5)
    assert ids(lost) == [3, 6]
    assert await read(shelf, "x", cursor, 5) == lost
    assert ids(await read(shelf, "x", lost.cursor, 5)) == []


async def test_what_was_given_above_the_floor_is_remembered_within_bounds() -> None:
    shelf = Shelf(posts=[1], now=1, lateness=1000)
    cursor = (await read(shelf, "x", None, 5)).cursor
    shelf.arrive(900)
    seen: list[int] = []
    for _ in range(40):
        page = await read(shelf, "x", cursor, 300)
        seen += ids(page)
        cursor = page.cursor
        assert len(str(cursor)) < 1000
        shelf.now = max(shelf.posts)
    assert sorted(set(seen)) == list(range(2, 902))


async def test_what_is_left_out_is_passed_by_once() -> None:
    shelf = Shelf(posts=[1], left_out=frozenset(range(2, 9)))
    cursor = (await read(shelf, "x", None, 5)).cursor
    shelf.arrive(7)
    page = await read(shelf, "x", cursor, 5)
    assert (page.posts, page.cursor) == ([], "x.1.8..")
    shelf.arrive(1)
    assert ids(await read(shelf, "x", page.cursor, 5)) == [9]


@settings(deadline=None, max_examples=100)
@given(
    waiting=st.integers(1, 60),
    left_out=st.frozensets(st.integers(2, 60)),
    page_sizes=st.lists(st.integers(1, 6), max_size=30),
    limit=st.integers(1, 9),
)
async def test_every_post_between_those_left_out_comes_once(
    waiting: int, left_out: frozenset[int], page_sizes: list[int], limit: int
) -> None:
    shelf = Shelf(posts=[1])
    cursor = (await read(shelf, "x", None, 1)).cursor
    shelf.arrive(waiting)
    shelf.left_out, shelf.page_sizes = left_out, page_sizes
    seen: list[int] = []
    while cursor != f"x.1.{waiting + 1}..":
        page = await read(shelf, "x", cursor, limit)
        cursor = page.cursor
        seen += ids(page)
    assert sorted(seen) == [number for number in range(2, waiting + 2) if number not in left_out]


async def test_the_first_reading_takes_the_newest_and_leaves_history_alone() -> None:
    shelf = Shelf(posts=list(range(1, 51)))
    first = await read(shelf, "x", None, 10)
    assert ids(first) == list(range(41, 51))
    assert ids(await read(shelf, "x", first.cursor, 10)) == []


async def test_an_empty_timeline_gives_no_cursor_yet() -> None:
    page = await read(Shelf(), "x", None, 10)
    assert (page.posts, page.cursor) == ([], None)


async def test_newer_posts_come_in_the_call_that_reaches_the_floor() -> None:
    shelf = Shelf(posts=[1])
    cursor = (await read(shelf, "x", None, 5)).cursor
    shelf.arrive(6)  # 2..7
    first = await read(shelf, "x", cursor, 4)
    shelf.arrive(2)  # 8, 9
    second = await read(shelf, "x", first.cursor, 4)
    assert (ids(first), ids(second)) == ([4, 5, 6, 7], [2, 3, 8, 9])


async def test_posts_that_fell_out_of_the_platforms_memory_are_reported() -> None:
    shelf = Shelf(posts=[1], depth=12)
    cursor = (await read(shelf, "x", None, 5)).cursor
    shelf.arrive(30)  # 2..31, of which 20..31 are shown
    first = await read(shelf, "x", cursor, 8)
    second = await read(shelf, "x", first.cursor, 8)
    assert first.gap is None
    assert second.gap is not None
    assert (second.gap.after, second.gap.before) == ("1", "20")
    assert ids(first) + ids(second) == [*range(24, 32), *range(20, 24)]


async def test_an_old_floor_is_checked_even_after_one_page() -> None:
    shelf = Shelf(posts=[8, 9], old=(1,))
    page = await read(shelf, "x", "x.1.1..", 10)
    assert page.gap is not None
    assert page.gap.before == "8"


@pytest.mark.parametrize(
    "refusal", [FloorRefusedError("x"), RefusedByVendorError("x", "it is too old")]
)
async def test_a_look_for_an_old_floor_that_is_refused_is_a_gap_and_no_end(
    refusal: VendorError,
) -> None:
    shelf = Shelf(posts=[1, 8, 9], old=(1,), refuses_to_reach=refusal)
    page = await read(shelf, "x", "x.1.1..", 10)
    assert page.gap is not None
    assert (ids(page), page.cursor) == ([8, 9], "x.1.9..")


async def test_a_quiet_timeline_is_no_gap_however_old_the_floor() -> None:
    page = await read(Shelf(old=(1,)), "x", "x.1.1..", 10)
    assert (page.posts, page.gap, page.cursor) == ([], None, "x.1.1..")


async def test_a_deep_reading_that_reaches_the_floor_reports_no_gap() -> None:
    shelf = Shelf(posts=[1])
    cursor = (await read(shelf, "x", None, 5)).cursor
    shelf.arrive(30)
    assert len(await drain(shelf, cursor, [8])) == 30


async def test_a_floor_that_the_platform_refuses_is_a_gap_and_a_new_beginning() -> None:
    shelf = Shelf(posts=list(range(5, 25)), refused_floors=("3",))
    page = await read(shelf, "x", "x.1.3..", 10)
    assert ids(page) == list(range(15, 25))
    assert page.gap is not None
    assert (page.gap.after, page.gap.before) == ("3", "15")
    assert page.cursor == "x.1.24.."


async def test_a_cursor_of_another_platform_begins_anew_and_says_so() -> None:
    page = await read(Shelf(posts=[1, 2]), "x", "mastodon.1.77..", 10)
    assert ids(page) == [1, 2]
    assert page.gap is not None


@pytest.mark.parametrize("cursor", ["", "17", "x.1.17", "x.2.1..", "x.1.1;2.."])
async def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadRequestError, match="no cursor"):
        await read(Shelf(), "x", cursor, 10)
