# The two commands are `make demo` and `make test`; `make help` lists the rest.
.DEFAULT_GOAL := help
SQL := $(shell find models analyses tests/marts -name "*.sql")
.PHONY: help setup demo api dashboard semantic docs check test test-slow test-engines test-snowflake test-image test-orchestrators test-superset lint format bench bench-build bench-engines spark-demo lock clean
SHELL := bash
PYTHON ?= python3
BIN := .venv/bin

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .venv/.demo dbt_packages/dbt_utils profiles.yml ## create the environment in .venv, nothing else

demo: setup ## load a year of a grocery's real data and build the marts
	@$(BIN)/python -m loaders.demo

api: .venv/.api setup ## serve the marts over HTTP at http://127.0.0.1:8000, with docs at /docs
	@$(BIN)/python -m serving.api

dashboard: .venv/.dashboard setup ## show the marts in a browser at http://127.0.0.1:8501
	@$(BIN)/python -m serving.dashboard

spark-demo: .venv-spark/.done setup ## build the demo's marts with Apache Spark: a master and two workers on this machine
	@.venv-spark/bin/python -m loaders.demo.spark

semantic: .venv/.semantic setup ## install MetricFlow and check the metrics of models/semantic, for `mf query`
	eval "$$($(BIN)/loader db env)" && $(BIN)/dbt parse --quiet && $(BIN)/mf validate-configs

docs: setup ## write target/static_index.html: all models and columns in one offline file
	eval "$$($(BIN)/loader db env)" && $(BIN)/dbt docs generate --static
	$(BIN)/python docs/draw_marts.py target/manifest.json >docs/marts.md

check: static ## before each commit: ruff, mypy, sqlfluff, dbt parse and the quick tests that need no database
	$(BIN)/pytest --numprocesses 2 --quiet -m "not database and not lengthy and not slow and not engines"

test: static .venv/.browser ## run every check: ruff, mypy, sqlfluff, pytest, dbt build on small files
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=term-missing:skip-covered --cov-fail-under=90 --durations=10

# Side by side, as mypy and dbt use one core each.
.PHONY: static python types parse
static: .venv/.test .venv/.api .venv/.semantic .venv/.dashboard setup
	@$(MAKE) --no-print-directory --jobs 2 --output-sync lint python types parse

python:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

parse:
	$(BIN)/dbt parse --quiet

test-slow: .venv/.test .venv/.api .venv/.semantic .venv/.dashboard setup .venv/.browser ## run what takes minutes and rarely breaks: killed processes, benchmarks, a build from the wheel
	$(BIN)/pytest -m slow --durations=10

test-engines: .venv-spark/.done setup ## build all marts with Apache Spark and compare every row with PostgreSQL's; takes minutes
	.venv-spark/bin/pytest -m engines tests/project/test_spark.py --durations=5

test-snowflake: .venv-snowflake/.done setup ## build all marts on an emulator of Snowflake and compare every row with PostgreSQL's; takes minutes
	.venv-snowflake/bin/pytest -m engines tests/project/test_snowflake.py --durations=5

test-image: .venv/.test setup ## build the image with buildah, and run the containers of compose.yaml from it; takes minutes
	@command -v buildah >/dev/null || { echo "This requires buildah: apt-get install buildah debootstrap"; exit 1; }
	$(BIN)/pytest -m engines tests/project/test_image.py --durations=5

test-orchestrators: .venv-orchestrators/.done .venv/.test setup ## run what docs/schedule.md prints for Airflow, Cosmos and Dagster; takes minutes
	$(BIN)/pytest -m engines tests/project/test_orchestrators.py --durations=5

test-superset: .venv-superset/.done .venv/.test setup ## read the marts with Apache Superset; takes minutes
	$(BIN)/pytest -m engines tests/project/test_superset.py --durations=5

lint: .venv/.test target/.linted ## check the style of the SQL that changed since it was last in order

# Half a minute for all files, and of interest for those that changed; new settings concern all.
target/.linted: .sqlfluff $(SQL)
	@$(BIN)/sqlfluff lint --disable-progress-bar --processes 2 $(if $(filter .sqlfluff,$?),$(SQL),$?)
	@mkdir -p target && touch $@

