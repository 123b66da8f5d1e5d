# Marquee - one plain file; `make help` lists what it can do.
#
# A build lives in build/MODE, one folder per mode: release (default), check, asan, ubsan, tsan,
# fuzz.
# Missing packages are installed first (conf/setup); SETUP=no leaves the machine as it is. V=1 shows
# the commands.

MODE    ?= release
ifeq (default,$(origin CC))
CC      := gcc
endif
ROUNDS  ?= 30
SEEDS   ?= 1000
FIRST   ?= 1
SETUP   ?= yes
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0

# A compiler other than gcc gets folders of its own: objects of two are not mixed.
compiler := $(if $(findstring clang,$(CC)),clang,gcc)
BUILD    := build/$(MODE)$(if $(filter clang,$(compiler)),-clang)

warnings := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual \
            -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wundef \
            -Wvla -Wwrite-strings -Wformat=2 -Wnull-dereference -Wimplicit-fallthrough \
            -Wswitch-enum -Wdouble-promotion -Wfloat-equal -Wredundant-decls
warnings_gcc   := -Wcast-align=strict
warnings_clang := -Wcast-align -Wno-gnu-zero-variadic-macro-arguments
hardening := -fstack-protector-strong -fPIE -fno-strict-aliasing
fortify   := -D_FORTIFY_SOURCE=2
sanitize  := -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all

mode_release := $(fortify)
mode_check   := $(fortify) -Werror
mode_asan    := $(sanitize) -fsanitize=address,undefined
mode_ubsan   := $(sanitize) -fsanitize=undefined
mode_tsan    := $(sanitize) -fsanitize=thread
mode_fuzz    := $(sanitize) -fsanitize=fuzzer-no-link,address,undefined
ifndef mode_$(MODE)
$(error MODE is one of release, check, asan, ubsan, tsan, fuzz)
endif

CPPFLAGS ?=
CFLAGS   ?= -O2 -g
LDFLAGS  ?=
all_cflags  = -std=c17 -I. -D_GNU_SOURCE $(CPPFLAGS) $(CFLAGS) $(hardening) $(warnings) \
              $(warnings_$(compiler)) $(mode_$(MODE)) -pthread
all_ldflags = $(LDFLAGS) -pie -Wl,-z,relro,-z,now,--as-needed $(filter -fsanitize%,$(mode_$(MODE))) -pthread
libs := -lczmq -lzmq -levent_core -luring -lssl -lz -lmsgpackc -llmdb -lsodium -lqrencode -lpng16 -ljansson -lcrypto

