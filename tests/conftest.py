"""What tests of several rooms need: logs, signals, figures shown at the end, a PostgreSQL.

`HYPOTHESIS_PROFILE=nightly` has properties and state machines try 2,000 examples, not 100.
"""

import faulthandler
import functools
import gc
import os
import secrets
import signal
import ssl
from collections.abc import Generator, Iterator

import fastapi.dependencies.models
import psycopg
import pytest
import structlog
from hypothesis import settings

settings.register_profile("normal", max_examples=100)
settings.register_profile("nightly", max_examples=2000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "normal"))

SHOWN = "shown: "
LONGEST_TEARDOWN = 180.0
REAL_STDERR = pytest.StashKey[int]()
DEFAULTS = structlog.get_config()["processors"][:-1]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests recorded to be shown; their own output stays in their processes."""
    for report in terminalreporter.stats.get("passed", ()):
        for name, value in report.user_properties:
            if name.startswith(SHOWN):
                terminalreporter.write_line(f"{name.removeprefix(SHOWN)}: {value}")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REAL_STDERR] = os.dup(2)  # not captured yet


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Spare the collector of garbage the million objects of thousands of tests: they stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """End a process that hangs while it cleans up after a test.

    The clock of a test that was cut short for its time runs no more, and one that waits for what
    it interrupted would keep the whole run waiting.
    """
    stderr = item.config.stash[REAL_STDERR]
    faulthandler.dump_traceback_later(LONGEST_TEARDOWN, exit=True, file=stderr)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.fixture(autouse=True)
def plain_tracebacks() -> None:
    """The default ones show every local variable, and take seconds to draw."""
    renderer = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(processors=[*DEFAULTS, renderer])


@pytest.fixture(scope="session", autouse=True)
def one_list_of_authorities() -> Iterator[None]:
    """To read it costs every HTTP client 50 ms, and no test asks anybody by TLS."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", functools.cache(ssl.create_default_context))
        yield


@pytest.fixture(autouse=True)
def forgotten_apps() -> Iterator[None]:
    """FastAPI remembers every endpoint that it was ever given, and with a closure all of its app.

    After some hundred apps the garbage collector stops a process for seconds, in which everything
    that has a time limit runs into it.
    """
    yield
    for each in vars(fastapi.dependencies.models).values():
        if hasattr(each, "cache_clear"):
            each.cache_clear()


@pytest.fixture(scope="module", autouse=True)
def spared() -> Iterator[None]:
    """What a module's tests imported stays, a vendor's SDK among it: half a million objects."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Processes begun here hear SIGINT, as they would not below a background job of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def postgres() -> Iterator[str]:
    """A database of this test's own."""
    name = f"test_{secrets.token_hex(4)}"
    where = "host=127.0.0.1 port=5432 user=postgres dbname=test connect_timeout=2"
    try:
        server = psycopg.connect(where, autocommit=True)
    except psycopg.OperationalError:
        pytest.skip("no PostgreSQL on 127.0.0.1:5432 (user postgres, database test)")
    with server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield f"postgresql+psycopg://postgres@127.0.0.1:5432/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
