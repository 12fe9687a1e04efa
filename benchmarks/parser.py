"""Measures the song parser beside three regular expressions. Prints what docs/parser.md reports.

    python benchmarks/parser.py [--data ../shared/data] [--misses N] [--fires N] [--unjudged]

The gold of the now-playing posts comes from their fixed forms, by strict expressions of this
file that share nothing with the parser. Titles and artists are compared without case, marks,
spaces, featured artists and remarks in brackets such as (Live).

False positives are counted over 5,000 posts of musicians and with music words, drawn by hash. The
posts in which any parser reads a song were judged by eye; parser_judged.txt holds the verdicts by
the posts' hashes, for their words may not be kept. `--unjudged` prints the posts that wait for one.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import html
import json
import re
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from worker.songs import parse

Pair = tuple[str | None, str | None]
Parser = Callable[[str], Pair]

_FEATURED = re.compile(r"[(\[]?\b(?:feat|ft|featuring)\b.*|[(\[]with .*", re.IGNORECASE)
_REMARK = re.compile(
    r"[(\[](?:(?:feat|live|with|official|explicit|clean|prod|lyric|hd|video|audio)\b"
    r"|[^)\]]*remaster)[^)\]]*[)\]]?|\s-\s(?:live|[^-]*remaster|radio edit|single version"
    r"|album version|explicit)\b.*",
    re.IGNORECASE,
)


def squash(name: str | None) -> str:
    """A name for comparison: letters and digits only, however they were written."""
    plain = unicodedata.normalize("NFKC", html.unescape(html.unescape(name or "")))
    plain = re.sub(r"(?i)^(@\w+?)_?official$", r"\1", plain)
    plain = _REMARK.sub("", _FEATURED.sub("", plain))
    return "".join(filter(str.isalnum, plain.casefold())) or "".join(plain.split())


# ---- the parsers compared


def ours(text: str) -> Pair:
    """The first candidate."""
    parsed = parse(text)
    return parsed.title, parsed.artists[0] if parsed.artists else None


_ORIGINAL = re.compile(r"""["'](.*)["'] by ([^ http]*)|(?:.*, )?(.*)'s ["'](.*)["']""")


def original(text: str) -> Pair:
    """The 2018 bot's expression, as it was."""
    match = _ORIGINAL.search(text)
    if match is None:
        return None, None
    return match[1] or match[4], match[2] or match[3]


_MENDED = re.compile(
    r"[\"\u201c]([^\"\n]+?)[\"\u201d] by (.+?)(?: on | via |\s*https?:|\s*[#@\n]|$)"
)


def mended(text: str) -> Pair:
    """The original's first half with its character class mended: a quoted title, `by`, a name."""
    match = _MENDED.search(html.unescape(text))
    return (match[1], match[2]) if match else (None, None)


_SPLIT = re.compile(
    r"^(?:.*?(?:listening to|now ?playing|np:?))?\s*(.+)(?: by )(.+?)"
    r"(?: on #?pandora| via | \||\s*https?:|\s*[#\n]|$)",
    re.IGNORECASE | re.MULTILINE,
)
_DASHED = re.compile(
    r"^(?:.*?(?:listening to|now ?playing|np:?))?\s*(.+?) [-\u2013\u2014] (.+?)"
    r"(?: via |\s*https?:|\s*[#\n]|$)",
    re.IGNORECASE | re.MULTILINE,
)


def split(text: str) -> Pair:
    """A scrobbler's way: what stands around the last ` by `, else around the first ` - `."""
    plain = html.unescape(text)
    if match := _SPLIT.search(plain):
        return match[1].strip('"'), match[2]
    if match := _DASHED.search(plain):
        return match[2], match[1]
    return None, None


PARSERS: dict[str, Parser] = {
    "ours": ours,
    "original (2018)": original,
    "mended original": mended,
    "split at by or dash": split,
}


# ---- the posts and their gold


@dataclass(frozen=True)
class Named:
    """A post with the song that it is known to name."""

    text: str
    title: str
    artist: str


_PANDORA = re.compile(
    r"""listening\ to\ (?:"\s?(?P<quoted>[^"\n]+?)\s?"|(?P<plain>[^"\n]+))\ by\ (?P<artist>[^"\n]+?)
        \s*\ on\ \#?(?:Pandora|Pan\w*\.\.\.)""",
    re.VERBOSE,
)
_LASTFM_BY = re.compile(
    r"[Ii].m [Ll]istening [Tt]o (?P<title>[^\n]+) [Bb]y (?P<artist>[^\n]+?)\s+"
    r"(?:https?://\S+ )?v[i\u00ed]a @lastfm"
)
_LASTFM_DASH = re.compile(
    r"[Ii].m listening to +(?P<artist>[^\n]+?) \u2013 (?P<title>[^\n]+?) "
    r"(?:https?://\S+ )?via @lastfm"
)


def texts(path: Path) -> list[str]:
    """The posts of a JSON Lines file."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def pandora(data: Path) -> Iterator[Named]:
    """Posts shared from Pandora that name title and artist (not will.i.am, whom X made a link)."""
    for text in texts(data / "tweets" / "nowplaying_pandora.jsonl"):
        if (match := _PANDORA.search(text)) and "http" not in match[0]:
            yield Named(text, match["quoted"] or match["plain"], match["artist"])


def lastfm(data: Path) -> Iterator[Named]:
    """Posts shared from Last.fm, in its older and its newer form."""
    for text in texts(data / "tweets" / "nowplaying_lastfm.jsonl"):
        if match := _LASTFM_BY.search(text) or _LASTFM_DASH.search(text):
            # A second link, or the artist's handle after the name, is no part of the name.
            artist = re.split(r"\s+(?:https?:|@|#|//)", match["artist"])[0]
            if "http" not in match["title"] + artist:
                yield Named(text, match["title"], artist)


@dataclass(frozen=True)
class Built:
    """A post of the built-in feed, with its song."""

    text: str
    title: str
    artist: str

    def is_right(self, title: str | None, artist: str | None) -> bool:
        """Whether both names are this song's; a joined name may hold the first artist's."""
        return squash(title) == squash(self.title) and squash(self.artist) in squash(artist)


def built_in() -> list[Built]:
    """The posts of the built-in feed that name a song."""
    path = Path(__file__).resolve().parents[1] / "services" / "sandbox" / "feed" / "songs.jsonl"
    with path.open(encoding="utf-8") as lines:
        posts = [json.loads(line) for line in lines]
    return [
        Built(post["text"], post["song"]["title"], post["song"]["artists"][0]) for post in posts
    ]


def _spans(path: Path) -> Iterator[tuple[list[str], dict[str, list[str]]]]:
    """Each sentence's tokens and its entities by kind, from a file in BIO notation."""
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        rows = [line.split("\t") for line in block.splitlines() if "\t" in line]
        if not rows:
            continue
        found: list[tuple[str, list[str]]] = []
        for token, tag in rows:
            if tag.startswith("B-"):
                found.append((tag[2:], [token]))
            elif tag.startswith("I-") and found:
                found[-1][1].append(token)
        entities: dict[str, list[str]] = {}
        for kind, tokens in found:
            entities.setdefault(kind, []).append(" ".join(tokens))
        yield [row[0] for row in rows], entities


def queries(data: Path) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Requests for music as people typed them, with the artists and works they name."""
    for number in (1, 2, 3):
        folder = data / "music_reco_ner"
        with (folder / f"dataset{number}_queries.csv").open(encoding="utf-8", newline="") as rows:
            typed = [row["original"] for row in csv.DictReader(rows)]
        tagged = [entities for _, entities in _spans(folder / f"dataset{number}_ground-truth.bio")]
        yield from zip(typed, tagged, strict=True)


def wnut(data: Path) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """General posts with the musical artists that they name."""
    for name in ("dev", "train"):
        for tokens, entities in _spans(data / "wnut16" / f"{name}.conll"):
            yield (
                re.sub(r" (['\u2019]\w{1,2}\b|[:,.!?;)](?= |$))", r"\1", " ".join(tokens)),
                entities,
            )


# ---- the measures


def both_right(parser: Parser, posts: list[Named], show: int) -> float:
    """The share of posts whose title and artist are both read right."""
    right = 0
    for post in posts:
        title, artist = parser(post.text)
        good = squash(title) == squash(post.title) and squash(artist) == squash(post.artist)
        right += good
        if not good and show > 0:
            show -= 1
            print(f"  miss {post.text!r}\n       want {post.title!r} / {post.artist!r}")
            print(f"       read {title!r} / {artist!r}")
    return right / len(posts)


def precision_recall(
    parser: Parser, posts: list[tuple[str, dict[str, list[str]]]], part: int, kind: str
) -> tuple[float, float]:
    """Precision and recall of titles (part 0) or artists (part 1) against the gold of a kind."""
    said = right = gold = 0
    for text, entities in posts:
        wanted = {squash(name).removesuffix("s") for name in entities.get(kind, [])}
        gold += len(wanted)
        if name := parser(text)[part]:
            said += 1
            right += squash(name).removesuffix("s") in wanted
    return right / max(said, 1), right / max(gold, 1)


def fires(parser: Parser, posts: list[str], show: int = 0) -> float:
    """The share of posts in which a parser reads any song at all."""
    hits = [text for text in posts if parser(text)[0]]
    for text in hits[:show]:
        read = parse(text)
        print(f"  fire {text!r}\n       {read.title!r} / {read.artists} / {read.rule}")
    return len(hits) / len(posts)


def mark(text: str) -> str:
    """What stands for a post among the verdicts."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def drawn(posts: list[str], count: int = 5_000) -> list[str]:
    """Different posts, drawn by hash: the same ones each time, in no order of theirs."""
    return sorted(set(posts), key=mark)[:count]


def verdicts() -> dict[str, bool]:
    """Of the posts that were judged, by mark: whether they name a song."""
    lines = Path(__file__).with_name("parser_judged.txt").read_text(encoding="utf-8").split("\n")
    rows = (line.split() for line in lines if line and not line.startswith("#"))
    return {key: verdict == "song" for key, verdict in rows}


@dataclass(frozen=True)
class Silence:
    """How a parser keeps silent on posts that name no song."""

    false: int
    of: int
    unjudged: int

    def __str__(self) -> str:
        waiting = f" ({self.unjudged} unjudged)" if self.unjudged else ""
        return f"{self.false / self.of:.2%}{waiting}"


def silence(parser: Parser, posts: list[str], judged: dict[str, bool]) -> Silence:
    """Readings of posts that name no song, among the posts that are not known to name one."""
    read = [mark(text) for text in posts if parser(text)[0]]
    of = sum(not judged.get(mark(text), False) for text in posts)
    false = sum(judged.get(key) is False for key in read)
    return Silence(false, of, sum(key not in judged for key in read))


def speed(parser: Parser, posts: list[str]) -> float:
    """Posts a second of one core's time, the best of three passes."""
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        for text in posts:
            parser(text)
        best = min(best, time.process_time() - started)
    return len(posts) / best


def feed_right(posts: list[Built]) -> tuple[float, float]:
    """The shares of the built-in feed read right: by the first firm reading, by any candidate."""
    first = offered = 0
    for post in posts:
        read = parse(post.text)
        right = [post.is_right(song.title, (*song.artists, None)[0]) for song in read.candidates]
        first += bool(read.title and right[0])
        offered += any(right)
    return first / len(posts), offered / len(posts)


def guesses(posts: list[str]) -> tuple[float, float]:
    """The share of posts with nothing but guesses, and the guesses of a post on average."""
    counts = [len(read.candidates) for read in map(parse, posts) if read.title is None]
    return sum(map(bool, counts)) / len(posts), sum(counts) / len(posts)


def show_unjudged(posts: list[str]) -> None:
    """The posts in which a parser reads a song and whose verdict is still to be given."""
    judged = verdicts()
    for text in posts:
        if mark(text) not in judged and any(parser(text)[0] for parser in PARSERS.values()):
            print(mark(text), json.dumps(text, ensure_ascii=False))


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    options.add_argument("--data", type=Path, default=default, help="the folder of public data")
    options.add_argument("--misses", type=int, default=0, help="misread posts to show")
    options.add_argument("--fires", type=int, default=0, help="musicians' posts read to show")
    options.add_argument("--unjudged", action="store_true", help="print posts without a verdict")
    chosen = options.parse_args()
    data: Path = chosen.data

    shared = {"Pandora": list(pandora(data)), "Last.fm": list(lastfm(data))}
    asked, tagged = list(queries(data)), list(wnut(data))
    own = texts(data / "tweets" / "musicians.jsonl")
    own += texts(data / "tweets" / "music_keyword_hits.jsonl")
    feed = built_in()
    quiet = drawn(own)
    if chosen.unjudged:
        show_unjudged(quiet)
        return
    everything = own + [post.text for posts in shared.values() for post in posts]

    if chosen.misses or chosen.fires:
        for posts in shared.values():
            both_right(ours, posts, chosen.misses)
        fires(ours, own, chosen.fires)

    for name, posts in shared.items():
        print(f"{name}: {len(posts):,} posts that name a song")
    print(f"built-in feed: {len(feed):,} posts that name a song")
    print(f"queries: {len(asked):,}; wnut16: {len(tagged):,}; musicians' posts: {len(own):,}")
    print(f"false positives: of {len(quiet):,} of these, those that name no song\n")
    heads = (
        *("Pandora", "Last.fm", "feed", "query title P/R", "query artist P/R", "wnut artist P/R"),
        *("false positives", "posts/s"),
    )
    print("| parser | " + " | ".join(heads) + " |")
    print("|---" * (len(heads) + 1) + "|")
    judged = verdicts()
    for name, parser in PARSERS.items():
        cells = [f"{both_right(parser, posts, 0):.1%}" for posts in shared.values()]
        cells.append(f"{sum(post.is_right(*parser(post.text)) for post in feed) / len(feed):.1%}")
        for posts_, part, kind in (
            (asked, 0, "WoA"),
            (asked, 1, "Artist"),
            (tagged, 1, "musicartist"),
        ):
            precision, recall = precision_recall(parser, posts_, part, kind)
            cells.append(f"{precision:.1%} / {recall:.1%}")
        cells += [str(silence(parser, quiet, judged)), f"{speed(parser, everything):,.0f}"]
        print(f"| {name} | " + " | ".join(cells) + " |")
    first, offered = feed_right(feed)
    some, mean = guesses(own)
    print(f"\nbuilt-in feed: {first:.1%} read firmly and right, {offered:.1%} among the candidates")
    print(f"musicians' posts read: {fires(ours, own):.2%} of {len(own):,}")
    print(f"musicians' posts with guesses alone: {some:.2%}; guesses a post: {mean:.3f}")


if __name__ == "__main__":
    main()
