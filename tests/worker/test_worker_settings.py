"""What the worker can be told."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from worker.run import Run
from worker.settings import WorkerSettings
from worker.wall_clock import FARTHEST


def test_every_setting_is_described() -> None:
    silent = [name for name, field in WorkerSettings.model_fields.items() if not field.description]
    assert silent == []


def test_names_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {
        "GATEWAY_URL": "http://gateway:8000",
        "INFERENCE_URL": "http://inference:8001",
        "WORKER_INTERVAL": "5",
        "WORKER_FIRST_RUN_POSTS": "200",
        "WORKER_DESK_INTERVAL": "2",
        "WORKER_MIN_INTERVAL": "0",
        "WORKER_PUBLISH": "false",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    settings = WorkerSettings()
    assert settings.gateway_url == "http://gateway:8000"
    assert settings.inference_url == "http://inference:8001"
    assert (settings.interval, settings.desk_interval, settings.min_interval) == (5, 2, 0)
    assert settings.first_run_posts == 200
    assert settings.publish is False


def test_its_own_database_comes_before_the_shared_one() -> None:
    data = Path("somewhere")
    assert WorkerSettings(data_dir=data).database == "sqlite:///somewhere/worker.sqlite3"
    shared = WorkerSettings(shared_database_url="postgresql+psycopg://db/bot")
    assert shared.database == "postgresql+psycopg://db/bot"
    own = WorkerSettings(database_url="sqlite:///own.db", shared_database_url="postgresql://db")
    assert own.database == "sqlite:///own.db"


def test_without_a_key_of_its_own_the_first_shared_key_is_sent() -> None:
    settings = WorkerSettings(api_keys="one,two", gateway_key="mine")
    assert settings.key_for(settings.gateway_key) == SecretStr("mine")
    assert settings.key_for(settings.inference_key) == SecretStr("one")
    assert WorkerSettings().key_for(None) is None


@pytest.mark.parametrize("name", ["gateway_key", "inference_key"])
def test_a_key_that_no_header_takes_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="a key travels in a header"):
        WorkerSettings.model_validate({name: "schlüssel"})


@pytest.mark.parametrize(
    "template",
    [
        "{title} by {artist}",
        "{text}",
        "{text} ({title})",
        "{text}, {artist}",
        "{text} {title} {artist} {album}",
        "{text",
        "{text} {}",
    ],
)
def test_a_template_must_hold_words_and_song_and_nothing_unknown(template: str) -> None:
    with pytest.raises(ValidationError):
        WorkerSettings(template=template)


def test_blocked_words_come_from_a_list_or_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WORKER_BLOCKED_WORDS", "damp, cold soup,,")
    assert WorkerSettings().blocked_words == ("damp", "cold soup")
    monkeypatch.delenv("WORKER_BLOCKED_WORDS")
    file = tmp_path / "blocked.txt"
    file.write_text("# not in this house\ndamp\n\ncold soup, gloom\n", encoding="utf-8")
    monkeypatch.setenv("WORKER_BLOCKED_WORDS_FILE", str(file))
    assert WorkerSettings().blocked_words == ("damp", "cold soup", "gloom")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("blocked_words", "damp, ?!", "'\\?!' holds no letter"),
        ("quiet_hours", "at night", "two times such as 22:00-07:30 are needed"),
        ("quiet_zone", "Atlantis", "is no time zone"),
        ("jitter", "1.5", "less than or equal to 1"),
        ("likeness", "0", "greater than 0"),
        ("undo_seconds", "-1", "greater than or equal to 0"),
    ],
)
def test_a_wrong_rule_is_told(name: str, value: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        WorkerSettings.model_validate({name: value})


def test_no_lease_is_long_enough_to_be_taken_for_a_wrong_clocks() -> None:
    settings = WorkerSettings(cycle_timeout=43_200, gateway_timeout=300, inference_timeout=300)
    longest = timedelta(seconds=settings.cycle_timeout)
    run = Run("us", longest, settings.longest_call)
    assert run.leased_until - run.now() < FARTHEST


@pytest.mark.parametrize(
    "name",
    ["interval", "desk_interval", "cycle_timeout", "mentions_interval", "min_interval"],
)
@pytest.mark.parametrize("value", ["inf", "nan", "1e12"])
def test_a_time_without_end_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match="Input should be"):
        WorkerSettings.model_validate({name: value})


def test_the_policy_is_what_the_settings_say() -> None:
    policy = WorkerSettings(quiet_hours="22:00-07:00", quiet_zone="Europe/Berlin").policy
    assert policy.pace.interval.total_seconds() == 300
    assert str(policy.pace.quiet) == "22:00\u201307:00 Europe/Berlin"
    assert policy.likeness is not None
    assert WorkerSettings(likeness_posts=0).policy.likeness is None
