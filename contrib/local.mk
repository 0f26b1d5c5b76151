# SPDX-License-Identifier: GPL-3.0-or-later
# Nothing to list: dist-hook takes the whole folder. Files to install, for example units:
#	systemdsystemunit_DATA = and systemdsystemunitdir (from configure)
