"""Reading X's query strings: known parameters only, each within its range."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.sandbox.x.errors import invalid

Vocabulary = Literal["tweet", "post"]

PAGING = {"max_results", "since_id", "until_id", "pagination_token", "start_time", "end_time"}
FIELDS = {"tweet.fields", "post.fields", "expansions", "user.fields", "media.fields"} | {
    "poll.fields",
    "place.fields",
}
PAGE_MARK = "7140"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class PageQuery:
    """Which slice of a timeline is asked for; ids and times are exclusive lower, upper bounds."""

    max_results: int
    since_id: int
    until_id: int | None
    start: float | None
    end: float | None
    exclude: frozenset[str]


@dataclass(frozen=True)
class FieldsQuery:
    """Which fields are asked for, and whether in the words of before or after August 2026."""

    vocabulary: Vocabulary
    fields: frozenset[str]
    expansions: frozenset[str]


def check_names(query: Mapping[str, str], known: set[str]) -> None:
    for name, value in query.items():
        if name not in known:
            listed = ",".join(sorted(known))
            raise invalid(name, value, f"The query parameter [{name}] is not one of [{listed}]")


def page_query(query: Mapping[str, str], *, default: int, least: int = 1) -> PageQuery:
    exclude = _listed(query, "exclude")
    if unknown := exclude - {"replies", "retweets"}:
        raise invalid("exclude", query["exclude"], f"unknown value [{', '.join(sorted(unknown))}]")
    until = _post_id(query, "until_id")
    if "pagination_token" in query:
        resumed = _read_token(query["pagination_token"])
        until = resumed if until is None else min(until, resumed)
    return PageQuery(
        max_results=_max_results(query, default, least),
        since_id=_post_id(query, "since_id") or 0,
        until_id=until,
        start=_time(query, "start_time"),
        end=_time(query, "end_time"),
        exclude=exclude,
    )


def fields_query(query: Mapping[str, str], accepted: str) -> FieldsQuery:
    """`accepted` is the vocabulary setting: an API may know either parameter, or both."""
    vocabulary: Vocabulary = "post" if "post.fields" in query else "tweet"
    name = f"{vocabulary}.fields"
    if name in query and accepted not in {"both", vocabulary}:
        raise invalid(name, query[name], f"The query parameter [{name}] is not supported")
    if accepted == "post":
        vocabulary = "post"
    return FieldsQuery(vocabulary, _listed(query, name), _listed(query, "expansions"))


def page_token(last_id: int) -> str:
    """An opaque token that resumes below the last id of a page."""
    digits = ""
    while last_id:
        last_id, digit = divmod(last_id, 36)
        digits = DIGITS[digit] + digits
    return PAGE_MARK + digits


def _read_token(token: str) -> int:
    if token.startswith(PAGE_MARK):
        try:
            return int(token.removeprefix(PAGE_MARK), 36)
        except ValueError:
            pass
    raise invalid(
        "pagination_token",
        token,
        f"The `pagination_token` query parameter value [{token}] is not valid",
    )


def _listed(query: Mapping[str, str], name: str) -> frozenset[str]:
    return frozenset(filter(None, query.get(name, "").split(",")))


def _max_results(query: Mapping[str, str], default: int, least: int) -> int:
    value = query.get("max_results", str(default))
    if value.isdecimal() and least <= int(value) <= 100:
        return int(value)
    raise invalid(
        "max_results",
        value,
        f"The `max_results` query parameter value [{value}] is not between {least} and 100",
    )


def _post_id(query: Mapping[str, str], name: str) -> int | None:
    value = query.get(name)
    if value is None:
        return None
    if value.isascii() and value.isdecimal() and len(value) <= 19:
        return int(value)
    raise invalid(name, value, f"The `{name}` query parameter value [{value}] is not valid")


def _time(query: Mapping[str, str], name: str) -> float | None:
    value = query.get(name)
    if value is None:
        return None
    try:
        return datetime.fromisoformat(value).timestamp()
    except ValueError:
        raise invalid(
            name, value, f"The `{name}` query parameter value [{value}] is not RFC 3339"
        ) from None
