// busy.c: diptych-busy [SECONDS]: one core at full load; prints how much work it got done, for measuring CPU caps.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  double seconds = argc > 1 ? atof(argv[1]) : 5, started = seconds_now(), now = started;
  unsigned long iterations = 0;
  volatile unsigned x = 1;
  if (seconds <= 0 || seconds > 3600) seconds = 5;
  while (now - started < seconds) {
    for (int i = 0; i < 10000; i++) x = x * 1664525u + 1013904223u;
    iterations += 10000;
    now = seconds_now();
  }
  printf("{\"iterations\":%lu,\"seconds\":%.3f,\"perSecond\":%.0f}\n", iterations, now - started, (double)iterations / (now - started));
  return 0;
}
