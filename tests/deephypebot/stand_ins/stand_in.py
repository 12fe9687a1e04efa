"""A tiny service: `/readyz` on PORT, and whatever trouble the environment asks for.

DIES_AT_START: exits with this status at once. DIES_AFTER: seconds that it lives. FINISHES: exits
with status 0 once its `/readyz` was asked. DEAF: ignores SIGTERM. NEVER_READY: answers 503.
"""

# ruff: noqa: T201 - what it prints is what the tests look at

import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


class Doors(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503 if "NEVER_READY" in os.environ else 200)
        self.end_headers()
        self.wfile.write(b"the moon is not full")
        if "FINISHES" in os.environ:
            print("one line of summary")
            threading.Timer(0.2, os._exit, (0,)).start()

    def log_message(self, *_: object) -> None:
        pass


def stop(*_: object) -> None:
    print(f"stopped at {time.monotonic():.3f}", file=sys.stderr)
    os._exit(0)


def main() -> None:
    if status := os.environ.get("DIES_AT_START"):
        sys.exit(int(status))
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "DEAF" in os.environ else stop)
    if seconds := os.environ.get("DIES_AFTER"):
        threading.Timer(float(seconds), os._exit, (3,)).start()
    print(f"pid {os.getpid()} started at {time.monotonic():.3f}", file=sys.stderr)
    HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Doors).serve_forever()


if __name__ == "__main__":
    main()
