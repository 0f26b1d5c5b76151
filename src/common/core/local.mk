# SPDX-License-Identifier: GPL-3.0-or-later
# May use: base. Pure: no clock, no randomness, no allocation, no I/O.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/core.mk.
noinst_LIBRARIES += %D%/libjvpn_core.a
%C%_libjvpn_core_a_SOURCES = \
	%D%/audit.h \
	%D%/fsm_table.h \
	%D%/msg.h \
	%D%/policy.h
%C%_libjvpn_core_a_CFLAGS = $(AM_CFLAGS) $(JVPN_STRICT_CFLAGS)
