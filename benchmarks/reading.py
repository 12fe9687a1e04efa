"""Blind reading: is the writer preferred, understood, and heard for its genre?

    python benchmarks/reading.py sheets --original SAMPLES.txt --output DIR [--bundle BUNDLE]
    python benchmarks/reading.py score DIR

`sheets` draws 50 sentences of the writer (the default request for a label, labels drawn evenly, of
its five sentences the one that ranks first), 50 of the original's published LC-GAN samples, and 50
lines of the corpus's test split; puts them into three sheets for readers; and keeps which is which
in key.json, which readers don't see:

    pairs.jsonl     100 pairs, the writer against the original and against the test split, in
                    random order and on random sides: which would you rather read about a song?
    judge.jsonl     the 150 sentences: is it grammatical, and does it mean something?
    families.jsonl  the writer's 50: of which family is the genre?

A reader's answers lie beside them in READER.jsonl, one object an answer: {"pair": 3, "choice":
"A"}, {"judge": 17, "good": true}, {"families": 4, "family": "rock"}. `score` prints each bar for
each reader and for all.
"""

import argparse
import json
import random
import sys
from ast import literal_eval
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from model.corpus.families import FAMILIES, family
from model.corpus.lines import of_split, read_corpus
from model.slots import Song, fill
from model.writer import Request, Writer

COUNT = 50
# Invented, so that nothing is known about them.
SONGS = tuple(
    Song(artist, title)
    for artist, title in (
        ("Mara Vale", "Zero"), ("The Low Tides", "Paper Moon"), ("Juno Park", "Anyway"),
        ("Odd Harbour", "Sundown"), ("Nia Rook", "Copper"), ("Winter Choir", "Left Hand"),
        ("Fen & Ash", "Seventeen"), ("Kilo Bright", "Again"), ("The Orchard", "Slow Train"),
        ("Ada Lund", "Glass"), ("Tall Ships", "Nobody Home"), ("Rio Sande", "Summer Coat"),
    )
)  # fmt: skip
BARS = (
    ("preferred to the original", 0.95),
    ("preferred to the test split", 0.25),
    ("grammatical and meaningful: writer", 0.80),
    ("genre's family guessed", 0.60),
)


def written(seed: int, bundle: Path | None) -> list[dict[str, str]]:
    """The writer's sentences with the family that each was asked for."""
    chance, writer = random.Random(seed), Writer.load(bundle)
    labels = chance.sample(sorted(writer.facts.genres), COUNT)
    requests = []
    for number, label in enumerate(labels):
        song = SONGS[number % len(SONGS)]
        requests.append(Request((label,), artist=song.artist, title=song.title, seed=seed + number))
    return [
        {
            "origin": "writer",
            "text": result.samples[0].text,
            "genre": label,
            "family": family(label),
        }
        for label, result in zip(labels, writer.write(requests), strict=True)
    ]


def originals(file: Path, seed: int) -> list[dict[str, str]]:
    """Samples of the original, by the number of their line in the published file."""
    lines = file.read_text("utf-8").splitlines()
    samples = [
        {"origin": "original", "text": line.strip(), "line": str(number)}
        for number, line in enumerate(lines, start=1)
        if line.strip() and not _is_genres(line)
    ]
    return random.Random(seed).sample(samples, COUNT)


def _is_genres(line: str) -> bool:
    try:
        return isinstance(literal_eval(line), list)
    except (SyntaxError, ValueError):
        return False


def held_out(seed: int) -> list[dict[str, str]]:
    """Lines of the test split, their slots filled."""
    chance = random.Random(seed)
    lines = chance.sample(of_split(read_corpus(), "test"), COUNT)
    return [
        {"origin": "test split", "text": fill(line.text, chance.choice(SONGS))} for line in lines
    ]


