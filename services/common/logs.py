"""Structured logs: events with keys, one stream, no secret ever.

structlog writes for people on a terminal and JSON for collectors; what libraries log through
the standard library (uvicorn, apscheduler, alembic) passes through the same formatter.
"""

import logging
import re
import sys
from collections.abc import Mapping

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

SECRET_NAMES = re.compile(r"(secret|token|password|authorization|api_?key)", re.IGNORECASE)
# Chatty at info level: a line for every HTTP call, scheduler tick or step of a start-up.
QUIET_LIBRARIES = ("httpx", "httpcore", "apscheduler", "alembic", "uvicorn", "urllib3")


def hide_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Blank every value whose key looks like a secret's, in nested mappings too."""
    return {key: _shown(key, value) for key, value in event.items()}


def _shown(key: str, value: object) -> object:
    if value and SECRET_NAMES.search(key):
        return "[hidden]"
    if isinstance(value, Mapping):
        return {inner: _shown(str(inner), inside) for inner, inside in value.items()}
    return value


def configure_logs(service: str, level: str = "info", style: str = "console") -> None:
    """Send every log line of this process through one formatter to standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        hide_secrets,
    ]
    renderer: list[Processor]
    if style == "json":
        shared += [
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _service_adder(service),
        ]
        renderer = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        shared += [structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)]
        # The plain formatter: the default one prints local variables, secrets among them.
        renderer = [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                pad_event_to=0,
                exception_formatter=structlog.dev.plain_traceback,
            )
        ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


def _service_adder(service: str) -> Processor:
    def add_service(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event.setdefault("service", service)
        return event

    return add_service
