"""Songs and genres, from the sandbox's Spotify and MusicBrainz through the real clients."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine

from services.common.database import open_migrated
from services.gateway.app import MIGRATIONS, create_app
from services.gateway.catalogues.answers import Answers
from services.gateway.catalogues.catalogue import Artist, Track
from services.gateway.catalogues.songs import Songs
from services.gateway.settings import GatewaySettings
from services.gateway.vendor_calls import VendorMetrics
from services.gateway.vendor_errors import (
    BusyVendorError,
    CredentialsError,
    FailedVendorError,
    RefusedByVendorError,
    SilentVendorError,
    VendorError,
    WaitingLineError,
)
from tests.services.gateway.catalogues_at import calls_to, musicbrainz_at, songs_at, spotify_at

if TYPE_CHECKING:
    from tests.services.gateway.clock import Clock
    from tests.services.gateway.conftest import Sandbox, StartSandbox


async def test_a_misspelled_song_is_found_with_genres(
    sandbox: Sandbox, metrics: VendorMetrics, engine: Engine
) -> None:
    async with songs_at(sandbox.base, metrics, engine) as songs:
        song = await songs.find("midnight citty", "M83")
    assert song is not None
    assert (song.title, song.artists) == ("Midnight City", ["M83"])
    assert song.genres
    assert song.genres_from == "musicbrainz"
    assert 0.8 <= song.score < 1
    assert song.ids.keys() == {"spotify"}


@pytest.mark.parametrize("vendor", ["spotify", "musicbrainz"])
async def test_a_guest_or_an_edition_does_not_hide_a_song_of_a_common_name(
    start_sandbox: StartSandbox,
    metrics: VendorMetrics,
    engine: Engine,
    tmp_path: Path,
    vendor: str,
) -> None:
    common = [f"Home,Band {number},rock" for number in range(30)]
    songs = "\n".join(["title,artist,genres", *common, "Home,Zeta,folk"])
    (tmp_path / "songs.csv").write_text(songs)
    base = start_sandbox(catalogue=tmp_path / "songs.csv").base
    at: Callable[..., Any] = spotify_at if vendor == "spotify" else musicbrainz_at
    # The first search in a catalogue of one's own waits for its index.
    async with at(base, metrics, seconds=10.0) as catalogue:
        for title, artist in (
            ("Home (feat. Mara Vale)", "Zeta"),
            ("Home - 2011 Remaster", "Zeta ft. Mara Vale"),
        ):
            song = await Songs([catalogue], Answers(engine)).find(title, artist)
            assert song is not None
            assert (song.title, song.artists) == ("Home", ["Zeta"])


async def test_genres_come_from_spotify_where_it_gives_them(
    start_sandbox: StartSandbox, metrics: VendorMetrics, engine: Engine
) -> None:
    sandbox = start_sandbox(spotify_extended=True)
    async with songs_at(sandbox.base, metrics, engine) as songs:
        song = await songs.find("Midnight City", "M83")
    assert song is not None
    assert song.genres
    assert song.genres_from == "spotify"


async def test_an_app_that_is_told_no_genres_does_not_ask_for_every_artist(
    sandbox: Sandbox, metrics: VendorMetrics
) -> None:
    async with spotify_at(sandbox.base, metrics) as spotify:
        (known, *_), (other, *_) = [
            (await spotify.tracks(*song))[0].artists
            for song in (("Midnight City", "M83"), ("Digital Love", "Daft Punk"))
        ]
        assert await spotify.genres(known) == []
        asked = calls_to(metrics)
        assert await spotify.genres(other) == []
    assert calls_to(metrics) == asked


async def test_a_song_without_an_artist_is_found_by_its_title(
    sandbox: Sandbox, metrics: VendorMetrics, engine: Engine
) -> None:
    async with songs_at(sandbox.base, metrics, engine) as songs:
        song = await songs.find("Midnight City", None)
    assert song is not None
    assert song.artists == ["M83"]


async def test_a_song_by_the_wrong_artist_is_not_found(
    sandbox: Sandbox, metrics: VendorMetrics, engine: Engine
) -> None:
    async with songs_at(sandbox.base, metrics, engine) as songs:
        assert await songs.find("Midnight City", "Dolly Parton") is None


async def test_the_song_of_a_link_is_found_by_its_id(
    sandbox: Sandbox, metrics: VendorMetrics, engine: Engine
) -> None:
    async with songs_at(sandbox.base, metrics, engine) as songs:
        named = await songs.find("Midnight City", "M83")
        assert named is not None
        asked = calls_to(metrics)
        linked = await songs.linked("spotify", named.ids["spotify"])
        assert linked == named
        assert calls_to(metrics) == asked + 1
        assert await songs.linked("spotify", named.ids["spotify"]) == named
        assert calls_to(metrics) == asked + 1


@pytest.mark.parametrize("track_id", ["0" * 22, "z" * 22, "no id at all"])
async def test_an_id_that_no_track_has_is_no_song(
    sandbox: Sandbox, metrics: VendorMetrics, engine: Engine, track_id: str
) -> None:
    async with songs_at(sandbox.base, metrics, engine) as songs:
        assert await songs.linked("spotify", track_id) is None
        assert await songs.linked("musicbrainz", track_id) is None


async def test_a_link_is_followed_over_the_wire(
    sandbox: Sandbox,
    settings: Callable[..., GatewaySettings],
    open_app: Callable[[FastAPI], Any],
) -> None:
    async with open_app(create_app(settings(sandbox.base, upstream_timeout=10.0))) as client:
        named = (await client.get("/v1/songs?title=Midnight City&artist=M83")).json()
        linked = await client.get(f"/v1/songs/spotify/{named['ids']['spotify']}")
        assert linked.json() == named
        assert (await client.get(f"/v1/songs/spotify/{'0' * 22}")).status_code == 404
        assert (await client.get("/v1/songs/spotify/short")).status_code == 422
        assert (await client.get(f"/v1/songs/deezer/{'0' * 22}")).status_code == 422


async def test_answers_are_kept_also_that_there_is_none(
    sandbox: Sandbox, metrics: VendorMetrics, engine: Engine
) -> None:
    async with songs_at(sandbox.base, metrics, engine) as songs:
        found = await songs.find("Midnight City", "M83")
        assert await songs.find("No Such Song At All", "Nobody") is None
    asked = calls_to(metrics)
    assert asked > 0
    # A new process: nothing in memory, all in the database.
    async with songs_at(sandbox.base, metrics, engine) as songs:
        assert await songs.find("MIDNIGHT CITY", "m83") == found
        assert await songs.find("No Such Song At All", "Nobody") is None
    assert calls_to(metrics) == asked


@pytest.mark.parametrize(("answer", "questions"), [({"title": "Hurt"}, 1), (None, 3), ([], 3)])
async def test_what_is_missing_is_asked_for_again_sooner(
    clock: Clock, engine: Engine, answer: object, questions: int
) -> None:
    answers = Answers(engine, clock=lambda: datetime.fromtimestamp(clock(), UTC))
    asked = 0

    async def ask() -> object:
        nonlocal asked
        asked += 1
        return answer

    for _ in range(3):
        assert await answers.get("spotify", "which song?", ask) == answer
        assert await answers.get("spotify", "which song?", ask) == answer
        clock.now += timedelta(days=2).total_seconds()
    assert asked == questions


async def test_the_same_question_asked_at_once_is_asked_once(
    sandbox: Sandbox, metrics: VendorMetrics, engine: Engine
) -> None:
    async with songs_at(sandbox.base, metrics, engine) as songs:
        await songs.find("Midnight City", "M83")
        alone = calls_to(metrics)
        many = await asyncio.gather(*(songs.find("Digital Love", "Daft Punk") for _ in range(30)))
    assert len({song.title for song in many if song}) == 1
    assert calls_to(metrics) <= 2 * alone


async def test_missing_genres_do_not_cost_the_song(
    sandbox: Sandbox, metrics: VendorMetrics, engine: Engine
) -> None:
    sandbox.plan("musicbrainz", "status", status=500, times=100)
    async with songs_at(sandbox.base, metrics, engine) as songs:
        song = await songs.find("Midnight City", "M83")
        assert song is not None
        assert (song.genres, song.genres_from) == ([], None)
        sandbox.http.delete("/sandbox/faults")
        again = await songs.find("Midnight City", "M83")
    assert again is not None
    assert again.genres


async def test_a_catalogue_that_asks_for_a_short_rest_is_asked_for_genres_again(
    sandbox: Sandbox, metrics: VendorMetrics, engine: Engine
) -> None:
    """A song without its genres would be drafted without them for good."""
    sandbox.plan("musicbrainz", "status", status=503, times=1)
    async with songs_at(sandbox.base, metrics, engine) as songs:
        with pytest.raises(BusyVendorError) as raised:
            await songs.find("Midnight City", "M83")
        with pytest.raises(BusyVendorError):  # its rest is told to the next song as well
            await songs.find("Digital Love", "Daft Punk")
    assert raised.value.retry_after is not None
    assert raised.value.retry_after <= 60


async def test_a_catalogue_that_asks_for_a_long_rest_costs_the_genres(engine: Engine) -> None:
    song = await Songs([Resting()], Answers(engine)).find("Song", "Artist")
    assert song is not None
    assert song.genres == []


async def test_a_catalogue_that_fails_is_no_proof_that_there_is_no_song(
    sandbox: Sandbox, metrics: VendorMetrics, engine: Engine
) -> None:
    for vendor in ("spotify", "musicbrainz"):
        sandbox.plan(vendor, "status", status=500, times=100)
    async with songs_at(sandbox.base, metrics, engine) as songs:
        with pytest.raises(FailedVendorError):
            await songs.find("Midnight City", "M83")
        sandbox.http.delete("/sandbox/faults")
        assert await songs.find("Midnight City", "M83") is not None


async def test_musicbrainz_stands_in_for_a_spotify_that_fails(
    sandbox: Sandbox, metrics: VendorMetrics, engine: Engine
) -> None:
    sandbox.plan("spotify", "status", status=500, times=100)
    async with songs_at(sandbox.base, metrics, engine) as songs:
        song = await songs.find("Midnight City", "M83")
    assert song is not None
    assert song.ids.keys() == {"musicbrainz"}
    assert song.genres


SPOTIFY_FAULTS: list[tuple[dict[str, object], type[VendorError]]] = [
    ({"fault": "status", "status": 401, "times": 2}, CredentialsError),
    ({"fault": "status", "status": 403, "body": "Active premium required"}, CredentialsError),
    ({"fault": "status", "status": 429, "headers": {"Retry-After": "9000"}}, BusyVendorError),
    ({"fault": "status", "status": 400}, RefusedByVendorError),
    (
        {"fault": "status", "status": 500, "body": '{"error": "text"}', "times": 2},
        FailedVendorError,
    ),
    ({"fault": "html", "status": 502, "times": 2}, FailedVendorError),
    ({"fault": "half", "times": 2}, FailedVendorError),
    ({"fault": "reset", "times": 2}, FailedVendorError),
    ({"fault": "timeout", "seconds": 60}, SilentVendorError),
]


@pytest.mark.parametrize(("fault", "error"), SPOTIFY_FAULTS)
async def test_every_spotify_fault_is_a_typed_error(
    sandbox: Sandbox, metrics: VendorMetrics, fault: dict[str, object], error: type[VendorError]
) -> None:
    sandbox.plan("spotify", path="/v1/search", **fault)  # type: ignore[arg-type]  # a fault as JSON
    async with spotify_at(sandbox.base, metrics, clock=sandbox.clock) as spotify:
        with pytest.raises(error) as raised:
            await spotify.tracks("Midnight City", "M83")
        assert raised.value.retry_after is None or raised.value.retry_after <= 3600
        sandbox.clock.now += 3600  # it is asked again within the hour, whatever it says
        assert await spotify.tracks("Midnight City", "M83")


async def test_a_token_that_was_taken_back_is_replaced(
    sandbox: Sandbox, metrics: VendorMetrics
) -> None:
    sandbox.plan("spotify", "status", path="/v1/search", status=401, times=1)
    async with spotify_at(sandbox.base, metrics) as spotify:
        assert await spotify.tracks("Midnight City", "M83")


async def test_wrong_credentials_name_the_settings(
    start_sandbox: StartSandbox, metrics: VendorMetrics
) -> None:
    sandbox = start_sandbox(spotify_client_secret="another")
    async with spotify_at(sandbox.base, metrics) as spotify:
        with pytest.raises(CredentialsError, match="SPOTIFY_CLIENT_SECRET"):
            await spotify.tracks("Midnight City", "M83")


async def test_genres_are_waited_for_in_line(
    sandbox: Sandbox, metrics: VendorMetrics, engine: Engine
) -> None:
    """A song without its genres would be drafted without them for good."""
    async with (
        spotify_at(sandbox.base, metrics) as spotify,
        musicbrainz_at(sandbox.base, metrics, interval=30.0) as musicbrainz,
    ):
        await musicbrainz.tracks("somebody else's question", None)
        songs = Songs([spotify, musicbrainz], Answers(engine))
        with pytest.raises(WaitingLineError):
            await songs.find("Midnight City", "M83")


HOSTILE = [
    "\x00" * 300,
    "\x01\x1b\x7f\x85" * 75,
    "\u202e\u2066\u200b" * 100,
    "!\x00!",
    "\x00Song\x00",
    "(" * 300,
    " - " * 100,
    "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 5,
    "e\N{COMBINING ACUTE ACCENT}" * 150,
    "\\" * 300,
    '"' * 300,
]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def gateway_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a gateway keeps its answers."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres"))
    return f"sqlite:///{tmp_path / 'gateway.sqlite3'}"


async def test_hostile_names_are_songs_that_nobody_has(
    sandbox: Sandbox,
    settings: Callable[..., GatewaySettings],
    open_app: Callable[[FastAPI], Any],
    gateway_url: str,
) -> None:
    app = create_app(settings(sandbox.base, database_url=gateway_url, upstream_timeout=10.0))
    async with open_app(app) as client:
        for name in HOSTILE:
            for asked in ({"title": name}, {"title": "Zzyx", "artist": name}):
                answer = await client.get("/v1/songs", params=asked)
                assert answer.status_code == 404, (asked, answer.text)
                assert answer.json()["detail"].isprintable()


async def test_a_title_that_is_too_long_is_refused(
    settings: Callable[..., GatewaySettings], open_app: Callable[[FastAPI], Any]
) -> None:
    async with open_app(create_app(settings())) as client:
        answer = await client.get("/v1/songs", params={"title": "\x00" * 301})
    assert answer.status_code == 422


@pytest.mark.parametrize("question", ["a\0b", "a\ud800b", "\0" * 600])
async def test_any_question_can_be_kept(gateway_url: str, question: str) -> None:
    engine = open_migrated(gateway_url, MIGRATIONS, "gateway")

    async def ask() -> object:
        return "an answer \0 \ud800"

    assert await Answers(engine).get("spotify", question, ask) == "an answer \0 \ud800"
    # Another process: nothing in memory.
    assert await Answers(engine).get("spotify", question, ask) == "an answer \0 \ud800"
    engine.dispose()


async def test_what_a_catalogue_says_is_made_fit_to_be_shown(engine: Engine) -> None:
    song = await Songs([Garbled()], Answers(engine)).find("Song", "Artist")
    assert song is not None
    assert (song.title, song.artists, song.genres) == ("Song", ["Artist"], ["dream pop"])
    assert song.model_dump_json()


class Garbled:
    """A catalogue whose answers hold what no screen can show."""

    name = "garbled"

    async def tracks(self, title: str, artist: str | None) -> Sequence[Track]:
        artists = (Artist(f"\ud800{artist}\x00", {"garbled": "\x00\udfff"}),)
        return [Track(f"\u202e{title}\n", artists, {"garbled": "1\ud800"}, "https://x.test/\ud800")]

    async def genres(self, artist: Artist) -> Sequence[str]:  # noqa: ARG002 - as Catalogue has it
        return ["Dream\x00Pop", "\ud800"]


class Resting:
    """A catalogue whose limit for artists is reached for the hour."""

    name = "resting"

    async def tracks(self, title: str, artist: str | None) -> Sequence[Track]:
        return [Track(title, (Artist(artist or ""),))]

    async def genres(self, artist: Artist) -> Sequence[str]:  # noqa: ARG002 - as Catalogue has it
        raise BusyVendorError(self.name, "its limit is reached.", retry_after=3600)
