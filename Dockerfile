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
COPY requirements-daemon.lock .
RUN pip install --require-hashes --only-binary :all: --requirement requirements-daemon.lock
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY app app
COPY opentrader opentrader
RUN pip install --no-deps --no-build-isolation .
# The installer and the packages' own tests are of no use to a daemon.
RUN pip uninstall --yes pip \
 && find /opt/opentrader/lib -type d \( -name test -o -name tests \) -prune -exec rm -r {} +


FROM ${BASE}

RUN groupadd --gid 10001 opentrader \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/opentrader --shell /usr/sbin/nologin opentrader \
 && install --directory --mode 0700 --owner 10001 --group 10001 /var/lib/opentrader /var/cache/opentrader
COPY --from=build /opt/opentrader /opt/opentrader
COPY deploy/docker-entrypoint /usr/local/bin/opentrader

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OPENTRADER_HOST=0.0.0.0 \
    OPENTRADER_PORT=8000 \
    OPENTRADER_DATA_DIR=/var/lib/opentrader
RUN chmod 0755 /usr/local/bin/opentrader \
 && NUMBA_CACHE_DIR=/opt/opentrader/kernels opentrader warmup \
 && chmod -R a+rX /opt/opentrader/kernels
ENV NUMBA_CACHE_DIR=/var/cache/opentrader

# Last, so that another commit with the same sources finds all layers above in the cache.
ARG GIT_COMMIT=dev
ENV GIT_COMMIT=${GIT_COMMIT}

USER 10001:10001
VOLUME /var/lib/opentrader
EXPOSE 8000
# Docker only marks a container as unhealthy; what restarts a daemon that is stuck is its own watchdog.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["/opt/opentrader/bin/python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"OPENTRADER_PORT\"]}/api/health', timeout=4)"]
ENTRYPOINT ["opentrader"]
CMD ["serve"]
