"""Logging in as the bot's account: what is asked, what is stored, what is never shown."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from dotenv import dotenv_values

from deephypebot import login_bluesky, login_mastodon, login_x
from deephypebot.errors import CommandError
from deephypebot.login import Login, Visit, Walk, walked
from deephypebot.terminal import AbandonedError, Terminal
from services.gateway.settings import GatewaySettings
from services.sandbox.settings import SandboxSettings
from tests.services.gateway.clock import Clock
from tests.services.gateway.conftest import Sandbox, running

HANDLE = "deephypebot.bsky.social"
PASSWORD = "abcd-efgh-ijkl-mnop"
NOWHERE = "http://127.0.0.1:9"
MASTODON: Walk = partial(login_mastodon.walk, instance=None, yes=True)
BLUESKY: Walk = partial(login_bluesky.walk, handle=HANDLE, yes=True)
WALKS: dict[str, Walk] = {"x": login_x.walk, "mastodon": MASTODON, "bluesky": BLUESKY}


def code_at(address: str) -> str:
    """What the vendor shows to whoever opens its address and says yes."""
    page = httpx.get(address, trust_env=False).raise_for_status().text
    return page.partition("<code>")[2].partition("</code>")[0]


class Person(Terminal):
    """Does as told, and answers the rest from a table of the beginnings of questions."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.answers, self.heard = answers, ""

    def say(self, text: str) -> None:
        self.heard += f"{text}\n"

    def ask(self, question: str, otherwise: str) -> str:
        self.heard += f"{question} {otherwise}\n"
        known = (answer for start, answer in self.answers.items() if question.startswith(start))
        answer = next(known, None)
        if answer is None:
            assert question in {"PIN", "code"}
            address = next(line for line in self.heard.split() if "/oauth/authorize?" in line)
            return code_at(address)
        if not answer:
            raise AbandonedError
        return answer

    def ask_secret(self, question: str, otherwise: str) -> str:
        return self.ask(question, otherwise)

    def agrees(self, question: str, otherwise: str) -> bool:
        return self.ask(question, otherwise) == "yes"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    settings: dict[str, Any] = {"port": 0, "feed_burst": 0, "bluesky_password": PASSWORD}
    with running(SandboxSettings(_env_file=None, **settings), Ticking()) as sandbox:
        yield sandbox


Visiting = Callable[..., Visit]


@pytest.fixture
def visit(sandbox: Sandbox) -> Visiting:
    """The visit of somebody who answers so, with these settings."""

    def make(answers: Mapping[str, str] | None = None, **settings: object) -> Visit:
        values: dict[str, Any] = {
            "x_base_url": f"{sandbox.base}/x",
            "x_consumer_key": "the-key",
            "x_consumer_secret": "the-key-secret",
            "mastodon_base_url": f"{sandbox.base}/mastodon",
            "bluesky_base_url": f"{sandbox.base}/bluesky",
            "upstream_timeout": 3.0,
        }
        made = GatewaySettings(_env_file=None, **{**values, **settings})
        return Visit(made, Person({"App password": PASSWORD, **(answers or {})}))

    return make


def heard(visit: Visit) -> str:
    assert isinstance(visit.terminal, Person)
    return visit.terminal.heard


class Ticking(Clock):
    """No two moments are the same, nor are two tokens."""

    def __call__(self) -> float:
        self.now += 1
        return self.now


def values(login: Login) -> dict[str, str]:
    return {each.name: each.value for each in login.credentials}


