# Every command of the project; `make help` lists them. Each does one thing and says how it ended in its last line.

CARGO ?= cargo
# Options for what is run: make run ARGS='--ttl 2s', make unit ARGS='http/parse --list', make bench ARGS=table
ARGS ?=
# What make run runs: a test names the debug build, CARGO=true then builds nothing.
SERVER ?= target/release/nanoserve

.DEFAULT_GOAL := build
.SILENT:
.PHONY: build help run demo test unit integration bench check docs load waiters memcheck clean server contract sabotage storm stress fill explore

build: ## build the server (what make alone does)
	$(CARGO) build --release --bins
	echo
	echo "Built target/release/nanoserve. Next:"
	echo "  make demo    see five copies of one payment arrive, and one payment made"
	echo "  make run     serve on http://127.0.0.1:8080, Ctrl-C ends it"
	echo "  make test    prove every claim"
	echo "  make help    all else"

help: ## this list
	awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

server:
	$(CARGO) build --quiet --release --bins

# exec: a signal for the recipe's shell is then the wrapper's, which turns it into a drain (N-92).
run: server ## serve with the demo application and the lab; ARGS='--ttl 2s' adds options
	exec docs/service-wrapper.sh $(SERVER) --lab $(ARGS)

demo: server ## five concurrent copies of one payment, and what each of them gets
	exec target/release/nanoserve-demo $(ARGS)

test: ## all tests: unit, integration, documentation, benches in smoke size
	exec tests/parts.sh unit integration doctests benches

unit: ## the unit tests alone; ARGS='http/parse' chooses, ARGS=--help says how
	$(CARGO) test --quiet --test unit -- $(ARGS)

integration: ## the tests against the real binary alone
	$(CARGO) test --quiet --test integration -- $(ARGS)

bench: ## measure: parser, table, guard, a whole request in memory; ARGS=growth is four million keys
	$(CARGO) bench --bench benches -- $(ARGS)

sabotage: ## break the program in small ways, one at a time: each must turn its test red; ARGS=--list names them
	exec tests/sabotage.sh $(ARGS)

explore: ## every interleaving of a few callers, counted; ARGS='PLAY SCHEDULE' plays one again, ARGS=--help says how
	$(CARGO) test --quiet --release --test unit -- --explore $(ARGS)

check: ## what must be clean: format, lints, documentation, dependencies
	exec tests/parts.sh fmt clippy rustdoc tree

contract: ## the contract's cases, one by one; NANOSERVE_URL=http://127.0.0.1:9000 holds another server to them
	$(CARGO) test --quiet --test integration -- --exact contract::every_case_is_kept --nocapture

docs: ## build the documentation of the source
	$(CARGO) doc --quiet --no-deps
	echo "target/doc/nanoserve/index.html"

load: server ## a minute of mixed load from 64 clients, its memory watched
	LOAD_SECONDS=$${LOAD_SECONDS:-60} NANOSERVE_BIN=target/release/nanoserve \
		$(CARGO) test --quiet --test integration -- mixed_load --nocapture

# Of both sides a release build: what races, races the more often the faster it is.
stress: server ## 64 threads against the engine, the ledger and the server, 20 seconds for each test
	STRESS_SECONDS=$${STRESS_SECONDS:-20} \
		$(CARGO) test --quiet --release --test unit -- --deadline-ms 600000 stress agree_with_the_model
	STRESS_SECONDS=$${STRESS_SECONDS:-20} NANOSERVE_BIN=target/release/nanoserve \
		$(CARGO) test --quiet --test integration -- under_load --nocapture

waiters: server ## a thousand duplicates wait for one handler, others beside them
	WAITERS=$${WAITERS:-1000} NANOSERVE_BIN=target/release/nanoserve \
		$(CARGO) test --quiet --test integration -- waiting --nocapture

storm: server ## 500,000 requests of 64 clients that retry, err and leave, every answer judged; SEED=n repeats one
	STORM_REQUESTS=$${STORM_REQUESTS:-500000} NANOSERVE_BIN=target/release/nanoserve \
		$(CARGO) test --quiet --test integration -- storm::in_a_storm --nocapture

# A quarter of an hour: what expires is waited for. The client has to keep up, so it is a release build too.
fill: ## five million keys against room for one; what that leaves in memory, as a table
	FILL_KEYS=$${FILL_KEYS:-5000000} $(CARGO) test --quiet --release --test integration -- fill:: --nocapture

memcheck: ## a scripted session under valgrind: no error, no leak
	exec integration/memcheck.sh

clean: ## remove what was built
	$(CARGO) clean --quiet
