# SPDX-License-Identifier: GPL-3.0-or-later
# May use: obs (event_spec.h, event_json.h, json.h), core (tables, policy), base.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/audit.mk.
noinst_LIBRARIES += %D%/libjvpn_audit.a
%C%_libjvpn_audit_a_SOURCES = \
	%D%/activity.c \
	%D%/activity.h \
	%D%/figures.c \
	%D%/figures.h \
	%D%/figures_sum.c \
	%D%/histogram.c \
	%D%/histogram.h \
	%D%/index.c \
	%D%/index.h \
	%D%/line.c \
	%D%/line.h \
	%D%/picture.c \
	%D%/picture.h \
	%D%/picture_cells.c \
	%D%/reader.c \
	%D%/reader.h \
	%D%/report.h \
	%D%/report_html.c \
	%D%/report_json.c \
	%D%/report_text.c \
	%D%/runs.c \
	%D%/runs.h \
	%D%/scale.c \
	%D%/scale.h \
	%D%/story.c \
	%D%/story.h \
	%D%/svg.c \
	%D%/svg.h \
	%D%/timeline.c \
	%D%/timeline.h \
	%D%/timeline_close.c \
	%D%/timeline_internal.h \
	%D%/timeline_strip.c \
	%D%/timeline_svg.c \
	%D%/verify.c \
	%D%/verify.h \
	%D%/verify_binding.c \
	%D%/verify_book.c \
	%D%/verify_internal.h \
	%D%/verify_limits.c \
	%D%/windows.c \
	%D%/windows.h
%C%_libjvpn_audit_a_CFLAGS = $(AM_CFLAGS) $(JVPN_STRICT_CFLAGS)
