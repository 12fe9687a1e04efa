"""Which languages' posts are read.

Platforms name a language by a tag such as `pt` or `pt-BR`, each in its own way: only the part
before the dash counts, X's old names are renewed, and what it calls undetermined, or a post of
links, hashtags and media alone (`und`, `zxx`, `qme` ...), has no language.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_NO_LANGUAGE = re.compile(r"und|zxx|mul|mis|art|q[a-t][a-z]")  # q.. is for private use
_RENEWED = {"in": "id", "iw": "he", "ji": "yi"}


def language_of(tag: str | None) -> str | None:
    """The language that a platform's tag names; None where it names none."""
    language = (tag or "").replace("_", "-").partition("-")[0].strip().lower()
    if not language or _NO_LANGUAGE.fullmatch(language):
        return None
    return _RENEWED.get(language, language)


def foreign(tag: str | None, wanted: Collection[str]) -> str | None:
    """The language of a post that is none of those wanted; None for a post to read.

    Wanting none means reading all. A post without a language is read: that is what a post of
    nothing but a song often is.
    """
    language = language_of(tag)
    return language if wanted and language and language not in wanted else None
