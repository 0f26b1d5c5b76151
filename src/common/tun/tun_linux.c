/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TUN on Linux: /dev/net/tun and the interface ioctls. No routes, no addresses.
 */
#include "tun/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/without.h"

/* Linux 6.2; the headers may be older than the kernel. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#define TUN_NODE    "/dev/net/tun"
#define TUN_PATTERN "jvpn%d"
#define TUN_MTU_MIN 68u

struct jvpn_tun {
	int fd;
	int control_fd; /* any socket: the interface ioctls want one */
	unsigned ifindex;
	struct jvpn_tun_features features;
	char name[JVPN_TUN_NAME_BYTES];
};

static int open_error(int err, char *error, size_t size)
{
	switch (err) {
	case ENOENT:
		snprintf(error, size,
			 TUN_NODE " does not exist: load the module (modprobe tun), in a container "
				  "pass the device in (--device " TUN_NODE ")");
		return JVPN_ENOTFOUND;
	case ENODEV:
	case ENXIO:
		snprintf(error, size,
			 TUN_NODE " is there but the kernel has no TUN driver behind it: load the "
				  "module (modprobe tun)");
		return JVPN_ENOTFOUND;
	case EPERM:
	case EACCES:
		snprintf(error, size,
			 "no permission to open " TUN_NODE ": run as root or with CAP_NET_ADMIN "
			 "(systemd: DeviceAllow=" TUN_NODE " rw)");
		return JVPN_EPERM;
	default:
		snprintf(error, size, "cannot open " TUN_NODE ": %s", strerror(err));
		return JVPN_EIO;
	}
}

static int attach_error(int err, const char *name, char *error, size_t size)
{
	switch (err) {
	case EPERM:
		snprintf(error, size,
			 "no permission to create the TUN device %s: run as root or with "
			 "CAP_NET_ADMIN (also needed in the owner of this network namespace)",
			 name);
		return JVPN_EPERM;
	case EBUSY:
		snprintf(
			error, size,
			"the TUN device %s is in use by another process: stop it or choose another "
			"name",
			name);
		return JVPN_EBUSY;
	case EINVAL:
	case EEXIST:
		snprintf(error, size,
			 "%s exists already and is not a TUN device that can be shared: choose "
			 "another name",
			 name);
		return JVPN_EEXISTS;
	case ENFILE:
		snprintf(error, size, "no free device name matches %s", name);
		return JVPN_EFULL;
	default:
		snprintf(error, size, "cannot create the TUN device %s: %s", name, strerror(err));
		return JVPN_EIO;
	}
}

/* dev_valid_name() of the kernel, and at most one %d. */
static bool name_is_valid(const char *name)
{
	size_t len = strlen(name);
	const char *percent = strchr(name, '%');

	if (len == 0 || len >= JVPN_TUN_NAME_BYTES || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] == '/' || name[i] == ':' || name[i] == 0x7f)
			return false;
	return percent == NULL || (percent[1] == 'd' && strchr(percent + 1, '%') == NULL);
}

/* Does this kernel know vnet headers? Any that has IPv6 does; asked all the same. */
static bool has_vnet(const struct jvpn_tun *tun)
{
	unsigned features = 0;

	return ioctl(tun->fd, TUNGETFEATURES, &features) == 0 && (features & IFF_VNET_HDR) != 0;
}

/* The most that the kernel takes of what we can do. Without TSO the headers are used all the same: for
 * checksums, and for super-packets on the way in. */
static void set_offload(struct jvpn_tun *tun)
{
	unsigned tso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

	if (!tun->features.vnet) {
		/* A persistent device may have them from its last user. */
		(void)ioctl(tun->fd, TUNSETOFFLOAD, 0);
		return;
	}
	if (jvpn_without("tso")) {
		(void)ioctl(tun->fd, TUNSETOFFLOAD, 0);
		return;
	}
	tun->features.uso = !jvpn_without("uso") &&
			    ioctl(tun->fd, TUNSETOFFLOAD, tso | TUN_F_USO4 | TUN_F_USO6) == 0;
	tun->features.tso = tun->features.uso || ioctl(tun->fd, TUNSETOFFLOAD, tso) == 0;
}

