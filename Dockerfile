# syntax=docker/dockerfile:1
# One file, four images: gateway, worker, sandbox (no torch in them) and inference on the CPU.
#   docker build --target gateway .
# Base images are pinned by tag; pin them by digest where you build, as this was written offline.

FROM python:3.12-slim-trixie AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PATH=/opt/venv/bin:$PATH

FROM base AS builder
WORKDIR /src
RUN python -m venv /opt/venv
# The dependencies make a layer of their own, which a change of the code leaves alone.
COPY pyproject.toml constraints.txt README.md LICENSE ./

FROM builder AS lean-build
RUN pip install --no-cache-dir --constraint constraints.txt ".[gateway,worker]"
COPY deephypebot deephypebot
COPY model model
COPY services services
COPY worker worker
RUN pip install --no-cache-dir --no-deps --force-reinstall .

FROM builder AS writer-build
# Name an index of CPU wheels here for an image without CUDA's libraries, several GB smaller.
ARG PIP_EXTRA_INDEX_URL=
RUN pip install --no-cache-dir --constraint constraints.txt ".[inference]"
COPY deephypebot deephypebot
COPY model model
COPY services services
COPY worker worker
RUN pip install --no-cache-dir --no-deps --force-reinstall .

FROM base AS runtime
RUN groupadd --gid 10001 bot \
    && useradd --uid 10001 --gid bot --no-create-home --home-dir /tmp --shell /usr/sbin/nologin bot \
    && install --directory --owner bot --group bot /data
ENV DATA_DIR=/data HOME=/tmp LOG_FORMAT=json
WORKDIR /app
STOPSIGNAL SIGTERM

FROM runtime AS gateway
COPY --from=lean-build /opt/venv /opt/venv
USER 10001:10001
ENV GATEWAY_HOST=0.0.0.0
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["python", "-m", "services.gateway"]

FROM runtime AS worker
COPY --from=lean-build /opt/venv /opt/venv
USER 10001:10001
ENV WORKER_HOST=0.0.0.0
EXPOSE 8002
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8002/readyz', timeout=4)"]
CMD ["python", "-m", "worker"]

FROM runtime AS sandbox
COPY --from=lean-build /opt/venv /opt/venv
USER 10001:10001
ENV SANDBOX_HOST=0.0.0.0
EXPOSE 8090
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8090/readyz', timeout=4)"]
CMD ["python", "-m", "services.sandbox"]

FROM runtime AS inference
COPY --from=writer-build /opt/venv /opt/venv
USER 10001:10001
ENV INFERENCE_HOST=0.0.0.0 INFERENCE_DEVICE=cpu
EXPOSE 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8001/readyz', timeout=4)"]
CMD ["python", "-m", "services.inference"]
