"""Makes images by other people's programs: Espressif's NVS generator, esp-secure-cert-tool, littlefs-python and esptool.

In: {"csv": text, "keys": hex, "keys_partition": hex, "certificate": pem, "key": pem, "files": {path: hex}, "table": hex,
"offsets": {name: number}}; out: each image as hex, by its name.
"""
import contextlib
import json
import os
import sys
from types import SimpleNamespace

import esptool
from esp_idf_nvs_partition_gen import nvs_partition_gen
from esp_secure_cert import tlv_format, tlv_format_construct
from littlefs import LittleFS, UserContext

asked = json.load(sys.stdin)
BLOCK = 4096


def write(name, data):
    with open(name, "wb") as file:
        file.write(data)


def read(name):
    with open(name, "rb") as file:
        return file.read()


def nvs(out, keys):
    args = SimpleNamespace(input=["in.csv"], output=out, size="0x6000", version=2, outdir=os.getcwd())
    nvs_partition_gen.generate(args, bool(keys), keys)


def secure_cert():
    kinds = tlv_format.tlv_type_t
    builder = tlv_format_construct.TlvPartitionBuilder()
    builder.add_certificate(kinds.ESP_SECURE_CERT_CA_CERT_TLV, "certificate.pem")
    builder.add_certificate(kinds.ESP_SECURE_CERT_DEV_CERT_TLV, "certificate.pem")
    builder.add_private_key("key.pem")
    builder.build_partition("cert.bin", True)


def littlefs():
    context = UserContext(BLOCK * 32)
    fs = LittleFS(context=context, mount=False, block_size=BLOCK, block_count=32)
    fs.format()
    fs.mount()
    for path, data in asked["files"].items():
        fs.makedirs(os.path.dirname(path) or "/", exist_ok=True)
        with fs.open(path, "wb") as file:
            file.write(bytes.fromhex(data))
    write("littlefs.bin", bytes(context.buffer))


def merged(out, form, names):
    places = [word for name in names for word in (hex(asked["offsets"][name]), name)]
    esptool.main(["--chip", "esp32s3", "merge-bin", "--format", form, "--output", out, *places])


with contextlib.redirect_stdout(sys.stderr):
    keys = bytes.fromhex(asked["keys"])
    write("in.csv", asked["csv"].encode())
    write("certificate.pem", asked["certificate"].encode())
    write("key.pem", asked["key"].encode())
    write("table.bin", bytes.fromhex(asked["table"]))
    write("keys.bin", bytes.fromhex(asked["keys_partition"]))
    nvs("nvs.bin", None)
    nvs("encrypted.bin", keys)
    secure_cert()
    littlefs()
    pieces = ["table.bin", "nvs.bin", "keys.bin", "encrypted.bin", "cert.bin", "littlefs.bin"]
    merged("flash.bin", "raw", pieces)
    merged("flash.hex", "hex", pieces)
    merged("flash.uf2", "uf2", pieces)

images = ["nvs.bin", "encrypted.bin", "cert.bin", "littlefs.bin", "flash.bin", "flash.hex", "flash.uf2"]
json.dump({name: read(name).hex() for name in images}, sys.stdout)
