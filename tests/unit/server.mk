# SPDX-License-Identifier: GPL-3.0-or-later
# Tests of server. A new test_noun.c: add the line "	%D%/test_noun.c \" to the sources; with the first
# one take the # off the line below. It links only what server may use.
check_PROGRAMS += %D%/unit_server
UNIT_TESTS += %D%/unit_server
%C%_unit_server_SOURCES = \
	%D%/unit.h %D%/main.c \
	%D%/store_fixture.c \
	%D%/store_fixture.h \
	%D%/test_audit.c \
	%D%/test_auth.c \
	%D%/test_handed.c %D%/test_init.c \
	%D%/test_lease.c \
	%D%/options_fixture.h %D%/config_fixture.h \
	%D%/test_server_options.c
%C%_unit_server_CPPFLAGS = $(UNIT_CPPFLAGS)
%C%_unit_server_LDADD = src/server/libjvpn_server.a $(JVPN_COMMON_LIBS) $(CHECK_LIBS)
