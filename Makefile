# The commands of docs/hacking.md. All of them install what they miss (setup.sh) and use every core (-j: JOBS=n).

JOBS ?= $(shell nproc)
DATA ?= ./kontiki-data
SEED ?= 1
SECONDS ?= 60
MINUTES ?= 10
STATES ?= 60000000
FILES ?= $(wildcard src tests bench)
PRESET ?= release

.DEFAULT_GOAL := help
.PHONY: help run build test sim sim-soak explore mutants fuzz chaos clients kafka-support bench demo format format-check check tidy setup-build setup-test setup-bench setup-clients clean

# $(call build,<preset>,<targets>): configure and build. The lock keeps two makes out of one build directory.
build = mkdir -p build && flock build/$(1).lock sh -c \
  'cmake --preset $(1) --log-level=WARNING >/dev/null && cmake --build --preset $(1) -j $(JOBS) $(if $(2),--target $(2))'

help:
	@echo 'make run                 build and start a broker on localhost:9092, data in $(DATA) (ARGS=... adds options)'
	@echo 'make test                build with and without sanitizers and run all tests'
	@echo 'make sim SEED=n          run the simulator with one seed'
	@echo 'make sim-soak MINUTES=m run fresh seeds on all cores for that long'
	@echo 'make explore             explore every state of small raft groups (STATES=n of each, ARGS="--scenario NAME")'
	@echo 'make mutants             break the code on purpose, see that a test notices (ONLY=name)'
	@echo 'make fuzz SECONDS=n      run each fuzzer (FUZZ=name: one) for that long'
	@echo 'make chaos SECONDS=n     cut links, break disks and kill brokers of a real cluster, at random for that long'
	@echo 'make clients             real Kafka clients against three brokers: every client, every scenario (ONLY="kafkajs ...")'
	@echo 'make kafka-support       write docs/kafka-support.md anew'
	@echo 'make bench               measure the machine and Kontiki on it (ARGS="--scenario latency --seconds 5", ARGS=--list)'
	@echo 'make demo                show what Kontiki does'
	@echo 'make build PRESET=p TARGETS=...   just build (release, debug, tsan, fuzz)'
	@echo 'make check               formatting, layers and house rules;   make tidy: clang-tidy'
	@echo 'make format FILES=...    reformat;   make clean: remove build/'

run: setup-build
	@$(call build,release,kontiki)
	@exec build/release/kontiki server --data $(DATA) $(ARGS)

build: setup-build
	@$(call build,$(PRESET),$(TARGETS))

test: setup-build setup-test
	@$(call build,release,)
	@$(call build,debug,kontiki_tests)
	@ctest --preset debug -j $(JOBS)
	@ctest --preset release -j $(JOBS)

sim: setup-build setup-test
	@$(call build,release,kontiki_sim_main)
	@build/release/kontiki_sim --seed $(SEED) $(ARGS)

sim-soak: setup-build setup-test
	@$(call build,release,kontiki_sim_main)
	@python3 -B tests/sim/soak.py build/release/kontiki_sim --minutes $(MINUTES) $(ARGS)

explore: setup-build setup-test
	@$(call build,release,kontiki_explore)
	@build/release/kontiki_explore --states $(STATES) $(ARGS)

mutants: setup-build setup-test
	@python3 -B tests/mutations/run.py --report build/mutants.md $(if $(ONLY),--only $(ONLY))

fuzz: setup-build setup-test
	@$(call build,fuzz,kontiki_tests)
	@tools/fuzz.sh build/fuzz $(SECONDS) $(FUZZ)

chaos: setup-build setup-test
	@$(call build,release,kontiki kontiki_verifier)
	@for test in links disks mix; do \
	  KONTIKI=build/release/kontiki CHAOS_SECONDS=$(SECONDS) python3 -B tests/chaos/$$test.py || exit; done

clients: setup-build setup-test setup-clients
	@$(call build,release,kontiki kontiki_client_librdkafka kontiki_verifier)
	@KONTIKI=build/release/kontiki python3 -B tests/clients/_main.py $(if $(ONLY),--only $(ONLY)) $(ARGS)

kafka-support: setup-build
	@$(call build,release,kontiki)
	@KONTIKI=build/release/kontiki python3 -B tests/clients/_page.py

# Debian's own Python, for which python3-matplotlib is.
bench: setup-build setup-test setup-bench
	@$(call build,release,kontiki kontiki_bench)
	@/usr/bin/python3 -B bench/run.py $(ARGS)

demo: setup-build
	@$(call build,release,kontiki kontiki_demo)
	@build/release/kontiki_demo build/release/kontiki

format: setup-test
	@tools/format.sh write $(FILES)

format-check: setup-test
	@tools/format.sh check $(FILES)

check: format-check
	@python3 -B tools/check_layers.py
	@python3 -B tools/tidy.py
	@python3 -B -m unittest discover -q -s tools -p '*_test.py'

tidy: setup-build setup-test
	@tools/run_tidy.sh all

setup-build:
	@./setup.sh build

setup-test:
	@./setup.sh test

setup-bench:
	@./setup.sh bench

setup-clients:
	@./setup.sh clients

clean:
	rm -rf build
