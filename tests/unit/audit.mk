# SPDX-License-Identifier: GPL-3.0-or-later
# Tests of audit. A new test_noun.c: add the line "	%D%/test_noun.c \" to the sources. It links only
# what audit may use.
check_PROGRAMS += %D%/unit_audit
UNIT_TESTS += %D%/unit_audit
%C%_unit_audit_SOURCES = \
	%D%/test_figures.c \
	%D%/test_histogram.c \
	%D%/test_reader.c \
	%D%/test_report.c \
	%D%/test_runs.c \
	%D%/test_scale.c \
	%D%/test_story.c \
	%D%/test_timeline.c \
	%D%/trail_fixture.c \
	%D%/trail_fixture.h \
	%D%/unit.h %D%/main.c
%C%_unit_audit_CPPFLAGS = $(UNIT_CPPFLAGS) $(CJSON_CFLAGS)
%C%_unit_audit_LDADD = src/common/audit/libjvpn_audit.a src/common/obs/libjvpn_obs.a src/common/core/libjvpn_core.a src/common/base/libjvpn_base.a $(CJSON_LIBS) $(CHECK_LIBS) -lm
