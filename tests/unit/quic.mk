# SPDX-License-Identifier: GPL-3.0-or-later
# Tests of quic. A new test_noun.c: add the line "	%D%/test_noun.c \" to the sources; with the first
# one take the # off the line below. It links only what quic may use.
check_PROGRAMS += %D%/unit_quic
UNIT_TESTS += %D%/unit_quic
%C%_unit_quic_SOURCES = \
	%D%/unit.h %D%/main.c \
	%D%/quic_pair.c \
	%D%/quic_pair.h \
	%D%/test_accept.c \
	%D%/test_aead.c \
	%D%/test_hkdf.c \
	%D%/test_cidmap.c \
	%D%/test_cipher.c \
	%D%/test_dgram.c \
	%D%/test_endpoint.c \
	%D%/test_h3.c \
	%D%/test_hold.c \
	%D%/test_inflight.c \
	%D%/test_mtu.c \
	%D%/test_path.c \
	%D%/test_quic_pair.c \
	%D%/test_quic_path.c \
	%D%/test_rekey.c \
	%D%/test_source.c \
	%D%/test_steer.c \
	%D%/test_timer.c \
	%D%/test_tls.c \
	%D%/test_turns.c \
	%D%/test_tls_resume.c \
	%D%/tls_fixture.c \
	%D%/tls_fixture.h \
	%D%/tls_pair.c \
	%D%/tls_pair.h
%C%_unit_quic_CPPFLAGS = $(UNIT_CPPFLAGS) $(NGTCP2_CFLAGS) $(NGHTTP3_CFLAGS) $(WOLFSSL_CFLAGS)
%C%_unit_quic_LDADD = src/common/quic/libjvpn_quic.a src/common/crypto/libjvpn_crypto.a src/common/proto/libjvpn_proto.a src/common/core/libjvpn_core.a src/common/base/libjvpn_base.a $(NGTCP2_LIBS) $(NGHTTP3_LIBS) $(WOLFSSL_LIBS) $(CHECK_LIBS)
