# SPDX-License-Identifier: GPL-3.0-or-later
# May use: libc only.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/base.mk.
noinst_LIBRARIES += %D%/libjvpn_base.a
%C%_libjvpn_base_a_SOURCES = \
	%D%/bucket.c \
	%D%/bucket.h \
	%D%/buf.c \
	%D%/buf.h \
	%D%/date.c \
	%D%/date.h \
	%D%/delays.c \
	%D%/delays.h \
	%D%/err.c \
	%D%/err.h \
	%D%/heap.c \
	%D%/heap.h \
	%D%/id.c \
	%D%/id.h \
	%D%/list.h \
	%D%/log.c \
	%D%/log.h \
	%D%/map.c \
	%D%/map.h \
	%D%/prefix.c \
	%D%/prefix.h \
	%D%/rng.c \
	%D%/rng.h \
	%D%/slack.c \
	%D%/slack.h \
	%D%/time.h \
	%D%/without.c \
	%D%/without.h
%C%_libjvpn_base_a_CFLAGS = $(AM_CFLAGS) $(JVPN_STRICT_CFLAGS)
