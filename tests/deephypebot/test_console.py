"""What is written where, and what happens when nobody reads it."""

import io
import subprocess
import sys

from deephypebot.console import Console

TALKER = """
import sys
from deephypebot.console import print_line
sys.stdin.readline()
print_line("first")
print_line("second")
sys.exit("still here")
"""


def test_a_line_says_whose_it_is_and_colours_only_a_terminal() -> None:
    stream = io.StringIO()
    Console(stream).line("gateway", "hello")
    assert stream.getvalue() == "gateway   | hello\n"


def test_it_stops_as_asked_when_nobody_reads_its_output() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", TALKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as talker:
        assert talker.stdin is not None
        assert talker.stdout is not None
        talker.stdout.close()
        talker.stdin.write(b"go\n")
        talker.stdin.close()
        assert talker.stderr is not None
        assert talker.stderr.read() == b""
    assert talker.returncode == -15
