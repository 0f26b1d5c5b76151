/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Times in microseconds, any number of them in a fixed room (19 KiB). Count, sum, least and most are
 * exact; a percentile is off by 0.8 % at most.
 */
#ifndef JVPN_AUDIT_HISTOGRAM_H
#define JVPN_AUDIT_HISTOGRAM_H

#include <stdint.h>

#define JVPN_HISTOGRAM_STEPS 64                          /* of each octave */
#define JVPN_HISTOGRAM_SIZE  (JVPN_HISTOGRAM_STEPS * 37) /* up to 2^42 us: 50 days */
#define JVPN_HISTOGRAM_BARS  16                          /* exact: 1, 2, 5, 10 ms ... 50 s, more */

struct jvpn_histogram {
	uint64_t count, least_us, most_us;
	double sum_us;
	uint64_t bar[JVPN_HISTOGRAM_BARS];
	uint64_t step[JVPN_HISTOGRAM_SIZE];
};

void jvpn_histogram_put(struct jvpn_histogram *h, uint64_t us);
/* 'from' is added to 'h'. */
void jvpn_histogram_add(struct jvpn_histogram *h, const struct jvpn_histogram *from);
/* The smallest value that is not below 'percent' of all; 0 when there is none. */
uint64_t jvpn_histogram_percentile(const struct jvpn_histogram *h, unsigned percent);
uint64_t jvpn_histogram_mean(const struct jvpn_histogram *h);
/* The bar's largest value in milliseconds; 0 for the last one, which has none. */
uint64_t jvpn_histogram_bar_ms(unsigned bar);

#endif
