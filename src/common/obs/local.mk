# SPDX-License-Identifier: GPL-3.0-or-later
# May use: core (enums, names), base, cJSON, libmicrohttpd.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/obs.mk.
noinst_LIBRARIES += %D%/libjvpn_obs.a
%C%_libjvpn_obs_a_SOURCES = \
	%D%/census.c \
	%D%/census.h \
	%D%/event_json.c \
	%D%/event_json.h \
	%D%/event_scan.c \
	%D%/event_scan.h \
	%D%/event_spec.c \
	%D%/event_spec.h \
	%D%/events.c \
	%D%/events.h \
	%D%/exposition.c \
	%D%/exposition.h \
	%D%/http.h \
	%D%/journal.c \
	%D%/journal.h \
	%D%/json.c \
	%D%/json.h \
	%D%/metric.c \
	%D%/metric.h \
	%D%/output.c \
	%D%/output.h \
	%D%/recent.c \
	%D%/recent.h \
	%D%/sink.c \
	%D%/sink.h \
	%D%/syslog.c \
	%D%/syslog.h
if JVPN_METRICS
%C%_libjvpn_obs_a_SOURCES += %D%/http.c
else
%C%_libjvpn_obs_a_SOURCES += %D%/http_absent.c
endif
%C%_libjvpn_obs_a_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS) $(MICROHTTPD_CFLAGS)
%C%_libjvpn_obs_a_CFLAGS = $(AM_CFLAGS) $(JVPN_STRICT_CFLAGS)
