"""What keeps strangers, other sites and hostile text out of the pages."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import SecretStr

from services.gateway.pages.login import within_this_site
from services.gateway.pages.routes import ROOMS, router
from services.gateway.pages.sessions import open_session, session_key
from services.gateway.sheets.local import LocalSheet

Fixture = Any  # the builders of conftest.py, which is no module to import from

ROUTES = [
    (method, route.path)
    for part in (*ROOMS, router)
    for route in part.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods or ())
]
FORMS = [path for method, path in ROUTES if method == "POST"]
HOSTILE = {
    "markup": "</textarea></p><img src=x onerror=alert(1)><script>alert(2)</script>",
    "quotes": '" onfocus="alert(3)" autofocus=" \'><b>',
    "template": "{{ settings.api_keys }}{% raw %}",
    "bidi": "left \u202eright to\u202c left \u2066\u2067",
    "long": "endless" * 1430,
}


def test_the_walk_over_the_routes_sees_all_pages() -> None:
    assert {("GET", "/curate"), ("GET", "/status"), ("POST", "/curate/approve")} <= set(ROUTES)
    assert len(FORMS) >= 6


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_every_answer_forbids_what_the_pages_do_not_need(
    browser: Fixture, method: str, path: str
) -> None:
    answer = await browser.http.request(method, path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_text_is_shown_as_text(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture, text: str
) -> None:
    short = text[:5000]
    await desk.upsert(
        [
            draft
            for number in (1, 2)
            for draft in drafts_for(
                number,
                texts=[short],
                post={"text": text, "author": short},
                song={"title": text, "artists": [text], "genres": [text], "genres_from": text},
            )
        ]
    )
    page = await browser.read("/curate")
    await browser.submit(page, "/curate/name", name=short[:50])
    await browser.submit(page, "/curate/approve", text=f"edited {short[:4000]}")
    after = await browser.read("/curate")
    for seen in (page, after):
        assert text in seen.text
        assert not {"script", "img", "b"} & set(seen.tags[seen.tags.index("main") :])
        assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert {"dialog", "aside"} <= set(after.tags), "nothing broke out of its element"
    assert f"edited {short[:100]}" in after.text


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,hi", "//x"])
async def test_only_web_addresses_become_links(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture, address: str
) -> None:
    await desk.upsert(drafts_for(1, post={"url": address}, song={"url": address}))
    page = await browser.read("/curate")
    assert ("href", address) not in page.attributes


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
    ],
    ids=str,
)
async def test_a_form_from_elsewhere_changes_nothing(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture, path: str, headers: dict[str, str]
) -> None:
    await desk.upsert(drafts_for(1))
    page = await browser.read("/curate")
    fields = page.forms[0].fields | {"name": "Mallory", "draft_id": "x:1:1"}
    answer = await browser.http.post(path, data=fields, headers=headers)
    assert answer.status_code == 403
    assert (await desk.decisions(None, 1)).decisions == []


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("token", ["", "guessed"])
async def test_a_form_without_the_cookies_token_changes_nothing(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture, path: str, token: str
) -> None:
    await desk.upsert(drafts_for(1))
    page = await browser.read("/curate")
    fields = page.forms[0].fields | {"draft_id": "x:1:1", "token": token}
    answer = await browser.http.post(path, data=fields)
    assert answer.status_code == 403
    assert (await desk.decisions(None, 1)).decisions == []


async def test_a_form_larger_than_any_curator_types_is_refused(browser: Fixture) -> None:
    answer = await browser.http.post("/curate/approve", data={"text": "a" * 300_000})
    assert answer.status_code == 413


async def test_without_keys_a_rebound_name_is_turned_away(
    app: FastAPI, open_browser: Callable[..., Fixture]
) -> None:
    answer = await open_browser(app, "http://rebound.example").get("/curate")
    assert answer.status_code == 403
    assert "API_KEYS" in answer.text


@pytest.fixture
async def guarded(make_app: Fixture) -> Any:  # noqa: ANN401 - an async generator
    app = make_app(api_keys="first-key,second-key")
    async with app.router.lifespan_context(app):
        yield app


PRIVATE = [(method, path) for method, path in ROUTES if path not in {"/login", "/logout"}]


@pytest.mark.parametrize(("method", "path"), PRIVATE)
async def test_with_keys_a_stranger_is_sent_to_the_login(
    guarded: FastAPI, open_browser: Callable[..., Fixture], method: str, path: str
) -> None:
    browser = open_browser(guarded)
    token = (await browser.read("/login")).forms[0].fields["token"]
    fields = {"token": token, "item_id": "x:1", "draft_id": "x:1:1", "version": "1"}
    answer = await browser.http.request(method, path, data=fields if method == "POST" else None)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=")


async def login(browser: Fixture, key: str, path: str = "/status?x=1") -> httpx.Response:
    answer = await browser.get(path)
    reader = type(await browser.read("/login"))
    response: httpx.Response = await browser.submit(reader(answer.text), "/login", key=key)
    return response


async def test_any_of_the_keys_opens_the_page_that_was_asked_for(
    guarded: FastAPI, open_browser: Callable[..., Fixture]
) -> None:
    for key in ("first-key", "second-key"):
        answer = await login(open_browser(guarded), key)
        assert str(answer.url).endswith("/status?x=1")


async def test_a_wrong_key_is_told_so(
    guarded: FastAPI, open_browser: Callable[..., Fixture]
) -> None:
    browser = open_browser(guarded)
    answer = await login(browser, "third-key")
    assert answer.status_code == 401
    assert "not known here" in answer.text
    assert (await browser.get("/curate")).url.path == "/login"


async def test_logging_out_closes_the_pages(
    guarded: FastAPI, open_browser: Callable[..., Fixture]
) -> None:
    browser = open_browser(guarded)
    await login(browser, "first-key")
    await browser.submit(await browser.read("/curate"), "/logout")
    assert (await browser.get("/curate")).url.path == "/login"


async def test_the_session_cookie_is_out_of_scripts_and_other_sites_reach(
    guarded: FastAPI, open_browser: Callable[..., Fixture]
) -> None:
    answer = await login(open_browser(guarded), "first-key")
    cookie = answer.history[-1].headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "first-key" not in cookie


def test_a_session_ends_with_its_key_and_with_its_time() -> None:
    key, other = SecretStr("first-key"), SecretStr("second-key")
    cookie = open_session(key, 60, now=1000.0)
    assert session_key(cookie, [other, key], now=1001.0) == key
    assert session_key(cookie, [other], now=1001.0) is None
    assert session_key(cookie, [key], now=1062.0) is None


@pytest.mark.parametrize(
    "cookie", ["", ".", "a.b.c", "a.99999999999.", "a.99999999999.é", "a" * 999]
)
def test_a_made_up_session_does_not_hold(cookie: str) -> None:
    assert session_key(cookie, [SecretStr("first-key")]) is None


@pytest.mark.parametrize(
    "address", ["https://x.example", "//x.example", "/\\x.example", "curate", "/a\r\nSet-Cookie: b"]
)
def test_the_login_leads_nowhere_else(address: str) -> None:
    assert within_this_site(address) == "/"


@pytest.mark.parametrize("expires", ["9" * 5000, "-1", "soon", "\u0662", ""])
def test_a_made_up_session_holds_nothing(expires: str) -> None:
    assert session_key(f"0a1b2c3d.{expires}.{'f' * 64}", [SecretStr("right")]) is None
