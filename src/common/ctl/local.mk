# SPDX-License-Identifier: GPL-3.0-or-later
# May use: obs, core (const reads), base, cJSON.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/ctl.mk.
noinst_LIBRARIES += %D%/libjvpn_ctl.a
%C%_libjvpn_ctl_a_SOURCES = \
	%D%/ask.c \
	%D%/ask.h \
	%D%/command.c \
	%D%/command.h \
	%D%/request.c \
	%D%/request.h \
	%D%/server.c \
	%D%/server.h \
	%D%/server_internal.h \
	%D%/show.c \
	%D%/show.h \
	%D%/socket.c
%C%_libjvpn_ctl_a_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS)
