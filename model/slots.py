"""Filling `{artist}` and `{title}` with a song's names, so that it still reads as English.

Names come from strangers: they are tidied and bounded, and inserted as text that is never looked at
again, so braces or markup in a name stay what they are.
"""

import re
import unicodedata
from dataclasses import dataclass

LONGEST_NAME = 100  # characters; a post has 280
_SLOT = re.compile(
    r"""(?P<article>\b(?:[Aa]n?|[Tt]he)\ )?     # an article that the name may change
        (?P<open>")?\{(?P<slot>artist|title)\}(?P<close>")?
        (?P<possessive>'s\b)?
        (?P<stop>[.!?](?=$|"$))?""",
    re.VERBOSE,
)
_SEVERAL = re.compile(
    r"""\s(?:&|\+|x|and|und|et|y|e|vs\.?)\s | ,\s(?!the\b) | ^the\s.*[^\Ws]s$
      | \b(?:boys|girls|brothers|sisters|kids|monkeys|fighters|peppers|pistols|pumpkins)$""",
    re.VERBOSE | re.IGNORECASE,
)
_VOWEL = re.compile(r"(?i)^(?!uni|use|usu|u\d|u\b|eu|one\b|once|ouija)[aeiou]|^8|^1[18]\b")
_SPELT_VOWEL = re.compile(r"^[FHLMNRSX](?:[.\d]|[B-DF-HJ-NP-TV-XZ]*\b)")


@dataclass(frozen=True)
class Song:
    """The names to write with; None where a name is not known or not fit to print."""

    artist: str | None = None
    title: str | None = None


def tidy(name: str | None) -> str | None:
    """A name on one line, no control characters, at most `LONGEST_NAME` long; None if empty."""
    if name is None:
        return None
    # Ten thousand characters aren't worth normalising to keep a hundred.
    visible = "".join(
        " " if unicodedata.category(c)[0] in "ZC" and c != "\u200d" else c
        for c in name[: 10 * LONGEST_NAME]
    )
    text = " ".join(unicodedata.normalize("NFC", visible).split())
    if len(text) > LONGEST_NAME:
        text = text[: LONGEST_NAME - 1].rstrip() + "\u2026"
    return text or None


def stands_for_several(name: str) -> bool:
    """Whether a name is joined of several, or a plural: "Queen and David Bowie", "The Smiths".

    The verbs beside a slot are in the singular, and would be wrong.
    """
    return _SEVERAL.search(name) is not None


def fill(text: str, song: Song) -> str:
    """The sentence with its slots filled.

    A title stands in double quotes. Articles agree ("an Oasis song", "the Beatles sound"), names in
    -s take a bare apostrophe, and a name that brings its own full stop ends the sentence with it.
    The song must have a name for every slot of the text.
    """
    return _SLOT.sub(lambda match: _filled(match, song), text)


def _filled(match: re.Match[str], song: Song) -> str:
    name = song.artist if match["slot"] == "artist" else song.title
    if name is None:
        raise ValueError(f"no {match['slot']} to fill {match.string!r} with")
    article = _article(match["article"] or "", name, is_title=match["slot"] == "title")
    if match["slot"] == "artist":
        if article.lower() == "the " and name[:4].lower() == "the ":
            name = name[4:]
        body = f"{match['open'] or ''}{name}{match['close'] or ''}"
    else:
        body = '"' + name.replace('"', "'") + '"'
    return article + body + _possessive(match["possessive"], name) + _stop(match["stop"], body)


def _article(article: str, name: str, *, is_title: bool) -> str:
    if article.lower() not in ("a ", "an ") or is_title:
        return article
    capital = article[0]
    return f"{capital}n " if _VOWEL.match(name) or _SPELT_VOWEL.match(name) else f"{capital} "


def _possessive(mark: str | None, name: str) -> str:
    if not mark:
        return ""
    return "'" if name[-1:] in "sS" else mark


def _stop(stop: str | None, body: str) -> str:
    if stop == "." and body.rstrip('"').endswith((".", "!", "?", "\u2026")):
        return "" if not body.endswith('"') else "."
    return stop or ""
