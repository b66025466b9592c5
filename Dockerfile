# The image of the daemon. Nothing here needs a compiler: every package comes as a wheel whose hash is in the lock.
#
# A tag moves. For a build that can be repeated, pin the base by its digest, which
#     docker buildx imagetools inspect python:3.13-slim-bookworm
# prints, and hand it in: make image BASE=python:3.13-slim-bookworm@sha256:<digest>
ARG BASE=python:3.13-slim-bookworm


FROM ${BASE} AS build

# The environment is made where it will stand later: its scripts and the kernel cache remember the path.
RUN python -m venv /opt/opentrader
ENV PATH=/opt/opentrader/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements.lock .
RUN pip install --require-hashes --only-binary :all: --requirement requirements.lock
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY app app
COPY opentrader opentrader
RUN pip install --no-deps --no-build-isolation .


# Kernels compiled on the machine that builds must run on the one that trades: on x86-64 they are made for the
# common denominator of the last ten years instead of for the builder's own processor. An older one than that gets
# `--env NUMBA_CPU_NAME=x86-64` and compiles once more at its first start.
FROM ${BASE} AS amd64
ENV NUMBA_CPU_NAME=x86-64-v3 NUMBA_CPU_FEATURES=""

FROM ${BASE} AS arm64


# TARGETARCH is set by BuildKit: the platform that the image is for.
FROM ${TARGETARCH} AS runtime

RUN groupadd --gid 10001 opentrader \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/opentrader --shell /usr/sbin/nologin opentrader \
 && install --directory --mode 0700 --owner 10001 --group 10001 /var/lib/opentrader /var/cache/opentrader
COPY --from=build /opt/opentrader /opt/opentrader
COPY --chmod=0755 deploy/docker-entrypoint /usr/local/bin/docker-entrypoint

ENV PATH=/opt/opentrader/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OPENTRADER_HOST=0.0.0.0 \
    OPENTRADER_PORT=8000 \
    OPENTRADER_DATA_DIR=/var/lib/opentrader
RUN NUMBA_CACHE_DIR=/opt/opentrader/kernels OPENTRADER_DATA_DIR=/src/data opentrader warmup && rm -rf /src
ENV NUMBA_CACHE_DIR=/var/cache/opentrader

# Last, so that another commit with the same sources finds all layers above in the cache.
ARG GIT_COMMIT=dev
ENV GIT_COMMIT=${GIT_COMMIT}

USER 10001:10001
VOLUME /var/lib/opentrader
EXPOSE 8000
# Docker only marks a container as unhealthy; what restarts a daemon that is stuck is its own watchdog.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"OPENTRADER_PORT\"]}/api/health', timeout=4)"]
ENTRYPOINT ["docker-entrypoint"]
CMD ["serve"]
