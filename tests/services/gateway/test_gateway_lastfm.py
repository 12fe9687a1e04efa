"""Genres and songs from the sandbox's Last.fm, and that its key is told to nobody."""

from __future__ import annotations

import logging
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from structlog.testing import capture_logs

from services.gateway.app import create_app
from services.gateway.catalogues.answers import Answers
from services.gateway.catalogues.catalogue import Artist
from services.gateway.catalogues.lastfm import LastFm
from services.gateway.catalogues.songs import Songs
from services.gateway.settings import GatewaySettings
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import (
    BusyVendorError,
    CredentialsError,
    FailedVendorError,
    RefusedByVendorError,
    SilentVendorError,
    UnreachableError,
    VendorError,
)
from services.sandbox.catalogue.identity import musicbrainz_id

if TYPE_CHECKING:
    from tests.services.gateway.conftest import Sandbox, StartSandbox

KEY = "0123456789abcdef-key"


@asynccontextmanager
async def lastfm_at(
    base: str, metrics: VendorMetrics, interval: float = 0.0
) -> AsyncIterator[LastFm]:
    lastfm = LastFm(f"{base}/lastfm", KEY, VendorCalls("lastfm", 6.0, metrics), interval)
    try:
        yield lastfm
    finally:
        await lastfm.close()


async def test_tags_that_are_genres_are_taken(sandbox: Sandbox, metrics: VendorMetrics) -> None:
    async with lastfm_at(sandbox.base, metrics) as lastfm:
        genres = await lastfm.genres(Artist("Beach House"))
    assert "dream pop" in genres
    assert "seen live" not in genres


async def test_tags_of_a_few_people_are_left_out(
    start_sandbox: StartSandbox, metrics: VendorMetrics, tmp_path: Path
) -> None:
    genres = [
        "folk", "rock", "pop", "jazz", "soul", "funk", "metal", "house", "techno", "trance",
        "dub", "disco", "reggae", "ska", "punk", "grunge", "emo", "blues",
    ]  # fmt: skip
    row = f"Home,Zeta,{'|'.join(genres)}"
    (tmp_path / "songs.csv").write_text(f"title,artist,genres\n{row}\n")
    base = start_sandbox(catalogue=tmp_path / "songs.csv", lastfm_per_second=0).base
    async with lastfm_at(base, metrics) as lastfm:
        taken = await lastfm.genres(Artist("Zeta"))
    assert taken[:3] == ["folk", "rock", "pop"]
    assert "blues" not in taken


async def test_the_only_tag_of_an_artist_is_taken(
    start_sandbox: StartSandbox, metrics: VendorMetrics, tmp_path: Path
) -> None:
    (tmp_path / "songs.csv").write_text("title,artist,genres\nHome,Zeta,folk\nAway,Eta,\n")
    base = start_sandbox(catalogue=tmp_path / "songs.csv").base
    async with lastfm_at(base, metrics) as lastfm:
        assert await lastfm.genres(Artist("Zeta")) == ["folk"]
        assert await lastfm.genres(Artist("Eta")) == []


async def test_an_artist_is_asked_for_by_id_and_by_name_where_the_id_is_unknown(
    sandbox: Sandbox, metrics: VendorMetrics
) -> None:
    async with lastfm_at(sandbox.base, metrics) as lastfm:
        by_name = await lastfm.genres(Artist("M83"))
        by_id = await lastfm.genres(Artist("another name", {"musicbrainz": musicbrainz_id("M83")}))
        in_the_end = await lastfm.genres(Artist("M83", {"musicbrainz": "unknown"}))
    assert by_name
    assert by_name == by_id == in_the_end


async def test_nobody_plays_nothing(sandbox: Sandbox, metrics: VendorMetrics) -> None:
    async with lastfm_at(sandbox.base, metrics) as lastfm:
        assert await lastfm.genres(Artist("Nobody Of That Name")) == []


async def test_songs_are_found_with_lastfm_alone(
    sandbox: Sandbox, metrics: VendorMetrics, engine: Engine
) -> None:
    async with lastfm_at(sandbox.base, metrics) as lastfm:
        songs = Songs([lastfm], Answers(engine))
        song = await songs.find("midnight citty (feat. Mara Vale)", "M83")
        nothing = await songs.find("No Such Song At All", "Nobody")
    assert song is not None
    assert (song.title, song.artists, song.genres_from) == ("Midnight City", ["M83"], "lastfm")
    assert song.url is not None
    assert song.url.startswith("https://www.last.fm/music/")
    assert song.genres
    assert nothing is None


