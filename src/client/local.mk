# SPDX-License-Identifier: GPL-3.0-or-later
# May use: everything in src/common. All but main.c is in the library, so that unit tests link it.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" to the library.
noinst_LIBRARIES += %D%/libjvpn_client.a
%C%_libjvpn_client_a_SOURCES = \
	%D%/advice.c \
	%D%/advice.h \
	%D%/attempt.c \
	%D%/attempt.h \
	%D%/candidate.c \
	%D%/candidate.h \
	%D%/client.h \
	%D%/config.c \
	%D%/config.h \
	%D%/control.c \
	%D%/dial.c \
	%D%/disconnect.c \
	%D%/dnsjournal.c \
	%D%/dnsjournal.h \
	%D%/hooks.c \
	%D%/hooks.h \
	%D%/inherited.c \
	%D%/inherited.h \
	%D%/metrics.c \
	%D%/names.c \
	%D%/names.h \
	%D%/netmon.h \
	%D%/netmon_linux.c \
	%D%/netmon_table.c \
	%D%/netmon_table.h \
	%D%/network.c \
	%D%/options.c \
	%D%/options.h \
	%D%/progress.c \
	%D%/progress.h \
	%D%/resolve.c \
	%D%/resolve.h \
	%D%/resolver.c \
	%D%/resolver.h \
	%D%/resolvfile.c \
	%D%/resolvfile.h \
	%D%/resume.c \
	%D%/resume.h \
	%D%/runner.c \
	%D%/runner.h \
	%D%/saved.c \
	%D%/saved.h \
	%D%/saver.c \
	%D%/saver.h \
	%D%/service.c \
	%D%/session.c \
	%D%/socket.c \
	%D%/statedir.c \
	%D%/statedir.h \
	%D%/tunnel.c

sbin_PROGRAMS += jvpn-client
jvpn_client_SOURCES = %D%/main.c
jvpn_client_LDADD = %D%/libjvpn_client.a $(JVPN_COMMON_LIBS)
