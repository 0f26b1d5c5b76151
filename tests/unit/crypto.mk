# SPDX-License-Identifier: GPL-3.0-or-later
# Tests of crypto. A new test_noun.c: add the line "	%D%/test_noun.c \" to the sources; with the first
# one take the # off the line below. It links only what crypto may use.
check_PROGRAMS += %D%/unit_crypto
UNIT_TESTS += %D%/unit_crypto
%C%_unit_crypto_SOURCES = \
	%D%/unit.h %D%/main.c \
	%D%/golden.c \
	%D%/golden.h \
	%D%/test_certificate.c \
	%D%/test_challenge.c \
	%D%/test_hash.c \
	%D%/test_keyfile.c \
	%D%/test_proof.c \
	%D%/test_seal.c \
	%D%/test_secret.c
%C%_unit_crypto_CPPFLAGS = $(UNIT_CPPFLAGS) $(WOLFSSL_CFLAGS)
%C%_unit_crypto_LDADD = src/common/crypto/libjvpn_crypto.a src/common/base/libjvpn_base.a $(WOLFSSL_LIBS) $(CHECK_LIBS)