LASTFM_FAULTS: list[tuple[dict[str, object], type[VendorError]]] = [
    ({"fault": "status", "status": 429}, BusyVendorError),
    ({"fault": "status", "status": 429, "body": "too many"}, BusyVendorError),
    ({"fault": "status", "status": 403}, CredentialsError),
    ({"fault": "status", "status": 403, "body": '{"error": 26}'}, CredentialsError),
    ({"fault": "status", "status": 400, "body": '{"error": 3}'}, RefusedByVendorError),
    ({"fault": "status", "status": 404, "body": "not here"}, RefusedByVendorError),
    ({"fault": "status", "status": 400, "body": '{"error": 8}', "times": 2}, FailedVendorError),
    ({"fault": "status", "status": 400, "body": '{"error": []}', "times": 2}, FailedVendorError),
    ({"fault": "status", "status": 503, "times": 2}, FailedVendorError),
    ({"fault": "status", "status": 302, "body": "{}", "times": 2}, FailedVendorError),
    ({"fault": "html", "status": 502, "times": 2}, FailedVendorError),
    ({"fault": "half", "times": 2}, FailedVendorError),
    ({"fault": "reset", "times": 2}, FailedVendorError),
    ({"fault": "timeout", "seconds": 60}, SilentVendorError),
    ({"fault": "drip", "seconds": 60}, SilentVendorError),
]


@pytest.mark.parametrize(("fault", "error"), LASTFM_FAULTS)
async def test_every_fault_is_a_typed_error_that_does_not_tell_the_key(
    sandbox: Sandbox,
    metrics: VendorMetrics,
    caplog: pytest.LogCaptureFixture,
    fault: dict[str, object],
    error: type[VendorError],
) -> None:
    caplog.set_level(logging.DEBUG)
    sandbox.plan("lastfm", **fault)  # type: ignore[arg-type]  # a fault as JSON
    async with lastfm_at(sandbox.base, metrics) as lastfm:
        with capture_logs() as events, pytest.raises(error) as raised:
            await lastfm.tracks("Midnight City", "M83")
    assert events
    # The sandbox runs in this process, and its server logs the addresses it was asked for.
    logged = [record for record in caplog.records if not record.name.startswith("uvicorn")]
    messages = [record.getMessage() for record in logged]
    told = "".join(traceback.format_exception(raised.value))
    assert KEY not in f"{told} {raised.value.detail} {raised.value!r} {events} {messages}"


@pytest.mark.parametrize(
    "body",
    [
        '{"toptags": {"tag": [{"name": "folk"}]}}',
        '{"toptags": {"tag": [{"name": "folk", "count": "many"}]}}',
        '{"toptags": {"tag": 3}}',
        "{}",
        "[]",
    ],
)
async def test_an_answer_in_no_known_shape_is_a_failure(
    sandbox: Sandbox, metrics: VendorMetrics, body: str
) -> None:
    for _ in range(2):
        sandbox.plan("lastfm", "status", status=202, body=body)
    async with lastfm_at(sandbox.base, metrics) as lastfm:
        with pytest.raises(FailedVendorError):
            await lastfm.genres(Artist("M83"))


async def test_a_vendor_that_is_not_there_does_not_tell_the_key(metrics: VendorMetrics) -> None:
    async with lastfm_at("http://127.0.0.1:9", metrics) as lastfm:
        with pytest.raises(UnreachableError) as raised:
            await lastfm.genres(Artist("M83"))
    assert KEY not in "".join(traceback.format_exception(raised.value))


async def test_it_is_asked_at_its_pace(start_sandbox: StartSandbox, metrics: VendorMetrics) -> None:
    sandbox = start_sandbox(lastfm_per_second=5)
    async with lastfm_at(sandbox.base, metrics, interval=30.0) as lastfm:
        await lastfm.genres(Artist("M83"))
        with pytest.raises(BusyVendorError, match="waiting"):
            await lastfm.genres(Artist("Lorde"))


async def test_a_wrong_key_names_the_setting(
    start_sandbox: StartSandbox, metrics: VendorMetrics
) -> None:
    sandbox = start_sandbox(lastfm_api_key="another")
    async with lastfm_at(sandbox.base, metrics) as lastfm:
        with pytest.raises(CredentialsError, match="LASTFM_API_KEY"):
            await lastfm.genres(Artist("M83"))


async def test_a_gateway_asks_lastfm_when_it_is_told_to(
    sandbox: Sandbox,
    settings: Callable[..., GatewaySettings],
    open_app: Callable[[FastAPI], Any],
) -> None:
    told = {"catalogues": "lastfm", "lastfm_url": f"{sandbox.base}/lastfm", "lastfm_api_key": KEY}
    async with open_app(create_app(settings(sandbox.base, **told))) as client:
        song = await client.get("/v1/songs", params={"title": "Midnight City", "artist": "M83"})
    assert song.status_code == 200
    assert song.json()["genres_from"] == "lastfm"


async def test_a_gateway_without_a_key_says_which_setting_is_missing(
    settings: Callable[..., GatewaySettings], open_app: Callable[[FastAPI], Any]
) -> None:
    async with open_app(create_app(settings(catalogues="lastfm"))) as client:
        answer = await client.get("/v1/songs", params={"title": "Hurt"})
    assert answer.status_code == 503
    assert "LASTFM_API_KEY" in answer.json()["detail"]
