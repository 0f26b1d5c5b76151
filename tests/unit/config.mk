# SPDX-License-Identifier: GPL-3.0-or-later
# Tests of config. A new test_noun.c: add the line "	%D%/test_noun.c \" to the sources; with the first
# one take the # off the line below. It links only what config may use.
check_PROGRAMS += %D%/unit_config
UNIT_TESTS += %D%/unit_config
%C%_unit_config_SOURCES = \
	%D%/config_fixture.h \
	%D%/test_cli.c \
	%D%/test_policy_file.c \
	%D%/test_tree.c \
	%D%/test_value.c \
	%D%/unit.h %D%/main.c
%C%_unit_config_CPPFLAGS = $(UNIT_CPPFLAGS) $(YAML_CFLAGS)
%C%_unit_config_LDADD = src/common/config/libjvpn_config.a src/common/core/libjvpn_core.a src/common/base/libjvpn_base.a $(YAML_LIBS) $(CHECK_LIBS)
