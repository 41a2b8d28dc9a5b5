# ruby_alloc: `make` builds, `make check` tests, `make demo` shows it on a real Ruby.
#
# Yours to set: CC, CFLAGS, LDFLAGS, PREFIX, DESTDIR, V=1 (show commands),
# WERROR=1 (warnings are errors), BUILD (where objects go).

CC ?= cc
CXX ?= c++
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
BINDIR ?= $(PREFIX)/bin
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
BUILD ?= build

VERSION := $(shell sed -n 's/.*define RUBY_ALLOC_VERSION "\(.*\)"/\1/p' include/ruby_alloc/version.h)
SONAME := libruby_alloc.so.$(firstword $(subst ., ,$(VERSION)))
BUILD_PACKAGES := gcc pkg-config libjemalloc-dev libjansson-dev libncurses-dev libelf-dev
DEMO_PACKAGES := $(BUILD_PACKAGES) ruby
MEMORY_PACKAGES := $(DEMO_PACKAGES) ruby-railties ruby-activerecord ruby-actionpack ruby-sqlite3 puma wrk
PACKAGES := $(MEMORY_PACKAGES) g++ clang clang-format libclang-rt-dev check ruby-dev puma patchelf \
	valgrind gdb gcc-aarch64-linux-gnu libc6-dev-arm64-cross tmux procps binutils strace \
	musl-tools libtcmalloc-minimal4 libmimalloc2.0 chromium mandoc bsdextrautils zsh fish \
	bash-completion locales systemd

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

WARNINGS := -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes $(if $(WERROR),-Werror)
COMPILE = $(CC) -std=gnu11 -D_GNU_SOURCE -Iinclude -Ilib $(WARNINGS) -MMD -MP $(CPPFLAGS) $(CFLAGS)
# No PLT, no symbol look-up between our own files, thread-local data at a fixed
# offset: each is an instruction or more on every malloc. -fno-builtin: the
# compiler must not turn the allocation functions it compiles into each other.
SHIM_FLAGS := -fPIC -fvisibility=hidden -fno-plt -fno-semantic-interposition \
	-ftls-model=initial-exec -fno-builtin -fexceptions
# What runs while ld.so relocates: the compiler must make no call of memset or strlen there, nor
# a jump through a table. clang knows no such option for calls and, with -fno-builtin, makes none.
RESOLVER_FLAGS := -fno-jump-tables -fno-stack-protector \
	$(if $(findstring clang,$(shell $(CC) --version)),,-fno-tree-loop-distribute-patterns)
$(addprefix $(BUILD)/lib/shim/,tuning.o early.o elf.o): SHIM_FLAGS += $(RESOLVER_FLAGS)
# gcc alone: what only forwards must not pay for a jump into another section.
SHIM_FLAGS += $(if $(findstring clang,$(shell $(CC) --version)),,-fno-reorder-blocks-and-partition)
# arm64 alone: libgcc's helpers for atomics bring a word that would lie behind the storage.
SHIM_FLAGS += $(if $(findstring aarch64,$(shell $(CC) -dumpmachine)),-mno-outline-atomics)
# --no-as-needed: nothing is linked by name, and jemalloc must still be loaded.
# noseparate-code: two mappings less for each fork to copy, and one page fault for a child.
SHIM_LINK := -shared -Wl,-soname,$(SONAME) -Wl,--version-script=lib/shim/shim.map \
	-Wl,-z,now -Wl,-z,relro -Wl,-z,defs -Wl,-z,nodelete -Wl,-z,noseparate-code -Wl,--no-as-needed \
	-l:libjemalloc.so.2
TOP_FLAGS = $(shell pkg-config --cflags jansson ncursesw libelf)
TOP_LIBS = $(shell pkg-config --libs jansson ncursesw libelf)
CHECK_FLAGS = $(shell pkg-config --cflags check)
CHECK_LIBS = $(shell pkg-config --libs check)

