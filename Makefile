# gradus -- a small library that trains neural networks on the CPU
#
#   make            build/libgradus.a, build/libgradus.so, the example programs
#   make mnist      get MNIST, train on it, show what was learnt
#   make deps       install what is missing (Debian, Ubuntu; else says what)
#   make test       build and run every test
#   make asan       the tests under the address and undefined-behaviour sanitisers
#   make tsan       the tests under the thread sanitiser
#   make valgrind   the tests under valgrind
#   make same BASE=COMMIT
#                   does this tree compute what that commit does, bit by bit?
#   make guard      the instructions of a step, by valgrind, against a budget;
#                   make guard-store makes today's the budget
#   make check-long what takes longer than make test: the tests as clang builds
#                   them, asan, tsan, valgrind and the guard: about an hour
#   make double     build/libgradus-double.a, to check gradients with, and
#                   build/custom-layer-check, which does
#   make bench      speed beside PyTorch's, scikit-learn's and FANN's, into
#                   docs/performance.md: some twenty minutes;
#                   make bench-quick prints one in two
#   make install    into DESTDIR/PREFIX; make uninstall takes it away again
#   make clean      remove build/
#   make help       this list
#
# Variables: CC CFLAGS LDFLAGS PREFIX DESTDIR, BUILD for another folder, V=1 to
# see every command, and ARCH: what is built uses all that this machine's
# processor can do; with ARCH= it runs on others of its family too, but slower.

CC      ?= cc
CFLAGS  ?= -O3 -g
PREFIX  ?= /usr/local
BUILD   ?= build
# The version of the header; the SONAME is its first two numbers.
VERSION := $(shell sed -n 's/^.define GRADUS_VERSION "\(.*\)"/\1/p' include/gradus.h)
SONAME  := libgradus.so.$(basename $(VERSION))

# Asked for when a recipe needs it, so that `make deps all` finds what the first
# goal has just installed.
PKGS         := openblas zlib jansson
PKG_CFLAGS    = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS      = $(shell pkg-config --libs $(PKGS))
CHECK_CFLAGS  = $(shell pkg-config --cflags check)
CHECK_LIBS    = $(shell pkg-config --libs check)

# The loops outside OpenBLAS are a third of a small net's step; with the wide
# vectors that a distribution's default forbids the step takes 11 % less time,
# and with AVX-512's whole ones, of which compilers use half unless told to, 5 %
# less again.
ifeq ($(origin ARCH),undefined)
works = $(shell $(CC) $(1) -E -x c /dev/null >/dev/null 2>&1 && echo $(1))
ARCH := $(or $(call works,-march=native -mprefer-vector-width=512),\
             $(call works,-march=native))
endif

FLAGS := $(ARCH) -std=c11 -Wall -Wextra -Wpedantic -Wshadow -fPIC -fvisibility=hidden \
         -pthread -Iinclude -MMD -MP
LIBS   = $(PKG_LIBS) -lm

