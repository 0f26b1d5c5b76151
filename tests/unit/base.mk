# SPDX-License-Identifier: GPL-3.0-or-later
# Tests of base. A new test_noun.c: add the line "	%D%/test_noun.c \" to the sources; with the first
# one take the # off the line below. It links only what base may use.
check_PROGRAMS += %D%/unit_base
UNIT_TESTS += %D%/unit_base
%C%_unit_base_SOURCES = \
	%D%/test_date.c \
	%D%/test_heap.c \
	%D%/test_delays.c \
	%D%/test_map.c \
	%D%/test_slack.c \
	%D%/test_prefix.c \
	%D%/test_without.c \
	%D%/unit.h %D%/main.c
%C%_unit_base_CPPFLAGS = $(UNIT_CPPFLAGS)
%C%_unit_base_LDADD = src/common/base/libjvpn_base.a $(CHECK_LIBS)
