# Two hosts in network namespaces of their own, joined by one cable: the station here, the server at $THERE. Run by
# server_keys.rs inside `unshare -rmn`, with $FIRSTLIGHT, $PUSHED (yes or no) and the fleet in the current folder.
set -eu
HERE=10.77.0.1 THERE=10.77.0.2
mkdir -p server
mount -t tmpfs none /run 2>/dev/null || true

unshare -n sleep 300 & host=$!
trap 'kill $host $serving $taking 2>/dev/null || true' EXIT
serving= taking=
while [ "$(readlink /proc/$host/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
on_server() { nsenter --net=/proc/$host/ns/net "$@"; }
# In the background without the function: what is killed then is the program, and not a shell before it.
net=--net=/proc/$host/ns/net

ip link set lo up
ip link add here type veth peer name there netns $host
ip addr add $HERE/24 dev here && ip link set here up
on_server ip link set lo up
on_server ip addr add $THERE/24 dev there && on_server ip link set there up

# The keys travel: over the cable, or in somebody's pocket.
if [ "$PUSHED" = yes ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server/tls.key -out server/tls.pem \
    -subj /CN=server -addext "subjectAltName=IP:$THERE" -addext basicConstraints=critical,CA:FALSE \
    -days 2 2>/dev/null
  nsenter $net python3 "$TAKER" $THERE 8443 server & taking=$!
  for _ in $(seq 100); do [ -e server/ready ] && break; sleep 0.1; done
  "$FIRSTLIGHT" keys push management --to https://$THERE:8443/keys --roots server/tls.pem
else
  "$FIRSTLIGHT" keys export management --out a.keys
  cp a.keys a.keys.minisig server/
fi

# The server opens them with a key that never left it, and knows the fleet by its bundle key only.
on_server "$FIRSTLIGHT" keys open server/a.keys --identity server/age.txt --trusted server/fleet.pub --out server/psk.txt
nsenter $net gnutls-serv --udp --port 5684 --quiet --pskpasswd server/psk.txt --priority NORMAL:-KX-ALL:+PSK:-VERS-ALL:+VERS-DTLS1.2 \
  --echo >server/log 2>&1 & serving=$!

# The device, with what its bundle says.
identity=$(cut -d: -f1 device.psk) key=$(cut -d: -f2 device.psk)
for _ in $(seq 50); do
  if echo hello from the device | timeout 3 openssl s_client -dtls1_2 -connect $THERE:5684 -psk_identity "$identity" \
    -psk "$key" -cipher PSK -quiet 2>/dev/null | grep -q hello; then echo greeted; exit 0; fi
  sleep 0.2
done
cat server/log >&2
exit 1
