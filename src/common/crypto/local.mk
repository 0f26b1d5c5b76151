# SPDX-License-Identifier: GPL-3.0-or-later
# May use: base, wolfSSL.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/crypto.mk.
noinst_LIBRARIES += %D%/libjvpn_crypto.a
%C%_libjvpn_crypto_a_SOURCES = \
	%D%/certgen.c \
	%D%/certgen.h \
	%D%/certificate.c \
	%D%/certificate.h
%C%_libjvpn_crypto_a_CPPFLAGS = $(AM_CPPFLAGS) $(WOLFSSL_CFLAGS)