def make_sheets(original: Path, output: Path, seed: int, bundle: Path | None) -> None:
    """Write the three sheets and the key."""
    ours, theirs, real = written(seed, bundle), originals(original, seed), held_out(seed)
    chance = random.Random(seed + 1)
    pairs = [
        {"ours": mine, "other": other}
        for others in (theirs, real)
        for mine, other in zip(ours, others, strict=True)
    ]
    chance.shuffle(pairs)
    for number, pair in enumerate(pairs):
        pair["side"] = chance.choice("AB")  # where ours stands
        pair["pair"] = number
    sentences = [*ours, *theirs, *real]
    chance.shuffle(sentences)
    output.mkdir(parents=True, exist_ok=True)
    _write(output / "pairs.jsonl", map(_shown, pairs))
    _write(
        output / "judge.jsonl", ({"judge": i, "text": s["text"]} for i, s in enumerate(sentences))
    )
    _write(
        output / "families.jsonl", ({"families": i, "text": s["text"]} for i, s in enumerate(ours))
    )
    key = {"families": FAMILIES, "pairs": pairs, "judge": sentences, "ours": ours}
    (output / "key.json").write_text(json.dumps(key, indent=1) + "\n", encoding="utf-8")


def _shown(pair: Mapping[str, Any]) -> dict[str, Any]:
    sides = {"A": pair["other"]["text"], "B": pair["other"]["text"]}
    return {"pair": pair["pair"], **sides, pair["side"]: pair["ours"]["text"]}


def _write(file: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def score(folder: Path) -> dict[str, dict[str, float]]:
    """For each reader, the share of answers for the writer in each question."""
    key = json.loads((folder / "key.json").read_text("utf-8"))
    sheets = {"pairs", "judge", "families"}
    readers = sorted(file for file in folder.glob("*.jsonl") if file.stem not in sheets)
    return {reader.stem: _shares(key, _rows(reader)) for reader in readers}


def _shares(key: Mapping[str, Any], answers: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    votes: dict[str, list[bool]] = defaultdict(list)
    for answer in answers:
        if "pair" in answer:
            pair = key["pairs"][answer["pair"]]
            votes[f"preferred to the {pair['other']['origin']}"].append(
                answer["choice"] == pair["side"]
            )
        elif "judge" in answer:
            origin = key["judge"][answer["judge"]]["origin"]
            votes[f"grammatical and meaningful: {origin}"].append(answer["good"])
        else:
            right = key["ours"][answer["families"]]["family"]
            votes["genre's family guessed"].append(answer["family"] == right)
    return {question: sum(votes[question]) / len(votes[question]) for question in sorted(votes)}


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]


def print_scores(scores: Mapping[str, Mapping[str, float]]) -> None:
    """One line a question: every reader, the mean, and the bar."""
    bars = dict(BARS)
    for question in sorted({q for shares in scores.values() for q in shares}):
        shares = [s[question] for s in scores.values() if question in s]
        bar = f"  (bar {bars[question]:.0%})" if question in bars else ""
        each = " ".join(f"{share:5.0%}" for share in shares)
        print(f"{question:40} {each}   mean {sum(shares) / len(shares):.0%}{bar}")


def main() -> None:
    """Read the arguments and do what they say."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="what", required=True)
    sheets = commands.add_parser("sheets")
    sheets.add_argument("--original", type=Path, required=True)
    sheets.add_argument("--output", type=Path, required=True)
    sheets.add_argument("--seed", type=int, default=2018)
    sheets.add_argument("--bundle", type=Path, help="the writer; the shipped one unless named")
    commands.add_parser("score").add_argument("folder", type=Path)
    arguments = parser.parse_args()
    needed = arguments.original if arguments.what == "sheets" else arguments.folder / "key.json"
    if not needed.is_file():
        parser.error(f"{needed} is not there")
    if arguments.what == "sheets":
        make_sheets(arguments.original, arguments.output, arguments.seed, arguments.bundle)
        return
    scores = score(arguments.folder)
    if not scores:
        sys.exit(f"no reader's answers in {arguments.folder}")
    print_scores(scores)


if __name__ == "__main__":
    main()
