"""Live, played by the sandbox, or half configured: never guessed."""

import pytest

from deephypebot.errors import CommandError
from deephypebot.vendors import (
    MUSICBRAINZ,
    SPOTIFY,
    VENDORS,
    Environment,
    Vendor,
    X,
    mixture,
    refuse_halves,
    stand_ins,
    standings,
)

SANDBOX = "http://127.0.0.1:8090"


def credentials(*vendors: Vendor) -> dict[str, str]:
    return {name: "real" for vendor in vendors for name in vendor.credentials}


def environment(*live: Vendor, **more: str) -> Environment:
    return Environment({**credentials(*live), **more}, {})


def test_without_credentials_every_vendor_is_the_sandboxs() -> None:
    wiring = stand_ins(standings(environment()), SANDBOX)
    assert wiring["X_BASE_URL"] == f"{SANDBOX}/x"
    assert wiring["SPOTIFY_ACCOUNTS_URL"] == f"{SANDBOX}/spotify-accounts"
    assert wiring["MUSICBRAINZ_URL"] == f"{SANDBOX}/musicbrainz"
    assert wiring["X_ACCESS_TOKEN"].partition("-")[0].isdigit()


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_a_live_vendor_is_left_alone(vendor: Vendor) -> None:
    wiring = stand_ins(standings(environment(vendor)), SANDBOX)
    assert not set(wiring) & {*vendor.credentials, *vendor.addresses, *vendor.stand_in}


def test_credentials_count_from_dotenv_and_from_secret_files() -> None:
    dotenv: dict[str, str | None] = {"X_CONSUMER_KEY": "k", "X_CONSUMER_SECRET": "s"}
    files = {"X_ACCESS_TOKEN_FILE": "/a", "X_ACCESS_TOKEN_SECRET_FILE": "/b"}
    assert standings(Environment(files, dotenv))[0].live


def test_an_empty_value_is_no_credential() -> None:
    assert not standings(environment(X, X_ACCESS_TOKEN=""))[0].live


@pytest.mark.parametrize("vendor", [X, SPOTIFY], ids=lambda vendor: vendor.name)
def test_half_of_the_credentials_is_refused(vendor: Vendor) -> None:
    found = standings(environment(vendor, **{vendor.credentials[-1]: ""}))
    with pytest.raises(CommandError, match=f"half configured: set {vendor.credentials[-1]}"):
        refuse_halves(found)


def test_a_line_says_how_to_go_live() -> None:
    line = next(s.line() for s in standings(environment()) if s.vendor is SPOTIFY)
    assert line == "Spotify: sandbox; set SPOTIFY_CLIENT_ID SPOTIFY_CLIENT_SECRET to go live"


def test_no_line_shows_a_value() -> None:
    assert "real" not in "".join(s.line() for s in standings(environment(*VENDORS)))


def test_publishing_for_real_from_sandbox_songs_is_said_loudly() -> None:
    assert "PUBLISHED FOR ALL TO SEE" in (mixture(standings(environment(X))) or "")


def test_real_songs_for_a_sandbox_timeline_are_mentioned() -> None:
    warning = mixture(standings(environment(SPOTIFY, MUSICBRAINZ))) or ""
    assert warning == "Mixed: Spotify and MusicBrainz live, X from the sandbox"


@pytest.mark.parametrize("live", [(), VENDORS], ids=["none", "all"])
def test_nothing_is_mixed_when_all_are_alike(live: tuple[Vendor, ...]) -> None:
    assert mixture(standings(environment(*live))) is None
