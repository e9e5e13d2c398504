#!/bin/bash
# Compiles the guest's own programs: static Linux helpers (musl) and, for the stand-in, the Win32 server and browser.
# Leaves them under WORK/programs, laid out as in the guest.
set -euo pipefail
. "$RECIPE/steps/lib.sh"
progress programs 72 "Compiling the guest's own programs" "" 5
src=$RECIPE/programs made=$WORK/programs
flags=(-std=gnu11 -Os -s -Wall -Wextra -Werror "-ffile-prefix-map=$src=." "-I$src/common")
bin=$made/usr/local/bin
mkdir -p "$bin"
linux() { # program source...
  musl-gcc -static "${flags[@]}" -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu -o "$bin/$1" "${@:2}"
}
linux diptych-fetch "$src"/linux/fetch.c "$src"/linux/http.c "$src"/linux/json.c
linux diptych-watch "$src"/linux/watch.c
linux diptych-as "$src"/linux/as.c
linux diptych-busy "$src"/linux/busy.c
linux diptych-noise "$src"/linux/noise.c
if [[ $VARIANT == linux ]]; then
  linux diptych-gate "$src"/linux/gate.c "$src"/linux/http.c
  linux diptych-page "$src"/linux/page-cgi.c "$src"/common/page.c
else
  win32() { # program source... libraries
    x86_64-w64-mingw32-gcc "${flags[@]}" -mwindows -Wl,--no-insert-timestamp -o "$programs/$1" "${@:2}"
  }
  programs=$made/home/guest/.wine/drive_c/Diptych
  mkdir -p "$programs"
  win32 webserver.exe "$src"/win32/server*.c "$src"/common/page.c -lws2_32 -lgdi32
  win32 browser.exe "$src"/win32/browser*.c -lws2_32 -lgdi32 -lgdiplus -lole32
fi
freeze_times "$made"
