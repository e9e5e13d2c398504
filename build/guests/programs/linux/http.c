// http.c: see http.h.
#include "http.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000L + t.tv_nsec / 1000000L;
}

int http_parse_url(const char *text, http_url *url) {
  if (strncmp(text, "http://", 7) != 0) return 0;
  text += 7;
  size_t host = strcspn(text, ":/?#");
  if (host == 0 || host >= sizeof url->host) return 0;
  memcpy(url->host, text, host);
  url->host[host] = 0;
  text += host;
  url->port = 80;
  if (*text == ':') {
    url->port = atoi(text + 1);
    text += 1 + strspn(text + 1, "0123456789");
  }
  if (url->port < 1 || url->port > 65535) return 0;
  size_t path = strcspn(text, "#");
  if (path + 2 > sizeof url->path) return 0;
  snprintf(url->path, sizeof url->path, "%s%.*s", *text == '/' ? "" : "/", (int)path, text);
  return 1;
}

static int wait_for(int socket, short events, long deadline_ms) {
  struct pollfd p = {socket, events, 0};
  long left = deadline_ms - now_ms();
  return left > 0 && poll(&p, 1, (int)left) == 1;
}

int http_connect(const http_url *url, long deadline_ms, const char **reason) {
  char port[8];
  struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
  snprintf(port, sizeof port, "%d", url->port);
  if (getaddrinfo(url->host, port, &hints, &found) != 0) {
    *reason = "the name is not known";
    return -1;
  }
  int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = 0;
  socklen_t size = sizeof error;
  *reason = "no answer";
  if (connect(s, found->ai_addr, found->ai_addrlen) != 0) {
    if (errno != EINPROGRESS)
      error = errno;
    else if (!wait_for(s, POLLOUT, deadline_ms))
      error = ETIMEDOUT;
    else
      getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  freeaddrinfo(found);
  if (error == 0) return s;
  if (error == ECONNREFUSED) *reason = "connection refused";
  if (error == ENETUNREACH || error == EHOSTUNREACH) *reason = "no route to the host";
  close(s);
  return -1;
}

int http_send(int socket, const char *data, size_t length, long deadline_ms) {
  while (length > 0) {
    ssize_t n = send(socket, data, length, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN && wait_for(socket, POLLOUT, deadline_ms)) continue;
    if (n <= 0) return 0;
    data += n;
    length -= (size_t)n;
  }
  return 1;
}

long http_receive(int socket, char *data, size_t capacity, long deadline_ms) {
  for (;;) {
    if (!wait_for(socket, POLLIN, deadline_ms)) return -2;
    ssize_t n = recv(socket, data, capacity, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    return n;
  }
}
