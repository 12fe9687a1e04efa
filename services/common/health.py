"""Liveness and readiness.

`/livez` says that the event loop turns. `/readyz` asks every named check, and answers 503 with
what is missing; it turns 503 first when the service is told to stop.
"""

from collections.abc import Awaitable, Callable

import structlog
from fastapi import FastAPI
from fastapi.responses import JSONResponse

log = structlog.get_logger()

# Returns None when all is well, or what is missing and what to do.
Check = Callable[[], Awaitable[str | None]]


class Readiness:
    """The named checks of a service, and whether it is on its way out."""

    def __init__(self) -> None:
        self.checks: dict[str, Check] = {}
        self.stopping = False

    def add(self, name: str, check: Check) -> None:
        self.checks[name] = check

    async def report(self) -> dict[str, str]:
        """What is missing, by check; empty when ready."""
        missing = {"stopping": "The service is shutting down."} if self.stopping else {}
        for name, check in self.checks.items():
            try:
                reason = await check()
            except Exception as error:
                log.exception("check.failed", check=name)
                reason = f"The check itself failed ({type(error).__name__}): see the log."
            if reason is not None:
                missing[name] = reason
        return missing


def install_health(app: FastAPI, readiness: Readiness) -> None:
    app.state.readiness = readiness

    @app.get("/livez", include_in_schema=False)
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> JSONResponse:
        missing = await readiness.report()
        if missing:
            return JSONResponse({"status": "not ready", "missing": missing}, 503)
        return JSONResponse({"status": "ready"})
