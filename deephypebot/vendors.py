"""Which vendors are live and which are played by the sandbox.

A vendor whose credentials are all set is live. One without any is pointed at the sandbox: the
same SDK, another base URL. One that has some of them is a mistake, and said so.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deephypebot.errors import CommandError


@dataclass(frozen=True)
class Vendor:
    """`stand_in` is what the gateway is told when the sandbox plays the vendor."""

    name: str
    credentials: tuple[str, ...]
    addresses: Mapping[str, str]  # setting -> path in the sandbox
    stand_in: Mapping[str, str]


X = Vendor(
    "X",
    ("X_CONSUMER_KEY", "X_CONSUMER_SECRET", "X_ACCESS_TOKEN", "X_ACCESS_TOKEN_SECRET"),
    {"X_BASE_URL": "x"},
    {
        "X_CONSUMER_KEY": "sandbox",
        "X_CONSUMER_SECRET": "sandbox",
        # The part before the dash is the account's id, to the SDK and to the sandbox.
        "X_ACCESS_TOKEN": "1000-sandbox",
        "X_ACCESS_TOKEN_SECRET": "sandbox",
    },
)
MASTODON = Vendor(
    "Mastodon",
    ("MASTODON_BASE_URL", "MASTODON_ACCESS_TOKEN"),
    {"MASTODON_BASE_URL": "mastodon"},
    {"MASTODON_ACCESS_TOKEN": "sandbox"},
)
BLUESKY = Vendor(
    "Bluesky",
    ("BLUESKY_HANDLE", "BLUESKY_APP_PASSWORD"),
    {"BLUESKY_BASE_URL": "bluesky"},
    {"BLUESKY_HANDLE": "deephypebot.bsky.social", "BLUESKY_APP_PASSWORD": "sandbox"},
)
SPOTIFY = Vendor(
    "Spotify",
    ("SPOTIFY_CLIENT_ID", "SPOTIFY_CLIENT_SECRET"),
    {"SPOTIFY_API_URL": "spotify", "SPOTIFY_ACCOUNTS_URL": "spotify-accounts"},
    {"SPOTIFY_CLIENT_ID": "sandbox", "SPOTIFY_CLIENT_SECRET": "sandbox"},
)
MUSICBRAINZ = Vendor(
    "MusicBrainz",
    ("MUSICBRAINZ_CONTACT",),
    {"MUSICBRAINZ_URL": "musicbrainz"},
    {"MUSICBRAINZ_CONTACT": "sandbox@localhost", "MUSICBRAINZ_INTERVAL": "0"},
)
LASTFM = Vendor(
    "Last.fm", ("LASTFM_API_KEY",), {"LASTFM_URL": "lastfm"}, {"LASTFM_API_KEY": "sandbox"}
)
TIMELINES = {"x": X, "mastodon": MASTODON, "bluesky": BLUESKY}
CATALOGUES = {"spotify": SPOTIFY, "musicbrainz": MUSICBRAINZ, "lastfm": LASTFM}
DEFAULT_TIMELINE, DEFAULT_CATALOGUES = "x", "spotify,musicbrainz"
# X charges for what is read, so one of these must say how much it may.
BUDGETS = ("X_DAILY_USD", "X_MONTHLY_USD")
# Not among them: the sandbox plays no sheet here, since the built-in page takes its place.
SHEET_CREDENTIALS = ("GOOGLE_SERVICE_ACCOUNT_FILE", "GOOGLE_SHEET_KEY")


class Environment:
    """What the services will read: the environment, files named by `NAME_FILE`, and `.env`."""

    def __init__(self, values: Mapping[str, str], dotenv: Mapping[str, str | None]) -> None:
        self.values, self.dotenv = values, dotenv

    @classmethod
    def here(cls, folder: Path | None = None) -> "Environment":
        # Imported here: `--help` has no use for it.
        from dotenv import dotenv_values  # noqa: PLC0415

        return cls(os.environ, dotenv_values((folder or Path()) / ".env"))

    def get(self, name: str) -> str | None:
        return self.values.get(name) or self.dotenv.get(name) or None

    def has(self, name: str) -> bool:
        return bool(self.values.get(f"{name}_FILE") or self.get(name))


@dataclass(frozen=True)
class Standing:
    """How a vendor is reached."""

    vendor: Vendor
    live: bool
    missing: tuple[str, ...]

    @property
    def half(self) -> bool:
        return bool(self.missing) and len(self.missing) < len(self.vendor.credentials)

    def line(self) -> str:
        if self.live:
            return f"{self.vendor.name}: live"
        return f"{self.vendor.name}: sandbox; set {' '.join(self.missing)} to go live"


def timeline_of(environment: Environment) -> str:
    """The timeline that TIMELINE names; raises CommandError."""
    name = (environment.get("TIMELINE") or DEFAULT_TIMELINE).lower()
    if name not in TIMELINES:
        raise CommandError(f"TIMELINE is '{name}': it must be {', '.join(TIMELINES)}.")
    return name


def catalogues_of(environment: Environment) -> list[str]:
    """The catalogues that CATALOGUES names; raises CommandError."""
    named = (environment.get("CATALOGUES") or DEFAULT_CATALOGUES).split(",")
    names = [name.strip() for name in named if name.strip()]
    if unknown := [name for name in names if name not in CATALOGUES]:
        raise CommandError(f"CATALOGUES names '{unknown[0]}': there are {', '.join(CATALOGUES)}.")
    return names


def standings(environment: Environment) -> list[Standing]:
    """How the timeline, which comes first, and the catalogues are reached; raises CommandError."""
    vendors = [TIMELINES[timeline_of(environment)]]
    vendors += [CATALOGUES[name] for name in catalogues_of(environment)]
    return [_standing(vendor, environment) for vendor in vendors]


def _standing(vendor: Vendor, environment: Environment) -> Standing:
    missing = tuple(name for name in vendor.credentials if not environment.has(name))
    return Standing(vendor, live=not missing, missing=missing)


def refuse_halves(found: list[Standing]) -> None:
    """Raises CommandError when a vendor has some of its credentials, but not all."""
    for standing in found:
        if standing.half:
            raise CommandError(
                f"{standing.vendor.name} is half configured: set {' and '.join(standing.missing)} "
                "too, or unset the others to use the sandbox."
            )


def refuse_unbounded(found: list[Standing], environment: Environment) -> None:
    """Raises CommandError when X itself is to be read and nothing says what it may cost."""
    live = any(standing.live and standing.vendor is X for standing in found)
    if live and not any(environment.has(name) for name in BUDGETS):
        raise CommandError(
            "X costs money: set X_DAILY_USD to the most that it may cost a day, in US dollars, or "
            "unset its keys to use the sandbox."
        )


def sheet_lacks(environment: Environment) -> tuple[str, ...]:
    """What the Google Sheet needs and has not; nothing where drafts are curated on the page."""
    if environment.get("SHEET") != "google":
        return ()
    return tuple(name for name in SHEET_CREDENTIALS if not environment.has(name))


def stand_ins(found: list[Standing], sandbox_url: str) -> dict[str, str]:
    """The environment that points every vendor that is not live at the sandbox."""
    wiring: dict[str, str] = {}
    for standing in found:
        if not standing.live:
            wiring |= standing.vendor.stand_in
            for setting, path in standing.vendor.addresses.items():
                wiring[setting] = f"{sandbox_url}/{path}"
    return wiring


def mixture(found: list[Standing]) -> str | None:
    """A warning when real and sandbox vendors are used together; the timeline comes first."""
    live = [s.vendor.name for s in found if s.live]
    played = [s.vendor.name for s in found if not s.live]
    if not live or not played:
        return None
    timeline = found[0]
    if timeline.live:
        return (
            f"ATTENTION: {timeline.vendor.name} is live: what is approved is PUBLISHED FOR ALL TO "
            f"SEE, while {' and '.join(played)} {'is' if len(played) == 1 else 'are'} the sandbox's"
        )
    return f"Mixed: {' and '.join(live)} live, {' and '.join(played)} from the sandbox"