def me(sandbox: Sandbox, token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    answer = sandbox.http.get("/mastodon/api/v1/accounts/verify_credentials", headers=headers)
    account: dict[str, Any] = answer.raise_for_status().json()
    return account


def test_x_gives_four_credentials_for_a_pin(visit: Visiting) -> None:
    there = visit()
    login = walked(login_x.walk, there)
    kept = values(login)
    assert list(kept) == [
        "X_CONSUMER_KEY",
        "X_CONSUMER_SECRET",
        "X_ACCESS_TOKEN",
        "X_ACCESS_TOKEN_SECRET",
    ]
    assert (kept["X_CONSUMER_KEY"], kept["X_CONSUMER_SECRET"]) == ("the-key", "the-key-secret")
    assert kept["X_ACCESS_TOKEN"].startswith("1000-")
    assert login.remarks == [login_x.BUDGET, login_x.AUTOMATED]
    assert "Logged in as @deephypebot." in heard(there)
    assert not [secret for secret in kept.values() if secret in heard(there)]


def test_x_has_its_keys_from_whoever_has_set_none(visit: Visiting) -> None:
    answers = {"API key of": "typed", "API key secret": "typed too"}
    there = visit(answers, x_consumer_key=None, x_consumer_secret=None, x_daily_usd=1)
    login = walked(login_x.walk, there)
    assert values(login)["X_CONSUMER_SECRET"] == "typed too"
    assert login.remarks == [login_x.AUTOMATED]


def test_x_tokens_without_credit_are_kept(sandbox: Sandbox, visit: Visiting) -> None:
    sandbox.plan("x", "status", status=402, path="/users/me")
    login = walked(login_x.walk, visit())
    assert len(login.credentials) == 4
    assert login.remarks[0].startswith("ATTENTION: X lets the tokens do nothing yet:")


def test_x_tokens_that_may_only_read_are_pointed_out(sandbox: Sandbox, visit: Visiting) -> None:
    body, level = '{"data": {"username": "somebody"}}', {"x-access-level": "read"}
    sandbox.plan("x", "status", status=200, body=body, headers=level, path="/users/me")
    assert login_x.READ_ONLY in walked(login_x.walk, visit()).remarks


def test_mastodon_gives_a_token_for_a_code_and_marks_the_bot(
    sandbox: Sandbox, visit: Visiting
) -> None:
    there = visit()
    login = walked(MASTODON, there)
    kept = values(login)
    assert kept["MASTODON_BASE_URL"] == f"{sandbox.base}/mastodon"
    token = kept["MASTODON_ACCESS_TOKEN"]
    assert me(sandbox, token)["bot"] is True
    assert token not in heard(there)
    assert login.remarks == [login_mastodon.MARKED]


def test_mastodon_is_asked_for_no_right_that_was_declined(visit: Visiting) -> None:
    there = visit({"Mark the account": "no"})
    login = walked(partial(login_mastodon.walk, instance=None, yes=False), there)
    assert "write%3Astatuses" in heard(there)
    assert "write%3Aaccounts" not in heard(there)
    assert "not marked as a bot's (declined)" in login.remarks[0]
    assert len(login.credentials) == 2


def test_a_mark_that_fails_costs_no_token(sandbox: Sandbox, visit: Visiting) -> None:
    sandbox.plan("mastodon", "status", status=503, path="update_credentials")
    login = walked(MASTODON, visit())
    assert len(login.credentials) == 2
    assert "not marked as a bot's (it is unwell (status 503)): " in login.remarks[0]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("mastodon.example", "https://mastodon.example"),
        (" https://mastodon.example/ ", "https://mastodon.example"),
        ("http://127.0.0.1:8090/mastodon", "http://127.0.0.1:8090/mastodon"),
    ],
)
def test_an_instance_may_be_written_as_people_do(written: str, read: str) -> None:
    assert login_mastodon.base_url(written) == read


@pytest.mark.parametrize("written", ["ftp://m.example", "https://", "https://a:b@m.example", "//["])
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(CommandError, match="is no address of an instance"):
        login_mastodon.base_url(written)


def test_bluesky_keeps_an_app_password_that_works(sandbox: Sandbox, visit: Visiting) -> None:
    there = visit()
    login = walked(partial(login_bluesky.walk, handle=f"@{HANDLE}", yes=True), there)
    assert values(login) == {"BLUESKY_HANDLE": HANDLE, "BLUESKY_APP_PASSWORD": PASSWORD}
    assert login.remarks == [login_bluesky.LABELLED]
    assert login_bluesky.WHERE in heard(there)
    assert PASSWORD not in heard(there)
    place = {"repo": HANDLE, "collection": "app.bsky.actor.profile", "rkey": "self"}
    record = sandbox.http.get("/bluesky/xrpc/com.atproto.repo.getRecord", params=place).json()
    assert {"val": "bot"} in record["value"]["labels"]["values"]


def test_bluesky_labels_nobody_who_declines(visit: Visiting) -> None:
    there = visit({"Label the account": "no"}, bluesky_handle=HANDLE)
    login = walked(partial(login_bluesky.walk, handle=None, yes=False), there)
    assert "not labelled as a bot's, as Bluesky wants it (declined)" in login.remarks[0]
    assert values(login)["BLUESKY_HANDLE"] == HANDLE


def test_a_label_that_fails_costs_no_password(sandbox: Sandbox, visit: Visiting) -> None:
    sandbox.plan("bluesky", "status", status=503, path="putRecord")
    login = walked(BLUESKY, visit())
    assert len(login.credentials) == 2
    assert "(it is unwell (status 503))" in login.remarks[0]


