# SPDX-License-Identifier: GPL-3.0-or-later
# May use: base, wolfSSL.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/crypto.mk.
noinst_LIBRARIES += %D%/libjvpn_crypto.a
%C%_libjvpn_crypto_a_SOURCES = \
	%D%/certgen.c \
	%D%/certgen.h \
	%D%/certificate.c \
	%D%/certificate.h \
	%D%/challenge.c \
	%D%/challenge.h \
	%D%/cpu.c \
	%D%/cpu.h \
	%D%/ct.c \
	%D%/ct.h \
	%D%/hash.c \
	%D%/hash.h \
	%D%/keyfile.c \
	%D%/keyfile.h \
	%D%/keyring.c \
	%D%/keyring.h \
	%D%/proof.c \
	%D%/proof.h \
	%D%/random.c \
	%D%/random.h \
	%D%/seal.c \
	%D%/seal.h \
	%D%/secret.c \
	%D%/secret.h \
	%D%/wipe.c \
	%D%/wipe.h
%C%_libjvpn_crypto_a_CPPFLAGS = $(AM_CPPFLAGS) $(WOLFSSL_CFLAGS)
