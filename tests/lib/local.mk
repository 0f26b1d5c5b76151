# SPDX-License-Identifier: GPL-3.0-or-later
# Tools of the end-to-end tests and benches; built by "make", never installed.
noinst_PROGRAMS += %D%/udp-relay %D%/probe
%C%_udp_relay_SOURCES = %D%/udp_relay.c
%C%_probe_SOURCES = %D%/probe.c
