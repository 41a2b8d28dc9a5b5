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
BUILD ?= build

VERSION := $(shell sed -n 's/.*define RUBY_ALLOC_VERSION "\(.*\)"/\1/p' include/ruby_alloc/version.h)
SONAME := libruby_alloc.so.$(firstword $(subst ., ,$(VERSION)))
PACKAGES := gcc g++ clang pkg-config libjemalloc-dev libjansson-dev libncurses-dev check \
	ruby puma valgrind tmux procps binutils

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

WARNINGS := -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes $(if $(WERROR),-Werror)
COMPILE = $(CC) -std=gnu11 -D_GNU_SOURCE -Iinclude -Ilib $(WARNINGS) -MMD -MP $(CPPFLAGS) $(CFLAGS)
# No PLT, no symbol look-up between our own files, thread-local data at a fixed
# offset: each is an instruction or more on every malloc. -fno-builtin: the
# compiler must not turn the allocation functions it compiles into each other.
SHIM_FLAGS := -fPIC -fvisibility=hidden -fno-plt -fno-semantic-interposition \
	-ftls-model=initial-exec -fno-builtin -fexceptions
# gcc alone: what only forwards must not pay for a jump into another section.
SHIM_FLAGS += $(if $(findstring clang,$(shell $(CC) --version)),,-fno-reorder-blocks-and-partition)
# --no-as-needed: nothing is linked by name, and jemalloc must still be loaded.
SHIM_LINK := -shared -Wl,-soname,$(SONAME) -Wl,--version-script=lib/shim/shim.map \
	-Wl,-z,now -Wl,-z,relro -Wl,-z,defs -Wl,-z,nodelete -Wl,--no-as-needed -l:libjemalloc.so.2
TOP_FLAGS = $(shell pkg-config --cflags jansson ncursesw)
TOP_LIBS = $(shell pkg-config --libs jansson ncursesw)
CHECK_FLAGS = $(shell pkg-config --cflags check)
CHECK_LIBS = $(shell pkg-config --libs check)

sources = $(sort $(wildcard $(1)/*.c))
objects = $(patsubst %.c,$(BUILD)/%.o,$(call sources,$(1)))
SHIM := $(BUILD)/libruby_alloc.so
READER := $(BUILD)/libruby_alloc_reader.a
TOP := $(BUILD)/ruby_alloc_top
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
INTEGRATION_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/integration/test_*.c))
VICTIMS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/integration/victim*.c)) \
	$(patsubst %.cc,$(BUILD)/%.so,$(wildcard tests/integration/victim*.cc))
BENCHES := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*.c))

.SECONDARY:
.PHONY: all check check-built bench bench-built demo demo-built deps install uninstall clean format
.DELETE_ON_ERROR:

all: $(SHIM) $(READER) $(TOP)

# The shim -------------------------------------------------------------------

$(BUILD)/lib/shim/%.o: lib/shim/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(SHIM_FLAGS) -c -o $@ $<

$(SHIM).$(VERSION): $(call objects,lib/shim) lib/shim/shim.map
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(SHIM_LINK)

$(SHIM): $(SHIM).$(VERSION)
	$(Q)ln -sf $(<F) $(BUILD)/$(SONAME)
	$(Q)ln -sf $(SONAME) $@

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

$(TOP): $(call objects,lib/top) $(READER)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(TOP_LIBS)

# Tests ------------------------------------------------------------------------

$(BUILD)/tests/%.o: tests/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -fno-builtin $(CHECK_FLAGS) -c -o $@ $<

# Unit tests see the modules' insides: they link objects of every part.
TOP_PARTS := $(filter-out %/main.o,$(call objects,lib/top))
# Not the entry points: a test program keeps its own malloc.
SHIM_ENTRIES := entry aligned cxx extended introspect
SHIM_PARTS := $(BUILD)/shim_parts.a
$(SHIM_PARTS): $(filter-out $(SHIM_ENTRIES:%=$(BUILD)/lib/shim/%.o),$(call objects,lib/shim))
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(UNIT_TESTS): $(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(TOP_PARTS) $(READER) $(SHIM_PARTS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CHECK_LIBS) $(TOP_LIBS)

TEST_HELPERS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/integration/helper*.c))
$(INTEGRATION_TESTS): %: %.o $(TEST_HELPERS) $(READER)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CHECK_LIBS)

$(BUILD)/tests/integration/victim%: $(BUILD)/tests/integration/victim%.o
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -pthread -ldl

$(BUILD)/tests/integration/victim%.so: tests/integration/victim%.cc
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=c++17 -fno-builtin $(CFLAGS) -fPIC -shared -o $@ $<

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

# deps first, then a make that finds what deps installed.
check bench demo: deps
	+$(Q)$(MAKE) --no-print-directory $@-built

check-built: all $(UNIT_TESTS) $(INTEGRATION_TESTS) $(VICTIMS)
	$(Q)BUILD=$(BUILD) sh tests/run.sh $(sort $(UNIT_TESTS) $(INTEGRATION_TESTS)) \
		$(sort $(wildcard tests/integration/test_*.sh))

bench-built: all $(BENCHES)
	$(Q)BUILD=$(BUILD) bash tests/bench/bench.sh

demo-built: all
	$(Q)BUILD=$(BUILD) sh examples/demo.sh

deps:
	$(Q)PACKAGES="$(PACKAGES)" sh tests/deps.sh

# Install ------------------------------------------------------------------------

HEADERS := $(sort $(wildcard include/ruby_alloc/*.h))
INSTALLED := $(LIBDIR)/libruby_alloc.so $(LIBDIR)/$(SONAME) $(LIBDIR)/libruby_alloc.so.$(VERSION) \
	$(LIBDIR)/libruby_alloc_reader.a $(BINDIR)/ruby_alloc_top \
	$(patsubst include/%,$(INCLUDEDIR)/%,$(HEADERS))
# ld.so's cache is refreshed only on the system that runs, not in a package's root.
refresh = $(if $(DESTDIR),,$(Q)ldconfig 2>/dev/null || /sbin/ldconfig || true)

install: all
	$(Q)install -d $(DESTDIR)$(LIBDIR) $(DESTDIR)$(BINDIR) $(DESTDIR)$(INCLUDEDIR)/ruby_alloc
	$(Q)install -m 755 $(SHIM).$(VERSION) $(DESTDIR)$(LIBDIR)
	$(Q)ln -sf libruby_alloc.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	$(Q)ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libruby_alloc.so
	$(Q)install -m 644 $(READER) $(DESTDIR)$(LIBDIR)
	$(Q)install -m 755 $(TOP) $(DESTDIR)$(BINDIR)
	$(Q)install -m 644 $(HEADERS) $(DESTDIR)$(INCLUDEDIR)/ruby_alloc
	$(refresh)

uninstall:
	$(Q)rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	$(Q)rmdir $(DESTDIR)$(INCLUDEDIR)/ruby_alloc 2>/dev/null || true
	$(refresh)

clean:
	$(Q)rm -rf $(BUILD)

format:
	$(Q)clang-format -i $$(find include lib tests examples -name '*.[ch]')

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
