# SPDX-License-Identifier: GPL-3.0-or-later
# Tests of ctl. A new test_noun.c: add the line "	%D%/test_noun.c \" to the sources; with the first
# one take the # off the line below. It links only what ctl may use.
check_PROGRAMS += %D%/unit_ctl
UNIT_TESTS += %D%/unit_ctl
%C%_unit_ctl_SOURCES = \
	%D%/test_ctl_server.c \
	%D%/test_request.c \
	%D%/test_show.c \
	%D%/unit.h %D%/main.c
%C%_unit_ctl_CPPFLAGS = $(UNIT_CPPFLAGS) $(CJSON_CFLAGS)
%C%_unit_ctl_LDADD = src/common/ctl/libjvpn_ctl.a src/common/obs/libjvpn_obs.a src/common/core/libjvpn_core.a src/common/base/libjvpn_base.a $(CJSON_LIBS) $(CHECK_LIBS)