static int attach(struct jvpn_tun *tun, const struct jvpn_tun_config *config, const char *name)
{
	struct ifreq request;
	int flags = IFF_TUN | IFF_NO_PI;

	if (config->multi_queue)
		flags |= IFF_MULTI_QUEUE;
	if (tun->features.vnet)
		flags |= IFF_VNET_HDR;
	memset(&request, 0, sizeof(request));
	request.ifr_flags = (short)flags;
	memcpy(request.ifr_name, name, strlen(name));
	if (ioctl(tun->fd, TUNSETIFF, &request) != 0)
		return errno;
	memcpy(tun->name, request.ifr_name, sizeof(tun->name));
	tun->name[sizeof(tun->name) - 1] = '\0';
	tun->ifindex = if_nametoindex(tun->name);
	return tun->ifindex == 0 ? errno : 0;
}

/* A name that somebody else's device has: the kernel says EBUSY or EINVAL for it, depending on what
 * it is. A TUN shows its flags in sysfs; when that cannot be read the kernel's word stands. */
static int name_error(int err, const char *name)
{
	char path[64];

	if ((err != EBUSY && err != EINVAL) || if_nametoindex(name) == 0)
		return err;
	snprintf(path, sizeof(path), "/sys/class/net/%s/tun_flags", name);
	if (access(path, F_OK) == 0)
		return EBUSY;
	snprintf(path, sizeof(path), "/sys/class/net/%s", name);
	return access(path, F_OK) == 0 ? EEXIST : err;
}

static int prepare_link(struct jvpn_tun *tun, const struct jvpn_tun_config *config, char *error,
			size_t error_size)
{
	int err = jvpn_tun_set_queue_len(tun, config->queue_len != 0 ? config->queue_len
								     : JVPN_TUN_QUEUE_LEN);

	if (err == 0 && config->mtu != 0)
		err = jvpn_tun_set_mtu(tun, config->mtu);
	if (err != 0)
		snprintf(error, error_size, "cannot set up the TUN device %s (MTU %u): %s",
			 tun->name, config->mtu, jvpn_err_text(err));
	return err;
}

/* TUNGETIFF cannot tell: IFF_NO_PI and IFF_NOFILTER are one bit there. Unknown counts as none. */
static bool has_packet_info(const char *name)
{
	char path[64], text[16] = "";
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/net/%.15s/tun_flags", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 && !(strtoul(text, NULL, 16) & IFF_NO_PI);
}

/* What must be true of a descriptor that others have opened; a sentence, or NULL. */
static const char *judge_lent(int fd, struct ifreq *request)
{
	if (fcntl(fd, F_GETFD) < 0)
		return "is not open: the parent has to leave it open without close-on-exec";
	memset(request, 0, sizeof(*request));
	if (ioctl(fd, TUNGETIFF, request) != 0)
		return "is no TUN device (opened from " TUN_NODE ", with a name by TUNSETIFF)";
	if (!(request->ifr_flags & IFF_TUN))
		return "is a TAP device: open it with IFF_TUN";
	request->ifr_name[IFNAMSIZ - 1] = '\0';
	if (has_packet_info(request->ifr_name))
		return "has packet information headers: open it with IFF_NO_PI";
	/* It stands in commands. */
	if (request->ifr_name[0] == '-' ||
	    request->ifr_name[strspn(request->ifr_name, "abcdefghijklmnopqrstuvwxyz"
							"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
							"0123456789._-")] != '\0')
		return "has a name with other characters than letters, digits, \".\", \"_\" and \"-\"";
	return NULL;
}

