"""A device after the specification (RFC 7252, LwM2M TS 1.1): registers, is triggered, bootstraps, registers anew.

Asked: endpoint name, host, port, then maybe IDENTITY:KEY for DTLS, then maybe `quiet`. Says one line for each thing that happens. Speaks CoAP by hand: nothing of ours is used.
"""
import struct
import sys
from wire import Dtls, Udp

NAME, HOST, PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])
PSK, QUIET = [word for word in sys.argv[4:] if ":" in word], "quiet" in sys.argv[4:]
LISTING = "</>;lwm2m=1.0,</0/0>"
if PSK:
    identity, key = PSK[0].rsplit(":", 1)
    wire = Dtls(HOST, PORT, {"identity": identity, "key": key})
else:
    wire = Udp(HOST, PORT)
state = {"id": 1, "written": set()}


def option_bytes(options):
    last, out = 0, b""
    for number, value in sorted(options, key=lambda one: one[0]):
        delta, length = number - last, len(value)
        last = number
        head = [n if n < 13 else 13 for n in (delta, length)]
        out += bytes([head[0] << 4 | head[1]])
        for n in (delta, length):
            out += bytes([n - 13]) if n >= 13 else b""
        out += value
    return out


def message(kind, code, mid, token=b"", options=(), payload=b""):
    head = struct.pack("!BBH", 0x40 | kind << 4 | len(token), code, mid)
    return head + token + option_bytes(options) + (b"\xff" + payload if payload else b"")


def parse(data):
    first, code, mid = struct.unpack("!BBH", data[:4])
    at = 4 + (first & 15)
    token, number, path, block = data[4:at], 0, [], None
    while at < len(data) and data[at] != 0xFF:
        delta, length = data[at] >> 4, data[at] & 15
        at += 1
        if delta == 13:
            delta, at = 13 + data[at], at + 1
        elif delta == 14:
            delta, at = 269 + struct.unpack("!H", data[at:at + 2])[0], at + 2
        if length == 13:
            length, at = 13 + data[at], at + 1
        elif length == 14:
            length, at = 269 + struct.unpack("!H", data[at:at + 2])[0], at + 2
        number += delta
        value, at = data[at:at + length], at + length
        if number == 11:
            path.append(value.decode())
        if number == 8:
            path.append(value.decode())
        if number == 27:
            block = int.from_bytes(value, "big")
    return first >> 4 & 3, code, mid, token, "/" + "/".join(path), block


def post(path, query, payload=b""):
    state["id"] += 1
    options = [(11, part.encode()) for part in path.split("/") if part] + [(15, part.encode()) for part in query]
    options += [(12, b"\x28")] if payload else []
    wire.send(message(0, 2, state["id"], b"tk", options, payload))


def register():
    post("/rd", ["ep=" + NAME, "lwm2m=1.1", "lt=600", "b=U"], b"</1/0>,</3/0>")


def listing():
    lines = [LISTING]
    for path in sorted(state["written"]):
        parts = path.split("/")
        lines += ["<%s>;ssid=101" % path] if parts[1] in ("0", "1") else ["<%s>" % path]
    return ",".join(lines).encode()


def answer(code, mid, token, path, block):
    """Returns code, options and payload for a request of the server."""
    if code == 1:
        return 69, [(12, b"\x28")], listing()
    if code == 4:
        state["written"] = {one for one in state["written"] if not (one + "/").startswith(path.rstrip("/") + "/")}
        return 66, [], b""
    if code == 3:
        state["written"].add(path if path.count("/") > 1 else path + "/1")
        echo = [(27, bytes([block]) if block else b"")] if block is not None else []
        return (95 if block is not None and block & 8 else 68), echo, b""
    return 68, [], b""


if QUIET or PSK:
    print("at 127.0.0.1:%d" % wire.socket.getsockname()[1], flush=True)
if not QUIET:
    register()
while True:
    data = wire.receive()
    if data is None:
        continue
    kind, code, mid, token, path, block = parse(data)
    if code == 65:
        print("registered", path, flush=True)
    elif 64 <= code:
        print("answered %d.%02d" % (code >> 5, code & 31), flush=True)
    if code == 0 or code >= 64:
        if kind == 0:
            wire.send(message(2, 0, mid))
        continue
    said, options, payload = answer(code, mid, token, path, block)
    wire.send(message(2, said, mid, token, options, payload))
    if (code, path) == (2, "/1/0/9"):
        print("triggered", flush=True)
        post("/bs", ["ep=" + NAME])
    elif (code, path) == (2, "/bs") and QUIET:
        print("finished", ",".join(sorted(state["written"])), flush=True)
    elif (code, path) == (2, "/bs"):
        print("finished", ",".join(sorted(state["written"])), flush=True)
        register()
