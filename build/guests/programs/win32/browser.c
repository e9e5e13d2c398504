// browser.c: browser.exe URL [FILE]: the window. A load runs in a thread and comes back as one message, so the page on
// screen stays until the next is ready. When nothing answers, a page says so and the load is tried again, for ever.
// FILE, if given, is made when the first real page is on screen.
#include "browser.h"

#include <stdio.h>
#include <string.h>

enum { bar_height = 44, status_height = 22, retry_ms = 2000, page_bytes = 1 << 20, picture_bytes = 4 << 20, history_most = 32 };
enum { reload_timer = 1, id_back = 10, id_reload, id_go, message_page = WM_APP, message_picture };

typedef struct {
  unsigned generation;
  char url[1024];
  fetched result;
} load;

static HWND window, view, address_box, buttons[3], status_bar;
static WNDPROC address_proc;
static document *page;
static layout *shown;
static char current[1024], history[history_most][1024], *ready_file;
static int history_count, scrolled;
static unsigned generation;

static DWORD WINAPI load_thread(void *given) {
  load *l = given;
  BOOL picture = l->generation == 0;
  l->result = fetch_url(l->url, picture ? picture_bytes : page_bytes);
  if (!PostMessageA(window, picture ? message_picture : message_page, 0, (LPARAM)l)) {
    free(l->result.body);
    free(l);
  }
  return 0;
}

// generation 0 marks a picture.
static void start_load(const char *url, unsigned for_generation) {
  load *l = calloc(1, sizeof *l);
  if (!l) return;
  l->generation = for_generation;
  snprintf(l->url, sizeof l->url, "%s", url);
  HANDLE thread = CreateThread(NULL, 0, load_thread, l, 0, NULL);
  if (thread)
    CloseHandle(thread);
  else
    free(l);
}

static void open_url(const char *url, BOOL remember) {
  char full[1024];
  snprintf(full, sizeof full, "%s%s", strstr(url, "://") ? "" : "http://", url);
  if (remember && *current && strcmp(current, full) != 0) {
    if (history_count == history_most) memmove(history[0], history[1], sizeof history - sizeof history[0]), history_count--;
    strcpy(history[history_count++], current);
  }
  if (strcmp(current, full) != 0) scrolled = 0;
  strcpy(current, full);
  if (GetFocus() != address_box) SetWindowTextA(address_box, full);
  KillTimer(window, reload_timer);
  start_load(full, ++generation);
}

static void set_scroll(int to) {
  RECT r;
  GetClientRect(view, &r);
  int most = shown ? shown->height - r.bottom : 0;
  scrolled = to > most ? most : to;
  if (scrolled < 0) scrolled = 0;
  SCROLLINFO info = {sizeof info, SIF_ALL, 0, shown ? shown->height : 0, (UINT)r.bottom, scrolled, 0};
  SetScrollInfo(view, SB_VERT, &info, TRUE);
  InvalidateRect(view, NULL, FALSE);
}

static void lay_out_page(void) {
  RECT r;
  GetClientRect(view, &r);
  if (!page || r.right < 50) return;
  free_layout(shown);
  shown = lay_out(page, r.right);
  set_scroll(scrolled);
}

static void request_pictures(void) {
  char url[1200];
  if (!shown) return;
  pictures_keep_only(shown, current);
  for (int i = 0; i < shown->count; i++)
    if (shown->items[i].kind == DRAW_PICTURE && shown->items[i].url && resolve_url(current, shown->items[i].url, url, sizeof url) && !picture_known(url))
      start_load(url, 0);
}

static void show_html(const char *html) {
  char title[300];
  document *next = parse_html(html);
  if (!next) return;
  free_document(page);
  page = next;
  lay_out_page();
  int length = snprintf(title, sizeof title, "%s - Web Browser", *page->title ? page->title : current);
  WCHAR wide[300];
  wide[MultiByteToWideChar(CP_UTF8, 0, title, length, wide, 299)] = 0;
  SetWindowTextW(window, wide);
}

static void show_waiting(const char *reason) {
  char html[3000];
  snprintf(html, sizeof html,
           "<title>Waiting</title><body bgcolor=\"#1b2430\" text=\"#ffffff\" style=\"margin:0\">"
           "<div style=\"margin-top:150px;text-align:center;font-size:28px;color:#9fb3c8\">Waiting for</div>"
           "<div style=\"text-align:center;font-size:54px;font-weight:bold;margin-top:8px\">%s</div>"
           "<div style=\"text-align:center;font-size:22px;color:#9fb3c8;margin-top:28px\">It opens by itself as soon as it answers (%s).</div></body>",
           current, reason);
  show_html(html);
  SetTimer(window, reload_timer, retry_ms, NULL);
}

