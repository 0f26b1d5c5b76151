# SPDX-License-Identifier: GPL-3.0-or-later
# Tests of proto. A new test_noun.c: add the line "	%D%/test_noun.c \" to the sources; with the first
# one take the # off the line below. It links only what proto may use.
check_PROGRAMS += %D%/unit_proto
#UNIT_TESTS += %D%/unit_proto
%C%_unit_proto_SOURCES = \
	%D%/unit.h %D%/main.c
%C%_unit_proto_CPPFLAGS = $(UNIT_CPPFLAGS)
%C%_unit_proto_LDADD = src/common/proto/libjvpn_proto.a src/common/core/libjvpn_core.a src/common/base/libjvpn_base.a $(CHECK_LIBS)
