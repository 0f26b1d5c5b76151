# SPDX-License-Identifier: GPL-3.0-or-later
# Tests of runtime. A new test_noun.c: add the line "	%D%/test_noun.c \" to the sources; with the first
# one take the # off the line below. It links only what runtime may use.
check_PROGRAMS += %D%/unit_runtime
UNIT_TESTS += %D%/unit_runtime
%C%_unit_runtime_SOURCES = \
	%D%/golden.c \
	%D%/golden.h \
	%D%/test_loop.c \
	%D%/test_mailbox.c \
	%D%/test_msgauth.c \
	%D%/test_notify.c \
	%D%/unit.h %D%/main.c
if JVPN_METRICS
%C%_unit_runtime_SOURCES += %D%/test_exporter.c
endif
%C%_unit_runtime_CPPFLAGS = $(UNIT_CPPFLAGS) $(EV_CFLAGS)
%C%_unit_runtime_LDADD = $(JVPN_COMMON_LIBS) $(CHECK_LIBS)

# Whole sessions: the driver with the server's admission and the client's session over real
# connections. The client's dial and tunnel are the test's own.
check_PROGRAMS += %D%/unit_driver
UNIT_TESTS += %D%/unit_driver
%C%_unit_driver_SOURCES = \
	%D%/unit.h %D%/main.c \
	%D%/driver_world.c \
	%D%/driver_world.h \
	%D%/quic_pair.c \
	%D%/quic_pair.h \
	%D%/test_abuse.c \
	%D%/test_driver.c \
	%D%/test_keys.c \
	%D%/test_persist.c \
	%D%/test_resume.c \
	%D%/test_silence.c \
	%D%/test_standby.c
# test_abuse.c counts allocations
%C%_unit_driver_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
%C%_unit_driver_CPPFLAGS = $(UNIT_CPPFLAGS) $(EV_CFLAGS) $(NGTCP2_CFLAGS)
%C%_unit_driver_LDADD = src/server/libjvpn_server.a src/client/libjvpn_client.a $(JVPN_COMMON_LIBS) $(CHECK_LIBS)
