# SPDX-License-Identifier: GPL-3.0-or-later
# Tests of client. A new test_noun.c: add the line "	%D%/test_noun.c \" to the sources; with the first
# one take the # off the line below. It links only what client may use.
check_PROGRAMS += %D%/unit_client
UNIT_TESTS += %D%/unit_client
%C%_unit_client_SOURCES = \
	%D%/options_fixture.h %D%/config_fixture.h \
	%D%/test_advice.c \
	%D%/test_attempt.c %D%/test_candidate.c %D%/test_names.c \
	%D%/test_client_options.c \
	%D%/test_netmon.c \
	%D%/test_resolver.c \
	%D%/test_resolvfile.c \
	%D%/test_runner.c \
	%D%/test_saved.c \
	%D%/test_statedir.c \
	%D%/unit.h %D%/main.c
%C%_unit_client_CPPFLAGS = $(UNIT_CPPFLAGS)
%C%_unit_client_LDADD = src/client/libjvpn_client.a $(JVPN_COMMON_LIBS) $(CHECK_LIBS)
