# SPDX-License-Identifier: GPL-3.0-or-later
# Nothing to list: dist-hook takes the whole folder. Files to install:
#	dist_doc_DATA = %D%/architecture.md
