"""Bluesky's names, and a look at what lies in the sandbox's repository."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from services.gateway.timelines.timeline import Intent

if TYPE_CHECKING:
    from tests.services.gateway.conftest import Sandbox

HANDLE = "deephypebot.bsky.social"
LOGIN, REFRESH = "createSession", "refreshSession"
ASKED_AT = datetime(2026, 11, 22, 8, 0, 0, 123456, UTC)
# Opens something for as long as a block lasts.
Open = Callable[..., Any]


def intent(text: str, key: str = "key", asked_at: datetime = ASKED_AT) -> Intent:
    return Intent(key, text, asked_at)


def record(sandbox: Sandbox, rkey: str) -> dict[str, Any]:
    place = {"repo": HANDLE, "collection": "app.bsky.feed.post", "rkey": rkey}
    answer = sandbox.http.get("/bluesky/xrpc/com.atproto.repo.getRecord", params=place)
    value: dict[str, Any] = answer.raise_for_status().json()["value"]
    return value


def no_more(sandbox: Sandbox, *calls: str) -> None:
    """Whoever makes one of these calls from now on fails."""
    for call in calls:
        sandbox.plan("bluesky", "status", path=call, status=500, times=1000)
