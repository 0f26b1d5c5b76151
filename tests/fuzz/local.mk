# SPDX-License-Identifier: GPL-3.0-or-later
# One LLVMFuzzerTestOneInput per codec. With --enable-fuzzers it is linked with libFuzzer, else with a
# main that replays the files named on the command line (the corpus as a test):
#	check_PROGRAMS += %D%/fuzz_foo, %C%_fuzz_foo_SOURCES = %D%/fuzz_foo.c $(FUZZ_MAIN), %C%_fuzz_foo_LDFLAGS = $(AM_LDFLAGS) $(JVPN_FUZZ_LDFLAGS)
# What replays the corpus under "make check" prints TAP and is named in FUZZ_TESTS.
FUZZ_TESTS =
TESTS += $(FUZZ_TESTS)
