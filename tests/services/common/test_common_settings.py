"""Where settings come from, and what is said when they are wrong."""

from pathlib import Path
from typing import Self

import pytest
from pydantic import Field, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from services.common.serve import load_settings
from services.common.settings import ServiceSettings, SettingsError


class PianoSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="PIANO_")

    keys: int = Field(88, ge=1, description="How many.")
    pedals: int = Field(3, description="How many.")

    @field_validator("pedals")
    @classmethod
    def no_organ(cls, value: int) -> int:
        if value > 4:
            message = "an organ has so many"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def pedals_need_keys(self) -> Self:
        if self.keys < self.pedals:
            message = "PIANO_PEDALS are for those who have PIANO_KEYS"
            raise ValueError(message)
        return self


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (
        "API_KEYS",
        "API_KEYS_FILE",
        "PIANO_KEYS",
        "PIANO_PEDALS",
        "PIANO_PORT",
        "LOG_LEVEL",
    ):
        monkeypatch.delenv(name, raising=False)


def secrets(settings: ServiceSettings) -> list[str]:
    return [key.get_secret_value() for key in settings.api_keys]


def test_own_fields_carry_the_prefix_and_shared_ones_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PIANO_KEYS", "61")
    monkeypatch.setenv("LOG_LEVEL", "debug")
    settings = PianoSettings()
    assert (settings.keys, settings.log_level) == (61, "debug")


def test_keys_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEYS", " old , new ,")
    assert secrets(PianoSettings()) == ["old", "new"]


@pytest.mark.parametrize("key", ["schlüssel", "two\nlines", "tab\tbed", "\udcff"])
def test_keys_that_no_header_takes_are_refused_in_a_line(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("API_KEYS", f"old,{key},{key}")
    with pytest.raises(SystemExit) as caught:
        load_settings(PianoSettings)
    assert str(caught.value) == (
        "Wrong settings:\n"
        "  API_KEYS: a key travels in a header: letters, digits and signs of ASCII only"
    )


def test_a_file_may_hold_the_value(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mounted").write_text("from-a-file\n")
    monkeypatch.setenv("API_KEYS_FILE", str(tmp_path / "mounted"))
    assert secrets(PianoSettings()) == ["from-a-file"]


def test_dotenv_is_read_and_extra_names_in_it_are_ignored(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PIANO_KEYS=76\nGUITAR_STRINGS=6\n")
    assert PianoSettings().keys == 76


def test_arguments_beat_the_environment_beats_files_beats_dotenv(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("API_KEYS=dotenv\n")
    assert secrets(PianoSettings()) == ["dotenv"]
    (tmp_path / "mounted").write_text("file")
    monkeypatch.setenv("API_KEYS_FILE", str(tmp_path / "mounted"))
    assert secrets(PianoSettings()) == ["file"]
    monkeypatch.setenv("API_KEYS", "environment")
    assert secrets(PianoSettings()) == ["environment"]
    assert secrets(PianoSettings.model_validate({"api_keys": "argument"})) == ["argument"]


def test_an_empty_variable_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIANO_KEYS", "")
    assert PianoSettings().keys == 88


@pytest.mark.parametrize("content", [None, b"\xff\xfe\xfa"], ids=["absent", "not text"])
def test_an_unreadable_file_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    mounted = tmp_path / "mounted"
    if content is not None:
        mounted.write_bytes(content)
    monkeypatch.setenv("API_KEYS_FILE", str(mounted))
    with pytest.raises(SettingsError, match=r"API_KEYS_FILE names .*mounted, which cannot be read"):
        PianoSettings()


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEYS", "hunter2")
    assert "hunter2" not in repr(PianoSettings())


def test_a_wrong_value_is_told_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PIANO_PORT", "grand")
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(SystemExit) as caught:
        load_settings(PianoSettings)
    message = str(caught.value)
    assert "PIANO_PORT: Input should be a valid integer" in message
    assert "LOG_LEVEL: Input should be" in message


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PIANO_PEDALS", "9", "PIANO_PEDALS: an organ has so many"),
        ("PIANO_KEYS", "2", "PIANO_PEDALS are for those who have PIANO_KEYS"),
    ],
)
def test_a_rule_of_ours_is_told_in_its_own_words(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as caught:
        load_settings(PianoSettings)
    assert str(caught.value) == f"Wrong settings:\n  {said}"


def test_a_wrong_file_is_told_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEYS_FILE", "/nowhere/at/all")
    with pytest.raises(SystemExit, match="API_KEYS_FILE names /nowhere/at/all"):
        load_settings(PianoSettings)


def test_every_field_is_described() -> None:
    assert all(field.description for field in ServiceSettings.model_fields.values())
