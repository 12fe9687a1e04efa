"""The doctor: what it finds, what it never says."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FreePorts = Callable[[int], list[int]]
NAMES = ("SANDBOX_PORT", "INFERENCE_PORT", "GATEWAY_PORT", "WORKER_PORT")


@pytest.fixture
def ports(free_ports: FreePorts) -> dict[str, str]:
    return {name: str(port) for name, port in zip(NAMES, free_ports(4), strict=True)}


def doctor(cwd: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deephypebot", "doctor", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, **environment},
        timeout=50,
    )


def findings(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    return {finding["about"]: finding for finding in json.loads(done.stdout)["findings"]}


def test_it_is_content_with_a_fresh_clone(tmp_path: Path, ports: dict[str, str]) -> None:
    done = doctor(tmp_path, "--json", **ports)
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["usable"] is True
    found = findings(done)
    assert found["X"]["detail"] == "played by the sandbox"
    assert found["X"]["remedy"].startswith("to go live, `deephypebot login x`, or set X_CONSUMER")
    assert "login" not in found["Spotify"]["remedy"]
    assert found["writer"]["state"] == "ok"
    assert found["gateway"]["detail"].startswith("not running")
    assert not (tmp_path / "data").exists()


def test_half_a_vendor_and_a_foreign_program_are_wrong(
    tmp_path: Path, ports: dict[str, str]
) -> None:
    (tmp_path / ".env").write_text("SPOTIFY_CLIENT_SECRET=never-to-be-seen\n")
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        # It accepts connections into its backlog and never answers.
        ports["GATEWAY_PORT"] = str(foreign.getsockname()[1])
        done = doctor(tmp_path, "--json", **ports)
    assert done.returncode == 1
    found = findings(done)
    assert found["Spotify"]["remedy"] == "set SPOTIFY_CLIENT_ID"
    assert found["gateway"]["remedy"] == "stop it, or set GATEWAY_PORT"
    assert "never-to-be-seen" not in done.stdout + done.stderr


def test_every_setting_that_a_service_refuses_is_told(
    tmp_path: Path, ports: dict[str, str]
) -> None:
    wrong = {"INFERENCE_THREADS": "0", "GATEWAY_DATABASE_URL": "foo", "WORKER_LIMIT": "0"}
    done = doctor(tmp_path, "--json", **ports, **wrong)
    assert done.returncode == 1
    told = [
        finding["detail"]
        for finding in json.loads(done.stdout)["findings"]
        if (finding["about"], finding["state"]) == ("settings", "wrong")
    ]
    assert [detail.partition(" ")[0].rstrip(":") for detail in told] == list(wrong)


def test_a_google_sheet_without_credentials_is_wrong(tmp_path: Path, ports: dict[str, str]) -> None:
    done = doctor(tmp_path, "--json", **ports, SHEET="google", GOOGLE_SHEET_KEY="a-key")
    assert done.returncode == 1
    assert findings(done)["sheet"]["remedy"] == "set GOOGLE_SERVICE_ACCOUNT_FILE"


def test_a_missing_bundle_and_an_unusable_folder_are_named(
    tmp_path: Path, ports: dict[str, str]
) -> None:
    (tmp_path / "data").touch()
    done = doctor(tmp_path, **ports, INFERENCE_BUNDLE=str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert "no bundle in" in done.stdout
    assert f"{tmp_path / 'data'} cannot be written to" in done.stdout
    assert "Not usable yet" in done.stdout
