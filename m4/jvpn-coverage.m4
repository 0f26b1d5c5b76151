dnl SPDX-License-Identifier: GPL-3.0-or-later

dnl JVPN_ENABLE_COVERAGE
dnl --enable-coverage: gcov data, read with gcovr or lcov. Configure with CFLAGS='-O0 -g' for true lines.
AC_DEFUN([JVPN_ENABLE_COVERAGE], [
	AC_ARG_ENABLE([coverage],
		[AS_HELP_STRING([--enable-coverage], [collect coverage data with gcov (for tests)])],
		[], [enable_coverage=no])
	AS_IF([test "x$enable_coverage" = xyes], [
		JVPN_CFLAGS="$JVPN_CFLAGS --coverage"
		JVPN_LDFLAGS="$JVPN_LDFLAGS --coverage"
	])
])
