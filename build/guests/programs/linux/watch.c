// watch.c: diptych-watch HANDLER: this guest has no udev; here is what it needs of one. Listens to the kernel and runs
//   HANDLER display              the screen's EDID changed: QEMU asks for another size
//   HANDLER net-add NAME         a network card appeared
//   HANDLER link-up NAME         a cable was plugged in again
//   HANDLER power                somebody pressed the ACPI power button
// A hot-plugged CPU is put online and a new device's module loaded right here. Never ends.
#include <fcntl.h>
#include <linux/input.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { most_buttons = 4, most_links = 64 };

static const char *handler;
static unsigned char link_is_up[most_links];

static void run(const char *program, const char *first, const char *second) {
  if (fork() == 0) {
    signal(SIGCHLD, SIG_DFL);
    execl(program, program, first, second, (char *)NULL);
    _exit(127);
  }
}

static int open_netlink(int protocol, unsigned groups) {
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
  int size = 1 << 20, s = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, protocol);
  setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (s >= 0 && bind(s, (struct sockaddr *)&address, sizeof address) == 0) return s;
  perror("netlink");
  return -1;
}

// The value of KEY= in an uevent's zero-separated list, or "".
static const char *field(const char *event, long length, const char *key) {
  size_t n = strlen(key);
  for (const char *p = event; p < event + length; p += strlen(p) + 1)
    if (strncmp(p, key, n) == 0 && p[n] == '=') return p + n + 1;
  return "";
}

static void cpu_online(const char *device_path) {
  char path[512];
  snprintf(path, sizeof path, "/sys%s/online", device_path);
  int f = open(path, O_WRONLY | O_CLOEXEC);
  if (f < 0) return;
  if (write(f, "1", 1) != 1) perror(path);
  close(f);
}

static void on_uevent(int s) {
  char event[8192];
  long length = recv(s, event, sizeof event - 1, 0);
  if (length <= 0) return;
  event[length] = 0;
  const char *action = field(event, length, "ACTION"), *subsystem = field(event, length, "SUBSYSTEM");
  const char *alias = field(event, length, "MODALIAS");
  int added = strcmp(action, "add") == 0;
  if (strcmp(action, "change") == 0 && strcmp(subsystem, "drm") == 0) run(handler, "display", NULL);
  if (added && strcmp(subsystem, "cpu") == 0) cpu_online(field(event, length, "DEVPATH"));
  if (added && strcmp(subsystem, "net") == 0) run(handler, "net-add", field(event, length, "INTERFACE"));
  if (added && *alias) run("/usr/sbin/modprobe", "-qb", alias);
}

static void on_link(int s) {
  char buffer[16384];
  long length = recv(s, buffer, sizeof buffer, 0);
  for (struct nlmsghdr *m = (struct nlmsghdr *)buffer; length > 0 && NLMSG_OK(m, (unsigned long)length); m = NLMSG_NEXT(m, length)) {
    if (m->nlmsg_type != RTM_NEWLINK) continue;
    struct ifinfomsg *info = NLMSG_DATA(m);
    if (info->ifi_index < 0 || info->ifi_index >= most_links || (info->ifi_flags & IFF_LOOPBACK)) continue;
    int up = (info->ifi_flags & IFF_RUNNING) != 0;
    char name[IF_NAMESIZE];
    if (up && !link_is_up[info->ifi_index] && if_indextoname((unsigned)info->ifi_index, name)) run(handler, "link-up", name);
    link_is_up[info->ifi_index] = (unsigned char)up;
  }
}

static int open_buttons(struct pollfd *found) {
  int count = 0;
  for (int i = 0; i < 32 && count < most_buttons; i++) {
    char path[32], name[64] = "";
    snprintf(path, sizeof path, "/dev/input/event%d", i);
    int f = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (f < 0) continue;
    if (ioctl(f, EVIOCGNAME(sizeof name - 1), name) >= 0 && strcmp(name, "Power Button") == 0)
      found[count++] = (struct pollfd){f, POLLIN, 0};
    else
      close(f);
  }
  return count;
}

static void on_button(int f) {
  struct input_event event;
  while (read(f, &event, sizeof event) == sizeof event)
    if (event.type == EV_KEY && event.code == KEY_POWER && event.value == 1) run(handler, "power", NULL);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  handler = argv[1];
  signal(SIGCHLD, SIG_IGN);
  struct pollfd sources[2 + most_buttons] = {
      {open_netlink(NETLINK_KOBJECT_UEVENT, 1), POLLIN, 0},
      {open_netlink(NETLINK_ROUTE, RTMGRP_LINK), POLLIN, 0},
  };
  int count = 2 + open_buttons(sources + 2);
  while (poll(sources, (nfds_t)count, -1) >= 0) {
    if (sources[0].revents) on_uevent(sources[0].fd);
    if (sources[1].revents) on_link(sources[1].fd);
    for (int i = 2; i < count; i++)
      if (sources[i].revents) on_button(sources[i].fd);
  }
  return 1;
}
