"""The base of the typed clients: what is repeated, and what each answer is turned into."""

from collections.abc import Callable, Iterator

import httpx
import pytest
import stamina
from fastapi import FastAPI
from pydantic import BaseModel, SecretStr

from services.common.problems import MEDIA_TYPE, install_handlers
from services.common.rest import (
    BusyError,
    FailedError,
    NotSentError,
    RefusedError,
    RestClient,
    ServiceError,
    UnreachableError,
    worth_repeating,
)


class Song(BaseModel):
    title: str


Answers = list[httpx.Response | httpx.TransportError]


@pytest.fixture(autouse=True)
def no_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


def problem(status: int, detail: str = "It is so.", **headers: str) -> httpx.Response:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(
        status, json={"detail": detail}, headers={"Content-Type": MEDIA_TYPE, **headers}
    )


class Upstream:
    """Gives these answers in order, and remembers what was asked."""

    def __init__(self, *answers: httpx.Response | httpx.TransportError) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer

    async def call(self, method: str = "GET", key: SecretStr | None = None) -> Song:
        async with RestClient(
            "http://songs", key=key, transport=httpx.MockTransport(self)
        ) as client:
            return await client.call(method, "v1/songs/1", Song, params={"a": 1, "b": None})


def song() -> httpx.Response:
    return httpx.Response(200, json={"title": "Alison"})


async def test_an_answer_becomes_the_contracts_type() -> None:
    upstream = Upstream(song())
    assert await upstream.call() == Song(title="Alison")
    (asked,) = upstream.asked
    assert str(asked.url) == "http://songs/v1/songs/1?a=1"


async def test_key_and_request_id_are_sent_along() -> None:
    upstream = Upstream(song())
    await upstream.call(key=SecretStr("open-sesame"))
    (asked,) = upstream.asked
    assert asked.headers["authorization"] == "Bearer open-sesame"
    assert len(asked.headers["x-request-id"]) >= 8


@pytest.mark.parametrize(
    "hiccup",
    [
        lambda: problem(503),
        lambda: problem(429, Retry_After="1"),
        lambda: httpx.ConnectError("refused"),
        lambda: httpx.ReadTimeout("slow"),
        lambda: httpx.Response(200, text="<html>"),
    ],
    ids=["503", "429", "refused", "timeout", "nonsense"],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_what_is_safe_to_repeat_is_repeated(
    method: str, hiccup: Callable[[], httpx.Response | httpx.TransportError]
) -> None:
    upstream = Upstream(hiccup(), hiccup(), song())
    assert await upstream.call(method) == Song(title="Alison")


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_what_is_not_safe_to_repeat_is_not(method: str) -> None:
    upstream = Upstream(httpx.ReadTimeout("slow"), song())
    with stamina.set_testing(False), pytest.raises(UnreachableError, match="ReadTimeout"):
        await upstream.call(method)
    assert len(upstream.asked) == 1


async def test_a_password_in_an_address_is_not_told() -> None:
    silent = httpx.MockTransport(Upstream(*[httpx.ConnectError("refused")] * 3))
    async with RestClient("http://bot:s3cret@songs", transport=silent) as client:
        with pytest.raises(UnreachableError, match="http://songs/v1/songs/1 did not") as caught:
            await client.call("GET", "v1/songs/1", Song)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("refused"), NotSentError),
        (httpx.ConnectTimeout("slow"), NotSentError),
        (httpx.ReadTimeout("slow"), UnreachableError),
        (httpx.RemoteProtocolError("gone"), UnreachableError),
    ],
)
async def test_what_was_never_sent_is_told_apart(
    error: httpx.TransportError, kind: type[ServiceError]
) -> None:
    with stamina.set_testing(False), pytest.raises(UnreachableError) as caught:
        await Upstream(error).call("POST")
    assert type(caught.value) is kind


async def test_patience_ends_with_the_last_error() -> None:
    upstream = Upstream(problem(503), problem(503), problem(503, "Still loading."))
    with pytest.raises(BusyError, match="Still loading"):
        await upstream.call()
    assert len(upstream.asked) == 3


async def test_a_long_wait_is_told_rather_than_waited() -> None:
    upstream = Upstream(problem(429, "The quota is spent.", Retry_After="900"), song())
    with pytest.raises(BusyError) as caught:
        await upstream.call()
    assert caught.value.retry_after == 900
    assert len(upstream.asked) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda: problem(400), RefusedError),
        (lambda: problem(401), RefusedError),
        (lambda: problem(404), RefusedError),
        (lambda: problem(422), RefusedError),
        (lambda: problem(500), FailedError),
        (lambda: problem(502), FailedError),
    ],
)
async def test_what_will_not_get_better_is_not_repeated(
    answer: Callable[[], httpx.Response], kind: type[ServiceError]
) -> None:
    response = answer()
    upstream = Upstream(response, song())
    with pytest.raises(kind, match=r"It is so\.") as caught:
        await upstream.call()
    assert caught.value.status == response.status_code
    assert len(upstream.asked) == 1


@pytest.mark.parametrize("status", [403, 404, 422, 500, 503])
async def test_an_error_without_a_problem_document_is_not_the_services(status: int) -> None:
    said = f"answered {status} without a problem document"
    with pytest.raises(UnreachableError, match=said) as caught:
        await Upstream(*[httpx.Response(status, text="<html>")] * 3).call()
    assert caught.value.status == 0


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/songs/1"), ("PUT", "/v1/songs")])
async def test_a_service_without_such_a_door_is_another_one(method: str, path: str) -> None:
    app = FastAPI()
    install_handlers(app)
    app.get("/v1/songs")(lambda: {"title": "Alison"})
    async with RestClient("http://drafts", transport=httpx.ASGITransport(app)) as client:
        with pytest.raises(UnreachableError, match="is it another service"):
            await client.call(method, path, Song)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (BusyError("", retry_after=4.0), 4.0),
        (BusyError("", retry_after=0.0), True),
        (BusyError(""), True),
        (BusyError("", retry_after=31.0), False),
        (UnreachableError(""), True),
        (RefusedError(""), False),
        (FailedError(""), False),
        (ValueError(""), False),
    ],
)
def test_what_is_worth_repeating_and_when(error: Exception, verdict: bool | float) -> None:
    assert worth_repeating(error) == verdict


@pytest.mark.parametrize("value", ["soon", "", "Wed, 21 Oct 2026 07:28:00 GMT"])
async def test_a_retry_after_that_is_no_number_is_no_wait(value: str) -> None:
    upstream = Upstream(problem(503, Retry_After=value), song())
    assert await upstream.call() == Song(title="Alison")
