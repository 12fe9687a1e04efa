"""Songs and genres, from the sandbox's Spotify and MusicBrainz through the real clients."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, select, text
from structlog.testing import capture_logs

from services.common.database import open_migrated, reading, writing
from services.gateway.app import MIGRATIONS, create_app
from services.gateway.catalogues.answers import Answers
from services.gateway.catalogues.catalogue import Artist, Track
from services.gateway.catalogues.musicbrainz import MusicBrainz
from services.gateway.catalogues.pace import Pace
from services.gateway.catalogues.songs import Songs
from services.gateway.catalogues.spotify import Spotify
from services.gateway.settings import GatewaySettings
from services.gateway.tables import catalogue_answer
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import (
    BusyVendorError,
    CircuitOpenError,
    CredentialsError,
    FailedVendorError,
    RefusedByVendorError,
    SilentVendorError,
    VendorError,
    WaitingLineError,
)

if TYPE_CHECKING:
    from tests.services.gateway.clock import Clock
    from tests.services.gateway.conftest import Sandbox, StartSandbox


@asynccontextmanager
async def spotify_at(
    base: str,
    metrics: VendorMetrics,
    seconds: float = 1.0,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[Spotify]:
    spotify = Spotify(
        "id",
        "secret",
        api_url=f"{base}/spotify",
        accounts_url=f"{base}/spotify-accounts",
        market="US",
        calls=VendorCalls("spotify", seconds, metrics, clock),
    )
    try:
        yield spotify
    finally:
        spotify.close()


@asynccontextmanager
async def musicbrainz_at(
    base: str, metrics: VendorMetrics, interval: float = 0.0, seconds: float = 1.0
) -> AsyncIterator[MusicBrainz]:
    calls = VendorCalls("musicbrainz", seconds, metrics)
    musicbrainz = MusicBrainz(f"{base}/musicbrainz", "me@example.org", interval, calls)
    try:
        yield musicbrainz
    finally:
        await musicbrainz.close()


@asynccontextmanager
async def songs_at(base: str, metrics: VendorMetrics, engine: Engine) -> AsyncIterator[Songs]:
    async with spotify_at(base, metrics) as spotify, musicbrainz_at(base, metrics) as brainz:
        yield Songs([spotify, brainz], Answers(engine))


def calls_to(metrics: VendorMetrics) -> int:
    """How many calls were made to any vendor."""
    samples = [sample for metric in metrics.seconds.collect() for sample in metric.samples]
    return sum(int(sample.value) for sample in samples if sample.name.endswith("_count"))


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


async def test_a_failure_is_not_kept(engine: Engine) -> None:
    answers = Answers(engine)

    async def fail() -> object:
        raise FailedVendorError("spotify", "not now")

    async def ask() -> object:
        return "an answer"

    with pytest.raises(FailedVendorError):
        await answers.get("spotify", "which song?", fail)
    assert await answers.get("spotify", "which song?", ask) == "an answer"


async def test_questions_too_long_for_the_table_stay_apart(engine: Engine) -> None:
    answers = Answers(engine)

    async def one() -> object:
        return "one"

    async def two() -> object:
        return "two"

    assert await answers.get("spotify", "x" * 600 + "1", one) == "one"
    assert await answers.get("spotify", "x" * 600 + "2", two) == "two"


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


async def test_an_answer_that_cannot_be_stored_is_an_answer(engine: Engine) -> None:
    async def ask() -> object:
        with writing(engine) as connection:
            connection.execute(text("DROP TABLE catalogue_answer"))
        return "an answer"

    answers = Answers(engine)
    with capture_logs() as logs:
        assert await answers.get("spotify", "which song?", ask) == "an answer"
    assert [log["event"] for log in logs] == ["catalogue.not_kept"]
    assert await answers.get("spotify", "which song?", ask) == "an answer"


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
    ({"fault": "timeout", "seconds": 3}, SilentVendorError),
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


MUSICBRAINZ_FAULTS: list[tuple[dict[str, object], type[VendorError]]] = [
    ({"fault": "status", "status": 503}, BusyVendorError),
    ({"fault": "status", "status": 400}, RefusedByVendorError),
    ({"fault": "html", "status": 500, "times": 2}, FailedVendorError),
    ({"fault": "half", "times": 2}, FailedVendorError),
    ({"fault": "reset", "times": 2}, FailedVendorError),
    ({"fault": "timeout", "seconds": 3}, SilentVendorError),
    ({"fault": "drip", "seconds": 60}, SilentVendorError),
]


@pytest.mark.parametrize(("fault", "error"), MUSICBRAINZ_FAULTS)
async def test_every_musicbrainz_fault_is_a_typed_error(
    sandbox: Sandbox, metrics: VendorMetrics, fault: dict[str, object], error: type[VendorError]
) -> None:
    sandbox.plan("musicbrainz", **fault)  # type: ignore[arg-type]  # a fault as JSON
    async with musicbrainz_at(sandbox.base, metrics) as musicbrainz:
        with pytest.raises(error):
            await musicbrainz.genres(Artist("M83"))


async def test_an_artist_without_a_link_is_searched_by_name(
    sandbox: Sandbox, metrics: VendorMetrics
) -> None:
    async with musicbrainz_at(sandbox.base, metrics) as musicbrainz:
        by_name = await musicbrainz.genres(Artist("M83", {"spotify": "unknown"}))
        nobody = await musicbrainz.genres(Artist("Nobody Of That Name"))
    assert by_name
    assert nobody == []


async def test_musicbrainz_is_asked_at_its_pace(sandbox: Sandbox, metrics: VendorMetrics) -> None:
    async with musicbrainz_at(sandbox.base, metrics, interval=0.1) as musicbrainz:
        started = time.monotonic()
        await asyncio.gather(*(musicbrainz.tracks(f"song {n}", None) for n in range(6)))
        assert time.monotonic() - started >= 0.5


async def bring_down(musicbrainz: MusicBrainz) -> None:
    """Five lost answers in a row, after which it is left alone."""
    for number in range(3):
        with pytest.raises(VendorError):
            await musicbrainz.tracks(f"lost {number}", None)


async def test_all_are_told_at_once_that_a_catalogue_is_left_alone(
    sandbox: Sandbox, metrics: VendorMetrics
) -> None:
    sandbox.plan("musicbrainz", "status", status=500, times=100)
    async with musicbrainz_at(sandbox.base, metrics) as musicbrainz:
        await bring_down(musicbrainz)
        musicbrainz.api.pace.interval = 2.0
        musicbrainz.api.pace.pause(2.0)
        started = time.monotonic()
        told = await asyncio.gather(
            *(musicbrainz.tracks(f"song {n}", None) for n in range(8)), return_exceptions=True
        )
        assert time.monotonic() - started < 1.0
    assert {type(each) for each in told} == {CircuitOpenError}


async def test_those_who_stand_in_line_need_no_turn_to_hear_that_nobody_may_ask() -> None:
    pace, reasons = Pace("musicbrainz", 0.5), list[Exception]()

    def check() -> None:
        if reasons:
            raise reasons[0]

    await pace.turn(check)
    waiting = [asyncio.ensure_future(pace.turn(check)) for _ in range(8)]
    await asyncio.sleep(0)
    reasons.append(CircuitOpenError("musicbrainz", "it is left alone.", retry_after=15))
    started = time.monotonic()
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert time.monotonic() - started < 1.0
    assert told == reasons * 8


async def test_an_answer_in_no_known_shape_is_a_failure_of_the_vendor(
    sandbox: Sandbox, metrics: VendorMetrics
) -> None:
    """It counts for the circuit, and is asked for again."""
    sandbox.plan("musicbrainz", "status", status=200, body='{"artists": 3}', times=1)
    async with musicbrainz_at(sandbox.base, metrics) as musicbrainz:
        assert await musicbrainz.genres(Artist("M83"))
        sandbox.plan("musicbrainz", "status", status=200, body='{"artists": 3}', times=4)
        for _ in range(2):
            with pytest.raises(FailedVendorError, match="cannot be read"):
                await musicbrainz.genres(Artist("M83"))
        assert musicbrainz.api.calls.breaker.failures == 4


async def test_a_bug_of_ours_is_not_taken_for_the_vendors(
    sandbox: Sandbox, metrics: VendorMetrics
) -> None:
    async with musicbrainz_at(sandbox.base, metrics) as musicbrainz:
        with pytest.raises(AttributeError):
            await musicbrainz.genres(Artist(None))  # type: ignore[arg-type]  # the bug


async def test_a_queue_that_is_too_long_says_when_to_come_back(
    sandbox: Sandbox, metrics: VendorMetrics
) -> None:
    async with musicbrainz_at(sandbox.base, metrics, interval=30.0) as musicbrainz:
        await musicbrainz.tracks("one", None)
        with pytest.raises(BusyVendorError, match="waiting") as raised:
            await musicbrainz.tracks("two", None)
    assert 25 <= float(raised.value.headers["Retry-After"]) <= 31


async def test_a_pause_also_holds_for_those_who_stand_in_line() -> None:
    pace = Pace("musicbrainz", 0.05)
    await pace.turn()
    waiting = asyncio.ensure_future(pace.turn())
    await asyncio.sleep(0)
    started = time.monotonic()
    pace.pause(0.2)
    await waiting
    assert time.monotonic() - started >= 0.2


async def test_who_has_begun_goes_before_the_newcomers() -> None:
    """A question of several requests would else be asked again and again, and never get through."""
    pace, order = Pace("musicbrainz", 0.02), list[str]()

    async def call(name: str, *, begun: bool = False) -> None:
        await pace.turn(begun=begun)
        order.append(name)

    await pace.turn()
    newcomers = [asyncio.ensure_future(call(f"newcomer {number}")) for number in range(4)]
    await asyncio.sleep(0)
    await asyncio.gather(*newcomers, call("begun", begun=True))
    assert order.index("begun") <= 1


async def test_a_long_line_does_not_send_away_who_has_begun() -> None:
    pace = Pace("musicbrainz", 15.0)
    await pace.turn()
    waiting = [asyncio.ensure_future(pace.turn())]
    await asyncio.sleep(0)
    with pytest.raises(WaitingLineError):
        await pace.turn()
    waiting.append(asyncio.ensure_future(pace.turn(begun=True)))
    await asyncio.sleep(0)
    assert not waiting[1].done()
    for each in waiting:
        each.cancel()


async def test_the_interval_begins_when_the_answer_is_there() -> None:
    """A request that travelled slowly, and the next that did not, arrive apart all the same."""
    pace = Pace("musicbrainz", 0.1)
    await pace.turn()
    await asyncio.sleep(0.08)
    pace.answered()
    started = time.monotonic()
    await pace.turn()
    assert time.monotonic() - started >= 0.1


async def test_a_caller_who_leaves_the_line_gives_up_the_turn() -> None:
    pace = Pace("musicbrainz", 15.0)
    await pace.turn()
    leaving = asyncio.ensure_future(pace.turn())
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    staying = asyncio.ensure_future(pace.turn())
    await asyncio.sleep(0)
    assert not staying.done()  # it waits, instead of being sent away
    staying.cancel()


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


async def test_expired_answers_are_forgotten(clock: Clock, engine: Engine) -> None:
    answers = Answers(engine, clock=lambda: datetime.fromtimestamp(clock(), UTC))

    async def nothing() -> object:
        return None

    async def something() -> object:
        return "an answer"

    await answers.get("spotify", "gone?", nothing)
    await answers.get("spotify", "kept?", something)
    clock.now += timedelta(days=2).total_seconds()
    answers.forget_expired()
    assert questions_in(engine) == ["kept?"]


async def test_answers_are_forgotten_every_day_also_after_a_failure(
    clock: Clock, engine: Engine
) -> None:
    answers = Answers(engine, clock=lambda: datetime.fromtimestamp(clock(), UTC))

    async def nothing() -> object:
        return None

    pauses = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        clock.now += seconds
        if len(pauses) == 1:
            with writing(engine) as connection:
                connection.execute(text("ALTER TABLE catalogue_answer RENAME TO elsewhere"))
        elif len(pauses) == 2:
            with writing(engine) as connection:
                connection.execute(text("ALTER TABLE elsewhere RENAME TO catalogue_answer"))
        else:
            raise asyncio.CancelledError

    await answers.get("spotify", "gone?", nothing)
    with pytest.raises(asyncio.CancelledError):
        await answers.forget_daily(sleep)
    assert pauses == [timedelta(days=1).total_seconds()] * 3
    assert questions_in(engine) == []


async def test_the_table_does_not_grow_without_bound(clock: Clock, engine: Engine) -> None:
    answers = Answers(engine, clock=lambda: datetime.fromtimestamp(clock(), UTC), most_kept=2)

    async def something() -> object:
        return "an answer"

    for number in range(5):
        clock.now += 1
        await answers.get("spotify", f"{number}?", something)
    answers.forget_expired()
    assert questions_in(engine) == ["3?", "4?"]


def questions_in(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return list(connection.scalars(select(catalogue_answer.c.question)))


async def test_memory_does_not_hold_on_to_what_has_expired(clock: Clock, engine: Engine) -> None:
    answers = Answers(engine, clock=lambda: datetime.fromtimestamp(clock(), UTC))
    told = ["a song"]

    async def ask() -> object:
        return told[-1]

    assert await answers.get("spotify", "which song?", ask) == "a song"
    told.append("its new name")
    clock.now += timedelta(days=29).total_seconds()
    assert await answers.get("spotify", "which song?", ask) == "a song"
    clock.now += timedelta(days=2).total_seconds()
    assert await answers.get("spotify", "which song?", ask) == "its new name"


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


@pytest.mark.postgres
async def test_two_gateways_may_ask_the_same_at_once(postgres: str) -> None:
    engines = [open_migrated(postgres, MIGRATIONS, "gateway") for _ in range(2)]
    both_ask = asyncio.Barrier(2)

    async def ask() -> list[str]:
        await both_ask.wait()
        return ["dream pop"]

    for number in range(10):
        told = [Answers(engine).get("spotify", f"{number}?", ask) for engine in engines]
        assert await asyncio.gather(*told) == [["dream pop"]] * 2
    for engine in engines:
        engine.dispose()


async def test_a_caller_who_leaves_does_not_take_the_answer_along(engine: Engine) -> None:
    catalogue = Slow()
    songs = Songs([catalogue], Answers(engine))
    leaving = asyncio.ensure_future(songs.find("Song", "Artist"))
    staying = asyncio.ensure_future(songs.find("Song", "Artist"))
    await catalogue.asked.wait()
    leaving.cancel()
    catalogue.may_answer.set()
    song = await staying
    assert song is not None
    assert catalogue.questions == 1


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


class Slow:
    """A catalogue that answers when it is told to."""

    name = "slow"

    def __init__(self) -> None:
        self.asked, self.may_answer, self.questions = asyncio.Event(), asyncio.Event(), 0

    async def tracks(self, title: str, artist: str | None) -> Sequence[Track]:
        self.questions += 1
        self.asked.set()
        await self.may_answer.wait()
        return [Track(title, (Artist(artist or ""),))]

    async def genres(self, artist: Artist) -> Sequence[str]:
        return [artist.name]
