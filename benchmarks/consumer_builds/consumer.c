/* An audit daemon that writes raw lines to standard output, with a known amount of extra work.

   consumer [EXTRA_NS]

   EXTRA_NS of CPU time are spent for every event beyond what it does anyway. They are spent in
   portions that are longer than reading the clock takes, and what a portion overshoots is
   subtracted from the next, so that the mean is exact. */

#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef WORK_NS
#define WORK_NS 20000.0     /* of its own for every event: what a real consumer decodes */
#endif
#define PORTION_NS 50000.0  /* the least that is spent at once */
#define MOST_TEXT 8970      /* of one record, by the kernel */

static volatile sig_atomic_t asked_to_end;

static void on_term(int number)
{
    (void)number;
    asked_to_end = 1;
}

static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1e9 + now.tv_nsec;
}

/* Spend `ns` of CPU time, now or with the next events. */
static void spend(double ns)
{
    static double owed;
    double begin, now;

    owed += ns;
    if (owed < PORTION_NS)
        return;
    begin = now = cpu_ns();
    while (now - begin < owed)
        now = cpu_ns();
    owed -= now - begin;
}

static int registered(void)
{
    struct {
        struct nlmsghdr head;
        struct audit_status status;
    } request;
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    int buffer = 16 << 20;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
    memset(&request, 0, sizeof request);
    request.head.nlmsg_len = sizeof request;
    request.head.nlmsg_type = AUDIT_SET;
    request.head.nlmsg_flags = NLM_F_REQUEST;
    request.status.mask = AUDIT_STATUS_PID;
    request.status.pid = getpid();
    if (sendto(fd, &request, sizeof request, 0, (void *)&kernel, sizeof kernel) < 0)
        return -1;
    return fd;
}

static const char *name_of(unsigned type)
{
    static char other[32];

    switch (type) {
    case AUDIT_SYSCALL: return "SYSCALL";
    case AUDIT_SOCKADDR: return "SOCKADDR";
    case AUDIT_PATH: return "PATH";
    case AUDIT_CWD: return "CWD";
    case AUDIT_EXECVE: return "EXECVE";
    case AUDIT_PROCTITLE: return "PROCTITLE";
    case AUDIT_CONFIG_CHANGE: return "CONFIG_CHANGE";
    case 1121: return "TRUSTED_APP";
    }
    snprintf(other, sizeof other, "UNKNOWN[%u]", type);
    return other;
}

int main(int argc, char **argv)
{
    static char datagram[NLMSG_HDRLEN + MOST_TEXT + 1];
    double extra_ns = argc > 1 ? atof(argv[1]) : 0;
    struct sigaction ending = {.sa_handler = on_term};
    int fd = registered();

    if (fd < 0) {
        perror("consumer");
        return 1;
    }
    sigaction(SIGTERM, &ending, NULL);
    while (!asked_to_end) {
        struct pollfd input = {.fd = fd, .events = POLLIN};
        struct nlmsghdr *head = (void *)datagram;
        ssize_t got;

        if (poll(&input, 1, 50) <= 0) {
            fflush(stdout);
            continue;
        }
        got = recv(fd, datagram, sizeof datagram - 1, MSG_DONTWAIT);
        if (got < (ssize_t)NLMSG_HDRLEN || head->nlmsg_type < 1100)
            continue;
        datagram[got] = 0;
        if (head->nlmsg_type == AUDIT_EOE) {
            spend(WORK_NS + extra_ns);
            continue;
        }
        printf("type=%s msg=%s\n", name_of(head->nlmsg_type), (char *)NLMSG_DATA(head));
    }
    fflush(stdout);
    return 0;
}
