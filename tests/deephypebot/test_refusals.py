"""What is known, before any service starts, that one would refuse."""

from collections.abc import Callable
from pathlib import Path

import pytest

from deephypebot.embedded import House, Wishes
from deephypebot.errors import CommandError
from deephypebot.refusals import refusals
from deephypebot.up import check_settings
from deephypebot.vendors import BUDGETS, Environment, X

Told = Callable[..., House]
LIVE = dict.fromkeys((*X.credentials, *BUDGETS), "1")
NO_DATABASE = "is no sqlite:///path and no postgresql+psycopg://user@host/name."


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Told:
    monkeypatch.chdir(tmp_path)

    def tell(**environment: str) -> House:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return House(Wishes(tmp_path / "data"), Environment.here())

    return tell


@pytest.mark.parametrize("environment", [{}, LIVE], ids=["sandboxed", "live"])
def test_nothing_is_refused_as_it_comes(told: Told, environment: dict[str, str]) -> None:
    assert refusals(told(**environment).programs()) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("WORKER_QUIET_HOURS", "25:00", "WORKER_QUIET_HOURS: '25:00' are no hours"),
        ("WORKER_NUM_SAMPLES", "-1", "WORKER_NUM_SAMPLES: Input should be"),
        ("WORKER_CYCLE_TIMEOUT", "inf", "WORKER_CYCLE_TIMEOUT: Input should be"),
        ("WORKER_LANGUAGES", "english", "WORKER_LANGUAGES: 'english' is no language"),
        ("WORKER_DATABASE_URL", "foo", f"WORKER_DATABASE_URL {NO_DATABASE}"),
        ("GATEWAY_DATABASE_URL", "oracle://db", f"GATEWAY_DATABASE_URL {NO_DATABASE}"),
        ("API_KEYS", "schlüssel", "API_KEYS: a key travels in a header"),
        ("PEOPLE", "x", "PEOPLE: entry 1 is not name:roles:key"),
        ("PEOPLE", "ada:curate:sixteen-and-more", "PEOPLE needs API_KEYS too"),
        ("MUSICBRAINZ_CONTACT", "nobody", "MUSICBRAINZ_CONTACT: MusicBrainz wants a mail address"),
        ("MASTODON_VISIBILITY", "secret", "MASTODON_VISIBILITY: Input should be"),
        ("INFERENCE_THREADS", "0", "INFERENCE_THREADS: Input should be"),
        ("INFERENCE_DEVICE", "gpu", "INFERENCE_DEVICE: String should match"),
        ("SANDBOX_FEED_BURST", "-1", "SANDBOX_FEED_BURST: Input should be"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL: Input should be"),
        ("API_KEYS_FILE", "/nowhere", "API_KEYS_FILE names /nowhere, which cannot be read"),
    ],
)
def test_a_setting_that_a_service_refuses_is_told_once(
    told: Told, name: str, value: str, said: str
) -> None:
    house = told(**{name: value})
    (fault,) = refusals(house.programs())
    assert fault.startswith(said)
    with pytest.raises(CommandError, match="Wrong settings:\n  "):
        check_settings(house)


def test_a_device_that_the_machine_has_not_is_told(told: Told) -> None:
    pytest.importorskip("torch")
    (fault,) = refusals(told(INFERENCE_DEVICE="cuda:99").programs())
    assert fault == ("There is no usable GPU for INFERENCE_DEVICE=cuda:99: set it to cpu or auto.")


def test_what_the_run_tells_its_services_comes_first(told: Told) -> None:
    house = told(WORKER_HOST="nowhere", DATABASE_URL="foo", SHUTDOWN_SECONDS="soon")
    assert refusals(house.programs()) == []


def test_live_a_shared_database_is_looked_at(told: Told) -> None:
    faults = refusals(told(**LIVE, DATABASE_URL="foo").programs())
    assert faults == [f"{name}_DATABASE_URL {NO_DATABASE}" for name in ("GATEWAY", "WORKER")]
