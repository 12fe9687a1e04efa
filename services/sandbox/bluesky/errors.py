"""Bluesky's error bodies: a name for programs and a sentence for people."""

from services.sandbox.answers import Answer, VendorError, json_answer, refuse

WORDED = {
    400: ("InvalidRequest", "Invalid request"),
    401: ("AuthenticationRequired", "Authentication Required"),
    403: ("Forbidden", "Forbidden"),
    404: ("XRPCNotSupported", "XRPC method not supported"),
    429: ("RateLimitExceeded", "Rate Limit Exceeded"),
    500: ("InternalServerError", "Internal Server Error"),
    502: ("UpstreamFailure", "Upstream Failure"),
    503: ("NotEnoughResources", "Not Enough Resources"),
    504: ("UpstreamTimeout", "Upstream Timeout"),
}


def bluesky_failure(status: int) -> Answer:
    """How Bluesky words a failure of this status."""
    name, message = WORDED.get(status, ("Unknown", "Unknown error"))
    headers = {"ratelimit-remaining": "0"} if status == 429 else {}
    return json_answer(status, {"error": name, "message": message}, headers)


def refused(name: str, message: str, status: int = 400) -> VendorError:
    return refuse(status, {"error": name, "message": message})


def invalid(message: str) -> VendorError:
    """A request that Bluesky cannot read, or will not do."""
    return refused("InvalidRequest", message)
