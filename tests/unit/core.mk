# SPDX-License-Identifier: GPL-3.0-or-later
# Tests of core. A new test_noun.c: add the line "	%D%/test_noun.c \" to the sources; with the first
# one take the # off the line below. It links only what core may use.
check_PROGRAMS += %D%/unit_core
UNIT_TESTS += %D%/unit_core
%C%_unit_core_SOURCES = \
	%D%/core_fixture.c \
	%D%/core_fixture.h \
	%D%/test_client.c \
	%D%/test_commit.c \
	%D%/test_compare.c \
	%D%/test_fsm.c \
	%D%/test_invariant.c \
	%D%/test_limiter.c \
	%D%/test_liveness.c \
	%D%/test_pathchange.c \
	%D%/test_policy.c \
	%D%/test_quality.c \
	%D%/test_reattach.c \
	%D%/test_replay.c \
	%D%/test_select.c \
	%D%/test_session.c \
	%D%/test_table.c \
	%D%/test_walk.c \
	%D%/unit.h %D%/main.c
%C%_unit_core_CPPFLAGS = $(UNIT_CPPFLAGS)
%C%_unit_core_LDADD = src/common/core/libjvpn_core.a src/common/base/libjvpn_base.a $(CHECK_LIBS)
