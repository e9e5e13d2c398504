// browser.h: the stand-in's browser: an ordinary Win32 program in six parts, each usable without the next.
//   browser-fetch.c   one GET over Winsock
//   browser-parse.c   HTML text -> tree
//   browser-style.c   an element's look
//   browser-layout.c  tree + width -> list of things to draw
//   browser-draw.c    fonts, pictures, drawing that list
//   browser.c         the window, loading, reloading, waiting
#ifndef DIPTYCH_BROWSER_H
#define DIPTYCH_BROWSER_H
#include <winsock2.h>

#include <windows.h>

// A GET's outcome: body is malloc'ed and ends in a zero; NULL when nothing came, with the reason in words.
typedef struct {
  char *body;
  size_t length;
  int status;
  const char *reason;
} fetched;
fetched fetch_url(const char *url, size_t most_bytes);
// The absolute form of a link on the page at base; FALSE when it is not http.
BOOL resolve_url(const char *base, const char *link, char *out, size_t capacity);

typedef struct node {
  struct node *parent, *first, *last, *next;
  char tag[12];           // "" for text
  char *text;             // a text's characters, or an element's attributes
} node;
typedef struct {
  node *root;
  char title[200];
  int refresh_s; // 0: none
  void *arena;
} document;
document *parse_html(const char *html);
void free_document(document *d);
BOOL attribute(const node *n, const char *name, char *out, size_t capacity);
// One declaration of the style attribute.
BOOL style(const node *n, const char *property, char *out, size_t capacity);

typedef struct {
  int pixels;
  BOOL bold, italic, mono;
} font_style;
typedef enum { DRAW_BOX, DRAW_TEXT, DRAW_PICTURE } draw_kind;
typedef struct {
  draw_kind kind;
  int x, y, width, height;
  COLORREF color;
  font_style font;
  WCHAR *text;      // DRAW_TEXT, in the layout's own memory
  char *url;        // DRAW_PICTURE's source, or the link under a text; NULL: none
} drawn;
typedef struct {
  drawn *items;
  int count, capacity, height;
  COLORREF background;
} layout;
layout *lay_out(const document *d, int width);
void free_layout(layout *l);

SIZE measure_text(const font_style *font, const WCHAR *text, int length);
void draw_layout(HDC dc, const RECT *area, const layout *l, const char *page_url, int scrolled);
// Pictures are kept by URL while some page shows them; a new one is decoded from the file's bytes.
BOOL picture_known(const char *url);
void picture_store(const char *url, const char *bytes, size_t length);
void pictures_keep_only(const layout *l, const char *page_url);
#endif
