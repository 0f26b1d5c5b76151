# SPDX-License-Identifier: GPL-3.0-or-later
# Nothing to list: dist-hook takes the whole folder. Files to install, for example units:
#	systemdsystemunit_DATA = and systemdsystemunitdir (from configure)

# A program that embeds the client; tests/netns/embed runs it.
noinst_PROGRAMS += %D%/examples/embed
%C%_examples_embed_SOURCES = %D%/examples/embed.c
