// browser-fetch.c: see browser.h. HTTP/1.0, so that an answer ends with its connection.
#include "browser.h"

#include <stdio.h>
#include <string.h>
#include <ws2tcpip.h>

enum { connect_ms = 4000, answer_ms = 10000, first_bytes = 16384 };

// Splits http://host[:port][/path].
static BOOL split_url(const char *url, char *host, size_t capacity, char *port, const char **path) {
  if (strncmp(url, "http://", 7) != 0) return FALSE;
  url += 7;
  size_t length = strcspn(url, ":/?#");
  if (length == 0 || length >= capacity) return FALSE;
  memcpy(host, url, length);
  host[length] = 0;
  url += length;
  strcpy(port, "80");
  if (*url == ':') {
    size_t digits = strspn(url + 1, "0123456789");
    if (digits == 0 || digits > 5) return FALSE;
    memcpy(port, url + 1, digits);
    port[digits] = 0;
    url += 1 + digits;
  }
  *path = *url == '/' ? url : "/";
  return TRUE;
}

BOOL resolve_url(const char *base, const char *link, char *out, size_t capacity) {
  char host[256], port[8];
  const char *path;
  if (strstr(link, "://")) return strncmp(link, "http://", 7) == 0 && snprintf(out, capacity, "%s", link) < (int)capacity;
  if (!split_url(base, host, sizeof host, port, &path) || strchr(link, ':')) return FALSE;
  int folder = *link == '/' ? 0 : (int)(strrchr(path, '/') - path) + 1;
  return snprintf(out, capacity, "http://%s:%s%.*s%s", host, port, folder, path, link) < (int)capacity;
}

static SOCKET connect_to(const char *host, const char *port, const char **reason) {
  struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
  *reason = "the name is not known";
  if (getaddrinfo(host, port, &hints, &found) != 0) return INVALID_SOCKET;
  SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
  u_long yes = 1, no = 0;
  ioctlsocket(s, FIONBIO, &yes);
  connect(s, found->ai_addr, (int)found->ai_addrlen);
  freeaddrinfo(found);
  fd_set writable, failed;
  FD_ZERO(&writable);
  FD_ZERO(&failed);
  FD_SET(s, &writable);
  FD_SET(s, &failed);
  struct timeval patience = {connect_ms / 1000, 0};
  select(0, NULL, &writable, &failed, &patience);
  if (FD_ISSET(s, &writable)) {
    DWORD answer = answer_ms;
    ioctlsocket(s, FIONBIO, &no);
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, (char *)&answer, sizeof answer);
    return s;
  }
  *reason = FD_ISSET(s, &failed) ? "connection refused" : "no answer";
  closesocket(s);
  return INVALID_SOCKET;
}

// Everything up to the end of the connection, or NULL.
static char *receive_all(SOCKET s, size_t most, size_t *length) {
  size_t capacity = first_bytes;
  char *data = malloc(capacity + 1);
  *length = 0;
  for (int n; data && (n = recv(s, data + *length, (int)(capacity - *length), 0)) != 0;) {
    if (n < 0 || *length + (size_t)n > most) {
      free(data);
      return NULL;
    }
    *length += (size_t)n;
    if (*length == capacity) {
      char *larger = realloc(data, (capacity *= 2) + 1);
      if (!larger) free(data);
      data = larger;
    }
  }
  if (data) data[*length] = 0;
  return data;
}

fetched fetch_url(const char *url, size_t most_bytes) {
  char host[256], port[8], request[2400];
  const char *path;
  fetched result = {.reason = "not an http:// address"};
  if (!split_url(url, host, sizeof host, port, &path)) return result;
  SOCKET s = connect_to(host, port, &result.reason);
  if (s == INVALID_SOCKET) return result;
  int n = snprintf(request, sizeof request, "GET %.2000s HTTP/1.0\r\nHost: %s\r\nUser-Agent: DiptychBrowser/1.0 (Win32)\r\nAccept: */*\r\n\r\n", path, host);
  result.reason = "connected, but no answer yet";
  size_t length = 0;
  char *data = send(s, request, n, 0) == n ? receive_all(s, most_bytes, &length) : NULL;
  closesocket(s);
  char *body = data ? strstr(data, "\r\n\r\n") : NULL;
  if (!body || sscanf(data, "HTTP/%*s %d", &result.status) != 1) {
    free(data);
    return result;
  }
  body += 4;
  result.length = length - (size_t)(body - data);
  memmove(data, body, result.length + 1);
  result.body = data;
  return result;
}
