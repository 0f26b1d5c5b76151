# SPDX-License-Identifier: GPL-3.0-or-later
# A new page: write jvpn-foo.8 in mdoc (contrib/check runs mandoc on it) and add
#	dist_man_MANS += %D%/jvpn-foo.8
dist_man_MANS += %D%/jvpn-client.8 %D%/jvpn-events.5 %D%/jvpn-policy.5 %D%/jvpn-server.8 %D%/jvpn.conf.5 %D%/jvpn.7
