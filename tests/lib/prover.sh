#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/lib/prove-events and "jvpn-server audit verify" find every way in which a stream can break an
# invariant.
set -eu
command -v python3 >/dev/null || exit 77
folder=$(mktemp -d "${TMPDIR:-/tmp}/jvpn-prover.XXXXXX")
trap 'rm -rf "$folder"' EXIT
python3 "${JVPN_SRCDIR:-.}/tests/lib/mutate-events" "$folder" "${JVPN_BUILDDIR:-build}/jvpn-server"
