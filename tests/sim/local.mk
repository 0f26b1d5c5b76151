# SPDX-License-Identifier: GPL-3.0-or-later
# Simulator tests print TAP (one line "ok N - name" per scenario). A new one:
#	check_PROGRAMS += %D%/sim_core, SIM_TESTS += %D%/sim_core, %C%_sim_core_SOURCES, %C%_sim_core_LDADD
SIM_TESTS =
TESTS += $(SIM_TESTS)
