"""What can go wrong between us and a vendor, as problems that callers of the gateway see.

VendorError                 a call to a vendor failed; `vendor` says whose
├── RefusedByVendorError    422  the vendor will not have this request, ever
│   └── DuplicateError      422  ... because it has the same post already
├── NotDoneError            503  certainly not done; later may help
│   ├── BusyVendorError          its rate limit; Retry-After says when
│   │   └── WaitingLineError     our own line before it is long; it was not asked
│   ├── OutOfCreditError         the account has run dry, or reached its cap
│   ├── OverBudgetError          our own budget is used up; it was not asked
│   ├── CredentialsError         our keys are wrong, or may not do this
│   ├── CircuitOpenError         it failed again and again; it was not asked
│   └── UnreachableError         no connection: nothing was sent
├── FailedVendorError       502  5xx or nonsense; whether it was done is unknown
└── SilentVendorError       504  no answer after sending; whether it was done is unknown
"""

import math
from typing import ClassVar

from services.common.problems import ProblemError

# A vendor may ask for a longer pause; callers are told to come back within the hour all the same.
LONGEST_PAUSE = 3600.0


class VendorError(ProblemError):
    """Base of every failed call to a vendor."""

    outcome: ClassVar[str] = "failed"

    def __init__(self, vendor: str, detail: str, *, retry_after: float | None = None) -> None:
        pause = None if retry_after is None else max(1.0, min(retry_after, LONGEST_PAUSE))
        headers = {} if pause is None else {"Retry-After": str(math.ceil(pause))}
        super().__init__(f"{vendor}: {detail}", headers=headers, vendor=vendor)
        self.vendor, self.said = vendor, detail
        self.retry_after = pause


class RefusedByVendorError(VendorError):
    status = 422
    outcome = "refused"


class DuplicateError(RefusedByVendorError):
    outcome = "duplicate"


class NotDoneError(VendorError):
    status = 503
    outcome = "not_done"


class BusyVendorError(NotDoneError):
    outcome = "rate_limited"


class WaitingLineError(BusyVendorError):
    outcome = "waiting_line"


class OutOfCreditError(NotDoneError):
    outcome = "out_of_credit"


class OverBudgetError(NotDoneError):
    outcome = "over_budget"


class CredentialsError(NotDoneError):
    outcome = "unauthorized"


class CircuitOpenError(NotDoneError):
    outcome = "circuit_open"


class UnreachableError(NotDoneError):
    outcome = "unreachable"


class FailedVendorError(VendorError):
    status = 502


class SilentVendorError(VendorError):
    status = 504
    outcome = "timeout"
