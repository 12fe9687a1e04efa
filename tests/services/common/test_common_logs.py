"""The log: one stream, no secret."""

import json
import logging
import threading
from collections.abc import Callable, Iterator

import pytest
import structlog

from services.common.logs import configure_logs


@pytest.fixture
def stream(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What was written to standard error; the process's own logging is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield lambda: capsys.readouterr().err
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def entries(stream: Callable[[], str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream().splitlines()]


def test_an_event_is_one_json_line_with_its_keys(stream: Callable[[], str]) -> None:
    configure_logs("jukebox", style="json")
    structlog.get_logger().info("song.played", title="Alison")
    (entry,) = entries(stream)
    assert (entry["event"], entry["title"], entry["service"]) == (
        "song.played",
        "Alison",
        "jukebox",
    )
    assert entry["level"] == "info"
    assert str(entry["timestamp"]).endswith("Z")


def test_what_libraries_log_takes_the_same_way(stream: Callable[[], str]) -> None:
    configure_logs("jukebox", style="json")
    logging.getLogger("uvicorn.error").warning("Listening on %s", "a port")
    (entry,) = entries(stream)
    assert (entry["event"], entry["service"]) == ("Listening on a port", "jukebox")


def test_other_threads_say_their_service_too(stream: Callable[[], str]) -> None:
    configure_logs("jukebox", style="json")
    thread = threading.Thread(target=structlog.get_logger().info, args=("song.ended",))
    thread.start()
    thread.join()
    assert [entry["service"] for entry in entries(stream)] == ["jukebox"]


@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize(
    "name", ["api_key", "apikey", "access_token", "client_secret", "password", "Authorization"]
)
def test_secrets_are_hidden_at_any_depth(stream: Callable[[], str], style: str, name: str) -> None:
    configure_logs("jukebox", style=style)
    structlog.get_logger().info("call.made", **{name: "hunter2"})
    structlog.get_logger().info("call.made", headers={name: "hunter2", "more": {name: "hunter2"}})
    written = stream()
    assert written.count("[hidden]") == 3
    assert "hunter2" not in written


def test_a_traceback_does_not_print_local_variables(stream: Callable[[], str]) -> None:
    configure_logs("jukebox")
    key_kept_in_a_variable = "2retnuh"[::-1]  # the line itself may be printed
    try:
        _ = 1 / (len(key_kept_in_a_variable) - 7)
    except ZeroDivisionError:
        structlog.get_logger().exception("needle.broke")
    written = stream()
    assert "ZeroDivisionError" in written
    assert "hunter2" not in written


def test_quieter_events_than_the_level_are_left_out(stream: Callable[[], str]) -> None:
    configure_logs("jukebox", level="warning", style="json")
    structlog.get_logger().info("song.played")
    logging.getLogger("httpx").info("HTTP Request")
    assert entries(stream) == []
