// server-visitor.c: see server.h. A resolver without an answer takes seconds, so each look-up has a thread of its own
// and the page waits for it only a moment; the name is there at the next visit.
#include "server.h"

#include <stdio.h>
#include <string.h>
#include <ws2tcpip.h>

enum { known_most = 32, fresh_ms = 60000, patience_ms = 400 };

typedef struct {
  struct sockaddr_in peer;
  char name[256]; // "" until known
  DWORD asked_at;
  BOOL asking;
} visitor;

static visitor known[known_most];
static SRWLOCK lock = SRWLOCK_INIT;

static DWORD WINAPI look_up(void *slot) {
  visitor *v = slot;
  struct sockaddr_in peer = v->peer;
  char name[256];
  if (getnameinfo((struct sockaddr *)&peer, sizeof peer, name, sizeof name, NULL, 0, NI_NAMEREQD) != 0) name[0] = 0;
  AcquireSRWLockExclusive(&lock);
  snprintf(v->name, sizeof v->name, "%s", name);
  v->asking = FALSE;
  ReleaseSRWLockExclusive(&lock);
  return 0;
}

// The visitor's slot: its own, else the one asked for longest ago that is idle; NULL when all are busy.
static visitor *slot_of(const struct sockaddr_in *peer) {
  visitor *oldest = NULL;
  for (visitor *v = known; v < known + known_most; v++) {
    if (v->peer.sin_addr.s_addr == peer->sin_addr.s_addr) return v;
    if (!v->asking && (!oldest || v->asked_at < oldest->asked_at)) oldest = v;
  }
  if (oldest) *oldest = (visitor){.peer = *peer};
  return oldest;
}

void visitor_name(const struct sockaddr_in *peer, const char *address, char *name, size_t capacity) {
  HANDLE thread = NULL;
  snprintf(name, capacity, "%s", address);
  AcquireSRWLockExclusive(&lock);
  visitor *v = slot_of(peer);
  if (v && !v->asking && (v->asked_at == 0 || GetTickCount() - v->asked_at > fresh_ms)) {
    v->asking = TRUE;
    v->asked_at = GetTickCount() | 1;
    thread = CreateThread(NULL, 0, look_up, v, 0, NULL);
    if (!thread) v->asking = FALSE;
  }
  ReleaseSRWLockExclusive(&lock);
  if (thread) {
    WaitForSingleObject(thread, patience_ms);
    CloseHandle(thread);
  }
  AcquireSRWLockShared(&lock);
  if (v && v->peer.sin_addr.s_addr == peer->sin_addr.s_addr && v->name[0]) snprintf(name, capacity, "%s", v->name);
  ReleaseSRWLockShared(&lock);
}