sources = $(sort $(wildcard $(1)/*.c))
objects = $(patsubst %.c,$(BUILD)/%.o,$(call sources,$(1)))
SHIM := $(BUILD)/libruby_alloc.so
# Its other name: gems that bind their symbols tightly (RTLD_DEEPBIND), and so past any preloaded
# malloc, don't where the word stands in LD_PRELOAD.
OTHER_NAME := libruby_malloc.so
READER := $(BUILD)/libruby_alloc_reader.a
TOP := $(BUILD)/ruby_alloc_top
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
INTEGRATION_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/integration/test_*.c))
VICTIMS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/integration/victim*.c)) \
	$(patsubst %.cc,$(BUILD)/%.so,$(wildcard tests/integration/victim*.cc))
# What the tests written in shell and Ruby need beside the victims.
JEMALLOCS := $(addprefix $(BUILD)/tests/integration/standins/,statless/libjemalloc.so.2 \
	bare/libjemalloc.so.2 paged/libjemalloc.so.2 large/libjemalloc.so.2 old/libjemalloc.so.2 \
	linked/libjemalloc.so.1)
STAND_INS := $(BUILD)/tests/integration/embedded $(JEMALLOCS)
RUBY_FLAGS = $(patsubst -I%,-isystem %,$(shell pkg-config --cflags ruby))
RUBY_LIBS = $(shell pkg-config --libs ruby)
BENCHES := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*.c tests/bench/memory/*.c))

.SECONDARY:
.PHONY: all check check-built tests-built fuzz fuzz-built sanitize sanitize-built soak soak-built \
	bench bench-built bench-memory bench-memory-built demo demo-built deps deps-build deps-demo deps-memory \
	install uninstall clean format manual
.DELETE_ON_ERROR:

all: $(SHIM) $(BUILD)/$(OTHER_NAME) $(READER) $(TOP) manual

# The shim -------------------------------------------------------------------

$(BUILD)/lib/shim/%.o: lib/shim/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(SHIM_FLAGS) -c -o $@ $<

# storage.o last: see there.
SHIM_OBJECTS := $(filter-out %/storage.o,$(call objects,lib/shim)) $(BUILD)/lib/shim/storage.o
$(SHIM).$(VERSION): $(SHIM_OBJECTS) lib/shim/shim.map
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(SHIM_LINK)

$(SHIM): $(SHIM).$(VERSION)
	$(Q)ln -sf $(<F) $(BUILD)/$(SONAME)
	$(Q)ln -sf $(SONAME) $@

$(BUILD)/$(OTHER_NAME): $(SHIM)
	$(Q)ln -sf libruby_alloc.so.$(VERSION) $@

# The reader and the tool ------------------------------------------------------

$(BUILD)/lib/reader/%.o: lib/reader/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -c -o $@ $<

$(READER): $(call objects,lib/reader)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/lib/top/%.o: lib/top/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(TOP_FLAGS) -c -o $@ $<

# Assembled into it.
$(BUILD)/lib/top/html_assets.o: lib/top/html.css lib/top/html.js

# Where the installed tool finds the library. Made anew when that changes, as by an
# install with another LIBDIR.
LIBDIR_FROM_BINDIR := $(shell realpath -m --relative-to=$(BINDIR) $(LIBDIR))
$(BUILD)/lib/top/library.o: TOP_FLAGS += -DRA_LIBDIR_FROM_BINDIR='"$(LIBDIR_FROM_BINDIR)"'
LIBDIR_STAMP := $(BUILD)/libdir.$(subst /,_,$(LIBDIR_FROM_BINDIR))
$(BUILD)/lib/top/library.o: $(if $(wildcard $(LIBDIR_STAMP)),,libdir-changed)
.PHONY: libdir-changed
libdir-changed:
	@mkdir -p $(BUILD) && rm -f $(BUILD)/libdir.* && touch $(LIBDIR_STAMP)

$(TOP): $(call objects,lib/top) $(READER)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(TOP_LIBS)

# Man pages and completions, made from the tool's own tables.
TOP_PARTS = $(filter-out %/main.o,$(call objects,lib/top))
GENERATE := $(BUILD)/lib/manual/generate
MANUAL := $(BUILD)/ruby_alloc_top.1 $(BUILD)/libruby_alloc.7
COMPLETIONS := $(addprefix $(BUILD)/ruby_alloc_top.,bash zsh fish)
manual: $(MANUAL) $(COMPLETIONS)

$(BUILD)/lib/manual/%.o: lib/manual/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(TOP_FLAGS) -c -o $@ $<

$(GENERATE): $(call objects,lib/manual) $(TOP_PARTS) $(READER)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(TOP_LIBS)

$(MANUAL): $(BUILD)/%: lib/manual/%.in $(GENERATE)
	$(Q)$(GENERATE) page $< >$@

$(COMPLETIONS): $(BUILD)/ruby_alloc_top.%: $(GENERATE)
	$(Q)$(GENERATE) $* >$@

# Tests ------------------------------------------------------------------------

$(BUILD)/tests/%.o: tests/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -fno-builtin $(CHECK_FLAGS) -c -o $@ $<

# Unit tests see the modules' insides: they link objects of every part.
# Not the entry points: a test program keeps its own malloc.
# Nor what runs while ld.so relocates, which is before a sanitizer is ready.
SHIM_ENTRIES := entry aligned derived cxx extended introspect tuning ending exec daemon
SHIM_PARTS := $(BUILD)/shim_parts.a
$(SHIM_PARTS): $(filter-out $(SHIM_ENTRIES:%=$(BUILD)/lib/shim/%.o),$(call objects,lib/shim))
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(UNIT_TESTS): $(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/tests/unit/untuned.o $(TOP_PARTS) \
		$(READER) $(SHIM_PARTS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CHECK_LIBS) $(TOP_LIBS)

TEST_HELPERS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/integration/helper*.c))
$(INTEGRATION_TESTS): %: %.o $(TEST_HELPERS) $(READER)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CHECK_LIBS)

$(BUILD)/tests/integration/victim%: $(BUILD)/tests/integration/victim%.o
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -pthread -ldl

# What it defines must be seen from outside, before any library's.
$(addprefix $(BUILD)/tests/integration/victim_,bump conf twice): LDFLAGS += -rdynamic

# In which the address of malloc is a place of its own.
$(BUILD)/tests/integration/victim_detour.o: CFLAGS += -fno-pic
$(BUILD)/tests/integration/victim_detour: LDFLAGS += -no-pie

$(BUILD)/tests/integration/victim%.so: tests/integration/victim%.cc
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=c++17 -fno-builtin $(CFLAGS) -fPIC -shared -o $@ $<

# As a Ruby: its version must be seen from outside.
$(BUILD)/tests/bench/memory/pairs: LDFLAGS += -rdynamic

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/tests/integration/embedded: tests/integration/embedded.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(RUBY_FLAGS) $(LDFLAGS) -o $@ $< $(RUBY_LIBS)

# bare: not even the calls by which jemalloc is told from other allocators.
$(BUILD)/tests/integration/standins/bare/libjemalloc.so.2: CPPFLAGS += -DSTANDIN_WITHOUT_CONTROL
# paged: as jemalloc 5.3.1 rounds. large: built for pages of 64 KiB, as Debian's is for arm64.
$(BUILD)/tests/integration/standins/paged/libjemalloc.so.2: CPPFLAGS += -DSTANDIN_STATISTICS -DSTANDIN_BY_PAGES
$(BUILD)/tests/integration/standins/large/libjemalloc.so.2: CPPFLAGS += -DSTANDIN_STATISTICS \
	-DSTANDIN_PAGE=65536
# old: one before version 5. linked: another, with a name of its own, that a program is linked to.
$(BUILD)/tests/integration/standins/old/libjemalloc.so.2: CPPFLAGS += -DSTANDIN_OLD
LINKED := $(BUILD)/tests/integration/standins/linked/libjemalloc.so.1
$(LINKED): CPPFLAGS += -DSTANDIN_OLD -DSTANDIN_UNASKED
$(BUILD)/tests/integration/victim_linked: $(LINKED)
$(BUILD)/tests/integration/victim_linked: LDFLAGS += -rdynamic -Wl,--no-as-needed \
	-Wl,-rpath,'$$ORIGIN/standins/linked'
$(JEMALLOCS): tests/integration/standin.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -fno-builtin -fPIC -shared -Wl,-soname,$(@F) $(LDFLAGS) -o $@ $<

# deps first, then a make that finds what deps installed. One after the other, where
# several are asked for at once: they build the same things.
check soak bench: deps
bench-memory: deps-memory
demo: deps-demo
soak: | $(filter check,$(MAKECMDGOALS))
bench: | $(filter check soak,$(MAKECMDGOALS))
bench-memory: | $(filter check soak bench,$(MAKECMDGOALS))
demo: | $(filter check soak bench bench-memory,$(MAKECMDGOALS))
check soak bench bench-memory demo:
	+$(Q)$(MAKE) --no-print-directory $@-built

tests-built: $(UNIT_TESTS) $(INTEGRATION_TESTS) $(VICTIMS) $(STAND_INS) $(BENCHES)

# TEST="test_copy test_top": these suites alone. JOBS=1: one after the other.
SUITES := $(sort $(UNIT_TESTS) $(INTEGRATION_TESTS)) $(sort $(wildcard tests/integration/test_*.sh))
check-built: all tests-built
	$(Q)BUILD=$(BUILD) bash tests/run.sh \
		$(if $(TEST),$(foreach name,$(TEST),$(filter %/$(name) %/$(name).sh,$(SUITES))),$(SUITES))

# Under sanitizers: everything is built anew, elsewhere. FUZZ_SECONDS=60, shared by all; 0: until
# stopped. FUZZERS="region index" for some of them.
FUZZ_TARGETS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
ADDRESSES := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
$(FUZZ_TARGETS): %: %.o $(TOP_PARTS) $(READER)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(TOP_LIBS)

$(BUILD)/tests/fuzz/fuzz_configuration: $(BUILD)/tests/unit/untuned.o $(SHIM_PARTS)

# Sums of thousands of counters: to trace each comparison of a loop takes half of the time.
UNTRACED := $(patsubst %,$(BUILD)/lib/reader/%.o,tally derive rows)
$(UNTRACED): override CFLAGS += $(UNTRACED_FLAGS)

$(BUILD)/tests/fuzz/seeds: $(BUILD)/tests/fuzz/seeds.o $(TOP_PARTS) $(READER)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CHECK_LIBS) $(TOP_LIBS)

fuzz: deps
	+$(Q)$(MAKE) --no-print-directory fuzz-built BUILD=$(BUILD)/fuzz CC=clang CPPFLAGS=-U__SEG_FS \
		CFLAGS="$(ADDRESSES) -fsanitize=fuzzer-no-link" UNTRACED_FLAGS=-fno-sanitize-coverage=trace-cmp

# Small programs that define malloc, with each of the two kinds of symbol tables.
PROGRAMS := $(addprefix $(BUILD)/tests/fuzz/start/program/,gnu sysv)
$(PROGRAMS): tests/integration/victim_bump.c
	@mkdir -p $(@D)
	$(Q)$(CC) -O1 -s -rdynamic -Wl,--hash-style=$(@F) -o $@ $<

fuzz-built: $(FUZZ_TARGETS) $(BUILD)/tests/fuzz/seeds $(PROGRAMS)
	$(Q)BUILD=$(BUILD) bash tests/fuzz/fuzz.sh

# The unit suites for addresses and undefined behaviour, those of the counting core for races.
# -U__SEG_FS: a sanitizer takes an address relative to %fs (lib/shim/base.h) for a plain one.
# By gcc: clang's come with a malloc in the executable, which the reader would find there.
RACE_TESTS := $(addprefix $(BUILD)/tests/unit/,test_count test_flush test_race)
sanitize: deps
	+$(Q)$(MAKE) --no-print-directory sanitize-built BUILD=$(BUILD)/addresses CC=gcc CPPFLAGS=-U__SEG_FS \
		CFLAGS="$(ADDRESSES)" SANITIZED='$$(UNIT_TESTS)'
	+$(Q)$(MAKE) --no-print-directory sanitize-built BUILD=$(BUILD)/races CC=gcc CPPFLAGS=-U__SEG_FS \
		CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=thread -Wno-tsan" SANITIZED='$$(RACE_TESTS)'

# Fixed addresses: sanitizers of older compilers can't do with much randomness in them.
sanitize-built: $(SANITIZED)
	$(Q)BUILD=$(BUILD) TSAN_OPTIONS=halt_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 \
		$(shell setarch -R true 2>/dev/null && echo setarch -R) bash tests/run.sh $(SANITIZED)

# SOAK_SECONDS=600, SOAK_SEED=... to repeat a run.
soak-built: all $(VICTIMS)
	$(Q)BUILD=$(BUILD) sh tests/integration/soak.sh

bench-built: all $(BENCHES)
	$(Q)BUILD=$(BUILD) bash tests/bench/bench.sh; first=$$?; \
		BUILD=$(BUILD) bash tests/bench/screen.sh; second=$$?; \
		BUILD=$(BUILD) bash tests/bench/crowd.sh && [ $$first -eq 0 ] && exit $$second

# What to set for less or more of it, and other allocators: see memory.rb.
bench-memory-built: all $(BENCHES)
	$(Q)BUILD=$(BUILD) ruby tests/bench/memory/memory.rb

demo-built: all
	$(Q)BUILD=$(BUILD) sh examples/demo.sh

# What building takes; what `make demo` takes; everything.
deps-build:
	$(Q)PACKAGES="$(BUILD_PACKAGES)" sh tests/deps.sh

deps-demo:
	$(Q)PACKAGES="$(DEMO_PACKAGES)" sh tests/deps.sh

deps-memory:
	$(Q)PACKAGES="$(MEMORY_PACKAGES)" sh tests/deps.sh

deps:
	$(Q)PACKAGES="$(PACKAGES)" sh tests/deps.sh

# Install ------------------------------------------------------------------------

BASH_COMPLETIONS := $(DATADIR)/bash-completion/completions
ZSH_COMPLETIONS := $(DATADIR)/zsh/site-functions
FISH_COMPLETIONS := $(DATADIR)/fish/vendor_completions.d
HEADERS := $(sort $(wildcard include/ruby_alloc/*.h))
INSTALLED := $(LIBDIR)/libruby_alloc.so $(LIBDIR)/$(OTHER_NAME) $(LIBDIR)/$(SONAME) $(LIBDIR)/libruby_alloc.so.$(VERSION) \
	$(LIBDIR)/libruby_alloc_reader.a $(BINDIR)/ruby_alloc_top \
	$(patsubst include/%,$(INCLUDEDIR)/%,$(HEADERS)) \
	$(MANDIR)/man1/ruby_alloc_top.1 $(MANDIR)/man7/libruby_alloc.7 \
	$(BASH_COMPLETIONS)/ruby_alloc_top $(ZSH_COMPLETIONS)/_ruby_alloc_top \
	$(FISH_COMPLETIONS)/ruby_alloc_top.fish
# ld.so's cache is refreshed only on the system that runs, not in a package's root.
refresh = $(if $(DESTDIR),,$(Q)[ "$$(id -u)" -ne 0 ] || ldconfig || /sbin/ldconfig)

install: all
	$(Q)install -d $(DESTDIR)$(LIBDIR) $(DESTDIR)$(BINDIR) $(DESTDIR)$(INCLUDEDIR)/ruby_alloc
	$(Q)install -m 755 $(SHIM).$(VERSION) $(DESTDIR)$(LIBDIR)
	$(Q)ln -sf libruby_alloc.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	$(Q)ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libruby_alloc.so
	$(Q)ln -sf libruby_alloc.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(OTHER_NAME)
	$(Q)install -m 644 $(READER) $(DESTDIR)$(LIBDIR)
	$(Q)install -m 755 $(TOP) $(DESTDIR)$(BINDIR)
	$(Q)install -m 644 $(HEADERS) $(DESTDIR)$(INCLUDEDIR)/ruby_alloc
	$(Q)install -d $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man7 \
		$(addprefix $(DESTDIR),$(BASH_COMPLETIONS) $(ZSH_COMPLETIONS) $(FISH_COMPLETIONS))
	$(Q)install -m 644 $(BUILD)/ruby_alloc_top.1 $(DESTDIR)$(MANDIR)/man1
	$(Q)install -m 644 $(BUILD)/libruby_alloc.7 $(DESTDIR)$(MANDIR)/man7
	$(Q)install -m 644 $(BUILD)/ruby_alloc_top.bash $(DESTDIR)$(BASH_COMPLETIONS)/ruby_alloc_top
	$(Q)install -m 644 $(BUILD)/ruby_alloc_top.zsh $(DESTDIR)$(ZSH_COMPLETIONS)/_ruby_alloc_top
	$(Q)install -m 644 $(BUILD)/ruby_alloc_top.fish $(DESTDIR)$(FISH_COMPLETIONS)
	$(refresh)

uninstall:
	$(Q)rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	$(Q)rmdir $(DESTDIR)$(INCLUDEDIR)/ruby_alloc 2>/dev/null || true
	$(refresh)

clean:
	$(Q)rm -rf $(BUILD)

format:
	$(Q)clang-format -i $$(find include lib tests examples -name '*.[ch]' -o -name '*.cc')

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
