"""`deephypebot sheet`: against the sandbox's Google and a local desk, as an operator runs it."""

import csv
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gspread
import pytest
import structlog

from deephypebot import sheet as command
from deephypebot.data_folder import claimed
from deephypebot.errors import CommandError
from services.common.settings import SettingsError
from services.gateway.schemas import Decision, Draft, Outcome, Post, Scores, Song
from services.gateway.sheets.rows import COLUMNS
from services.gateway.sheets.sheet import Carried, DeskDraft
from services.sandbox.settings import SandboxSettings
from tests.service_account import at_work, service_account
from tests.services.gateway.clock import Clock
from tests.services.gateway.conftest import Sandbox, running

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
KEY = "sandbox-spreadsheet"
NOT_SHARED = (
    "google: the spreadsheet is not open to bot@example.org; share it with that address as "
    "Editor. It says: The caller does not have permission"
)
UNREADABLE = (
    "GOOGLE_SERVICE_ACCOUNT_FILE names nowhere.json, which cannot be read: No such file or "
    "directory."
)


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """The command sets up this process's logs; other tests want them as they were."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    settings = SandboxSettings(_env_file=None, port=0, feed_burst=0, google_per_minute=0)
    with running(settings, Clock()) as sandbox:
        yield sandbox


@pytest.fixture
def account(sandbox: Sandbox) -> dict[str, str]:
    return service_account(f"{sandbox.base}/google")


@pytest.fixture
def environment(sandbox: Sandbox, account: dict[str, str], tmp_path: Path) -> dict[str, str]:
    key_file = tmp_path / "account.json"
    key_file.write_text(json.dumps(account))
    return {
        "GOOGLE_BASE_URL": f"{sandbox.base}/google",
        "GOOGLE_SERVICE_ACCOUNT_FILE": str(key_file),
        "GOOGLE_SHEET_KEY": KEY,
    }


@pytest.fixture
def operator(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder to work in, with everything set; the data folder in it."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[gspread.Client]:
    with at_work(f"{sandbox.base}/google") as client:
        yield client


def a_draft(number: int, rank: int = 1, text: str | None = None) -> Draft:
    return Draft(
        id=f"x:{number}:{rank}",
        item_id=f"x:{number}",
        rank=rank,
        text=text or f"a slow burn, number {number}.{rank}",
        scores=Scores(score=0.5, log_prob=-1.0, topic=0.25, novelty=0.75),
        post=Post(origin="x", id=str(number), text="a post", author_id="7", created_at=NOW),
        song=Song(title="Hurt", artists=["Crosby, Stills", "Nash"], genres=["folk"], score=1.0),
        created_at=NOW,
    )


def said(
    draft: Draft, verdict: str, text: str | None = None, reason: str | None = None
) -> Decision:
    return Decision.model_validate(
        {
            "draft_id": draft.id,
            "verdict": verdict,
            "text": text or draft.text,
            "edited": text is not None,
            "reason": reason,
            "curator": "Ada",
            "decided_at": NOW,
            "version": "7",
        }
    )


def records() -> list[DeskDraft]:
    """Of every kind: untouched, approved, edited, rejected, taken back with words, published."""
    drafts = [a_draft(number) for number in range(1, 8)]
    published = Outcome(state="published", url="https://x.test/6")
    failed = Outcome(state="failed", detail="too long")
    return [
        DeskDraft(draft=drafts[0]),
        DeskDraft(draft=drafts[1], decision=said(drafts[1], "approved")),
        DeskDraft(draft=drafts[2], decision=said(drafts[2], "approved", "=my own words")),
        DeskDraft(draft=drafts[3], decision=said(drafts[3], "rejected", reason="dull")),
        DeskDraft(draft=drafts[4], decision=said(drafts[4], "undecided", "half a thought")),
        DeskDraft(draft=drafts[5], decision=said(drafts[5], "approved"), outcome=published),
        DeskDraft(draft=drafts[6], decision=said(drafts[6], "approved"), outcome=failed),
    ]


def written(file: Path, content: list[DeskDraft]) -> str:
    file.write_text("".join(record.model_dump_json() + "\n" for record in content))
    return str(file)


def told(file: Path) -> list[tuple[Any, ...]]:
    """What a file says, without who decided when and under which version."""
    found = []
    for line in file.read_text().splitlines():
        record = DeskDraft.model_validate_json(line)
        made = record.decision
        decision = made and (made.verdict, made.text, made.edited, made.reason)
        found.append((record.draft, decision, record.outcome))
    return sorted(found, key=lambda one: str(one[0].id))


def run(
    *arguments: str, cwd: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deephypebot", "sheet", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, **environment},
        timeout=50,
    )


def test_init_makes_a_worksheet_ready_and_says_where_it_is(
    operator: Path, client: gspread.Client
) -> None:
    ready = command.init(operator)
    assert ready.deeds == [
        "made the worksheet",
        "wrote the header",
        "laid out boxes, colours and protection",
    ]
    page = client.open_by_key(KEY).worksheet("gens")
    assert ready.address == page.url
    assert page.row_values(1) == list(COLUMNS)


def test_init_again_does_nothing(operator: Path, client: gspread.Client) -> None:
    command.init(operator)
    before = client.open_by_key(KEY).fetch_sheet_metadata({"includeGridData": "true"})
    again = command.init(operator)
    assert again.deeds == []
    assert "there was nothing to do" in command.told_ready(again)
    assert client.open_by_key(KEY).fetch_sheet_metadata({"includeGridData": "true"}) == before


def test_the_command_speaks_json_to_scripts(tmp_path: Path, environment: dict[str, str]) -> None:
    done = run("init", "--json", cwd=tmp_path, environment=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["address"].startswith(f"https://docs.google.com/spreadsheets/d/{KEY}#gid=")
    assert len(found["done"]) == 3
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"GOOGLE_SHEET_KEY": "nothing"}, "google: GOOGLE_SHEET_KEY names no spreadsheet."),
        (
            {"GOOGLE_SHEET_KEY": "private-spreadsheet"},
            NOT_SHARED,
        ),
        ({"GOOGLE_SHEET_KEY": ""}, "Set GOOGLE_SHEET_KEY."),
        (
            {"GOOGLE_SERVICE_ACCOUNT_FILE": "nowhere.json"},
            UNREADABLE,
        ),
    ],
)
def test_what_hinders_init_is_said_in_one_line(
    operator: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], complaint: str
) -> None:
    for name, value in change.items():
        monkeypatch.setenv(name, value)
    with pytest.raises((CommandError, SettingsError)) as error:
        command.init(operator)
    assert str(error.value) == complaint


def test_a_private_key_that_is_none_is_said_in_one_line(
    tmp_path: Path, environment: dict[str, str], account: dict[str, str]
) -> None:
    key_file = Path(environment["GOOGLE_SERVICE_ACCOUNT_FILE"])
    key_file.write_text(json.dumps({**account, "private_key": "hush"}))
    done = run("init", cwd=tmp_path, environment=environment)
    assert done.returncode == 1
    assert done.stderr == "Error: google: it refuses the key in GOOGLE_SERVICE_ACCOUNT_FILE.\n"


def test_a_header_of_somebody_elses_is_left_alone(operator: Path, client: gspread.Client) -> None:
    page = client.open_by_key(KEY).add_worksheet("gens", 20, 3)
    page.update([["name", "phone"], ["Ada", "1"]], "A1")
    with pytest.raises(CommandError, match="row 1 is name, phone"):
        command.init(operator)
    assert page.get_all_values() == [["name", "phone"], ["Ada", "1"]]


@pytest.mark.parametrize("name", ["local", "google"])
def test_what_is_imported_is_exported_again(
    operator: Path, tmp_path: Path, name: command.SheetName
) -> None:
    source = written(tmp_path / "in.jsonl", records())
    carried = command.import_(name, source, operator)
    assert carried == Carried(new=7, decided=6, published=1, kept=0)
    exported = command.export(name, tmp_path / "out.jsonl", operator)
    assert (exported.drafts, exported.decided, exported.published) == (7, 6, 1)
    assert told(tmp_path / "out.jsonl") == told(tmp_path / "in.jsonl")


@pytest.mark.parametrize("name", ["local", "google"])
def test_importing_again_changes_nothing(
    operator: Path, tmp_path: Path, name: command.SheetName
) -> None:
    source = written(tmp_path / "in.jsonl", records())
    command.import_(name, source, operator)
    assert command.import_(name, source, operator) == Carried()
    command.export(name, tmp_path / "out.jsonl", operator)
    assert told(tmp_path / "out.jsonl") == told(tmp_path / "in.jsonl")


def test_a_round_trip_loses_nothing(operator: Path, tmp_path: Path) -> None:
    first, second, third = (tmp_path / f"{number}.jsonl" for number in range(3))
    command.import_("local", written(first, records()), operator)
    command.export("local", second, operator)
    command.import_("google", str(second), operator)
    command.export("google", third, operator)
    command.import_("local", str(third), operator / "fresh")
    command.export("local", second, operator / "fresh")
    assert told(first) == told(third) == told(second)


@pytest.mark.parametrize("name", ["local", "google"])
def test_words_that_stand_there_are_kept_and_counted(
    operator: Path, tmp_path: Path, name: command.SheetName
) -> None:
    draft = a_draft(1)
    stands = DeskDraft(draft=draft, decision=said(draft, "approved", "the words here"))
    comes = DeskDraft(draft=draft, decision=said(draft, "rejected", reason="dull"))
    command.import_(name, written(tmp_path / "a.jsonl", [stands]), operator)
    carried = command.import_(name, written(tmp_path / "b.jsonl", [comes]), operator)
    assert carried == Carried(kept=1)
    command.export(name, tmp_path / "out.jsonl", operator)
    assert told(tmp_path / "out.jsonl") == told(tmp_path / "a.jsonl")


@pytest.mark.parametrize("name", ["local", "google"])
def test_a_decision_comes_to_a_draft_that_waits(
    operator: Path, tmp_path: Path, name: command.SheetName
) -> None:
    draft = a_draft(1)
    decided = DeskDraft(draft=draft, decision=said(draft, "approved", "better"))
    command.import_(name, written(tmp_path / "a.jsonl", [DeskDraft(draft=draft)]), operator)
    carried = command.import_(name, written(tmp_path / "b.jsonl", [decided]), operator)
    assert carried == Carried(decided=1)
    command.export(name, tmp_path / "out.jsonl", operator)
    assert told(tmp_path / "out.jsonl") == told(tmp_path / "b.jsonl")


@pytest.mark.parametrize("name", ["local", "google"])
def test_published_is_final_whatever_stands_there(
    operator: Path, tmp_path: Path, name: command.SheetName
) -> None:
    draft = a_draft(1)
    out = Outcome(state="published", url="https://x.test/1")
    rejected = DeskDraft(draft=draft, decision=said(draft, "rejected"))
    published = DeskDraft(draft=draft, decision=said(draft, "approved"), outcome=out)
    failed = published.model_copy(update={"outcome": Outcome(state="failed")})
    command.import_(name, written(tmp_path / "a.jsonl", [rejected]), operator)
    carried = command.import_(name, written(tmp_path / "b.jsonl", [published]), operator)
    assert (carried.published, carried.kept) == (1, 1)
    command.import_(name, written(tmp_path / "c.jsonl", [failed]), operator)
    command.export(name, tmp_path / "out.jsonl", operator)
    ((_, decision, outcome),) = told(tmp_path / "out.jsonl")
    assert decision[0] == "rejected"
    assert outcome == out


def test_a_csv_is_the_table_without_formulas(operator: Path, tmp_path: Path) -> None:
    hostile = DeskDraft(draft=a_draft(1, text="=HYPERLINK(1)"), decision=records()[2].decision)
    hostile = hostile.model_copy(update={"decision": said(hostile.draft, "approved", "@you")})
    command.import_("local", written(tmp_path / "in.jsonl", [hostile]), operator)
    command.export("local", tmp_path / "out.csv", operator)
    with (tmp_path / "out.csv").open(newline="") as lines:
        header, row = csv.reader(lines)
    assert header == list(COLUMNS[:-1])
    assert (row[5], row[7]) == ("'=HYPERLINK(1)", "'@you")


@pytest.mark.parametrize("file", ["drafts.xlsx", "drafts"])
def test_a_file_of_no_known_kind_is_refused(operator: Path, file: str) -> None:
    with pytest.raises(CommandError, match=r"ends in \.jsonl or \.csv"):
        command.export("local", Path(file), operator)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{}", r"in.jsonl:2: no record of `sheet export` \(draft: Field required\)"),
        ("[1]", "in.jsonl:2: a JSON object is needed"),
        (
            DeskDraft(draft=a_draft(1), decision=said(a_draft(2), "approved")).model_dump_json(),
            "in.jsonl:2: the decision is on another draft",
        ),
    ],
)
def test_a_line_that_cannot_be_imported_is_named_and_nothing_is_stored(
    operator: Path, tmp_path: Path, line: str, complaint: str
) -> None:
    source = tmp_path / "in.jsonl"
    written(source, records()[:1])
    source.write_text(f"{source.read_text()}{line}\n")
    with pytest.raises(CommandError, match=complaint):
        command.import_("local", str(source), operator)
    assert command.export("local", tmp_path / "out.jsonl", operator).drafts == 0


def test_a_csv_cannot_be_imported(operator: Path) -> None:
    with pytest.raises(CommandError, match=r"import what was exported as \.jsonl"):
        command.import_("local", "drafts.csv", operator)


def test_nothing_is_imported_while_the_bot_runs(operator: Path, tmp_path: Path) -> None:
    source = written(tmp_path / "in.jsonl", records())
    with claimed(operator), pytest.raises(CommandError, match="stop it"):
        command.import_("local", source, operator)


def test_export_and_import_as_commands(tmp_path: Path, environment: dict[str, str]) -> None:
    written(tmp_path / "in.jsonl", records())
    done = run("import", "in.jsonl", "--to", "local", cwd=tmp_path, environment=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("7 drafts are new, 6 decisions came along, 1 are published")
    done = run("export", "out.jsonl", "--json", cwd=tmp_path, environment=environment)
    assert json.loads(done.stdout)["drafts"] == 7
    assert told(tmp_path / "out.jsonl") == told(tmp_path / "in.jsonl")


def test_a_draft_that_names_another_item_than_it_lies_in_is_counted_and_left(
    operator: Path, tmp_path: Path
) -> None:
    command.import_("local", written(tmp_path / "a.jsonl", records()[:1]), operator)
    draft = a_draft(1).model_copy(update={"item_id": "x:other"})
    stray = DeskDraft(draft=draft, decision=said(draft, "rejected", reason="dull"))
    carried = command.import_("local", written(tmp_path / "b.jsonl", [stray]), operator)
    assert carried == Carried(kept=1)
    command.export("local", tmp_path / "out.jsonl", operator)
    assert told(tmp_path / "out.jsonl") == told(tmp_path / "a.jsonl")
