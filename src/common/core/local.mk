# SPDX-License-Identifier: GPL-3.0-or-later
# May use: base. Pure: no clock, no randomness, no allocation, no I/O.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/core.mk.
noinst_LIBRARIES += %D%/libjvpn_core.a
%C%_libjvpn_core_a_SOURCES = \
	%D%/audit.h \
	%D%/core_internal.h \
	%D%/effect.h \
	%D%/event.h \
	%D%/fsm.c \
	%D%/fsm.h \
	%D%/fsm_names.c \
	%D%/fsm_table.h \
	%D%/invariant.c \
	%D%/invariant.h \
	%D%/limiter.c \
	%D%/limiter.h \
	%D%/liveness.c \
	%D%/liveness.h \
	%D%/msg.h \
	%D%/policy.c \
	%D%/policy.h \
	%D%/prelude.h \
	%D%/quality.c \
	%D%/quality.h \
	%D%/reattach.c \
	%D%/reattach.h \
	%D%/replay.c \
	%D%/replay.h \
	%D%/select.c \
	%D%/select.h \
	%D%/session.c \
	%D%/session.h \
	%D%/session_change.c \
	%D%/session_client.c \
	%D%/session_compare.c \
	%D%/session_emit.c \
	%D%/session_path.c \
	%D%/session_request.c \
	%D%/session_restore.c \
	%D%/session_store.c \
	%D%/session_timer.c \
	%D%/session_transport.c \
	%D%/table.c \
	%D%/table.h \
	%D%/text.c \
	%D%/text.h
%C%_libjvpn_core_a_CFLAGS = $(AM_CFLAGS) $(JVPN_STRICT_CFLAGS)
