# Marquee - one plain file: all, run, test, bench, check, asan, ubsan, tsan, crash, install, clean.
#
# A build lives in build/MODE, one folder per mode: release (default), check, asan, ubsan, tsan.

MODE   ?= release
CC     ?= gcc
BUILD  := build/$(MODE)
PREFIX ?= /usr/local
LIBS   := libzmq libczmq libsodium libqrencode libpng16 jansson liblmdb-none

warnings := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-align=strict \
            -Wcast-qual -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
            -Wundef -Wvla -Wwrite-strings -Wformat=2 -Wnull-dereference -Wimplicit-fallthrough \
            -Wswitch-enum -Wdouble-promotion -Wfloat-equal -Wredundant-decls
# clang has no strict form of this one
ifneq (,$(findstring clang,$(shell $(CC) --version 2>/dev/null | head -n1)))
warnings := $(subst -Wcast-align=strict,-Wcast-align,$(warnings)) -Wno-gnu-zero-variadic-macro-arguments
endif
hardening := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -fno-strict-aliasing
CPPFLAGS  := -I. -D_GNU_SOURCE -isystem /usr/include
CFLAGS    ?= -O2 -g
LDFLAGS   ?=
mode_release :=
mode_check   := -Werror
mode_asan    := -O1 -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=0
mode_ubsan   := -O1 -fsanitize=undefined -fno-sanitize-recover=undefined
mode_tsan    := -O1 -fsanitize=thread -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=0
all_cflags = -std=c17 $(CFLAGS) $(hardening) $(warnings) $(mode_$(MODE)) -pthread
all_ldflags = $(LDFLAGS) -pie -Wl,-z,relro,-z,now $(filter -fsanitize%,$(mode_$(MODE))) -pthread
libs := -lczmq -lzmq -lmsgpackc -llmdb -lsodium -lqrencode -lpng16 -ljansson

core_src := $(filter-out %_main.c,$(wildcard broker/*.c store/*.c actors/*.c clients/*.c))
ctl_src  := $(wildcard clients/ctl/*.c)
load_src := $(wildcard clients/load/*.c)
unit_src := $(wildcard tests/unit/test_*.c)
core_obj := $(core_src:%.c=$(BUILD)/%.o)
core     := $(BUILD)/libcore.a
programs := $(BUILD)/marqueed $(if $(ctl_src),$(BUILD)/marquee) $(if $(load_src),$(BUILD)/marquee-load)
units    := $(unit_src:tests/unit/%.c=$(BUILD)/tests/%)

.PHONY: all programs units
all: programs

programs: $(programs)
units: $(units)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(all_cflags) -MMD -MP -c -o $@ $<

$(core): $(core_obj)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/marqueed: $(BUILD)/actors/marqueed_main.o $(core)
	$(CC) $(all_ldflags) -o $@ $^ $(libs)
$(BUILD)/marquee: $(ctl_src:%.c=$(BUILD)/%.o) $(core)
	$(CC) $(all_ldflags) -o $@ $^ $(libs)
$(BUILD)/marquee-load: $(load_src:%.c=$(BUILD)/%.o) $(core)
	$(CC) $(all_ldflags) -o $@ $^ $(libs)
$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(core)
	@mkdir -p $(@D)
	$(CC) $(all_ldflags) -o $@ $^ $(libs) -lcmocka

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.SECONDARY:
