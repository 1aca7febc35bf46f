# Veto. `make` lists what there is. Everything runs from `.venv`, which is made from the lock files when needed.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help run demo generator test test-guards test-all mutants screenshots check format openapi lock clean venv venv-dev venv-bench venv-examples quality bench bench-index bench-http bench-browser messages bench-browser-details bench-details rotate backup backup-key restore drill sbom load fuzz chaos sizing test-cluster venv-cluster bench-cluster

# Names and arguments may hold spaces: they reach the recipes as environment variables, not as text.
export SECRET PHOTO PHOTOS NEGATIVES QUICK SIZES PHOTOS_REGISTERED IDENTITY UNTIL SBOM SOAK_SECONDS
RUN := .venv/bin/python -m
# Over the cores, each file on one; `ARGS=-n0` for one process.
SPREAD := -p tests.side_by_side -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder --ignore=tests/cluster
MANAGE := VETO_ENV_FILE=.env.example .venv/bin/python manage.py

help: ## this list
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r target text; do \
		printf '%-18s %s\n' "$$target" "$$text"; done

run: venv ## Veto on this machine until Ctrl-C (PORT=8000, HOST, WEB_WORKERS, VETO_HOME, DATABASE_URL, REDIS_URL)
	@exec $(RUN) config.local run

demo: venv ## the main job in one go, nothing left behind (PHOTO=path)
	@if [ -n "$$PHOTO" ]; then exec $(RUN) config.local demo --photo "$$PHOTO"; else exec $(RUN) config.local demo; fi

backup: venv ## a whole copy of the Veto that runs, sealed (BACKUP_FOLDER, BACKUP_RECIPIENT): docs/backup.md
	@exec $(RUN) config.local backup

backup-key: venv ## a pair of keys: the public one is BACKUP_RECIPIENT, the private one is for `make restore` alone
	@exec $(RUN) config.local backup-key

restore: venv ## put back data that is gone, from BACKUP_FOLDER (IDENTITY=file with the private key, UNTIL=time)
	@exec $(RUN) config.local restore --identity "$$IDENTITY" $${UNTIL:+--until "$$UNTIL"}

drill: venv ## a backup, a loss, a restore and the answers meanwhile, in a folder of its own (half a minute)
	@exec $(RUN) config.local drill

generator: venv-examples ## beside `make run`: an image editor that asks Veto first (VETO_URL, VETO_KEY, GENERATOR_PORT=8100)
	@PYTHONPATH=clients/python exec $(RUN) examples.generator

rotate: venv ## change a secret of a stopped `make run` (SECRET=django, pepper or fingerprints; VETO_HOME)
	@exec $(RUN) config.local rotate "$$SECRET"

test: venv-dev messages ## all tests on a PostgreSQL and a Valkey of their own (ARGS='-k name'; CHROMIUM=path)
	@exec $(RUN) config.local exec -- .venv/bin/python -m pytest $(SPREAD) $(ARGS)

test-cluster: venv-dev messages venv-cluster ## shards on a Ray cluster of three nodes, of which one is killed (Ray: 250 MB more in .venv)
	@exec $(RUN) config.local exec -- .venv/bin/python -m pytest tests/cluster -m '' $(ARGS)

test-guards: venv ## the client's guards around real diffusers pipelines, in an environment of its own (.venv-guards, 1.4 GB)
	@test -x .venv-guards/bin/pytest || { .venv/bin/python -m venv .venv-guards && \
		.venv-guards/bin/pip install --quiet -r clients/python/requirements-guards.txt; }
	@.venv-guards/bin/pip install --quiet --upgrade ./clients/python
	@exec .venv-guards/bin/python -m pytest -q -c /dev/null --rootdir clients/python clients/python/tests

test-all: venv-dev messages venv-cluster ## the same and those that take minutes; without ARGS, shards on a Ray cluster too
	@exec $(RUN) config.local exec -- .venv/bin/python -m pytest $(SPREAD) -m '' $(ARGS)
	$(if $(ARGS),,@exec $(RUN) config.local exec -- .venv/bin/python -m pytest tests/cluster)

mutants: venv-dev messages ## break each promise on purpose, one at a time: the tests must notice (ARGS='-k words')
	@exec $(RUN) config.local exec -- .venv/bin/python -m pytest $(SPREAD) --dist load -m '' tests/mutants $(ARGS)

fuzz: venv-dev messages ## bytes that mean harm, to decoding, packings, segments and JSON (SECONDS=300); what fails stays in .fuzz/
	@VETO_ENV_FILE=.env.example $(RUN) tests.fuzz $${SECONDS:-300}

