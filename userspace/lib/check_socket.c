// SPDX-License-Identifier: GPL-2.0-only
/* Checks by the kernel's own sockets and routes: of servers that are known by
 * their own addresses.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <linux/if_ether.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "checker.h"

#define CHECK_REQUEST 512

/* Of HTTP: where the status stands, and which of them are good. */
#define CHECK_STATUS_AT 9
#define CHECK_STATUS_GOOD 200
#define CHECK_STATUS_BAD 400

static socklen_t check_sockaddr(const struct pe_addr *addr, uint16_t port,
				struct sockaddr_storage *sa)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)sa;
	struct sockaddr_in *in = (struct sockaddr_in *)sa;

	memset(sa, 0, sizeof(*sa));
	if (addr->len == 4) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, addr->b, 4);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, addr->b, 16);
	return sizeof(*in6);
}

/* Does it say something of the router, and nothing of the device? */
static bool check_is_own(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOMEM || err == ENOBUFS || err == EAGAIN ||
	       err == EADDRNOTAVAIL || err == EADDRINUSE || err == EPERM || err == EINVAL;
}

static void check_failed(struct pe_check *check, int err)
{
	if (err == ECONNREFUSED)
		pe_check_finish(check, PE_HEALTH_DOWN, PE_CHECK_CAUSE_REFUSED,
				"refused: nobody listens at port %u", check->port);
	else if (err == EHOSTUNREACH || err == ENETUNREACH)
		pe_check_finish(check, PE_HEALTH_DOWN, PE_CHECK_CAUSE_NEIGHBOUR, "%s",
				strerror(err));
	else
		pe_check_finish(check, check_is_own(err) ? PE_HEALTH_UNKNOWN : PE_HEALTH_DOWN,
				PE_CHECK_CAUSE_ERROR, "%s", strerror(err));
}

/* ---- pages ---- */

static void check_judge_page(struct pe_check *check)
{
	int status = check->got > CHECK_STATUS_AT ? atoi(check->answer + CHECK_STATUS_AT) : 0;

	if (strncmp(check->answer, "HTTP/1.", 7) || !status)
		pe_check_finish(check, PE_HEALTH_DOWN, PE_CHECK_CAUSE_STATUS,
				"what it answers is not HTTP");
	else if (status < CHECK_STATUS_GOOD || status >= CHECK_STATUS_BAD)
		pe_check_finish(check, PE_HEALTH_DOWN, PE_CHECK_CAUSE_STATUS, "status %d", status);
	else
		pe_check_finish(check, PE_HEALTH_UP, PE_CHECK_CAUSE_ANSWERED, "status %d", status);
}

static void check_read_page(evutil_socket_t fd, short what, void *arg)
{
	struct pe_check *check = arg;
	size_t room = sizeof(check->answer) - 1 - check->got;
	ssize_t got = recv(fd, check->answer + check->got, room, MSG_DONTWAIT);

	(void)what;
	if (got < 0) {
		if (errno != EAGAIN)
			check_failed(check, errno);
		return;
	}
	check->got = (uint8_t)(check->got + got);
	if (!got || (size_t)got == room)
		check_judge_page(check);
}

static void check_ask_page(struct pe_check *check)
{
	char request[CHECK_REQUEST], host[PE_ADDR_STRLEN];
	bool ipv6 = check->to.len == 16;
	int len;

	pe_addr_format(&check->to, host);
	len = snprintf(request, sizeof(request),
		       "GET %s HTTP/1.0\r\nHost: %s%s%s\r\nUser-Agent: pectl\r\n\r\n", check->path,
		       ipv6 ? "[" : "", host, ipv6 ? "]" : "");
	memset(check->answer, 0, sizeof(check->answer));
	check->got = 0;
	event_free(check->event);
	check->event = event_new(check->checker->base, check->fd, EV_READ | EV_PERSIST,
				 check_read_page, check);
	event_add(check->event, NULL);
	if (send(check->fd, request, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) != len)
		check_failed(check, errno);
}

/* ---- connections ---- */

