// fetch.c: diptych-fetch URL [--timeout SECONDS]: gets a page and prints one JSON line about it:
// {status, ms, bytes, title, server, headers, body (first KiB)}; on failure status 0 and error. Always exits 0 then,
// because the answer is in the line.
#define _GNU_SOURCE // strcasestr
#include "http.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { kept_bytes = 65536, body_bytes = 1024, most_bytes = 64 << 20 };

static int failed(const char *url, const char *reason, long started) {
  printf("{\"status\":0,\"ms\":%ld,\"url\":", now_ms() - started);
  json_string(url, strlen(url));
  printf(",\"error\":");
  json_string(reason, strlen(reason));
  puts("}");
  return 0;
}

static void print_title(const char *body) {
  const char *from = strcasestr(body, "<title>"), *to = from ? strcasestr(from, "</title>") : NULL;
  if (to)
    json_string(from + 7, (size_t)(to - from - 7));
  else
    fputs("null", stdout);
}

// Prints all headers, and sets *server to where the Server header's value stands.
static void print_headers(char *line, const char **server) {
  const char *separator = "";
  putchar('{');
  while (line && *line) {
    char *next = strstr(line, "\r\n"), *colon = strchr(line, ':');
    if (next) *next = 0;
    if (colon && (!next || colon < next)) {
      *colon = 0;
      const char *value = colon + 1 + strspn(colon + 1, " ");
      if (strcasecmp(line, "server") == 0) *server = value;
      fputs(separator, stdout);
      json_string(line, strlen(line));
      putchar(':');
      json_string(value, strlen(value));
      separator = ",";
    }
    line = next ? next + 2 : NULL;
  }
  putchar('}');
}

int main(int argc, char **argv) {
  static char data[kept_bytes + 1];
  long started = now_ms(), timeout_ms = 10000, n;
  const char *reason = "no answer", *server = NULL;
  http_url url;
  if (argc != 2 && !(argc == 4 && strcmp(argv[2], "--timeout") == 0)) {
    fputs("usage: fetch URL [--timeout SECONDS]\n", stderr);
    return 2;
  }
  if (argc == 4) timeout_ms = (long)(atof(argv[3]) * 1000);
  if (timeout_ms < 100 || timeout_ms > 600000) timeout_ms = 10000;
  alarm((unsigned)(timeout_ms / 1000 + 2)); // the resolver has no deadline of its own
  if (!http_parse_url(argv[1], &url)) return failed(argv[1], "not an http URL", started);
  int s = http_connect(&url, started + timeout_ms, &reason);
  if (s < 0) return failed(argv[1], reason, started);

  char request[3000];
  int length = snprintf(request, sizeof request, "GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: diptych-guest\r\nAccept: */*\r\n\r\n", url.path, url.host);
  if (!http_send(s, request, (size_t)length, started + timeout_ms)) return failed(argv[1], "the connection broke", started);
  size_t kept = 0, total = 0;
  static char spill[65536];
  for (;;) {
    int room = kept < kept_bytes;
    n = http_receive(s, room ? data + kept : spill, room ? kept_bytes - kept : sizeof spill, started + timeout_ms);
    if (n <= 0 || total > most_bytes) break;
    if (room) kept += (size_t)n;
    total += (size_t)n;
  }
  if (n == -2) return failed(argv[1], "no complete answer in time", started);
  data[kept] = 0;
  char *body = strstr(data, "\r\n\r\n"), *headers = strstr(data, "\r\n");
  int status = 0;
  if (!body || sscanf(data, "HTTP/%*s %d", &status) != 1) return failed(argv[1], "not an HTTP answer", started);
  *body = 0;
  body += 4;
  size_t body_kept = kept - (size_t)(body - data);
  printf("{\"status\":%d,\"ms\":%ld,\"bytes\":%zu,\"title\":", status, now_ms() - started, total - (size_t)(body - data));
  print_title(body);
  printf(",\"headers\":");
  print_headers(headers < body - 4 ? headers + 2 : NULL, &server);
  printf(",\"server\":");
  if (server)
    json_string(server, strlen(server));
  else
    fputs("null", stdout);
  printf(",\"body\":");
  json_string(body, body_kept < body_bytes ? body_kept : body_bytes);
  puts("}");
  return 0;
}
