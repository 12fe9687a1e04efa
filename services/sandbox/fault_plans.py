"""What a vendor may do on a bad day, by name: the plans that `POST /sandbox/faults` takes."""

from typing import Any

Plan = dict[str, Any]

STATUSES: dict[str, Plan] = {
    str(status): {"fault": "status", "status": status}
    for status in (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 503, 504)
}
LIMITS: dict[str, Plan] = {
    f"429, come in {pause} s": {
        "fault": "status",
        "status": 429,
        "headers": {"Retry-After": str(pause)},
    }
    for pause in (7, 86_400)
}
BODIES: dict[str, Plan] = {
    "502 in HTML": {"fault": "html", "status": 502},
    "503 in plain words": {"fault": "status", "status": 503, "body": "upstream connect error"},
    "500 without a body": {"fault": "status", "status": 500, "body": ""},
    "200 without a body": {"fault": "status", "status": 200, "body": ""},
    "200 in HTML": {"fault": "html", "status": 200},
    "200 with a text": {"fault": "status", "status": 200, "body": '"fine"'},
    "200 with null": {"fault": "status", "status": 200, "body": "null"},
    "200 with an empty object": {"fault": "status", "status": 200, "body": "{}"},
    "200 with a list of numbers": {"fault": "status", "status": 200, "body": "[1, 2]"},
    "200 in another shape": {"fault": "status", "status": 200, "body": '{"data": {"id": [1]}}'},
}
CONNECTIONS: dict[str, Plan] = {
    "half an answer": {"fault": "half"},
    "reset": {"fault": "reset"},
    "silence": {"fault": "timeout", "seconds": 5},
    "a slow drip": {"fault": "drip", "seconds": 5},
    "done, then silence": {"fault": "accept-then-timeout", "seconds": 5},
    "done, then reset": {"fault": "accept-then-reset"},
}
CLOCKS: dict[str, Plan] = {
    "an hour fast": {"fault": "skew", "seconds": 3600},
    "an hour slow": {"fault": "skew", "seconds": -3600},
}
PAGES: dict[str, Plan] = {
    "twice over": {"fault": "duplicate"},
    "out of order": {"fault": "shuffle"},
    "the second request lost": {"fault": "status", "status": 404, "after": 1},
    "the second request reset": {"fault": "reset", "after": 1},
}
EVERYWHERE = STATUSES | LIMITS | BODIES | CONNECTIONS | CLOCKS
FAULTS = EVERYWHERE | PAGES
