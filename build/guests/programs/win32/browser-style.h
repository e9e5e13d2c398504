// browser-style.h: how an element looks. Enough CSS for plain pages: color, background-color, font-size, font-weight,
// font-family: monospace, text-align, margin-top, margin-bottom, padding, width; all lengths in pixels.
#ifndef DIPTYCH_BROWSER_STYLE_H
#define DIPTYCH_BROWSER_STYLE_H
#include "browser.h"

typedef struct {
  font_style font;
  COLORREF color;
  int align; // 0 left, 1 centre, 2 right
  BOOL preformatted;
  const char *link;
} look;

// Whether the element is one of these tags, listed as " a b ".
BOOL is_tag(const node *n, const char *tags);
// The look inside an element, from the look around it.
look style_inside(const node *n, look around);
// A length in pixels from the style attribute.
int style_pixels(const node *n, const char *property, int otherwise);
BOOL style_background(const node *n, COLORREF *color);
#endif
