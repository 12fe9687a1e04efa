"""FastAPI, each request decoded by itself."""

from threading import Lock

import uvicorn
from fastapi import FastAPI

from benchmarks.serving.contract import Answer, Asked
from benchmarks.serving.setting import HOST, Setting
from benchmarks.serving.work import load_decode


def create_app(setting: Setting) -> FastAPI:
    """An app with one door."""
    decode, alone = load_decode(setting), Lock()
    app = FastAPI()

    @app.post("/")
    def answer(asked: Asked) -> Answer:
        with alone:
            return decode([asked.seed])[0]

    return app


if __name__ == "__main__":
    setting = Setting.read()
    uvicorn.run(create_app(setting), host=HOST, port=setting.port, log_level="warning")
