#!/usr/bin/env python3
"""A programmer behind a program: `exec:` of firstlight, every operation of it, over a file in the place of a chip.

Take it as the frame of a wrapper around a vendor's tool: each function below is one call of that tool.

    programmers:
      example:
        command: [tools/programmer.py, chips/one, "{op}"]
        reads_back: true
        locks: true
        knows_uid: true
        makes_keys: true
        exit: {3: refused}

firstlight runs it once for each operation, in the fleet's folder, and says on its standard input, as one JSON object, what is
to be done: op, image, address, length, value, slot, chip, uid, serial. Data lie in the file `image`; what is read goes there.
What there is to say goes to standard output, one JSON object a line; talk for people goes to standard error.
"""

import json
import os
import subprocess
import sys

PAGE, SIZE = 4096, 1 << 20
ERASED = b"\xff"


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


def fail(message, kind="other", status=1):
    say("error", kind=kind, message=message)
    sys.exit(status)


class Chip:
    """The chip: flash in one file, words in another."""

    def __init__(self, folder):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self.folder = folder
        self.flash = os.path.join(folder, "flash.bin")
        if not os.path.exists(self.flash):
            with open(self.flash, "wb") as file:
                file.write(ERASED * SIZE)

    def words(self):
        try:
            with open(os.path.join(self.folder, "words.json"), encoding="ascii") as file:
                return json.load(file)
        except FileNotFoundError:
            return {}

    def connect(self, request):
        uid = "%016x" % (sum(map(ord, os.path.basename(self.folder))) * 0x9E3779B97F4A7C15 % 2**64)
        memory = [{"start": 0, "length": SIZE, "page": PAGE}]
        say("chip", name=request["chip"] or "example", uid=uid, memory=memory)

    def read(self, request):
        if self.words().get(str(0x2000_0000)):
            fail("read-out protection is on", kind="locked", status=3)
        with open(self.flash, "rb") as flash, open(request["image"], "wb") as image:
            flash.seek(request["address"])
            image.write(flash.read(request["length"]))

    def write(self, request):
        with open(request["image"], "rb") as image, open(self.flash, "r+b") as flash:
            flash.seek(request["address"])
            total = os.path.getsize(request["image"])
            while piece := image.read(PAGE):
                flash.write(piece)
                say("progress", done=image.tell(), total=total)
            os.fsync(flash.fileno())

    def read_word(self, request):
        say("word", value=self.words().get(str(request["address"]), 0))

    def write_word(self, request):
        words = self.words()
        words[str(request["address"])] = request["value"]
        with open(os.path.join(self.folder, "words.json"), "w", encoding="ascii") as file:
            json.dump(words, file)

    def reset(self, _):
        pass

    release = reset

    def make_fresh_key(self, request):
        self.make_key(request, fresh=True)

    def make_key(self, request, fresh=False):
        key = os.path.join(self.folder, f"key-{request['slot']}.pem")
        made = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key]
        asked = ["openssl", "req", "-new", "-key", key, "-subj", "/CN=example", "-outform", "DER"]
        if not fresh and os.path.exists(key):
            made = ["true"]
        for command in (made, [*asked, "-out", request["image"]]):
            ended = subprocess.run(command, check=False, capture_output=True)
            if ended.returncode:
                fail(ended.stderr.decode(errors="replace").strip())


def main():
    folder, op = sys.argv[1:3]
    request = json.load(sys.stdin)
    os.umask(0o077)
    getattr(Chip(folder), op.replace("-", "_"))(request)


if __name__ == "__main__":
    main()
