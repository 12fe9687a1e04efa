"""The writer comes, is replaced, and goes: what callers see of it."""

from __future__ import annotations

import asyncio
import time

from structlog.testing import capture_logs

from model.errors import BundleMissingError
from services.inference.settings import InferenceSettings
from tests.services.inference.asking import (
    GENERATE,
    Serve,
    ask_and_hold,
    assert_problem,
    missing_once_loaded,
)
from tests.services.inference.scripted import ScriptedWriter


async def test_a_bad_bundle_is_told_and_does_not_stop_the_service(serve: Serve) -> None:
    def load(_: InferenceSettings) -> ScriptedWriter:
        raise BundleMissingError("no bundle in x; name a folder that holds one")

    async with serve(load, ready=False) as client:
        missing = await missing_once_loaded(client)
        response = await client.post("/v1/generate", json=GENERATE)
    assert missing == "no bundle in x; name a folder that holds one"
    assert "name a folder" in assert_problem(response, 503).detail


async def test_a_defect_while_loading_is_told_without_a_traceback(serve: Serve) -> None:
    def load(_: InferenceSettings) -> ScriptedWriter:
        raise ZeroDivisionError("by nought")

    async with serve(load, ready=False) as client:
        missing = await missing_once_loaded(client)
    assert missing == "The writer could not be loaded (by nought): see the service's log."


async def test_the_app_finishes_what_it_was_asked_before_it_ends(
    serve: Serve, writer: ScriptedWriter
) -> None:
    async with serve() as client:
        asking = await ask_and_hold(client, writer)
        asyncio.get_running_loop().call_later(0.7, writer.release)
    assert (await asking).status_code == 200


async def test_the_app_ends_at_once_when_nobody_waits(serve: Serve, writer: ScriptedWriter) -> None:
    async with serve() as client:
        asking = await ask_and_hold(client, writer)
        asking.cancel()
        await asyncio.wait([asking])
        began = time.monotonic()
    assert time.monotonic() - began < 5  # of the 10 that it may take


async def test_a_new_bundle_is_swapped_in_and_a_broken_one_refused(
    serve: Serve, writer: ScriptedWriter
) -> None:
    writers: list[ScriptedWriter | BundleMissingError] = [
        writer,
        ScriptedWriter("r2"),
        BundleMissingError("no bundle in x; name a folder that holds one"),
    ]

    def load(_: InferenceSettings) -> ScriptedWriter:
        loaded = writers.pop(0)
        if isinstance(loaded, BundleMissingError):
            raise loaded
        return loaded

    async def revision() -> str:
        answer = await client.post("/v1/generate", json={"num_samples": 1})
        return str(answer.json()["model"]["revision"])

    async with serve(load) as client:
        assert await revision() == "r1"
        swapped = await client.post("/v1/model/reload")
        assert await revision() == "r2"
        refused = await client.post("/v1/model/reload")
        assert await revision() == "r2"
    assert swapped.json() == {
        "model": {"name": "scripted", "revision": "r2"},
        "before": {"name": "scripted", "revision": "r1"},
    }
    assert "no bundle in x" in assert_problem(refused, 409).detail


async def test_a_defect_while_reloading_is_refused_too(
    serve: Serve, writer: ScriptedWriter
) -> None:
    loads = [writer]

    def load(_: InferenceSettings) -> ScriptedWriter:
        return loads.pop()

    async with serve(load) as client:
        with capture_logs():
            refused = await client.post("/v1/model/reload")
        assert (await client.post("/v1/generate", json={})).status_code == 200
    assert "goes on" in assert_problem(refused, 409).detail


async def test_a_service_that_began_without_a_bundle_is_healed_by_a_reload(
    serve: Serve, writer: ScriptedWriter
) -> None:
    found: list[ScriptedWriter] = []

    def load(_: InferenceSettings) -> ScriptedWriter:
        if not found:
            raise BundleMissingError("no bundle in x; name a folder that holds one")
        return found[0]

    async with serve(load, ready=False) as client:
        await missing_once_loaded(client)
        lacking = await client.post("/v1/generate", json=GENERATE)
        found.append(writer)
        healed = await client.post("/v1/model/reload")
        answer = await client.post("/v1/generate", json=GENERATE)
    assert_problem(lacking, 503)
    assert "retry-after" not in lacking.headers, "waiting would not help"
    assert healed.json()["before"] is None
    assert answer.status_code == 200


async def test_requests_never_fail_while_bundles_are_swapped(serve: Serve) -> None:
    numbers = iter(range(1000))

    async def ask() -> list[int]:
        return [
            (await client.post("/v1/generate", json={"num_samples": 1})).status_code
            for _ in range(25)
        ]

    async def swap() -> list[int]:
        return [(await client.post("/v1/model/reload")).status_code for _ in range(10)]

    async with serve(lambda _: ScriptedWriter(f"r{next(numbers)}")) as client:
        answers = await asyncio.gather(*(ask() for _ in range(8)), swap())
    assert {status for statuses in answers for status in statuses} == {200}