static void page_arrived(load *l) {
  if (l->generation == generation) {
    char status[1200];
    if (l->result.body) {
      show_html(l->result.body);
      request_pictures();
      if (page && page->refresh_s) SetTimer(window, reload_timer, (UINT)page->refresh_s * 1000, NULL);
      if (ready_file) CloseHandle(CreateFileA(ready_file, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL));
      ready_file = NULL;
      snprintf(status, sizeof status, "  Done  (%s, %d)", current, l->result.status);
    } else {
      show_waiting(l->result.reason);
      snprintf(status, sizeof status, "  Waiting for %s: %s", current, l->result.reason);
    }
    SetWindowTextA(status_bar, status);
  }
  free(l->result.body);
  free(l);
}

static void picture_arrived(load *l) {
  if (l->result.body && l->result.status == 200 && !picture_known(l->url)) picture_store(l->url, l->result.body, l->result.length);
  InvalidateRect(view, NULL, FALSE);
  free(l->result.body);
  free(l);
}

static void paint(HWND w) {
  PAINTSTRUCT ps;
  RECT r;
  HDC dc = BeginPaint(w, &ps);
  GetClientRect(w, &r);
  HDC memory = CreateCompatibleDC(dc);
  HBITMAP bitmap = CreateCompatibleBitmap(dc, r.right, r.bottom);
  HGDIOBJ before = SelectObject(memory, bitmap);
  if (shown)
    draw_layout(memory, &r, shown, current, scrolled);
  else
    FillRect(memory, &r, GetStockObject(WHITE_BRUSH));
  BitBlt(dc, 0, 0, r.right, r.bottom, memory, 0, 0, SRCCOPY);
  SelectObject(memory, before);
  DeleteObject(bitmap);
  DeleteDC(memory);
  EndPaint(w, &ps);
}

static const char *link_at(int x, int y) {
  for (int i = 0; shown && i < shown->count; i++) {
    const drawn *d = &shown->items[i];
    if (d->kind == DRAW_TEXT && d->url && x >= d->x && x < d->x + d->width && y + scrolled >= d->y && y + scrolled < d->y + d->height) return d->url;
  }
  return NULL;
}

static void scroll_by_bar(HWND w, int code) {
  SCROLLINFO info = {.cbSize = sizeof info, .fMask = SIF_ALL};
  GetScrollInfo(w, SB_VERT, &info);
  int step = code == SB_LINEUP ? -40 : code == SB_LINEDOWN ? 40 : code == SB_PAGEUP ? -(int)info.nPage : code == SB_PAGEDOWN ? (int)info.nPage : 0;
  set_scroll(code == SB_THUMBTRACK ? info.nTrackPos : scrolled + step);
}

static LRESULT CALLBACK on_view_message(HWND w, UINT message, WPARAM wp, LPARAM lp) {
  char url[1024];
  const char *link;
  switch (message) {
    case WM_PAINT: paint(w); return 0;
    case WM_ERASEBKGND: return 1;
    case WM_SIZE: lay_out_page(); return 0;
    case WM_VSCROLL: scroll_by_bar(w, LOWORD(wp)); return 0;
    case WM_MOUSEWHEEL: set_scroll(scrolled - (short)HIWORD(wp) / 2); return 0;
    case WM_KEYDOWN:
      if (wp == VK_F5) open_url(current, FALSE);
      if (wp == VK_DOWN || wp == VK_UP) set_scroll(scrolled + (wp == VK_DOWN ? 40 : -40));
      if (wp == VK_NEXT || wp == VK_PRIOR) set_scroll(scrolled + (wp == VK_NEXT ? 400 : -400));
      return 0;
    case WM_LBUTTONDOWN:
      SetFocus(w);
      link = link_at((short)LOWORD(lp), (short)HIWORD(lp));
      if (link && resolve_url(current, link, url, sizeof url)) open_url(url, TRUE);
      return 0;
  }
  return DefWindowProcA(w, message, wp, lp);
}

static void go_to_typed(void) {
  char url[1000];
  GetWindowTextA(address_box, url, sizeof url);
  SetFocus(view);
  open_url(url, TRUE);
}

static LRESULT CALLBACK on_address_message(HWND w, UINT message, WPARAM wp, LPARAM lp) {
  if (message == WM_CHAR && wp == '\r') return go_to_typed(), 0;
  if (message == WM_CHAR && wp == 1) return SendMessageA(w, EM_SETSEL, 0, -1), 0; // Ctrl+A
  return CallWindowProcA(address_proc, w, message, wp, lp);
}

