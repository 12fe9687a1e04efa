"""Logging in: how long it lasts, where it leads, and how fast one may guess."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.common.problems import OverloadedError
from services.gateway.pages import throttle
from services.gateway.pages.throttle import WrongKeys

Fixture = Any  # the builders of conftest.py, which is no module to import from
MASTER, OLE = "key-of-the-services", "key-of-ole-the-first"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def guarded(make_app: Fixture, clock: Clock) -> Any:  # noqa: ANN401 - an async generator
    app = make_app(api_keys=MASTER, people=f"Ole:operate:{OLE}", session_hours=2)
    async with app.router.lifespan_context(app):
        app.state.wrong_keys = WrongKeys(clock)
        yield app


async def login(browser: Fixture, key: str) -> httpx.Response:
    answer: httpx.Response = await browser.submit(await browser.read("/login"), "/login", key=key)
    return answer


async def test_guessing_is_slow_and_locks_out_nobody_else(
    guarded: FastAPI, open_browser: Callable[..., Fixture], clock: Clock
) -> None:
    guesser, other = open_browser(guarded), open_browser(guarded, address="10.0.0.9")
    statuses = [(await login(guesser, f"guess-{number}")).status_code for number in range(6)]
    assert statuses == [401] * 5 + [429]
    refused = await login(guesser, MASTER)
    assert refused.status_code == 429, "a right key would tell the guesser that it is right"
    assert refused.headers["retry-after"] == "60"
    assert (await login(other, MASTER)).url.path == "/curate"
    clock.now += 61
    assert (await login(guesser, MASTER)).url.path == "/curate"


def refused(wrong: WrongKeys, address: str) -> bool:
    try:
        wrong.refuse(address)
    except OverloadedError:
        return True
    return False


def test_an_ipv6_address_answers_for_its_network() -> None:
    wrong = WrongKeys()
    for number in range(throttle.MOST_WRONG):
        wrong.note(f"2001:db8:0:7::{number:x}")
    assert refused(wrong, "2001:db8:0:7:ffff::1")
    assert not refused(wrong, "2001:db8:0:8::1")


def test_many_addresses_are_not_remembered_for_ever() -> None:
    wrong = WrongKeys(most_addresses=2)
    for address in ("10.0.0.1", "10.0.0.2", "10.0.0.3"):
        for _ in range(throttle.MOST_WRONG):
            wrong.note(address)
    assert [refused(wrong, f"10.0.0.{last}") for last in (1, 2, 3)] == [False, True, True]


async def test_the_session_lasts_as_long_as_is_set(
    guarded: FastAPI, open_browser: Callable[..., Fixture]
) -> None:
    browser = open_browser(guarded)
    assert "2 hours" in (await browser.read("/login")).text
    answer = await login(browser, OLE)
    assert "max-age=7200" in answer.history[0].headers["set-cookie"].lower()


async def test_each_comes_to_the_first_page_that_is_theirs(
    guarded: FastAPI, open_browser: Callable[..., Fixture]
) -> None:
    assert (await login(open_browser(guarded), MASTER)).url.path == "/curate"
    ole = open_browser(guarded)
    assert (await login(ole, OLE)).url.path == "/status"
    page = await ole.read("/status")
    links = {value for name, value in page.attributes if name == "href"}
    assert {"/status", "/audit"} <= links
    assert "/curate" not in links
    assert {form.action for form in page.forms} == {"/logout"}, "pausing is not his"


async def test_who_lacks_a_role_is_told_which(
    guarded: FastAPI, open_browser: Callable[..., Fixture]
) -> None:
    browser = open_browser(guarded)
    await login(browser, OLE)
    answer = await browser.get("/curate")
    assert answer.status_code == 403
    assert "the role &#39;curate&#39;, and your key has &#39;operate&#39;" in answer.text
