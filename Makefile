# Waybill: make run, make test, make help.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Debian packages: what the build needs, the real clients and the other registry that the interop tests drive, what counts for
# the budgets, and what the benchmark compares with.
BUILD_PACKAGES := libsqlite3-dev libcurl4-openssl-dev libcrypt-dev libssl-dev libseccomp-dev
TEST_PACKAGES := skopeo buildah podman docker.io docker-registry openssl curl
BUDGET_PACKAGES := valgrind strace
BENCH_PACKAGES := docker-registry nginx wrk openssl curl
# Keeps what is installed from starting as a service, on a machine that has no policy of its own.
WITHOUT_SERVICES := policy=/usr/sbin/policy-rc.d; if [ ! -e $$policy ]; then trap "rm -f $$policy" EXIT; \
    printf '\#!/bin/sh\nexit 101\n' >$$policy; chmod 755 $$policy; fi;

# -S keeps the names of functions in the program, for a look into what it spends its time with.
SYMBOLS ?= -s
SWIFT_RELEASE := -c release --static-swift-stdlib --disable-local-rpath -Xlinker $(SYMBOLS)
ARGS ?=
FUZZ_SECONDS ?= 30
RECORDS ?= 1000000
SOAK_SECONDS ?= 3600
TORTURE_SECONDS ?= 900
OVERLOAD_SECONDS ?= 60

.PHONY: help
help: ## what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "make %-12s %s\n", $$1, $$2}'

.PHONY: run
run: build ## install what is missing, build, and serve on 127.0.0.1:5000 (ARGS="--data DIR …")
	.build/release/waybill serve $(ARGS)

.PHONY: build
build: build-packages ## install what is missing, and build .build/release/waybill
	swift build $(SWIFT_RELEASE) --product waybill

.PHONY: test
test: build-packages test-packages test-python ## install what is missing, and run every test
	swift build --build-tests
	swift test --skip-build --skip '^BudgetTests\.'

.PHONY: test-budgets
test-budgets: build budget-packages ## count what a request takes of the release build: instructions, allocations, system calls
	swift build $(SWIFT_RELEASE) --product ParserBenchmark
	swift build --build-tests
	swift test --skip-build --no-parallel --filter '^BudgetTests\.'

.PHONY: test-heavy
test-heavy: build ## run the tests of size and fairness at full size: 100 GB pulled, 20 GiB pushed
	swift build --build-tests
	WAYBILL_TEST_HEAVY=1 WAYBILL_TEST_PROGRAM=$(CURDIR)/.build/release/waybill \
	    swift test --skip-build --no-parallel --filter '^ScaleTests\.'

.PHONY: overload
overload: build ## let ten times more come than a server has room for, OVERLOAD_SECONDS of each kind, into Tests/ScaleTests/OVERLOAD.md
	swift build --build-tests
	WAYBILL_TEST_OVERLOAD=$(CURDIR)/Tests/ScaleTests/OVERLOAD.md WAYBILL_TEST_OVERLOAD_SECONDS=$(OVERLOAD_SECONDS) \
	    WAYBILL_TEST_PROGRAM=$(CURDIR)/.build/release/waybill \
	    swift test --skip-build --no-parallel --filter '^ScaleTests\..*ten times more'

.PHONY: soak
soak: build ## let a server work for SOAK_SECONDS, with collections, scrubs, backups, new keys and kills
	swift build --build-tests
	WAYBILL_TEST_SOAK=$(SOAK_SECONDS) WAYBILL_TEST_PROGRAM=$(CURDIR)/.build/release/waybill \
	    swift test --skip-build --filter '^CrashTests\..A server at work for long'

.PHONY: torture
torture: build-packages ## the crash matrix in full: every kind of fault at as many calls as TORTURE_SECONDS allow, into Tests/Torture/RESULTS.md
	swift build --build-tests
	WAYBILL_TORTURE=$(CURDIR)/Tests/Torture/RESULTS.md WAYBILL_TORTURE_SECONDS=$(TORTURE_SECONDS) \
	    swift test --skip-build --filter '^TortureTests\..*every'

