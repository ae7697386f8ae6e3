# The front door of Postern; "make help" lists what there is.

PREFIX     ?= /usr
DESTDIR    ?=
SYSCONFDIR ?= /etc
MODULESDIR ?= $(PREFIX)/lib/nginx/modules
AVAILABLE  ?= $(PREFIX)/share/nginx/modules-available
ENABLED    ?= $(SYSCONFDIR)/nginx/modules-enabled

CC          = gcc
CFLAGS     ?= -g -O2
LDFLAGS    ?=

# where the program is built; util/coverage has its own place
out         = build

export CC NGINX_SRC

modules = postern sign mfa rbac audit

# as nginx has it: a callback need not use all that it is given
warnings = -Wall -Wextra -Wno-unused-parameter -Werror
hardened = -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE

# The command line and the modules share the pure files: "postern explain" and
# the gateway can never disagree.

folders  = $(wildcard ngx_http_*_module)
pure     = $(foreach m,$(modules),$(wildcard ngx_http_$(m)_module/$(m)_*.c))
tools    = $(wildcard tools/*.c)
objects  = $(patsubst %.c,$(out)/obj/%.o,$(notdir $(tools) $(pure) $(made)))

# what is built in as it lies in a file: made into C, as config.make does it

pages    = $(wildcard ngx_http_mfa_module/pages/*)
common   = ngx_http_mfa_module/common-passwords.txt
made     = build/made/mfa_assets.c build/made/mfa_common.c

VPATH    = tools $(folders) build/made

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:


.PHONY: help
help:
	@echo 'Postern: make TARGET'
	@echo
	@echo '  demo         see it work, step by step, on this machine'
	@echo '               (KEEP=1 leaves it running, REDIS=1 uses two nodes)'
	@echo '  test         every test (T="t/2*.t" runs a selection;'
	@echo '               SANITIZE=1 with ASan and UBSan in nginx, VALGRIND=1'
	@echo '               the core paths under memcheck)'
	@echo '  build        build/ngx_http_*_module.so and build/postern'
	@echo '               (NGINX_SRC=/path: for that nginx source tree)'
	@echo '  install      modules, program and 50-mod-http-postern.conf'
	@echo '               (DESTDIR, PREFIX=$(PREFIX))'
	@echo '  uninstall    take these away again'
	@echo '  bench        the performance table, beside its peers'
	@echo '  instructions instructions per request, beside those recorded'
	@echo '  conformance  the public vectors (VECTORS=../shared/vectors)'
	@echo '  check        style, static analysis, warnings of two compilers'
	@echo '  fuzz         every fuzzer (TIME=60 seconds each; F=name: one)'
	@echo '  fault        faults under load (ROUNDS=50, SEED=, ONLY=, NETNS=1,'
	@echo '               PROFILE=zone|tight|preload: one node without Redis)'
	@echo '  coverage     which lines and branches the tests run'
	@echo '               (UNIT=1: the pure code, in a minute; T=...; KEEP=1)'
	@echo '  test-all     the tests in every combination (util/test-all --list;'
	@echo '               MATRIX="newer http2" runs a selection)'
	@echo '  test-source  build against an nginx source tree, and load that'
	@echo '  clean        remove build/'
	@echo
	@echo 'Each installs the Debian packages it needs: see util/packages.'


.PHONY: build
build: packages-build modules $(if $(tools),build/postern)

.PHONY: modules
modules: packages-build
	+@util/build

packages-%:
	@util/install-packages $*

$(out)/postern: $(objects)
	@$(CC) -pie -Wl,-z,relro,-z,now,--as-needed $(LDFLAGS) -o $@ $^ \
	    -ljansson -lsodium -lcurl -lcrypto -lhiredis -lutf8proc \
	    -lqrencode -lm

$(out)/obj/%.o: %.c Makefile | packages-build
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(warnings) $(hardened) $(addprefix -I,$(folders)) \
	    -Itools -MMD -MP -c -o $@ $<

build/made/mfa_assets.c: util/embed $(pages)
	@mkdir -p $(@D)
	@util/embed --table mfa_assets $(pages) > $@

build/made/mfa_common.c: util/embed $(common)
	@mkdir -p $(@D)
	@util/embed $(common) mfa_common_passwords > $@

# for tests and fuzzers, which link these too
.PHONY: made
made: $(made)

-include $(objects:.o=.d)


.PHONY: test
test: packages-test build $(if $(SANITIZE)$(VALGRIND),packages-source) \
      $(if $(VALGRIND),packages-valgrind)
	@$(if $(SANITIZE),util/test-sanitized,\
	    $(if $(VALGRIND),util/test-valgrind,util/run-tests)) $(T)

.PHONY: conformance
conformance: packages-test build
	@util/run-tests --conformance

.PHONY: check
check: build packages-check
	@util/check

.PHONY: fault
fault: packages-fault build
	@t/fault/run --rounds $(or $(ROUNDS),50) $(if $(SEED),--seed $(SEED)) \
	    $(if $(ONLY),--only '$(ONLY)') $(if $(NODES),--nodes $(NODES)) \
	    $(if $(NETNS),--netns) $(if $(PROFILE),--profile $(PROFILE))

.PHONY: test-all
test-all: packages-test packages-source build
	@util/test-all $(MATRIX)

.PHONY: test-source
test-source: packages-build packages-test packages-source
	@util/test-source

.PHONY: demo
demo: packages-demo build
	@examples/demo/run

.PHONY: bench
bench: build packages-bench
	@bench/run --record
	@bench/latency --record
	@bench/growth --record
	@bench/pure
	@bench/schemes --record
	@bench/sign-ins
	@bench/hostile

.PHONY: instructions
instructions: build packages-bench
	@bench/instructions

.PHONY: fuzz
fuzz: packages-build packages-fuzz packages-source
	@TIME=$(or $(TIME),60) util/run-fuzz $(F)

.PHONY: coverage
coverage: packages-test packages-coverage build
	@util/coverage $(if $(UNIT),--unit) $(if $(KEEP),--keep) $(T)


.PHONY: install
install: build
	install -d $(DESTDIR)$(MODULESDIR) $(DESTDIR)$(PREFIX)/bin \
	    $(DESTDIR)$(AVAILABLE) $(DESTDIR)$(ENABLED)
	install -m 644 $(modules:%=build/ngx_http_%_module.so) \
	    $(DESTDIR)$(MODULESDIR)
	$(if $(tools),install -m 755 build/postern $(DESTDIR)$(PREFIX)/bin)
	install -m 644 util/mod-http-postern.conf $(DESTDIR)$(AVAILABLE)
	ln -sf $(AVAILABLE)/mod-http-postern.conf \
	    $(DESTDIR)$(ENABLED)/50-mod-http-postern.conf

.PHONY: uninstall
uninstall:
	rm -f $(modules:%=$(DESTDIR)$(MODULESDIR)/ngx_http_%_module.so) \
	    $(DESTDIR)$(PREFIX)/bin/postern \
	    $(DESTDIR)$(AVAILABLE)/mod-http-postern.conf \
	    $(DESTDIR)$(ENABLED)/50-mod-http-postern.conf

.PHONY: clean
clean:
	rm -rf build
