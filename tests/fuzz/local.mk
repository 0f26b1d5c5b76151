# SPDX-License-Identifier: GPL-3.0-or-later
# One LLVMFuzzerTestOneInput per codec. With --enable-fuzzers it is linked with libFuzzer (start it with
# tests/fuzz/corpus/<name> as argument), else with driver.c, which runs the corpus and a bounded number
# of mutations of it from a fixed seed; it prints TAP and so is a test of "make check".
if JVPN_FUZZERS
FUZZ_MAIN =
FUZZ_TESTS =
else
FUZZ_MAIN = %D%/driver.c
FUZZ_TESTS = $(FUZZ_TARGETS)
endif
FUZZ_LIBS = src/common/proto/libjvpn_proto.a src/common/core/libjvpn_core.a \
	src/common/base/libjvpn_base.a
FUZZ_TARGETS = \
	%D%/fuzz_capsule \
	%D%/fuzz_config \
	%D%/fuzz_connectip \
	%D%/fuzz_dns \
	%D%/fuzz_dnsassign \
	%D%/fuzz_event \
	%D%/fuzz_ippkt \
	%D%/fuzz_jvfield \
	%D%/fuzz_jvmsg \
	%D%/fuzz_netmon \
	%D%/fuzz_request \
	%D%/fuzz_saved
check_PROGRAMS += $(FUZZ_TARGETS)
TESTS += $(FUZZ_TESTS)

%C%_fuzz_capsule_SOURCES = %D%/fuzz_capsule.c %D%/fuzz.h $(FUZZ_MAIN)
%C%_fuzz_capsule_LDFLAGS = $(AM_LDFLAGS) $(JVPN_FUZZ_LDFLAGS)
%C%_fuzz_capsule_LDADD = $(FUZZ_LIBS)
%C%_fuzz_config_SOURCES = %D%/fuzz_config.c %D%/fuzz.h $(FUZZ_MAIN)
%C%_fuzz_config_LDFLAGS = $(AM_LDFLAGS) $(JVPN_FUZZ_LDFLAGS)
%C%_fuzz_config_LDADD = src/common/config/libjvpn_config.a src/common/core/libjvpn_core.a \
	src/common/base/libjvpn_base.a $(YAML_LIBS)
%C%_fuzz_connectip_SOURCES = %D%/fuzz_connectip.c %D%/fuzz.h $(FUZZ_MAIN)
%C%_fuzz_connectip_LDFLAGS = $(AM_LDFLAGS) $(JVPN_FUZZ_LDFLAGS)
%C%_fuzz_connectip_LDADD = $(FUZZ_LIBS)
%C%_fuzz_dns_SOURCES = %D%/fuzz_dns.c %D%/fuzz.h $(FUZZ_MAIN)
%C%_fuzz_dns_LDFLAGS = $(AM_LDFLAGS) $(JVPN_FUZZ_LDFLAGS)
%C%_fuzz_dns_LDADD = $(FUZZ_LIBS)
%C%_fuzz_dnsassign_SOURCES = %D%/fuzz_dnsassign.c %D%/fuzz.h $(FUZZ_MAIN)
%C%_fuzz_dnsassign_LDFLAGS = $(AM_LDFLAGS) $(JVPN_FUZZ_LDFLAGS)
%C%_fuzz_dnsassign_LDADD = $(FUZZ_LIBS)
%C%_fuzz_event_SOURCES = %D%/fuzz_event.c %D%/fuzz.h $(FUZZ_MAIN)
# it draws each of them
%C%_fuzz_event_CPPFLAGS = $(AM_CPPFLAGS) -DRUNS_DEFAULT=30000
%C%_fuzz_event_LDFLAGS = $(AM_LDFLAGS) $(JVPN_FUZZ_LDFLAGS)
%C%_fuzz_event_LDADD = src/common/audit/libjvpn_audit.a src/common/obs/libjvpn_obs.a $(FUZZ_LIBS) -lm
%C%_fuzz_ippkt_SOURCES = %D%/fuzz_ippkt.c %D%/fuzz.h $(FUZZ_MAIN)
%C%_fuzz_ippkt_LDFLAGS = $(AM_LDFLAGS) $(JVPN_FUZZ_LDFLAGS)
%C%_fuzz_ippkt_LDADD = $(FUZZ_LIBS)
%C%_fuzz_jvfield_SOURCES = %D%/fuzz_jvfield.c %D%/fuzz.h $(FUZZ_MAIN)
%C%_fuzz_jvfield_LDFLAGS = $(AM_LDFLAGS) $(JVPN_FUZZ_LDFLAGS)
%C%_fuzz_jvfield_LDADD = $(FUZZ_LIBS)
%C%_fuzz_jvmsg_SOURCES = %D%/fuzz_jvmsg.c %D%/fuzz.h $(FUZZ_MAIN)
%C%_fuzz_jvmsg_LDFLAGS = $(AM_LDFLAGS) $(JVPN_FUZZ_LDFLAGS)
%C%_fuzz_jvmsg_LDADD = $(FUZZ_LIBS)
%C%_fuzz_saved_SOURCES = %D%/fuzz_saved.c %D%/fuzz.h $(FUZZ_MAIN)
%C%_fuzz_saved_LDFLAGS = $(AM_LDFLAGS) $(JVPN_FUZZ_LDFLAGS)
%C%_fuzz_saved_LDADD = src/client/libjvpn_client.a $(JVPN_COMMON_LIBS)
%C%_fuzz_netmon_SOURCES = %D%/fuzz_netmon.c %D%/fuzz.h $(FUZZ_MAIN)
%C%_fuzz_netmon_LDFLAGS = $(AM_LDFLAGS) $(JVPN_FUZZ_LDFLAGS)
%C%_fuzz_netmon_LDADD = src/client/libjvpn_client.a src/common/tun/libjvpn_tun.a $(FUZZ_LIBS)
%C%_fuzz_request_SOURCES = %D%/fuzz_request.c %D%/fuzz.h $(FUZZ_MAIN)
%C%_fuzz_request_LDFLAGS = $(AM_LDFLAGS) $(JVPN_FUZZ_LDFLAGS)
%C%_fuzz_request_LDADD = src/common/ctl/libjvpn_ctl.a src/common/obs/libjvpn_obs.a $(FUZZ_LIBS)
EXTRA_DIST += %D%/driver.c
