# Every target works from a fresh clone: it first brings .venv up to date, in no time when nothing changed.
# Needed: Python 3.11 or newer with venv, git, make. Optional: bubblewrap (isolation of the laptop edition's containers); for
# tests, Java and npm (AWS's DynamoDB Local).
SHELL := /bin/sh
PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
READY := .venv/.ready
DYNAMODB_LOCAL := .cache/dynamodb-local
CHECKOV := .cache/checkov
UV := $(BIN)/uv
export UV_NO_PROGRESS := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo up test test-cluster test-localstack lint fmt docs package bench chaos requirements deploy rollback restore destroy token smoke stage-named clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

$(READY): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "make: $(PYTHON) is older than Python 3.11; name another one: make PYTHON=python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv \
	  || { echo "make: Python's venv is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@test -x $(UV) && $(UV) --version | grep -q ' $(UV_VERSION)' \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(UV) sync --frozen --quiet
	@touch $@

$(DYNAMODB_LOCAL): scripts/dynamodb_local.py | $(READY)
	@$(BIN)/python -m scripts.dynamodb_local
	@test ! -d $@ || touch $@

$(CHECKOV): infra/aws/checkov/uv.lock | $(READY)
	@UV_PROJECT_ENVIRONMENT=$(abspath $@) $(UV) sync --frozen --quiet --project infra/aws/checkov
	@touch $@

setup: $(READY) ## install the locked dependencies into .venv

demo: $(READY) ## everything, one weaver, a terminal in it
	@$(BIN)/python -m local demo

# Only a KUBECONFIG that is named on the command line: one that merely is in the environment may be anybody's production.
up: $(READY) ## the laptop edition in the foreground, until Ctrl+C; KUBECONFIG=… runs weavers in that cluster
	@$(BIN)/python -m local up $(if $(filter command,$(firstword $(origin KUBECONFIG))),--kubeconfig '$(KUBECONFIG)')

test: $(READY) $(DYNAMODB_LOCAL) $(CHECKOV) ## all tests
	@$(BIN)/python -m pytest -n 4 --dist loadgroup $(ARGS)

test-cluster: export WEAVERS_TEST_DEADLINE ?= 300
test-cluster: $(READY) ## the end-to-end tests in a cluster: KUBECONFIG=… LOOM_TEST_IMAGE=… LOOM_TEST_REPO_URL=…
	@test -n '$(KUBECONFIG)' -a -n '$(LOOM_TEST_IMAGE)' -a -n '$(LOOM_TEST_REPO_URL)' \
	  || { echo "make: say where and what: make test-cluster KUBECONFIG=… LOOM_TEST_IMAGE=… LOOM_TEST_REPO_URL=… (docs/real-cluster.md)" >&2; exit 1; }
	@$(BIN)/python -m pytest tests/e2e --timeout=1800 --cluster-kubeconfig='$(KUBECONFIG)' --cluster-namespace='$(LOOM_NAMESPACE)' \
	  --cluster-image='$(LOOM_TEST_IMAGE)' --cluster-image-has-loom='$(LOOM_TEST_IMAGE_HAS_LOOM)' --cluster-repo='$(LOOM_TEST_REPO_URL)' $(ARGS)

# KUBECONFIG as in `up`: by another name, so that the tests see none that merely is in the environment.
test-localstack: export WEAVERS_TEST_DEADLINE ?= 300
test-localstack: export LOCALSTACK_ENDPOINT := $(LOCALSTACK_ENDPOINT)
test-localstack: export WEAVERS_TEST_KUBECONFIG := $(if $(filter command,$(firstword $(origin KUBECONFIG))),$(KUBECONFIG))
test-localstack: $(READY) ## the stack and its functions in LocalStack: LOCALSTACK_ENDPOINT=… KUBECONFIG=… (docs/localstack.md)
	@$(BIN)/python -m pytest tests/aws --timeout=1800 $(ARGS)

lint: $(READY) ## formatting, lint, types, import contracts, generated files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(UV) lock --check --quiet
	@$(BIN)/python -m scripts.requirements --check
	@$(BIN)/python -m scripts.docs --check

docs: $(READY) ## the documentation site, into site/
	@$(BIN)/python -m scripts.docs

fmt: $(READY) ## format and fix what can be fixed
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

requirements: $(READY) ## write requirements.txt (the dependencies of the Lambda functions) from the lock
	@$(BIN)/python -m scripts.requirements

package: $(READY) ## what AWS Lambda runs, and its template, into dist/lambda/STAGE; STAGE=dev unless told
	@$(BIN)/python -m scripts.package $(if $(STAGE),--stage $(STAGE))

bench: $(READY) $(DYNAMODB_LOCAL) ## the budgets, one line each; ONLY=group picks one; WEAVERS=… for the sweep, 100000 unless told
	@$(BIN)/python -m scripts.bench $(if $(ONLY),--only $(ONLY)) $(if $(WEAVERS),--weavers $(WEAVERS))

stage-named:
	@test -n '$(STAGE)' || { echo "make: say which stage: STAGE=dev, staging or prod (docs/deploy.md)" >&2; exit 1; }

CONSENT = $(if $(BUCKET),--bucket '$(BUCKET)') $(if $(PLAN),--plan) $(if $(YES),--yes) $(if $(FORCE),--force)

deploy: stage-named package ## this checkout onto AWS: STAGE=…; PLAN=1 only shows what would change, YES=1 does not ask
	@$(BIN)/python -m scripts.aws deploy --stage '$(STAGE)' $(CONSENT)

rollback: stage-named $(READY) ## the release before onto AWS: STAGE=…; TO=… another one
	@$(BIN)/python -m scripts.aws rollback --stage '$(STAGE)' $(if $(TO),--to '$(TO)') $(CONSENT)

restore: stage-named $(READY) ## what a restored table holds into the stage's: STAGE=… FROM=…
	@$(BIN)/python -m scripts.aws restore --stage '$(STAGE)' --from '$(FROM)' $(if $(YES),--yes)

destroy: stage-named $(READY) ## delete a stage from AWS, unless weavers live: STAGE=…; FORCE=1 even then
	@$(BIN)/python -m scripts.aws destroy --stage '$(STAGE)' $(if $(YES),--yes) $(if $(FORCE),--force)

token: stage-named $(READY) ## a token for a user, on stdout: STAGE=… USER_ID=…; ROLE=support or system_admin
	@$(BIN)/python -m scripts.aws token --stage '$(STAGE)' --user '$(USER_ID)' $(if $(ROLE),--role '$(ROLE)')

# Others on the machine see what stands on a command line: LOOM_TOKEN in the environment is better than TOKEN=.
smoke: export LOOM_URL := $(or $(URL),$(LOOM_URL))
smoke: export LOOM_TOKEN := $(or $(TOKEN),$(LOOM_TOKEN))
smoke: $(READY) ## does a deployment work: URL=… and LOOM_TOKEN, or as loom is configured; IMAGE=… one with sh
	@$(BIN)/python -m scripts.aws smoke $(if $(IMAGE),--image '$(IMAGE)')

chaos: export WEAVERS_CHAOS := full
chaos: $(READY) $(DYNAMODB_LOCAL) ## deaths, races, bad servers, random orders: what must never happen, at full length; PLANT=… a fault to find
	@$(BIN)/python -m tests.chaos $(if $(PLANT),--plant $(PLANT))

clean: ## remove what was installed and built
	rm -rf .venv .cache dist site