format: .venv/.test setup ## format Python and SQL
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix $(SQL)

bench: .venv-bench/.done ## compare the loader with psql, dlt, pandas and csvkit; takes a quarter of an hour
	@.venv-bench/bin/python benchmarks/load.py $(BENCH)

bench-build: setup ## measure builds of the marts in units of psql's \copy; BENCH='--size 10 --runs 1' for 15 million lines
	@$(BIN)/python -m benchmarks.build $(BENCH)

bench-engines: .venv/.test setup ## compare PostgreSQL, DuckDB and, if installed, Spark, once their marts are equal
	@$(BIN)/python -m benchmarks.engines $(BENCH)

lock: .venv/.test ## rewrite requirements.lock from pyproject.toml
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --all-extras \
		--no-emit-index-url --no-emit-find-links --upgrade pyproject.toml --output-file requirements.lock

clean: ## stop the embedded database and remove everything created here, data included
	-@[ ! -x $(BIN)/loader ] || $(BIN)/loader db stop
	rm -rf .venv .venv-bench .venv-orchestrators .venv-snowflake .venv-spark .venv-superset .postgres data target logs dbt_packages package-lock.yml

# Chromium for the tests of the dashboard, which are skipped without it. Only CI installs it automatically.
.venv/.browser:
	@if ! command -v chromium chromium-browser google-chrome >/dev/null; then \
		if [ -n "$$CI" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update --quiet=2 && apt-get install --yes --quiet=2 --no-install-recommends chromium >/dev/null; \
		else \
			echo "Tests in a browser will be skipped; on Debian, apt-get install chromium installs one."; \
		fi; \
	fi

# What `make bench` compares with is kept out of the usual environment.
.venv-bench/.done: pyproject.toml requirements.lock | .venv/bin/pip
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[bench,demo]'
	@touch $@

# Apache Spark is 500 MB and requires Java, so it is only installed on request.
.venv-spark/.done: pyproject.toml requirements.lock | .venv/bin/pip
	@command -v java >/dev/null || { echo "Spark requires Java 17: apt-get install openjdk-17-jre-headless"; exit 1; }
	$(PYTHON) -m venv .venv-spark
	.venv-spark/bin/pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[spark,demo,test]'
	@touch $@

# The emulator brings Snowflake's driver, which nothing else needs.
.venv-snowflake/.done: pyproject.toml requirements.lock | .venv/bin/pip
	$(PYTHON) -m venv .venv-snowflake
	.venv-snowflake/bin/pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[snowflake,emulator,test]'
	@touch $@

# Tools of others, each in an environment of its own; uv finds in seconds which of their hundreds of packages fit together.
# Superset 6.1.0 imports rich and cachetools without naming them, and fails with a newer Flask-Caching.
.venv-orchestrators/.done: TOOLS = apache-airflow==3.3.2 apache-airflow-providers-standard astronomer-cosmos==1.15.1 dagster-dbt==0.29.27
.venv-superset/.done: TOOLS = apache-superset==6.1.0 psycopg2-binary rich cachetools flask-caching==2.3.1
.venv-orchestrators/.done .venv-superset/.done: Makefile | .venv/bin/pip
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check uv
	$(@D)/bin/uv pip install --quiet --python $(@D)/bin/python $(TOOLS)
	@touch $@

.venv/bin/pip:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; try: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv

.venv/.demo .venv/.test .venv/.api .venv/.semantic .venv/.dashboard: .venv/.%: pyproject.toml requirements.lock | .venv/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[$*]'
	@touch $@

profiles.yml:
	@cp profiles.yml.example profiles.yml

# dbt's hub is tried first; if it can't be reached, the package of the same name in offline/ is used instead.
dbt_packages/dbt_utils: packages.yml profiles.yml | .venv/.demo
	@$(BIN)/dbt deps >/dev/null 2>&1 || { mkdir -p dbt_packages && rm -rf $@ && cp -R offline/dbt_utils $@; }
	@touch $@
