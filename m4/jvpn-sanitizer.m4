dnl SPDX-License-Identifier: GPL-3.0-or-later

dnl JVPN_ENABLE_SANITIZERS
dnl --enable-sanitizers: AddressSanitizer (with leaks) and UndefinedBehaviorSanitizer, every finding fatal.
dnl --enable-sanitizers=thread: ThreadSanitizer.
dnl --enable-fuzzers: the fuzz targets are linked with libFuzzer (clang only).
AC_DEFUN([JVPN_ENABLE_SANITIZERS], [
	AC_ARG_ENABLE([sanitizers],
		[AS_HELP_STRING([--enable-sanitizers@<:@=thread@:>@],
			[build with ASan and UBSan, or TSan; findings are fatal (for tests)])],
		[], [enable_sanitizers=no])
	AS_CASE([$enable_sanitizers],
		[no], [],
		[yes], [jvpn_sanitizers="-fsanitize=address,undefined"],
		[thread], [jvpn_sanitizers="-fsanitize=thread"],
		[AC_MSG_ERROR([--enable-sanitizers=$enable_sanitizers: expected yes, no or thread])])
	AS_IF([test "x$enable_sanitizers" != xno], [
		AC_MSG_CHECKING([whether $CC links with $jvpn_sanitizers])
		jvpn_save_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS $jvpn_sanitizers"
		AC_LINK_IFELSE([AC_LANG_PROGRAM], [AC_MSG_RESULT([yes])], [
			AC_MSG_RESULT([no])
			AC_MSG_ERROR([--enable-sanitizers needs the compiler's sanitizer run-time (libasan, libubsan; for clang libclang-rt-dev)])
		])
		CFLAGS=$jvpn_save_CFLAGS
		JVPN_CFLAGS="$JVPN_CFLAGS $jvpn_sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer"
		JVPN_LDFLAGS="$JVPN_LDFLAGS $jvpn_sanitizers"
		AC_DEFINE([JVPN_SANITIZERS], [1], [Define to 1 in a build with sanitizers.])
	])
	AM_CONDITIONAL([JVPN_SANITIZERS], [test "x$enable_sanitizers" != xno])

	AC_ARG_ENABLE([fuzzers],
		[AS_HELP_STRING([--enable-fuzzers], [link the fuzz targets with libFuzzer (clang)])],
		[], [enable_fuzzers=no])
	JVPN_FUZZ_LDFLAGS=
	AS_IF([test "x$enable_fuzzers" = xyes], [
		AC_MSG_CHECKING([whether $CC takes -fsanitize=fuzzer-no-link])
		jvpn_save_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS -fsanitize=fuzzer-no-link"
		AC_LINK_IFELSE([AC_LANG_PROGRAM], [AC_MSG_RESULT([yes])], [
			AC_MSG_RESULT([no])
			AC_MSG_ERROR([--enable-fuzzers needs clang with its run-time: configure CC=clang])
		])
		CFLAGS=$jvpn_save_CFLAGS
		JVPN_CFLAGS="$JVPN_CFLAGS -fsanitize=fuzzer-no-link"
		JVPN_FUZZ_LDFLAGS=-fsanitize=fuzzer
	])
	AC_SUBST([JVPN_FUZZ_LDFLAGS])
	AM_CONDITIONAL([JVPN_FUZZERS], [test "x$enable_fuzzers" = xyes])
])
