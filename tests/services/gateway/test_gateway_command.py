"""`python -m services.gateway`, as an operator meets it."""

import os
import subprocess
import sys

import pytest


@pytest.mark.processes
def test_a_database_that_cannot_be_opened_names_its_setting() -> None:
    told = {"GATEWAY_PORT": "0", "GATEWAY_DATABASE_URL": "sqlite:////proc/nowhere/gateway.db"}
    done = subprocess.run(
        [sys.executable, "-m", "services.gateway"],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 2
    assert "GATEWAY_DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr
