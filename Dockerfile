# Two stages: the first has the tools to install, the second has only what runs.
ARG PYTHON=3.13
FROM python:${PYTHON}-slim AS build
WORKDIR /app
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /app/.venv
COPY requirements/base.txt requirements/base.txt
RUN .venv/bin/pip install --require-hashes --requirement requirements/base.txt
COPY . .
RUN .venv/bin/pip install --no-deps --no-build-isolation --editable . \
    && .venv/bin/python -m compileall -q channels config core kb switchboard

FROM python:${PYTHON}-slim
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin switchboard \
    && install -d -o switchboard -g switchboard /data
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SWITCHBOARD_DATA=/data \
    OMP_WAIT_POLICY=PASSIVE
USER switchboard
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# Readiness is false while a message could not be stored.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health/ready', timeout=4)"]
CMD ["switchboard", "up", "--host", "0.0.0.0", "--port", "8080"]
