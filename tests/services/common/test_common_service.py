"""What every service answers alike: problems, request ids, keys, health, metrics, body limit."""

import hmac
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import Metric
from prometheus_client.registry import Collector
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from services.common.auth import key_id
from services.common.problems import BadRequestError, Problem

Visit = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
MakeApp = Callable[..., FastAPI]


def problem(response: httpx.Response) -> Problem:
    assert response.headers["content-type"] == "application/problem+json"
    found = Problem.model_validate_json(response.content)
    assert found.status == response.status_code
    assert found.request_id == response.headers["x-request-id"]
    return found


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [
        ("GET", "/nowhere", 404, "Not Found"),
        ("PUT", "/songs", 405, "Method Not Allowed"),
        ("GET", "/songs/one", 422, None),
        ("POST", "/songs", 422, None),
        ("GET", "/busy", 429, "Too Many Requests"),
        ("GET", "/broken", 500, "Internal Server Error"),
    ],
)
async def test_every_error_has_one_shape(
    visit: Visit, method: str, path: str, status: int, title: str | None
) -> None:
    async with visit() as client:
        response = await client.request(method, path)
    found = problem(response)
    assert response.status_code == status
    assert found.instance == path
    assert title in {found.title, None}


async def test_a_defect_is_logged_and_its_inside_is_not_shown(visit: Visit) -> None:
    async with visit() as client:
        with capture_logs() as logs:
            response = await client.get("/broken")
    assert "needle" not in response.text
    assert [entry["path"] for entry in logs if entry["event"] == "request.failed"] == ["/broken"]


async def test_overload_says_when_to_come_back_in_whole_seconds(visit: Visit) -> None:
    async with visit() as client:
        assert (await client.get("/busy")).headers["retry-after"] == "7"


async def test_a_wrong_body_is_told_field_by_field(visit: Visit) -> None:
    async with visit() as client:
        response = await client.post("/songs", json={"title": ""})
    assert problem(response).detail == "body.title: String should have at least 1 character"
    assert response.json()["errors"][0]["where"] == "body.title"


@pytest.mark.parametrize(
    ("method", "kind", "body", "said"),
    [
        ("POST", "application/json", '{"title"', "Not JSON: Expecting ':' delimiter"),
        ("POST", "text/plain", '{"title": "One"}', "Content-Type: application/json"),
        ("POST", "application/json", "", "Send a JSON object"),
        ("DELETE", "application/json", "", "DELETE is not possible here; POST is."),
    ],
)
async def test_what_frameworks_say_curtly_is_said_so_that_it_helps(
    visit: Visit, method: str, kind: str, body: str, said: str
) -> None:
    headers = {"Content-Type": kind}
    async with visit() as client:
        response = await client.request(method, "/songs", content=body, headers=headers)
    assert said in problem(response).detail


async def test_a_problem_may_quote_what_is_no_valid_unicode(
    visit: Visit, make_app: MakeApp
) -> None:
    app = make_app()

    @app.get("/echo")
    async def echo() -> None:
        raise BadRequestError("not a name: \ud800")

    async with visit(app) as client:
        response = await client.get("/echo")
    assert response.status_code == 400
    assert response.json()["detail"] == "not a name: \ud800"


async def test_the_document_promises_problems_and_nothing_else(make_app: MakeApp) -> None:
    for path in make_app().openapi()["paths"].values():
        for operation in path.values():
            assert list(operation["responses"]["default"]["content"]) == [
                "application/problem+json"
            ]
            assert "422" not in operation["responses"]


async def test_a_well_formed_request_id_is_kept(visit: Visit) -> None:
    async with visit() as client:
        response = await client.get("/songs/1", headers={"X-Request-ID": "poll-0042"})
    assert response.headers["x-request-id"] == "poll-0042"
    assert response.json()["request_id"] == "poll-0042"


@pytest.mark.parametrize("given", ["short", "x" * 65, "has space inside", "<script>alert</script>"])
async def test_any_other_request_id_is_replaced(visit: Visit, given: str) -> None:
    async with visit() as client:
        response = await client.get("/songs/1", headers={"X-Request-ID": given})
    assert response.headers["x-request-id"] not in {given, ""}


async def test_without_keys_anyone_may_enter(visit: Visit) -> None:
    async with visit() as client:
        assert (await client.get("/private")).status_code == 200


