"""A card behind vpcd: the files of firstlight's virtual card, answered as ISO 7816-4 and -9 say, by nobody of firstlight.

usage: virtual_card.py CARD.json PORT [CHANGED.json]
Speaks vpcd's protocol: two bytes of length, then a command; one byte is power and reset.
"""
import json, os, socket, struct, sys

path, port = sys.argv[1], int(sys.argv[2])
saved = sys.argv[3] if len(sys.argv) > 3 else None
card = json.load(open(path))
ATR = bytes.fromhex("3b80800101")


class Answers:
    def __init__(self):
        self.reset()

    def reset(self):
        self.folder, self.file, self.rest = "3f00", None, b""

    def content(self):
        return bytes.fromhex(card["files"][self.file])

    def control(self, path):
        size = len(card["files"][path]) // 2
        inner = bytes.fromhex("82024121") + b"\x83\x02" + bytes.fromhex(path[-4:]) + b"\x8a\x01\x05\x80\x02" + struct.pack(">H", size)
        return b"\x62" + bytes([len(inner)]) + inner

    def folder_control(self, path):
        inner = bytes.fromhex("82027821") + b"\x83\x02" + bytes.fromhex(path[-4:]) + b"\x8a\x01\x05"
        return b"\x62" + bytes([len(inner)]) + inner

    def select(self, by, name):
        name = name.hex()
        if by == 4:
            found = [path for path, aid in card["folders"].items() if aid and aid.startswith(name)]
            if not found:
                return b"", 0x6A82
            self.folder, self.file = found[0], None
            return self.folder_control(found[0]), 0x9000
        if by == 8:
            path = "3f00" + name
        elif by in (0, 1, 2):
            path = name if name == "3f00" else self.folder + name
        elif by == 9:
            path = self.folder + name
        else:
            return b"", 0x6A86
        if path in card["files"]:
            self.folder, self.file = path[:-4], path
            return self.control(path), 0x9000
        if path in card["folders"]:
            self.folder, self.file = path, None
            return self.folder_control(path), 0x9000
        return b"", 0x6A82

    def create(self, template):
        fields, rest = {}, template[2:]
        while rest:
            fields[rest[0]], rest = rest[2 : 2 + rest[1]], rest[2 + rest[1] :]
        path = self.folder + fields[0x83].hex()
        if path in card["files"] or path in card["folders"]:
            return b"", 0x6A89
        if 0x80 in fields:
            card["files"][path] = "ff" * int.from_bytes(fields[0x80], "big")
            self.file = path
        else:
            card["folders"][path] = fields.get(0x84, b"").hex()
            self.folder, self.file = path, None
        return b"", 0x9000

    def execute(self, command):
        if len(command) < 4:
            return b"", 0x6700
        _, ins, p1, p2 = command[:4]
        body, expected = command[5 : 5 + command[4]] if len(command) > 5 else b"", command[4] if len(command) == 5 else None
        if ins == 0xC0:
            data, self.rest = self.rest[: expected or 256], b""
            return data, 0x9000
        if ins == 0xA4:
            data, status = self.select(p1, body)
            if p2 & 0x0C == 0x0C or not data:
                return b"", status
            # As cards with T=0 do: the answer is fetched.
            self.rest = data
            return b"", 0x6100 | len(data)
        if ins == 0xB0:
            if self.file is None:
                return b"", 0x6986
            content, offset = self.content(), p1 << 8 | p2
            if offset > len(content):
                return b"", 0x6B00
            return content[offset : offset + (expected or 256)], 0x9000
        if ins == 0xD6:
            content, offset = bytearray(self.content()), p1 << 8 | p2
            if offset + len(body) > len(content):
                return b"", 0x6B00
            content[offset : offset + len(body)] = body
            card["files"][self.file] = content.hex()
            return b"", 0x9000
        if ins == 0xE0:
            return self.create(body)
        return b"", 0x6D00


answers = Answers()
with socket.create_connection(("127.0.0.1", port)) as line:
    print("in", flush=True)

    def take(length):
        data = b""
        while len(data) < length:
            part = line.recv(length - len(data))
            if not part:
                raise SystemExit(0)
            data += part
        return data

    while True:
        message = take(struct.unpack(">H", take(2))[0])
        if len(message) == 1:
            if message[0] == 4:
                line.sendall(struct.pack(">H", len(ATR)) + ATR)
            else:
                answers.reset()
            continue
        data, status = answers.execute(message)
        reply = data + struct.pack(">H", status)
        if saved:
            # Whole before the answer: whoever asked may end everything right after it.
            with open(saved + ".part", "w") as part:
                json.dump(card, part)
            os.replace(saved + ".part", saved)
        line.sendall(struct.pack(">H", len(reply)) + reply)
