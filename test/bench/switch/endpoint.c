/*
 * Two guests reduced to their wires, for measuring what joins them. Forks a sender and a receiver, prints one line
 * of JSON from the receiving (or timing) side.
 *
 *   endpoint [+OFFSET] TRANSPORT throughput SIZE SECONDS [with-reader|with-staller]
 *   endpoint TRANSPORT latency SIZE COUNT
 *   endpoint TRANSPORT count SIZE COUNT (how many of so many frames arrive)
 *   endpoint pair ceiling SIZE SECONDS (what the sender's writes alone would carry, if emptying the socket cost nothing)
 *   endpoint relay PATH copy|splice (no measurement: passes bytes on between the connections to PATH1 and PATH2, in the
 *              switch's place and looking at none; splice moves the kernel's pages instead of copying them)
 *   +OFFSET: guests OFFSET+1 and OFFSET+2 instead of 1 and 2, so that several pairs send at once
 *   TRANSPORT: stream:PATH (number 1, 2 or 3 put after it; 4-byte length before each frame, one write a frame, as QEMU does)
 *              vde:DIR     (vde_switch's control socket DIR/ctl, then one datagram a frame)
 *              pair        (the same stream over a bare socket pair)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int offset = 0; /* how many guests are others' */
static int framed = 1; /* stream transports put a length before each frame */
static unsigned char buffer[1 << 18], frame[4 + 70000];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}
static void fail(const char *what) {
    perror(what);
    exit(5);
}

/* vde_switch, libvde: struct request_v3, then the switch's data address comes back (vde-2 sources, vdecommon.h). */
struct request_v3 {
    uint32_t magic, version, type;
    struct sockaddr_un sock;
    char description[128];
} __attribute__((packed));

static int open_vde(const char *dir, int number) {
    struct sockaddr_un control = {.sun_family = AF_UNIX}, data = {.sun_family = AF_UNIX}, remote;
    snprintf(control.sun_path, sizeof control.sun_path, "%s/ctl", dir);
    snprintf(data.sun_path, sizeof data.sun_path, "%s/.bench.%d.%d", dir, getpid(), number);
    int c = socket(AF_UNIX, SOCK_STREAM, 0), d = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (connect(c, (void *)&control, sizeof control) < 0) fail(control.sun_path);
    if (bind(d, (void *)&data, sizeof data) < 0) fail(data.sun_path);
    struct request_v3 request = {.magic = 0xfeedface, .version = 3, .type = 0, .sock = data, .description = "bench"};
    if (send(c, &request, sizeof request - sizeof request.description + 6, 0) < 0) fail("vde request");
    if (recv(c, &remote, sizeof remote, 0) <= 0) fail("vde answer");
    if (connect(d, (void *)&remote, sizeof remote) < 0) fail("vde data");
    return d; /* the control connection stays open: closing it closes the port */
}
static int open_stream(const char *path, int number) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s%d", path, offset + number);
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(s, (void *)&a, sizeof a) < 0) fail(path);
    return s;
}

