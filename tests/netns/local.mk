# SPDX-License-Identifier: GPL-3.0-or-later
# End-to-end tests are executables named in tests/netns/list; contrib/check runs them (root), make does
# not. Helper programs for them: noinst_PROGRAMS += %D%/helper, %C%_helper_SOURCES = %D%/helper.c

# Drives tun/ for tests/netns/netcfg.
noinst_PROGRAMS += %D%/netcfg_tool
%C%_netcfg_tool_SOURCES = %D%/netcfg_tool.c
%C%_netcfg_tool_LDADD = src/common/tun/libjvpn_tun.a src/common/proto/libjvpn_proto.a src/common/base/libjvpn_base.a

# Drives client/netmon for tests/netns/netmon.
noinst_PROGRAMS += %D%/netmon_tool
%C%_netmon_tool_SOURCES = %D%/netmon_tool.c
%C%_netmon_tool_LDADD = src/client/libjvpn_client.a $(JVPN_COMMON_LIBS)

# A thousand kills (root, a quarter of an hour).
soak-crash: all
	JVPN_ROUNDS=1000 JVPN_BUILDDIR='$(abs_top_builddir)' nice -n 19 $(srcdir)/tests/netns/crash
.PHONY: soak-crash
