/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * IPv4 fragmentation on the way (RFC 791 section 3.2).
 */
#include "tun/fragment.h"

#include <string.h>

#include "base/err.h"

#define IPV4_MORE_FRAGMENTS 0x2000u
#define IPV4_OFFSET_MASK    0x1fffu
#define OPTION_END          0
#define OPTION_NOP          1
#define OPTION_COPIED       0x80u

static uint16_t read_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void write_u16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

int jvpn_fragment_init(struct jvpn_fragment *fragment, const struct jvpn_ippkt *view,
		       const uint8_t *packet, size_t mtu)
{
	size_t header_len;

	if (view->version != 4 || view->dont_fragment)
		return JVPN_EINVAL;
	header_len = (packet[0] & 0x0fu) * 4u;
	if (mtu < header_len + 8)
		return JVPN_ERANGE;
	fragment->packet = packet;
	fragment->len = view->len;
	fragment->header_len = header_len;
	fragment->mtu = mtu;
	fragment->done = 0;
	return 0;
}

/* Options of a later fragment: those with the copied flag, padded with zeroes (= end of list). An
 * option that does not fit in the header ends the list: the first fragment has it as it came. */
static size_t copy_options(const uint8_t *packet, size_t header_len, uint8_t *out)
{
	size_t written = 0, i = JVPN_IPV4_HEADER_BYTES;

	while (i < header_len && packet[i] != OPTION_END) {
		size_t len = 1;

		if (packet[i] != OPTION_NOP) {
			if (i + 2 > header_len || packet[i + 1] < 2 ||
			    i + packet[i + 1] > header_len)
				break;
			len = packet[i + 1];
			if ((packet[i] & OPTION_COPIED) != 0) {
				memcpy(out + written, packet + i, len);
				written += len;
			}
		}
		i += len;
	}
	while (written % 4 != 0)
		out[written++] = OPTION_END;
	return written;
}

static size_t write_header(const struct jvpn_fragment *fragment, uint8_t *header)
{
	size_t len = JVPN_IPV4_HEADER_BYTES;

	if (fragment->done == 0) {
		memcpy(header, fragment->packet, fragment->header_len);
		return fragment->header_len;
	}
	memcpy(header, fragment->packet, len);
	len += copy_options(fragment->packet, fragment->header_len, header + len);
	header[0] = (uint8_t)(0x40u | len / 4);
	return len;
}

int jvpn_fragment_next(struct jvpn_fragment *fragment, uint8_t *out, size_t size)
{
	size_t payload_left = fragment->len - fragment->header_len - fragment->done;
	uint16_t field = read_u16(fragment->packet + 6);
	uint8_t header[60];
	size_t header_len, piece;
	bool last;

	if (payload_left == 0)
		return 0;
	header_len = write_header(fragment, header);
	last = payload_left <= fragment->mtu - header_len;
	piece = last ? payload_left : (fragment->mtu - header_len) / 8 * 8;
	if (header_len + piece > size)
		return JVPN_ENOSPACE;
	write_u16(header + 2, header_len + piece);
	write_u16(header + 6, ((field & IPV4_OFFSET_MASK) + fragment->done / 8) |
				      (last ? field & IPV4_MORE_FRAGMENTS : IPV4_MORE_FRAGMENTS));
	write_u16(header + 10, 0);
	write_u16(header + 10, jvpn_ip_checksum(header, header_len, 0));
	memcpy(out, header, header_len);
	memcpy(out + header_len, fragment->packet + fragment->header_len + fragment->done, piece);
	fragment->done += piece;
	return (int)(header_len + piece);
}
