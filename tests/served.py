"""Apps on the network, for tests and benchmarks."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from services.common.serve import config_of, listen
from services.common.settings import ServiceSettings


@contextmanager
def served(app: FastAPI, settings: ServiceSettings | None = None) -> Iterator[str]:
    """An app in a thread of its own, where the settings have it listen; its address."""
    settings = settings or ServiceSettings(_env_file=None)
    listener, config = listen(settings), config_of(app, settings)
    config.timeout_graceful_shutdown = 1  # a fake that is silent is not waited for
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    host, port = listener.getsockname()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()
