/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asks the processor (x86) or the kernel (ARM). An architecture that is not known here has no AES.
 */
#include "crypto/cpu.h"

#include <stdio.h>

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#if defined(__x86_64__) || defined(__i386__)

bool jvpn_cpu_has_aes(void)
{
	return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
}

void jvpn_cpu_describe(char *out, size_t size)
{
	snprintf(out, size, "x86%s, %s%s%s", sizeof(void *) == 8 ? "-64" : "",
		 jvpn_cpu_has_aes() ? "AES-NI" : "no AES",
		 __builtin_cpu_supports("avx2") ? ", AVX2" : "",
		 __builtin_cpu_supports("vpclmulqdq") ? ", VPCLMULQDQ" : "");
}

#elif defined(__aarch64__)

bool jvpn_cpu_has_aes(void)
{
	const unsigned long wanted = HWCAP_AES | HWCAP_PMULL;

	return (getauxval(AT_HWCAP) & wanted) == wanted;
}

void jvpn_cpu_describe(char *out, size_t size)
{
	snprintf(out, size, "aarch64, %s", jvpn_cpu_has_aes() ? "AES" : "no AES");
}

#else

bool jvpn_cpu_has_aes(void)
{
	return false;
}

void jvpn_cpu_describe(char *out, size_t size)
{
	snprintf(out, size, "no AES known");
}

#endif