def test_what_looks_like_the_accounts_own_password_is_pointed_out(visit: Visiting) -> None:
    with running(SandboxSettings(_env_file=None, port=0), Ticking()) as lenient:
        there = visit({"App password": "my own"}, bluesky_base_url=f"{lenient.base}/bluesky")
        assert walked(BLUESKY, there).remarks[-1] == login_bluesky.UNLIKELY


@pytest.mark.parametrize(
    ("vendor", "fault", "said"),
    [
        ("x", {"path": "request_token", "status": 401}, "X does not let the app log anybody in"),
        ("x", {"path": "access_token", "status": 401}, "X does not accept the PIN"),
        ("x", {"path": "/me", "status": 401}, "X gave tokens that it does not accept"),
        ("x", {"path": "request_token", "status": 429}, r"X: .* Try again in \d+ seconds"),
        ("x", {"path": "/me", "fault": "timeout"}, "X: no answer .*UPSTREAM_TIMEOUT"),
        ("mastodon", {"path": "/apps", "fault": "html", "status": 404}, "no Mastodon instance"),
        ("mastodon", {"path": "/apps", "fault": "html", "status": 200}, "no Mastodon instance"),
        ("mastodon", {"path": "/apps", "fault": "timeout"}, "Mastodon: no answer within 3 s"),
        ("mastodon", {"path": "/apps", "status": 503}, "Mastodon: it is unwell .* Try again"),
        ("mastodon", {"path": "/token", "status": 400}, "does not accept the code"),
        ("mastodon", {"path": "verify", "status": 403}, "does not accept its own token"),
        ("mastodon", {"path": "verify", "status": 429}, r"Try again in \d+ seconds"),
        ("bluesky", {"path": "createSession", "status": 401}, "does not accept this handle"),
        ("bluesky", {"path": "createSession", "status": 429}, r"Try again in \d+ seconds"),
        ("bluesky", {"path": "createSession", "fault": "html"}, "Bluesky: it is unwell"),
        ("bluesky", {"path": "createSession", "status": 404}, "address .BLUESKY_BASE_URL"),
        ("bluesky", {"path": "createSession", "fault": "timeout"}, "Bluesky: no answer"),
    ],
    ids=str,
)
def test_a_failure_is_one_line_that_says_what_to_do(
    sandbox: Sandbox, visit: Visiting, vendor: str, fault: dict[str, Any], said: str
) -> None:
    sandbox.plan(vendor, **{"fault": "status", **fault})
    with pytest.raises(CommandError, match=said) as failure:
        walked(WALKS[vendor], visit())
    line = str(failure.value)
    assert line.endswith(" Nothing was stored.")
    assert "\n" not in line


def test_wrong_answers_are_told_apart(visit: Visiting) -> None:
    for walk, answers, said in (
        (login_x.walk, {"PIN": "1"}, "PIN .*Invalid oauth_verifier parameter.*: run the command"),
        (MASTODON, {"code": "1"}, "does not accept the code: run the command again"),
        (BLUESKY, {"App password": "1"}, "make a new app password at https://bsky.app/"),
    ):
        with pytest.raises(CommandError, match=said):
            walked(walk, visit(answers))


@pytest.mark.parametrize("vendor", WALKS)
def test_a_vendor_that_is_not_there_is_said_to_be_so(visit: Visiting, vendor: str) -> None:
    there = visit(**{f"{vendor}_base_url": NOWHERE})
    with pytest.raises(CommandError, match=r"cannot be reached\. Check the network, and"):
        walked(WALKS[vendor], there)


@pytest.mark.parametrize(
    ("vendor", "question"), [("x", "PIN"), ("mastodon", "code"), ("bluesky", "App password")]
)
def test_an_empty_answer_ends_it(visit: Visiting, vendor: str, question: str) -> None:
    with pytest.raises(KeyboardInterrupt, match=r"^Nothing was stored\.$"):
        walked(WALKS[vendor], visit({question: ""}))


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "deephypebot", "login", *arguments]


@pytest.fixture
def environment(sandbox: Sandbox) -> dict[str, str]:
    return {
        **os.environ,
        "BLUESKY_BASE_URL": f"{sandbox.base}/bluesky",
        "X_BASE_URL": f"{sandbox.base}/x",
        "X_CONSUMER_KEY": "the-key",
        "X_CONSUMER_SECRET": "the-key-secret",
    }


def bluesky(
    folder: Path, environment: dict[str, str], answers: str, *more: str
) -> subprocess.CompletedProcess[str]:
    """The command, its answers piped in."""
    return subprocess.run(
        command("bluesky", *more),
        input=answers,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
        timeout=50,
    )


