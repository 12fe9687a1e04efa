"""The corpus as typed lines: read, cleaned, and split by a hash of the words.

A line's side (train, valid, test) depends on its own words alone, so it never changes when lines
are added, removed or reordered, and two lines that differ only in case or punctuation share a side.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from model.corpus.genres import own_spellings
from model.corpus.records import files_of, records

Split = Literal["train", "valid", "test"]
Register = Literal["plain", "florid", "clear", "found", "witty"]

ARTIST = "{artist}"
TITLE = "{title}"
ORIGINALS = Path(__file__).resolve().parents[2] / "corpus" / "originals"

# The first part of a file's name to the register of its lines.
_REGISTER_OF: dict[str, Register] = {
    "plain": "plain",
    "clear": "clear",
    "found": "found",
    "witty": "witty",
}
_VALID_PERCENT = 2
_TEST_PERCENT = 3
_SPACES = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_STRAIGHT = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})


@dataclass(frozen=True)
class Line:
    """One sentence with the genres it was written for."""

    text: str
    genres: tuple[str, ...]
    register: Register
    split: Split


def words(text: str) -> list[str]:
    """The lower-case words of a text, slots and punctuation left out."""
    return _WORD.findall(text.replace(ARTIST, " ").replace(TITLE, " ").lower())


def clean(text: str) -> str:
    """One line of text with straight quotes and single spaces."""
    return _SPACES.sub(" ", text.translate(_STRAIGHT)).strip()


def split_of(text: str) -> Split:
    """The side on which a text belongs, decided by its words alone."""
    digest = hashlib.blake2b(" ".join(words(text)).encode(), digest_size=8).digest()
    percent = int.from_bytes(digest, "big") % 100
    if percent < _VALID_PERCENT:
        return "valid"
    return "test" if percent < _VALID_PERCENT + _TEST_PERCENT else "train"


def read_corpus(folder: Path = ORIGINALS) -> list[Line]:
    """Every usable line under a folder, duplicates dropped, in file order.

    Raises:
        CorpusError: the folder holds no JSON Lines, or one of them is malformed.
    """
    files = files_of(folder, "the corpus, corpus/originals")
    unique: dict[str, Line] = {}
    for file in files:
        for line in _read_file(file):
            unique.setdefault(line.text, line)
    return list(unique.values())


def of_split(lines: Iterable[Line], split: Split) -> list[Line]:
    """The lines of one side."""
    return [line for line in lines if line.split == split]


def _read_file(file: Path) -> Iterable[Line]:
    register = _register_of(file)

    def line(record: dict[str, Any]) -> Line:
        text = clean(record["text"])
        return Line(text, own_spellings(record["genres"]), register, split_of(text))

    expected = "a string `text` and a list of strings `genres`"
    return (read for read in records(file, line, expected) if read.text)


def _register_of(file: Path) -> Register:
    """The register that a file's name begins with; a name without one is florid."""
    return _REGISTER_OF.get(file.stem.partition("_")[0], "florid")
