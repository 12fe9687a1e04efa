"""Where credentials are kept: nothing else is touched, nobody else may read them."""

import stat
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from deephypebot.credentials import Credential, DotenvFile, SecretFolder, with_values
from deephypebot.errors import CommandError
from services.gateway.settings import GatewaySettings

TOKEN, HANDLE = "BLUESKY_APP_PASSWORD", "BLUESKY_HANDLE"
# What python-dotenv fills in even between quotes, and what no input line holds.
TEXTS = st.text(st.characters(exclude_categories=["C"]), min_size=1).filter(
    lambda text: "${" not in text
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def env(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def keep(env: Path, value: str) -> list[str]:
    return DotenvFile(env).keep([Credential(TOKEN, value)])


@pytest.mark.parametrize(
    "value",
    [
        "plain-1000",
        "two words",
        "a#b",
        "a #b",
        "it's",
        'say "so"',
        "$HOME",
        "\\",
        "a\\'b",
        " ",
        "=",
    ],
)
def test_values_are_read_back_as_they_were(env: Path, value: str) -> None:
    keep(env, value)
    assert dotenv_values(env) == {TOKEN: value}


@given(value=TEXTS, before=TEXTS)
def test_any_value_is_read_back_in_the_place_of_any_other(value: str, before: str) -> None:
    text = with_values("", {"A": before, "B": "b"})
    file = with_values(text, {"A": value})
    assert file.endswith("B=b\n")
    assert dotenv_values(stream=StringIO(file)) == {"A": value, "B": "b"}


def test_the_services_read_what_is_kept(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(env.parent)
    keep(env, "it's $5 #1")
    password = GatewaySettings().bluesky_app_password
    assert password is not None
    assert password.get_secret_value() == "it's $5 #1"


def test_a_value_that_no_dotenv_file_holds_is_refused(env: Path) -> None:
    with pytest.raises(CommandError, match="use --secrets") as refusal:
        keep(env, "never-${HOME}-seen")
    assert "never" not in str(refusal.value)
    assert not env.exists()


def test_other_lines_stay_as_they_are(env: Path) -> None:
    env.write_bytes(
        b"# of mine\r\n\r\nTIMELINE = bluesky # why\r\n"
        b"  export BLUESKY_APP_PASSWORD='o # ld' # x\r\n"
        b"no assignment\nBLUESKY_APP_PASSWORD=\nLAST=1"
    )
    DotenvFile(env).keep([Credential(TOKEN, "new"), Credential(HANDLE, "a.b")])
    assert env.read_bytes() == (
        b"# of mine\r\n\r\nTIMELINE = bluesky # why\r\n"
        b"  export BLUESKY_APP_PASSWORD=new # x\r\n"
        b"no assignment\nBLUESKY_APP_PASSWORD=new\nLAST=1\nBLUESKY_HANDLE=a.b\n"
    )


@pytest.mark.parametrize("line", ["{}", "{} = # note", "{}= 'a # b'", "{}=a b # c", '{}="x\ny"'])
def test_a_value_is_replaced_however_it_was_written(env: Path, line: str) -> None:
    env.write_text(f"A=1\n{line.format(TOKEN)}\nB=2\n")
    keep(env, "new")
    assert dotenv_values(env) == {"A": "1", TOKEN: "new", "B": "2"}
    assert list(dotenv_values(env)) == ["A", TOKEN, "B"]


def test_nobody_else_may_read_the_file(env: Path) -> None:
    keep(env, "first")
    assert mode(env) == 0o600
    env.chmod(0o644)
    said = keep(env, "second")
    assert mode(env) == 0o600
    assert [each.name for each in env.parent.iterdir()] == [".env"]
    assert "second" not in "".join(said)


def test_a_link_stays_a_link(env: Path, tmp_path: Path) -> None:
    env.symlink_to(tmp_path / "elsewhere")
    keep(env, "value")
    assert env.is_symlink()
    assert dotenv_values(tmp_path / "elsewhere") == {TOKEN: "value"}


@pytest.mark.parametrize("suffix", ["", "_FILE"])
def test_what_the_environment_says_otherwise_is_named(
    env: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setenv(f"{TOKEN}{suffix}", "older")
    assert keep(env, "newer")[-1] == (
        f"ATTENTION: {TOKEN}{suffix} in the environment comes first: unset it there."
    )


def test_secrets_are_files_that_the_services_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a" / "secrets"
    keeper = SecretFolder(folder)
    keeper.check()
    said = keeper.keep([Credential(HANDLE, "a.b", secret=False), Credential(TOKEN, "${x} y")])
    assert [each.name for each in folder.iterdir()] == ["bluesky_app_password"]
    assert (mode(folder), mode(folder / "bluesky_app_password")) == (0o700, 0o600)
    for line in said[2:]:
        monkeypatch.setenv(*line.strip().split("="))
    settings = GatewaySettings(_env_file=None)
    assert settings.bluesky_handle == "a.b"
    assert settings.bluesky_app_password is not None
    assert settings.bluesky_app_password.get_secret_value() == "${x} y"


def test_places_that_take_nothing_are_refused_beforehand(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xff")
    for keeper, said in (
        (DotenvFile(tmp_path), "Is a directory"),
        (DotenvFile(tmp_path / "file"), "no UTF-8 text"),
        (DotenvFile(tmp_path / "file" / ".env"), "Not a directory"),
        (DotenvFile(tmp_path / "nowhere" / ".env"), "no folder"),
        (SecretFolder(tmp_path / "file" / "secrets"), "no folder"),
    ):
        with pytest.raises(CommandError, match=said):
            keeper.check()