static void check_connected(evutil_socket_t fd, short what, void *arg)
{
	struct pe_check *check = arg;
	socklen_t len = sizeof(int);
	int err = 0;

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	if (err)
		check_failed(check, err);
	else if (check->kind == PE_CHECK_HTTP)
		check_ask_page(check);
	else
		pe_check_pass(check);
}

/* Closed by a reset, so that neither end keeps anything of it. */
static void check_connect(struct pe_check *check)
{
	struct linger linger = { .l_onoff = 1 };
	struct sockaddr_storage sa;
	socklen_t len = check_sockaddr(&check->to, check->port, &sa);

	check->fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (check->fd < 0) {
		check_failed(check, errno);
		return;
	}
	(void)setsockopt(check->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	if (connect(check->fd, (struct sockaddr *)&sa, len) && errno != EINPROGRESS) {
		check_failed(check, errno);
		return;
	}
	check->event = event_new(check->checker->base, check->fd, EV_WRITE, check_connected, check);
	event_add(check->event, NULL);
}

/* ---- echo requests ---- */

/* Raw sockets of IPv4 hear the network header, those of IPv6 do not. */
static void check_pinged(evutil_socket_t fd, short what, void *arg)
{
	struct pe_checker *checker = arg;
	bool ipv6 = fd == checker->ping[1];
	size_t head = ETH_HLEN + (ipv6 ? sizeof(struct ip6_hdr) : 0);
	uint8_t buf[512] = { 0 };
	struct pe_frame frame;
	ssize_t got = recv(fd, buf + head, sizeof(buf) - head, MSG_DONTWAIT);

	(void)what;
	if (got < 0)
		return;
	buf[2 * PE_MAC_LEN] = (ipv6 ? ETH_P_IPV6 : ETH_P_IP) >> 8;
	buf[2 * PE_MAC_LEN + 1] = (ipv6 ? ETH_P_IPV6 : ETH_P_IP) & 0xff;
	if (ipv6)
		buf[ETH_HLEN + 6] = IPPROTO_ICMPV6;
	if (pe_frame_read(&frame, buf, head + (size_t)got))
		pe_checker_hear(checker, NULL, &frame);
}

static int check_open_ping(struct pe_checker *checker, bool ipv6)
{
	int proto = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, proto);

	if (fd < 0)
		return -errno;
	checker->ping[ipv6] = fd;
	checker->pinged[ipv6] =
		event_new(checker->base, fd, EV_READ | EV_PERSIST, check_pinged, checker);
	event_add(checker->pinged[ipv6], NULL);
	return 0;
}

static void check_ping(struct pe_check *check)
{
	bool ipv6 = check->to.len == 16;
	size_t head = ETH_HLEN + (ipv6 ? sizeof(struct ip6_hdr) : sizeof(struct ip));
	struct pe_frame frame = {
		.kind = PE_FRAME_ECHO,
		.from = check->from,
		.to = check->to,
		.token = check->token,
	};
	struct sockaddr_storage sa;
	socklen_t size = check_sockaddr(&check->to, 0, &sa);
	uint8_t buf[PE_FRAME_MAX];
	size_t len = pe_frame_make(&frame, buf);
	int err = 0;

	if (check->checker->ping[ipv6] < 0)
		err = check_open_ping(check->checker, ipv6);
	if (!err && sendto(check->checker->ping[ipv6], buf + head, len - head, MSG_DONTWAIT,
			   (struct sockaddr *)&sa, size) < 0)
		err = -errno;
	if (err)
		check_failed(check, -err);
}

/**
 * pe_check_connect() - begin a round of a check by the kernel's own route
 * @check: the check
 */
void pe_check_connect(struct pe_check *check)
{
	if (check->kind == PE_CHECK_ICMP)
		check_ping(check);
	else
		check_connect(check);
}

/**
 * pe_check_disconnect() - end it
 * @check: the check
 */
void pe_check_disconnect(struct pe_check *check)
{
	if (check->event)
		event_free(check->event);
	if (check->fd >= 0)
		close(check->fd);
	check->event = NULL;
	check->fd = -1;
}
