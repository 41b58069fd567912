"""Reads littlefs images of ours and writes some. In: {"read": [{image, block_size, block_count, cache}], "write": [{block_size,
block_count, cache, version, steps}]}; out: {"read": [[[path, hex]]], "added": [[[path, hex]]], "written": [hex]}.
"""
import json
import sys

from littlefs import LittleFS, UserContext


def mounted(case, buffer=None):
    context = UserContext(buffer=buffer) if buffer else UserContext(case["block_size"] * case["block_count"])
    fs = LittleFS(context=context, mount=False, block_size=case["block_size"], block_count=case["block_count"],
                  cache_size=case["cache"], read_size=16, prog_size=16, lookahead_size=16,
                  disk_version=case.get("version", 0))
    if buffer is None:
        fs.format()
    fs.mount()
    return fs


def content(fs):
    found = []
    for root, _, files in fs.walk("/"):
        for name in files:
            path = root.rstrip("/") + "/" + name
            # Asked for by name: walking alone would find what no program could open.
            with fs.open(path, "rb") as file:
                found.append([path.lstrip("/"), file.read().hex()])
    return sorted(found)


def read(case):
    fs = mounted(case, bytearray.fromhex(case["image"]))
    before = content(fs)
    # A device goes on writing where the image ends.
    fs.makedirs("new/folder", exist_ok=True)
    with fs.open("new/folder/file", "wb") as file:
        file.write(b"n" * 700)
    for path, _ in before[:3]:
        with fs.open(path, "ab") as file:
            file.write(b"more")
    for path, _ in before[3:5]:
        fs.remove(path)
    return before, content(fs), fs.context.buffer.hex()


def write(case):
    fs = mounted(case)
    for step, path, data in case["steps"]:
        if step == "put":
            folder = path.rpartition("/")[0]
            if folder:
                fs.makedirs(folder, exist_ok=True)
            with fs.open(path, "wb") as file:
                file.write(bytes.fromhex(data))
        elif step == "add":
            with fs.open(path, "ab") as file:
                file.write(bytes.fromhex(data))
        elif step == "move":
            fs.rename(path, data)
        else:
            fs.remove(path)
    return content(fs), fs.context.buffer.hex()


asked = json.load(sys.stdin)
json.dump({"read": [read(case) for case in asked["read"]], "write": [write(case) for case in asked["write"]]}, sys.stdout)
