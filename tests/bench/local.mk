# SPDX-License-Identifier: GPL-3.0-or-later
# Benchmarks are built by "make check" and run by hand or by contrib/check --full:
#	check_PROGRAMS += %D%/bench_foo, %C%_bench_foo_SOURCES = %D%/bench_foo.c, %C%_bench_foo_LDADD = ...

if JVPN_STORE_SQLITE
check_PROGRAMS += %D%/bench_store
%C%_bench_store_SOURCES = %D%/bench_store.c
%C%_bench_store_LDADD = src/common/store/libjvpn_store.a src/common/core/libjvpn_core.a \
	src/common/base/libjvpn_base.a $(SQLITE_LIBS)
endif

# Thousands of sessions from one process (tests/netns/scenario-4).
noinst_PROGRAMS += %D%/jvpn-load
%C%_jvpn_load_SOURCES = %D%/load.c %D%/load.h %D%/load_attack.c %D%/load_session.c %D%/load_ticket.c
%C%_jvpn_load_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/%D%
%C%_jvpn_load_LDADD = $(JVPN_COMMON_LIBS)
# The load of tests/bench/compare.
noinst_PROGRAMS += %D%/traffic
%C%_traffic_SOURCES = %D%/traffic.c
%C%_traffic_LDADD = -lm
# Figures of docs/benchmarks.md; see the head of each script in tests/bench for what can be chosen.
bench: all
	JVPN_BUILDDIR=$(abs_top_builddir) $(srcdir)/%D%/all
bench-recovery: all
	JVPN_BUILDDIR=$(abs_top_builddir) $(srcdir)/%D%/recovery
bench-sessions: all
	JVPN_BUILDDIR=$(abs_top_builddir) $(srcdir)/%D%/sessions
bench-bottleneck: all
	JVPN_BUILDDIR=$(abs_top_builddir) $(srcdir)/%D%/bottleneck
bench-handshakes: all
	JVPN_BUILDDIR=$(abs_top_builddir) $(srcdir)/%D%/handshakes
.PHONY: bench bench-recovery bench-bottleneck bench-sessions bench-handshakes

if HAVE_CHECK
check_PROGRAMS += %D%/bench_packet
%C%_bench_packet_SOURCES = %D%/bench_packet.c \
	tests/unit/packet.c tests/unit/packet.h tests/unit/quic_pair.c tests/unit/quic_pair.h
%C%_bench_packet_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) -I$(top_srcdir)/tests/unit \
	$(CHECK_CFLAGS) $(NGTCP2_CFLAGS) $(NGHTTP3_CFLAGS) $(WOLFSSL_CFLAGS)
%C%_bench_packet_LDADD = src/common/quic/libjvpn_quic.a src/common/tun/libjvpn_tun.a \
	src/common/crypto/libjvpn_crypto.a src/common/proto/libjvpn_proto.a \
	src/common/core/libjvpn_core.a src/common/base/libjvpn_base.a \
	$(NGTCP2_LIBS) $(NGHTTP3_LIBS) $(WOLFSSL_LIBS) $(CHECK_LIBS)
endif
