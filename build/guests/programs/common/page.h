// page.h: the web page both guests serve, made from facts. Portable C: the Linux CGI and the Win32 server share it, so
// the two pages differ in facts and colour only.
#ifndef DIPTYCH_PAGE_H
#define DIPTYCH_PAGE_H
#include <stddef.h>

typedef struct {
  const char *accent;       // the page's background, #rrggbb
  const char *host_name;    // the big word
  const char *os;           // "Debian 12 (bookworm)", "Windows stand-in (Wine 8.0)"
  const char *os_short;     // for the title: "Debian 12"
  const char *server;       // "lighttpd 1.4.69"
  const char *visitor_name; // by reverse DNS; the address when there is none
  const char *visitor_address;
  const char *time;  // local time, hh:mm:ss
  const char *nonce; // 32 hex digits made at boot
  unsigned long visits;
} page_facts;

// Writes the page and returns its length, never more than capacity - 1. Facts are escaped.
size_t page_render(const page_facts *facts, char *out, size_t capacity);
#endif
