"""The processes that benchmarks/serving starts."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.serving.accounts import MARK, members, resident_mebibytes
from benchmarks.serving.processes import Launch, StartError, free_port, running

ANSWERS = """
import subprocess, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Door(BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200)
        self.end_headers()

subprocess.Popen(["sleep", "60"], start_new_session=True)
HTTPServer(("127.0.0.1", int(sys.argv[1])), Door).serve_forever()
"""


def launch(program: str, folder: Path) -> Launch:
    port = free_port()
    return Launch([sys.executable, "-c", program, str(port)], {}, port, "/", "{}", folder / "log")


def test_a_server_is_accounted_for_and_stopped_with_all_it_started(tmp_path: Path) -> None:
    with running(launch(ANSWERS, tmp_path)) as server:
        assert len(members(server.mark)) == 2
        assert resident_mebibytes(server.mark) > 1
    assert members(server.mark) == []


def test_a_server_that_ends_is_reported_with_its_last_words(tmp_path: Path) -> None:
    with (
        pytest.raises(StartError, match="ended with status 1: no weights"),
        running(launch("raise SystemExit('no weights')", tmp_path)),
    ):
        pass


def test_descendants_count_whatever_their_environment() -> None:
    program = "import os; os.execvpe('sh', ['sh', '-c', 'env -i sleep 60 & wait'], os.environ)"
    process = subprocess.Popen([sys.executable, "-c", program], env={MARK: "descendants"})
    try:
        while len(found := members("descendants")) < 2:
            assert process.poll() is None
    finally:
        subprocess.run(["kill", *map(str, reversed(found))], check=True)
        process.wait()
