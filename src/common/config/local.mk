# SPDX-License-Identifier: GPL-3.0-or-later
# May use: core/policy.h, base, libyaml.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/config.mk.
noinst_LIBRARIES += %D%/libjvpn_config.a
%C%_libjvpn_config_a_SOURCES =
%C%_libjvpn_config_a_CPPFLAGS = $(AM_CPPFLAGS) $(YAML_CFLAGS)
