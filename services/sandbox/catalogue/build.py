"""Make `songs.csv` and `artists.csv` from public facts.

    python -m services.sandbox.catalogue.build ../shared/data

Songs: those of the built-in feed, then the Hot 100's by best chart position. Chart strings such
as "A Featuring B & C" are taken apart into artists. Genres: Spotify's microgenres per artist, as
its API gave them until 2020, and those of `own_artists.csv` where it gave none or others.
"""

import ast
import csv
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from services.sandbox.catalogue import ARTISTS, SEPARATOR, SONGS, Song
from services.sandbox.catalogue.identity import folded
from services.sandbox.feed import BUILT_IN, read

MOST_SONGS = 10_000
# Songs whose artist has no known genres are part of life, but not half of it.
MOST_WITHOUT_GENRES = 800
OWN_ARTISTS = Path(__file__).with_name("own_artists.csv")
GUEST = re.compile(r"\s+\(?(?:featuring|feat\.?|ft\.?|duet with|starring|with)\s+", re.IGNORECASE)
JOINT = re.compile(r"\s*,\s*(?:and\s+|&\s+)?|\s+(?:&|and|\+|x|/)\s+|\s*/\s*", re.IGNORECASE)
BACKING = re.compile(
    r"\s+(?:and|&)\s+(?:his|her|the|their)\s+(?!pips|papas|family stone).*$", re.IGNORECASE
)

Genres = dict[str, tuple[str, tuple[str, ...]]]


def genre_facts(data: Path) -> Genres:
    """By folded name, an artist's name and genres."""
    facts: Genres = {}
    with (data / "spotify_artist_genres" / "data_w_genres.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            facts[folded(row["artists"])] = (
                row["artists"],
                tuple(ast.literal_eval(row["genres"])),
            )
    with OWN_ARTISTS.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            genres = tuple(row["genres"].split(SEPARATOR))
            facts[folded(row["artist"])] = (row["artist"], genres)
    return facts


def artists_of(credit: str, facts: Genres) -> tuple[str, ...]:
    """The artists that a chart credits, main artist first."""
    main, *guests = GUEST.split(credit.strip(" )"))
    names = [*_acts(main, facts), *(name for guest in guests for name in _acts(guest, facts))]
    return tuple(dict.fromkeys(_spelled(name, facts) for name in names))


def _acts(text: str, facts: Genres) -> list[str]:
    """One act, or several where every part of the text is an act of its own."""
    text = text.strip(" ()")
    if folded(text) in facts:
        return [text]
    leader = BACKING.sub("", text)
    if folded(leader) in facts:
        return [leader]
    parts = [part for part in JOINT.split(text) if part]
    if len(parts) > 1 and all(folded(part) in facts for part in parts):
        return parts
    return [text]


def _spelled(name: str, facts: Genres) -> str:
    return facts.get(folded(name), (name, ()))[0]


def charted(data: Path, facts: Genres) -> Iterable[Song]:
    """The Hot 100's songs, best position first, then longest on the chart."""
    with (data / "billboard_hot100" / "hot100_unique_songs.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    rows.sort(key=lambda row: (int(row["best_position"]), -int(row["weeks"]), row["first_week"]))
    for row in rows:
        yield Song(row["song"].strip(), artists_of(row["artist"], facts))


def of_the_feed(facts: Genres) -> Iterable[Song]:
    for post in (post for path in BUILT_IN for post in read(path)):
        if post.song:
            yield Song(post.song.title, tuple(_spelled(name, facts) for name in post.song.artists))


def chosen(songs: Iterable[Song], facts: Genres) -> list[Song]:
    """The first of each title and artist, up to the limits."""
    kept: dict[tuple[str, str], Song] = {}
    without = 0
    for song in songs:
        key = folded(song.title), folded(song.artists[0])
        has_genres = bool(facts.get(key[1], ("", ()))[1])
        if key in kept or (not has_genres and without == MOST_WITHOUT_GENRES):
            continue
        without += not has_genres
        kept[key] = song
        if len(kept) == MOST_SONGS:
            break
    return list(kept.values())


def write(path: Path, header: tuple[str, str], rows: Iterable[tuple[str, tuple[str, ...]]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(header)
        writer.writerows((name, SEPARATOR.join(listed)) for name, listed in rows)


def main(data: Path) -> None:
    facts = genre_facts(data)
    songs = chosen([*of_the_feed(facts), *charted(data, facts)], facts)
    artists = sorted({name for song in songs for name in song.artists})
    genres = [(name, facts.get(folded(name), ("", ()))[1]) for name in artists]
    write(SONGS, ("title", "artists"), ((song.title, song.artists) for song in songs))
    write(ARTISTS, ("artist", "genres"), (fact for fact in genres if fact[1]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
