"""An LwM2M client that asks to be bootstrapped, written from the specifications: CoAP of RFC 7252, SenML CBOR by cbor2, DTLS by
the system's libssl. It prints what it was told as JSON: the objects it holds at the end, and each message.

client.py '{"to": "127.0.0.1:5683", "endpoint": "gw-1", "file": "bootstrap.cbor", ...}'
"""
import base64, json, os, re, struct, sys, tempfile, time
import cbor2
from wire import Dtls, NoHandshake, Udp

wish = json.loads(sys.argv[1])
objects, messages = {}, []
stop_after = wish.get("stop_after")  # answers so many messages, then nothing
answers = {int(number): code for number, code in wish.get("answers", {}).items()}


def code(text):
    return int(text[0]) << 5 | int(text[2:])


def option(out, before, number, value):
    def nibble(number):
        return (number, b"") if number < 13 else (13, bytes([number - 13])) if number < 269 else (14, struct.pack("!H", number - 269))
    (delta, more), (length, longer) = nibble(number - before), nibble(len(value))
    out += bytes([delta << 4 | length]) + more + longer + value
    return number


def encode(kind, what, number, token=b"", options=(), payload=b""):
    out, before = bytearray([0x40 | kind << 4 | len(token), what]) + struct.pack("!H", number) + token, 0
    for which, value in sorted(options, key=lambda pair: pair[0]):
        before = option(out, before, which, value)
    return bytes(out) + (b"\xff" + payload if payload else b"")


def decode(data):
    assert data[0] >> 6 == 1
    token, at, number, options = data[4:4 + (data[0] & 15)], 4 + (data[0] & 15), 0, []
    while at < len(data) and data[at] != 0xFF:
        delta, length, at = data[at] >> 4, data[at] & 15, at + 1
        def more(nibble, at):
            return (nibble, at) if nibble < 13 else (data[at] + 13, at + 1) if nibble == 13 else (struct.unpack_from("!H", data, at)[0] + 269, at + 2)
        delta, at = more(delta, at)
        length, at = more(length, at)
        number += delta
        options.append((number, data[at:at + length]))
        at += length
    return data[0] >> 4 & 3, data[1], struct.unpack_from("!H", data, 2)[0], token, options, data[at + 1:]


class Ended(Exception):
    """How a bootstrap came to its end."""


def finish(how):
    raise Ended(how)


def shown():
    return {path: value.hex() if isinstance(value, bytes) else value for path, value in sorted(objects.items())}


def take(base, payload):
    """SenML CBOR (RFC 8428): -2 base name, 0 name, 2 number, 3 text, 4 boolean, 8 opaque."""
    base_name, paths = "", []
    for record in cbor2.loads(payload):
        base_name = record.get(-2, base_name)
        value = next(record[key] for key in (2, 3, 4, 8, "vlo") if key in record)
        paths.append(base_name + record.get(0, ""))
        objects[paths[-1]] = value
    assert all(path == base or path.startswith(base.rstrip("/") + "/") for path in paths), (base, paths)


def links():
    instances = {}
    for path in objects:
        _, object_id, instance, *_ = path.split("/")
        instances.setdefault((int(object_id), int(instance)), None)
    text = ["</>;lwm2m=1.1"]
    for object_id in (0, 1, 3):
        own = sorted(instance for other, instance in instances if other == object_id)
        text.append(f"</{object_id}>") if not own else None
        for instance in own:
            ssid = objects.get(f"/{object_id}/{instance}/{10 if object_id == 0 else 0}")
            uri = objects.get(f"/0/{instance}/0") if object_id == 0 else None
            is_account = objects.get(f"/0/{instance}/1") is True
            text.append(f"</{object_id}/{instance}>" + (f";ssid={ssid}" if ssid and not is_account else "") + (f';uri="{uri}"' if uri else ""))
    return ",".join(text).encode()


def senml(prefix):
    records = []
    for path, value in sorted(objects.items()):
        if (path + "/").startswith(prefix.rstrip("/") + "/"):
            label = 4 if isinstance(value, bool) else 3 if isinstance(value, str) else 8 if isinstance(value, bytes) else 2
            records.append({0: path, label: value})
    return cbor2.dumps(records)


def respond(what, path, options, payload):
    if what == 1 and dict(options).get(17) == b"\x28":
        return code("2.05"), b"\x28", links()
    if what == 1:
        return code("2.05"), b"\x70", senml(path)
    if what == 3:
        assert dict(options).get(12) == b"\x70", options
        take(path, payload)
        return code("2.04"), None, b""
    if what == 4:
        for known in [known for known in objects if (known + "/").startswith(path.rstrip("/") + "/")]:
            instance = "/".join(known.split("/")[:3])
            if objects.get(f"{instance}/1") is not True or not instance.startswith("/0/") or path == instance:
                del objects[known]
        return code("2.02"), None, b""
    return code("2.04"), None, b""


