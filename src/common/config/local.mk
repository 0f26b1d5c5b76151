# SPDX-License-Identifier: GPL-3.0-or-later
# May use: core/policy.h, base, libyaml.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/config.mk.
noinst_LIBRARIES += %D%/libjvpn_config.a
%C%_libjvpn_config_a_SOURCES = \
	%D%/cli.c \
	%D%/cli.h \
	%D%/complete.c \
	%D%/complete.h \
	%D%/control.c \
	%D%/control.h \
	%D%/events.c \
	%D%/events.h \
	%D%/exit.h \
	%D%/file.c \
	%D%/file.h \
	%D%/hint.c \
	%D%/hint.h \
	%D%/key_type.c \
	%D%/key_type.h \
	%D%/load.c \
	%D%/load.h \
	%D%/metrics.h \
	%D%/policy_file.c \
	%D%/policy_file.h \
	%D%/program.c \
	%D%/program.h \
	%D%/report.c \
	%D%/report.h \
	%D%/schema.c \
	%D%/schema.h \
	%D%/tree.c \
	%D%/tree.h \
	%D%/value.c \
	%D%/value.h
%C%_libjvpn_config_a_CPPFLAGS = $(AM_CPPFLAGS) $(YAML_CFLAGS)
%C%_libjvpn_config_a_CFLAGS = $(AM_CFLAGS) $(JVPN_STRICT_CFLAGS)
