#define _GNU_SOURCE // accept4
// gate.c: diptych-gate: the browser's way out, an HTTP proxy on 127.0.0.1:3128.
// NetSurf does not retry once it shows an error page. Behind the gate it never sees one: while the other guest does not
// answer it gets a page that says so and reloads itself. One child per connection, at most 24, each with a deadline.
#include "http.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { port = 3128, most_children = 24, head_bytes = 16384, connect_ms = 4000, answer_ms = 10000, relay_ms = 120000 };

static const char waiting_page[] =
    "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"2\">"
    "<title>Waiting</title></head><body style=\"background-color:#1b2430;color:#ffffff;margin:0;font-family:sans-serif\">"
    "<div style=\"margin-top:150px;text-align:center;font-size:28px;color:#9fb3c8\">Waiting for</div>"
    "<div style=\"text-align:center;font-size:54px;font-weight:bold;margin-top:8px\">%s</div>"
    "<div style=\"text-align:center;font-size:22px;color:#9fb3c8;margin-top:28px\">It opens by itself as soon as it answers (%s).</div>"
    "</body></html>";

static void answer(int client, const char *status, const char *body) {
  char head[256];
  int n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", status, strlen(body));
  http_send(client, head, (size_t)n, now_ms() + answer_ms);
  http_send(client, body, strlen(body), now_ms() + answer_ms);
}

// Only a page can say "waiting"; a picture just fails.
static void answer_waiting(int client, const http_url *url, const char *reason) {
  const char *dot = strrchr(url->path, '.');
  char address[300], body[sizeof waiting_page + 400];
  if (dot && strcspn(dot, "?") < 6 && strncmp(dot, ".htm", 4) != 0) {
    answer(client, "504 Gateway Timeout", "");
    return;
  }
  snprintf(address, sizeof address, "http://%s", url->host); // http_parse_url let no markup character through: see below
  snprintf(body, sizeof body, waiting_page, address, reason);
  answer(client, "200 OK", body);
}

// Says once, on the serial console, that the browser got its page.
static void mark_page(void) {
  char uptime[32] = "";
  if (access("/tmp/page-shown", F_OK) == 0) return;
  FILE *f = fopen("/tmp/page-shown", "w"), *clock = fopen("/proc/uptime", "r"), *console = fopen("/dev/ttyS0", "w");
  if (f && clock && console && fscanf(clock, "%31s", uptime) == 1) fprintf(console, "MARK page %s\n", uptime);
  if (f) fclose(f);
  if (clock) fclose(clock);
  if (console) fclose(console);
}

// Reads the request's head; its length, or 0.
static size_t read_head(int client, char *head, size_t capacity) {
  size_t length = 0;
  long deadline = now_ms() + answer_ms;
  while (length < capacity - 1) {
    long n = http_receive(client, head + length, capacity - 1 - length, deadline);
    if (n <= 0) return 0;
    length += (size_t)n;
    head[length] = 0;
    if (strstr(head, "\r\n\r\n")) return length;
  }
  return 0;
}

// Writes the request as the server wants it: path only, HTTP/1.0 so that the answer ends with the connection.
static size_t rewrite(const char *head, const char *method, const http_url *url, char *out, size_t capacity) {
  size_t n = (size_t)snprintf(out, capacity, "%s %s HTTP/1.0\r\n", method, url->path);
  for (const char *line = strstr(head, "\r\n") + 2; n < capacity;) {
    const char *end = strstr(line, "\r\n");
    if (end == NULL) return 0;
    size_t length = (size_t)(end + 2 - line);
    int hop = strncasecmp(line, "Proxy-", 6) == 0 || strncasecmp(line, "Connection:", 11) == 0 || strncasecmp(line, "Keep-Alive:", 11) == 0;
    if (!hop) n += (size_t)snprintf(out + n, capacity - n, "%.*s", (int)length, line);
    if (length == 2) {
      size_t rest = strlen(end + 2); // the start of a body, if one came along
      if (n + rest >= capacity) return 0;
      memcpy(out + n, end + 2, rest);
      return n + rest;
    }
    line = end + 2;
  }
  return 0;
}

static void relay(int client, int server, const char *method, int is_page) {
  char data[32768];
  long deadline = now_ms() + relay_ms;
  struct pollfd both[2] = {{server, POLLIN, 0}, {client, POLLIN, 0}};
  int started = 0, uploading = strcmp(method, "POST") == 0;
  while (now_ms() < deadline && poll(both, 2, started ? 20000 : answer_ms) > 0) {
    if (both[1].revents) {
      long n = recv(client, data, sizeof data, MSG_DONTWAIT);
      if (n <= 0 || !uploading || !http_send(server, data, (size_t)n, deadline)) return;
    }
    if (both[0].revents) {
      long n = recv(server, data, sizeof data, MSG_DONTWAIT);
      if (n <= 0 || !http_send(client, data, (size_t)n, deadline)) return;
      if (!started && is_page && strncmp(data, "HTTP/1", 6) == 0 && strncmp(data + 8, " 200", 4) == 0) mark_page();
      started = 1;
    }
  }
}

static void serve(int client) {
  static char head[head_bytes], request[head_bytes + 4096];
  char method[8], target[2400];
  const char *reason = "";
  http_url url;
  alarm(relay_ms / 1000 + 30);
  if (!read_head(client, head, sizeof head)) return;
  if (sscanf(head, "%7s %2399s", method, target) != 2 || !http_parse_url(target, &url) || strpbrk(url.host, "<>&\"'")) {
    answer(client, "400 Bad Request", "<h1>This browser opens http:// pages only</h1>");
    return;
  }
  int server = http_connect(&url, now_ms() + connect_ms, &reason);
  size_t length = server < 0 ? 0 : rewrite(head, method, &url, request, sizeof request);
  struct pollfd first = {server, POLLIN, 0};
  char peeked;
  if (server >= 0 && length && http_send(server, request, length, now_ms() + connect_ms)) {
    if (poll(&first, 1, strcmp(method, "POST") == 0 ? 0 : answer_ms) >= 0 && (first.revents & POLLIN) && recv(server, &peeked, 1, MSG_PEEK) == 1) {
      relay(client, server, method, strcmp(url.path, "/") == 0);
      return;
    }
    reason = "connected, but no answer yet";
  }
  answer_waiting(client, &url, *reason ? reason : "the connection broke");
}

int main(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int one = 1, children = 0, s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  signal(SIGPIPE, SIG_IGN);
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(s, (struct sockaddr *)&address, sizeof address) != 0 || listen(s, 32) != 0) {
    perror("diptych-gate");
    return 1;
  }
  for (;;) {
    while (children > 0 && waitpid(-1, NULL, children >= most_children ? 0 : WNOHANG) > 0) children--;
    struct pollfd p = {s, POLLIN, 0};
    if (poll(&p, 1, children ? 1000 : -1) <= 0) continue;
    int client = accept4(s, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0) continue;
    pid_t child = fork();
    if (child == 0) {
      serve(client);
      shutdown(client, SHUT_WR);
      _exit(0);
    }
    if (child > 0) children++;
    close(client);
  }
}