static void arrange(int width, int height) {
  MoveWindow(buttons[0], 8, 8, 64, 28, TRUE);
  MoveWindow(buttons[1], 78, 8, 64, 28, TRUE);
  MoveWindow(address_box, 150, 9, width - 150 - 70, 26, TRUE);
  MoveWindow(buttons[2], width - 62, 8, 54, 28, TRUE);
  MoveWindow(view, 0, bar_height, width, height - bar_height - status_height, TRUE);
  MoveWindow(status_bar, 0, height - status_height, width, status_height, TRUE);
}

static LRESULT CALLBACK on_message(HWND w, UINT message, WPARAM wp, LPARAM lp) {
  switch (message) {
    case WM_SIZE:
      if (status_bar && wp != SIZE_MINIMIZED) arrange(LOWORD(lp), HIWORD(lp));
      return 0;
    case WM_TIMER:
      KillTimer(w, reload_timer);
      open_url(current, FALSE);
      return 0;
    case WM_COMMAND:
      if (LOWORD(wp) == id_back && history_count > 0) open_url(history[--history_count], FALSE);
      if (LOWORD(wp) == id_reload) open_url(current, FALSE);
      if (LOWORD(wp) == id_go) go_to_typed();
      return 0;
    case WM_MOUSEWHEEL: return SendMessageA(view, message, wp, lp);
    case message_page: page_arrived((load *)lp); return 0;
    case message_picture: picture_arrived((load *)lp); return 0;
    case WM_DESTROY: PostQuitMessage(0); return 0;
  }
  return DefWindowProcA(w, message, wp, lp);
}

static HWND make_child(const char *class, const char *text, DWORD style_bits, int id, HFONT font) {
  HWND child = CreateWindowA(class, text, WS_CHILD | WS_VISIBLE | style_bits, 0, 0, 10, 10, window, (HMENU)(INT_PTR)id, NULL, NULL);
  SendMessageA(child, WM_SETFONT, (WPARAM)font, 0);
  return child;
}

static void make_windows(HINSTANCE instance) {
  WNDCLASSA class = {.lpfnWndProc = on_message, .hInstance = instance, .lpszClassName = "DiptychBrowser", .hCursor = LoadCursor(NULL, IDC_ARROW),
                     .hIcon = LoadIcon(NULL, IDI_APPLICATION), .hbrBackground = (HBRUSH)(COLOR_BTNFACE + 1)};
  RegisterClassA(&class);
  class.lpfnWndProc = on_view_message;
  class.lpszClassName = "DiptychView";
  class.hbrBackground = NULL;
  RegisterClassA(&class);
  HFONT font = CreateFontA(-15, 0, 0, 0, FW_NORMAL, 0, 0, 0, DEFAULT_CHARSET, 0, 0, ANTIALIASED_QUALITY, 0, "Arial");
  window = CreateWindowA("DiptychBrowser", "Web Browser", WS_OVERLAPPEDWINDOW | WS_CLIPCHILDREN, 40, 20, 1000, 640, NULL, NULL, instance, NULL);
  buttons[0] = make_child("BUTTON", "Back", 0, id_back, font);
  buttons[1] = make_child("BUTTON", "Reload", 0, id_reload, font);
  buttons[2] = make_child("BUTTON", "Go", 0, id_go, font);
  address_box = make_child("EDIT", "", WS_BORDER | ES_AUTOHSCROLL, 0, font);
  address_proc = (WNDPROC)SetWindowLongPtrA(address_box, GWLP_WNDPROC, (LONG_PTR)on_address_message);
  view = make_child("DiptychView", "", WS_VSCROLL, 0, font);
  status_bar = make_child("STATIC", "", SS_CENTERIMAGE, 0, font);
  ShowWindow(window, SW_SHOWMAXIMIZED);
  SetFocus(view);
}

int WINAPI WinMain(HINSTANCE instance, HINSTANCE previous, LPSTR arguments, int show) {
  static char url[1000], file[MAX_PATH];
  WSADATA data;
  (void)previous;
  (void)show;
  if (sscanf(arguments, "%999s %259s", url, file) == 2) ready_file = file;
  WSAStartup(MAKEWORD(2, 2), &data);
  make_windows(instance);
  if (*url) open_url(url, FALSE);
  for (MSG message; GetMessageA(&message, NULL, 0, 0) > 0;) {
    TranslateMessage(&message);
    DispatchMessageA(&message);
  }
  return 0;
}
