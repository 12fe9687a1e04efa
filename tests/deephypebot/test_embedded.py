"""What the services of an embedded run are told."""

from pathlib import Path

import pytest

from deephypebot.embedded import House, Wishes
from deephypebot.errors import CommandError
from deephypebot.vendors import MUSICBRAINZ, SPOTIFY, Environment, X


def house(**values: str) -> House:
    return House(Wishes(Path("data")), Environment(values, {}))


def told(of: House, name: str) -> dict[str, str]:
    return next(dict(p.environment) for p in of.programs() if p.name == name)


LIVE = {name: "real" for vendor in (X, SPOTIFY, MUSICBRAINZ) for name in vendor.credentials}


def test_the_worker_comes_last_and_after_all_that_it_uses() -> None:
    programs = house().programs()
    assert [program.name for program in programs] == ["sandbox", "inference", "gateway", "worker"]
    assert programs[-1].after == ("inference", "gateway")


def test_all_live_needs_no_sandbox() -> None:
    live = house(**LIVE)
    assert "sandbox" not in live.ports
    assert [program.name for program in live.programs()] == ["inference", "gateway", "worker"]
    assert not any(name.startswith(("X_", "SPOTIFY_")) for name in told(live, "gateway"))


@pytest.mark.parametrize("live", [{}, LIVE], ids=["sandboxed", "live"])
def test_the_gateway_and_the_worker_hear_where_the_writer_is(live: dict[str, str]) -> None:
    of = house(INFERENCE_PORT="8124", **live)
    for name in ("gateway", "worker"):
        assert told(of, name)["INFERENCE_URL"] == "http://127.0.0.1:8124"


def test_everything_listens_on_loopback_whatever_is_set() -> None:
    of = house(GATEWAY_HOST="0.0.0.0")
    for program in of.programs():
        assert program.environment[f"{program.name.upper()}_HOST"] == "127.0.0.1"


def test_ports_can_be_chosen_and_the_others_hear_of_it() -> None:
    of = house(GATEWAY_PORT="8123")
    assert told(of, "worker")["GATEWAY_URL"] == "http://127.0.0.1:8123"
    assert told(of, "sandbox")["SANDBOX_DESK_URL"] == "http://127.0.0.1:8123"


@pytest.mark.parametrize("value", ["eighty", "0", "70000", "-1"])
def test_a_port_that_is_none_is_named(value: str) -> None:
    with pytest.raises(CommandError, match=f"INFERENCE_PORT is '{value}'"):
        house(INFERENCE_PORT=value)


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan", "inf", "1e300"])
def test_an_interval_that_is_none_is_named(value: str) -> None:
    with pytest.raises(CommandError, match=f"WORKER_INTERVAL is '{value}': seconds are needed"):
        house(WORKER_INTERVAL=value)


def test_a_feed_brings_a_full_batch_for_every_cycle() -> None:
    wishes = Wishes(Path("data"), feed=Path("/posts.jsonl"), interval=5)
    sandbox = told(House(wishes, Environment({}, {})), "sandbox")
    assert sandbox["SANDBOX_FEED"] == "/posts.jsonl"
    assert int(sandbox["SANDBOX_FEED_BURST"]) >= 200
    assert 5 / float(sandbox["SANDBOX_FEED_INTERVAL"]) >= 200


def test_a_live_timeline_keeps_its_own_pace() -> None:
    live = dict.fromkeys(X.credentials, "real")
    worker = told(house(**live), "worker")
    assert worker["WORKER_INTERVAL"] == "60.0"
    assert "WORKER_MIN_INTERVAL" not in worker


def test_the_sandbox_keeps_out_of_a_database_that_is_there_for_something_else() -> None:
    elsewhere = {"DATABASE_URL": "postgresql+psycopg://127.0.0.1/shop"}
    for name in ("gateway", "worker"):
        url = told(house(**elsewhere), name)[f"{name.upper()}_DATABASE_URL"]
        assert url == f"sqlite:///{Path('data').absolute()}/{name}.sqlite3"
        live = dict.fromkeys(X.credentials, "real")
        assert f"{name.upper()}_DATABASE_URL" not in told(house(**elsewhere, **live), name)


def test_what_a_person_set_wins_over_preferences() -> None:
    assert "WORKER_MIN_INTERVAL" not in told(house(WORKER_MIN_INTERVAL="30"), "worker")


def test_a_proxy_never_sees_what_services_say_to_each_other() -> None:
    gateway = told(house(NO_PROXY="intranet"), "gateway")
    assert gateway["NO_PROXY"] == "intranet,127.0.0.1,localhost"
