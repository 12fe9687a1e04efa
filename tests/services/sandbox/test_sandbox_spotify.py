"""Spotify's endpoints, asked by spotipy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from spotipy.exceptions import SpotifyException
from spotipy.oauth2 import SpotifyOauthError

if TYPE_CHECKING:
    from tests.services.sandbox.conftest import Sandbox, StartSandbox

DEVELOPMENT_MODE = {"external_urls", "href", "id", "images", "name", "type", "uri"}


def search(sandbox: Sandbox, query: str, **params: object) -> list[dict[str, Any]]:
    items = sandbox.spotify().search(query, type="track", **params)["tracks"]["items"]
    return list(items)


@pytest.mark.parametrize(
    "query",
    [
        'track:"Archie, Marry Me" artist:"Alvvays"',
        'track:"archie marry me" artist:alvvays',
        'track:"Archie Mary Me" artist:"Alvays"',
        'track:"Archie" artist:"Alvvays"',
        "alvvays archie marry me",
        "ARCHIE, MARRY ME Alvvays",
    ],
)
def test_a_song_is_found_however_it_is_spelled(sandbox: Sandbox, query: str) -> None:
    first = search(sandbox, query)[0]
    assert (first["name"], first["artists"][0]["name"]) == ("Archie, Marry Me", "Alvvays")


def test_accents_do_not_matter(sandbox: Sandbox) -> None:
    assert search(sandbox, 'track:halo artist:"Beyonce"')[0]["artists"][0]["name"] == "Beyoncé"


def test_all_artists_of_a_song_are_named(sandbox: Sandbox) -> None:
    song = search(sandbox, 'track:"Under Pressure" artist:"Queen"')[0]
    assert [artist["name"] for artist in song["artists"]] == ["Queen", "David Bowie"]


def test_a_song_of_another_artist_is_not_found(sandbox: Sandbox) -> None:
    assert search(sandbox, 'track:"Archie, Marry Me" artist:"Motörhead"') == []


def test_ids_are_the_same_in_every_sandbox(sandbox: Sandbox, start: StartSandbox) -> None:
    here = search(sandbox, 'track:"Maps" artist:"Yeah Yeah Yeahs"')[0]["id"]
    there = search(start(seed=99), 'track:"Maps" artist:"Yeah Yeah Yeahs"')[0]["id"]
    assert here == there
    assert len(here) == 22


def test_five_results_come_by_default_and_ten_at_most(sandbox: Sandbox) -> None:
    assert len(search(sandbox, "love", limit=10)) == 10
    client = sandbox.spotify()
    with pytest.raises(SpotifyException, match="Invalid limit"):
        client.search("love", limit=11, type="track")
    token = client.auth_manager.get_access_token(as_dict=False)
    answer = httpx.get(
        f"{sandbox.base}/spotify/v1/search",
        params={"q": "love", "type": "track"},
        headers={"authorization": f"Bearer {token}"},
    )
    assert len(answer.json()["tracks"]["items"]) == 5


def test_pages_of_a_search_continue(sandbox: Sandbox) -> None:
    client = sandbox.spotify()
    page = client.search("love", limit=10, type="track")["tracks"]
    second = client.search("love", limit=10, offset=10, type="track")["tracks"]
    assert page["next"] is not None
    assert not {song["id"] for song in page["items"]} & {song["id"] for song in second["items"]}


def test_an_artist_has_no_genres_in_development_mode(sandbox: Sandbox) -> None:
    artist = search(sandbox, 'track:"Maps" artist:"Yeah Yeah Yeahs"')[0]["artists"][0]
    assert sandbox.spotify().artist(artist["id"]).keys() == DEVELOPMENT_MODE


def test_an_artist_has_genres_with_extended_quota(start: StartSandbox) -> None:
    sandbox = start(spotify_extended=True)
    artist = search(sandbox, 'track:"Myth" artist:"Beach House"')[0]["artists"][0]
    document = sandbox.spotify().artist(artist["id"])
    assert document.keys() == DEVELOPMENT_MODE | {"genres", "popularity", "followers"}
    assert "dream pop" in document["genres"]


def test_a_track_is_found_by_its_id(sandbox: Sandbox) -> None:
    song = search(sandbox, 'track:"Ribs" artist:"Lorde"')[0]
    assert sandbox.spotify().track(song["id"]) == song


def test_unknown_ids_are_not_found_and_malformed_ones_refused(sandbox: Sandbox) -> None:
    client = sandbox.spotify()
    with pytest.raises(SpotifyException) as unknown:
        client.artist("0" * 22)
    assert unknown.value.http_status == 404
    token = client.auth_manager.get_access_token(as_dict=False)
    answer = httpx.get(
        f"{sandbox.base}/spotify/v1/tracks/short", headers={"authorization": f"Bearer {token}"}
    )
    assert answer.json() == {"error": {"status": 400, "message": "Invalid base62 id"}}


def test_the_batch_endpoints_are_gone(sandbox: Sandbox) -> None:
    with pytest.raises(SpotifyException) as error:
        sandbox.spotify().artists(["0" * 22])
    assert error.value.http_status == 403


def test_a_token_expires(start: StartSandbox) -> None:
    sandbox = start(spotify_token_seconds=60)
    client = sandbox.spotify()
    token = client.auth_manager.get_access_token(as_dict=False)
    sandbox.clock.now += 61
    answer = httpx.get(
        f"{sandbox.base}/spotify/v1/search?q=love&type=track",
        headers={"authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 401
    assert answer.json()["error"]["message"] == "The access token expired"


def test_a_made_up_token_is_refused(sandbox: Sandbox) -> None:
    answer = httpx.get(
        f"{sandbox.base}/spotify/v1/search?q=love&type=track",
        headers={"authorization": "Bearer abc.def"},
    )
    assert answer.json()["error"] == {"status": 401, "message": "Invalid access token"}


def test_a_wrong_secret_gets_no_token(start: StartSandbox) -> None:
    sandbox = start(spotify_client_secret="another")
    with pytest.raises(SpotifyOauthError, match="invalid_client"):
        search(sandbox, "love")
