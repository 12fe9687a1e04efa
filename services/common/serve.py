"""Runs a service until it is told to stop."""

import errno
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TypeVar

import structlog
import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from services.common.collector import spare_what_stays
from services.common.health import Readiness
from services.common.logs import configure_logs
from services.common.settings import ServiceSettings, SettingsError, environment_name

log = structlog.get_logger()

S = TypeVar("S", bound=ServiceSettings)

USAGE_ERROR = 2
# Seconds for which an idle connection is kept. Longer than any client of ours keeps one (httpx:
# 5 s), or a request would leave just as its connection is closed on it.
KEEP_ALIVE = 30
DOTENV = Path(".env")
PREFIX = "Value error, "  # pydantic's, before the words of a validator


def load_settings(settings: type[S], dotenv: Path = DOTENV) -> S:
    """Read a service's settings, or leave with a message that names the wrong one."""
    try:
        return settings(_env_file=dotenv)
    except ValidationError as error:
        lines = [f"  {fault}" for fault in faults_of(settings, error)]
        sys.exit("Wrong settings:\n" + "\n".join(lines))
    except SettingsError as error:
        sys.exit(f"Wrong settings: {error}")


def faults_of(settings: type[ServiceSettings], error: ValidationError) -> list[str]:
    """What is wrong, each once, by the names that people set."""
    faults = (
        ": ".join((*_setting(settings, fault["loc"]), fault["msg"].removeprefix(PREFIX)))
        for fault in error.errors()
    )
    return list(dict.fromkeys(faults))


def _setting(settings: type[ServiceSettings], location: tuple[int | str, ...]) -> tuple[str, ...]:
    """Its name; nothing where several only are wrong together."""
    if not location:
        return ()
    name = str(location[0])
    field = settings.model_fields.get(name)
    return (environment_name(settings, name, field) if field else name,)


def listen(settings: ServiceSettings) -> socket.socket:
    """Bind the service's port and listen on it.

    Raises SettingsError, naming the setting, when the port or the address cannot be had.
    """
    prefix = type(settings).model_config.get("env_prefix", "")
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Connections have it from here: else an answer in two parts waits 40 ms for a delayed ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen()  # two that bind at once are told apart only here
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            message = f"Port {settings.port} is taken: stop what uses it, or set {prefix}PORT."
        elif error.errno == errno.EACCES:
            message = f"Port {settings.port} is for administrators: set {prefix}PORT above 1023."
        else:
            where = f"{settings.host}:{settings.port}"
            message = f"Cannot listen on {where} ({error.strerror}): set {prefix}HOST."
        raise SettingsError(message) from error
    return listener


def config_of(app: FastAPI, settings: ServiceSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=max(1, round(settings.shutdown_seconds)),
    )


class Server(uvicorn.Server):
    """Says that it is not ready from the moment it is told to stop."""

    def __init__(self, config: uvicorn.Config, readiness: Readiness) -> None:
        super().__init__(config)
        self.readiness = readiness

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.readiness.stopping = True
        super().handle_exit(sig, frame)


def serve(
    name: str,
    settings: S,
    create_app: Callable[[S], FastAPI],
    *,
    prepare: Callable[[S], None] = lambda _: None,
) -> None:
    """Serve until SIGTERM or SIGINT; requests in flight are finished first.

    `prepare` comes before anything is served; a SettingsError of its reaches the operator in
    words, where one of the app's lifespan would be a traceback.
    """
    configure_logs(name, settings.log_level, settings.log_format)
    try:
        listener = listen(settings)
        prepare(settings)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - said to the person at the terminal
        sys.exit(USAGE_ERROR)
    host, port = listener.getsockname()[:2]
    with suppress(KeyboardInterrupt):  # uvicorn raises it anew once all is finished
        log.info("service.started", url=f"http://{host}:{port}")
        app = create_app(settings)
        spare_what_stays()
        Server(config_of(app, settings), app.state.readiness).run(sockets=[listener])
