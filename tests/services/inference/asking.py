"""Asking the service over HTTP, for tests of its doors."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx

from services.common.problems import Problem
from tests.services.inference.scripted import PATIENCE, ScriptedWriter

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]

GENERATE: dict[str, Any] = {"genres": ["dream pop"], "num_samples": 2, "seed": 7}


def assert_problem(response: httpx.Response, status: int) -> Problem:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(response.content)
    assert problem.status == status
    assert problem.request_id == response.headers["x-request-id"]
    return problem


async def missing_once_loaded(client: httpx.AsyncClient) -> str:
    """What /readyz says is missing, once the writer's loading has ended."""
    async with asyncio.timeout(PATIENCE):
        while "loading" in (text := (await client.get("/readyz")).text):  # noqa: ASYNC110 - a thread loads
            await asyncio.sleep(0.001)
    return str(json.loads(text)["missing"]["writer"])


async def metric_shown(client: httpx.AsyncClient, metric: str) -> None:
    """Wait until a metric says so."""
    async with asyncio.timeout(PATIENCE):
        while metric not in (await client.get("/metrics")).text:  # noqa: ASYNC110 - it is polled over HTTP
            await asyncio.sleep(0.001)


async def ask_and_hold(
    client: httpx.AsyncClient, writer: ScriptedWriter, **body: object
) -> asyncio.Task[httpx.Response]:
    """Ask for sentences, and hold the writer up as soon as it has begun."""
    writer.hold()
    asking = asyncio.create_task(client.post("/v1/generate", json=body))
    async with asyncio.timeout(PATIENCE):
        while not writer.busy.is_set():  # noqa: ASYNC110 - set by the writer's thread
            await asyncio.sleep(0.001)
    return asking
