"""The vendors that live here: which paths are whose, and how each words a failure.

A new vendor is one row here and one sub-application in `app.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from services.sandbox.answers import HTML, Answer
from services.sandbox.bluesky.errors import bluesky_failure
from services.sandbox.google.errors import google_failure
from services.sandbox.lastfm.errors import lastfm_failure
from services.sandbox.mastodon.errors import mastodon_failure
from services.sandbox.musicbrainz.errors import musicbrainz_failure
from services.sandbox.spotify.errors import accounts_failure, spotify_failure
from services.sandbox.x.errors import x_failure

Failure = Callable[[int], Answer]


@dataclass(frozen=True)
class Vendor:
    name: str
    prefix: str
    failure: Failure


VENDORS = (
    Vendor("x", "/x", x_failure),
    Vendor("mastodon", "/mastodon", mastodon_failure),
    Vendor("bluesky", "/bluesky", bluesky_failure),
    Vendor("spotify", "/spotify", spotify_failure),
    Vendor("spotify", "/spotify-accounts", accounts_failure),
    Vendor("musicbrainz", "/musicbrainz", musicbrainz_failure),
    Vendor("lastfm", "/lastfm", lastfm_failure),
    Vendor("google", "/google", google_failure),
)
VENDOR_NAMES = frozenset(vendor.name for vendor in VENDORS)


def vendor_of(path: str) -> Vendor | None:
    """Whose path this is; None for the sandbox's own."""
    for vendor in VENDORS:
        if path.startswith(vendor.prefix + "/"):
            return vendor
    return None


def html_failure(status: int) -> Answer:
    """What a load balancer in front of any vendor says."""
    phrase = HTTPStatus(status).phrase
    body = (
        f"<!DOCTYPE html>\n<html><head><title>{status} {phrase}</title></head>"
        f"<body><h1>{status} {phrase}</h1><p>Over capacity.</p></body></html>\n"
    )
    return Answer(status, body.encode(), HTML)
