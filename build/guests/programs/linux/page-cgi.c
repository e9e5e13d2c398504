// page-cgi.c: diptych-page: the CGI behind lighttpd's "/". Facts come from /run/diptych, written at boot.
#include "page.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { name_fresh_s = 60, name_wait_ms = 400 };

static const char *read_fact(const char *name, const char *otherwise) {
  static char space[4096];
  static size_t used;
  char path[128], *to = space + used;
  snprintf(path, sizeof path, "/run/diptych/%s", name);
  int f = open(path, O_RDONLY);
  ssize_t n = f < 0 || used + 257 > sizeof space ? 0 : read(f, to, 256);
  if (f >= 0) close(f);
  if (n <= 0) return otherwise;
  to[n] = 0;
  to[strcspn(to, "\n")] = 0;
  used += (size_t)n + 1;
  return to;
}

static unsigned long count_visit(void) {
  char text[32] = "";
  int f = open("/run/diptych/web/visits", O_RDWR | O_CREAT, 0644);
  if (f < 0) return 0;
  flock(f, LOCK_EX);
  if (read(f, text, sizeof text - 1) < 0) text[0] = 0;
  unsigned long visits = strtoul(text, NULL, 10) + 1;
  int n = snprintf(text, sizeof text, "%lu\n", visits);
  if (pwrite(f, text, (size_t)n, 0) != n) visits = 0;
  close(f);
  return visits;
}

// Looks the name up and leaves it in a file; runs in a child, because a resolver without an answer takes seconds.
static void resolve_into(const char *address, const char *path) {
  struct sockaddr_in peer = {.sin_family = AF_INET};
  char name[256], draft[300];
  if (inet_pton(AF_INET, address, &peer.sin_addr) != 1 ||
      getnameinfo((struct sockaddr *)&peer, sizeof peer, name, sizeof name, NULL, 0, NI_NAMEREQD) != 0)
    snprintf(name, sizeof name, "%s", address);
  snprintf(draft, sizeof draft, "%s.%d", path, (int)getpid());
  FILE *f = fopen(draft, "w");
  if (!f) return;
  fputs(name, f);
  fclose(f);
  rename(draft, path);
}

// The visitor's name: the last answer for its address if fresh, else a new one if it comes at once, else the address.
static const char *visitor_name(const char *address) {
  static char name[256];
  char path[200];
  struct stat status;
  snprintf(path, sizeof path, "/run/diptych/web/name-%.60s", address);
  if (strspn(address, "0123456789.") != strlen(address)) return address;
  if (stat(path, &status) != 0 || time(NULL) - status.st_mtime > name_fresh_s || time(NULL) < status.st_mtime) {
    if (fork() == 0) {
      // lighttpd waits for these to close.
      for (int f = 0; f < 3; f++) close(f);
      resolve_into(address, path);
      _exit(0);
    }
    for (int waited = 0; waited < name_wait_ms && (stat(path, &status) != 0 || time(NULL) - status.st_mtime > name_fresh_s); waited += 20)
      usleep(20000);
  }
  FILE *f = fopen(path, "r");
  if (!f) return address;
  if (!fgets(name, sizeof name, f)) name[0] = 0;
  fclose(f);
  return *name ? name : address;
}

int main(void) {
  static char page[16384];
  char clock[16], server[64];
  time_t now = time(NULL);
  const char *address = getenv("REMOTE_ADDR"), *software = getenv("SERVER_SOFTWARE"), *method = getenv("REQUEST_METHOD");
  strftime(clock, sizeof clock, "%H:%M:%S", localtime(&now));
  snprintf(server, sizeof server, "%s", software ? software : "lighttpd");
  page_facts facts = {
      .accent = "#0b6e4f",
      .host_name = read_fact("name", "linux"),
      .os = read_fact("os", "Debian"),
      .os_short = read_fact("os-short", "Debian"),
      .server = server,
      .visitor_address = address ? address : "",
      .visitor_name = visitor_name(address ? address : ""),
      .time = clock,
      .nonce = read_fact("nonce", ""),
      .visits = count_visit(),
  };
  size_t length = page_render(&facts, page, sizeof page);
  printf("Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nContent-Length: %zu\r\n\r\n", length);
  if (!method || strcmp(method, "HEAD") != 0) fwrite(page, 1, length, stdout);
  return 0;
}
