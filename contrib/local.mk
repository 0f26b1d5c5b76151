# SPDX-License-Identifier: GPL-3.0-or-later
# dist-hook takes the whole folder; here is what is made of it and installed.

# A program that embeds the client; tests/netns/embed runs it.
noinst_PROGRAMS += %D%/examples/embed
%C%_examples_embed_SOURCES = %D%/examples/embed.c

# Paths in units are those of this build: config.status would leave ${prefix} in them.
JVPN_UNITS = %D%/systemd/jvpn-server.service %D%/systemd/jvpn-client@.service
$(JVPN_UNITS): %: %.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g' \
		$(srcdir)/$@.in >$@.tmp && mv $@.tmp $@
CLEANFILES += $(JVPN_UNITS)

# What the programs print is installed, so it cannot be older than they are. Not when they run elsewhere.
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
fishcompletiondir = $(datadir)/fish/vendor_completions.d
install-completion: jvpn-server jvpn-client
if !JVPN_CROSS
	$(MKDIR_P) '$(DESTDIR)$(bashcompletiondir)' '$(DESTDIR)$(zshcompletiondir)' '$(DESTDIR)$(fishcompletiondir)'
	for program in jvpn-server jvpn-client; do \
		./$$program completion bash >"$(DESTDIR)$(bashcompletiondir)/$$program" && \
		./$$program completion zsh >"$(DESTDIR)$(zshcompletiondir)/_$$program" && \
		./$$program completion fish >"$(DESTDIR)$(fishcompletiondir)/$$program.fish" || exit 1; \
	done
endif
uninstall-completion:
	for program in jvpn-server jvpn-client; do \
		rm -f "$(DESTDIR)$(bashcompletiondir)/$$program" "$(DESTDIR)$(zshcompletiondir)/_$$program" \
			"$(DESTDIR)$(fishcompletiondir)/$$program.fish"; \
	done
.PHONY: install-completion uninstall-completion
install-data-local: install-completion
uninstall-local: uninstall-completion

if JVPN_SYSTEMD
systemdsystemunit_DATA = $(JVPN_UNITS) %D%/systemd/jvpn-server.socket
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
polkitrulesdir = $(datadir)/polkit-1/rules.d
install-data-hook:
	$(MKDIR_P) '$(DESTDIR)$(sysusersdir)' '$(DESTDIR)$(tmpfilesdir)' '$(DESTDIR)$(polkitrulesdir)'
	$(INSTALL_DATA) $(srcdir)/%D%/systemd/sysusers.conf '$(DESTDIR)$(sysusersdir)/jvpn.conf'
	$(INSTALL_DATA) $(srcdir)/%D%/systemd/tmpfiles.conf '$(DESTDIR)$(tmpfilesdir)/jvpn.conf'
	$(INSTALL_DATA) $(srcdir)/%D%/systemd/polkit.rules '$(DESTDIR)$(polkitrulesdir)/50-jvpn.rules'
uninstall-hook:
	rm -f '$(DESTDIR)$(sysusersdir)/jvpn.conf' '$(DESTDIR)$(tmpfilesdir)/jvpn.conf' \
		'$(DESTDIR)$(polkitrulesdir)/50-jvpn.rules'
endif

# systemd-analyze on what would be installed: no warning, and an exposure of 2.0 at most.
check-units: $(JVPN_UNITS)
	$(srcdir)/%D%/systemd/check $(builddir)/%D%/systemd $(srcdir)/%D%/systemd
.PHONY: check-units