SRC      := $(wildcard src/*/*.c)
MNIST    := $(wildcard examples/mnist/*.c)
SHARED   := $(filter-out %/train.c %/predict.c %/speedrun.c,$(MNIST))
OWN_DATA := $(wildcard examples/own-data/*.c)
CUSTOM   := examples/custom-layer/custom-layer.c
TESTS    := $(wildcard tests/*.c)
TORCH    := $(wildcard tests/torch/*.c)
SAME     := $(wildcard tests/same/*.c) examples/mnist/nets.c

PROGRAMS := $(patsubst examples/mnist/%.c,$(BUILD)/mnist-%,\
            $(filter-out $(SHARED),$(MNIST))) \
            $(OWN_DATA:examples/own-data/%.c=$(BUILD)/%) $(BUILD)/custom-layer

Q = $(if $(V),,@echo '  $(1)';)

obj = $(1:%.c=$(BUILD)/obj/%.o)
dbl = $(1:%.c=$(BUILD)/double/%.o)

all: $(BUILD)/libgradus.a $(BUILD)/libgradus.so $(PROGRAMS)

# Programs see include/ alone; some tests look at the library from inside.
$(BUILD)/obj/examples/%.o: FLAGS += $(PKG_CFLAGS)
$(BUILD)/obj/src/%.o $(BUILD)/double/src/%.o: FLAGS += -Isrc $(PKG_CFLAGS)
$(BUILD)/obj/tests/%.o $(BUILD)/double/tests/%.o: \
    FLAGS += -Isrc $(CHECK_CFLAGS) $(PKG_CFLAGS)

# stb_image shifts by more than a number's width where a damaged file ends.
$(BUILD)/obj/src/data/stb.o $(BUILD)/double/src/data/stb.o: \
    LATE := -fwrapv -fno-sanitize=shift

# A square root that need not set errno is one instruction, for many at once.
$(BUILD)/obj/src/optim/%.o $(BUILD)/double/src/optim/%.o: \
    FLAGS += -fno-math-errno

# A convolution's multiply-adds may be one instruction each.
$(BUILD)/obj/src/kernels/conv%.o $(BUILD)/double/src/kernels/conv%.o: \
    FLAGS += -ffp-contract=fast

# Other flags than last time: everything is compiled anew.
$(BUILD)/flags: always
	@mkdir -p $(@D)
	@echo '$(CC) $(ARCH) $(CPPFLAGS) $(CFLAGS)' | cmp -s - $@ || \
	    echo '$(CC) $(ARCH) $(CPPFLAGS) $(CFLAGS)' > $@

$(BUILD)/obj/%.o: %.c Makefile $(BUILD)/flags
	@mkdir -p $(@D)
	$(call Q,CC $@)$(CC) $(FLAGS) $(CPPFLAGS) $(CFLAGS) $(LATE) -c $< -o $@

$(BUILD)/double/%.o: %.c Makefile $(BUILD)/flags
	@mkdir -p $(@D)
	$(call Q,CC $@)$(CC) $(FLAGS) -DGRADUS_DOUBLE $(CPPFLAGS) $(CFLAGS) $(LATE) -c $< -o $@

$(BUILD)/libgradus.a: $(call obj,$(SRC))
	@rm -f $@
	$(call Q,AR $@)$(AR) rcs $@ $^

$(BUILD)/libgradus.so: $(call obj,$(SRC))
	$(call Q,LD $@)$(CC) $(CFLAGS) $(LDFLAGS) -shared -pthread -Wl,-soname,$(SONAME) \
	    $^ $(LIBS) -o $@

$(BUILD)/libgradus-double.a: $(call dbl,$(SRC))
	@rm -f $@
	$(call Q,AR $@)$(AR) rcs $@ $^

link = $(CC) $(CFLAGS) $(LDFLAGS) -pthread $^ $(1) $(LIBS) -o $@

$(BUILD)/mnist-%: $(BUILD)/obj/examples/mnist/%.o $(call obj,$(SHARED)) \
                  $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

$(OWN_DATA:examples/own-data/%.c=$(BUILD)/%): $(BUILD)/%: \
    $(BUILD)/obj/examples/own-data/%.o $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

$(BUILD)/custom-layer: $(call obj,$(CUSTOM)) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

# The same program as double checks its layer's gradients.
$(BUILD)/custom-layer-check: $(call dbl,$(CUSTOM)) $(BUILD)/libgradus-double.a
	$(call Q,LD $@)$(call link)

# The tests make these fail, each at every call.
comma := ,
WRAP  := $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc strdup free \
         open_memstream fclose pthread_create open read write pwrite fsync fchmod \
         close rename)

# ---- what measures: its own flags, as c = c * a + b is to be one instruction
BENCH := $(addprefix bench/,gradus_bench.c limits.c options.c)

$(BUILD)/obj/bench/%.o: FLAGS += $(PKG_CFLAGS) -ffp-contract=fast

$(BUILD)/gradus_bench: $(call obj,$(BENCH)) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

# Where FANN is installed; its flags are asked for then, as bench/peers.sh
# installs it.
$(BUILD)/fann_bench: $(call obj,bench/fann_bench.c bench/options.c) \
                     $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link,$(shell pkg-config --libs fann))

$(BUILD)/obj/bench/fann_bench.o: FLAGS += $(shell pkg-config --cflags fann)

$(BUILD)/steps: $(BUILD)/obj/bench/steps.o $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

# ---- tests: the whole suite as float and as double, then the programs

$(BUILD)/test: $(call obj,$(TESTS)) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link,$(CHECK_LIBS) $(WRAP))

$(BUILD)/test-double: $(call dbl,$(TESTS)) $(BUILD)/libgradus-double.a
	$(call Q,LD $@)$(call link,$(CHECK_LIBS) $(WRAP))

# What tests/test_torch.sh has PyTorch compute too.
$(BUILD)/torch-layers: $(call obj,$(TORCH)) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

# Writes the model files of tests/models that are not there yet.
$(BUILD)/write-models: $(call obj,tests/models/write.c) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

# What tests/same/same.sh compares.
$(BUILD)/same: $(call obj,$(SAME)) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

$(BUILD)/same-double: $(call dbl,$(SAME)) $(BUILD)/libgradus-double.a
	$(call Q,LD $@)$(call link)

test: all $(BUILD)/test $(BUILD)/test-double $(BUILD)/custom-layer-check \
      $(BUILD)/torch-layers $(BUILD)/write-models
	tests/run.sh $(BUILD)

asan:
	$(MAKE) test BUILD=$(BUILD)/asan CFLAGS="-O1 -g -fno-omit-frame-pointer \
	    -fsanitize=address,undefined -fno-sanitize-recover=all"

tsan:
	$(MAKE) test BUILD=$(BUILD)/tsan CFLAGS="-O1 -g -fsanitize=thread"

# valgrind does not know all instructions of new processors
valgrind:
	tools/deps.sh valgrind
	$(MAKE) valgrind-run BUILD=$(BUILD)/valgrind ARCH=

valgrind-run: $(BUILD)/test $(BUILD)/test-double
	tests/run.sh --valgrind $(BUILD)

same:
	@tests/same/same.sh '$(BASE)' $(BUILD)

# Without valgrind instructions.sh says that nothing was checked.
guard guard-store:
	-tools/deps.sh valgrind
	$(MAKE) $(BUILD)/valgrind/steps BUILD=$(BUILD)/valgrind ARCH= CFLAGS="-O3 -g"
	@bench/instructions.sh $(if $(filter guard-store,$@),--store) $(BUILD)/valgrind

check-long:
	tools/deps.sh valgrind clang
	$(MAKE) test BUILD=$(BUILD)/clang CC=clang
	$(MAKE) asan
	$(MAKE) tsan
	$(MAKE) valgrind
	$(MAKE) guard GUARD=required

double: $(BUILD)/libgradus-double.a $(BUILD)/custom-layer-check

# ---- what a new user types

deps:
	@tools/deps.sh

bench bench-quick: $(BUILD)/gradus_bench
	@bench/peers.sh
	@if pkg-config --exists fann; then \
	    $(MAKE) --no-print-directory $(BUILD)/fann_bench; \
	else rm -f $(BUILD)/fann_bench; fi
	@bench/bench.py $(if $(filter bench-quick,$@),--quick)

mnist: all
	@examples/mnist/demo.sh $(BUILD)

ifneq ($(filter deps,$(MAKECMDGOALS)),)
$(call obj,$(SRC) $(MNIST) $(OWN_DATA) $(CUSTOM) $(TESTS) $(TORCH)): | deps
$(call dbl,$(SRC) $(CUSTOM) $(TESTS)): | deps
endif

install: all
	install -d $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/lib/pkgconfig
	install -m 644 include/gradus.h include/gradus_layer.h \
	    $(DESTDIR)$(PREFIX)/include
	install -m 644 $(BUILD)/libgradus.a $(DESTDIR)$(PREFIX)/lib
	install -m 755 $(BUILD)/libgradus.so \
	    $(DESTDIR)$(PREFIX)/lib/libgradus.so.$(VERSION)
	ln -sf libgradus.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(PREFIX)/lib/libgradus.so
	printf '%s\n' 'prefix=$(PREFIX)' 'Name: gradus' \
	    'Description: a small library that trains neural networks' \
	    'Version: $(VERSION)' 'Requires.private: $(PKGS)' \
	    'Cflags: -I$${prefix}/include' 'Libs: -L$${prefix}/lib -lgradus' \
	    'Libs.private: -pthread -lm' \
	    > $(DESTDIR)$(PREFIX)/lib/pkgconfig/gradus.pc

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/include/gradus.h \
	    $(DESTDIR)$(PREFIX)/include/gradus_layer.h \
	    $(DESTDIR)$(PREFIX)/lib/libgradus.* \
	    $(DESTDIR)$(PREFIX)/lib/pkgconfig/gradus.pc

clean:
	rm -rf $(BUILD)

help:
	@awk '!/^#/ { exit } { sub(/^# ?/, ""); print }' Makefile

.PHONY: always all double test asan tsan valgrind valgrind-run same guard guard-store check-long deps bench bench-quick mnist install uninstall clean help
.SECONDARY:

-include $(patsubst %.o,%.d,\
    $(call obj,$(SRC) $(MNIST) $(OWN_DATA) $(CUSTOM) $(TESTS) $(TORCH) $(SAME) tests/models/write.c $(BENCH) bench/steps.c bench/fann_bench.c) \
    $(call dbl,$(SRC) $(CUSTOM) $(TESTS) $(SAME)))
