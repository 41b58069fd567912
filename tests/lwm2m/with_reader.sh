#!/bin/sh
# Runs a command beside a virtual card in a reader of its own: pcscd and vpcd in a namespace, so nobody else sees them.
#   usage: with_reader.sh CARD.json SAVED.json COMMAND...
set -eu
if [ "${WITHIN:-}" != 1 ]; then
  WITHIN=1 exec unshare --map-root-user --mount --net --pid --fork --kill-child "$0" "$@"
fi
card=$1 saved=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/sbin
ip link set lo up
mount -t tmpfs tmpfs /run
mkdir /run/pcscd
log=/run/pcscd.log
pcscd --foreground >"$log" 2>&1 &
# vpcd listens for the card; the card is in when a reader has its answer to reset.
python3 - <<'PY'
import socket, time
for _ in range(200):
    try:
        socket.create_connection(("127.0.0.1", 35963)).close()
        break
    except OSError:
        time.sleep(0.05)
else:
    raise SystemExit("vpcd does not listen")
PY
python3 "$here/virtual_card.py" "$card" 35963 "$saved" >/dev/null &
for _ in $(seq 200); do
  opensc-tool --reader 0 --atr >/dev/null 2>&1 && break
  sleep 0.05
done
"$@" || { status=$?; cat "$log" >&2; exit "$status"; }
