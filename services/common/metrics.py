"""Prometheus metrics: a registry per app, requests counted and timed by route template."""

import asyncio
import time

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMetricsMiddleware:
    """Times every request under its route template, never under its raw path."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self.app = app
        self.seconds = Histogram(
            "http_request_duration_seconds",
            "Time to answer, by route template",
            ["method", "route", "status"],
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        try:
            await self.app(scope, receive, send_and_note)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            # Clients may invent methods; each would be a time series of its own.
            method = scope["method"] if scope["method"] in METHODS else "other"
            labels = self.seconds.labels(method, route, str(status))
            labels.observe(time.perf_counter() - started)


def install_metrics(app: FastAPI, registry: CollectorRegistry) -> None:
    app.state.registry = registry
    app.add_middleware(RequestMetricsMiddleware, registry=registry)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        # Some collectors ask a database.
        latest = await asyncio.to_thread(generate_latest, registry)
        return Response(latest, media_type=CONTENT_TYPE_LATEST)
