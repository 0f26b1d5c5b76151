/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The generator of rng.h (Blackman, Vigna 2018). Must not be used for anything secret.
 */
#include "base/rng.h"

static uint64_t splitmix(uint64_t *x)
{
	uint64_t z = (*x += 0x9e3779b97f4a7c15ULL);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static uint64_t rotl(uint64_t x, unsigned int n)
{
	return x << n | x >> (64 - n);
}

void jvpn_rng_init(struct jvpn_rng *rng, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		rng->s[i] = splitmix(&seed);
}

uint64_t jvpn_rng_u64(struct jvpn_rng *rng)
{
	uint64_t *s = rng->s;
	uint64_t result = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

uint64_t jvpn_rng_below(struct jvpn_rng *rng, uint64_t bound)
{
	uint64_t threshold, x;

	if (bound == 0)
		return 0;
	threshold =
		(0 - bound) % bound; /* 2^64 mod bound: below it, values would be too frequent */
	do {
		x = jvpn_rng_u64(rng);
	} while (x < threshold);
	return x % bound;
}
