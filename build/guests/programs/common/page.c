// page.c: see page.h. Plain HTML 4 tables and inline styles, because NetSurf and our Win32 browser must both show it
// exactly, 1280x800 less the browser's own bars, legible from two metres.
#include "page.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  char *at, *end;
} writer;

static void put(writer *w, const char *text) {
  while (*text && w->at < w->end) *w->at++ = *text++;
}

static void put_escaped(writer *w, const char *text) {
  for (; *text; text++) {
    char one[2] = {*text, 0};
    put(w, *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '&' ? "&amp;" : *text == '"' ? "&quot;" : one);
  }
}

// Each %s in the template takes the next escaped string; there is no other directive.
static void put_template(writer *w, const char *template, ...) {
  va_list strings;
  va_start(strings, template);
  for (const char *hole; (hole = strstr(template, "%s")) != NULL; template = hole + 2) {
    char part[512];
    size_t length = (size_t)(hole - template);
    if (length >= sizeof part) length = sizeof part - 1;
    memcpy(part, template, length);
    part[length] = 0;
    put(w, part);
    put_escaped(w, va_arg(strings, const char *));
  }
  va_end(strings);
  put(w, template);
}

static void put_fact(writer *w, const char *name, const char *value) {
  put_template(w,
               "<tr><td width=\"170\" style=\"font-size:22px;color:#c8d8e8\">%s</td>"
               "<td style=\"font-size:30px;color:#ffffff\">%s</td></tr>\n",
               name, value);
}

// Four groups of eight read better than 32 digits.
static void put_nonce(writer *w, const char *nonce) {
  for (int group = 0; group < 4 && strlen(nonce) >= (size_t)(group + 1) * 8; group++) {
    char digits[9] = {0};
    memcpy(digits, nonce + group * 8, 8);
    put_template(w, group == 0 || group == 2 ? "%s " : group == 1 ? "%s<br>\n" : "%s", digits);
  }
}

size_t page_render(const page_facts *f, char *out, size_t capacity) {
  writer w = {out, out + capacity - 1};
  char visits[32];
  snprintf(visits, sizeof visits, "%lu", f->visits);
  put_template(&w,
               "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"3\">\n"
               "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s \xe2\x80\x94 %s</title>\n"
               "<link rel=\"icon\" href=\"data:,\"></head>\n",
               f->host_name, f->os_short);
  put_template(&w, "<body bgcolor=\"%s\" text=\"#ffffff\" style=\"background-color:%s;color:#ffffff;margin:0;",
               f->accent, f->accent);
  put(&w, "font-family:sans-serif\">\n"
          "<table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr>"
          "<td width=\"48\"></td><td valign=\"top\">\n");
  put_template(&w, "<div style=\"font-size:22px;color:#c8d8e8;margin-top:52px\">This page is served by</div>\n"
                   "<div style=\"font-size:%spx;font-weight:bold\">", strlen(f->host_name) <= 8 ? "120" : strlen(f->host_name) <= 12 ? "84" : "60");
  put_template(&w, "%s</div>\n<div style=\"font-size:36px;margin-bottom:34px\">%s</div>\n"
                   "<table cellpadding=\"5\" cellspacing=\"0\">\n", f->host_name, f->os);
  put_fact(&w, "Web server", f->server);
  put_fact(&w, "You are", f->visitor_name);
  put_fact(&w, "Your address", f->visitor_address);
  put_fact(&w, "Time here", f->time);
  put_fact(&w, "Visits", visits);
  put(&w, "</table></td>\n<td width=\"430\" valign=\"top\">"
          "<div style=\"margin-top:52px;background-color:#ffffff;width:390px;text-align:center\">\n");
  put_template(&w, "<img src=\"/qr-%s.png\" width=\"370\" height=\"370\" alt=\"QR code of the nonce\"><br>\n", f->nonce);
  put(&w, "<span style=\"font-size:28px;color:#101820;font-family:monospace\">");
  put_nonce(&w, f->nonce);
  put(&w, "</span><div style=\"font-size:10px\">&nbsp;</div></div>\n<div style=\"font-size:18px;color:#c8d8e8;width:390px;text-align:center;margin-top:10px\">"
          "New at every start of this guest</div></td><td width=\"40\"></td></tr></table>\n</body></html>\n");
  *w.at = 0;
  return (size_t)(w.at - out);
}
