# gradus -- a small library that trains neural networks on the CPU
#
#   make            build/libgradus.a, build/libgradus.so, the programs
#   make mnist      get MNIST, train on it, show what was learnt
#   make deps       install what is missing, on Debian and Ubuntu; elsewhere
#                   print the command to type
#   make test       build and run every test
#   make asan       the tests under the address and undefined-behaviour sanitisers
#   make tsan       the C suites under the thread sanitiser
#   make valgrind   the C suites under valgrind
#   make coverage   measure which lines and branches of src the tests reach, and
#                   fail below 97 % of lines, or if a branch of the loaders and
#                   savers is missed that tools/coverage.txt does not explain;
#                   build/coverage/index.html shows each line
#   make lint       have clang-tidy, cppcheck and GCC's analyser read src and
#                   examples; tools/lint.txt says which findings are no faults
#   make fuzz       feed the loaders and the interface with inputs that libFuzzer
#                   makes, each for FUZZ_SECONDS (30), under the sanitisers
#   make soak       train, save, load and free for SOAK_MINUTES (30), with
#                   faults, and fail if memory or descriptors grow
#   make onednn     the C suites as BLAS=onednn builds them (see below)
#   make same BASE=COMMIT
#                   check that this tree computes, bit by bit, what the tree of
#                   that commit computes
#   make guard      count the instructions of a training step with valgrind,
#                   and compare them with a budget; make guard-store makes the
#                   present counts the budget
#   make check-long run what takes longer than make test, in one and a half to
#                   three hours, half of them valgrind's: the tests as clang
#                   builds them, onednn, asan, tsan, valgrind, exp and its like
#                   of every float, the museum, the guard
#   make museum     plant the faults of docs/museum.md, one after the other, and
#                   show that the test which the page names fails
#   make exercise   list the exercises in backprop; with N=3, begin or check
#                   number 3 (exercises/README.md)
#   make mpi        build/libgradus-mpi.a and build/mnist-train-mpi, for several
#                   processes or machines (docs/cluster.md); needs MPI, and
#                   installs OpenMPI on Debian and Ubuntu
#   make double     build/libgradus-double.a, the library in double precision
#                   for gradient checks, and build/custom-layer-check, a
#                   program that makes one
#   make bench      measure the speed beside PyTorch, JAX and others, and write
#                   the page of this processor in docs/performance, in an hour
#                   and a half; make bench-quick takes ten minutes, and prints
#                   its measurements
#   make install    install into DESTDIR/PREFIX a library for this machine's
#                   processor, or for others too (ARCH=); make uninstall
#                   removes that
#   make clean      remove build/
#   make help       this list
#
# Variables: CC CFLAGS LDFLAGS PREFIX DESTDIR; BUILD names another folder to
# build in; V=1 prints every command.  What is built uses all that this
# machine's processor can do; with ARCH= it runs on other processors of the
# family too, but more slowly.  BLAS=onednn has oneDNN multiply matrices of
# floats (README.md says when that pays); it needs libdnnl-dev, too.

CC      ?= cc
CFLAGS  ?= -O3 -g
PREFIX  ?= /usr/local
BUILD   ?= build
# The version is the header's; the SONAME has its first two numbers.
VERSION := $(shell sed -n 's/^.define GRADUS_VERSION "\(.*\)"/\1/p' include/gradus.h)
SONAME  := libgradus.so.$(basename $(VERSION))

# pkg-config runs when a recipe needs these, and not before, so that the goal
# `all` of `make deps all` finds what the goal `deps` has just installed.
PKGS         := openblas zlib jansson
PKG_CFLAGS    = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS      = $(shell pkg-config --libs $(PKGS))
CHECK_CFLAGS  = $(shell pkg-config --cflags check)
CHECK_LIBS    = $(shell pkg-config --libs check)

# The loops outside OpenBLAS take a third of the time of a small net's step.
# With -march=native the compiler may use wider vectors than a distribution's
# default allows, and the step takes 11 % less time.  With vectors of 512 bits,
# where compilers prefer 256 unless told otherwise, it takes another 5 % less.
works = $(shell $(CC) -Werror $(1) -E -x c /dev/null >/dev/null 2>&1 && echo $(1))
ifeq ($(origin ARCH),undefined)
ARCH := $(or $(call works,-march=native -mprefer-vector-width=512),\
             $(call works,-march=native))
