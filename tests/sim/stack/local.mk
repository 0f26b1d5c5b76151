# SPDX-License-Identifier: GPL-3.0-or-later
# The simulator's full-stack mode (docs/internals/simulator.md): the programs' own code over replaced
# sockets, loop, TUN and event file. Its objects come before the libraries, so their definitions win
# (-z muldefs); the kernel's clock and randomness are redirected by name, below wolfSSL, too.
check_PROGRAMS += %D%/sim-stack
SIM_TESTS += %D%/sim-stack
%C%_sim_stack_SOURCES = \
	%D%/chance.c \
	%D%/chaos.c \
	%D%/client.c \
	%D%/disk.c \
	%D%/endpoint.c \
	%D%/files.c \
	%D%/loop.c \
	%D%/main.c \
	%D%/netmon.c \
	%D%/oracle.c \
	%D%/server.c \
	%D%/sink.c \
	%D%/stack.h \
	%D%/stream.c \
	%D%/trace.c \
	%D%/tun.c \
	%D%/world.c
%C%_sim_stack_CPPFLAGS = $(AM_CPPFLAGS) $(NGTCP2_CFLAGS) $(NGHTTP3_CFLAGS) $(WOLFSSL_CFLAGS)
%C%_sim_stack_LDFLAGS = $(AM_LDFLAGS) -Wl,-z,muldefs -Wl,--wrap=clock_gettime -Wl,--wrap=time \
	-Wl,--wrap=gettimeofday -Wl,--wrap=getrandom -Wl,--wrap=getpid -Wl,--wrap=mkdir \
	-Wl,--wrap=getaddrinfo -Wl,--wrap=freeaddrinfo -Wl,--wrap=if_nametoindex -Wl,--wrap=poll
%C%_sim_stack_LDADD = src/server/libjvpn_server.a src/client/libjvpn_client.a $(JVPN_COMMON_LIBS)

# The long run: 1 000 seeds, on one core at the lowest priority.
soak-sim-stack: %D%/sim-stack
	JVPN_SRCDIR='$(abs_top_srcdir)' nice -n 19 %D%/sim-stack --seeds 1000

# For tests/sim/stack/mutate: $(MUTANT).c takes the place of one source; the program is $(MUTANT).
sim-stack-mutant: %D%/sim-stack
	$(CC) $(%C%_sim_stack_CPPFLAGS) $(EV_CFLAGS) $(AM_CFLAGS) $(CFLAGS) -w -c $(MUTANT).c -o $(MUTANT).o
	$(CCLD) $(AM_CFLAGS) $(CFLAGS) $(%C%_sim_stack_LDFLAGS) $(LDFLAGS) -o $(MUTANT) $(MUTANT).o \
		$(%C%_sim_stack_OBJECTS) $(%C%_sim_stack_LDADD) $(LIBS)
.PHONY: soak-sim-stack sim-stack-mutant
