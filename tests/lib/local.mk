# SPDX-License-Identifier: GPL-3.0-or-later
# Tools of the end-to-end tests and benches; built by "make", never installed.
noinst_PROGRAMS += %D%/udp-relay %D%/wire %D%/probe %D%/flood
%C%_flood_SOURCES = %D%/flood.c
%C%_flood_LDADD = $(JVPN_COMMON_LIBS)
%C%_udp_relay_SOURCES = %D%/udp_relay.c
%C%_wire_SOURCES = %D%/wire.c
%C%_probe_SOURCES = %D%/probe.c

# The proof that documents and registry agree.
check_PROGRAMS += %D%/registry_dump
%C%_registry_dump_SOURCES = %D%/registry_dump.c
%C%_registry_dump_LDADD = src/server/libjvpn_server.a src/client/libjvpn_client.a \
	src/common/obs/libjvpn_obs.a src/common/config/libjvpn_config.a \
	src/common/proto/libjvpn_proto.a src/common/core/libjvpn_core.a src/common/base/libjvpn_base.a $(YAML_LIBS)
DOCUMENT_TESTS = %D%/documents.sh %D%/completion.sh
TESTS += $(DOCUMENT_TESTS)
EXTRA_DIST += %D%/documents.sh %D%/completion.sh %D%/check-documents %D%/validate-events %D%/compare-audit %D%/check-siem
EXTRA_DIST += %D%/check-examples

# The proof that the prover can fail.
TESTS += %D%/prover.sh
EXTRA_DIST += %D%/prover.sh %D%/prove-events %D%/mutate-events %D%/metrics %D%/packet-sweep

# After a change of the registry or of a key: write the generated parts again.
update-docs: %D%/registry_dump
	$(top_srcdir)/docs/generate --dump ./%D%/registry_dump $(top_srcdir)
.PHONY: update-docs

# Preloaded into the server by tests/netns/crash: ends the process at its n-th write. Not through
# libtool, which the tree does without.
%D%/crashpoint.so: $(srcdir)/%D%/crashpoint.c
	$(AM_V_CCLD)$(CC) $(CFLAGS) -fno-sanitize=all -shared -fPIC -o $@ $(srcdir)/%D%/crashpoint.c
noinst_DATA += %D%/crashpoint.so
CLEANFILES += %D%/crashpoint.so
EXTRA_DIST += %D%/crashpoint.c
