"""Generates NVS partitions with Espressif's generator. In: {"cases": [...]}; out: a list, null where it had no room.

A case has "size", "keys" (hex or null) and either "csv", which goes through the generator's own command, or "items"
[[namespace, key, encoding, value]], which go through its library with each item's namespace chosen by number.
"""
import contextlib
import io
import json
import os
import sys
from types import SimpleNamespace

from esp_idf_nvs_partition_gen import nvs_partition_gen as gen


def by_command(case):
    with open("in.csv", "w", encoding="utf8", newline="") as file:
        file.write(case["csv"])
    args = SimpleNamespace(input=["in.csv"], output="out.bin", size=str(case["size"]), version=2, outdir=os.getcwd())
    gen.generate(args, bool(case["keys"]), bytes.fromhex(case["keys"]) if case["keys"] else None)
    with open(args.output, "rb") as file:
        return file.read()


def by_library(case):
    size, read_only = gen.check_size(str(case["size"]))
    out = io.BytesIO()
    keys = bytes.fromhex(case["keys"]) if case["keys"] else None
    nvs = gen.nvs_open(out, size, gen.Page.VERSION2, is_encrypt=bool(keys), key=keys, read_only=read_only)
    for namespace, key, encoding, value in case["items"]:
        gen.write_entry(nvs, namespace, "namespace", "", "")
        gen.write_entry(nvs, key, "data", encoding, value, nvs.get_namespace_idx())
    gen.nvs_close(nvs)
    return out.getvalue()


def answer(case):
    try:
        return (by_command if "csv" in case else by_library)(case).hex()
    except gen.InsufficientSizeError:
        return None


with contextlib.redirect_stdout(sys.stderr):
    answers = [answer(case) for case in json.load(sys.stdin)["cases"]]
json.dump(answers, sys.stdout)
