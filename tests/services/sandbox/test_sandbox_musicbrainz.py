"""MusicBrainz's endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import httpx
import pytest

from services.sandbox.catalogue.identity import spotify_id
from services.sandbox.catalogue.musicbrainz_genres import musicbrainz_genre

if TYPE_CHECKING:
    from tests.services.sandbox.conftest import Sandbox, StartSandbox

AGENT = "deephypebot/1.0 ( bot@example.org )"


def ask(
    sandbox: Sandbox, path: str, agent: str = AGENT, **params: str | int | list[str]
) -> httpx.Response:
    return sandbox.http.get(
        f"/musicbrainz/ws/2/{path}", params={"fmt": "json", **params}, headers={"user-agent": agent}
    )


def artist_url(name: str) -> str:
    return f"https://open.spotify.com/artist/{spotify_id('artist', name)}"


def test_a_spotify_artist_leads_to_genres(sandbox: Sandbox) -> None:
    found = ask(sandbox, "url", resource=artist_url("Beach House"), inc="artist-rels").json()
    mbid = found["relations"][0]["artist"]["id"]
    artist = ask(sandbox, f"artist/{UUID(mbid)}", inc="genres+tags").json()
    assert artist["name"] == "Beach House"
    assert "dream pop" in [genre["name"] for genre in artist["genres"]]
    assert "baltimore indie" in [tag["name"] for tag in artist["tags"]]
    assert "baltimore indie" not in [genre["name"] for genre in artist["genres"]]


def test_genres_come_only_when_asked_for(sandbox: Sandbox) -> None:
    found = ask(sandbox, "artist", query='artist:"Lorde"', limit=1).json()["artists"][0]
    assert "genres" not in ask(sandbox, f"artist/{found['id']}").json()


def test_an_unknown_url_is_not_found(sandbox: Sandbox) -> None:
    answer = ask(sandbox, "url", resource=artist_url("Nobody At All"), inc="artist-rels")
    assert answer.status_code == 404
    assert answer.json()["error"] == "Not Found"


def test_several_urls_answer_those_that_are_known(sandbox: Sandbox) -> None:
    resources = [artist_url("Lorde"), artist_url("Nobody At All"), artist_url("M83")]
    document = ask(sandbox, "url", resource=resources, inc="artist-rels").json()
    assert document["url-count"] == 2
    assert [url["resource"] for url in document["urls"]] == [resources[0], resources[2]]


def test_the_best_artist_comes_first(sandbox: Sandbox) -> None:
    document = ask(sandbox, "artist", query='artist:"Sigur Ros"', limit=5).json()
    assert document["artists"][0]["name"] == "Sigur Rós"
    assert document["artists"][0]["score"] == 100


def test_recordings_are_found_with_their_credits(sandbox: Sandbox) -> None:
    query = 'recording:"Under Pressure" AND artist:"Queen"'
    recording = ask(sandbox, "recording", query=query, limit=5).json()["recordings"][0]
    assert recording["title"] == "Under Pressure"
    assert [part["name"] for part in recording["artist-credit"]] == ["Queen", "David Bowie"]


def test_malformed_ids_are_refused(sandbox: Sandbox) -> None:
    answer = ask(sandbox, "artist/not-an-id")
    assert answer.status_code == 400
    assert answer.json()["error"] == "Invalid mbid."


def test_haste_is_refused_until_time_has_passed(sandbox: Sandbox) -> None:
    statuses = [ask(sandbox, "artist", query="lorde").status_code for _ in range(6)]
    assert statuses == [200] * 5 + [503]
    sandbox.clock.now += 1
    assert ask(sandbox, "artist", query="lorde").status_code == 200
    refused = ask(sandbox, "artist", query="lorde")
    assert "exceeding the allowable rate limit" in refused.json()["error"]


def test_the_rate_can_be_lifted(start: StartSandbox) -> None:
    sandbox = start(musicbrainz_per_second=0)
    assert {ask(sandbox, "artist", query="lorde").status_code for _ in range(20)} == {200}


def test_the_anonymous_are_refused(sandbox: Sandbox) -> None:
    assert ask(sandbox, "artist", agent="", query="lorde").status_code == 403


@pytest.mark.parametrize(
    ("spotify", "curated"),
    [
        ("canadian indie pop", "indie pop"),
        ("dance pop", "dance-pop"),
        ("rap", "hip hop"),
        ("shoegaze", "shoegaze"),
        ("escape room", None),
    ],
)
def test_microgenres_end_in_a_curated_genre(spotify: str, curated: str | None) -> None:
    assert musicbrainz_genre(spotify) == curated
