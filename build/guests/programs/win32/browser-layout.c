// browser-layout.c: see browser.h. Blocks go below each other, inline content is broken into lines, table cells stand
// side by side; sizes in pixels.
#include "browser-style.h"

#include <stdio.h>
#include <string.h>

enum { most_columns = 16, line_most = 256 };

typedef struct {
  layout *out;
  int left, width, y;      // the block being filled
  int x, line_first, line_height; // the line being filled: its first item, and its height so far
  BOOL space_due;
} flow;

static int lay_block(layout *out, const node *n, look s, int x, int y, int width);

static drawn *add(layout *l, draw_kind kind, int x, int y, int width, int height) {
  static drawn nowhere;
  if (l->count == l->capacity) {
    int capacity = l->capacity ? l->capacity * 2 : 256;
    drawn *items = realloc(l->items, sizeof *items * (size_t)capacity);
    if (!items) return &nowhere;
    l->items = items;
    l->capacity = capacity;
  }
  l->items[l->count] = (drawn){.kind = kind, .x = x, .y = y, .width = width, .height = height};
  return &l->items[l->count++];
}

static void end_line(flow *f, const look *s) {
  layout *l = f->out;
  if (f->line_first < l->count) {
    drawn *last = &l->items[l->count - 1];
    int spare = f->left + f->width - (last->x + last->width), shift = s->align == 1 ? spare / 2 : s->align == 2 ? spare : 0;
    for (int i = f->line_first; i < l->count; i++) {
      l->items[i].x += shift > 0 ? shift : 0;
      l->items[i].y = f->y + f->line_height - l->items[i].height; // all stand on the line's foot
    }
  }
  f->y += f->line_height;
  f->x = f->left;
  f->line_first = l->count;
  f->line_height = 0;
  f->space_due = FALSE;
}

static drawn *add_inline(flow *f, const look *s, draw_kind kind, int width, int height) {
  int space = f->space_due && f->x > f->left ? (int)measure_text(&s->font, L" ", 1).cx : 0;
  if (f->x > f->left && f->x + space + width > f->left + f->width) {
    end_line(f, s);
    space = 0;
  }
  drawn *d = add(f->out, kind, f->x + space, f->y, width, height);
  f->x += space + width;
  f->space_due = FALSE;
  if (height > f->line_height) f->line_height = height;
  return d;
}

static void add_word(flow *f, const look *s, const char *word, int length) {
  WCHAR wide[line_most];
  int n = MultiByteToWideChar(CP_UTF8, 0, word, length < line_most ? length : line_most, wide, line_most - 1);
  wide[n < 0 ? 0 : n] = 0;
  SIZE size = measure_text(&s->font, wide, n);
  drawn *d = add_inline(f, s, DRAW_TEXT, size.cx, size.cy);
  d->text = _wcsdup(wide);
  d->font = s->font;
  d->color = s->color;
  char target[1024];
  node link = {.tag = "a", .text = (char *)s->link};
  if (s->link && attribute(&link, "href", target, sizeof target)) d->url = _strdup(target);
}

static void add_text(flow *f, const look *s, const char *text) {
  static const char blanks[] = " \t\r\n";
  while (*text) {
    if (s->preformatted && *text == '\n') {
      if (!f->line_height) f->line_height = s->font.pixels * 5 / 4;
      end_line(f, s);
      text++;
    } else if (strchr(blanks, *text)) {
      f->space_due = TRUE;
      text++;
    } else {
      int length = (int)strcspn(text, blanks);
      add_word(f, s, text, length);
      text += length;
    }
  }
}

static void add_picture(flow *f, const look *s, const node *n) {
  char value[1024], width[16] = "64", height[16] = "64";
  attribute(n, "width", width, sizeof width);
  attribute(n, "height", height, sizeof height);
  drawn *d = add_inline(f, s, DRAW_PICTURE, atoi(width), atoi(height));
  if (attribute(n, "src", value, sizeof value)) d->url = _strdup(value);
}

static BOOL is_inline(const node *n) { return !n->tag[0] || is_tag(n, " a b strong i em code tt kbd small span font br img u sup sub label "); }

static void lay_inline(flow *f, const node *n, const look *s) {
  if (!n->tag[0]) {
    add_text(f, s, n->text);
  } else if (is_tag(n, " br ")) {
    if (!f->line_height) f->line_height = s->font.pixels * 5 / 4;
    end_line(f, s);
  } else if (is_tag(n, " img ")) {
    add_picture(f, s, n);
  } else {
    look inner = style_inside(n, *s);
    for (const node *child = n->first; child; child = child->next) lay_inline(f, child, &inner);
  }
}

static int cells_of(const node *row, const node **cells) {
  int count = 0;
  for (const node *cell = row->first; cell && count < most_columns; cell = cell->next)
    if (is_tag(cell, " td th ")) cells[count++] = cell;
  return count;
}

