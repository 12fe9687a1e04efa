"""Reading Mastodon's query strings, which it forgives much, and the pages they ask for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import TypeVar
from urllib.parse import urlencode

from starlette.requests import Request

T = TypeVar("T")
STATUSES = 20
TRUE = {"1", "true", "t", "on", "yes"}


@dataclass(frozen=True)
class PageQuery:
    """Which slice of a timeline is asked for; ids are exclusive bounds."""

    limit: int
    max_id: int | None
    since_id: int | None
    min_id: int | None

    def page(self, newest_first: Iterable[T], number: Callable[[T], int]) -> list[T]:
        """One page, newest first: the oldest above `min_id` where that is given."""
        floor = max(self.since_id or 0, self.min_id or 0)
        above = takewhile(lambda each: number(each) > floor, newest_first)
        within = (each for each in above if self.max_id is None or number(each) < self.max_id)
        if self.min_id is None:
            return list(islice(within, self.limit))
        return list(within)[-self.limit :]


def page_query(query: Mapping[str, str], default: int = STATUSES) -> PageQuery:
    limit = query.get("limit", "")
    return PageQuery(
        limit=min(id_of(limit), 2 * default) if limit else default,
        max_id=_id(query, "max_id"),
        since_id=_id(query, "since_id"),
        min_id=_id(query, "min_id"),
    )


def link_header(address: str, query: list[tuple[str, str]], newest: int, oldest: int | None) -> str:
    """Where the pages before and after are; without `oldest` there is none after."""
    kept = [(name, value) for name, value in query if not name.endswith("_id")]

    def link(name: str, value: int, rel: str) -> str:
        return f'<{address}?{urlencode([*kept, (name, value)])}>; rel="{rel}"'

    links = [] if oldest is None else [link("max_id", oldest, "next")]
    return ", ".join([*links, link("min_id", newest, "prev")])


def site_of(request: Request) -> str:
    """The instance's own address."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}"


def id_of(text: str) -> int:
    """0, which no status has, for what is no id."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 20 else 0


def is_true(value: object) -> bool:
    return str(value).casefold() in TRUE


def _id(query: Mapping[str, str], name: str) -> int | None:
    value = query.get(name)
    return None if value is None else id_of(value)
