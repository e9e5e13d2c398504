// browser-draw.c: see browser.h. Fonts and pictures are made once and kept: the page reloads every few seconds.
#define COBJMACROS
#include "browser.h"

#include <objbase.h>
#include <objidl.h>
#include <stdio.h>
#include <string.h>

// GDI+ has a flat C interface, but its headers are C++ only: the four functions used here.
typedef struct { UINT32 version; void *callback; BOOL no_thread, no_codecs; } gdiplus_input;
int __stdcall GdiplusStartup(ULONG_PTR *token, const gdiplus_input *input, void *output);
int __stdcall GdipCreateBitmapFromStream(IStream *stream, void **bitmap);
int __stdcall GdipCreateHBITMAPFromBitmap(void *bitmap, HBITMAP *handle, DWORD background);
int __stdcall GdipDisposeImage(void *image);

enum { most_fonts = 32, most_pictures = 16 };

static struct { font_style style; HFONT handle; } fonts[most_fonts];
static struct { char url[1200]; HBITMAP bitmap; int width, height; } pictures[most_pictures];

static HFONT font_of(const font_style *style) {
  int i = 0;
  for (; i < most_fonts && fonts[i].handle; i++)
    if (memcmp(&fonts[i].style, style, sizeof *style) == 0) return fonts[i].handle;
  if (i == most_fonts) {
    DeleteObject(fonts[i = 0].handle);
  }
  fonts[i].style = *style;
  fonts[i].handle = CreateFontA(-style->pixels, 0, 0, 0, style->bold ? FW_BOLD : FW_NORMAL, (DWORD)style->italic, 0, 0, DEFAULT_CHARSET, 0, 0,
                                ANTIALIASED_QUALITY, 0, style->mono ? "Courier New" : "Arial");
  return fonts[i].handle;
}

SIZE measure_text(const font_style *font, const WCHAR *text, int length) {
  static HDC dc;
  SIZE size = {0, 0};
  if (!dc) dc = CreateCompatibleDC(NULL);
  SelectObject(dc, font_of(font));
  GetTextExtentPoint32W(dc, text, length, &size);
  return size;
}

static int find_picture(const char *url) {
  for (int i = 0; i < most_pictures; i++)
    if (pictures[i].url[0] && strcmp(pictures[i].url, url) == 0) return i;
  return -1;
}

BOOL picture_known(const char *url) { return find_picture(url) >= 0; }

static void forget(int i) {
  if (pictures[i].bitmap) DeleteObject(pictures[i].bitmap);
  pictures[i].bitmap = NULL;
  pictures[i].url[0] = 0;
}

static HBITMAP decode(const char *bytes, size_t length) {
  static ULONG_PTR token;
  IStream *stream = NULL;
  void *image = NULL;
  HBITMAP bitmap = NULL;
  if (!token && GdiplusStartup(&token, &(gdiplus_input){.version = 1}, NULL) != 0) return NULL;
  HGLOBAL memory = GlobalAlloc(GMEM_MOVEABLE, length);
  if (!memory) return NULL;
  memcpy(GlobalLock(memory), bytes, length);
  GlobalUnlock(memory);
  if (CreateStreamOnHGlobal(memory, TRUE, &stream) != S_OK) {
    GlobalFree(memory);
    return NULL;
  }
  if (GdipCreateBitmapFromStream(stream, &image) == 0) {
    GdipCreateHBITMAPFromBitmap(image, &bitmap, 0xffffffff);
    GdipDisposeImage(image);
  }
  IStream_Release(stream);
  return bitmap;
}

void picture_store(const char *url, const char *bytes, size_t length) {
  int i = 0;
  while (i < most_pictures && pictures[i].url[0]) i++;
  BITMAP info;
  HBITMAP bitmap = i < most_pictures && strlen(url) < sizeof pictures[i].url ? decode(bytes, length) : NULL;
  if (!bitmap || !GetObject(bitmap, sizeof info, &info)) return;
  strcpy(pictures[i].url, url);
  pictures[i].bitmap = bitmap;
  pictures[i].width = info.bmWidth;
  pictures[i].height = info.bmHeight;
}

void pictures_keep_only(const layout *l, const char *page_url) {
  BOOL used[most_pictures] = {FALSE};
  for (int i = 0; i < l->count; i++) {
    char url[1200];
    if (l->items[i].kind != DRAW_PICTURE || !l->items[i].url || !resolve_url(page_url, l->items[i].url, url, sizeof url)) continue;
    int found = find_picture(url);
    if (found >= 0) used[found] = TRUE;
  }
  for (int i = 0; i < most_pictures; i++)
    if (pictures[i].url[0] && !used[i]) forget(i);
}

static void fill(HDC dc, int x, int y, int width, int height, COLORREF color) {
  RECT area = {x, y, x + width, y + height};
  HBRUSH brush = CreateSolidBrush(color);
  FillRect(dc, &area, brush);
  DeleteObject(brush);
}

static void draw_picture(HDC dc, const drawn *d, int y, const char *page_url) {
  char url[1200];
  int i = d->url && resolve_url(page_url, d->url, url, sizeof url) ? find_picture(url) : -1;
  if (i < 0) return;
  HDC source = CreateCompatibleDC(dc);
  HGDIOBJ before = SelectObject(source, pictures[i].bitmap);
  SetStretchBltMode(dc, COLORONCOLOR); // a QR code's edges stay sharp
  StretchBlt(dc, d->x, y, d->width, d->height, source, 0, 0, pictures[i].width, pictures[i].height, SRCCOPY);
  SelectObject(source, before);
  DeleteDC(source);
}

void draw_layout(HDC dc, const RECT *area, const layout *l, const char *page_url, int scrolled) {
  fill(dc, area->left, area->top, area->right - area->left, area->bottom - area->top, l->background);
  SetBkMode(dc, TRANSPARENT);
  for (int i = 0; i < l->count; i++) {
    const drawn *d = &l->items[i];
    int y = d->y - scrolled;
    if (y > area->bottom || y + d->height < area->top) continue;
    if (d->kind == DRAW_BOX) {
      fill(dc, d->x, y, d->width, d->height, d->color);
    } else if (d->kind == DRAW_PICTURE) {
      draw_picture(dc, d, y, page_url);
    } else if (d->text) {
      SelectObject(dc, font_of(&d->font));
      SetTextColor(dc, d->color);
      TextOutW(dc, d->x, y, d->text, (int)wcslen(d->text));
      if (d->url) fill(dc, d->x, y + d->height - 2, d->width, 1, d->color);
    }
  }
}
