// noise.c: diptych-noise [SECONDS]: fills the whole screen with changing noise, the worst case for a remote screen.
// Speaks the X11 protocol itself (no library), so that it is one small static program in both guests.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

typedef struct {
  int socket;
  uint32_t root, window, context;
  uint16_t width, height;
  uint8_t depth;
} display;

static void die(const char *what) {
  fprintf(stderr, "screen-noise: %s\n", what);
  exit(1);
}

static void send_all(int s, const void *data, size_t length) {
  for (const char *p = data; length > 0;) {
    ssize_t n = write(s, p, length);
    if (n <= 0) die("the X server went away");
    p += n;
    length -= (size_t)n;
  }
}

static void receive_all(int s, void *data, size_t length) {
  for (char *p = data; length > 0;) {
    ssize_t n = read(s, p, length);
    if (n <= 0) die("the X server went away");
    p += n;
    length -= (size_t)n;
  }
}

// Connection setup, X protocol section 8: the first screen's root, size and depth.
static display open_display(void) {
  display d = {.socket = socket(AF_UNIX, SOCK_STREAM, 0)};
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/tmp/.X11-unix/X0"};
  if (connect(d.socket, (struct sockaddr *)&address, sizeof address) != 0) die("no X server");
  const uint8_t hello[12] = {'l', 0, 11};
  send_all(d.socket, hello, sizeof hello);
  uint8_t head[8];
  receive_all(d.socket, head, sizeof head);
  uint16_t words;
  memcpy(&words, head + 6, 2);
  uint8_t *setup = malloc(words * 4u);
  receive_all(d.socket, setup, words * 4u);
  if (head[0] != 1) die("the X server refused");
  uint32_t base;
  uint16_t vendor;
  memcpy(&base, setup + 4, 4);
  memcpy(&vendor, setup + 16, 2);
  const uint8_t *screen = setup + 32 + ((vendor + 3) & ~3) + setup[21] * 8;
  memcpy(&d.root, screen, 4);
  memcpy(&d.width, screen + 20, 2);
  memcpy(&d.height, screen + 22, 2);
  d.depth = screen[38];
  d.window = base + 1;
  d.context = base + 2;
  free(setup);
  return d;
}

// CreateWindow over everything (override-redirect), MapWindow, CreateGC.
static void open_window(const display *d) {
  const uint32_t create[9] = {1 | 9u << 16, d->window, d->root, 0, (uint32_t)d->height << 16 | d->width, 1 << 16, 0, 1 << 9, 1};
  const uint32_t map[2] = {8 | 2u << 16, d->window};
  const uint32_t context[4] = {55 | 4u << 16, d->context, d->window, 0};
  send_all(d->socket, create, sizeof create);
  send_all(d->socket, map, sizeof map);
  send_all(d->socket, context, sizeof context);
}

static void draw_frame(const display *d, uint32_t *pixels, uint16_t rows) {
  static uint64_t state = 88172645463325252u;
  for (uint16_t y = 0; y < d->height; y = (uint16_t)(y + rows)) {
    uint16_t height = d->height - y < rows ? (uint16_t)(d->height - y) : rows;
    uint32_t count = (uint32_t)d->width * height;
    for (uint32_t i = 0; i < count; i++) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      pixels[i] = (uint32_t)state & 0xffffff;
    }
    const uint32_t put[6] = {72 | 2 << 8 | (6 + count) << 16, d->window, d->context, (uint32_t)height << 16 | d->width,
                             (uint32_t)y << 16, (uint32_t)d->depth << 8};
    send_all(d->socket, put, sizeof put);
    send_all(d->socket, pixels, count * 4);
  }
  // A request with an answer: the frame counts once the server has drawn it.
  const uint32_t get_input_focus = 43 | 1 << 16;
  uint8_t answer[32];
  send_all(d->socket, &get_input_focus, 4);
  do receive_all(d->socket, answer, sizeof answer);
  while (answer[0] > 1);
  if (answer[0] == 0) die("the X server reported an error");
}

int main(int argc, char **argv) {
  long seconds = argc > 1 ? atol(argv[1]) : 10;
  if (seconds < 1 || seconds > 3600) seconds = 10;
  display d = open_display();
  if (d.depth != 24) die("needs a 24-bit screen");
  open_window(&d);
  // A request holds at most 65535 words.
  uint16_t rows = (uint16_t)(65000u / d.width);
  uint32_t *pixels = malloc((size_t)rows * d.width * 4);
  long frames = 0;
  for (time_t end = time(NULL) + seconds; time(NULL) < end; frames++) draw_frame(&d, pixels, rows);
  printf("{\"frames\":%ld,\"seconds\":%ld,\"width\":%d,\"height\":%d}\n", frames, seconds, d.width, d.height);
  return 0;
}
