"""Links to music: which service, what kind of thing, its id, and the names a link spells out.

A shortened link (t.co, bit.ly, spoti.fi) says nothing and is no music link here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote_plus, urlsplit


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a music service. `title` and `artist` are set where its path spells them."""

    service: str
    kind: str
    id: str | None
    url: str
    title: str | None = None
    artist: str | None = None


_KINDS = {"track", "album", "artist", "playlist", "episode", "show"}
_SOUNDCLOUD_PAGES = {"discover", "search", "stream", "you", "charts", "pages", "stations"}
_SPOTIFY_URI = re.compile(r"spotify:(track|album|artist|playlist):([0-9A-Za-z]{22})$")
_SPOTIFY_ID = re.compile(r"[0-9A-Za-z]{22}")
_MUSIC = re.compile(r"spotify|apple\.com|youtu|soundcloud|last\.?fm|bandcamp")
_SHORTENED = ("https://t.co/", "http://t.co/")  # most links of X
_VIDEO_ID = re.compile(r"[\w-]{11}$")


def read_link(url: str) -> Link | None:
    """The music link that `url` is, or None. Never raises, whatever `url` holds."""
    if url.startswith(_SHORTENED) or not _MUSIC.search(url):  # no need to take it apart
        return None
    if uri := _SPOTIFY_URI.match(url):
        return Link("spotify", uri[1], uri[2], url)
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:  # such as an unclosed IPv6 bracket
        return None
    path = [unquote_plus(piece) for piece in parts.path.split("/") if piece]
    if host.endswith(".bandcamp.com"):
        return _bandcamp(url, host, path)
    read = _READERS.get(host)
    return read(url, path, parts.query) if read else None


def _spotify(url: str, path: list[str], _query: str) -> Link | None:
    if path and path[0].startswith("intl-"):
        path = path[1:]
    if len(path) >= 2 and path[0] in _KINDS and _SPOTIFY_ID.fullmatch(path[1]):
        return Link("spotify", path[0], path[1], url)
    return None


def _apple(url: str, path: list[str], query: str) -> Link | None:
    kinds = [piece for piece in path if piece in {"album", "song", "artist", "playlist"}]
    if not kinds:
        return None
    kind, number = kinds[0], path[-1].removeprefix("id")
    track = parse_qs(query).get("i", [""])[0]
    if kind == "album" and track.isdigit():
        return Link("apple_music", "track", track, url)
    if kind == "song":
        slug = path[path.index("song") + 1 :]
        title = _spoken(slug[0]) if len(slug) == 2 else None
        return Link("apple_music", "track", number, url, title=title)
    return Link("apple_music", kind, number, url)


def _youtube(url: str, path: list[str], query: str) -> Link | None:
    named = parse_qs(query).get("v", [""])[0]
    video = named or (path[-1] if path and len(path) <= 2 else "")
    return Link("youtube", "video", video, url) if _VIDEO_ID.match(video) else None


def _soundcloud(url: str, path: list[str], _query: str) -> Link | None:
    if len(path) < 2 or path[0] in _SOUNDCLOUD_PAGES:
        return None
    if path[1] == "sets":
        return Link("soundcloud", "playlist", "/".join(path[:3]), url)
    names = {"title": _spoken(path[1]), "artist": _spoken(path[0])}
    return Link("soundcloud", "track", "/".join(path[:2]), url, **names)


def _bandcamp(url: str, host: str, path: list[str]) -> Link | None:
    if len(path) < 2 or path[0] not in {"track", "album"}:
        return None
    artist = _spoken(host.removesuffix(".bandcamp.com"))
    title = _spoken(path[1]) if path[0] == "track" else None
    return Link("bandcamp", path[0], path[1], url, title=title, artist=artist)


def _lastfm(url: str, path: list[str], _query: str) -> Link | None:
    if "music" not in path:
        return None
    names = path[path.index("music") + 1 :]
    if len(names) >= 3 and names[1] == "_":
        return Link("lastfm", "track", None, url, title=names[2], artist=names[0])
    kind = "album" if len(names) == 2 else "artist"
    return Link("lastfm", kind, None, url, artist=names[0]) if names else None


def _spoken(slug: str) -> str:
    """A slug as a name: "pink-moon" reads "pink moon"."""
    return slug.replace("-", " ").replace("_", " ").strip()


_READERS: dict[str, Callable[[str, list[str], str], Link | None]] = {
    "open.spotify.com": _spotify,
    "play.spotify.com": _spotify,
    "music.apple.com": _apple,
    "itunes.apple.com": _apple,
    "youtube.com": _youtube,
    "m.youtube.com": _youtube,
    "music.youtube.com": _youtube,
    "youtu.be": _youtube,
    "soundcloud.com": _soundcloud,
    "m.soundcloud.com": _soundcloud,
    "last.fm": _lastfm,
    "lastfm.com": _lastfm,
}
