"""Reads what a unit's flash holds with the tools of others, and makes its NVS partitions with Espressif's generator.

In: {"cbor": hex, "littlefs": hex, "secure_cert": hex, "nvs": [{"size", "keys", "items": [[namespace, key, encoding, value]]}]};
out: {"cbor": [[key, value or hex]], "littlefs": {path: text}, "secure_cert": text, "nvs": [hex]}.
"""
import contextlib
import io
import json
import sys

import cbor2
from esp_idf_nvs_partition_gen import nvs_partition_gen as gen
from esp_secure_cert import tlv_parser
from littlefs import LittleFS, UserContext

asked = json.load(sys.stdin)


def of_cbor(data):
    found = cbor2.loads(bytes.fromhex(data))
    return [[key, value.hex() if isinstance(value, bytes) else value] for key, value in found.items()]


def of_littlefs(data):
    image = bytearray.fromhex(data)
    fs = LittleFS(context=UserContext(buffer=image), mount=False, block_size=4096, block_count=len(image) // 4096,
                  cache_size=512, read_size=16, prog_size=16, lookahead_size=16, disk_version=0)
    fs.mount()
    found = {}
    for root, _, files in fs.walk("/"):
        for name in files:
            path = root.rstrip("/") + "/" + name
            with fs.open(path, "rb") as file:
                found[path] = file.read().decode()
    return found


def of_secure_cert(data):
    with open("part.bin", "wb") as file:
        file.write(bytes.fromhex(data))
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        tlv_parser.process_tlv_entries("part.bin")
    return said.getvalue()


def nvs(case):
    size, read_only = gen.check_size(str(case["size"]))
    out = io.BytesIO()
    keys = bytes.fromhex(case["keys"]) if case["keys"] else None
    part = gen.nvs_open(out, size, gen.Page.VERSION2, is_encrypt=bool(keys), key=keys, read_only=read_only)
    for namespace, key, encoding, value in case["items"]:
        gen.write_entry(part, namespace, "namespace", "", "")
        gen.write_entry(part, key, "data", encoding, value, part.get_namespace_idx())
    gen.nvs_close(part)
    return out.getvalue().hex()


with contextlib.redirect_stdout(sys.stderr):
    answers = {
        "cbor": of_cbor(asked["cbor"]),
        "littlefs": of_littlefs(asked["littlefs"]),
        "secure_cert": of_secure_cert(asked["secure_cert"]),
        "nvs": [nvs(case) for case in asked["nvs"]],
    }
json.dump(answers, sys.stdout)
