"""Bluesky's session: kept, shared, refreshed, and a login where there is none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import structlog

from services.gateway.timelines.bluesky import BlueskyTimeline
from services.gateway.timelines.bluesky_session import Login, Session, SessionFile
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import (
    CredentialsError,
    FailedVendorError,
)
from tests.services.gateway.on_bluesky import HANDLE, LOGIN, REFRESH, intent, no_more

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.gateway.clock import Clock
    from tests.services.gateway.conftest import Sandbox, StartSandbox
    from tests.services.gateway.on_bluesky import Open


async def test_the_session_outlives_the_process(sandbox: Sandbox, open_bluesky: Open) -> None:
    with open_bluesky(sandbox.base) as timeline:
        await timeline.publish(intent("before"))
    no_more(sandbox, LOGIN, REFRESH)
    with open_bluesky(sandbox.base) as timeline:
        assert len(await timeline.find(intent("before"))) == 1


def test_a_session_is_kept_where_only_its_owner_reads_it(tmp_path: Path) -> None:
    kept = SessionFile(tmp_path / "data" / "bluesky.session")
    for access in ("first", "second"):
        session = Session("https://bsky.test", HANDLE, "did:plc:us", access, "refresh")
        kept.write(session)
        assert kept.read() == session
    assert kept.path.stat().st_mode & 0o777 == 0o600
    assert list(kept.path.parent.iterdir()) == [kept.path]


async def test_an_expired_token_is_refreshed_and_the_new_one_kept(
    sandbox: Sandbox, open_bluesky: Open, clock: Clock
) -> None:
    with open_bluesky(sandbox.base) as timeline:
        await timeline.posts(None, 1)
        no_more(sandbox, LOGIN)
        clock.now += 7200
        await timeline.publish(intent("two hours later"))
    no_more(sandbox, REFRESH)
    with open_bluesky(sandbox.base) as timeline:
        assert len(await timeline.find(intent("two hours later"))) == 1
    assert sandbox.texts() == ["two hours later"]


async def test_a_session_that_ended_altogether_is_followed_by_a_login(
    sandbox: Sandbox, bluesky_timeline: BlueskyTimeline, clock: Clock
) -> None:
    await bluesky_timeline.posts(None, 1)
    clock.now += 91 * 24 * 3600
    await bluesky_timeline.publish(intent("after the holidays"))
    assert sandbox.texts() == ["after the holidays"]


async def test_many_callers_share_one_login(
    sandbox: Sandbox, bluesky_timeline: BlueskyTimeline, clock: Clock
) -> None:
    sandbox.plan("bluesky", "status", path=LOGIN, status=429, times=1000, after=1)
    await asyncio.gather(*(bluesky_timeline.posts(None, 1) for _ in range(6)))
    sandbox.plan("bluesky", "status", path=REFRESH, status=429, times=1000, after=1)
    clock.now += 7200
    await asyncio.gather(*(bluesky_timeline.posts(None, 1) for _ in range(6)))


@pytest.mark.parametrize("content", ["", "nonsense", "[]", '{"did": "did:plc:x"}', "\xff"])
async def test_a_session_file_that_is_none_costs_a_login(
    sandbox: Sandbox, open_bluesky: Open, tmp_path: Path, content: str
) -> None:
    (tmp_path / "bluesky.session").write_text(content, encoding="latin-1")
    with open_bluesky(sandbox.base) as timeline:
        await timeline.publish(intent("in all the same"))
    assert sandbox.texts() == ["in all the same"]


async def test_another_account_does_not_take_the_session_that_lies_there(
    sandbox: Sandbox, open_bluesky: Open
) -> None:
    with open_bluesky(sandbox.base) as timeline:
        first = await timeline.publish(intent("one"))
    with open_bluesky(sandbox.base, "another.bsky.social") as timeline:
        second = await timeline.publish(intent("two"))
    assert first.id.partition("~")[0] != second.id.partition("~")[0]


async def test_a_folder_that_takes_no_session_stops_nothing(
    sandbox: Sandbox, metrics: VendorMetrics, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    login = Login(f"{sandbox.base}/bluesky", HANDLE, "secret")
    calls = VendorCalls("bluesky", 3.0, metrics)
    timeline = BlueskyTimeline(login, tmp_path / "file" / "session", "{author}/{id}", calls)
    await timeline.publish(intent("words"))
    timeline.close()
    assert sandbox.texts() == ["words"]


async def test_a_wrong_password_is_named_and_not_tried_again_at_once(
    start_sandbox: StartSandbox, open_bluesky: Open
) -> None:
    sandbox = start_sandbox(bluesky_password="right")
    with open_bluesky(sandbox.base, password="wrong") as timeline:
        for _ in range(2):
            with pytest.raises(CredentialsError, match="BLUESKY_HANDLE and BLUESKY_APP_PASSWORD"):
                await timeline.posts(None, 1)
            no_more(sandbox, LOGIN)


async def test_secrets_are_in_no_log(
    sandbox: Sandbox, open_bluesky: Open, clock: Clock, tmp_path: Path
) -> None:
    kept: list[Session] = []
    with structlog.testing.capture_logs() as logs, open_bluesky(sandbox.base) as timeline:
        for seconds in (0, 7200, 91 * 24 * 3600):
            clock.now += seconds
            await timeline.posts(None, 1)
            kept += filter(None, [SessionFile(tmp_path / "bluesky.session").read()])
        no_more(sandbox, "")
        with pytest.raises(FailedVendorError):
            await timeline.posts(None, 1)
    secrets = {"secret", *(each.access for each in kept), *(each.refresh for each in kept)}
    assert len(secrets) == 7
    told = f"{logs} {kept} {timeline.session.login}"
    assert [secret for secret in secrets if f"{secret}" in told] == []
