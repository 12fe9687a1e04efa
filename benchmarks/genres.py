"""How the writer understands the catalogues' genre names: `python -m benchmarks.genres`.

A name is a label of the writer's, or one is found in it by name, or by nearness on the map, or it
is unknown. Shares are of mentions: an artist's genre counts once for the artist. A stand-in agrees
when it is of a family of genres that one of the artist's own labels is of; chance is what comes of
another artist's labels. What lists tell no artists of counts once a name.
"""

import argparse
import ast
import csv
import json
import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.table import print_row
from model.bundle import Bundle
from model.corpus.families import family
from model.corpus.genres import GenreBook
from services.gateway.catalogues.genres import NAMES
from services.sandbox.catalogue.musicbrainz_genres import GENRES

DATA = Path("../shared/data")
WAYS = ("label", "name", "nearness", "unknown")

Understood = tuple[str, str | None]  # the way, and the label


def main() -> None:
    """Print a line for each source of names, and names that were understood in each way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--shown", type=int, default=12, help="names of each way")
    options = parser.parse_args()
    book, artists = Bundle.load().genres, _artists(options.data)
    mentions = Counter(name for genres in artists for name in genres)
    sources = {
        "Spotify, of artists": mentions,
        "Spotify, all names": _once(_all_names(options.data)),
        "MusicBrainz, its list": _once(GENRES),
        "Last.fm, what is taken": _once(json.loads(NAMES.read_text("utf-8"))),
    }
    for source, counts in sources.items():
        print_row(source, _shares(book, counts), first=counts is mentions, digits=1)
    agree, chance = _agreement(book, artists, "name"), _agreement(book, artists, "nearness")
    print(f"\nof the artist's families: by name {agree}; by nearness {chance}")
    began = time.perf_counter()
    book.match(mentions)
    print(f"{1e6 * (time.perf_counter() - began) / len(mentions):.0f} microseconds a name")
    _show(book, mentions, options.shown)


def _artists(data: Path) -> list[list[str]]:
    """The genres of each artist that has any."""
    path = data / "spotify_artist_genres" / "data_w_genres.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        genres = [ast.literal_eval(row["genres"]) for row in csv.DictReader(lines)]
    return [each for each in genres if each]


def _all_names(data: Path) -> list[str]:
    names: list[str] = json.loads((data / "everynoise" / "output.json").read_text("utf-8"))[
        "genres"
    ]
    return names


def _once(names: Iterable[str]) -> Counter[str]:
    return Counter(dict.fromkeys(names, 1))


def _understood(book: GenreBook, name: str) -> Understood:
    match = book.match([name])
    if match.known:
        return "label", match.known[0]
    if match.unknown:
        return "unknown", None
    by_name = book.by_name(name)
    return ("name", by_name) if by_name else ("nearness", match.mapped[name])


def _shares(book: GenreBook, counts: Counter[str]) -> dict[str, float]:
    ways = Counter[str]()
    for name, count in counts.items():
        ways[_understood(book, name)[0]] += count
    shares = {f"{way} %": 100 * ways[way] / counts.total() for way in WAYS}
    return {"names": len(counts), "mentions": counts.total(), **shares}


def _agreement(book: GenreBook, artists: Sequence[Sequence[str]], way: str) -> str:
    """The share of stand-ins found in a way that agree, and what chance makes of it."""
    families = [{family(label) for label in book.match(genres).known} for genres in artists]
    known = [each for each in families if each]
    chance, agreeing, by_chance, count = random.Random(0), 0, 0, 0
    for genres, own in zip(artists, families, strict=True):
        for name in genres if own else ():
            found, label = _understood(book, name)
            if label is not None and found == way:
                agreeing += family(label) in own
                by_chance += family(label) in chance.choice(known)
                count += 1
    return f"{100 * agreeing / count:.0f}% of {count} (chance {100 * by_chance / count:.0f}%)"


def _show(book: GenreBook, counts: Counter[str], shown: int) -> None:
    """Names of each way, drawn by their mentions."""
    chance = random.Random(0)
    for way in WAYS[1:]:
        names = {name: n for name, n in counts.items() if _understood(book, name)[0] == way}
        drawn = chance.choices(list(names), list(names.values()), k=shown)
        print(f"\n{way}:")
        for name in dict.fromkeys(drawn):
            print(f"    {name} -> {_understood(book, name)[1] or 'nothing'}")


if __name__ == "__main__":
    main()
