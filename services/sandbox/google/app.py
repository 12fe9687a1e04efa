"""Google's endpoints."""

from collections.abc import Callable

from starlette.applications import Starlette

from services.sandbox.google.errors import google_failure
from services.sandbox.limits import Windows
from services.sandbox.settings import SandboxSettings
from services.sandbox.store import Store
from services.sandbox.vendor_app import vendor_app


class Google:
    def __init__(
        self,
        settings: SandboxSettings,
        store: Store,
        windows: Windows,
        clock: Callable[[], float],
    ) -> None:
        self.settings, self.store, self.windows, self.clock = settings, store, windows, clock

    def app(self) -> Starlette:
        return vendor_app([], google_failure)
