# SPDX-License-Identifier: GPL-2.0-only
#
# A thin front over meson and ninja, so that the common jobs have one word each.
# Everything below may also be done with meson in a build directory of your own.

BUILD ?= build
# What to hand to `meson setup`, such as MESON_FLAGS=-Dwerror=true
MESON_FLAGS ?=
DESTDIR ?=

.PHONY: all packages tested check check-long check-kernel check-kernel-debug \
	demo gpu-check gpu-bench install lint sanitize sanitize-address sanitize-thread \
	clean help

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

# What meson says matters when it fails.
quietly = @out=$$($(1) 2>&1) || { printf '%s\n' "$$out"; exit 1; }

$(BUILD)/build.ninja:
	$(call quietly,meson setup $(BUILD) $(MESON_FLAGS))

packages:
	@scripts/install-deps build test

# Configured with the tests; looks again for what was not there the first time.
$(BUILD)/with-tests: | packages
	$(call quietly,if test -f $(BUILD)/build.ninja; \
		then meson setup --reconfigure $(BUILD) -Dtests=enabled; \
		else meson setup $(BUILD) -Dtests=enabled $(MESON_FLAGS); fi)
	@touch $@

tested: $(BUILD)/with-tests
	ninja -C $(BUILD)

check: tested
	meson test -C $(BUILD) --no-rebuild --print-errorlogs

check-long: tested
	meson test -C $(BUILD) --no-rebuild --print-errorlogs --setup long \
		--suite long

# The kernel module in virtual machines; as root.
check-kernel:
	tests/kernel/check -j 3 6.1 6.12 7

check-kernel-debug:
	tests/kernel/check debug planted

demo: tested
	@scripts/demo $(BUILD)

gpu-check: tested
	bench/gpu-check $(BUILD)

# The same rows over what users get: optimised, without assertions. The tests are
# built for the rows that run them on the GPU.
gpu-bench: packages
	$(call quietly,test -f $(BUILD)-bench/build.ninja || meson setup \
		$(BUILD)-bench --buildtype=release -Dtests=enabled $(MESON_FLAGS))
	ninja -C $(BUILD)-bench
	bench/gpu-check $(BUILD)-bench

# What users get is built for them: optimised, without assertions or tests.
install:
	$(call quietly,test -f $(BUILD)-release/build.ninja || meson setup \
		$(BUILD)-release --buildtype=release -Dtests=disabled $(MESON_FLAGS))
	ninja -C $(BUILD)-release
	DESTDIR=$(DESTDIR) meson install -C $(BUILD)-release --no-rebuild

lint:
	scripts/install-deps build test lint
	scripts/lint

sanitize: sanitize-address sanitize-thread

sanitize-address sanitize-thread: packages
	scripts/sanitize $(@:sanitize-%=%)

clean:
	rm -rf $(BUILD) $(BUILD)-release $(BUILD)-bench build-sanitize-address build-sanitize-thread build-lint

help:
	@echo 'make              build into $(BUILD)/'
	@echo 'make check        install what is missing, build, run the fast tests'
	@echo 'make demo         a program three times larger than its VRAM, on the'
	@echo '                  real GPU or else on the simulated one'
	@echo 'make check-long   many seeds, and fuzzing'
	@echo 'make check-kernel, check-kernel-debug'
	@echo '                  the kernel module in virtual machines, as root'
	@echo 'make gpu-check    measure on a real GPU, results to bench/results/'
	@echo 'make gpu-bench    the same on a build for release, as figures are published'
	@echo 'make install      builds for release into $(BUILD)-release/ and installs that;'
	@echo '                  honours DESTDIR; the prefix is MESON_FLAGS=--prefix=...'
	@echo 'make lint         formatting, static analysis, size budget, links'
	@echo 'make sanitize     the engine and simulator tests under ASan, UBSan, TSan'
	@echo 'make clean'
