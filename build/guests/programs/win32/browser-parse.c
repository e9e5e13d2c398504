// browser-parse.c: see browser.h. A forgiving reader of simple HTML: unknown tags are kept, unclosed ones are closed by
// their parent, scripts and styles are skipped. Size and depth are bounded, pages come from other machines.
#include "browser.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { most_nodes = 6000, most_depth = 48 };

typedef struct {
  node nodes[most_nodes];
  int used;
} arena;

static node *new_node(arena *a, node *parent, const char *tag, const char *text, size_t length) {
  if (a->used == most_nodes) return NULL;
  node *n = &a->nodes[a->used];
  n->text = malloc(length + 1);
  if (!n->text) return NULL;
  a->used++;
  memcpy(n->text, text, length);
  n->text[length] = 0;
  snprintf(n->tag, sizeof n->tag, "%s", tag);
  n->parent = parent;
  if (parent) {
    if (parent->last)
      parent->last->next = n;
    else
      parent->first = n;
    parent->last = n;
  }
  return n;
}

static BOOL one_of(const char *tag, const char *list) {
  char wanted[16];
  snprintf(wanted, sizeof wanted, " %s ", tag);
  return strstr(list, wanted) != NULL;
}

static size_t entity(const char *s, char *out) {
  static const struct { const char *name, *value; } known[] = {
      {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&nbsp;", "\xc2\xa0"}, {"&mdash;", "\xe2\x80\x94"},
      {"&ndash;", "\xe2\x80\x93"}, {"&copy;", "\xc2\xa9"}, {"&hellip;", "\xe2\x80\xa6"}, {"&middot;", "\xc2\xb7"}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strncmp(s, known[i].name, strlen(known[i].name)) == 0) {
      strcpy(out, known[i].value);
      return strlen(known[i].name);
    }
  strcpy(out, "&");
  return 1;
}

static void add_text(arena *a, node *parent, const char *from, size_t length) {
  char *decoded = malloc(length + 1);
  size_t n = 0;
  if (!decoded) return;
  for (size_t i = 0; i < length;) {
    char value[8] = {from[i], 0};
    i += from[i] == '&' ? entity(from + i, value) : 1;
    // No entity here is longer than its name, so the copy always fits.
    n += (size_t)sprintf(decoded + n, "%s", value);
  }
  if (n > 0) new_node(a, parent, "", decoded, n);
  free(decoded);
}

static BOOL find_value(const char *list, const char *name, char separator, char *out, size_t capacity) {
  size_t length = strlen(name);
  for (const char *p = list; *p; p++) {
    if (_strnicmp(p, name, length) != 0 || (p > list && (isalnum((unsigned char)p[-1]) || p[-1] == '-'))) continue;
    const char *value = p + length + strspn(p + length, " \t\r\n");
    if (*value != separator) continue;
    value += 1 + strspn(value + 1, " \t\r\n");
    char quote[2] = {*value == '"' || *value == '\'' ? *value++ : 0, 0};
    size_t n = strcspn(value, *quote ? quote : separator == ':' ? ";" : " \t\r\n>");
    snprintf(out, capacity, "%.*s", (int)n, value);
    return TRUE;
  }
  return FALSE;
}

BOOL attribute(const node *n, const char *name, char *out, size_t capacity) {
  return n->tag[0] && find_value(n->text, name, '=', out, capacity);
}

BOOL style(const node *n, const char *property, char *out, size_t capacity) {
  char declarations[512];
  return attribute(n, "style", declarations, sizeof declarations) && find_value(declarations, property, ':', out, capacity);
}

static void read_meta(document *d, const node *n) {
  char kind[32], content[256];
  if (attribute(n, "http-equiv", kind, sizeof kind) && _stricmp(kind, "refresh") == 0 && attribute(n, "content", content, sizeof content)) {
    d->refresh_s = atoi(content);
    if (d->refresh_s < 1 || d->refresh_s > 3600) d->refresh_s = 0;
  }
}

// Skips to after </tag>, and returns where the inside ends.
static const char *skip_element(const char **p, const char *tag) {
  char end[20];
  snprintf(end, sizeof end, "</%s", tag);
  const char *inside_end = *p;
  while (*inside_end && _strnicmp(inside_end, end, strlen(end)) != 0) inside_end++;
  const char *close = strchr(inside_end, '>');
  *p = close ? close + 1 : inside_end + strlen(inside_end);
  return inside_end;
}

static int depth_of(const node *n) {
  int depth = 0;
  for (; n->parent; n = n->parent) depth++;
  return depth;
}

// A tag at `tag_text` (without the angle brackets): opens or closes an element; returns the element text now goes into.
static node *take_tag(document *d, node *open, const char *tag_text, size_t length, const char **rest) {
  char tag[12] = "";
  BOOL closing = *tag_text == '/';
  size_t at = closing, n = 0;
  while (at < length && n < sizeof tag - 1 && isalnum((unsigned char)tag_text[at])) tag[n++] = (char)tolower((unsigned char)tag_text[at++]);
  if (!*tag) return open;
  if (closing) {
    for (node *e = open; e->parent; e = e->parent)
      if (strcmp(e->tag, tag) == 0) return e->parent;
    return open;
  }
  if (one_of(tag, " script style title ")) {
    const char *from = *rest, *to = skip_element(rest, tag);
    if (strcmp(tag, "title") == 0) snprintf(d->title, sizeof d->title, "%.*s", (int)(to - from), from);
    return open;
  }
  if (one_of(tag, " li p tr td th "))
    for (node *e = open; e->parent && !one_of(e->tag, " table ul ol div "); e = e->parent)
      if (strcmp(e->tag, tag) == 0 || (tag[0] == 't' && strcmp(tag, "tr") != 0 && one_of(e->tag, " td th "))) {
        open = e->parent;
        break;
      }
  node *made = new_node(d->arena, open, tag, tag_text + at, length - at);
  if (!made) return open;
  if (strcmp(tag, "meta") == 0) read_meta(d, made);
  return one_of(tag, " br hr img meta link input base ") || depth_of(made) >= most_depth ? open : made;
}

document *parse_html(const char *html) {
  document *d = calloc(1, sizeof *d);
  if (d) d->arena = calloc(1, sizeof(arena));
  if (!d || !d->arena) {
    free(d);
    return NULL;
  }
  node *open = d->root = new_node(d->arena, NULL, "html", "", 0);
  for (const char *p = html; *p;) {
    size_t text = strcspn(p, "<");
    if (text > 0) add_text(d->arena, open, p, text);
    p += text;
    if (*p != '<') break;
    const char *end = strncmp(p, "<!--", 4) == 0 ? strstr(p, "-->") : strchr(p, '>');
    if (!end) break;
    const char *inside = p + 1;
    size_t length = (size_t)(end - inside);
    p = strchr(end, '>') + 1;
    if (*inside != '!' && *inside != '?') open = take_tag(d, open, inside, length, &p);
  }
  return d;
}

void free_document(document *d) {
  if (!d) return;
  arena *a = d->arena;
  for (int i = 0; i < a->used; i++) free(a->nodes[i].text);
  free(a);
  free(d);
}
