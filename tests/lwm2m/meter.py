"""A device of the field: it knows what lies on its stick and its own serial number. It bootstraps by that, registers with what the
bootstrap wrote, does what the management server asks, and says each thing that happens as a line of JSON.

meter.py '{"file": "/mnt/bootstrap.cbor", "endpoint": "urn:dev:os:SN1", "dtls": true, "tries": 8, "triggers": 1}'

`tries`: how often it begins anew what came to nothing. `triggers`: how often it waits to be told to bootstrap anew.
"""
import json, os, struct, sys, time

sys.dont_write_bytecode = True
import client
from client import Ended, code, decode, encode, objects, wish

ACK_TIMEOUT, MAX_RETRANSMIT = 2, 4


def say(**what):
    print(json.dumps(what), flush=True)


class Registration:
    """One at the management server that the bootstrap wrote, with that server's own key, over an association of its own."""

    def __init__(self):
        place = next(path[:-2] for path, value in objects.items() if path.startswith("/0/") and path.endswith("/1") and value is False)
        self.answers, self.number, self.is_triggered = {}, struct.unpack("!H", os.urandom(2))[0], False
        keys = {"identity": objects[place + "/3"].decode(), "key": objects[place + "/5"].hex(), "patience": wish.get("patience", 20)}
        self.wire = client.connected(objects[place + "/0"].split("//")[1], keys)
        name = [(15, b"ep=" + wish["endpoint"].encode())] if wish.get("endpoint") else []
        reply, options = self.ask(2, [(11, b"rd"), (12, b"\x28"), (15, b"lwm2m=1.1"), (15, b"lt=600"), (15, b"b=U"), *name], b"</1/0>,</3/0>")
        if reply != code("2.01"):
            client.finish(f"registration refused {reply >> 5}.{reply & 31:02}")
        self.location = [(11, value) for which, value in options if which == 8]
        say(event="registered", at="/" + "/".join(value.decode() for _, value in self.location), to=objects[place + "/0"])

    def ask(self, method, options, payload=b""):
        """Asks, again where nothing comes (RFC 7252, section 4.2), and returns the answer's code and options."""
        self.number = (self.number + 1) & 0xFFFF
        request = encode(0, method, self.number, struct.pack("!H", self.number), options, payload)
        for again in range(MAX_RETRANSMIT + 1):
            self.wire.send(request)
            end = time.monotonic() + (ACK_TIMEOUT << again)
            while time.monotonic() < end:
                heard = self.hear()
                if heard and heard[3] == struct.pack("!H", self.number):
                    return heard[1], heard[4]
        client.finish("no answer")

    def hear(self):
        """Returns an answer that came; a request of the server is answered instead."""
        data = self.wire.receive()
        if data is None:
            return None
        kind, what, number, token, options, payload = heard = decode(data)
        if what >= 64 or what == 0:
            if kind == 0:
                self.wire.send(encode(2, 0, number))
            return heard if what else None
        if number not in self.answers:
            path = "/" + "/".join(value.decode() for which, value in options if which == 11)
            self.is_triggered |= what == 2 and path.startswith("/1/") and path.endswith("/9")
            reply, form, body = client.respond(what, path, options, payload)
            self.answers[number] = encode(2, reply, number, token, [(12, form)] if form else [], body)
        self.wire.send(self.answers[number])
        return None

    def update(self):
        reply, _ = self.ask(2, self.location)
        say(event="updated", answer=f"{reply >> 5}.{reply & 31:02}")

    def leave(self):
        reply, _ = self.ask(4, self.location)
        say(event="left", answer=f"{reply >> 5}.{reply & 31:02}")

    def wait_for_trigger(self):
        end = time.monotonic() + wish.get("patience", 20)
        while time.monotonic() < end and not self.is_triggered:
            self.hear()
        if not self.is_triggered:
            client.finish("was not triggered")
        client.answer_again(self.wire, self.answers)
        say(event="triggered")


def bootstrapped():
    """From the account it has to a management server, beginning anew what came to nothing."""
    for attempt in range(wish.get("tries", 1)):
        client.messages.clear()
        try:
            client.bootstrap()
        except Ended as ended:
            say(event="bootstrap", ended=str(ended), messages=client.messages, objects=client.shown())
            if str(ended) == "finished":
                return
    sys.exit(1)


def registered():
    """A registration, beginning anew what came to nothing."""
    for attempt in range(wish.get("tries", 1)):
        try:
            return Registration()
        except Ended as ended:
            say(event="registration", ended=str(ended))
    sys.exit(1)


client.take_account()
say(event="account", objects=client.shown())
bootstrapped()
here = registered()
try:
    for _ in range(wish.get("triggers", 0)):
        here.wait_for_trigger()
        bootstrapped()
        here = registered()
    here.update()
    here.leave()
except Ended as ended:
    say(event="end", ended=str(ended))
    sys.exit(1)
