"""The same files make the same rows by Apache Spark as in PostgreSQL, on a cluster (`make test-engines`)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from benchmarks.engines import differences, one_form
from loaders.cli import main
from loaders.demo.spark_cluster import running_cluster
from tests.conftest import DATA
from tests.project.conftest import Dbt, Environment, query
from tests.project.test_engines import BUILD, OPTIONS, POSTGRES_ONLY, second_files

pytestmark = pytest.mark.engines
pytest.importorskip("pyspark", reason="pyspark is in .venv-spark alone; make test-engines")

__all__ = ["second_files"]

# Views have no files: Spark reads them once more and writes what it read.
WRITE_VIEWS = """
import sys
from pyspark.sql import SparkSession

home, target, *views = sys.argv[1:]
builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").enableHiveSupport()
builder = builder.config("spark.driver.extraJavaOptions", f"-Dderby.system.home={home}")
session = builder.config("spark.sql.warehouse.dir", f"{home}/warehouse").getOrCreate()
session.conf.set("spark.sql.session.timeZone", "UTC")
session.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
for view in views:
    session.table(view).coalesce(1).write.parquet(f"{target}/{view}")
"""
# A file whose load ends while Spark builds; only live views show it.
LATER = """id,basket_id,customer_id,stock_code,quantity,sales_value,currency,transaction_date,till
T0001,O001,C001,P06,1,99.75,USD,2024-01-17T09:14:00Z,4
T0950,O950,C002,P02,1,77.5,USD,2024-06-20,2
"""
LISTED = "select table_name, table_type from information_schema.tables where table_schema = 'marts'"
Engines = tuple[Environment, duckdb.DuckDBPyConnection]


@pytest.fixture(scope="module")
def engines(
    new_database: Callable[[], Environment],
    dbt: Dbt,
    second_files: list[Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Engines]:
    """PostgreSQL, and a file of DuckDB with views over the Parquet that Spark wrote."""
    folder = tmp_path_factory.mktemp("spark")
    tables, home, views = folder / "parquet", folder / "home", folder / "views"
    # Nothing here runs often enough to be worth compiling well.
    (folder / "spark-defaults.conf").write_text("spark.sql.codegen.wholeStage false\n")
    environment = {
        **new_database(),
        "SPARK_CONF_DIR": str(folder),
        "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "PARQUET_PATH": str(tables),
        "SPARK_FOLDER": str(home),
        "SPARK_SHUFFLE_PARTITIONS": "1",
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    in_parquet = ("--to", f"parquet:{tables}")

    def copy(paths: list[Path], *to: str) -> None:
        runner = CliRunner(env={**environment, "PGHOSTADDR": None, "PGSERVICE": None})
        result = runner.invoke(main, ["copy", *map(str, paths), *to, *OPTIONS])
        assert result.exit_code in (0, 1), result.output

    for paths in ([DATA], second_files):
        copy(paths)
        copy(paths, *in_parquet)
    later = folder / "transactions_3.csv"
    later.write_text(LATER)
    with (
        running_cluster(folder / "cluster", workers=2, cores=1, memory_mb=1024) as master,
        ThreadPoolExecutor() as pool,
    ):
        spark = {**environment, "SPARK_MASTER": master}
        build = pool.submit(dbt, spark, *BUILD, "--target", "spark", "--target-path", str(folder / "target"))
        while not any(home.glob("warehouse/intermediate.db/*")):
            assert not build.done(), build.result()
            time.sleep(0.1)
        copy([later], *in_parquet)
        assert not build.done(), "the build was to be still running when the load ended"
        build.result()
    # What the later file changes is in none of Spark's tables, or they differ from these.
    dbt(environment, *BUILD)
    copy([later])
    built = [row for row in query(environment, LISTED) if f"marts.{row[0]}" not in POSTGRES_ONLY]
    named = [f"marts.{name}" for name, kind in built if kind == "VIEW"]
    subprocess.run(
        [sys.executable, "-c", WRITE_VIEWS, home, views, *named], check=True, env={**os.environ, **environment}
    )
    with duckdb.connect() as database:
        database.execute("set TimeZone = 'UTC'")
        database.create_function("one_form", one_form)
        database.execute("create schema marts")
        for name, kind in built:
            files = views / f"marts.{name}" if kind == "VIEW" else home / "warehouse" / "marts.db" / str(name)
            database.execute(f"create view marts.{name} as from read_parquet('{files}/*.parquet')")
        yield environment, database


def test_every_mart_is_equal(engines: Engines) -> None:
    listed = query(
        engines[0], "select 'marts.' || table_name from information_schema.tables where table_schema = 'marts'"
    )
    marts = {str(name) for (name,) in listed} - POSTGRES_ONLY
    assert len(marts) > 30
    assert {mart: found for mart in marts if (found := differences(*engines, mart))} == {}


def test_nothing_of_a_cluster_is_left_running(tmp_path: Path) -> None:
    def running(what: str) -> int:
        listed = subprocess.run(["ps", "-ww", "-eo", "args"], check=True, capture_output=True, text=True).stdout
        return listed.count(what)

    with pytest.raises(KeyboardInterrupt), running_cluster(tmp_path, workers=1, cores=1, memory_mb=512) as master:
        port = master.rpartition(":")[2]
        assert (running(f"Master --host 127.0.0.1 --port {port}"), running(master)) == (1, 1)
        raise KeyboardInterrupt
    assert (running(f"Master --host 127.0.0.1 --port {port}"), running(master)) == (0, 0)
