# SPDX-License-Identifier: GPL-3.0-or-later
# May use: proto, base.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/tun.mk.
noinst_LIBRARIES += %D%/libjvpn_tun.a
%C%_libjvpn_tun_a_SOURCES = \
	%D%/coalesce.c \
	%D%/coalesce.h \
	%D%/codel.c \
	%D%/codel.h \
	%D%/forward.c \
	%D%/forward.h \
	%D%/fragment.c \
	%D%/fragment.h \
	%D%/journal.c \
	%D%/journal.h \
	%D%/netcfg.c \
	%D%/netcfg.h \
	%D%/netcfg_apply.c \
	%D%/netcfg_check.c \
	%D%/netcfg_check.h \
	%D%/netcfg_internal.h \
	%D%/netcfg_linux.c \
	%D%/netlink.h \
	%D%/netlink_linux.c \
	%D%/offload.h \
	%D%/pool.c \
	%D%/pool.h \
	%D%/queue.c \
	%D%/queue.h \
	%D%/segment.c \
	%D%/segment.h \
	%D%/super.c \
	%D%/super.h \
	%D%/tun.h \
	%D%/tun_linux.c
