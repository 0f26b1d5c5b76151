#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes ./configure from a checkout. Not needed for a release archive.
set -eu
cd "$(dirname "$0")"
for tool in autoreconf automake pkg-config; do
	command -v "$tool" >/dev/null || {
		echo "autogen.sh: $tool is missing: run contrib/setup," \
			"or install autoconf, automake and pkg-config" >&2
		exit 1
	}
done
mkdir -p build-aux
exec autoreconf --install --force --warnings=all
