"""Access tokens that carry their own expiry, so that they outlive a restart like real ones."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

# Signs against typing mistakes, not against attackers: whoever asks gets a token anyway.
KEY = b"sandbox"


def issue(vendor: str, expires: float) -> str:
    payload = urlsafe_b64encode(f"{vendor}:{expires:.3f}".encode()).decode().rstrip("=")
    return f"{payload}.{_signature(payload)}"


def expiry(vendor: str, token: str) -> float | None:
    """When a token of this vendor expires (epoch); None for anything else."""
    payload, _, signature = token.partition(".")
    if not hmac.compare_digest(signature.encode(), _signature(payload).encode()):
        return None
    name, _, expires = (
        urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode().partition(":")
    )
    return float(expires) if name == vendor else None


def _signature(payload: str) -> str:
    return hmac.new(KEY, payload.encode(), sha256).hexdigest()[:32]