core_src  := $(filter-out %_main.c,$(wildcard broker/*.c store/*.c actors/*.c clients/*.c \
               clients/bridge/*.c))
ctl_src   := $(wildcard clients/ctl/*.c)
load_src  := $(wildcard clients/load/*.c)
plan_src  := $(filter-out %_main.c,$(wildcard clients/plan/*.c))
crash_src := $(if $(wildcard tests/crash/*.c),$(wildcard tests/crash/*.c) clients/load/past.c)
disk_src  := $(filter-out tests/disk/test_%.c,$(wildcard tests/disk/*.c))
script_src := $(wildcard tests/script/*.c)
sim_src   := $(if $(wildcard tests/sim/sim_main.c),$(wildcard tests/sim/*.c))
image_src := $(wildcard tests/images/*.c)
nth_src   := $(wildcard tests/nth/*.c)
past_src  := $(if $(wildcard tests/history/*.c),$(wildcard tests/history/*.c) clients/load/past.c)
storm_src := $(wildcard tests/overload/*.c) clients/load/control.c clients/load/histogram.c
soak_src  := $(wildcard tests/soak/*.c) clients/load/control.c clients/load/histogram.c
bench_src := $(filter-out bench/schedule.c,$(wildcard bench/*.c))
count_src := $(wildcard bench/instructions/*.c) \
               $(addprefix clients/load/,buyer.c control.c ledger.c options.c)
unit_src  := $(wildcard tests/unit/test_*.c)
served    := $(wildcard tests/served/*.sh tests/served/*.mjs)
c_files   := $(wildcard broker/*.[ch] store/*.[ch] actors/*.[ch] clients/*.[ch] clients/*/*.[ch] \
               tests/*/*.[ch] bench/*.[ch] bench/*/*.[ch])

core     := $(BUILD)/libcore.a
# What a client needs, without the server: libmarquee.
library_src := $(filter-out clients/%_main.c clients/zone_%.c,$(wildcard clients/*.c)) \
               $(wildcard broker/mp.c broker/operation.c broker/shard.c broker/status.c broker/wire.c \
                 actors/ids.c)
programs := $(if $(wildcard actors/marqueed_main.c),$(BUILD)/marqueed) \
            $(BUILD)/marquee-bridge $(if $(ctl_src),$(BUILD)/marquee) $(if $(load_src),$(BUILD)/marquee-load) \
            $(BUILD)/marquee-plan
benches  := $(bench_src:bench/%.c=$(BUILD)/bench-%) $(BUILD)/bench-schedule $(BUILD)/bench-instructions
crash    := $(if $(crash_src),$(BUILD)/crash)
provers  := $(crash) $(if $(sim_src),$(BUILD)/sim) $(if $(image_src),$(BUILD)/images) \
            $(if $(nth_src),$(BUILD)/nth) $(if $(past_src),$(BUILD)/history) $(BUILD)/overload $(BUILD)/soak
units    := $(unit_src:tests/unit/%.c=$(BUILD)/tests/%) $(BUILD)/tests/test_disk $(BUILD)/tests/test_disk_names
stamp    := build/setup.stamp

# All cores, unless asked otherwise; a make inside a make shares what the outer one has.
ifeq (0,$(MAKELEVEL))
MAKEFLAGS += -j$(shell nproc)
endif
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all programs units library help run test unit-tests check check-warnings format asan ubsan \
        tsan crash crash-images nth sim mutants history fuzz overload soak bench callgrind tables install uninstall \
        clean

say = $(if $(V),,@printf '%s  %s\n' $(1) $@;)

#: all        the programs, in build/release
all: programs
programs: $(programs)
library: $(BUILD)/libmarquee.a
units: $(units)

$(stamp): conf/packages conf/setup
	@mkdir -p $(@D)
ifneq (no,$(SETUP))
	@conf/setup
endif
	@touch $@

$(BUILD)/%.o: %.c Makefile | $(stamp)
	@mkdir -p $(@D)
	$(call say,cc)$(CC) $(all_cflags) -MMD -MP -c -o $@ $<

$(core): $(core_src:%.c=$(BUILD)/%.o)
	@rm -f $@
	$(call say,ar)ar rcs $@ $^
$(BUILD)/libmarquee.a: $(library_src:%.c=$(BUILD)/%.o)
	@rm -f $@
	$(call say,ar)ar rcs $@ $^

# Only under ThreadSanitizer: see there.
order := $(if $(filter tsan,$(MODE)),$(BUILD)/tests/tsan/order.o)
link = $(call say,ld)$(CC) $(all_ldflags) -o $@ $^ $(libs)
$(BUILD)/marqueed: $(BUILD)/actors/marqueed_main.o $(core) $(order)
	$(link)
$(BUILD)/marquee-bridge: $(BUILD)/clients/bridge/bridge_main.o $(core) $(order)
	$(link)
$(BUILD)/marquee: $(ctl_src:%.c=$(BUILD)/%.o) $(core) $(order)
	$(link)
$(BUILD)/marquee-load: $(load_src:%.c=$(BUILD)/%.o) $(core) $(order)
	$(link)
# The planner alone is linked with the solver; see docs/decisions/0013-plan-solver.md.
solver := -lCbcSolver -lCbc -lClp -lm
$(BUILD)/libplan.a: $(plan_src:%.c=$(BUILD)/%.o)
	@rm -f $@
	$(call say,ar)ar rcs $@ $^
$(BUILD)/marquee-plan: $(BUILD)/clients/plan/plan_main.o $(BUILD)/libplan.a $(core) $(order)
	$(link) $(solver)
$(BUILD)/bench-schedule: $(BUILD)/bench/schedule.o $(BUILD)/libplan.a $(core) $(order)
	$(link) $(solver)
$(BUILD)/tests/test_plan $(BUILD)/tests/test_planner: $(BUILD)/tests/%: $(BUILD)/tests/unit/%.o \
    $(BUILD)/libplan.a $(core) $(order)
	@mkdir -p $(@D)
	$(link) -lcmocka $(solver)
$(BUILD)/crash: $(crash_src:%.c=$(BUILD)/%.o) $(core) $(order)
	$(link)
$(BUILD)/sim: $(sim_src:%.c=$(BUILD)/%.o) $(disk_src:%.c=$(BUILD)/%.o) $(core) $(order)
	$(link)
$(BUILD)/images: $(image_src:%.c=$(BUILD)/%.o) $(script_src:%.c=$(BUILD)/%.o) \
    $(disk_src:%.c=$(BUILD)/%.o) $(core) $(order)
	$(link)
# The server's objects with other names for what is made to fail, and no one else's.
$(BUILD)/nth-core.a: $(core) tests/nth/wrapped
	$(call say,cp)objcopy --redefine-syms=tests/nth/wrapped $< $@
$(BUILD)/nth: $(nth_src:%.c=$(BUILD)/%.o) $(script_src:%.c=$(BUILD)/%.o) \
    $(disk_src:%.c=$(BUILD)/%.o) $(BUILD)/nth-core.a $(order)
	$(link)
$(BUILD)/history: $(past_src:%.c=$(BUILD)/%.o) $(core) $(order)
	$(link)
$(BUILD)/overload: $(storm_src:%.c=$(BUILD)/%.o) $(core) $(order)
	$(link)
$(BUILD)/soak: $(soak_src:%.c=$(BUILD)/%.o) $(core) $(order)
	$(link)
$(BUILD)/bench-instructions: $(count_src:%.c=$(BUILD)/%.o) $(core) $(order)
	$(link)
$(BUILD)/bench-%: $(BUILD)/bench/%.o $(core) $(order)
	$(link)
$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(core) $(order)
	@mkdir -p $(@D)
	$(link) -lcmocka
$(BUILD)/tests/test_disk $(BUILD)/tests/test_disk_names: $(BUILD)/tests/%: $(BUILD)/tests/disk/%.o \
    $(disk_src:%.c=$(BUILD)/%.o) $(core) $(order)
	@mkdir -p $(@D)
	$(link) -lcmocka
# Fuzz targets: in MODE=fuzz, by clang. tests/fuzz/fuzz.h says how to add one.
fuzzers := $(patsubst tests/fuzz/fuzz_%.c,$(BUILD)/fuzz_%,$(wildcard tests/fuzz/fuzz_*.c))
# libctl.a is the commands of `marquee` without its main(); only what a target calls is taken.
$(BUILD)/libctl.a: $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c,$(ctl_src)))
	@rm -f $@
	$(call say,ar)ar rcs $@ $^
$(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/fuzz.o $(BUILD)/libctl.a $(BUILD)/libplan.a $(core)
	$(call say,ld)$(CC) $(all_ldflags) -fsanitize=fuzzer,address,undefined -o $@ $^ $(libs)
$(BUILD)/seeds: $(BUILD)/tests/fuzz/seeds.o $(BUILD)/tests/fuzz/seeds_http.o \
    $(BUILD)/tests/fuzz/seeds_token.o $(BUILD)/libctl.a $(core)
	$(link)
fuzzers: $(fuzzers) $(BUILD)/seeds
.PHONY: fuzzers

# The simulator with one bug planted: tests/mutants/NAME.patch is put into a copy of its one file.
mutants := $(patsubst tests/mutants/%.patch,$(BUILD)/mutants/%,$(wildcard tests/mutants/*.patch))
$(BUILD)/mutants/%: tests/mutants/%.patch $(sim_src:%.c=$(BUILD)/%.o) $(disk_src:%.c=$(BUILD)/%.o) $(core)
	@mkdir -p $(@D)
	@patch --silent --fuzz=0 --output=$@.c "$$(sed -n 's|^--- a/||p' $<)" $<
	$(call say,cc)$(CC) $(all_cflags) -c -o $@.o $@.c
	@$(CC) $(all_ldflags) -o $@ $@.o $(filter %.o %.a,$^) $(libs)
# A test program that fails on purpose, to prove the runner.
$(BUILD)/proof: $(BUILD)/tests/proof/proof.o $(order)
	$(link) -lcmocka

# The packages of the client in another language.
build/wire.stamp: tests/wire/package-lock.json tests/wire/package.json | $(stamp)
	cd tests/wire && npm ci --no-audit --no-fund --loglevel=error
	@touch $@
# Those of the tests of the bridge: WebSocket, JWT, and a judge of OpenAPI documents.
build/web.stamp: tests/web/package-lock.json tests/web/package.json | $(stamp)
	cd tests/web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

#: run        build, start a server with the demo cinema, and keep it running
run: programs
	@conf/run

#: test       every test; the last line counts them
test_parts = $(units) tests/runner.sh tests/install.sh $(served) $(if $(crash),tests/crash.sh) \
             tests/sim.sh tests/images.sh tests/nth.sh tests/callgrind.sh tests/fuzz.sh
test: programs units $(provers) $(BUILD)/proof $(BUILD)/bench-instructions
	@$(MAKE) --no-print-directory MODE=fuzz CC=clang fuzzers
	@BUILD=$(BUILD) tests/run $(test_parts)

#: unit-tests the unit tests alone
unit-tests: units
	@BUILD=$(BUILD) tests/run $(units)

#: check      gcc and clang without a warning, layout of the code, tables of the docs
check: | $(stamp)
	@$(MAKE) --no-print-directory MODE=check CC=gcc check-warnings
	@$(MAKE) --no-print-directory MODE=check CC=clang check-warnings check-fuzz
	clang-format --dry-run -Werror $(c_files)
	@$(MAKE) --no-print-directory programs
	tests/tables docs/protocol.md $(BUILD)/marquee operations list --markdown
	tests/tables docs/http.md $(BUILD)/marquee-bridge --routes
	@echo 'check: clean'
check-warnings: programs units $(benches) $(provers) $(BUILD)/proof
check-fuzz: | $(stamp)
	$(CC) $(all_cflags) -fsyntax-only $(wildcard tests/fuzz/*.c)
.PHONY: check-fuzz

#: format     put the code into the layout that check wants
format: | $(stamp)
	clang-format -i $(c_files)

#: tables     renew the tables of docs/protocol.md and docs/http.md from the programs
tables: programs
	tests/tables --write docs/protocol.md $(BUILD)/marquee operations list --markdown
	tests/tables --write docs/http.md $(BUILD)/marquee-bridge --routes

#: asan ubsan tsan   unit tests and a served run under a sanitizer
asan ubsan tsan:
	@$(MAKE) --no-print-directory MODE=$@ sanitized
.PHONY: sanitized
sanitized: programs units $(BUILD)/history $(BUILD)/overload $(BUILD)/soak $(BUILD)/proof
	@BUILD=$(BUILD) tests/run $(units) tests/runner.sh $(served)

#: crash      kill -9 under load, ROUNDS times, and check every acknowledged answer
crash: programs $(BUILD)/crash $(BUILD)/history
	@BUILD=$(BUILD) ROUNDS=$(ROUNDS) tests/crash.sh

#: overload   ten times the peak for SECONDS=60: goodput, latency, memory, every command's answer
overload: programs $(BUILD)/overload
	@BUILD=$(BUILD) $(if $(SECONDS),SECONDS_OF_STORM=$(SECONDS)) tests/overload.sh

#: soak       10,000 live sockets with cuts for SECONDS=60: nothing missed, in time, little memory
soak: programs $(BUILD)/soak
	@BUILD=$(BUILD) $(if $(SECONDS),SECONDS_OF_SOAK=$(SECONDS)) tests/soak.sh

#: sim        SEEDS=1000 seeds of the deterministic simulator from FIRST=1 on; SEED=n one of them again
sim: $(BUILD)/sim
	@$(BUILD)/sim $(if $(SEED),--seed $(SEED) $(if $(VERBOSE),--verbose),--seeds $(SEEDS) --first $(FIRST)) \
	    $(if $(MINUTES),--minutes $(MINUTES))

#: mutants    plant each bug of tests/mutants in the simulator, which must notice
mutants: $(mutants)
	@tests/mutants.sh $(mutants)

#: history    a minute of load and 20 kills: what all clients were told must be one history
history: programs $(BUILD)/crash $(BUILD)/history
	@BUILD=$(BUILD) ROUNDS=20 SECONDS_EACH=20 tests/run tests/served/history.sh tests/crash.sh

#: crash-images   N crash images (20000) of real runs: whatever a power loss leaves is sound
crash-images: $(BUILD)/images
	$(BUILD)/images $(or $(N),20000)

#: nth        let the n-th allocation, write, sync, ... fail, for every n (EVERY=7: every 7th)
nth: $(BUILD)/nth
	$(BUILD)/nth $(or $(EVERY),1)

#: fuzz       each target of tests/fuzz for SECONDS=60 seconds
fuzz:
	@$(MAKE) --no-print-directory MODE=fuzz CC=clang fuzzers
	@tests/fuzz.sh $(or $(SECONDS),60)

#: callgrind  instructions a command, by scenario and part; WRITE=yes keeps them as what is judged by
callgrind: $(BUILD)/bench-instructions
	@BUILD=$(BUILD) bench/callgrind.mjs $(if $(WRITE),--write)

#: bench      measure, with the machine's limits beside; report in build/bench
bench: programs $(benches)
	@BUILD=$(BUILD) bench/run.mjs
	@BUILD=$(BUILD) bench/bridge.mjs

#: bench-schedule  greedy and solver's plans of 20 generated cinemas, against the bound
bench-schedule: $(BUILD)/bench-schedule
	@$(BUILD)/bench-schedule $(or $(CINEMAS),20) $(or $(SECONDS),30)
.PHONY: bench-schedule

bin := $(DESTDIR)$(PREFIX)/bin
lib := $(DESTDIR)$(PREFIX)/lib
man := $(DESTDIR)$(PREFIX)/share/man
etc := $(DESTDIR)$(if $(filter /usr /usr/local,$(PREFIX)),/etc/marquee,$(PREFIX)/etc/marquee)
#: install    into PREFIX (/usr/local) under DESTDIR; an existing configuration stays
install: programs library
	install -d $(bin) $(lib)/pkgconfig $(lib)/systemd/system $(lib)/sysusers.d $(DESTDIR)$(PREFIX)/include \
	    $(addprefix $(man)/man,1 5 8) $(etc)
	install -m 755 $(programs) $(bin)
	install -m 644 $(BUILD)/libmarquee.a $(lib)
	install -m 644 clients/marquee.h $(DESTDIR)$(PREFIX)/include
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' clients/marquee.pc.in \
	    >$(lib)/pkgconfig/marquee.pc
	for page in man/*.[1-9]; do \
	    install -m 644 $$page $(man)/man$${page##*.} || exit 1; \
	done
	for unit in conf/systemd/*.service conf/systemd/*.socket; do \
	    sed 's|@PREFIX@|$(PREFIX)|; s|@ETC@|$(etc:$(DESTDIR)%=%)|' $$unit \
	        >$(lib)/systemd/system/$${unit##*/} || exit 1; \
	done
	install -m 644 conf/systemd/marquee.sysusers $(lib)/sysusers.d/marquee.conf
	for file in marquee.conf bridge.conf; do \
	    test -e $(etc)/$$file || install -m 644 conf/$$file $(etc) || exit 1; \
	    install -m 644 conf/$$file $(etc)/$$file.example || exit 1; \
	done

#: uninstall  take away what install put there, but not the configuration
uninstall:
	rm -f $(addprefix $(bin)/,marqueed marquee-bridge marquee marquee-load marquee-plan) $(lib)/libmarquee.a \
	    $(lib)/pkgconfig/marquee.pc $(DESTDIR)$(PREFIX)/include/marquee.h \
	    $(lib)/sysusers.d/marquee.conf $(addprefix $(etc)/,marquee.conf.example bridge.conf.example)
	for page in man/*.[1-9]; do rm -f $(man)/man$${page##*.}/$${page##*/}; done
	for unit in conf/systemd/*.service conf/systemd/*.socket; do rm -f $(lib)/systemd/system/$${unit##*/}; done

#: clean      remove what was built; data/ stays
clean:
	rm -rf build tests/wire/node_modules tests/web/node_modules

help:
	@sed -n 's/^#: //p' Makefile

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
