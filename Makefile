# Two commands: `make run` (everything, on this machine) and `make test` (everything CI runs).
# Needs Python 3.11 or later and nothing else.

PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
JOBS ?= 2

.PHONY: run test bench drill fuzz audit lint browser lock clean help

help:
	@echo "make run [PORT=8000]   启动全部：数据库、网站、后台任务、演示数据"
	@echo "make test              CI 跑的一切；给出 PG_BIN=目录 时，数据库测试改在那里的 PostgreSQL（15 及以上）上跑"
	@echo "make bench             性能：与同一次运行里量得的基线之比"
	@echo "make drill             演练：办事和发信的同时杀进程、杀数据库、断邮件，事后逐条对账（见 docs/faults.md）"
	@echo "make fuzz              用 schemathesis 以每个角色试遍接口（要另装 schemathesis；几分钟一个角色）"
	@echo "make audit             物料清单、漏洞核对、找密钥（要另装 cyclonedx-bom、detect-secrets，并给出漏洞库的副本）"
	@echo "make lint              只跑静态检查"
	@echo "make lock              按 pyproject.toml 重算锁文件（需要 uv）"

run: $(VENV)/runtime.stamp
	@$(BIN)/tidu up --port $(PORT)

PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadgroup
ON_A_SERVER := tests/domains tests/web tests/jobs

# With PG_BIN each test still runs once: those of the tables on that server, the rest on the one that comes along.
test: lint browser
ifdef PG_BIN
	PG_BIN=$(PG_BIN) $(PYTEST) $(ON_A_SERVER)
	env -u PG_BIN $(PYTEST) tests $(addprefix --ignore=,$(ON_A_SERVER))
else
	$(PYTEST)
endif

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

browser: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.browser.chromium

bench: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.bench $(ARGS)

drill: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.drill $(ARGS)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "没有找到 Python 3.11 或更高版本（含 venv 模块）。Debian/Ubuntu 请先装 python3-venv。" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

fuzz: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.fuzz $(ARGS)

audit: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.supply $(ARGS)

$(VENV)/runtime.stamp: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements-dev.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/runtime.stamp

# Names, versions, markers and hashes only: no address of an index.
lock:
	uv export --quiet --format requirements-txt --no-emit-project --no-header --no-default-groups --group build -o requirements.lock
	uv export --quiet --format requirements-txt --no-emit-project --no-header --all-groups -o requirements-dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis test-artifacts bench-results.json
