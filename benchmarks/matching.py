"""Whether songs are found under noisy names, and only those: `python -m benchmarks.matching`.

The facts of a chart of songs (`../shared/data/billboard_hot100`) are loaded into the sandbox, all
but some; the code of the gateway asks its Spotify for a sample in five spellings, and for the
songs that were left out. A song is found if an artist of the answer is one of those asked for.
"""

import argparse
import asyncio
import csv
import random
import re
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry
from sqlalchemy import create_engine

from benchmarks.serving.processes import Launch, free_port, running
from benchmarks.serving.setting import HOST
from benchmarks.table import print_row
from services.gateway.catalogues.answers import Answers
from services.gateway.catalogues.matching import (
    SEPARATORS,
    plain,
    plain_artists,
    plain_title,
)
from services.gateway.catalogues.songs import Songs
from services.gateway.catalogues.spotify import Spotify
from services.gateway.schemas import Song
from services.gateway.tables import metadata
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.sandbox.catalogue import load

DATA = Path("../shared/data/billboard_hot100/hot100_unique_songs.csv")
AT_ONCE = 8  # questions
FEATURING = re.compile(r"\s+featuring\s+", re.IGNORECASE)
PATIENCE_SECONDS = 30.0  # with an answer

Name = tuple[str, str]  # title and artist
Spelling = Callable[[Name, random.Random], Name]


