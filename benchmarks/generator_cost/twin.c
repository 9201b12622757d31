/*
 * The plain C twin of the load generators: the same calls in a bare loop, without a histogram,
 * without failure counts and with two clock readings in all. What a generator takes longer than
 * this is its own cost.
 *
 * twin shells|udp|files|syscalls OPS prints the nanoseconds per operation.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "twin: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long shells(long ops)
{
	char *argv[] = {"sh", "-c", ":", NULL};
	char *envp[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "LC_ALL=C", "PWD=/", NULL};
	long long start = now_ns();

	for (long i = 0; i < ops; i++) {
		pid_t pid;
		int status;

		if (posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, envp) != 0)
			fail("posix_spawn");
		if (waitpid(pid, &status, 0) < 0)
			fail("waitpid");
	}
	return now_ns() - start;
}

static long long udp(long ops)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(to);
	int smallest = 1;
	int sink = socket(AF_INET, SOCK_DGRAM, 0);
	long long start;

	setsockopt(sink, SOL_SOCKET, SO_RCVBUF, &smallest, sizeof(smallest));
	if (bind(sink, (struct sockaddr *)&to, size) < 0)
		fail("bind");
	getsockname(sink, (struct sockaddr *)&to, &size);
	start = now_ns();
	for (long i = 0; i < ops; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		if (fd < 0)
			fail("socket");
		if (connect(fd, (struct sockaddr *)&to, size) < 0)
			fail("connect");
		if (send(fd, "hello", 5, 0) < 0)
			fail("send");
		close(fd);
	}
	return now_ns() - start;
}

static void open_and_close(const char *path, int flags)
{
	int fd = openat(AT_FDCWD, path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		fail(path);
	close(fd);
}

static long long files(long ops)
{
	/* As long and as deep as the generator's paths. */
	char root[64], folder[80], existing[96], passing[96];
	const char *base = getenv("TMPDIR");
	long long start, elapsed;

	snprintf(root, sizeof(root), "%s/auditbench-twin--%d", base ? base : "/tmp", getpid());
	snprintf(folder, sizeof(folder), "%s/0", root);
	snprintf(existing, sizeof(existing), "%s/existing", folder);
	snprintf(passing, sizeof(passing), "%s/passing", folder);
	if (mkdir(root, 0700) < 0 || mkdir(folder, 0700) < 0)
		fail(root);
	open_and_close(existing, O_WRONLY | O_CREAT | O_EXCL);
	start = now_ns();
	for (long i = 0; i < ops; i++) {
		open_and_close(existing, O_RDONLY);
		open_and_close(passing, O_WRONLY | O_CREAT | O_EXCL);
		unlinkat(AT_FDCWD, passing, 0);
	}
	elapsed = now_ns() - start;
	unlink(existing);
	rmdir(folder);
	rmdir(root);
	return elapsed;
}

static long long syscalls(long ops)
{
	long long start = now_ns();

	for (long i = 0; i < ops; i++)
		syscall(SYS_getppid);
	return now_ns() - start;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		long long (*run)(long ops);
	} modes[] = {{"shells", shells}, {"udp", udp}, {"files", files}, {"syscalls", syscalls}};
	long ops = argc == 3 ? atol(argv[2]) : 0;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, 0);
	for (size_t i = 0; ops > 0 && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(argv[1], modes[i].name) == 0) {
			printf("%.3f\n", (double)modes[i].run(ops) / ops);
			return 0;
		}
	}
	fprintf(stderr, "usage: twin shells|udp|files|syscalls OPS\n");
	return 2;
}
