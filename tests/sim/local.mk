# SPDX-License-Identifier: GPL-3.0-or-later
# The simulator of the session core (docs/internals/simulator.md): without options it runs its suite
# and prints TAP. It links the core and base, nothing else.
check_PROGRAMS += %D%/jvpn-sim
SIM_TESTS = %D%/jvpn-sim
TESTS += $(SIM_TESTS)
%C%_jvpn_sim_SOURCES = \
	%D%/attack.c \
	%D%/chaos.c \
	%D%/client.c \
	%D%/deadline.c \
	%D%/driver.c \
	%D%/gate.c \
	%D%/main.c \
	%D%/net.c \
	%D%/oracle.c \
	%D%/policy.c \
	%D%/queue.c \
	%D%/server.c \
	%D%/sim.h \
	%D%/store.c \
	%D%/stream.c \
	%D%/trace.c \
	%D%/world.c
%C%_jvpn_sim_CFLAGS = $(AM_CFLAGS) -Wno-switch-enum
%C%_jvpn_sim_LDADD = src/common/core/libjvpn_core.a src/common/base/libjvpn_base.a