def main() -> None:
    """Print a line for each spelling, and one for the songs that are not there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--songs", type=int, default=2000, help="asked for in five spellings")
    parser.add_argument("--left-out", type=int, default=500, help="asked for, and not there")
    parser.add_argument("--misses", type=int, default=0, help="shown of each kind")
    options = parser.parse_args()
    chance = random.Random(0)
    there, left_out = _parted(_read(options.data), options.left_out, chance)
    sample = chance.sample(there, options.songs)
    with tempfile.TemporaryDirectory() as folder, running(_sandbox(there, Path(folder))) as server:
        address = f"http://{HOST}:{server.port}"
        for spelling, spell in SPELLINGS.items():
            asked = [spell(name, chance) for name in sample]
            answers = asyncio.run(_answers(asked, address))
            wrong = [
                (question, answer)
                for name, question, answer in zip(sample, asked, answers, strict=True)
                if not _is_by(answer, name[1])
            ]
            first = spelling == next(iter(SPELLINGS))
            print_row(spelling, {"found %": 100 - 100 * len(wrong) / len(sample)}, first=first)
            _show(wrong[: options.misses])
        answers = asyncio.run(_answers(left_out, address))
        taken = [pair for pair in zip(left_out, answers, strict=True) if pair[1] is not None]
        share = 100 * len(taken) / len(left_out)
        print_row("not there, yet found", {"found %": share}, first=False)
        _show(taken[: options.misses])


def _show(pairs: Sequence[tuple[Name, Song | None]]) -> None:
    for (title, artist), answer in pairs:
        told = "nothing" if answer is None else f"{answer.title} / {', '.join(answer.artists)}"
        print(f"    {title} / {artist} -> {told}")


def _read(path: Path) -> list[Name]:
    with path.open(encoding="utf-8", newline="") as lines:
        return [(row["song"], row["artist"]) for row in csv.DictReader(lines)]


def _parted(
    names: Sequence[Name], count: int, chance: random.Random
) -> tuple[list[Name], list[Name]]:
    """The names that are loaded, and some that neither they nor the sandbox's own songs have.

    The chart has some songs twice, under two credits: a title of one artist must not come again.
    """
    known = Counter(key for song in load().songs for key in _keys((song.title, song.artists[0])))
    known.update(key for name in names for key in _keys(name))
    alone = [name for name in names if all(known[key] == 1 for key in _keys(name))]
    left_out = set(chance.sample(alone, count))
    return [name for name in names if name not in left_out], sorted(left_out)


def _keys(name: Name) -> set[tuple[str, str]]:
    credit = re.split(r"(?i)featuring|duet with|&|,| and | with | x ", name[1])
    return {(plain_title(name[0]), plain(artist)) for artist in credit if artist.strip()}


def _is_by(answer: Song | None, artist: str) -> bool:
    if answer is None:
        return False
    wanted = set(plain_artists(artist))
    return any(not wanted.isdisjoint(plain_artists(name)) for name in answer.artists)


def _case(name: Name, chance: random.Random) -> Name:
    change = chance.choice((str.upper, str.lower, str.swapcase))
    return change(name[0]), change(name[1])


def _guest(name: Name, chance: random.Random) -> Name:
    guest = chance.choice(("feat. Mara Vale", "ft. Mara Vale", "featuring Mara Vale & Friends"))
    return (
        (f"{name[0]} ({guest})", name[1])
        if chance.random() < 0.5
        else (name[0], f"{name[1]} {guest}")
    )


def _edition(name: Name, chance: random.Random) -> Name:
    edition = (
        " - 2011 Remaster",
        " (Remastered 2009)",
        " - Single Version",
        " (Radio Edit)",
        " [Live]",
    )
    return name[0] + chance.choice(edition), name[1]


def _typo(name: Name, chance: random.Random) -> Name:
    """A letter left out, doubled or put behind the next, in the longer of title and artist."""
    which = int(len(name[1]) > len(name[0]))
    text = name[which]
    place = chance.randrange(1, max(2, len(text) - 1))
    before, letter, after = text[:place], text[place : place + 1], text[place + 1 :]
    wrong = chance.choice(
        (before + after, before + 2 * letter + after, before + after[:1] + letter + after[1:])
    )
    return (wrong, name[1]) if which == 0 else (name[0], wrong)


def _accent(name: Name, chance: random.Random) -> Name:
    """Accents where the catalogue has none, and none where it has some."""
    bare = tuple(
        "".join(
            mark for mark in unicodedata.normalize("NFD", text) if not unicodedata.combining(mark)
        )
        for text in name
    )
    if bare != name:
        return bare[0], bare[1]
    vowels = [place for place, letter in enumerate(name[1]) if letter in "aeiouAEIOU"]
    if not vowels:
        return name
    place = chance.choice(vowels)
    accented = name[1][: place + 1] + "\N{COMBINING ACUTE ACCENT}" + name[1][place + 1 :]
    return name[0], unicodedata.normalize("NFC", accented)


SPELLINGS: dict[str, Spelling] = {
    "case": _case,
    "guest": _guest,
    "edition": _edition,
    "typo": _typo,
    "accent": _accent,
}


def _sandbox(names: Sequence[Name], folder: Path) -> Launch:
    """A sandbox whose catalogue holds the names."""
    catalogue, port = folder / "songs.csv", free_port()
    rows = ((title, "|".join(_credited(artist)), "") for title, artist in names)
    with catalogue.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([("title", "artist", "genres"), *rows])
    return Launch(
        command=[sys.executable, "-m", "services.sandbox"],
        environment={"SANDBOX_PORT": str(port), "SANDBOX_CATALOGUE": str(catalogue)},
        port=port,
        path="/readyz",
        body="",
        log=folder / "log",
    )


def _credited(artist: str) -> list[str]:
    """The artists of a chart's credit as a catalogue lists them: guests by themselves."""
    host, *guests = FEATURING.split(artist.replace("|", " "), maxsplit=1)
    return [host, *(name for each in guests for name in SEPARATORS.split(each) if name)]


async def _answers(asked: Sequence[Name], address: str) -> list[Song | None]:
    """What the gateway's code makes of the questions, as the first of its catalogues."""
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/answers.db")
        metadata.create_all(engine)
        return await _asked_all(asked, address, Answers(engine))


async def _asked_all(asked: Sequence[Name], address: str, answers: Answers) -> list[Song | None]:
    calls = VendorCalls("spotify", PATIENCE_SECONDS, VendorMetrics(CollectorRegistry()))
    spotify = Spotify(
        "id",
        "secret",
        api_url=f"{address}/spotify",
        accounts_url=f"{address}/spotify-accounts",
        market="US",
        calls=calls,
    )
    songs, turns = Songs([spotify], answers), asyncio.Semaphore(AT_ONCE)

    async def ask(name: Name) -> Song | None:
        async with turns:
            return await songs.find(*name)

    try:
        return await asyncio.gather(*map(ask, asked))
    finally:
        spotify.close()


if __name__ == "__main__":
    main()
