// browser-style.c: see browser-style.h.
#include "browser-style.h"

#include <stdio.h>
#include <string.h>

static BOOL color_of(const char *text, COLORREF *color) {
  static const struct { const char *name; COLORREF value; } names[] = {
      {"white", RGB(255, 255, 255)}, {"black", 0}, {"red", RGB(255, 0, 0)}, {"blue", RGB(0, 0, 255)}, {"green", RGB(0, 128, 0)},
      {"gray", RGB(128, 128, 128)}, {"silver", RGB(192, 192, 192)}, {"yellow", RGB(255, 255, 0)}, {"navy", RGB(0, 0, 128)}};
  unsigned r, g, b;
  if (text[0] == '#' && strlen(text) >= 7 && sscanf(text + 1, "%2x%2x%2x", &r, &g, &b) == 3) return *color = RGB(r, g, b), TRUE;
  if (text[0] == '#' && sscanf(text + 1, "%1x%1x%1x", &r, &g, &b) == 3) return *color = RGB(r * 17, g * 17, b * 17), TRUE;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (_stricmp(text, names[i].name) == 0) return *color = names[i].value, TRUE;
  return FALSE;
}

int style_pixels(const node *n, const char *property, int otherwise) {
  char value[32];
  return style(n, property, value, sizeof value) ? atoi(value) : otherwise;
}

BOOL style_background(const node *n, COLORREF *color) {
  char value[64];
  return (style(n, "background-color", value, sizeof value) || style(n, "background", value, sizeof value) || attribute(n, "bgcolor", value, sizeof value)) && color_of(value, color);
}

BOOL is_tag(const node *n, const char *tags) {
  char wanted[16];
  snprintf(wanted, sizeof wanted, " %s ", n->tag);
  return n->tag[0] && strstr(tags, wanted) != NULL;
}

look style_inside(const node *n, look s) {
  char value[64];
  static const int heading[] = {36, 28, 22, 18, 16, 14};
  if (n->tag[0] == 'h' && n->tag[1] >= '1' && n->tag[1] <= '6' && !n->tag[2]) {
    s.font.pixels = heading[n->tag[1] - '1'];
    s.font.bold = TRUE;
  }
  if (is_tag(n, " b strong th ")) s.font.bold = TRUE;
  if (is_tag(n, " i em ")) s.font.italic = TRUE;
  if (is_tag(n, " code tt pre kbd ")) s.font.mono = TRUE;
  if (is_tag(n, " pre ")) s.preformatted = TRUE;
  if (is_tag(n, " small ")) s.font.pixels = s.font.pixels * 5 / 6;
  if (is_tag(n, " center ")) s.align = 1;
  if (is_tag(n, " a ")) {
    s.color = RGB(0, 0, 200);
    s.link = n->text;
  }
  if (style(n, "color", value, sizeof value) || attribute(n, is_tag(n, " body ") ? "text" : "color", value, sizeof value)) color_of(value, &s.color);
  if (style(n, "text-align", value, sizeof value) || attribute(n, "align", value, sizeof value)) s.align = strstr(value, "center") ? 1 : strstr(value, "right") ? 2 : 0;
  if (style(n, "font-weight", value, sizeof value)) s.font.bold = strstr(value, "bold") != NULL;
  if (style(n, "font-family", value, sizeof value)) s.font.mono = strstr(value, "monospace") != NULL;
  int size = style_pixels(n, "font-size", s.font.pixels);
  s.font.pixels = size < 6 ? 6 : size > 200 ? 200 : size;
  return s;
}