static int take_lent(struct jvpn_tun *tun, const struct jvpn_tun_config *config, char *error,
		     size_t error_size)
{
	int header_bytes = sizeof(struct virtio_net_hdr), flags;
	struct ifreq request;
	const char *why = judge_lent(config->lent_fd, &request);

	if (why) {
		snprintf(error, error_size, "descriptor %d %s", config->lent_fd, why);
		return JVPN_ENOTFOUND;
	}
	flags = fcntl(config->lent_fd, F_GETFL);
	if (flags < 0 || fcntl(config->lent_fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
	    fcntl(config->lent_fd, F_SETFD, FD_CLOEXEC) != 0) {
		snprintf(error, error_size, "descriptor %d: %s", config->lent_fd, strerror(errno));
		return JVPN_EIO;
	}
	tun->features.vnet = (request.ifr_flags & IFF_VNET_HDR) != 0;
	if (tun->features.vnet && ioctl(config->lent_fd, TUNSETVNETHDRSZ, &header_bytes) != 0) {
		snprintf(error, error_size, "descriptor %d: its vnet headers are not %d bytes long",
			 config->lent_fd, header_bytes);
		return JVPN_EIO;
	}
	tun->fd = config->lent_fd;
	memcpy(tun->name, request.ifr_name, sizeof(tun->name));
	tun->name[sizeof(tun->name) - 1] = '\0';
	tun->ifindex = if_nametoindex(tun->name);
	if (config->offload)
		set_offload(tun);
	return 0;
}

int jvpn_tun_open(const struct jvpn_tun_config *config, struct jvpn_tun **out, char *error,
		  size_t error_size)
{
	const char *name =
		config->name != NULL && config->name[0] != '\0' ? config->name : TUN_PATTERN;
	struct jvpn_tun *tun;
	int err;

	if (!name_is_valid(name)) {
		snprintf(error, error_size, "\"%s\" is no valid device name (1 to 15 characters)",
			 name);
		return JVPN_EINVAL;
	}
	tun = calloc(1, sizeof(*tun));
	if (tun == NULL) {
		snprintf(error, error_size, "out of memory");
		return JVPN_ENOMEM;
	}
	tun->fd = tun->control_fd = -1;
	if (config->lent_fd) {
		err = take_lent(tun, config, error, error_size);
		if (err != 0)
			goto fail;
		*out = tun;
		return 0;
	}
	tun->fd = open(TUN_NODE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tun->fd < 0) {
		err = open_error(errno, error, error_size);
		goto fail;
	}
	tun->control_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (tun->control_fd < 0) {
		snprintf(error, error_size, "cannot open a socket: %s", strerror(errno));
		err = JVPN_EIO;
		goto fail;
	}
	tun->features.vnet = config->offload && !jvpn_without("vnet") && has_vnet(tun);
	err = attach(tun, config, name);
	if (err != 0) {
		err = attach_error(name_error(err, name), name, error, error_size);
		goto fail;
	}
	set_offload(tun);
	err = prepare_link(tun, config, error, error_size);
	if (err != 0)
		goto fail;
	*out = tun;
	return 0;
fail:
	jvpn_tun_free(tun);
	return err;
}

void jvpn_tun_free(struct jvpn_tun *tun)
{
	if (tun == NULL)
		return;
	if (tun->fd >= 0)
		close(tun->fd);
	if (tun->control_fd >= 0)
		close(tun->control_fd);
	free(tun);
}

int jvpn_tun_fd(const struct jvpn_tun *tun)
{
	return tun->fd;
}

const char *jvpn_tun_name(const struct jvpn_tun *tun)
{
	return tun->name;
}

unsigned jvpn_tun_ifindex(const struct jvpn_tun *tun)
{
	return tun->ifindex;
}

/* Reading and writing one packet is one system call that either happens or does not. */
static int io_error(int err)
{
	switch (err) {
	case EAGAIN:
	case EINTR:
		return 0;
	case EBADFD: /* the device was deleted */
	case EIO:    /* not running: down, or on its way out */
		return JVPN_ECLOSED;
	default:
		return JVPN_EIO;
	}
}

void jvpn_tun_get_features(const struct jvpn_tun *tun, struct jvpn_tun_features *features)
{
	*features = tun->features;
}

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

void jvpn_tun_describe(const struct jvpn_tun *tun, char *out, size_t size)
{
	snprintf(out, size, "checksum %s, TSO %s, USO %s", yes_no(tun->features.vnet),
		 yes_no(tun->features.tso), yes_no(tun->features.uso));
}

static enum jvpn_gso gso_kind(uint8_t type)
{
	switch (type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return JVPN_GSO_NONE;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return JVPN_GSO_TCP4;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return JVPN_GSO_TCP6;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return JVPN_GSO_UDP;
	default:
		return JVPN_GSO_COUNT;
	}
}

/* The header stands in the machine's byte order (no TUNSETVNETBE). */
static int read_header(const struct virtio_net_hdr *header, struct jvpn_tun_offload *offload)
{
	enum jvpn_gso gso = gso_kind(header->gso_type);

	if (gso == JVPN_GSO_COUNT)
		return JVPN_EMALFORMED;
	*offload = (struct jvpn_tun_offload){
		.gso = gso,
		.needs_checksum = (header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0,
		.segment_bytes = header->gso_size,
		.checksum_start = header->csum_start,
		.checksum_offset = header->csum_offset};
	return 0;
}

int jvpn_tun_read(struct jvpn_tun *tun, struct jvpn_tun_offload *offload, uint8_t *buf, size_t size)
{
	struct virtio_net_hdr header;
	uint8_t beyond;
	struct iovec parts[3] = {{&header, sizeof(header)}, {buf, size}, {&beyond, 1}};
	bool vnet = tun->features.vnet;
	ssize_t n = readv(tun->fd, vnet ? parts : parts + 1, vnet ? 3 : 2);

	memset(offload, 0, sizeof(*offload));
	if (n < 0)
		return io_error(errno);
	if (vnet) {
		if (n < (ssize_t)sizeof(header) || read_header(&header, offload))
			return JVPN_EMALFORMED;
		n -= (ssize_t)sizeof(header);
	}
	/* The kernel cuts what does not fit; the last part tells that it did. */
	return (size_t)n > size ? JVPN_ENOSPACE : (int)n;
}

static void make_header(const struct jvpn_tun_offload *offload, struct virtio_net_hdr *header)
{
	static const uint8_t type[JVPN_GSO_COUNT] = {
		[JVPN_GSO_NONE] = VIRTIO_NET_HDR_GSO_NONE,
		[JVPN_GSO_TCP4] = VIRTIO_NET_HDR_GSO_TCPV4,
		[JVPN_GSO_TCP6] = VIRTIO_NET_HDR_GSO_TCPV6,
		[JVPN_GSO_UDP] = VIRTIO_NET_HDR_GSO_UDP_L4,
	};

	memset(header, 0, sizeof(*header));
	if (!offload)
		return;
	header->flags = offload->needs_checksum ? VIRTIO_NET_HDR_F_NEEDS_CSUM : 0;
	header->gso_type = type[offload->gso];
	header->gso_size = offload->segment_bytes;
	header->csum_start = offload->checksum_start;
	header->csum_offset = offload->checksum_offset;
	/* Only a hint for the kernel, which looks for itself. */
	if (offload->gso != JVPN_GSO_NONE)
		header->hdr_len =
			(uint16_t)(offload->checksum_start + offload->checksum_offset + 2);
}

int jvpn_tun_write(struct jvpn_tun *tun, const struct jvpn_tun_offload *offload,
		   const uint8_t *packet, size_t len)
{
	struct virtio_net_hdr header;
	struct iovec parts[2] = {{&header, sizeof(header)}, {(void *)(uintptr_t)packet, len}};
	bool vnet = tun->features.vnet;
	ssize_t n;

	if (vnet)
		make_header(offload, &header);
	n = writev(tun->fd, vnet ? parts : parts + 1, vnet ? 2 : 1);
	if (n >= 0)
		return (size_t)n == len + (vnet ? sizeof(header) : 0) ? 0 : JVPN_EIO;
	if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS || errno == ENOMEM)
		return JVPN_EAGAIN;
	if (errno == EINVAL)
		return JVPN_EINVAL;
	return io_error(errno);
}

static int link_error(int err)
{
	switch (err) {
	case EPERM:
	case EACCES:
		return JVPN_EPERM;
	case EINVAL:
	case ERANGE:
		return JVPN_ERANGE;
	case ENODEV:
	case ENXIO:
		return JVPN_ECLOSED;
	default:
		return JVPN_EIO;
	}
}

static int link_ioctl(const struct jvpn_tun *tun, unsigned long number, struct ifreq *request)
{
	memcpy(request->ifr_name, tun->name, sizeof(tun->name));
	return ioctl(tun->control_fd, number, request) == 0 ? 0 : link_error(errno);
}

int jvpn_tun_set_persistent(struct jvpn_tun *tun, bool persistent)
{
	return ioctl(tun->fd, TUNSETPERSIST, persistent ? 1 : 0) == 0 ? 0 : link_error(errno);
}

int jvpn_tun_set_up(struct jvpn_tun *tun, bool up)
{
	struct ifreq request;
	int err;

	memset(&request, 0, sizeof(request));
	err = link_ioctl(tun, SIOCGIFFLAGS, &request);
	if (err != 0)
		return err;
	if (up)
		request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
	else
		request.ifr_flags = (short)(request.ifr_flags & ~IFF_UP);
	return link_ioctl(tun, SIOCSIFFLAGS, &request);
}

int jvpn_tun_set_mtu(struct jvpn_tun *tun, uint32_t mtu)
{
	struct ifreq request;

	if (mtu < TUN_MTU_MIN || mtu > JVPN_TUN_PACKET_MAX)
		return JVPN_ERANGE;
	memset(&request, 0, sizeof(request));
	request.ifr_mtu = (int)mtu;
	return link_ioctl(tun, SIOCSIFMTU, &request);
}

int jvpn_tun_set_queue_len(struct jvpn_tun *tun, uint32_t packets)
{
	struct ifreq request;

	if (packets > INT32_MAX)
		return JVPN_ERANGE;
	memset(&request, 0, sizeof(request));
	request.ifr_qlen = (int)packets;
	return link_ioctl(tun, SIOCSIFTXQLEN, &request);
}
