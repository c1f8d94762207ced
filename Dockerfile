# Production image: web (default) or worker (`tidu worker`), against the PostgreSQL of TIDU_DATABASE_URL.
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/tidu \
 && /opt/tidu/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock

FROM python:3.13-slim
# The weekly digest's sheet and pictures are set with a Chinese font of the system's.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends fonts-noto-cjk && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /srv/tidu --create-home tidu
COPY --from=build /opt/tidu /opt/tidu
WORKDIR /srv/tidu
COPY app app
COPY migrations migrations
COPY templates templates
COPY static static
COPY seeds seeds
COPY alembic.ini pyproject.toml README.md ./
# Whom it runs as may write nothing here: without its bytecode every start would compile the house anew.
RUN /opt/tidu/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation -e . \
 && /opt/tidu/bin/python -m compileall -q app migrations \
 && install -d -o tidu -g tidu -m 0700 /var/lib/tidu
ENV PATH=/opt/tidu/bin:$PATH TIDU_DATA=/var/lib/tidu TIDU_LOG_FORMAT=json PYTHONUNBUFFERED=1
USER tidu
VOLUME /var/lib/tidu
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
CMD ["tidu", "serve", "--host", "0.0.0.0", "--port", "8000"]