def test_the_command_stores_what_it_was_given(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / ".env").write_text("# mine\nBLUESKY_APP_PASSWORD=\n")
    done = bluesky(tmp_path, environment, f"{PASSWORD}\n", "--handle", HANDLE, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    lines = (tmp_path / ".env").read_text().splitlines()
    assert lines == ["# mine", f"BLUESKY_APP_PASSWORD={PASSWORD}", f"BLUESKY_HANDLE={HANDLE}"]
    assert "To go live: TIMELINE=bluesky, and a data folder of its own" in done.stdout
    assert PASSWORD not in done.stdout


def test_the_command_stores_secrets_as_files(tmp_path: Path, environment: dict[str, str]) -> None:
    done = bluesky(
        tmp_path, environment, f"{PASSWORD}\n", "--handle", HANDLE, "--yes", "--secrets", "s"
    )
    file = tmp_path / "s" / "bluesky_app_password"
    assert file.read_text() == PASSWORD
    assert f"BLUESKY_APP_PASSWORD_FILE={file}\n" in done.stdout
    assert f"BLUESKY_HANDLE={HANDLE}\n" in done.stdout
    assert not (tmp_path / ".env").exists()


@pytest.mark.parametrize(
    ("answers", "more", "expected"),
    [
        ("", "", (1, "Error: There is nobody to ask: give --handle.\n")),
        ("", f"--handle {HANDLE}", (1, "pipe the app password into standard input.\n")),
        ("\n", f"--handle {HANDLE}", (130, "Nothing was stored.\n")),
        ("wrong\n", f"--handle {HANDLE}", (1, "Nothing was stored.\n")),
        (
            f"{PASSWORD}\n",
            f"--handle {HANDLE}",
            (1, "There is nobody to ask: give --yes.\n"),
        ),
        (f"{PASSWORD}\n", f"--handle {HANDLE} --env no/where", (1, "see --env.\n")),
    ],
)
def test_the_command_ends_without_storing(
    tmp_path: Path,
    environment: dict[str, str],
    answers: str,
    more: str,
    expected: tuple[int, str],
) -> None:
    status, said = expected
    done = bluesky(tmp_path, environment, answers, *more.split())
    assert done.returncode == status
    assert done.stderr.endswith(said)
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def read_until(terminal: int, words: str) -> str:
    """What appears on the terminal, up to these words or the end of it."""
    shown = b""
    while words.encode() not in shown:
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # the other side has closed it
            break
    return shown.decode()


@pytest.fixture
def at_terminal(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[..., Any]]:
    """Starts the command on a terminal of its own; the process, and our side of the terminal."""
    opened: list[int] = []
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[bytes], int]:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            command(*arguments),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=tmp_path,
            env=environment,
            start_new_session=True,  # or it would ask at the terminal of whoever runs the tests
        )
        os.close(theirs)
        opened.append(ours)
        started.append(process)
        return process, ours

    yield start
    for process in started:
        process.kill()
        process.wait(10)
    for each in opened:
        os.close(each)


def test_a_password_is_not_shown_as_it_is_typed(
    at_terminal: Callable[..., Any], tmp_path: Path
) -> None:
    process, terminal = at_terminal("bluesky", "--handle", HANDLE, "--yes")
    read_until(terminal, "(not shown): ")
    os.write(terminal, f"{PASSWORD}\n".encode())
    shown = read_until(terminal, "checks.")
    assert process.wait(20) == 0
    assert "Stored in .env" in shown
    assert PASSWORD not in shown
    assert dotenv_values(tmp_path / ".env")["BLUESKY_APP_PASSWORD"] == PASSWORD


def test_a_pin_is_asked_for_at_the_terminal(
    at_terminal: Callable[..., Any], tmp_path: Path
) -> None:
    process, terminal = at_terminal("x")
    shown = read_until(terminal, "PIN: ")
    address = next(word for word in shown.split() if "/oauth/authorize?" in word)
    os.write(terminal, f"{code_at(address)}\n".encode())
    shown = read_until(terminal, "checks.")
    assert process.wait(20) == 0
    kept = dotenv_values(tmp_path / ".env")
    assert set(kept) >= {"X_ACCESS_TOKEN", "X_ACCESS_TOKEN_SECRET"}
    assert not [value for value in kept.values() if value and value in shown]


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_it_politely(at_terminal: Callable[..., Any], tmp_path: Path) -> None:
    process, terminal = at_terminal("bluesky", "--handle", HANDLE)
    read_until(terminal, "(not shown): ")
    process.send_signal(signal.SIGINT)
    shown = read_until(terminal, "stored.")
    assert process.wait(20) == 130
    assert "Nothing was stored." in shown
    assert "Traceback" not in shown
    assert list(tmp_path.iterdir()) == []
