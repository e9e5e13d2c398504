// json.c: see json.h. Pages come from other machines: whatever their bytes, the line stays valid JSON.
#include "json.h"

#include <stdio.h>

// Length of the valid UTF-8 sequence at s, 0 when there is none.
static size_t sequence(const unsigned char *s, size_t left) {
  size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
  if (n == 0 || n > left) return 0;
  for (size_t i = 1; i < n; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) || (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))
    return 0;
  return n;
}

void json_string(const char *text, size_t length) {
  putchar('"');
  for (size_t i = 0; i < length;) {
    const unsigned char *s = (const unsigned char *)text + i;
    size_t n = sequence(s, length - i);
    if (n == 0)
      fputs("\\ufffd", stdout);
    else if (*s == '"' || *s == '\\')
      printf("\\%c", *s);
    else if (*s < 0x20 || *s == 0x7f)
      printf("\\u%04x", *s);
    else
      fwrite(s, 1, n, stdout);
    i += n ? n : 1;
  }
  putchar('"');
}
