# SPDX-License-Identifier: GPL-3.0-or-later
# End-to-end tests are executables named in tests/netns/list; contrib/check runs them (root), make does
# not. Helper programs for them: noinst_PROGRAMS += %D%/helper, %C%_helper_SOURCES = %D%/helper.c
