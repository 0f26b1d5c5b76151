# SPDX-License-Identifier: GPL-3.0-or-later
# May use: core (record type), base, the stores' own libraries.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" below, in
# alphabetical order, and its test to tests/unit/store.mk.
noinst_LIBRARIES += %D%/libjvpn_store.a
%C%_libjvpn_store_a_SOURCES = \
	%D%/record.c \
	%D%/record.h \
	%D%/store.c \
	%D%/store.h \
	%D%/store_fault.c \
	%D%/store_fault.h \
	%D%/store_internal.h \
	%D%/store_mem.c \
	%D%/store_request.c
if JVPN_STORE_SQLITE
%C%_libjvpn_store_a_SOURCES += \
	%D%/store_sqlite.c \
	%D%/store_sqlite_exec.c \
	%D%/store_sqlite_file.c \
	%D%/store_sqlite_internal.h \
	%D%/store_sqlite_read.c
else
%C%_libjvpn_store_a_SOURCES += %D%/store_sqlite_absent.c
endif
%C%_libjvpn_store_a_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS) $(CJSON_CFLAGS)
%C%_libjvpn_store_a_CFLAGS = $(AM_CFLAGS) $(JVPN_STRICT_CFLAGS)