endif

# Two flags change nothing on the usual machines.  On 32-bit ones, files may be
# larger than 2 GiB with _FILE_OFFSET_BITS.  Where the processor computes with
# more digits than a float has (s390x, i386 without SSE), -std=c11 would have
# the compiler treat 0.5f as a longer number, which no vector of floats takes.
FLAGS := $(ARCH) -std=c11 -Wall -Wextra -Wpedantic -Wshadow -fPIC -fvisibility=hidden \
         -pthread -Iinclude -MMD -MP -D_FILE_OFFSET_BITS=64 \
         $(call works,-fexcess-precision=fast)
LIBS   = $(PKG_LIBS) $(BLAS_LIBS) -lm

# What is compiled as float has its matrix products from BLAS; as double it has
# OpenBLAS's.  (An environment's BLAS means something else.)
BLAS          := openblas
GEMM_openblas := src/base/gemm.c
GEMM_onednn   := src/base/gemm_onednn.c
LIBS_onednn   := -ldnnl -lgomp
BLAS_LIBS     := $(LIBS_$(BLAS))
ifeq ($(GEMM_$(BLAS)),)
$(error BLAS: got '$(BLAS)'; must be openblas or onednn)
endif
ifneq ($(and $(filter onednn,$(BLAS)),$(filter test asan bench bench-quick,$(MAKECMDGOALS))),)
$(error BLAS: got 'onednn'; must be openblas for $(MAKECMDGOALS); make onednn tests it, make bench measures both)
endif

