"""Listening: the port's errors name the setting."""

import os
import signal
import socket
import subprocess
import sys

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from pydantic_settings import SettingsConfigDict

from services.common.arguments import take_no_arguments
from services.common.health import Readiness
from services.common.serve import Server, config_of, listen
from services.common.settings import ServiceSettings, SettingsError


class PianoSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="PIANO_")


def test_port_nought_takes_a_free_one() -> None:
    with listen(PianoSettings(port=0)) as listener:
        assert listener.getsockname()[1] > 0


def test_a_taken_port_names_its_setting() -> None:
    with listen(PianoSettings(port=0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError) as caught:
            listen(PianoSettings(port=port))
    assert str(caught.value) == f"Port {port} is taken: stop what uses it, or set PIANO_PORT."


def test_a_short_answer_does_not_wait_for_the_one_who_asked() -> None:
    with listen(PianoSettings(port=0)) as listener, socket.socket() as client:
        client.connect(listener.getsockname())
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_connections_are_kept_for_longer_than_clients_use_them() -> None:
    client = httpx.Limits().keepalive_expiry
    assert client is not None
    assert client + 10 < config_of(FastAPI(), PianoSettings()).timeout_keep_alive


def test_a_port_is_taken_from_the_moment_it_is_given() -> None:
    with listen(PianoSettings(port=0)) as listener, socket.socket() as client:
        client.connect(listener.getsockname())


def test_an_address_of_another_machine_names_its_setting() -> None:
    with pytest.raises(SettingsError, match="set PIANO_HOST"):
        listen(PianoSettings(host="192.0.2.1", port=0))


def test_the_signal_to_stop_ends_readiness_first() -> None:
    readiness = Readiness()
    server = Server(uvicorn.Config(lambda: None, log_config=None), readiness)
    server.handle_exit(signal.SIGTERM, None)
    assert readiness.stopping
    assert server.should_exit


@pytest.mark.parametrize(
    ("argument", "status", "said"),
    [("--help", 0, "Settings are environment variables"), ("--port=8", 2, "--port=8")],
)
def test_a_service_takes_settings_and_no_arguments(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    argument: str,
    status: int,
    said: str,
) -> None:
    monkeypatch.setattr("sys.argv", ["piano", argument])
    with pytest.raises(SystemExit) as left:
        take_no_arguments("piano")
    assert left.value.code == status
    assert said in "".join(capsys.readouterr())


@pytest.mark.processes
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_a_service_without_a_traceback() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "services.sandbox"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "SANDBOX_PORT": "0"},
    ) as service:
        assert service.stderr is not None
        assert "service.started" in service.stderr.readline()
        service.send_signal(signal.SIGINT)
        assert service.stderr.read() == ""
    assert service.returncode == 0
