"""300 posts of musicians and about music, labelled: how rarely a song is read where none is named.

The table beside this file was written after 300 real posts, 200 drawn at random and 100 with
quotation marks, a dash or "by": each line is a new post of the same kind, shape and difficulty.
The label says whether it names a song; `\\n` stands for a line break.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.songs import parse

Labelled = list[tuple[bool, str]]


@pytest.fixture(scope="module")
def sample() -> Labelled:
    rows = []
    for line in Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines():
        label, post = line.split(" | ", 1)
        assert label in ("song", "-")
        rows.append((label == "song", post.replace("\\n", "\n")))
    return rows


def test_three_hundred_posts_are_labelled(sample: Labelled) -> None:
    assert len({post for _, post in sample}) == 300
    assert sum(not named for named, _ in sample) > 250


def test_reads_a_song_in_fewer_than_two_in_a_hundred_posts_that_name_none(
    sample: Labelled,
) -> None:
    silent = [post for named, post in sample if not named]
    read = [post for post in silent if parse(post).title]
    assert len(read) < 0.02 * len(silent), read


def test_what_names_no_song_costs_few_questions(sample: Labelled) -> None:
    silent = [post for named, post in sample if not named]
    assert sum(bool(parse(post).candidates) for post in silent) < 0.05 * len(silent)
