// server.c: webserver.exe FOLDER ACCESS-LOG: the window that shows what was served.
#include "server.h"

#include <stdio.h>
#include <string.h>

enum { most_lines = 200 };

static HWND list;
static char folder[MAX_PATH], access_log[MAX_PATH];

void window_log(const char *line) {
  // The list belongs to the window's thread; the copy is freed there.
  char *copy = _strdup(line);
  if (!list || !copy || !PostMessageA(GetParent(list), WM_APP, 0, (LPARAM)copy)) free(copy);
}

static void add_line(char *line) {
  SendMessageA(list, LB_INSERTSTRING, 0, (LPARAM)line);
  if (SendMessageA(list, LB_GETCOUNT, 0, 0) > most_lines) SendMessageA(list, LB_DELETESTRING, most_lines, 0);
  free(line);
}

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM w, LPARAM l) {
  switch (message) {
    case WM_SIZE:
      if (list) MoveWindow(list, 0, 0, LOWORD(l), HIWORD(l), TRUE);
      return 0;
    case WM_APP: add_line((char *)l); return 0;
    case WM_DESTROY: PostQuitMessage(0); return 0;
  }
  return DefWindowProcA(window, message, w, l);
}

static DWORD WINAPI serve(void *unused) {
  (void)unused;
  http_serve(folder, access_log);
  return 0;
}

int WINAPI WinMain(HINSTANCE instance, HINSTANCE previous, LPSTR arguments, int show) {
  (void)previous;
  (void)show;
  if (sscanf(arguments, "%259s %259s", folder, access_log) != 2) return 2;
  WNDCLASSA class = {.lpfnWndProc = on_message, .hInstance = instance, .lpszClassName = "DiptychServer",
                     .hCursor = LoadCursor(NULL, IDC_ARROW), .hIcon = LoadIcon(NULL, IDI_APPLICATION)};
  RegisterClassA(&class);
  HWND window = CreateWindowA(class.lpszClassName, "Web Server", WS_OVERLAPPEDWINDOW, 40, 400, 760, 300, NULL, NULL, instance, NULL);
  list = CreateWindowA("LISTBOX", "", WS_CHILD | WS_VISIBLE | WS_VSCROLL | LBS_NOINTEGRALHEIGHT, 0, 0, 10, 10, window, NULL, instance, NULL);
  SendMessageA(list, WM_SETFONT, (WPARAM)GetStockObject(DEFAULT_GUI_FONT), 0);
  CloseHandle(CreateThread(NULL, 0, serve, NULL, 0, NULL));
  ShowWindow(window, SW_SHOWMINNOACTIVE);
  for (MSG message; GetMessageA(&message, NULL, 0, 0) > 0;) {
    TranslateMessage(&message);
    DispatchMessageA(&message);
  }
  return 0;
}
