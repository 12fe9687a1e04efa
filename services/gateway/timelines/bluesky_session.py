"""Our session with Bluesky: shared by all threads, kept on disk, renewed when it has ended."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import structlog

from services.common.private_file import write_private_file
from services.gateway.timelines.bluesky_documents import ORIGIN
from services.gateway.timelines.bluesky_errors import StaleSessionError, login_refused, nonsense
from services.gateway.vendor_errors import (
    CredentialsError,
    RefusedByVendorError,
    SilentVendorError,
    VendorError,
)

log = structlog.get_logger()

T = TypeVar("T")

# Bluesky counts failed logins too, 300 a day: a wrong password is not tried every minute.
LOGIN_PAUSE_SECONDS = 300.0


@dataclass(frozen=True)
class Login:
    """A handle and one of the account's app passwords, on one server."""

    server: str
    handle: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Session:
    """`server` and `handle` are those it was asked for with, and tell whose it is."""

    server: str
    handle: str
    did: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)


class SessionServer(Protocol):
    """Where sessions come from; each answer holds `did`, `accessJwt` and `refreshJwt`."""

    def log_in(self, login: Login) -> Mapping[str, Any]: ...

    def refresh(self, token: str) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class SessionFile:
    """A session outlives the process, because Bluesky allows few logins a day.

    Whoever has it is the account, so nobody but its owner may read the file.
    """

    path: Path

    def read(self) -> Session | None:
        try:
            return Session(**json.loads(self.path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, TypeError, ValueError) as error:
            log.warning("bluesky.session_unreadable", path=str(self.path), why=type(error).__name__)
            return None

    def write(self, session: Session) -> None:
        """Whole or not at all; a disk that takes nothing costs a login at the next start."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_private_file(self.path, json.dumps(asdict(session)))
        except OSError as error:
            log.warning("bluesky.session_not_kept", path=str(self.path), why=error.strerror)


class SharedSession:
    def __init__(
        self,
        login: Login,
        server: SessionServer,
        file: SessionFile,
        clock: Callable[[], float],
        patience: float,
    ) -> None:
        self.login, self.server, self.file = login, server, file
        self.clock, self.patience = clock, patience
        self.lock = threading.Lock()
        self.held: Session | None = None
        self.refusal: VendorError | None = None
        self.refused_until = 0.0

    @property
    def did(self) -> str:
        return self.current().did

    def within(self, send: Callable[[str], T]) -> T:
        """Send with our token, and once more with a new one when the server calls it stale."""
        token = self.current().access
        try:
            return send(token)
        except StaleSessionError:
            return send(self._renewed(token).access)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One thread logs in or refreshes for all; nobody waits longer than for an answer."""
        if not self.lock.acquire(timeout=self.patience):
            raise SilentVendorError(ORIGIN, "its session takes too long.", retry_after=5)
        try:
            yield
        finally:
            self.lock.release()

    def current(self) -> Session:
        with self._alone():
            if self.held is None:
                self.held = self._kept() or self._logged_in()
            return self.held

    def _renewed(self, stale: str) -> Session:
        """Another session than the stale one; whoever comes second takes the first one's."""
        with self._alone():
            if self.held is None or self.held.access == stale:
                self.held = self._refreshed() or self._logged_in()
            return self.held

    def _kept(self) -> Session | None:
        """The session of an earlier process, if it is of this account on this server."""
        kept = self.file.read()
        ours = (self.login.server, self.login.handle)
        return kept if kept and (kept.server, kept.handle) == ours else None

    def _refreshed(self) -> Session | None:
        """None when the refresh token has ended too."""
        if self.held is None:
            return None
        try:
            return self._keep(self.server.refresh(self.held.refresh))
        except (CredentialsError, RefusedByVendorError) as error:
            log.info("bluesky.session_ended", why=error.detail)
            return None

    def _logged_in(self) -> Session:
        if self.refusal and self.clock() < self.refused_until:
            raise login_refused(self.refusal, self.refused_until - self.clock())
        log.info("bluesky.login", handle=self.login.handle)
        try:
            return self._keep(self.server.log_in(self.login))
        except (CredentialsError, RefusedByVendorError) as error:
            self.refusal = error
            self.refused_until = self.clock() + LOGIN_PAUSE_SECONDS
            raise login_refused(error, LOGIN_PAUSE_SECONDS) from error

    def _keep(self, document: Mapping[str, Any]) -> Session:
        did, access, refresh = (document.get(key) for key in ("did", "accessJwt", "refreshJwt"))
        if not (isinstance(did, str) and isinstance(access, str) and isinstance(refresh, str)):
            raise nonsense()
        session = Session(self.login.server, self.login.handle, did, access, refresh)
        self.file.write(session)
        return session
