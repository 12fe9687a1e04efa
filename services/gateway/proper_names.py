"""Platforms and catalogues as they write themselves."""

PROPER_NAMES = {
    "x": "X",
    "mastodon": "Mastodon",
    "bluesky": "Bluesky",
    "spotify": "Spotify",
    "musicbrainz": "MusicBrainz",
    "lastfm": "Last.fm",
    "google": "Google",
}


def proper_name(name: str) -> str:
    """The name as readers know it; one that is not known here stays as it is."""
    return PROPER_NAMES.get(name, name)