SRC      := $(filter-out src/mpi/% $(GEMM_onednn),$(wildcard src/*/*.c))
FLOAT    := $(SRC:$(GEMM_openblas)=$(GEMM_$(BLAS)))
MNIST    := $(wildcard examples/mnist/*.c)
SHARED   := $(wildcard programs/shared/*.c)
GRADUS   := $(wildcard programs/gradus/*.c)
PARTS    := $(patsubst %,examples/mnist/%.c,ranks recipes train_options)
OWN_DATA := $(wildcard examples/own-data/*.c)
CUSTOM   := examples/custom-layer/custom-layer.c
TESTS    := $(filter-out tests/soak.c,$(wildcard tests/*.c))
TORCH    := $(wildcard tests/torch/*.c)
SAME     := $(wildcard tests/same/*.c) programs/shared/nets.c
# what the scripts of tests build, a program in each file
ALONE    := tests/soak.c $(foreach d,corpus doctor fuzz metrics models,$(wildcard tests/$d/*.c))

PROGRAMS := $(patsubst examples/mnist/%.c,$(BUILD)/mnist-%,\
            $(filter-out $(PARTS),$(MNIST))) $(BUILD)/gradus \
            $(BUILD)/gradus-double \
            $(OWN_DATA:examples/own-data/%.c=$(BUILD)/%) $(BUILD)/custom-layer

Q = $(if $(V),,@echo '  $(1)';)

obj = $(1:%.c=$(BUILD)/obj/%.o)
dbl = $(1:%.c=$(BUILD)/double/%.o)

all: $(BUILD)/libgradus.a $(BUILD)/libgradus.so $(PROGRAMS)

# Programs see include/, and what they share; the library and tests see src/ too.
$(BUILD)/obj/examples/%.o $(BUILD)/obj/programs/%.o $(BUILD)/double/programs/%.o: \
    FLAGS += -Iprograms/shared $(PKG_CFLAGS)
$(BUILD)/obj/src/%.o $(BUILD)/double/src/%.o: FLAGS += -Isrc $(PKG_CFLAGS)
$(BUILD)/obj/tests/%.o $(BUILD)/double/tests/%.o: \
    FLAGS += -Isrc $(CHECK_CFLAGS) $(PKG_CFLAGS)

# Where a damaged file ends, stb_image shifts numbers by more than their width.
$(BUILD)/obj/src/data/stb.o $(BUILD)/double/src/data/stb.o: \
    LATE := -fwrapv -fno-sanitize=shift

# If square roots need not set errno, one instruction computes several of them.
$(BUILD)/obj/src/optim/%.o $(BUILD)/double/src/optim/%.o: \
    FLAGS += -fno-math-errno

# In convolutions, a multiplication and an addition may become one instruction.
$(BUILD)/obj/src/kernels/conv%.o $(BUILD)/double/src/kernels/conv%.o \
$(foreach f,winograd product,$(BUILD)/obj/src/kernels/$f.o $(BUILD)/double/src/kernels/$f.o): \
    FLAGS += -ffp-contract=fast

# With vectors of 512 bits, 16 maxima would be computed at once, and a line of 14
# one by one.
$(BUILD)/obj/src/kernels/pool2.o $(BUILD)/double/src/kernels/pool2.o: \
    FLAGS += $(call works,-mprefer-vector-width=128)

# Functions that take or return vectors are all inlined, so that it does not
# matter how compilers of different versions would pass them.
$(foreach f,functions sums,$(BUILD)/obj/src/kernels/$f.o $(BUILD)/double/src/kernels/$f.o): \
    FLAGS += -Wno-psabi

# This file holds the compiler, its flags and BLAS.  When they differ from last
# time, everything is compiled anew.
$(BUILD)/flags: always
	@mkdir -p $(@D)
	@echo '$(CC) $(ARCH) $(CPPFLAGS) $(CFLAGS) $(BLAS)' | cmp -s - $@ || \
	    echo '$(CC) $(ARCH) $(CPPFLAGS) $(CFLAGS) $(BLAS)' > $@

$(BUILD)/obj/%.o: %.c Makefile $(BUILD)/flags
	@mkdir -p $(@D)
	$(call Q,CC $@)$(CC) $(FLAGS) $(CPPFLAGS) $(CFLAGS) $(LATE) -c $< -o $@

$(BUILD)/double/%.o: %.c Makefile $(BUILD)/flags
	@mkdir -p $(@D)
	$(call Q,CC $@)$(CC) $(FLAGS) -DGRADUS_DOUBLE $(CPPFLAGS) $(CFLAGS) $(LATE) -c $< -o $@

$(BUILD)/libgradus.a: $(call obj,$(FLOAT))
	@rm -f $@
	$(call Q,AR $@)$(AR) rcs $@ $^

$(BUILD)/libgradus.so: $(call obj,$(FLOAT))
	$(call Q,LD $@)$(CC) $(CFLAGS) $(LDFLAGS) -shared -pthread -Wl,-soname,$(SONAME) \
	    $^ $(LIBS) -o $@

$(BUILD)/libgradus-double.a: $(call dbl,$(SRC))
	@rm -f $@
	$(call Q,AR $@)$(AR) rcs $@ $^

link = $(CC) $(CFLAGS) $(LDFLAGS) -pthread $^ $(1) $(LIBS) -o $@

# This one shares nothing, as it is to be read alone.
$(BUILD)/mnist-minimal: $(BUILD)/obj/examples/mnist/minimal.o $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

$(BUILD)/mnist-%: $(BUILD)/obj/examples/mnist/%.o $(call obj,$(PARTS) $(SHARED)) \
                  $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

$(BUILD)/gradus: $(call obj,$(GRADUS) $(SHARED)) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

# The commands that compare gradients with differences run this one.
$(BUILD)/gradus-double: $(call dbl,$(GRADUS) $(SHARED)) $(BUILD)/libgradus-double.a
	$(call Q,LD $@)$(call link)

$(OWN_DATA:examples/own-data/%.c=$(BUILD)/%): $(BUILD)/%: \
    $(BUILD)/obj/examples/own-data/%.o $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

$(BUILD)/custom-layer: $(call obj,$(CUSTOM)) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

# Compiled as double, the same program checks its layer's gradients.
$(BUILD)/custom-layer-check: $(call dbl,$(CUSTOM)) $(BUILD)/libgradus-double.a
	$(call Q,LD $@)$(call link)

# The tests make each of these functions fail, at one call after the other.
comma := ,
WRAP  := $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc strdup free \
         open_memstream fclose pthread_create open open64 read write pwrite \
         pwrite64 fsync fchmod close rename flock linkat unlink)

# ---- several processes: libgradus-mpi, with the compiler that knows MPI
MPICC ?= mpicc

mpi:
	@command -v $(firstword $(MPICC)) >/dev/null || tools/deps.sh $(firstword $(MPICC))
	$(MAKE) --no-print-directory $(BUILD)/libgradus-mpi.a $(BUILD)/mnist-train-mpi \
	    $(BUILD)/exchange_bench

$(BUILD)/mpi/%.o: FLAGS += -Iprograms/shared -Iexamples/mnist $(PKG_CFLAGS)
# These are few, and compiled each time, as another MPICC may be asked for.
$(BUILD)/mpi/%.o: %.c always
	@mkdir -p $(@D)
	$(call Q,MPICC $@)$(MPICC) $(FLAGS) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

$(BUILD)/libgradus-mpi.a: $(BUILD)/mpi/src/mpi/mpi.o
	@rm -f $@
	$(call Q,AR $@)$(AR) rcs $@ $^

# mnist-train's files, but for the one that says that it is alone.
$(BUILD)/mnist-train-mpi: $(BUILD)/mpi/examples/mpi/ranks.o \
    $(call obj,examples/mnist/train.c $(filter-out %/ranks.c,$(PARTS)) $(SHARED)) \
    $(BUILD)/libgradus-mpi.a $(BUILD)/libgradus.a
	$(call Q,LD $@)$(MPICC) $(CFLAGS) $(LDFLAGS) -pthread $^ $(LIBS) -o $@

# bench/cluster_model.py takes what this measures of a network.
$(BUILD)/exchange_bench: $(BUILD)/mpi/bench/exchange.o $(BUILD)/libgradus-mpi.a
	$(call Q,LD $@)$(MPICC) $(CFLAGS) $(LDFLAGS) $^ -lm -o $@

# ---- measurements, in which c = c * a + b has to become one instruction
BENCH := $(addprefix bench/,gradus_bench.c blas.c infer.c limits.c nets.c options.c stream.c)

$(BUILD)/obj/bench/%.o: FLAGS += $(PKG_CFLAGS) -ffp-contract=fast

$(BUILD)/gradus_bench: $(call obj,$(BENCH)) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

$(BUILD)/obj/bench/convolutions.o: FLAGS += -Isrc

$(BUILD)/convolutions: $(call obj,bench/convolutions.c bench/limits.c bench/options.c bench/blas.c) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

# bench/peers.sh installs FANN where it can, and only then `make bench` builds
# this, in a make of its own, so that pkg-config finds the library.
$(BUILD)/fann_bench: $(call obj,bench/fann_bench.c bench/options.c) \
                     $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link,$(shell pkg-config --libs fann))

# bench/peers.sh installs oneDNN, too.  Only its version 2 has these functions.
$(BUILD)/onednn_bench: $(call obj,bench/onednn_bench.c bench/options.c)
	$(call Q,LD $@)$(call link,-ldnnl -lgomp)

HAS_ONEDNN = printf '%s\n' '\#include <oneapi/dnnl/dnnl_version.h>' \
    '\#if DNNL_VERSION_MAJOR != 2' '\#error' '\#endif' | \
    $(CC) -E -x c - >/dev/null 2>&1

$(BUILD)/obj/bench/fann_bench.o: FLAGS += $(shell pkg-config --cflags fann)

$(BUILD)/steps: $(BUILD)/obj/bench/steps.o $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

# ---- tests: the whole suite as float and as double, then the programs

$(BUILD)/test: $(call obj,$(TESTS)) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link,$(CHECK_LIBS) $(WRAP))

$(BUILD)/test-double: $(call dbl,$(TESTS)) $(BUILD)/libgradus-double.a
	$(call Q,LD $@)$(call link,$(CHECK_LIBS) $(WRAP))

# tests/test_torch.sh has PyTorch compute what this program computes, too.
$(BUILD)/torch-layers: $(call obj,$(TORCH)) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

# tests/test_metrics.sh has scikit-learn compute what this program computes, too.
$(BUILD)/print-metrics: $(call obj,tests/metrics/print.c) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

# This program writes the model files of tests/models that are not there yet.
$(BUILD)/write-models: $(call obj,tests/models/write.c) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

# tests/test_corpus.sh has this program load bad files.
$(BUILD)/load-bad: $(call obj,tests/corpus/load.c) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

# tests/test_corpus_model.sh has this program load bad model files.
$(BUILD)/load-bad-models: $(call obj,tests/corpus/model.c) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

# tests/test_corpus_model.sh has this program make and load checkpoints.
$(BUILD)/load-bad-checkpoints: $(call obj,tests/corpus/checkpoint.c) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

# tests/test_doctor.sh has gradus doctor examine what this program writes.
$(BUILD)/sick-nets: $(call obj,tests/doctor/sick.c) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

# tests/same/same.sh compares what these two programs print.
$(BUILD)/same: $(call obj,$(SAME)) $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

$(BUILD)/same-double: $(call dbl,$(SAME)) $(BUILD)/libgradus-double.a
	$(call Q,LD $@)$(call link)

test: all $(BUILD)/test $(BUILD)/test-double $(BUILD)/custom-layer-check \
      $(BUILD)/checker.a $(BUILD)/torch-layers $(BUILD)/print-metrics $(BUILD)/write-models \
      $(BUILD)/load-bad $(BUILD)/load-bad-models $(BUILD)/load-bad-checkpoints \
      $(BUILD)/sick-nets $(BUILD)/gradus_bench $(BUILD)/convolutions
	tests/run.sh $(BUILD)

# One process runs all tests: with a process for each, every one of them would
# search for leaks, and the tests would take seven times as long.
asan: export CK_FORK = no
asan:
	$(MAKE) test BUILD=$(BUILD)/asan CFLAGS="-O1 -g -fno-omit-frame-pointer \
	    -fsanitize=address,undefined -fno-sanitize-recover=all"

# A test forks while there are threads, and its child starts others.  The
# scripts, which run programs, would take hours and find no other threads.
tsan:
	$(MAKE) tsan-run BUILD=$(BUILD)/tsan CFLAGS="-O1 -g -fsanitize=thread"

tsan-run: $(BUILD)/test $(BUILD)/test-double
	TSAN_OPTIONS=die_after_fork=0 tests/run.sh --suites $(BUILD)

# Valgrind does not know all instructions of new processors; hence ARCH=.
valgrind:
	tools/deps.sh valgrind
	$(MAKE) valgrind-run BUILD=$(BUILD)/valgrind ARCH=

valgrind-run: $(BUILD)/test $(BUILD)/test-double
	tests/run.sh --valgrind $(BUILD)

# The C suites with oneDNN's products, and some of them once more as if oneDNN
# had no memory.  As double, they are those of make test.
onednn:
	tools/deps.sh onednn
	$(MAKE) onednn-run BUILD=$(BUILD)/onednn BLAS=onednn

onednn-run: $(BUILD)/test $(BUILD)/threads $(BUILD)/no-memory.so
	CK_TIMEOUT_MULTIPLIER=20 $(BUILD)/test
	$(BUILD)/threads
	LD_PRELOAD=$(BUILD)/no-memory.so ldd $(BUILD)/test | grep -q no-memory
	for suite in gemm dense conv2d step infer; do \
	    LD_PRELOAD=$(BUILD)/no-memory.so $(BUILD)/test $$suite || exit; done

$(BUILD)/threads: $(BUILD)/obj/tests/onednn/threads.o $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link)

$(BUILD)/no-memory.so: tests/onednn/no_memory.c Makefile $(BUILD)/flags
	$(call Q,LD $@)$(CC) $(FLAGS) -fvisibility=default $(CFLAGS) -shared $< -o $@

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
	$(MAKE) onednn
	$(MAKE) asan
	$(MAKE) tsan
	$(MAKE) valgrind
	$(MAKE) $(BUILD)/test
	EVERY_FLOAT=1 CK_TIMEOUT_MULTIPLIER=1000 $(BUILD)/test functions
	$(MAKE) museum
	$(MAKE) guard GUARD=required

museum:
	@tests/museum/run.sh

# Lines and branches of src that the C suites, as float and as double, and the
# bad files reach.
# Threads count with atomic instructions, or counts would get lost.
coverage:
	tools/deps.sh gcovr
	$(MAKE) coverage-run BUILD=$(BUILD)/coverage \
	    CFLAGS="-O1 -g --coverage -fprofile-update=atomic"

coverage-run: $(addprefix $(BUILD)/,test test-double load-bad load-bad-models load-bad-checkpoints)
	@find $(BUILD) -name '*.gcda' -delete
	CK_TIMEOUT_MULTIPLIER=20 $(BUILD)/test
	CK_TIMEOUT_MULTIPLIER=20 $(BUILD)/test-double
	BUILD=$(BUILD) tests/test_corpus.sh
	BUILD=$(BUILD) tests/test_corpus_model.sh
	gcovr --root . --filter src/ --object-directory $(BUILD) --print-summary \
	    --html-details $(BUILD)/index.html --txt $(BUILD)/lines.txt \
	    --json $(BUILD)/coverage.json --fail-under-line 97 $(BUILD)
	tools/coverage.py $(BUILD)/coverage.json
	@echo "coverage: $(BUILD)/index.html shows each line"

lint:
	tools/deps.sh clang-tidy cppcheck mpicc onednn
	tools/lint.sh

# Each target runs for this many seconds.
FUZZ_SECONDS ?= 30
FUZZ := $(filter-out fuzz,$(basename $(notdir $(wildcard tests/fuzz/*.c))))

fuzz:
	tools/deps.sh clang
	$(MAKE) fuzz-run BUILD=$(BUILD)/fuzz CC=clang CFLAGS="-O1 -g \
	    -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"

fuzz-run: $(FUZZ:%=$(BUILD)/fuzz-%)
	tests/fuzz/run.sh $(BUILD) $(FUZZ_SECONDS) $(FUZZ)

$(BUILD)/fuzz-%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/obj/tests/fuzz/fuzz.o \
                 $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link) -fsanitize=fuzzer

SOAK_MINUTES ?= 30

$(BUILD)/soak: $(addprefix $(BUILD)/obj/tests/,soak.o allocations.o faults.o) \
               $(BUILD)/libgradus.a
	$(call Q,LD $@)$(call link,$(WRAP))

soak: $(BUILD)/soak
	$(BUILD)/soak $(SOAK_MINUTES)

double: $(BUILD)/libgradus-double.a $(BUILD)/custom-layer-check

# ---- exercises: run.sh links the checker with the learner's file and the rest
CHECKER := $(wildcard exercises/checker/*.c)

$(BUILD)/double/exercises/%.o: FLAGS += -Isrc

$(BUILD)/checker.a: $(call dbl,$(CHECKER))
	@rm -f $@
	$(call Q,AR $@)$(AR) rcs $@ $^

# run.sh refuses other numbers; nothing needs to be built for that.
EXERCISES := $(notdir $(wildcard exercises/[0-9][0-9]))

exercise: $(if $(filter $(N),$(EXERCISES) $(EXERCISES:0%=%)),\
            $(BUILD)/checker.a $(BUILD)/libgradus-double.a)
	@BUILD='$(BUILD)' CC='$(CC)' exercises/run.sh '$(N)'

# ---- the first commands of a new user, and the benchmarks

deps:
	@tools/deps.sh
	$(if $(filter onednn,$(BLAS)),@tools/deps.sh onednn)

bench bench-quick: $(BUILD)/gradus_bench $(BUILD)/convolutions
	@BUILD=$(BUILD) bench/peers.sh
	@if pkg-config --exists fann; then \
	    $(MAKE) --no-print-directory $(BUILD)/fann_bench; \
	else rm -f $(BUILD)/fann_bench; fi
	@if $(HAS_ONEDNN); then \
	    $(MAKE) --no-print-directory $(BUILD)/onednn_bench && \
	    $(MAKE) --no-print-directory BUILD=$(BUILD)/onednn BLAS=onednn \
	        $(BUILD)/onednn/gradus_bench; \
	else rm -f $(BUILD)/onednn_bench; fi
	@bench/bench.py $(if $(filter bench-quick,$@),--quick)

mnist: $(addprefix $(BUILD)/,mnist-minimal mnist-train mnist-predict gradus xor)
	@examples/mnist/demo.sh $(BUILD)

ifneq ($(filter deps,$(MAKECMDGOALS)),)
$(call obj,$(FLOAT) $(MNIST) $(SHARED) $(GRADUS) $(OWN_DATA) $(CUSTOM) $(TESTS) $(TORCH) $(ALONE) $(BENCH)): | deps
$(call dbl,$(SRC) $(SHARED) $(GRADUS) $(CUSTOM) $(TESTS) $(CHECKER)): | deps
endif

# The loader of an installed library does not ask what processor it is for.
install-notice:
ifneq ($(filter -march=native -mcpu=native,$(ARCH)),)
	@echo 'install: this library is for processors like the one of this machine, as it is'
	@echo 'install: compiled with $(strip $(filter -march=native -mcpu=native,$(ARCH))); on others it may end with "illegal instruction".'
	@echo 'install: For any processor of the family, type: make install ARCH='
endif

install: install-notice all
	install -d $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/lib/pkgconfig \
	    $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BUILD)/gradus $(BUILD)/gradus-double \
	    $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(wildcard include/*.h) $(DESTDIR)$(PREFIX)/include
	if [ -f $(BUILD)/libgradus-mpi.a ]; then \
	    install -m 644 $(BUILD)/libgradus-mpi.a $(DESTDIR)$(PREFIX)/lib; fi
	install -m 644 $(BUILD)/libgradus.a $(DESTDIR)$(PREFIX)/lib
	install -m 755 $(BUILD)/libgradus.so \
	    $(DESTDIR)$(PREFIX)/lib/libgradus.so.$(VERSION)
	ln -sf libgradus.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(PREFIX)/lib/libgradus.so
	printf '%s\n' 'prefix=$(PREFIX)' 'Name: gradus' \
	    'Description: a small library that trains neural networks' \
	    'Version: $(VERSION)' 'Requires.private: $(PKGS)' \
	    'Cflags: -I$${prefix}/include' 'Libs: -L$${prefix}/lib -lgradus' \
	    'Libs.private: $(BLAS_LIBS) -pthread -lm' \
	    > $(DESTDIR)$(PREFIX)/lib/pkgconfig/gradus.pc

uninstall:
	rm -f $(patsubst %,$(DESTDIR)$(PREFIX)/%,$(wildcard include/*.h)) \
	    $(DESTDIR)$(PREFIX)/bin/gradus $(DESTDIR)$(PREFIX)/bin/gradus-double \
	    $(DESTDIR)$(PREFIX)/lib/libgradus.* \
	    $(DESTDIR)$(PREFIX)/lib/libgradus-mpi.a \
	    $(DESTDIR)$(PREFIX)/lib/pkgconfig/gradus.pc

clean:
	rm -rf $(BUILD)

help:
	@awk '!/^#/ { exit } { sub(/^# ?/, ""); print }' Makefile

.PHONY: always all double mpi test asan tsan tsan-run onednn onednn-run valgrind valgrind-run same guard guard-store check-long museum coverage coverage-run lint fuzz fuzz-run soak exercise deps bench bench-quick mnist install install-notice uninstall clean help
.SECONDARY:

-include $(patsubst %.o,%.d,\
    $(call obj,$(FLOAT) $(MNIST) $(SHARED) $(GRADUS) $(OWN_DATA) $(CUSTOM) $(TESTS) $(TORCH) $(SAME) $(ALONE) $(BENCH) bench/steps.c bench/convolutions.c bench/fann_bench.c bench/onednn_bench.c) \
    $(call dbl,$(SRC) $(SHARED) $(GRADUS) $(CUSTOM) $(TESTS) $(SAME) $(CHECKER)))