/* An IPv4 TCP segment from guest `from` to guest `to` (255: to everybody). */
static size_t build(int from, int to, size_t size) {
    unsigned char *e = frame + 4;
    from += offset, to += to == 255 ? 0 : offset;
    memset(e, 'x', size);
    *(uint32_t *)frame = htonl(size);
    unsigned char mac[6] = {0x52, 0x54, 0, 0xd1, 0, 0};
    memcpy(e, mac, 6), memcpy(e + 6, mac, 6);
    e[5] = to, e[11] = from;
    if (to == 255) memset(e, 255, 6);
    e[12] = 8, e[13] = 0;
    unsigned char ip[20] = {0x45, 0, (size - 14) >> 8, (size - 14) & 255, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 77, 0, 10 + from, 10, 77, 0, 10 + to};
    memcpy(e + 14, ip, 20);
    unsigned char tcp[20] = {0x13, 0x89, 0x9c, 0x40, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 255, 255, 0, 0, 0, 0};
    memcpy(e + 34, tcp, 20);
    return size;
}
static void put(int fd, size_t size) {
    const unsigned char *at = framed ? frame : frame + 4;
    size_t left = framed ? size + 4 : size;
    while (left) {
        ssize_t n = write(fd, at, left);
        if (n < 0 && (errno == ENOBUFS || errno == EAGAIN || errno == EINTR)) continue;
        if (n < 0) exit(0); /* the other side has seen enough */
        at += n, left -= n;
    }
}
/* Counts whole frames and their bytes. Returns 0 when nothing came for as long as the receiver waits. */
static size_t partial = 0, missing = 0, length, wanted = 0; /* 0: frames of any length count */
static unsigned char head[4];
static size_t got_frames, got_bytes;
static int take(int fd) {
    ssize_t n = read(fd, buffer, sizeof buffer);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (n <= 0) fail("read");
    if (!framed) {
        got_frames++, got_bytes += n;
        return 1;
    }
    for (ssize_t at = 0; at < n;) {
        if (missing) {
            size_t step = missing < (size_t)(n - at) ? missing : (size_t)(n - at);
            missing -= step, at += step, got_bytes += step;
            if (!missing && (!wanted || length == wanted)) got_frames++;
        } else {
            head[partial++] = buffer[at++];
            if (partial == 4) length = missing = ntohl(*(uint32_t *)head), partial = 0;
        }
    }
    return 1;
}
/* Reads what is there and writes all of it. 0: one of the ends is gone. */
static int copy_on(int from, int to) {
    ssize_t n = read(from, buffer, sizeof buffer);
    for (ssize_t at = 0, m; at < n; at += m)
        if ((m = write(to, buffer + at, n - at)) < 0) return 0;
    return n > 0;
}
static int splice_on(int from, int to, const int *through) {
    ssize_t n = splice(from, NULL, through[1], NULL, sizeof buffer, SPLICE_F_MOVE);
    for (ssize_t left = n, m; left > 0; left -= m)
        if ((m = splice(through[0], NULL, to, NULL, left, SPLICE_F_MOVE)) <= 0) return 0;
    return n > 0;
}
/* The least any program can do that passes bytes on: what a switch costs beyond this is its own. */
static void relay(const char *path, int splices) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int listeners[2], through[2];
    for (int i = 0; i < 2; i++) {
        snprintf(a.sun_path, sizeof a.sun_path, "%s%d", path, i + 1);
        if ((listeners[i] = socket(AF_UNIX, SOCK_STREAM, 0)) < 0 || bind(listeners[i], (void *)&a, sizeof a) < 0 || listen(listeners[i], 4) < 0) fail(a.sun_path);
    }
    for (;;) {
        struct pollfd ends[2] = {{.events = POLLIN}, {.events = POLLIN}};
        for (int i = 0; i < 2; i++) ends[i].fd = accept(listeners[i], NULL, NULL);
        if (pipe(through) < 0) fail("pipe");
        fcntl(through[1], F_SETPIPE_SZ, (int)sizeof buffer);
        for (int open = 1; open;) {
            poll(ends, 2, -1);
            for (int i = 0; i < 2 && open; i++)
                if (ends[i].revents) open = splices ? splice_on(ends[i].fd, ends[1 - i].fd, through) : copy_on(ends[i].fd, ends[1 - i].fd);
        }
        close(ends[0].fd), close(ends[1].fd), close(through[0]), close(through[1]);
    }
}
/* Writes into a socket that is empty and big enough, and counts only the time of the writes. */
static void ceiling(int to, int from, size_t size, double amount) {
    double writing = 0;
    for (double start = now(); now() - start < amount;) {
        double begun = now();
        for (int i = 0; i < 100; i++) put(to, size);
        writing += now() - begun;
        for (size_t before = got_frames; got_frames < before + 100;) take(from);
    }
    printf("{\"framesPerSecond\":%.0f,\"gbitPerSecond\":%.4f}\n", got_frames / writing, got_bytes * 8 / writing / 1e9);
}
static int compare(const void *a, const void *b) {
    double d = *(double *)a - *(double *)b;
    return (d > 0) - (d < 0);
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && *argv[1] == '+') offset = atoi(*++argv), argc--;
    if (argc == 4 && !strcmp(argv[1], "relay")) relay(argv[2], !strcmp(argv[3], "splice"));
    if (argc < 5) return 2;
    const char *transport = argv[1];
    int counting = !strcmp(argv[2], "count"), latency = !strcmp(argv[2], "latency"), third = argc > 5, reads = third && !strcmp(argv[5], "with-reader");
    size_t size = atol(argv[3]);
    double amount = atof(argv[4]);
    int fds[3] = {-1, -1, -1};
    if (!strncmp(transport, "stream:", 7)) {
        for (int i = 0; i < 2 + third; i++) fds[i] = open_stream(transport + 7, i + 1);
    } else if (!strncmp(transport, "vde:", 4)) {
        framed = 0;
        for (int i = 0; i < 2; i++) fds[i] = open_vde(transport + 4, i);
    } else if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0) {
        fail("socketpair");
    }
    struct timeval patience = {.tv_sec = counting ? 2 : 0, .tv_usec = counting ? 0 : 500000};
    for (int i = 0; i < 3; i++)
        if (fds[i] >= 0) setsockopt(fds[i], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    /* Everybody says where it is. A bare pair needs no introduction. */
    if (strcmp(transport, "pair"))
        for (int i = 0; i < 2 + third; i++) {
            build(i + 1, 255, 64);
            frame[4 + 34] = 0x20, memcpy(frame + 4 + 54, "GET / HTTP", 10); /* the HTTP log has something to follow */
            put(fds[i], 64), usleep(100000);
        }
    if (!strcmp(argv[2], "ceiling")) {
        build(1, 2, size);
        ceiling(fds[0], fds[1], size, amount);
        return 0;
    }
    pid_t sender = -1, other = -1;
    if (third && (other = fork()) == 0) {
        close(fds[0]), close(fds[1]);
        while (reads) take(fds[2]);
        pause();
    }
    if (counting) {
        usleep(200000);
        while (recv(fds[1], buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
        }
        got_frames = partial = missing = 0, wanted = size;
        if ((sender = fork()) == 0) {
            build(1, 2, size);
            for (int i = 0; i < (int)amount; i++) {
                put(fds[0], size);
                if (i % 50 == 49) usleep(1000); /* far below what any of the links carries */
            }
            pause();
        }
        while (take(fds[1])) {
        }
        printf("{\"arrived\":%zu}\n", got_frames);
    } else if (latency) {
        if ((sender = fork()) == 0) { /* the echo */
            build(2, 1, size);
            for (;;) {
                size_t before = got_frames;
                take(fds[1]);
                for (size_t i = before; i < got_frames; i++) put(fds[1], size);
            }
        }
        int count = (int)amount;
        double *times = calloc(count, sizeof *times);
        build(1, 2, size);
        usleep(200000);
        while (recv(fds[0], buffer, sizeof buffer, MSG_DONTWAIT) > 0) { /* what others said on arrival is no echo */
        }
        for (int i = 0; i < count; i++) {
            double begun = now();
            size_t before = got_frames;
            put(fds[0], size);
            double asked = begun;
            while (got_frames == before) {
                take(fds[0]);
                if (got_frames == before && now() - asked > 0.4) asked = now(), put(fds[0], size);
            }
            times[i] = (now() - begun) * 1e6;
            double rest = 0.001 - (now() - begun);
            if (rest > 0) usleep((useconds_t)(rest * 1e6));
        }
        qsort(times, count, sizeof *times, compare);
        printf("{\"p50\":%.1f,\"p99\":%.1f}\n", times[count / 2], times[(int)(count * 0.99)]);
    } else {
        if ((sender = fork()) == 0) {
            close(fds[1]);
            for (unsigned long i = 0;; i++) {
                build(1, third && i % 20 == 0 ? 3 : 2, size);
                for (int j = 0; j < (third ? 1 : 1 << 20); j++) put(fds[0], size);
            }
        }
        close(fds[0]);
        double start = now();
        while (now() - start < 0.3) take(fds[1]);
        start = now(), got_frames = got_bytes = 0;
        double elapsed;
        while ((elapsed = now() - start) < amount) take(fds[1]);
        printf("{\"framesPerSecond\":%.0f,\"gbitPerSecond\":%.4f}\n", got_frames / elapsed, got_bytes * 8 / elapsed / 1e9);
    }
    kill(sender, SIGKILL);
    if (other > 0) kill(other, SIGKILL);
    while (wait(NULL) > 0) {
    }
    return 0;
}
