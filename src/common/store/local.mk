# SPDX-License-Identifier: GPL-3.0-or-later
# May use: core (record type), base, the stores' own libraries.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/store.mk.
noinst_LIBRARIES += %D%/libjvpn_store.a
%C%_libjvpn_store_a_SOURCES =
%C%_libjvpn_store_a_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS)
