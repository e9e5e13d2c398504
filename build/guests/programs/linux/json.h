// json.h: prints a JSON string.
#ifndef DIPTYCH_JSON_H
#define DIPTYCH_JSON_H
#include <stddef.h>

// "text" with quotes, control characters and anything that is not valid UTF-8 escaped.
void json_string(const char *text, size_t length);
#endif
