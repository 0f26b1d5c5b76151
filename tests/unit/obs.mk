# SPDX-License-Identifier: GPL-3.0-or-later
# Tests of obs. A new test_noun.c: add the line "	%D%/test_noun.c \" to the sources; with the first
# one take the # off the line below. It links only what obs may use.
check_PROGRAMS += %D%/unit_obs
UNIT_TESTS += %D%/unit_obs
%C%_unit_obs_SOURCES = \
	%D%/test_census.c \
	%D%/test_event_json.c \
	%D%/test_events.c \
	%D%/test_outputs.c \
	%D%/test_exposition.c \
	%D%/test_recent.c \
	%D%/unit.h %D%/main.c
if JVPN_METRICS
%C%_unit_obs_SOURCES += %D%/test_http.c
endif
%C%_unit_obs_CPPFLAGS = $(UNIT_CPPFLAGS) $(CJSON_CFLAGS)
%C%_unit_obs_LDADD = src/common/obs/libjvpn_obs.a src/common/core/libjvpn_core.a src/common/base/libjvpn_base.a $(CJSON_LIBS) $(MICROHTTPD_LIBS) $(CHECK_LIBS)
