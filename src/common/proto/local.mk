# SPDX-License-Identifier: GPL-3.0-or-later
# May use: core/msg.h, base.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/proto.mk.
noinst_LIBRARIES += %D%/libjvpn_proto.a
%C%_libjvpn_proto_a_SOURCES = \
	%D%/capsule.c \
	%D%/capsule.h \
	%D%/cid.c \
	%D%/cid.h \
	%D%/connectip.c \
	%D%/connectip.h \
	%D%/dns.c \
	%D%/dns.h \
	%D%/dnsassign.c \
	%D%/dnsassign.h \
	%D%/ecn.c \
	%D%/ecn.h \
	%D%/ippkt.c \
	%D%/ippkt.h \
	%D%/ippkt_icmp.c \
	%D%/ippkt_internal.h \
	%D%/jvfield.c \
	%D%/jvfield.h \
	%D%/jvmsg.c \
	%D%/jvmsg.h \
	%D%/sfield.c \
	%D%/sfield.h \
	%D%/varint.c \
	%D%/varint.h
%C%_libjvpn_proto_a_CFLAGS = $(AM_CFLAGS) $(JVPN_STRICT_CFLAGS)
