# SPDX-License-Identifier: GPL-3.0-or-later
# May use: obs, core (const reads), base, cJSON.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/ctl.mk.
noinst_LIBRARIES += %D%/libjvpn_ctl.a
%C%_libjvpn_ctl_a_SOURCES =
%C%_libjvpn_ctl_a_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS)
