# SPDX-License-Identifier: GPL-3.0-or-later
# May use: proto, crypto, core (msg.h event.h), base, ngtcp2, nghttp3, wolfSSL.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/quic.mk.
noinst_LIBRARIES += %D%/libjvpn_quic.a
%C%_libjvpn_quic_a_SOURCES = \
	%D%/accept.c \
	%D%/aead.c \
	%D%/aead.h \
	%D%/batch.c \
	%D%/batch.h \
	%D%/cidmap.c \
	%D%/cidmap.h \
	%D%/cipher.c \
	%D%/cipher.h \
	%D%/conn.c \
	%D%/conn_callbacks.c \
	%D%/conn_close.c \
	%D%/conn_read.c \
	%D%/conn_write.c \
	%D%/dgram.c \
	%D%/dgram.h \
	%D%/endpoint.c \
	%D%/endpoint.h \
	%D%/h3.c \
	%D%/h3.h \
	%D%/h3_callbacks.c \
	%D%/h3_internal.h \
	%D%/h3_message.c \
	%D%/h3_queue.c \
	%D%/hold.c \
	%D%/hold.h \
	%D%/inflight.c \
	%D%/inflight.h \
	%D%/knock.c \
	%D%/message.h \
	%D%/mtu.c \
	%D%/mtu.h \
	%D%/path.c \
	%D%/path.h \
	%D%/quic.c \
	%D%/quic.h \
	%D%/quic_internal.h \
	%D%/rekey.c \
	%D%/rekey.h \
	%D%/source.c \
	%D%/source.h \
	%D%/steer.c \
	%D%/steer.h \
	%D%/timer.c \
	%D%/timer.h \
	%D%/tls.c \
	%D%/tls.h \
	%D%/tls_internal.h \
	%D%/tls_resume.c \
	%D%/tls_session.c \
	%D%/tls_state.h \
	%D%/tls_ticket.c \
	%D%/tls_verify.c \
	%D%/turns.c \
	%D%/turns.h \
	%D%/version.c \
	%D%/version.h
%C%_libjvpn_quic_a_CPPFLAGS = $(AM_CPPFLAGS) $(NGTCP2_CFLAGS) $(NGHTTP3_CFLAGS) $(WOLFSSL_CFLAGS)
