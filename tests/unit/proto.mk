# SPDX-License-Identifier: GPL-3.0-or-later
# Tests of proto. A new test_noun.c: add the line "	%D%/test_noun.c \" to the sources; it links only what proto may use.
check_PROGRAMS += %D%/unit_proto
UNIT_TESTS += %D%/unit_proto
%C%_unit_proto_SOURCES = \
	%D%/golden.c \
	%D%/golden.h \
	%D%/packet.c \
	%D%/packet.h \
	%D%/test_capsule.c \
	%D%/test_cid.c \
	%D%/test_connectip.c \
	%D%/test_dns.c \
	%D%/test_dnsassign.c \
	%D%/test_ecn.c \
	%D%/test_ippkt.c \
	%D%/test_ippkt_icmp.c \
	%D%/test_jvfield.c \
	%D%/test_jvmsg.c \
	%D%/test_sfield.c \
	%D%/test_varint.c \
	%D%/unit.h %D%/main.c
%C%_unit_proto_CPPFLAGS = $(UNIT_CPPFLAGS)
%C%_unit_proto_LDADD = src/common/proto/libjvpn_proto.a src/common/core/libjvpn_core.a src/common/base/libjvpn_base.a $(CHECK_LIBS)
