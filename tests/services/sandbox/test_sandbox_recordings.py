"""The sandbox beside recorded traffic: the same status, the same keys, the same types.

The recordings are read from `../shared/recordings` and are no part of the repository.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

import pytest

from tests.services.recorded import NEEDS_RECORDINGS, RECORDINGS, exchanges

if TYPE_CHECKING:
    from tests.services.sandbox.conftest import Sandbox, StartSandbox

pytestmark = NEEDS_RECORDINGS

# X recorded creation before it kept edit histories.
SINCE_2021 = {"data.edit_history_tweet_ids", "data.edit_history_tweet_ids[]"}
# A spreadsheet that exists and is another's.
ANOTHERS = "1jIKzPs8LsiZZdLdeMEP-5ZIHw6RkjiOmj1LrJN706Yc"


class Exchange(NamedTuple):
    method: str
    url: str
    body: str | None
    status: int
    answer: str


def sheets_exchanges(name: str) -> list[Exchange]:
    recording = json.loads((RECORDINGS / "google_sheets" / name).read_text(encoding="utf-8"))
    return [
        Exchange(
            each["request"]["method"],
            each["request"]["uri"],
            each["request"]["body"],
            each["response"]["status"]["code"],
            each["response"]["body"]["string"],
        )
        for each in recording["interactions"]
    ]


def shape(document: object, path: str = "") -> dict[str, str]:
    """By path, the JSON type of everything in a document; a list's elements share one path."""
    found = {path: "number" if isinstance(document, int | float) else type(document).__name__}
    if isinstance(document, dict):
        for key, value in document.items():
            found |= shape(value, f"{path}.{key}" if path else key)
    if isinstance(document, list):
        for value in document:
            found |= shape(value, f"{path}[]")
    return found


def shape_of(text: str) -> dict[str, str]:
    return shape(json.loads(text)) if text else {}


@pytest.mark.parametrize(
    "name", ["x/test_client_get_home_timeline.yaml", "x/test_client_get_users_mentions.yaml"]
)
def test_x_timelines_have_the_recorded_shape(start: StartSandbox, name: str) -> None:
    (recorded,) = exchanges(name)
    path = urlsplit(recorded.url).path
    user_id = path.split("/")[3]
    sandbox = start(feed_burst=150, bot_username="Twitter")
    for number in range(12):
        sandbox.say(f"@Twitter this is number {number}")
    answer = sandbox.x(user_id, raw=True).request("GET", path, user_auth=True)
    assert answer.status_code == recorded.status
    assert shape_of(answer.text) == shape_of(recorded.text)


def test_x_me_has_the_recorded_shape(sandbox: Sandbox) -> None:
    (recorded,) = exchanges("x/test_client_get_me.yaml")
    answer = sandbox.x(raw=True).get_me()
    assert answer.status_code == recorded.status
    assert shape_of(answer.text) == shape_of(recorded.text)


def test_x_posts_by_id_have_the_recorded_shape(sandbox: Sandbox) -> None:
    (recorded,) = exchanges("x/test_client_get_tweets.yaml")
    ids = [sandbox.say("one"), sandbox.say("two")]
    answer = sandbox.x(raw=True).get_tweets(ids, user_auth=True)
    assert answer.status_code == recorded.status
    assert shape_of(answer.text) == shape_of(recorded.text)


def test_x_creates_and_deletes_as_recorded(sandbox: Sandbox) -> None:
    created, deleted = exchanges("x/test_client_create_and_delete_tweet.yaml")
    client = sandbox.x(raw=True)
    answer = client.request("POST", "/2/tweets", json=json.loads(created.body), user_auth=True)
    assert answer.status_code == created.status
    ours, recorded = shape_of(answer.text), shape_of(created.text)
    assert {path for path in ours if path not in recorded} == SINCE_2021
    assert {path: ours[path] for path in recorded} == recorded
    answer = client.delete_tweet(answer.json()["data"]["id"])
    assert (answer.status_code, answer.json()) == (deleted.status, json.loads(deleted.text))


@pytest.mark.parametrize(
    "name",
    [
        "ClientTest.test_access_non_existing_spreadsheet.json",
        "ClientTest.test_access_private_spreadsheet.json",
        "SpreadsheetTest.test_worksheets.json",
        "WorksheetTest.test_add_validation.json",
        "WorksheetTest.test_append_row.json",
        "WorksheetTest.test_batch_get.json",
        "WorksheetTest.test_batch_update.json",
    ],
)
def test_sheets_answers_every_recorded_request_as_recorded(start: StartSandbox, name: str) -> None:
    sandbox = start(google_per_minute=0, private_spreadsheet_id=ANOTHERS)
    token = login(sandbox)
    ids: dict[str, str] = {}
    for recorded in sheets_exchanges(name):
        url = urlsplit(recorded.url)
        path = next((url.path.replace(a, b) for a, b in ids.items() if a in url.path), url.path)
        answer = sandbox.http.request(
            recorded.method,
            f"/google{path}" + (f"?{url.query}" if url.query else ""),
            content=recorded.body,
            headers={"authorization": f"Bearer {token}"},
        )
        assert answer.status_code == recorded.status, (recorded.method, unquote(recorded.url))
        compare(answer.text, recorded)
        if recorded.method == "POST" and url.path == "/drive/v3/files":
            ids[json.loads(recorded.answer)["id"]] = answer.json()["id"]


def login(sandbox: Sandbox) -> str:
    client = sandbox.sheets()
    client.http_client.login()
    return str(client.http_client.auth.token)


def compare(answer: str, recorded: Exchange) -> None:
    ours, theirs = shape_of(answer), shape_of(recorded.answer)
    assert ours == theirs, recorded.url
    if "/values" in recorded.url:
        assert without_ids(json.loads(answer)) == without_ids(json.loads(recorded.answer))


def without_ids(document: Any) -> Any:  # noqa: ANN401 - any JSON
    """A document without the ids of spreadsheets, which are ours and theirs."""
    if isinstance(document, dict):
        return {k: without_ids(v) for k, v in document.items() if k != "spreadsheetId"}
    return [without_ids(each) for each in document] if isinstance(document, list) else document
