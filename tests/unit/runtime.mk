# SPDX-License-Identifier: GPL-3.0-or-later
# Tests of runtime. A new test_noun.c: add the line "	%D%/test_noun.c \" to the sources; with the first
# one take the # off the line below. It links only what runtime may use.
check_PROGRAMS += %D%/unit_runtime
UNIT_TESTS += %D%/unit_runtime
%C%_unit_runtime_SOURCES = \
	%D%/golden.c \
	%D%/golden.h \
	%D%/test_msgauth.c \
	%D%/unit.h %D%/main.c
%C%_unit_runtime_CPPFLAGS = $(UNIT_CPPFLAGS) $(EV_CFLAGS)
%C%_unit_runtime_LDADD = $(JVPN_COMMON_LIBS) $(CHECK_LIBS)
