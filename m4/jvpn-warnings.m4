dnl SPDX-License-Identifier: GPL-3.0-or-later

dnl JVPN_CHECK_FLAGS(VARIABLE, FLAGS, [COMPILER-OR-LINKER = cc])
dnl Appends each of FLAGS that the compiler (cc) or the linker (ld) takes to VARIABLE. The user's
dnl CFLAGS and LDFLAGS take part in the test and are never changed.
AC_DEFUN([JVPN_CHECK_FLAGS], [
	for jvpn_flag in $2; do
		AS_VAR_PUSHDEF([jvpn_cache], [jvpn_cv_$3flag_$jvpn_flag])
		AC_CACHE_CHECK([whether $CC takes $jvpn_flag], [jvpn_cache], [
			jvpn_save_CFLAGS=$CFLAGS
			jvpn_save_LDFLAGS=$LDFLAGS
			CFLAGS="$CFLAGS $$1 -Werror $jvpn_flag"
			m4_if([$3], [ld],
				[LDFLAGS="$LDFLAGS $jvpn_flag"
				 AC_LINK_IFELSE([AC_LANG_PROGRAM], [AS_VAR_SET([jvpn_cache], [yes])],
					[AS_VAR_SET([jvpn_cache], [no])])],
				[AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <string.h>]])],
					[AS_VAR_SET([jvpn_cache], [yes])],
					[AS_VAR_SET([jvpn_cache], [no])])])
			CFLAGS=$jvpn_save_CFLAGS
			LDFLAGS=$jvpn_save_LDFLAGS
		])
		AS_VAR_IF([jvpn_cache], [yes], [$1="$$1 $jvpn_flag"])
		AS_VAR_POPDEF([jvpn_cache])
	done
])

dnl JVPN_ADD_WARNINGS
dnl Warnings into JVPN_CFLAGS; what only base, core and proto can bear into JVPN_STRICT_CFLAGS.
AC_DEFUN([JVPN_ADD_WARNINGS], [
	AC_ARG_ENABLE([werror],
		[AS_HELP_STRING([--enable-werror], [treat warnings as errors (for development)])],
		[], [enable_werror=no])
	JVPN_CHECK_FLAGS([JVPN_CFLAGS], [-std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes dnl
-Wmissing-prototypes -Wold-style-definition -Wswitch-enum -Wformat=2 -Wundef -Wpointer-arith dnl
-Wcast-qual -Wcast-align -Wwrite-strings -Wvla -Wimplicit-fallthrough -Wdouble-promotion dnl
-Wnull-dereference -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init])
	JVPN_STRICT_CFLAGS=
	JVPN_CHECK_FLAGS([JVPN_STRICT_CFLAGS], [-Wconversion])
	AC_SUBST([JVPN_STRICT_CFLAGS])
	dnl clang knows no embedded base struct: its -Wcast-align objects to every container-of.
	AS_IF([test "x$enable_werror" = xyes], [
		JVPN_CFLAGS="$JVPN_CFLAGS -Werror"
		JVPN_CHECK_FLAGS([JVPN_CFLAGS], [-Wno-error=cast-align])
	])
])

dnl JVPN_ADD_HARDENING
dnl Call after JVPN_ENABLE_SANITIZERS: fortified libc functions hide from the sanitizers.
AC_DEFUN([JVPN_ADD_HARDENING], [
	JVPN_CHECK_FLAGS([JVPN_CFLAGS],
		[-fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE])
	AS_IF([test "x$enable_sanitizers" != xyes], [
		AC_CACHE_CHECK([whether _FORTIFY_SOURCE works], [jvpn_cv_fortify], [
			jvpn_save_CFLAGS=$CFLAGS
			CFLAGS="$CFLAGS -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"
			AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <string.h>]])],
				[jvpn_cv_fortify=yes], [jvpn_cv_fortify=no])
			CFLAGS=$jvpn_save_CFLAGS
		])
		AS_IF([test "x$jvpn_cv_fortify" = xyes],
			[JVPN_CPPFLAGS="$JVPN_CPPFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])
	])
	JVPN_CHECK_FLAGS([JVPN_LDFLAGS],
		[-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack], [ld])
])
