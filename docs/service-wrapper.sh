#!/bin/sh
# Runs the server so that Ctrl-C, SIGTERM and SIGHUP end in a clean drain (N-63, N-92).
#
#   docs/service-wrapper.sh target/release/nanoserve [options]
#
# Rust's std has no signal handlers, and a signal that is not handled kills at once. That is safe but not polite: what is
# being answered is cut off. A drain is asked for by closing the server's stdin. So this script holds the other end of
# that stdin, keeps the signals away from the server, and lets go of it when one comes. Should the script itself be
# killed, the kernel lets go for it.
#
# The exit code is the server's: 0 after a drain, 1 if handlers were still running at --drain-timeout.
set -u

if [ $# -eq 0 ]; then
    echo "usage: $0 PROGRAM [options]" >&2
    exit 2
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/nanoserve.XXXXXX") || exit 1
mkfifo "$folder/stdin" || { rmdir "$folder"; exit 1; }

told=
drain() {
    told=yes
    exec 3>&-
}
trap drain INT TERM HUP

# A session of its own: the terminal sends Ctrl-C to every process of its foreground group. Where setsid is missing, job
# control gives the server a group of its own; without a terminal there may be neither, and then no Ctrl-C either.
alone=
if command -v setsid >/dev/null; then
    alone=setsid
else
    set -m 2>/dev/null
fi

# Started before descriptor 3 is opened, so that the server does not hold its own stdin open.
$alone "$@" --drain-on-stdin-close <"$folder/stdin" &
server=$!
exec 3>"$folder/stdin"  # both ends wait here for one another
rm -r "$folder"         # the name has done its work
[ -z "$told" ] || exec 3>&- # a signal came before there was anything to close

# A signal ends `wait` early; then the server is still there, and is waited for again.
while :; do
    told=
    wait "$server"
    status=$?
    if [ -z "$told" ] || ! kill -0 "$server" 2>/dev/null; then
        exit "$status"
    fi
done
