"""Last.fm's methods."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from services.sandbox.catalogue.identity import musicbrainz_id

if TYPE_CHECKING:
    from tests.services.sandbox.conftest import Sandbox, StartSandbox


def ask(sandbox: Sandbox, method: str, **params: str | int) -> httpx.Response:
    asked = {"method": method, "api_key": "key", "format": "json", **params}
    return sandbox.http.get("/lastfm/2.0/", params=asked)


def tags(answer: httpx.Response) -> dict[str, int]:
    return {tag["name"]: tag["count"] for tag in answer.json()["toptags"]["tag"]}


def assert_error(answer: httpx.Response, status: int, number: int) -> None:
    assert answer.status_code == status
    assert answer.json().keys() == {"error", "message"}
    assert answer.json()["error"] == number


def test_an_artist_has_tags_the_foremost_with_a_count_of_100(sandbox: Sandbox) -> None:
    answer = ask(sandbox, "artist.gettoptags", artist="Beach House")
    found = tags(answer)
    assert answer.json()["toptags"]["@attr"] == {"artist": "Beach House"}
    assert "dream pop" in found
    assert max(found.values()) == 100
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_not_every_tag_is_a_genre(sandbox: Sandbox) -> None:
    assert "seen live" in tags(ask(sandbox, "artist.gettoptags", artist="Beach House"))


def test_an_artist_is_found_by_musicbrainz_id(sandbox: Sandbox) -> None:
    answer = ask(sandbox, "artist.gettoptags", mbid=musicbrainz_id("Lorde"))
    assert answer.json()["toptags"]["@attr"] == {"artist": "Lorde"}


def test_a_misspelled_artist_is_found_when_it_may_be_corrected(sandbox: Sandbox) -> None:
    asked = {"artist": "Bech House"}
    corrected = ask(sandbox, "artist.gettoptags", autocorrect=1, **asked)
    assert corrected.json()["toptags"]["@attr"] == {"artist": "Beach House"}
    assert_error(ask(sandbox, "artist.gettoptags", **asked), 200, 6)


@pytest.mark.parametrize(
    ("asked", "status"),
    [({"artist": "Nobody At All", "autocorrect": "1"}, 200), ({"mbid": "no-such-id"}, 404)],
)
def test_an_unknown_artist_is_error_6_whatever_the_status(
    sandbox: Sandbox, asked: dict[str, str], status: int
) -> None:
    assert_error(ask(sandbox, "artist.gettoptags", **asked), status, 6)


def test_a_list_of_one_is_its_only_element(start: StartSandbox, tmp_path: Path) -> None:
    (tmp_path / "songs.csv").write_text("title,artist,genres\nHome,Zeta,\nAway,Eta,folk\n")
    sandbox = start(catalogue=tmp_path / "songs.csv")
    none, one = (
        ask(sandbox, "artist.gettoptags", artist=name).json()["toptags"]["tag"]
        for name in ("Zeta", "Eta")
    )
    assert none == []
    assert (one["name"], one["count"]) == ("folk", 100)


def test_tracks_are_found_with_their_artist_as_text(sandbox: Sandbox) -> None:
    answer = ask(sandbox, "track.search", track="Under Pressure", artist="Queen", limit=3)
    results = answer.json()["results"]
    first = results["trackmatches"]["track"][0]
    assert (first["name"], first["artist"]) == ("Under Pressure", "Queen")
    assert first["listeners"].isdecimal()
    assert len(results["trackmatches"]["track"]) <= 3


def test_a_second_page_goes_on_where_the_first_ends(sandbox: Sandbox) -> None:
    pages = [
        ask(sandbox, "track.search", track="Love", limit=2, page=page).json()["results"]
        for page in (1, 2)
    ]
    names = [track["url"] for page in pages for track in page["trackmatches"]["track"]]
    assert len(set(names)) == 4


def test_haste_is_refused_until_time_has_passed(sandbox: Sandbox) -> None:
    answers = [ask(sandbox, "track.search", track="Love", limit=1) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert_error(answers[-1], 429, 29)
    sandbox.clock.now += 0.2
    assert ask(sandbox, "track.search", track="Love", limit=1).status_code == 200


def test_the_rate_can_be_lifted(start: StartSandbox) -> None:
    sandbox = start(lastfm_per_second=0)
    answers = {ask(sandbox, "track.search", track="Love", limit=1).status_code for _ in range(20)}
    assert answers == {200}


def test_only_the_key_of_the_settings_is_accepted(start: StartSandbox) -> None:
    sandbox = start(lastfm_api_key="right")
    assert_error(ask(sandbox, "artist.gettoptags", artist="Lorde"), 403, 10)
    answer = ask(sandbox, "artist.gettoptags", artist="Lorde", api_key="right")
    assert answer.status_code == 200


@pytest.mark.parametrize("params", [{"api_key": ""}, {"method": ""}, {"format": "xml"}, {}])
def test_what_is_missing_is_refused(sandbox: Sandbox, params: dict[str, str]) -> None:
    method = params.get("method", "artist.gettoptags")
    answer = ask(sandbox, **{"method": method, **params})
    assert answer.status_code in {400, 403}
    assert answer.json()["error"] in {3, 6, 10}


@pytest.mark.parametrize(
    ("status", "number"), [(503, 16), (500, 16), (429, 29), (403, 10), (400, 6)]
)
def test_a_planned_failure_is_in_lastfms_words(sandbox: Sandbox, status: int, number: int) -> None:
    sandbox.plan(vendor="lastfm", fault="status", status=status)
    assert_error(ask(sandbox, "artist.gettoptags", artist="Lorde"), status, number)
