// server-http.c: see server.h. HTTP/1.1, one request a connection. The other side may be hostile: reads are bounded in
// bytes and time, at most most_threads connections are served at once, and only four paths exist.
#include "page.h"
#include "server.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { port = 80, most_threads = 24, request_bytes = 8192, file_bytes = 65536, patience_ms = 10000 };

typedef struct {
  SOCKET socket;
  struct sockaddr_in peer;
  char address[32], method[16], target[1024], referer[256], agent[256];
} request;

typedef struct {
  int status;
  const char *type;
  const char *body;
  size_t length;
} reply;

static const char *facts_folder, *log_path;
static HANDLE free_threads;
static SRWLOCK log_lock = SRWLOCK_INIT;
static volatile LONG visits;

static const char *reason(int status) {
  return status == 200 ? "OK" : status == 400 ? "Bad Request" : status == 404 ? "Not Found" : status == 405 ? "Method Not Allowed" : "Request Header Fields Too Large";
}

static size_t read_file(const char *name, char *out, size_t capacity) {
  char path[MAX_PATH];
  snprintf(path, sizeof path, "%s\\%s", facts_folder, name);
  FILE *f = fopen(path, "rb");
  size_t length = f ? fread(out, 1, capacity - 1, f) : 0;
  if (f) fclose(f);
  out[length] = 0;
  return length;
}

static void read_fact(const char *name, char *out, size_t capacity) {
  read_file(name, out, capacity);
  out[strcspn(out, "\r\n")] = 0;
}

