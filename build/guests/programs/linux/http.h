// http.h: a small HTTP/1.0 client with a deadline, for the fetch command and for the browser's gate.
#ifndef DIPTYCH_HTTP_H
#define DIPTYCH_HTTP_H
#include <stddef.h>

typedef struct {
  char host[256], path[2048];
  int port;
} http_url;

// Milliseconds on the monotonic clock.
long now_ms(void);
// Splits http://host[:port][/path]; 0 when it is no such URL.
int http_parse_url(const char *text, http_url *url);
// A connected socket, or -1 with a reason, before the deadline.
int http_connect(const http_url *url, long deadline_ms, const char **reason);
// Sends all of it, 0 on failure or past the deadline.
int http_send(int socket, const char *data, size_t length, long deadline_ms);
// Reads what there is: bytes, 0 at the end, -1 on error, -2 past the deadline.
long http_receive(int socket, char *data, size_t capacity, long deadline_ms);
#endif
