# SPDX-License-Identifier: GPL-3.0-or-later
# May use: everything in src/common. All but main.c is in the library, so that unit tests link it.
# A new file foo.c, foo.h: add the lines "	%D%/foo.c \" and "	%D%/foo.h \" to the library.
noinst_LIBRARIES += %D%/libjvpn_server.a
%C%_libjvpn_server_a_SOURCES = \
	%D%/add_client.c \
	%D%/admission.c \
	%D%/audit.c \
	%D%/audit.h \
	%D%/audit_files.c \
	%D%/audit_report.c \
	%D%/audit_timeline.c \
	%D%/audit_verify.c \
	%D%/auth.c \
	%D%/auth.h \
	%D%/config.c \
	%D%/config.h \
	%D%/control.c \
	%D%/control.h \
	%D%/control_job.c \
	%D%/files.c \
	%D%/files.h \
	%D%/gateway.c \
	%D%/handed.c \
	%D%/handed.h \
	%D%/init.c \
	%D%/init.h \
	%D%/lease.c \
	%D%/lease.h \
	%D%/listener.c \
	%D%/listener.h \
	%D%/metrics.c \
	%D%/metrics.h \
	%D%/options.c \
	%D%/options.h \
	%D%/reload.c \
	%D%/restore.c \
	%D%/server.h \
	%D%/service.c \
	%D%/strangers.c \
	%D%/strangers.h \
	%D%/templates.c \
	%D%/templates.h \
	%D%/worker.c \
	%D%/worker.h \
	%D%/worker_mail.c \
	%D%/worker_thread.c

sbin_PROGRAMS += jvpn-server
jvpn_server_SOURCES = %D%/main.c
jvpn_server_LDADD = %D%/libjvpn_server.a $(JVPN_COMMON_LIBS)
