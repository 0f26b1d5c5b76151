# SPDX-License-Identifier: GPL-3.0-or-later
# May use: core (enums, names), base, cJSON.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/obs.mk.
noinst_LIBRARIES += %D%/libjvpn_obs.a
%C%_libjvpn_obs_a_SOURCES =
%C%_libjvpn_obs_a_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS)