// What this really runs on: Wine says its version; Windows has no such function.
static void describe_system(char *full, char *brief, size_t capacity) {
  const char *(CDECL * wine_version)(void) = (void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version");
  snprintf(full, capacity, wine_version ? "Windows stand-in (Wine %s)" : "Windows", wine_version ? wine_version() : "");
  snprintf(brief, capacity, wine_version ? "Windows stand-in (Wine)" : "Windows");
}

static size_t render(const request *r, char *out, size_t capacity) {
  char host[256], nonce[64], clock[16], visitor[256], full[64], brief[64];
  SYSTEMTIME now;
  read_fact("name", host, sizeof host);
  read_fact("nonce", nonce, sizeof nonce);
  describe_system(full, brief, sizeof full);
  visitor_name(&r->peer, r->address, visitor, sizeof visitor);
  GetLocalTime(&now);
  snprintf(clock, sizeof clock, "%02d:%02d:%02d", now.wHour % 24, now.wMinute % 60, now.wSecond % 60);
  page_facts facts = {.accent = "#0b4f9e", .host_name = host, .os = full, .os_short = brief, .server = SERVER_SOFTWARE,
                      .visitor_name = visitor, .visitor_address = r->address, .time = clock, .nonce = nonce,
                      .visits = (unsigned long)InterlockedIncrement(&visits)};
  return page_render(&facts, out, capacity);
}

static reply answer(const request *r, char *space) {
  char path[sizeof r->target], picture[96], nonce[64];
  snprintf(path, sizeof path, "%s", r->target);
  path[strcspn(path, "?#")] = 0;
  if (strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0) return (reply){405, "text/plain", "only GET and HEAD\n", 18};
  if (strcmp(path, "/") == 0) return (reply){200, "text/html; charset=utf-8", space, render(r, space, file_bytes)};
  if (strcmp(path, "/health") == 0) return (reply){200, "text/plain", "ok\n", 3};
  read_fact("nonce", nonce, sizeof nonce);
  if (strcmp(path, "/nonce") == 0) return (reply){200, "text/plain", space, (size_t)snprintf(space, file_bytes, "%s\n", nonce)};
  snprintf(picture, sizeof picture, "/qr-%s.png", nonce);
  if (strcmp(path, picture) == 0) {
    snprintf(picture, sizeof picture, "www\\qr-%s.png", nonce);
    size_t length = read_file(picture, space, file_bytes);
    if (length) return (reply){200, "image/png", space, length};
  }
  return (reply){404, "text/plain", "not found\n", 10};
}

// Reads up to the empty line; 0, or the status to answer.
static int read_request(request *r) {
  char text[request_bytes + 1], version[16], *end = NULL;
  int length = 0;
  DWORD deadline = GetTickCount() + patience_ms;
  while (!end) {
    int n = length < request_bytes ? recv(r->socket, text + length, request_bytes - length, 0) : 0;
    if (length == request_bytes) return 431;
    if (n <= 0 || (LONG)(deadline - GetTickCount()) <= 0 || memchr(text + length, 0, (size_t)n)) return 400;
    length += n;
    text[length] = 0;
    end = strstr(text, "\r\n\r\n");
  }
  char *line_end = strstr(text, "\r\n");
  *line_end = 0;
  char rest;
  if (sscanf(text, "%15[A-Z] %1023s %15s %c", r->method, r->target, version, &rest) != 3) return 400;
  if (r->target[0] != '/' || (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)) return 400;
  for (char *line = line_end + 2; line < end; line = strstr(line, "\r\n") + 2) {
    if (_strnicmp(line, "Referer: ", 9) == 0) sscanf(line + 9, "%255[^\r\n]", r->referer);
    if (_strnicmp(line, "User-Agent: ", 12) == 0) sscanf(line + 12, "%255[^\r\n]", r->agent);
  }
  return 0;
}

// What a log line may hold: no quotes, backslashes or control characters from outside.
static void make_plain(char *text) {
  for (; *text; text++)
    if (*text == '"' || *text == '\\' || (unsigned char)*text < ' ') *text = '?';
}

static void log_request(request *r, int status, size_t bytes) {
  char when[40], line[2200];
  time_t now = time(NULL);
  strftime(when, sizeof when, "%d/%b/%Y:%H:%M:%S +0000", gmtime(&now));
  make_plain(r->target);
  make_plain(r->referer);
  make_plain(r->agent);
  snprintf(line, sizeof line, "%s - - [%s] \"%s %s HTTP/1.1\" %d %zu \"%s\" \"%s\"\n", r->address, when, *r->method ? r->method : "-",
           *r->target ? r->target : "-", status, bytes, *r->referer ? r->referer : "-", *r->agent ? r->agent : "-");
  AcquireSRWLockExclusive(&log_lock);
  // Opened anew for each line, so that the log may be trimmed under us.
  FILE *f = fopen(log_path, "ab");
  if (f) {
    fputs(line, f);
    fclose(f);
  }
  ReleaseSRWLockExclusive(&log_lock);
  line[strcspn(line, "\n")] = 0;
  window_log(line);
}

static void send_all(SOCKET s, const char *data, size_t length) {
  while (length > 0) {
    int n = send(s, data, (int)length, 0);
    if (n <= 0) return;
    data += n;
    length -= (size_t)n;
  }
}

static DWORD WINAPI serve_one(void *given) {
  request *r = given;
  char *space = malloc(file_bytes), head[400];
  DWORD patience = patience_ms;
  setsockopt(r->socket, SOL_SOCKET, SO_RCVTIMEO, (char *)&patience, sizeof patience);
  setsockopt(r->socket, SOL_SOCKET, SO_SNDTIMEO, (char *)&patience, sizeof patience);
  int refused = read_request(r);
  reply a = refused || !space ? (reply){refused ? refused : 400, "text/plain", "bad request\n", 12} : answer(r, space);
  int cacheable = strcmp(a.type, "image/png") == 0;
  int n = snprintf(head, sizeof head, "HTTP/1.1 %d %s\r\nServer: " SERVER_SOFTWARE "\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: %s\r\nConnection: close\r\n\r\n",
                   a.status, reason(a.status), a.type, a.length, cacheable ? "max-age=31536000, immutable" : "no-store");
  send_all(r->socket, head, (size_t)n);
  if (strcmp(r->method, "HEAD") != 0) send_all(r->socket, a.body, a.length);
  shutdown(r->socket, SD_SEND);
  closesocket(r->socket);
  log_request(r, a.status, a.length);
  free(space);
  free(r);
  ReleaseSemaphore(free_threads, 1, NULL);
  return 0;
}

static SOCKET listen_on_port(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
  BOOL yes = TRUE;
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, (char *)&yes, sizeof yes);
  while (bind(s, (struct sockaddr *)&address, sizeof address) != 0) Sleep(200);
  listen(s, 32);
  return s;
}

void http_serve(const char *folder, const char *access_log) {
  WSADATA data;
  facts_folder = folder;
  log_path = access_log;
  free_threads = CreateSemaphoreA(NULL, most_threads, most_threads, NULL);
  WSAStartup(MAKEWORD(2, 2), &data);
  SOCKET listener = listen_on_port();
  window_log("Listening on port 80");
  for (;;) {
    WaitForSingleObject(free_threads, INFINITE);
    request *r = calloc(1, sizeof *r);
    int size = sizeof r->peer;
    SOCKET s = r ? accept(listener, (struct sockaddr *)&r->peer, &size) : INVALID_SOCKET;
    if (s != INVALID_SOCKET) {
      r->socket = s;
      snprintf(r->address, sizeof r->address, "%s", inet_ntoa(r->peer.sin_addr));
      HANDLE thread = CreateThread(NULL, 128 * 1024, serve_one, r, 0, NULL);
      if (thread) {
        CloseHandle(thread);
        continue;
      }
      closesocket(s);
    }
    free(r);
    ReleaseSemaphore(free_threads, 1, NULL);
    Sleep(50);
  }
}
