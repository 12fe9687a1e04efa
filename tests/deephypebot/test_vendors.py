"""Live, played by the sandbox, or half configured: never guessed."""

import pytest

from deephypebot.errors import CommandError
from deephypebot.vendors import (
    BLUESKY,
    CATALOGUES,
    MASTODON,
    MUSICBRAINZ,
    SPOTIFY,
    TIMELINES,
    Environment,
    Vendor,
    X,
    mixture,
    refuse_halves,
    refuse_unbounded,
    stand_ins,
    standings,
)

ALL = (*TIMELINES.values(), *CATALOGUES.values())
DEFAULT = (X, SPOTIFY, MUSICBRAINZ)
SANDBOX = "http://127.0.0.1:8090"


def credentials(*vendors: Vendor) -> dict[str, str]:
    return {name: "real" for vendor in vendors for name in vendor.credentials}


def chosen(vendor: Vendor) -> dict[str, str]:
    """Settings under which the vendor is used at all."""
    timeline = next((name for name, each in TIMELINES.items() if each is vendor), "x")
    return {"TIMELINE": timeline, "CATALOGUES": ",".join(CATALOGUES)}


def environment(*live: Vendor, **more: str) -> Environment:
    return Environment({**credentials(*live), **more}, {})


def test_without_credentials_every_vendor_is_the_sandboxs() -> None:
    wiring = stand_ins(standings(environment()), SANDBOX)
    assert wiring["X_BASE_URL"] == f"{SANDBOX}/x"
    assert wiring["SPOTIFY_ACCOUNTS_URL"] == f"{SANDBOX}/spotify-accounts"
    assert wiring["MUSICBRAINZ_URL"] == f"{SANDBOX}/musicbrainz"
    assert wiring["X_ACCESS_TOKEN"].partition("-")[0].isdigit()


@pytest.mark.parametrize("vendor", ALL, ids=lambda vendor: vendor.name)
def test_a_live_vendor_is_left_alone(vendor: Vendor) -> None:
    wiring = stand_ins(standings(environment(vendor, **chosen(vendor))), SANDBOX)
    assert wiring
    assert not set(wiring) & {*vendor.credentials, *vendor.addresses, *vendor.stand_in}


def test_credentials_count_from_dotenv_and_from_secret_files() -> None:
    dotenv: dict[str, str | None] = {"X_CONSUMER_KEY": "k", "X_CONSUMER_SECRET": "s"}
    files = {"X_ACCESS_TOKEN_FILE": "/a", "X_ACCESS_TOKEN_SECRET_FILE": "/b"}
    assert standings(Environment(files, dotenv))[0].live


def test_an_empty_value_is_no_credential() -> None:
    assert not standings(environment(X, X_ACCESS_TOKEN=""))[0].live


@pytest.mark.parametrize("vendor", [X, MASTODON, BLUESKY, SPOTIFY], ids=lambda vendor: vendor.name)
def test_half_of_the_credentials_is_refused(vendor: Vendor) -> None:
    half = {**chosen(vendor), vendor.credentials[-1]: ""}
    found = standings(environment(vendor, **half))
    with pytest.raises(CommandError, match=f"half configured: set {vendor.credentials[-1]}"):
        refuse_halves(found)


def test_a_line_says_how_to_go_live() -> None:
    line = next(s.line() for s in standings(environment()) if s.vendor is SPOTIFY)
    assert line == "Spotify: sandbox; set SPOTIFY_CLIENT_ID SPOTIFY_CLIENT_SECRET to go live"


def test_no_line_shows_a_value() -> None:
    assert "real" not in "".join(s.line() for s in standings(environment(*DEFAULT)))


def test_publishing_for_real_from_sandbox_songs_is_said_loudly() -> None:
    assert "PUBLISHED FOR ALL TO SEE" in (mixture(standings(environment(X))) or "")


def test_real_songs_for_a_sandbox_timeline_are_mentioned() -> None:
    warning = mixture(standings(environment(SPOTIFY, MUSICBRAINZ))) or ""
    assert warning == "Mixed: Spotify and MusicBrainz live, X from the sandbox"


@pytest.mark.parametrize("live", [(), DEFAULT], ids=["none", "all"])
def test_nothing_is_mixed_when_all_are_alike(live: tuple[Vendor, ...]) -> None:
    assert mixture(standings(environment(*live))) is None


def test_the_sandbox_plays_the_timeline_that_was_chosen_and_no_other() -> None:
    wiring = stand_ins(standings(environment(TIMELINE="mastodon")), SANDBOX)
    assert wiring["MASTODON_BASE_URL"] == f"{SANDBOX}/mastodon"
    assert not any(name.startswith(("X_", "BLUESKY_")) for name in wiring)


@pytest.mark.parametrize("setting", ["TIMELINE", "CATALOGUES"])
def test_a_name_that_is_none_is_refused(setting: str) -> None:
    with pytest.raises(CommandError, match=f"{setting} .*'myspace'"):
        standings(environment(**{setting: "myspace"}))


def test_x_itself_wants_to_be_told_what_it_may_cost() -> None:
    live = environment(X)
    with pytest.raises(CommandError, match="set X_DAILY_USD"):
        refuse_unbounded(standings(live), live)
    for allowed in (environment(X, X_MONTHLY_USD="20"), environment()):
        refuse_unbounded(standings(allowed), allowed)
