# SPDX-License-Identifier: GPL-2.0-only
#
# The packeting engine; 'make help' lists what can be made.

# 'make demo SHELL=1' is what a person types, but SHELL is make's own: take the
# word and give make its shell back, also in the makes that it calls.
ifeq ($(SHELL),1)
export DEMO_SHELL := 1
override SHELL := /bin/sh
MAKEOVERRIDES := $(filter-out SHELL=%,$(MAKEOVERRIDES))
endif

MAKEFLAGS += --no-print-directory

# Kernels that the tests run on, as series.
KERNELS := 6.1 6.12

# The newest installed kernel of a series that has headers, as its full version.
headers = $(shell ls -d /lib/modules/$(1)-*-amd64/build /lib/modules/$(1).*-amd64/build \
	2>/dev/null | cut -d / -f 4 | grep -v -e -rt- -e -cloud- | sort -V | tail -n 1)

# The kernel to build for, where none is named: the running one, else the newest.
ifndef KDIR
KDIR := $(firstword $(wildcard /lib/modules/$(shell uname -r)/build) \
	$(shell ls -d /lib/modules/*/build 2>/dev/null | sort -V | tail -n 1))
endif

# Every kernel gets its own copy of the tree, of links, below build/.
B := build

PREFIX ?= /usr
DESTDIR ?=
SBINDIR ?= $(PREFIX)/sbin
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
export PREFIX DESTDIR SBINDIR MANDIR COMPLETIONDIR

.PHONY: all
all: module userspace

.PHONY: help
help:
	@echo 'make              module (pe.ko) and CLI (userspace/pectl/pectl)'
	@echo '  KDIR=DIR        for the kernel whose headers are in DIR'
	@echo 'make demo         see it work, in a virtual machine (SHELL=1: stay inside)'
	@echo 'make check        every test, on every kernel (T=name, K=version: only those)'
	@echo 'make bench        what it costs (PARTS=, ROWS=, K=version, N=services: only those)'
	@echo 'make bench-native the same in real cycles, as ratios, in User Mode Linux (ROWS=)'
	@echo 'make torture      tests on a kernel that finds faults (T=name, LONG=1, SEED=number)'
	@echo 'make bench-figures  make the committed figures what is measured now'
	@echo 'make style        checkpatch, sparse, clang-format, shellcheck'
	@echo 'make spec         generate uapi and policies from the netlink specification'
	@echo 'make spec-check   fail if they differ from the specification'
	@echo 'make modules-all  the module for every kernel that is tested: build/VERSION/pe.ko'
	@echo 'make install      module, pectl, header, manual, completion, /var/lib/pectl (DESTDIR, PREFIX)'
	@echo 'make clean        remove what was built'

# --- module ------------------------------------------------------------------

# $(call version,KDIR): the version as uname and /lib/modules have it.
version = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' "$(1)/include/generated/utsrelease.h" 2>/dev/null)

# $(call build-module,KDIR): build below $(B)/VERSION.
define build-module
	+@kver="$(call version,$(1))"; [ -n "$$kver" ] || { \
		echo "make: no kernel headers in '$(1)'; run scripts/setup build, or name them with KDIR=" >&2; \
		exit 1; }; \
	scripts/farm "$(B)/$$kver" && \
	$(MAKE) -C "$(1)" M="$(CURDIR)/$(B)/$$kver" W=1 modules
endef

.PHONY: module
module:
	$(call build-module,$(KDIR))
	@cp "$(B)/$(call version,$(KDIR))/pe.ko" pe.ko

.PHONY: modules-all
modules-all: $(addprefix module-,$(KERNELS))

.PHONY: $(addprefix module-,$(KERNELS))
$(addprefix module-,$(KERNELS)): module-%:
	$(call build-module,/lib/modules/$(call headers,$*)/build)

# 'make version K=6.1' prints what a build for that series is for.
.PHONY: version
version:
	@echo '$(call version,/lib/modules/$(call headers,$(K))/build)'

# --- userspace ---------------------------------------------------------------

.PHONY: userspace
userspace:
	+@$(MAKE) -C userspace all

# --- tests -------------------------------------------------------------------

.PHONY: check
check:
	@scripts/setup check $(if $(K)$(filter-out torture,$(T)),,torture)
	+@$(MAKE) userspace
	+@scripts/check $(if $(K),-k '$(K)') $(if $(T),-t '$(T)')

# --- what it costs ------------------------------------------------------------

.PHONY: bench
bench:
	@scripts/setup bench
	+@scripts/bench $(if $(K),-k '$(K)') $(if $(N),-n '$(N)') $(if $(PARTS),-p '$(PARTS)') $(ROWS)

# What CI compares with: renew it with a change that may cost what it costs.
.PHONY: bench-figures
bench-figures:
	@scripts/setup bench
	+@scripts/bench --figures $(if $(K),-k '$(K)')

# The kernel is built first, once: some minutes.
.PHONY: bench-native
bench-native:
	@scripts/setup bench torture
	@scripts/bench-native $(ROWS)

# The module that the engine is measured against, below $(B)/bench/VERSION.
.PHONY: $(addprefix bench-module-,$(KERNELS))
$(addprefix bench-module-,$(KERNELS)): bench-module-%:
	+@dir="$(CURDIR)/$(B)/bench/$(call version,/lib/modules/$(call headers,$*)/build)" && \
	mkdir -p "$$dir" && \
	cp -sf "$(CURDIR)"/selftests/bench/floor/* "$$dir/" && \
	$(MAKE) -C "/lib/modules/$(call headers,$*)/build" M="$$dir" W=1 modules

.PHONY: demo
demo:
	@scripts/setup demo
	+@$(MAKE) module-6.12 userspace
	@scripts/demo

# The kernel is built first, once: some minutes.
.PHONY: torture
torture:
	@scripts/setup check torture
	@scripts/torture $(if $(LONG),--long) $(if $(T),-t '$(T)') $(if $(SEED),-s '$(SEED)')

# --- code that is generated, and the form of code that is not ----------------

.PHONY: spec spec-check
spec:
	@scripts/spec

spec-check:
	@scripts/spec --check

.PHONY: style
style:
	@scripts/setup style
	+@scripts/style

# --- install and clean -------------------------------------------------------

.PHONY: install
install: all
	+@set -e; kver="$(call version,$(KDIR))"; \
	install -D -m 644 pe.ko "$(DESTDIR)/lib/modules/$$kver/updates/pe.ko"; \
	install -D -m 644 uapi/linux/pe.h "$(DESTDIR)$(INCLUDEDIR)/linux/pe.h"; \
	$(MAKE) -C userspace install; \
	[ -n "$(DESTDIR)" ] || depmod "$$kver"

.PHONY: clean
clean:
	+@[ ! -e userspace/Makefile ] || $(MAKE) -C userspace clean
	@rm -rf $(B) pe.ko
