# One image for loader, dbt, API and dashboard; compose.yaml says which container runs what.

FROM python:3.13-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1
COPY . .
RUN --mount=type=cache,target=/root/.cache/pip pip install --constraint requirements.lock '.[api,dashboard]'

FROM python:3.13-slim-bookworm
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 LOADER_PROJECT_DIR=/app DBT_PROFILES_DIR=/app
COPY --from=build /opt/venv /opt/venv
RUN loader new /app \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin analytics \
    && install --directory --owner=analytics /app /app/target /app/logs /metrics
USER 10001
# The API reads its routes from dbt's manifest, and an image whose project does not parse is useless.
RUN dbt parse

EXPOSE 8000 8501
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["python", "-m", "serving.api"]
