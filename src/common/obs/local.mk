# SPDX-License-Identifier: GPL-3.0-or-later
# May use: core (enums, names), base, cJSON.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/obs.mk.
noinst_LIBRARIES += %D%/libjvpn_obs.a
%C%_libjvpn_obs_a_SOURCES = \
	%D%/event_json.c \
	%D%/event_json.h \
	%D%/event_scan.c \
	%D%/event_scan.h \
	%D%/event_spec.c \
	%D%/event_spec.h \
	%D%/events.c \
	%D%/events.h \
	%D%/journal.c \
	%D%/journal.h \
	%D%/json.c \
	%D%/json.h \
	%D%/output.c \
	%D%/output.h \
	%D%/recent.c \
	%D%/recent.h \
	%D%/sink.c \
	%D%/sink.h \
	%D%/syslog.c \
	%D%/syslog.h
%C%_libjvpn_obs_a_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS)
%C%_libjvpn_obs_a_CFLAGS = $(AM_CFLAGS) $(JVPN_STRICT_CFLAGS)
