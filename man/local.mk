# SPDX-License-Identifier: GPL-3.0-or-later
# A new page: write jvpn-foo.8 in mdoc (contrib/check runs mandoc on it) and add
#	dist_man_MANS += %D%/jvpn-foo.8
