"""Opens a session on a Spark cluster: the one place that knows which packages and which settings that needs.

Does not belong here: what is run there (run, verify).
"""

from __future__ import annotations

from typing import Any

from pipelines.province.shards import ProvinceError


def spark_session(master: str) -> Any:
    """A new session of the cluster ``master``, in ANSI mode.

    Raises:
        ProvinceError: pyspark, sqlglot or Java is missing.
    """
    try:
        import sqlglot  # noqa: F401, PLC0415 - an extra that only this needs
        from pyspark.errors import PySparkException  # noqa: PLC0415
        from pyspark.sql import SparkSession  # noqa: PLC0415
    except ImportError as error:
        package = (error.name or "pyspark").partition(".")[0]
        raise ProvinceError(
            f"{package} is not installed: install district-finance[spark] and a Java runtime (17 or newer). "
            f"未安装 {package}：请安装 district-finance[spark] 与 Java 17 以上运行环境。"
        ) from error
    try:
        session = (
            SparkSession.builder.master(master)
            .appName("district-finance province")
            .config("spark.sql.ansi.enabled", "true")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.speculation", "false")  # two nights of one district would wait for each other's lock
            .config("spark.task.maxFailures", "4")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.ui.enabled", "false")
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("ERROR")
    except (PySparkException, OSError) as error:
        raise ProvinceError(
            f"Spark did not start ({error}): it needs a Java runtime (17 or newer) and a reachable master. "
            "Spark 未能启动：需要 Java 17 以上运行环境及可连接的主节点。"
        ) from error
    return session
