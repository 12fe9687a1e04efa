"""Which languages' posts are read."""

import pytest
from pydantic import ValidationError

from tests.worker.conftest import OpenBot
from tests.worker.test_worker_cycle import field, states
from tests.worker.worker_world import World, song_post
from worker.bot import Bot
from worker.languages import foreign, language_of
from worker.settings import WorkerSettings
from worker.store import Store


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en", "en"),
        ("pt-BR", "pt"),
        ("zh_TW", "zh"),
        ("EN", "en"),
        ("in", "id"),
        ("iw", "he"),
        ("fil", "fil"),
        ("und", None),
        ("zxx", None),
        ("qme", None),
        ("qht", None),
        ("", None),
        (None, None),
    ],
)
def test_a_platforms_tag_is_read_as_a_language(tag: str | None, language: str | None) -> None:
    assert language_of(tag) == language


def test_all_languages_are_read_unless_some_are_named() -> None:
    assert foreign("de", ()) is None
    assert foreign("de", ("en", "pt")) == "de"
    assert foreign("pt-BR", ("en", "pt")) is None
    assert foreign(None, ("en",)) is None


def test_languages_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_LANGUAGES", "en, pt-BR,in,en")
    assert WorkerSettings().languages == ("en", "pt", "id")


@pytest.mark.parametrize("value", ["english", "en;pt", "e", "und"])
def test_what_is_no_language_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match="write codes like en,pt"):
        WorkerSettings(languages=value)


async def test_by_default_posts_of_every_language_are_read(
    bot: Bot, world: World, store: Store
) -> None:
    world.post(song_post(1), lang="de")
    await bot.run_cycle()
    assert states(store) == {"x:1": "delivered"}


async def test_a_post_in_another_language_ends_with_a_reason(
    start: OpenBot, world: World, store: Store
) -> None:
    world.post(song_post(1), lang="de")
    world.post(song_post(2), lang="en-GB")
    world.post(song_post(3), lang="und")
    world.post(song_post(4))
    bot = await start(languages=("en",))
    await bot.run_cycle()
    reached = {"x:1": "no_song", "x:2": "delivered", "x:3": "delivered", "x:4": "delivered"}
    assert states(store) == reached
    assert field(store, "reason", "x:1") == "in another language (de), by WORKER_LANGUAGES"
