# SPDX-License-Identifier: GPL-3.0-or-later
# Code shared by tests. It is a library when it has a file:
#	noinst_LIBRARIES (better check_LIBRARIES) += %D%/libjvpn_test.a
