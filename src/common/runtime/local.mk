# SPDX-License-Identifier: GPL-3.0-or-later
# May use: every folder of src/common, libev (nobody else may).
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/server.mk.
noinst_LIBRARIES += %D%/libjvpn_runtime.a
%C%_libjvpn_runtime_a_SOURCES = \
	%D%/clock.c \
	%D%/clock.h \
	%D%/control.c \
	%D%/control.h \
	%D%/describe.c \
	%D%/describe.h \
	%D%/driver.c \
	%D%/driver.h \
	%D%/driver_effects.c \
	%D%/driver_measure.c \
	%D%/driver_held.c \
	%D%/driver_internal.h \
	%D%/driver_messages.c \
	%D%/driver_transport.c \
	%D%/engine.c \
	%D%/engine.h \
	%D%/exporter.c \
	%D%/exporter.h \
	%D%/features.c \
	%D%/features.h \
	%D%/loop.c \
	%D%/loop.h \
	%D%/mailbox.c \
	%D%/mailbox.h \
	%D%/meter.c \
	%D%/meter.h \
	%D%/msgauth.c \
	%D%/msgauth.h \
	%D%/notify.c \
	%D%/notify.h \
	%D%/operate.c \
	%D%/operate.h \
	%D%/operator.c \
	%D%/operator.h \
	%D%/persist.c \
	%D%/persist.h \
	%D%/persist_audit.c \
	%D%/persist_internal.h \
	%D%/persist_record.c \
	%D%/process.c \
	%D%/process.h \
	%D%/pump.c \
	%D%/pump.h
%C%_libjvpn_runtime_a_CPPFLAGS = $(AM_CPPFLAGS) $(EV_CFLAGS)