// Columns with a width keep it; the others share what is left.
static void column_widths(const node *table, int width, int *widths) {
  const node *cells[most_columns];
  int open = 0, columns = 0;
  for (int i = 0; i < most_columns; i++) widths[i] = 0;
  for (const node *row = table->first; row; row = row->next) {
    int count = cells_of(row, cells);
    if (count > columns) columns = count;
    for (int i = 0; i < count; i++) {
      char value[16];
      int wanted = attribute(cells[i], "width", value, sizeof value) ? atoi(value) : 0;
      if (wanted > widths[i]) widths[i] = wanted;
    }
  }
  for (int i = 0; i < columns; i++) {
    width -= widths[i];
    open += widths[i] == 0;
  }
  for (int i = 0; i < columns; i++)
    if (widths[i] == 0) widths[i] = width > open * 20 ? width / open : 20;
}

static int lay_row(layout *out, const node *row, const look *s, const int *widths, int padding, int x, int y) {
  const node *cells[most_columns];
  int count = cells_of(row, cells), tallest = 0, heights[most_columns], firsts[most_columns + 1];
  for (int i = 0; i < count; i++) {
    firsts[i] = out->count;
    heights[i] = lay_block(out, cells[i], *s, x + padding, y + padding, widths[i] - 2 * padding) + 2 * padding;
    if (heights[i] > tallest) tallest = heights[i];
    x += widths[i];
  }
  firsts[count] = out->count;
  for (int i = 0; i < count; i++) {
    char align[16] = "";
    if (attribute(cells[i], "valign", align, sizeof align) && strcmp(align, "top") == 0) continue;
    for (int j = firsts[i]; j < firsts[i + 1]; j++) out->items[j].y += (tallest - heights[i]) / 2;
  }
  return tallest;
}

static int lay_table(layout *out, const node *table, const look *s, int x, int y, int width) {
  int widths[most_columns], top = y;
  char value[16];
  int padding = attribute(table, "cellpadding", value, sizeof value) ? atoi(value) : 2;
  const node *body = table;
  for (const node *child = table->first; child; child = child->next)
    if (is_tag(child, " tbody ")) body = child;
  column_widths(body, width, widths);
  for (const node *row = body->first; row; row = row->next)
    if (is_tag(row, " tr ")) y += lay_row(out, row, s, widths, padding, x, y);
  return y - top;
}

// Lays an element out in the given place; returns its height, margins included.
static int lay_block(layout *out, const node *n, look around, int x, int y, int width) {
  look s = style_inside(n, around);
  int top = y, gap = is_tag(n, " p ul ol pre blockquote h1 h2 h3 h4 h5 h6 ") ? s.font.pixels * 2 / 3 : 0;
  int margin_top = style_pixels(n, "margin-top", gap), margin_bottom = style_pixels(n, "margin-bottom", gap), padding = style_pixels(n, "padding", 0);
  int indent = is_tag(n, " ul ol blockquote ") ? 32 : 0, fixed = style_pixels(n, "width", 0);
  if (fixed > 0 && fixed < width) width = fixed;
  COLORREF color;
  BOOL boxed = !is_tag(n, " body html ") && style_background(n, &color);
  int box = out->count;
  y += margin_top;
  if (boxed) add(out, DRAW_BOX, x, y, width, 0)->color = color;
  if (is_tag(n, " hr ")) add(out, DRAW_BOX, x, y + 8, width, 2)->color = RGB(128, 128, 128), y += 18;
  if (is_tag(n, " li ")) add(out, DRAW_BOX, x - 16, y + s.font.pixels / 2, 5, 5)->color = s.color;
  flow f = {.out = out, .left = x + padding + indent, .width = width - 2 * padding - indent, .y = y + padding, .line_first = out->count};
  f.x = f.left;
  for (const node *child = n->first; child; child = child->next) {
    if (is_inline(child)) {
      lay_inline(&f, child, &s);
    } else if (!is_tag(child, " head meta link ")) {
      end_line(&f, &s);
      f.y += is_tag(child, " table ") ? lay_table(out, child, &s, f.left, f.y, f.width) : lay_block(out, child, s, f.left, f.y, f.width);
      f.line_first = out->count;
    }
  }
  end_line(&f, &s);
  y = f.y + padding;
  if (boxed && box < out->count) out->items[box].height = y - out->items[box].y;
  return y + margin_bottom - top;
}

layout *lay_out(const document *d, int width) {
  layout *l = calloc(1, sizeof *l);
  if (!l) return NULL;
  l->background = RGB(255, 255, 255);
  const node *body = d->root;
  for (const node *n = d->root->first; n; n = n->next)
    if (is_tag(n, " body ")) body = n;
  if (body == d->root)
    for (const node *n = d->root->first; n; n = n->next)
      for (const node *c = n->first; c; c = c->next)
        if (is_tag(c, " body ")) body = c;
  style_background(body, &l->background);
  int margin = style_pixels(body, "margin", 8);
  look s = {.font = {.pixels = 16}};
  l->height = lay_block(l, body, s, margin, margin, width - 2 * margin) + 2 * margin;
  return l;
}

void free_layout(layout *l) {
  if (!l) return;
  for (int i = 0; i < l->count; i++) {
    free(l->items[i].text);
    free(l->items[i].url);
  }
  free(l->items);
  free(l);
}
