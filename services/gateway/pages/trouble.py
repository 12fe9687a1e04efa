"""What a visitor is told when the writer can't be asked."""

from dataclasses import dataclass, field

from services.common.rest import BusyError, FailedError, RefusedError, ServiceError


@dataclass(frozen=True)
class Trouble:
    """A sentence for a person, and the status that says it to a machine."""

    status: int
    says: str
    headers: dict[str, str] = field(default_factory=dict)


def trouble(error: ServiceError) -> Trouble:
    match error:
        case BusyError():
            return _busy(error)
        case RefusedError(status=401 | 403):
            return Trouble(
                502,
                "The inference service does not take this gateway's key. Set INFERENCE_KEY to one "
                "of its API_KEYS.",
            )
        case RefusedError():
            return Trouble(422, f"The writer cannot do this: {error.detail}")
        case FailedError():
            return Trouble(502, "The writer failed; the inference service's log says why.")
        case _:
            return Trouble(
                502,
                "The inference service does not answer. Is it running, and is INFERENCE_URL where "
                f"it listens? ({error.detail})",
            )


def _busy(error: BusyError) -> Trouble:
    wait = error.retry_after
    headers = {"Retry-After": f"{wait:.0f}"} if wait else {}
    if error.status == 429:
        when = f"in {wait:.0f} s" if wait else "in a moment"
        return Trouble(
            429, f"The writer has more to do than it can. Ask again {when}, or for less.", headers
        )
    return Trouble(503, f"The writer is not ready: {error.detail}", headers)
