"""Posts that name a song, written for the table beside this file, and what is to be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.songs import parse

NAMED = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")


def _rows() -> list[tuple[str, str, tuple[str, ...]]]:
    rows = []
    for line in NAMED.splitlines()[1:]:
        post, title, artists = (part.strip() for part in f"{line} ".rsplit(" | ", 2))
        names = tuple(name.strip() for name in artists.split(";") if name.strip())
        rows.append((post.replace("\\n", "\n"), title, names))
    return rows


ROWS = _rows()


def test_the_table_is_not_small() -> None:
    assert len({post for post, _, _ in ROWS}) >= 120


@pytest.mark.parametrize(("post", "title", "artists"), ROWS, ids=[post for post, _, _ in ROWS])
def test_reads_title_and_artists(post: str, title: str, artists: tuple[str, ...]) -> None:
    parsed = parse(post)
    assert (parsed.title, parsed.artists) == (title, artists)
    assert parsed.reason is None
    assert 0 < parsed.confidence < 1
