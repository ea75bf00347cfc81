#!/bin/sh
# One program on a screen of its own, ended with it: session.sh FOLDER WIDTHxHEIGHT PROGRAM ARGUMENTS…
# FOLDER receives the logs of both.
folder=$1 size=$2
shift 2
mkfifo "$folder/display"
Xvfb -displayfd 3 -fbdir "$folder" -screen 0 "${size}x24" +extension GLX +render -noreset -nolisten tcp \
    3>"$folder/display" 2>"$folder/screen.log" &
screen=$!
trap 'kill $screen 2>/dev/null' EXIT
read -r number <"$folder/display" || exit 3
DISPLAY=":$number" "$@" >"$folder/blender.log" 2>&1
