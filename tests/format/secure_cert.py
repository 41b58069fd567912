"""Builds esp_secure_cert partitions with Espressif's tool and has its parser read ours.

In: {"cases": [{"records": [[kind, subtype, flags, hex]], "integrity": bool, "ours": hex}], "certificate": pem, "key": pem,
"by_pem": hex}; out: {"built": [hex], "parsed": [text], "by_pem": hex, "by_pem_csv": [rows]}.
"""
import contextlib
import csv
import io
import json
import os
import sys

from esp_secure_cert import tlv_format, tlv_format_construct, tlv_parser

asked = json.load(sys.stdin)
quiet = contextlib.redirect_stdout(sys.stderr)


def finished(builder, integrity):
    builder.build_partition("out.bin", integrity)
    with open("out.bin", "rb") as file:
        return file.read().hex()


def built(case):
    builder = tlv_format_construct.TlvPartitionBuilder()
    for kind, subtype, flags, data in case["records"]:
        builder.add_tlv_entry(kind, subtype, bytes.fromhex(data), flags)
    return finished(builder, case["integrity"])


def parsed(data):
    with open("ours.bin", "wb") as file:
        file.write(bytes.fromhex(data))
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        tlv_parser.process_tlv_entries("ours.bin")
    return said.getvalue()


def by_pem():
    for name in ("certificate", "key"):
        with open(name + ".pem", "w") as file:
            file.write(asked[name])
    kinds = tlv_format.tlv_type_t
    builder = tlv_format_construct.TlvPartitionBuilder()
    builder.add_certificate(kinds.ESP_SECURE_CERT_CA_CERT_TLV, "certificate.pem")
    builder.add_certificate(kinds.ESP_SECURE_CERT_DEV_CERT_TLV, "certificate.pem")
    builder.add_private_key("key.pem")
    builder.add_security_config(1)
    return finished(builder, True)


with quiet:
    answers = {"built": [built(case) for case in asked["cases"]], "by_pem": by_pem()}
answers["parsed"] = [case["ours"] and parsed(case["ours"]) for case in asked["cases"]]
json.dump(answers, sys.stdout)
