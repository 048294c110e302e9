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

told=
drain() {
    told=yes
    exec 3>&-
}
trap drain INT TERM HUP

# Descriptor 3 is the end that is held, 4 the server's. Opened for both, a pipe without a reader keeps nobody waiting: a
# signal could not interrupt that. Its name has then done its work.
folder=$(mktemp -d "${TMPDIR:-/tmp}/nanoserve.XXXXXX") || exit 1
mkfifo "$folder/stdin" || { rmdir "$folder"; exit 1; }
exec 3<>"$folder/stdin" 4<"$folder/stdin"
rm -r "$folder"

# A session of its own: the terminal sends Ctrl-C to every process of its foreground group. Where setsid is missing, job
# control gives the server a group of its own; without a terminal there may be neither, and then no Ctrl-C either.
alone=
if command -v setsid >/dev/null; then
    alone=setsid
else
    set -m 2>/dev/null
fi

# Without descriptor 3: the server must not hold its own stdin open.
$alone "$@" --drain-on-stdin-close <&4 3>&- 4<&- &
server=$!
exec 4<&-
[ -z "$told" ] || exec 3>&- # a signal came before there was anything to close

# A signal ends `wait` early, with a status of its own; the server's is what the next `wait` returns, even if it ended in
# between. A signal that comes just behind the server's end leaves nothing to wait for (127): then that was its status.
status=
while :; do
    told=
    wait "$server"
    now=$?
    if [ "$now" -eq 127 ] && [ -n "$status" ]; then
        exit "$status"
    fi
    status=$now
    [ -n "$told" ] || exit "$status"
done
