"""The connection to one Mastodon instance, below its client library.

Mastodon.py tells neither the status nor the headers of an answer, follows redirects, and wraps
what goes wrong in errors of its own. Here, one level below, each answer is seen as it came.
"""

import threading
from collections.abc import Callable
from typing import Any

import requests

from services.gateway.patience import Timeout, patient
from services.gateway.timelines.mastodon_errors import error_from


class InstanceSession(requests.Session):
    """Talks to the instance only; answers that are no success are raised as VendorError."""

    def __init__(self, timeout: Timeout, clock: Callable[[], float]) -> None:
        super().__init__()
        self.timeout, self.clock = timeout, clock
        self.heard = threading.local()
        patient(self, timeout)

    def request(self, *what: Any, **how: Any) -> requests.Response:  # noqa: ANN401 - as Mastodon.py calls it
        how |= {"timeout": self.timeout, "allow_redirects": False}
        response = super().request(*what, **how)
        if (error := error_from(response, self.clock())) is not None:
            raise error
        self.heard.response = response
        return response

    @property
    def response(self) -> requests.Response:
        """What this thread was answered last."""
        response: requests.Response = self.heard.response
        return response