.PHONY: test-tsan
test-tsan: build-packages ## run the engine's tests under the thread sanitizer
	TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/tsan.supp swift test --sanitize=thread --scratch-path .build/tsan -Xswiftc -DSANITIZE_THREAD \
	    --filter '^(LinuxIOTests|HTTPServingTests|HTTPWireTests)\.'

.PHONY: lint
lint: ## check the form of every Swift file
	swift format lint --strict --recursive --parallel Package.swift Sources Tests

.PHONY: format
format: ## bring every Swift file into form
	swift format --in-place --recursive --parallel Package.swift Sources Tests

.PHONY: fuzz
fuzz: build ## fuzz every parser for FUZZ_SECONDS each
	Tests/Fuzz/run $(FUZZ_SECONDS)

.PHONY: fuzz-long
fuzz-long: FUZZ_SECONDS = 3600
fuzz-long: build ## the same for an hour each, in some 17 hours, into Tests/Fuzz/RESULTS.md (FUZZ_SECONDS=… for another time)
	nice -n 19 Tests/Fuzz/run --results Tests/Fuzz/RESULTS.md $(FUZZ_SECONDS)

.PHONY: smuggling
smuggling: build-packages bench-packages ## what other servers make of smuggled requests, into Tests/Fuzz/SMUGGLING.md
	swift build --build-tests
	WAYBILL_SMUGGLING=$(CURDIR)/Tests/Fuzz/SMUGGLING.md swift test --skip-build --filter '^InteropTests\..*two servers'

.PHONY: bench
bench: bench-build ## measure Waybill beside docker-registry and nginx, into Tests/Benchmarks/RESULTS.md, in some 20 minutes
	.build/release/RegistryBenchmark --output Tests/Benchmarks/RESULTS.md $(ARGS)

.PHONY: bench-quick
bench-quick: bench-build ## the same with less of everything, into .build/bench-quick.md, in under 5 minutes
	.build/release/RegistryBenchmark --quick --output .build/bench-quick.md $(ARGS)

.PHONY: bench-build
bench-build: build bench-packages
	swift build $(SWIFT_RELEASE) --product RegistryBenchmark

.PHONY: bench-ledger
bench-ledger: build ## measure the ledger with RECORDS in it
	swift build $(SWIFT_RELEASE) --product LedgerBenchmark
	.build/release/LedgerBenchmark --records $(RECORDS) $(ARGS)

.PHONY: bench-growth
bench-growth: build ## compare what reading costs with RECORDS and with few
	swift build $(SWIFT_RELEASE) --product GrowthBenchmark
	.build/release/GrowthBenchmark --records $(RECORDS) $(ARGS)

# Installs Debian packages that are missing, or says what to install when that is not possible.
define install
	@missing=""; for package in $(1); do \
	    dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'install ok installed' || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        echo "installing:$$missing"; \
	        $(4) apt-get -q update >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $$missing >/dev/null; \
	    else \
	        echo "$(2):$$missing. Install with: sudo apt-get install$$missing" >&2; $(3) \
	    fi; \
	fi
endef

.PHONY: build-packages
build-packages:
	@command -v swift >/dev/null || { echo "Swift 6.3 is needed: https://www.swift.org/install/linux/" >&2; exit 1; }
	$(call install,$(BUILD_PACKAGES),missing and only root can install,exit 1;)

.PHONY: test-python
test-python:
	@Tests/python-tools

.PHONY: test-packages
test-packages:
	$(call install,$(TEST_PACKAGES),without these their tests are skipped,:;,$(WITHOUT_SERVICES))

.PHONY: budget-packages
budget-packages:
	$(call install,$(BUDGET_PACKAGES),without these their tests are skipped,:;)

.PHONY: bench-packages
bench-packages:
	$(call install,$(BENCH_PACKAGES),missing and only root can install,exit 1;,$(WITHOUT_SERVICES))
