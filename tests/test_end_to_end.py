"""The real processes, from a post to a published commentary, through the doors people use."""

import csv
import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from tests.running_bot import RunningBot, until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]

ROOT = Path(__file__).resolve().parents[1]
PACE = {
    "WORKER_NUM_SAMPLES": "2",
    "UPSTREAM_TIMEOUT": "1",
    "WORKER_DESK_INTERVAL": "0.5",
    "WORKER_UNDO_SECONDS": "0",
}
POSTS, SILENT = 40, 5


def known_songs(count: int) -> list[tuple[str, str]]:
    path = ROOT / "services" / "sandbox" / "catalogue" / "songs.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        rows = (row for row in csv.DictReader(lines) if "|" not in row["artists"])
        return [(row["title"], row["artists"]) for row in islice(rows, count)]


def write_feed(path: Path, posts: list[str]) -> None:
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in posts))


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBot]:
    folder = tmp_path_factory.mktemp("bot")
    feed = folder / "feed.jsonl"
    write_feed(feed, ["Rain again. The bus is late, and so am I."])
    arguments = ("--feed", str(feed), "--interval", "1")
    with RunningBot(folder, arguments, PACE) as running:
        running.wait_until_ready()
        yield running
        assert running.stop() == 0


def test_a_post_becomes_a_published_commentary(bot: RunningBot) -> None:
    item = bot.say('"Midnight City" by M83, all the way home')
    words = bot.approve(item)
    until(lambda: any(text.startswith(words) for text in bot.published()), "published")
    until(lambda: "Published" in bot.verdict(item), "its outcome on the desk")


def test_a_curators_own_words_are_what_is_published(bot: RunningBot) -> None:
    item = bot.say('Now playing: "Alison" by Slowdive')
    words = "The guitars come down like weather, and nobody minds."
    bot.approve(item, words)
    mine = until(lambda: [t for t in bot.published() if t.startswith(words)], "published")
    assert mine == [f"{words} — “Alison” by Slowdive"]


def test_what_was_made_at_the_desk_leaves_like_any_other_draft(bot: RunningBot) -> None:
    others, own = bot.say('"When the Sun Hits" by Slowdive'), bot.say('"Machine Gun" by Commodores')
    bot.wait_for_drafts(others)
    written = bot.submit(others, "/curate/others", strength="1.8", temperature="0.7")
    assert written.count('class="fresh"') > 0
    words = "It was asked for, and then it was mended."
    bot.submit(others, "/curate/approve", draft_id=f"{others}:65", text=words)
    until(lambda: any(text.startswith(words) for text in bot.published()), "published")
    mine = "Nobody drafted this."
    bot.wait_for_drafts(own)
    bot.submit(own, "/curate/own", text=mine)
    until(lambda: any(text.startswith(mine) for text in bot.published()), "published")
    made = "SELECT made_by, state, latent IS NULL FROM draft WHERE rank > 64 ORDER BY made_by"
    assert bot.remembers(made) == [("curator", "approved", 1), ("desk", "approved", 0)]
    until(lambda: "Published" in bot.verdict(own), "its outcome on the desk")


def test_a_post_without_a_song_is_never_drafted_for(bot: RunningBot) -> None:
    silent = bot.say("The kettle is on. Nothing else happened today.")
    later = bot.say('"Dancing On My Own" by Robyn, again and again')
    bot.wait_for_drafts(later)
    assert bot.remembers(f"SELECT state FROM post WHERE item_id = '{silent}'") == [("no_song",)]
    assert bot.remembers(f"SELECT id FROM draft WHERE item_id = '{silent}'") == []


def test_an_accepted_post_whose_answer_never_came_is_published_once(bot: RunningBot) -> None:
    item = bot.say('"Archie, Marry Me" by Alvvays in the bakery')
    bot.plan_fault(
        vendor="x", method="POST", path="/2/tweets", fault="accept-then-timeout", seconds=20
    )
    words = bot.approve(item, "The chorus asks once, and the drums answer for everyone.")
    until(lambda: "Published" in bot.verdict(item), "its outcome on the desk")
    assert sum(text.startswith(words) for text in bot.published()) == 1
    query = f"SELECT state, reconciled FROM publication WHERE item_id = '{item}'"
    assert bot.remembers(query) == [("published", 1)]


def test_killed_in_the_middle_and_started_again_nothing_is_lost_or_drafted_twice(
    tmp_path: Path,
) -> None:
    songs = [f'"{title}" by {artist}' for title, artist in known_songs(POSTS)]
    silent = [f"Day {day} without a cloud, and nothing to say." for day in range(SILENT)]
    feed = tmp_path / "feed.jsonl"
    write_feed(feed, songs + silent)
    arguments = ("--feed", str(feed), "--headless", "--interval", "1", "--cycles")

    with RunningBot(tmp_path, (*arguments, "1000"), PACE) as first:
        before = until(
            lambda: first.remembers("SELECT id, text, created_at FROM draft"), "first drafts"
        )
        first.kill()
        stored = len(first.remembers("SELECT id FROM draft"))
    assert stored < 2 * POSTS, "it was killed after the middle"

    with RunningBot(tmp_path, (*arguments, "3"), PACE) as second:
        assert second.process.wait(300) == 0
        posts = second.remembers("SELECT state, COUNT(*) FROM post GROUP BY state")
        drafts = second.remembers("SELECT id, text, created_at FROM draft")
        ranks = second.remembers("SELECT item_id, COUNT(*) FROM draft GROUP BY item_id")
        summaries = re.findall(r"^cycle \d+: ", second.log.read_text(), re.MULTILINE)
    assert dict(posts) == {"delivered": POSTS, "no_song": SILENT}
    assert set(before) <= set(drafts)
    assert [count for _, count in ranks] == [2] * POSTS
    assert len(summaries) >= 3
