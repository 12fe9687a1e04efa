"""Pages, newest first. A cursor is a time; digits past its milliseconds tell posts apart."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import dropwhile, islice

from starlette.requests import Request

from services.sandbox.bluesky.errors import invalid
from services.sandbox.snowflakes import EPOCH_MS, LOW_BITS
from services.sandbox.timeline import Post
from services.sandbox.x.posts import timestamp

CURSOR = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{3})(\d{7})?Z", re.ASCII)
MOST = 100


def page(request: Request, posts: Iterable[Post]) -> tuple[list[Post], dict[str, str]]:
    """A page of the posts and, where more follow, the cursor to them; raises Bluesky's 400."""
    query = request.query_params
    limit = query.get("limit", "50")
    if not limit.isdecimal() or not 1 <= int(limit) <= MOST:
        raise invalid(f"Error: Params must have the property limit between 1 and {MOST}")
    below = _read(query["cursor"]) if query.get("cursor") else None
    rest = posts if below is None else dropwhile(lambda post: post.id >= below, posts)
    found = list(islice(rest, int(limit) + 1))
    shown = found[: int(limit)]
    return shown, {"cursor": cursor_at(shown[-1])} if len(found) > len(shown) else {}


def cursor_at(post: Post) -> str:
    low = post.id & ((1 << LOW_BITS) - 1)
    return f"{timestamp(post.created).removesuffix('Z')}{low:07d}Z"


def _read(cursor: str) -> int:
    match = CURSOR.fullmatch(cursor)
    if match is None:
        raise invalid("Malformed cursor")
    try:
        seconds = datetime.fromisoformat(match[1]).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise invalid("Malformed cursor") from None
    return (int(seconds) * 1000 + int(match[2]) - EPOCH_MS) << LOW_BITS | int(match[3] or 0)
