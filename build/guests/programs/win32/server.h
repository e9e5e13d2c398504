// server.h: the stand-in's web server: an ordinary Win32 program in three parts.
#ifndef DIPTYCH_SERVER_H
#define DIPTYCH_SERVER_H
#include <winsock2.h>

#include <windows.h>

#define SERVER_SOFTWARE "Diptych-Win32/1.0"

// server.c: one line for the window's list; from any thread.
void window_log(const char *line);

// server-http.c: listens on port 80 and answers for ever. The folder holds the facts the guest's base wrote: nonce,
// name, qr-<nonce>.png; the log is in Combined Log Format.
void http_serve(const char *folder, const char *access_log);

// server-visitor.c: the visitor's name by reverse DNS; its address when there is no name (yet).
void visitor_name(const struct sockaddr_in *peer, const char *address, char *name, size_t capacity);
#endif