chaos: venv-dev messages ## faults of every kind while people register, change and withdraw, and platforms ask (SECONDS=600, SEED=number); on loopback
	@exec $(RUN) config.local exec -- .venv/bin/python -m tests.chaos $(or $(SECONDS),600) $(SEED)

screenshots: venv-dev messages ## every page as a picture in screenshots/, in both languages, sizes and colours (needs Chromium)
	@rm -rf screenshots
	@VETO_BROWSER_TESTS=required VETO_SCREENSHOTS=screenshots exec $(RUN) config.local exec -- \
		.venv/bin/python -m pytest -q tests/browser/test_pages.py tests/browser/test_generator.py

check: venv-dev messages ## lint, format, types, imports, OpenAPI, messages, migrations and lock files in step
	$(RUN) ruff check
	$(RUN) ruff format --check
	VETO_ENV_FILE=.env.example $(RUN) mypy
	.venv/bin/python -c "from importlinter.cli import lint_imports_command as lint; lint()"
	$(MANAGE) export_openapi --check
	$(MANAGE) update_messages --check
	VETO_ENV_FILE=.env.example .venv/bin/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(RUN) config.local exec -- .venv/bin/python -m tests.migrations
	$(RUN) config.local.locks --check

quality: venv-bench ## measure recognition (PHOTOS=dir[,dir…] NEGATIVES=dir,… QUICK=1): docs/matching-quality.md
	@exec $(RUN) bench.quality

bench: bench-index bench-details bench-http ## all measures of speed: bench/results/

bench-index: venv-bench ## the index beside a scan, faiss and threatexchange (needs a C compiler; PHOTOS=dir for real codes, SIZES=100000,1000000)
	@exec $(RUN) bench.index $${PHOTOS:+--photos "$$PHOTOS"} $${SIZES:+--sizes "$$SIZES"}

bench-details: venv-bench ## the index of details beside the plain one, to a million photos (PHOTOS=dir)
	@if [ -n "$$PHOTOS" ]; then exec $(RUN) bench.index.details --photos "$$PHOTOS"; \
		else echo 'Details are measured of photos: make bench-details PHOTOS=dir'; fi

bench-http: venv messages ## checks over HTTP, while others register (PHOTOS_REGISTERED=1000000)
	@exec $(RUN) bench.http

load: venv messages ## more checks than can be answered: right, bounded, recovering; then memory (PHOTOS_REGISTERED, SOAK_SECONDS=120)
	@exec $(RUN) bench.load

sizing: venv messages ## what a photo takes in PostgreSQL and each process in memory (PHOTOS_REGISTERED=3000)
	@exec $(RUN) config.local exec -- .venv/bin/python -m bench.sizing

bench-browser: venv-dev ## hashing in Chromium: bits apart from the server (PHOTOS=dir,…), photos a second, memory
	@exec $(RUN) config.local exec -- .venv/bin/python -m bench.browser

bench-browser-details: venv-dev ## details that Chromium makes beside the server's (PHOTOS=dir,…): recall in both directions, time
	@exec $(RUN) bench.browser.details

bench-cluster: venv-dev messages venv-cluster ## the index in shards on three nodes of this machine beside one process's
	@exec $(RUN) config.local exec -- .venv/bin/python -W ignore -m bench.cluster 60000 3000

format: venv-dev ## lint what can be repaired, and format
	$(RUN) ruff check --fix
	$(RUN) ruff format

openapi: venv-dev ## write docs/openapi.json anew
	$(MANAGE) export_openapi

lock: venv-dev ## compile requirements*.in into the lock files
	$(RUN) config.local.locks

sbom: venv-dev ## write sbom.json, the inventory of what is built in (CycloneDX), from requirements.txt
	@$(RUN) cyclonedx_py requirements requirements.txt --pyproject pyproject.toml --output-reproducible \
		--output-file "$${SBOM:-sbom.json}"

clean: ## remove .venv and caches; data in .veto stays
	rm -rf .venv .venv-guards .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .fuzz screenshots
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

messages:
	@$(MANAGE) compile_messages

venv:
	@$(call install,requirements.txt)

venv-dev:
	@$(call install,requirements-dev.txt)

venv-examples:
	@$(call install,requirements-examples.txt)

venv-cluster:
	@$(call install,requirements-cluster.txt)

venv-bench:
	@$(call install,requirements-bench.txt)

# The first Python from 3.11 to 3.13, else a newer one.
define install
for python in "$$PYTHON" python3 python3.13 python3.12 python3.11; do \
	if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then \
		exec "$$python" config/local/install.py $(1); fi; done; \
for python in python3 python3.15 python3.14; do \
	if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		exec "$$python" config/local/install.py $(1); fi; done; \
echo 'Veto needs Python 3.11 or newer: install it, or name it with `make PYTHON=/path/to/python3 ...`.' >&2; exit 1
endef
