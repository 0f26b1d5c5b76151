# SPDX-License-Identifier: GPL-3.0-or-later
# Tests of store. A new test_noun.c: add the line "	%D%/test_noun.c \" to the sources. It links only
# what store may use.
check_PROGRAMS += %D%/unit_store
UNIT_TESTS += %D%/unit_store
%C%_unit_store_SOURCES = \
	%D%/store_fixture.c \
	%D%/store_fixture.h \
	%D%/test_record.c \
	%D%/test_store.c \
	%D%/test_store_fault.c \
	%D%/unit.h %D%/main.c
if JVPN_STORE_SQLITE
%C%_unit_store_SOURCES += \
	%D%/test_store_crash.c \
	%D%/test_store_file.c \
	%D%/test_store_sqlite.c
endif
%C%_unit_store_CPPFLAGS = $(UNIT_CPPFLAGS) $(SQLITE_CFLAGS) $(CJSON_CFLAGS)
%C%_unit_store_LDADD = src/common/store/libjvpn_store.a src/common/core/libjvpn_core.a src/common/base/libjvpn_base.a $(SQLITE_LIBS) $(CJSON_LIBS) $(CHECK_LIBS)
if JVPN_STORE_SQLITE
check_PROGRAMS += %D%/store_disk_full
UNIT_TESTS += %D%/store_disk_full
%C%_store_disk_full_SOURCES = %D%/store_disk_full.c
%C%_store_disk_full_LDADD = src/common/store/libjvpn_store.a src/common/core/libjvpn_core.a src/common/base/libjvpn_base.a $(SQLITE_LIBS)
endif
