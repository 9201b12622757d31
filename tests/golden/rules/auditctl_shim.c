/* Stands between auditctl and the kernel, so that what auditctl would do can be read off.
 *
 * Preloaded into auditctl: its audit socket becomes one end of a socket pair, every request is
 * written to $SHIM_LOG (u32 type, u32 length, payload) and acknowledged, a status request is
 * answered with "disabled, every feature present", a list request with the rules in $SHIM_RULES
 * (u32 length, payload, repeated). Nothing reaches the kernel and no privilege is needed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_DESCRIPTORS = 64 };

/* kernel_end[fd] is what auditctl's descriptor fd talks to, 0 where fd is not an audit socket. */
static int kernel_end[MAX_DESCRIPTORS];

static int is_audit(int fd)
{
	return fd >= 0 && fd < MAX_DESCRIPTORS && kernel_end[fd] != 0;
}

static void answer(int fd, uint16_t type, uint16_t flags, uint32_t seq, const void *data,
		   size_t size)
{
	char buffer[16384] = {0};
	struct nlmsghdr *header = (struct nlmsghdr *)buffer;

	header->nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
	header->nlmsg_type = type;
	header->nlmsg_flags = flags;
	header->nlmsg_seq = seq;
	if (size)
		memcpy(NLMSG_DATA(header), data, size);
	if (send(kernel_end[fd], buffer, NLMSG_ALIGN(header->nlmsg_len), 0) < 0)
		abort();
}

static void log_request(const struct nlmsghdr *request)
{
	const char *path = getenv("SHIM_LOG");
	uint32_t head[2] = {request->nlmsg_type, (uint32_t)(request->nlmsg_len - NLMSG_HDRLEN)};
	int fd;

	if (!path)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, head, sizeof(head)) != (ssize_t)sizeof(head) ||
	    write(fd, NLMSG_DATA(request), head[1]) != (ssize_t)head[1])
		abort();
	close(fd);
}

static void answer_rules(int fd, uint32_t seq)
{
	const char *path = getenv("SHIM_RULES");
	static char payload[16384];
	uint32_t size;
	FILE *file = path ? fopen(path, "rb") : NULL;

	while (file && fread(&size, sizeof(size), 1, file) == 1) {
		if (size > sizeof(payload) || fread(payload, size, 1, file) != 1)
			abort();
		answer(fd, AUDIT_LIST_RULES, NLM_F_MULTI, seq, payload, size);
	}
	if (file)
		fclose(file);
	answer(fd, NLMSG_DONE, NLM_F_MULTI, seq, NULL, 0);
}

int socket(int domain, int type, int protocol)
{
	int pair[2], big = 8 << 20;

	if (domain != AF_NETLINK || protocol != NETLINK_AUDIT)
		return (int)syscall(SYS_socket, domain, type, protocol);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	if (pair[0] >= MAX_DESCRIPTORS)
		abort();
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &big, sizeof(big));
	kernel_end[pair[0]] = pair[1];
	return pair[0];
}

int close(int fd)
{
	if (is_audit(fd)) {
		syscall(SYS_close, kernel_end[fd]);
		kernel_end[fd] = 0;
	}
	return (int)syscall(SYS_close, fd);
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to,
	       socklen_t to_size)
{
	const struct nlmsghdr *request = data;
	struct nlmsgerr ack = {0};

	if (!is_audit(fd))
		return syscall(SYS_sendto, fd, data, size, flags, to, to_size);
	log_request(request);
	ack.msg = *request;
	answer(fd, NLMSG_ERROR, 0, request->nlmsg_seq, &ack, sizeof(ack));
	if (request->nlmsg_type == AUDIT_GET) {
		struct audit_status status = {0};

		status.failure = 1;
		status.backlog_limit = 64;
		status.feature_bitmap = AUDIT_FEATURE_BITMAP_ALL;
		answer(fd, AUDIT_GET, 0, request->nlmsg_seq, &status, sizeof(status));
	} else if (request->nlmsg_type == AUDIT_LIST_RULES) {
		answer_rules(fd, request->nlmsg_seq);
	}
	return (ssize_t)size;
}

ssize_t recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *from,
		 socklen_t *from_size)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	if (!is_audit(fd))
		return syscall(SYS_recvfrom, fd, buffer, size, flags, from, from_size);
	if (from && from_size && *from_size >= sizeof(kernel)) {
		memcpy(from, &kernel, sizeof(kernel));
		*from_size = sizeof(kernel);
	}
	return syscall(SYS_recvfrom, fd, buffer, size, flags, NULL, NULL);
}

/* glibc's fortified name for the same call */
ssize_t __recvfrom_chk(int fd, void *buffer, size_t size, size_t buffer_size, int flags,
		       struct sockaddr *from, socklen_t *from_size)
{
	(void)buffer_size;
	return recvfrom(fd, buffer, size, flags, from, from_size);
}

int audit_can_control(void)
{
	return 1;
}

/* auditctl -R demands a file of root's; the tests may run as anyone. */
int fstat(int fd, struct stat *status)
{
	int rc = fstatat(fd, "", status, AT_EMPTY_PATH);

	if (rc == 0) {
		status->st_uid = 0;
		status->st_mode &= ~(mode_t)S_IWOTH;
	}
	return rc;
}

/* auditctl -R speaks to syslog; the tests want to see it. */
void audit_msg(int priority, const char *format, ...)
{
	va_list arguments;

	(void)priority;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}
