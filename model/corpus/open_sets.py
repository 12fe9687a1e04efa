"""Openly licensed text about music, filtered to sentences about sound.

    python -m model.corpus.open_sets DATA OUTPUT

reads the sets that are there under DATA (one folder each) and writes OUTPUT/found_*.jsonl in the
form of the corpus, so that `python -m model.training --also OUTPUT` may train on them too:

    musiccaps       captions of recordings by musicians, CC BY-SA 4.0
    genresinspace   lead sections on performers and genres of the English Wikipedia, CC BY-SA 4.0
    lastfm_bios     Last.fm's wiki on performers, CC BY-SA 3.0

Kept is a sentence that names a sound and nothing that must be true: no year, no person, no place,
no title. Their text stays out of this repository; a bundle trained on them must name them.
"""

import csv
import json
import re
import sys
from ast import literal_eval
from collections import Counter
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mwparserfromhell

from model.corpus.genres import GenreBook, vocabulary
from model.corpus.lines import ARTIST, clean, read_corpus, words
from model.corpus.nearness import read_microgenres
from model.errors import CorpusError

SHORTEST, LONGEST = 6, 30  # words

# Words of which a sentence about sound holds at least one.
_SOUNDS = frozenset((
    "accordion", "arpeggio", "banjo", "basslines", "bassline", "beat", "beats", "brass",
    "cello", "chord", "chords", "chorus", "clap", "claps", "cymbals", "distortion", "drone",
    "drum", "drumming", "drums", "falsetto", "feedback", "fiddle", "flute", "flutes", "groove",
    "grooves", "guitar", "guitars", "harmonica", "harmonies", "harmony", "horn", "horns",
    "keyboard", "keyboards", "melodies", "melody", "organ", "percussion", "piano", "rhythm",
    "rhythms", "riff", "riffs", "saxophone", "snare", "strings", "synth", "synths",
    "synthesizer", "synthesizers", "tempo", "trumpet", "violin", "vocal", "vocals", "voice",
    "voices",
))  # fmt: skip
_LOW_QUALITY = re.compile(r"\b([Tt]he|[Aa]) (?:very )?low quality ")
_BEFORE_STOP = re.compile(r" +(?=[,;:.])")
_SENTENCE_END = re.compile(r"(?<=[a-z)][.!?])\s+(?=[A-Z])")
_MARKDOWN_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_FOOTNOTE = re.compile(r"\{\{.*?\}\}|\[[^\]]*\]|\([^)]*\)|<ref.*?(?:/>|</ref>)", re.DOTALL)
# Words of a person; performers are not gendered, as in the corpus.
_PERSONS = frozenset((
    "he", "she", "his", "her", "hers", "him", "himself", "herself", "i", "my", "me", "we",
    "our", "us", "male", "female", "man", "men", "woman", "women", "boy", "boys", "girl",
    "girls",
))  # fmt: skip
# A capital inside a sentence is a name, except in the names of styles and in slots.
_NAME = re.compile(r"(?<!^)(?<![.!?] )\b(?!R&B\b|EDM\b|UK\b|MC\b|I\b)[A-Z][\w-]*")
_FORM = re.compile(r"[A-Z{][A-Za-z{}&',;: -]+\.")


@dataclass(frozen=True)
class Found:
    """A piece of running text, what it is about, and its genres."""

    text: str
    about: str | None  # a performer's name, which becomes a slot
    genres: tuple[str, ...]


def captions(folder: Path) -> Iterator[Found]:
    """MusicCaps: captions; genres are those of their aspects that are names of labels."""
    with (folder / "musiccaps.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            yield Found(row["caption"], None, tuple(literal_eval(row["aspect_list"])))


def lead_sections(folder: Path) -> Iterator[Found]:
    """Wikipedia's lead sections of performers and of genres, without their markup."""
    nodes = json.loads((folder / "data.json").read_text("utf-8"))["nodes"]
    for record in _records(folder / "artists.jsonl"):
        genres = tuple(nodes[number]["label"] for number in record["genres"])
        yield Found(_unmarked(record["description"]), record["name"], genres)
    for record in _records(folder / "genres.jsonl"):
        yield Found(_unmarked(record["description"]), None, (record["page"],))


def biographies(folder: Path) -> Iterator[Found]:
    """Last.fm's biographies; their genres are not told."""
    for record in _records(folder / "bios.jsonl"):
        yield Found(_MARKDOWN_LINK.sub(r"\1", record["bio"]).replace("**", ""), record["name"], ())


SETS: dict[str, Callable[[Path], Iterator[Found]]] = {
    "musiccaps": captions,
    "genresinspace": lead_sections,
    "lastfm_bios": biographies,
}


def sentences(found: Found) -> list[str]:
    """The text's sentences, the performer's name as a slot."""
    text = _LOW_QUALITY.sub(r"\1 ", _FOOTNOTE.sub("", found.text))
    if found.about:
        name = re.compile(rf"\b(?:the )?{re.escape(found.about)}(?!\w)", re.IGNORECASE)
        text = name.sub(ARTIST, text)
    text = _BEFORE_STOP.sub("", clean(text))
    return [_opened(sentence) for sentence in _SENTENCE_END.split(text)]


def flaw(sentence: str, known: Container[str]) -> str | None:
    """Why a sentence is not kept; None when it is. `known` are words that may open one."""
    bag = words(sentence)
    if not SHORTEST <= len(bag) <= LONGEST:
        return "length"
    if _SOUNDS.isdisjoint(bag):
        return "no sound"
    if not _PERSONS.isdisjoint(bag):
        return "person"
    if _NAME.search(sentence) or not (sentence.startswith(ARTIST) or bag[0] in known):
        return "name"
    return None if _FORM.fullmatch(sentence) else "form"


def import_sets(data: Path, output: Path) -> dict[str, Counter[str]]:
    """Write found_*.jsonl for the sets under `data`; returns what became of their sentences.

    Raises:
        CorpusError: none of the sets is there.
    """
    there = [name for name in SETS if (data / name).is_dir()]
    if not there:
        raise CorpusError(f"none of {', '.join(SETS)} in {data}; name the folder that holds them")
    output.mkdir(parents=True, exist_ok=True)
    corpus = read_corpus()
    known = {word for line in corpus for word in words(line.text)}
    book = GenreBook(vocabulary(line.genres for line in corpus), read_microgenres())
    return {
        name: _import(SETS[name](data / name), book, known, output / f"found_{name}.jsonl")
        for name in there
    }


def _import(
    texts: Iterator[Found], book: GenreBook, known: Container[str], file: Path
) -> Counter[str]:
    fates: Counter[str] = Counter()
    kept: dict[str, list[str]] = {}
    for found in texts:
        genres = list(book.match(found.genres).labels)[:3]
        for sentence in sentences(found):
            fate = flaw(sentence, known) or ("repeat" if sentence in kept else "kept")
            fates[fate] += 1
            if fate == "kept":
                kept[sentence] = genres
    lines = (json.dumps({"genres": genres, "text": text}) for text, genres in kept.items())
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return fates


def _records(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def _unmarked(wikitext: str) -> str:
    return str(mwparserfromhell.parse(wikitext).strip_code())


def _opened(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def main(arguments: list[str]) -> None:
    """Import, and print a line of counts for each set."""
    for name, fates in import_sets(Path(arguments[0]), Path(arguments[1])).items():
        counts = ", ".join(f"{fate} {count}" for fate, count in fates.most_common())
        sys.stdout.write(f"{name}: {fates.total()} sentences: {counts}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
