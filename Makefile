# The commands of a checkout. They need Python 3.11 or newer, make and a package index; the rest they set up themselves.
# ARGS reaches the command: make nightly ARGS="--raw /srv/finance/raw", make test ARGS="tests/test_cli.py -x"
.PHONY: bundle serve test-long test-spark coverage dictionary help nightly test lint format audit dagster install
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PYTHON = $(shell for candidate in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $$candidate && break; done)

help:  ## What there is | 可用命令
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */\1\t/' | expand -t 12

nightly: $(INSTALLED)  ## Read raw/, validate, publish, print the rates | 读取、校验、发布并打印执行率
	@$(BIN)/district-finance nightly $(ARGS)

test: $(INSTALLED)  ## The tests | 测试
	@$(BIN)/python -m pytest -n auto --dist loadscope -m "not long and not spark" $(ARGS)

test-long: $(INSTALLED)  ## The tests that take longer, provinces among them | 耗时较长的测试
	@$(BIN)/python -m pytest -n auto --dist loadscope -m long $(ARGS)

test-spark: $(INSTALLED)  ## The SQL and the districts on a Spark cluster of this machine; needs Java | Spark 集群测试
	@$(BIN)/uv export --quiet --frozen --no-emit-project --no-dev --extra spark --output-file $(VENV)/spark.txt
	@$(BIN)/pip install --quiet --no-deps --require-hashes --requirement $(VENV)/spark.txt
	@$(BIN)/python -m pytest -m spark $(ARGS)

# Beside `test`, because measuring costs a good part of its time again.
coverage: $(INSTALLED)  ## All tests, and the floor that their coverage may not fall below | 测试及覆盖率下限
	@$(BIN)/python -m pytest -n auto -m "not spark" --cov --cov-report=term:skip-covered $(ARGS)

dictionary: $(INSTALLED)  ## Write docs/data-dictionary anew, from the sample | 重新生成数据字典
	@place=$$(mktemp -d) && $(BIN)/district-finance nightly --raw raw --warehouse "$$place" >/dev/null && \
	$(BIN)/python -m pipelines.reports.dictionary "$$place/district_finance.duckdb" docs; rm -rf "$$place"

lint: lint-style lint-format lint-types lint-layers lint-sql  ## Style, types, import layers, SQL | 代码规范、类型、分层与 SQL 检查

lint-style: $(INSTALLED)
	$(BIN)/ruff check

lint-format: $(INSTALLED)
	$(BIN)/ruff format --check

lint-types: $(INSTALLED)
	$(BIN)/mypy

lint-layers: $(INSTALLED)
	$(BIN)/lint-imports

lint-sql: $(INSTALLED)
	$(BIN)/sqlfluff lint --processes 2 sql

format: $(INSTALLED)  ## Bring Python into shape | 格式化代码
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

audit: $(INSTALLED)  ## Known vulnerabilities of the locked packages | 检查依赖包的已知漏洞
	@.ci/audit $(BIN)/uv $(ARGS)

dagster: $(INSTALLED)  ## Dagster on http://127.0.0.1:3000, with schedule and sensor | 启动 Dagster 页面、定时与文件监测
	@test -n "$$DAGSTER_HOME" || { export DAGSTER_HOME="$(CURDIR)/.dagster" && mkdir -p "$$DAGSTER_HOME" && \
		ln -sf "$(CURDIR)/deploy/dagster.yaml" "$$DAGSTER_HOME/dagster.yaml"; }; \
	export PATH="$(CURDIR)/$(BIN):$$PATH"; dagster-daemon run -w workspace.yaml & daemon=$$!; \
	trap 'kill $$daemon; wait $$daemon' EXIT INT TERM; dagster-webserver -h 127.0.0.1 -p 3000 -w workspace.yaml $(ARGS)

serve: $(INSTALLED)  ## Pages and SQL on http://127.0.0.1:8765 | 网页查询
	@exec $(BIN)/district-finance serve $(ARGS)

bundle: $(INSTALLED)  ## One archive for a server without network (ARCH=x86_64 or aarch64) | 离线安装包
	@deploy/bundle.sh $(BIN)/uv $(BIN)/python $(or $(ARCH),x86_64)

# On a server the program may not write beside its code, and would be compiled anew at every start.
install: $(INSTALLED)  ## Only set up .venv | 只安装环境
	@$(BIN)/python -m compileall -q pipelines

# uv installs the lock file's exact versions, from the index that pip is configured for. Where uv cannot reach it (an
# index that needs pip's own certificates, credentials or extra places), pip installs the same hashes, more slowly.
$(INSTALLED): pyproject.toml uv.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer was not found on PATH: install it and run make again." \
		"未找到 Python 3.11 或更新版本，请安装后重试。" >&2; exit 1; }
	@echo "Setting up $(VENV) from uv.lock, once … 首次安装依赖，请稍候 …"
	@$(PYTHON) -m venv $(VENV) || { echo "python -m venv failed: on Debian, apt install python3-venv." \
		"无法建立虚拟环境：Debian 系统请先安装 python3-venv。" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv export --quiet --frozen --no-emit-project --output-file $(VENV)/requirements.txt
	@index="$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($(BIN)/pip config get global.index-url 2>/dev/null)}}"; \
	if test -n "$$index"; then UV_DEFAULT_INDEX="$$index"; export UV_DEFAULT_INDEX; fi; \
	set -- --no-deps --require-hashes --requirement $(VENV)/requirements.txt; \
	VIRTUAL_ENV="$(CURDIR)/$(VENV)"; export VIRTUAL_ENV; \
	{ $(BIN)/uv pip install --quiet --compile-bytecode "$$@" && $(BIN)/uv pip install --quiet --no-deps --editable .; } || \
	{ echo "uv could not install from $${index:-its default index}; pip tries, more slowly … 改用 pip 安装，较慢 …"; \
	$(BIN)/pip install --quiet "$$@" && $(BIN)/pip install --quiet --no-deps --editable .; }
	@touch $@
