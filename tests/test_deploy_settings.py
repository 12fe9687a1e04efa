"""docs/settings.md: every setting of every service, as the classes have it."""

import re
from pathlib import Path

from deephypebot.settings_table import page, settings

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "settings.md"


def test_the_document_is_what_the_classes_say() -> None:
    written = DOCUMENT.read_text(encoding="utf-8")
    assert written == page(), "run: python -m deephypebot.settings_table"


def test_every_setting_is_described() -> None:
    assert [setting.name for setting in settings() if not setting.description] == []


def test_what_is_empty_by_default_is_left_blank() -> None:
    blank = {setting.name for setting in settings() if not setting.default}
    assert {"API_KEYS", "DATABASE_URL", "WORKER_HANDLE", "WORKER_LANGUAGES"} <= blank
    assert [setting.name for setting in settings() if setting.default == "``"] == []


def test_every_setting_that_the_embedded_run_names_exists() -> None:
    known = {setting.name for setting in settings()}
    text = "".join(
        (ROOT / "deephypebot" / name).read_text(encoding="utf-8")
        for name in ("embedded.py", "vendors.py", "wiring.py")
    )
    named = set(re.findall(r'"((?:[A-Z]+_)+[A-Z]+)"', text)) - {"NO_PROXY"}
    assert len(named) > 20
    assert named <= known