def take_account():
    """The bootstrap account, as whoever made the device put it there."""
    if "file" in wish:
        base = ""
        for record in cbor2.loads(open(wish["file"], "rb").read()):
            base = record.get(-2, base)
            objects[base + record.get(0, "")] = next(record[key] for key in (2, 3, 4, 8, "vlo") if key in record)
        account = next(path for path, value in objects.items() if re.fullmatch(r"/0/\d+/1", path) and value is True)[:-2]
        for path in [path for path in objects if not path.startswith(account + "/")]:
            del objects[path]
        wish.setdefault("to", objects[account + "/0"].split("//")[1])
        if objects[account + "/2"] == 0 and "key" not in wish:
            wish.setdefault("identity", objects[account + "/3"].decode())
            wish["key"] = objects[account + "/5"].hex()
        if objects[account + "/2"] == 2:
            folder = tempfile.mkdtemp(dir=os.path.dirname(wish["file"]))
            for name, number, label in (("certificate", 3, "CERTIFICATE"), ("private_key", 5, "PRIVATE KEY")):
                wish[name] = os.path.join(folder, name)
                text = base64.encodebytes(objects[f"{account}/{number}"]).decode()
                open(wish[name], "w").write(f"-----BEGIN {label}-----\n{text}-----END {label}-----\n")
            wish.setdefault("ciphers", "ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES128-GCM-SHA256")
    else:
        objects["/0/0/1"] = True


def connected(to, keys):
    """A wire to a server, by the identity and key or the certificate that `keys` names."""
    host, port = to.rsplit(":", 1)
    try:
        return Dtls(host, int(port), keys) if wish.get("dtls") else Udp(host, int(port), wish.get("bind", 0))
    except NoHandshake:
        finish("no handshake")


def answer_again(wire, seen):
    """Answers what the other side says again, since the answer was lost, until it has been silent for `linger` seconds."""
    end = time.monotonic() + wish.get("linger", 0)
    while time.monotonic() < end:
        data = wire.receive()
        number = decode(data)[2] if data else None
        if number in seen:
            wire.send(seen[number])
            end = time.monotonic() + wish["linger"]


def registered(wire):
    """Registers over the wire that it has, as clients do that tell a server by its address alone."""
    request = encode(0, 2, 7, b"rd", [(11, b"rd"), (12, b"\x28"), (15, f"ep={wish['endpoint']}".encode()), (15, b"lwm2m=1.1")], b"</1/0>")
    until = time.monotonic() + wish.get("patience", 20)
    while time.monotonic() < until:
        wire.send(request)
        data = wire.receive()
        while data is not None:
            _, what, _, token, _, _ = decode(data)
            if token == b"rd":
                return f"{what >> 5}.{what & 31:02}"
            data = wire.receive()
    return "nothing"


def bootstrap():
    """Asks, answers, and ends by `Ended`."""
    wire = connected(wish["to"], wish)
    if wish.get("registers") == "only":
        finish(f"registered {registered(wire)}")
    query = [f"ep={wish['endpoint']}"] if wish.get("endpoint") is not None else []
    pack = wish.get("pack")
    query += [] if pack else ["pct=112"]
    options = [(11, b"bspack" if pack else b"bs")] + [(15, part.encode()) for part in query] + ([(17, b"\x70")] if pack else [])
    kind, number = (1 if wish.get("non") else 0), os.getpid() & 0xFFFF
    request = encode(kind, 1 if pack else 2, number, b"bt", options)
    wire.send(request)
    asked, seen, end, again = time.monotonic(), {}, time.monotonic() + wish.get("patience", 20), wish.get("requests", 1)
    is_answered = False
    while time.monotonic() < end:
        data = wire.receive()
        if data is None:
            if not is_answered and time.monotonic() - asked > 2:
                wire.send(request)
                asked = time.monotonic()
            continue
        kind, what, number, token, options, payload = decode(data)
        if kind in (2, 3) and what == 0:
            continue
        if what >= 64:
            if kind == 0:
                wire.send(encode(2, 0, number))
            if token == b"bt" and not is_answered:
                is_answered = True
                messages.append(f"answered {what >> 5}.{what & 31:02}")
                if what >> 5 != 2:
                    finish(f"refused {what >> 5}.{what & 31:02}")
                if pack:
                    take("/", payload)
                    finish("packed")
            continue
        if number in seen:
            wire.send(seen[number])
            continue
        path = "/" + "/".join(value.decode() for which, value in options if which == 11)
        messages.append(f"{ {1: 'GET', 2: 'POST', 3: 'PUT', 4: 'DELETE'}[what]} {path}")
        if stop_after is not None and len(messages) > stop_after:
            finish("stopped")
        if len(messages) in answers:
            reply, form, body = code(answers[len(messages)]), None, b""
        else:
            reply, form, body = respond(what, path, options, payload)
        seen[number] = encode(2, reply, number, token, [(12, form)] if form else [], body)
        wire.send(seen[number])
        if what == 2 and path == "/bs" and reply == code("2.04"):
            answer_again(wire, seen)
            finish(f"registered {registered(wire)}" if wish.get("registers") else "finished")
    finish("nothing more came")


if __name__ == "__main__":
    try:
        take_account()
        bootstrap()
    except Ended as ended:
        print(json.dumps({"ended": str(ended), "objects": shown(), "messages": messages}))