@pytest.mark.parametrize("key", ["old", "new"])
async def test_each_of_several_keys_opens(visit: Visit, key: str) -> None:
    async with visit(api_keys="old,new") as client:
        response = await client.get("/private", headers={"Authorization": f"Bearer {key}"})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic b2xk"},
        {"Authorization": "old"},
    ],
    ids=["none", "wrong", "another scheme", "no scheme"],
)
async def test_anything_else_does_not(visit: Visit, headers: dict[str, str]) -> None:
    async with visit(api_keys="old,new") as client:
        response = await client.get("/private", headers=headers)
    assert problem(response).status == 401
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("given", ["first", "second", "neither"])
async def test_every_key_is_compared_in_constant_time_whichever_fits(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    compared: list[bytes] = []
    compare = hmac.compare_digest

    def noting(one: bytes, other: bytes) -> bool:
        compared.append(other)
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noting)
    async with visit(api_keys="first,second") as client:
        await client.get("/private", headers={"Authorization": f"Bearer {given}"})
    assert compared == [b"first", b"second"]


async def test_a_key_is_named_in_the_log_but_not_shown(visit: Visit) -> None:
    async with visit(api_keys="open-sesame") as client:
        with capture_logs(processors=[merge_contextvars]) as logs:
            await client.get("/private", headers={"Authorization": "Bearer open-sesame"})
    read = next(entry for entry in logs if entry["event"] == "private.read")
    assert read["key_id"] == key_id("open-sesame")
    assert "open-sesame" not in repr(logs)


async def test_live_and_ready_when_nothing_is_missing(visit: Visit) -> None:
    async with visit() as client:
        assert (await client.get("/livez")).json() == {"status": "alive"}
        assert (await client.get("/readyz")).json() == {"status": "ready"}


async def test_not_ready_says_what_is_missing_and_stays_alive(
    visit: Visit, make_app: MakeApp
) -> None:
    app = make_app()

    async def no_records() -> str:
        return "There are no records: buy some."

    async def needle() -> None:
        return None

    async def defect() -> str:
        raise ZeroDivisionError

    for name, check in {"records": no_records, "needle": needle, "arm": defect}.items():
        app.state.readiness.add(name, check)
    async with visit(app) as client:
        ready, alive = await client.get("/readyz"), await client.get("/livez")
    assert ready.status_code == 503
    assert ready.json()["missing"]["records"] == "There are no records: buy some."
    assert set(ready.json()["missing"]) == {"records", "arm"}
    assert alive.status_code == 200


async def test_not_ready_once_told_to_stop(visit: Visit, make_app: MakeApp) -> None:
    app = make_app()
    async with visit(app) as client:
        app.state.readiness.stopping = True
        assert "stopping" in (await client.get("/readyz")).json()["missing"]


async def test_requests_are_measured_by_route_and_not_by_path(visit: Visit) -> None:
    async with visit() as client:
        for path in ("/songs/1", "/songs/2", "/nowhere/1", "/nowhere/2"):
            await client.get(path)
        await client.request("INVENTED", "/songs/1")
        metrics = (await client.get("/metrics")).text
    count = "http_request_duration_seconds_count"
    assert f'{count}{{method="GET",route="/songs/{{number}}",status="200"}} 2.0' in metrics
    assert f'{count}{{method="GET",route="unmatched",status="404"}} 2.0' in metrics
    assert "INVENTED" not in metrics
    assert "/nowhere" not in metrics


async def test_each_app_has_metrics_of_its_own(visit: Visit) -> None:
    async with visit() as one:
        await one.get("/songs/1")
        async with visit() as other:
            assert "/songs/{number}" not in (await other.get("/metrics")).text


async def test_a_body_beyond_the_limit_is_refused_announced_or_not(visit: Visit) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 100

    async with visit() as client:
        announced = await client.post("/songs", json={"title": "x" * 1000})
        hidden = await client.post("/songs", content=chunks())
        small = await client.post("/songs", json={"title": "x" * 900})
    assert problem(announced).status == problem(hidden).status == 413
    assert "1000 bytes" in problem(announced).detail
    assert small.status_code == 200


class Thread(Collector):
    """A collector that says where it was asked."""

    name = ""

    def collect(self) -> list[Metric]:
        self.name = threading.current_thread().name
        return []


async def test_metrics_are_collected_beside_the_event_loop(visit: Visit, make_app: MakeApp) -> None:
    app, asked = make_app(), Thread()
    app.state.registry.register(asked)
    async with visit(app) as client:
        await client.get("/metrics")
    assert asked.name not in {"", threading.current_thread().name}
