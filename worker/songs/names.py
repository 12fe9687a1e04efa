"""How a name is written clean: noise in brackets dropped, featured artists told apart, handles
and hashtags spelled as names, and what cannot be a name refused.
"""

from __future__ import annotations

import re

from worker.songs.runs import name_end
from worker.songs.words import NO_TITLE

_EDGES = ' \t\n"*~\u2013|:;,\u266b\u00b7\u200c\u200d\u2022=<>_^'
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+")
_HANDLE = re.compile(r"(?<!\S)[@#](\w+)")
_OFFICIAL = re.compile(r"(?i)(?:_?official|_?vevo)$|^(?:official_?|theofficial_?)(?=\w{3})")

_NOISE = re.compile(
    r"""\s*[(\[\u3010]\s*(?:the\s)?(?:official|lyrics?\b|audio\b|video\b|music\svideo|hd\b|hq\b|4k\b|
        live\b|explicit|clean\b|\d{0,4}\s?remaster|visuali[sz]er|prod\b|with\slyrics|full\ssong|
        clip\b|covered\sby\b|free\sd|out\snow|premiere|performance|m/?v\b|\d{4}\sremaster|ca\.|snippet)
        [^)\]\u3011\n]{0,60}[)\]\u3011]
      | \s+[-\u2013]\s+(?:live\b|(?:\d{4}\s)?(?:digital(?:ly)?\s)?remaster|official\b|lyrics?\b|
        single\sversion|album\sversion|radio\sedit|explicit)[^\n]{0,60}$
      | \s+[-\u2013]?\s*(?:official\s(?:music\s)?(?:video|audio)|lyric\svideo|music\svideo|m/v)$
      | \s+[(\[](?:new|re|re-?entry|debut|(?:19|20)\d\d|[=+-]\s?\d{0,3}|\d+\s(?:weeks?|wks?))[)\]]$
    """,
    re.VERBOSE | re.IGNORECASE,
)
_FEATURED = re.compile(
    r"""\s*(?:[(\[]\s*(?:feat\.?|ft\.?|featuring|with|w/)\s+([^)\]\n]{1,80})[)\]]?
      | (?:[-\u2013]\s+)?\b(?:feat\.|ft\.|feat|ft|featuring)\s+([^()\[\]\n]{1,80}))""",
    re.VERBOSE | re.IGNORECASE,
)
_JOINT = re.compile(r",\s+|\s+(?:[&+xX]|vs\.?|with)\s+")
_LIST = re.compile(r",\s+(?![Tt]he\b)|\s+(?:&|\+|x)\s+(?![Tt]he\b)|\s+and\s+(?![Tt]he\b)")

_WORDY = re.compile(r"\w")


def clean_title(raw: str, *, marked: bool) -> tuple[str, tuple[str, ...]] | None:
    """The title without noise, and the artists that it says are featured; None for no title.

    A title that is `marked`, by quotation marks or by a capital after a lead, may be any word.
    """
    title, featured = _split_featured(raw.replace("\u2039", '"'))
    title = " ".join(_without_noise(title).split()).strip(_EDGES).removeprefix("- ")
    first = title[:1]
    if first == "@":
        return None
    if first == "#":
        title = spell(title)
    if title[-1:] == "." and title[-2:] != ".." and not _initials(title):
        title = title.removesuffix(".").rstrip(_EDGES)
    if title[:1] == title[-1:] == "'" and title.count("'") == 2:
        title = title.strip("' ")
    if not _is_title(title):
        return None
    if (not marked or title[0].islower()) and NO_TITLE.fullmatch(title.partition(" by ")[0]):
        return None
    return title, featured


def _is_title(title: str) -> bool:
    return (
        0 < len(title) <= 100
        and title.count(" ") < 16
        and (title[0].isalnum() or _WORDY.search(title) is not None or not title.isascii())
    )


def clean_artists(raw: str) -> tuple[str, ...] | None:
    """The main artist and the featured ones, or None where this is no artist."""
    main, featured = _split_featured(raw)
    main = " ".join(_without_noise(main).split()).strip(_EDGES + "!?")
    if main[-1:] == "." and not (main.endswith(("Jr.", "Sr.")) or _initials(main)):
        main = main.rstrip(". ")
    main = spell(main if main.count("(") == main.count(")") else main.strip("() "))
    if not main or len(main) > 80 or main.count(" ") > 9:
        return None
    if not (main[0].isalnum() or any(map(str.isalnum, main))):
        return None
    return (main, *featured)


def _without_noise(name: str) -> str:
    if "(" in name or "[" in name or " -" in name or "\u2013" in name or "\u3010" in name:
        return _NOISE.sub("", name)
    return name


def _initials(name: str) -> bool:
    """Whether a closing point belongs to the name, as in B.G. and N.E.R.D."""
    return len(name) >= 4 and name[-1] == "." and name[-3] == "."


def _split_featured(raw: str) -> tuple[str, tuple[str, ...]]:
    lower = raw.lower()
    if not ("ft" in lower or "feat" in lower or "with " in lower or "w/" in lower):
        return raw, ()
    match = _FEATURED.search(raw)
    if match is None or not raw[: match.start()].strip(_EDGES):
        return raw, ()
    return raw[: match.start()] + " " + raw[match.end() :], _featured(match)


def guests(text: str, at: int) -> tuple[str, ...]:
    """The artists that are featured right after a quoted title, which ends at `at`."""
    match = _FEATURED.match(text, at)
    return _featured(match) if match else ()


def _featured(match: re.Match[str]) -> tuple[str, ...]:
    said = match[1] or match[2]
    end = name_end(said, 0, len(said))
    if match[2] and end and said[end : end + 1] == " ":
        said = said[:end]  # a sentence goes on after the name
    names = (" ".join(name.split()).strip(_EDGES) for name in _LIST.split(said))
    return tuple(spell(name) for name in names if name)


def with_guests(artists: tuple[str, ...], featured: tuple[str, ...]) -> tuple[str, ...]:
    """The artists, then those that the title says are featured, each once."""
    if not featured:
        return artists
    return artists + tuple(name for name in featured if name not in artists)


def spell(name: str) -> str:
    """Handles and hashtags as names: "@ArianaGrande" reads "Ariana Grande". The rest stays."""
    if "@" not in name and "#" not in name:
        return name
    return _HANDLE.sub(_spelled, name)


def _spelled(handle: re.Match[str]) -> str:
    bare = _OFFICIAL.sub("", handle[1]) or handle[1]
    return _CAMEL.sub(" ", bare).strip()


def split_names(joined: str) -> list[str]:
    """A joined name taken apart: "Nico & Vinz" may be two artists. One name stays one."""
    if not _JOINT.search(joined):
        return [joined]
    return [name.strip() for name in _JOINT.split(joined) if _WORDY.search(name)]
