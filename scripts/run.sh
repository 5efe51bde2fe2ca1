#!/bin/sh
# Runs the station. Without a display it starts a virtual one and keeps pictures of it.
# Usage: scripts/run.sh PROGRAM [ARGUMENT …]
set -eu
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  exec "$@"
fi
"$(dirname "$0")/packages.sh" xvfb openbox imagemagick xdotool
number=90
while [ -e "/tmp/.X11-unix/X$number" ]; do number=$((number + 1)); done
pictures=${BAM_PICTURES:-$PWD/target/pictures}
mkdir -p "$pictures"
Xvfb ":$number" -screen 0 2720x900x24 -nolisten tcp >/dev/null 2>&1 &
server=$!
trap 'kill ${station:-} $server 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
export DISPLAY=":$number"
tries=0
until [ -e "/tmp/.X11-unix/X$number" ] || [ $tries -ge 50 ]; do sleep 0.1; tries=$((tries + 1)); done
openbox >/dev/null 2>&1 &
echo "No display found: the station runs on the virtual display $DISPLAY." >&2
echo "A picture of both screens is kept in $pictures/screens.png and made anew every two seconds." >&2
echo "Another program can touch the screens with: DISPLAY=$DISPLAY xdotool …   Ctrl-C ends the station." >&2
"$@" &
station=$!
# The two windows side by side, as the two screens of a desk; the window manager places them first.
(
  sleep 2
  for window in "operat 0" "bruker|user 1340"; do
    name=${window% *}
    tries=0
    until id=$(xdotool search --name "$name" 2>/dev/null | tail -n 1) && [ -n "$id" ]; do
      tries=$((tries + 1)); [ $tries -lt 100 ] || exit 0; sleep 0.1
    done
    xdotool windowmove "$id" "${window##* }" 0 2>/dev/null || true
  done
) &
while kill -0 $station 2>/dev/null; do
  sleep 2
  import -silent -window root "$pictures/next.png" 2>/dev/null && mv "$pictures/next.png" "$pictures/screens.png" || true
done
wait $station
