# SPDX-License-Identifier: GPL-3.0-or-later
# One test program per folder of src (unit_<folder>), each in its own fragment. It links the libraries
# that the folder may use and no others: an arrow that is not allowed fails at link time.
UNIT_TESTS =
UNIT_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
if HAVE_CHECK
include %D%/base.mk
include %D%/core.mk
include %D%/proto.mk
include %D%/crypto.mk
include %D%/store.mk
include %D%/obs.mk
include %D%/audit.mk
include %D%/ctl.mk
include %D%/quic.mk
include %D%/tun.mk
include %D%/config.mk
include %D%/runtime.mk
include %D%/server.mk
include %D%/client.mk
endif
TESTS += $(UNIT_TESTS)
