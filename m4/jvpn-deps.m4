dnl SPDX-License-Identifier: GPL-3.0-or-later

dnl Dependencies. A missing one is noted in jvpn_missing; JVPN_DEPS_REPORT names them all in one pass.

dnl JVPN_MISSING(TEXT)
AC_DEFUN([JVPN_MISSING], [jvpn_missing="$jvpn_missing
  - $1"])

dnl JVPN_FIND_DEPS
dnl Sets jvpn_deps_dir to where contrib/deps/build put its libraries, or to nothing.
AC_DEFUN([JVPN_FIND_DEPS], [
	AC_ARG_VAR([JVPN_DEPS_PREFIX], [where contrib/deps/build put its libraries])
	AC_ARG_WITH([deps],
		[AS_HELP_STRING([--with-deps=DIR],
			[libraries made by contrib/deps/build (default: $JVPN_DEPS_PREFIX, or
			 contrib/deps/prefix beside configure; "no": system libraries)])],
		[], [with_deps=auto])
	jvpn_missing=
	jvpn_deps_dir=
	AC_MSG_CHECKING([for libraries made by contrib/deps/build])
	AS_CASE([$with_deps],
		[no], [],
		[auto|yes], [
			for jvpn_dir in "$JVPN_DEPS_PREFIX" "$srcdir/contrib/deps/prefix"; do
				AS_IF([test -n "$jvpn_dir" && test -d "$jvpn_dir/lib"], [
					jvpn_deps_dir=`cd "$jvpn_dir" && pwd`
					break
				])
			done
		],
		[
			AS_IF([test -d "$with_deps/lib"], [jvpn_deps_dir=`cd "$with_deps" && pwd`],
				[AC_MSG_ERROR([--with-deps: $with_deps/lib is not there])])
		])
	AC_MSG_RESULT([${jvpn_deps_dir:-none, looking for system libraries}])
	AC_SUBST([jvpn_deps_dir])
])

dnl JVPN_DEP_STATIC(NAME, LIBRARIES, PKG-CONFIG-MODULES)
dnl NAME_CFLAGS and NAME_LIBS: from the prefix when there is one, else from pkg-config.
AC_DEFUN([JVPN_DEP_STATIC], [
	AS_IF([test -n "$jvpn_deps_dir"], [
		$1_CFLAGS="-isystem $jvpn_deps_dir/include"
		$1_LIBS=
		for jvpn_lib in $2; do
			$1_LIBS="$$1_LIBS $jvpn_deps_dir/lib/lib$jvpn_lib.a"
		done
		AC_SUBST([$1_CFLAGS])
		AC_SUBST([$1_LIBS])
	], [
		PKG_CHECK_MODULES([$1], [$3], [:], [$1_LIBS="m4_foreach_w([jvpn_l], [$2], [ -l[]jvpn_l])"])
	])
])

dnl JVPN_DEP_LINK(MESSAGE, CFLAGS, LIBS, PROLOGUE, BODY, TEXT-IF-MISSING)
dnl One link test: says "checking MESSAGE", notes TEXT when it fails; jvpn_found is the answer.
AC_DEFUN([JVPN_DEP_LINK], [
	AC_MSG_CHECKING([$1])
	jvpn_save_CPPFLAGS=$CPPFLAGS
	jvpn_save_LIBS=$LIBS
	CPPFLAGS="$CPPFLAGS $2"
	LIBS="$3 $LIBS"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([$4], [$5])],
		[AC_MSG_RESULT([yes])
		jvpn_found=yes],
		[AC_MSG_RESULT([no])
		jvpn_found=no
		JVPN_MISSING([$6])])
	CPPFLAGS=$jvpn_save_CPPFLAGS
	LIBS=$jvpn_save_LIBS
])

dnl JVPN_DEP_PKG(NAME, MODULE, DEBIAN-PACKAGE)
AC_DEFUN([JVPN_DEP_PKG], [
	PKG_CHECK_MODULES([$1], [$2], [:],
		[JVPN_MISSING([$2 (pkg-config) was not found: install $3])])
])

dnl JVPN_DEPS_REPORT
AC_DEFUN([JVPN_DEPS_REPORT], [
	AS_IF([test -n "$jvpn_missing"], [
		AC_MSG_ERROR([what jvpn needs is not all there:$jvpn_missing
contrib/setup installs everything on Debian; config.log has the details.])
	])
])
