# SPDX-License-Identifier: GPL-3.0-or-later
# Tests of tun. A new test_noun.c: add the line "	%D%/test_noun.c \" to the sources; with the first
# one take the # off the line below. It links only what tun may use.
check_PROGRAMS += %D%/unit_tun
UNIT_TESTS += %D%/unit_tun
%C%_unit_tun_SOURCES = \
	%D%/packet.c %D%/packet.h \
	%D%/test_coalesce.c \
	%D%/test_codel.c \
	%D%/test_forward.c \
	%D%/test_fragment.c \
	%D%/test_journal.c \
	%D%/test_queue.c \
	%D%/test_segment.c \
	%D%/unit.h %D%/main.c
%C%_unit_tun_CPPFLAGS = $(UNIT_CPPFLAGS)
%C%_unit_tun_LDADD = src/common/tun/libjvpn_tun.a src/common/proto/libjvpn_proto.a src/common/base/libjvpn_base.a $(CHECK_LIBS)
