"""NVS images of 10,000 devices, beside Espressif's generator from PyPI: started once a device, and its library in one process.

usage: tests/.oracles/venv/bin/python benches/nvs.py NVS_BENCH [DEVICES]

NVS_BENCH is what `cargo bench --no-run --bench nvs` names. The peer makes fewer devices (it would take hours); rates are compared.
All three make the same bytes, or the program ends at once.
"""
import contextlib
import csv
import hashlib
import io
import json
import os
import sys
import tempfile
import time

from measured import Report, Run, median

SIZE = 0x6000
STARTED, IN_PROCESS = 12, 3000


def pem(seed, lines):
    body = "\n".join(("%08x" % (seed ^ (line * 40503))) * 8 for line in range(lines))
    return "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n" % body


def rows(number):
    key = bytes((number * 7 + at * 13) & 0xFF for at in range(121))
    return [
        ("device", "namespace", "", ""),
        ("serial", "data", "string", "SN%08d" % number),
        ("endpoint", "data", "string", "urn:dev:ops:00AABB-gw-%08d" % number),
        ("hw_rev", "data", "u16", "3"),
        ("lifetime", "data", "u32", "3600"),
        ("lwm2m", "namespace", "", ""),
        ("uri", "data", "string", "coaps://lwm2m.acme.example:5684"),
        ("psk", "data", "hex2bin", (number.to_bytes(4, "big") * 4).hex()),
        ("tls", "namespace", "", ""),
        ("ca", "data", "string", pem(7, 16)),
        ("cert", "data", "string", pem(number, 13)),
        ("key", "data", "hex2bin", key.hex()),
        ("wifi", "namespace", "", ""),
        ("ssid", "data", "string", "acme-line"),
        ("pass", "data", "string", "password-%08d" % number),
    ]


def write_csv(path, number):
    with open(path, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["key", "type", "encoding", "value"])
        table.writerows(rows(number))


def in_process(devices, asked):
    """What `nvs.py --library DEVICES [--digest]` runs, in a process of its own: the library, without files."""
    from esp_idf_nvs_partition_gen import nvs_partition_gen as gen
    all_made, prepared = hashlib.sha256(), [rows(number) for number in range(devices)]
    begun = time.monotonic()
    with contextlib.redirect_stdout(io.StringIO()):
        for device in prepared:
            out = io.BytesIO()
            nvs = gen.nvs_open(out, gen.check_size(str(SIZE))[0], gen.Page.VERSION2)
            for row in device:
                gen.write_entry(nvs, *row)
            gen.nvs_close(nvs)
            if asked:
                all_made.update(out.getvalue())
    print(json.dumps({"seconds": time.monotonic() - begun, "sha256": all_made.hexdigest()}))


def digest(argv, devices):
    return json.loads(Run(argv + [str(devices), "--digest"]).checked().stdout)["sha256"]


def seconds(argv, devices):
    """Seconds an image takes within the process, what it is made from being there already."""
    return json.loads(Run(argv + [str(devices)]).checked().stdout)["seconds"] / devices


def started(folder, devices):
    """Rate of the generator started for each device, and the digest of what it made."""
    all_made, wall = hashlib.sha256(), 0
    for number in range(devices):
        write_csv(folder + "/in.csv", number)
        run = Run([sys.executable, "-m", "esp_idf_nvs_partition_gen", "generate", "in.csv", "out.bin", hex(SIZE)], cwd=folder)
        wall += run.checked().wall
        with open(folder + "/out.bin", "rb") as file:
            all_made.update(file.read())
    return wall / devices, all_made.hexdigest()


def main():
    if sys.argv[1] == "--library":
        return in_process(int(sys.argv[2]), "--digest" in sys.argv)
    binary, report = os.path.abspath(sys.argv[1]), Report()
    by_hand = [sys.executable, os.path.abspath(__file__), "--library"]
    devices = int(sys.argv[2]) if len(sys.argv) > 2 else 10000
    by_start, by_library = [], []
    with tempfile.TemporaryDirectory(prefix="firstlight-bench-") as folder:
        for _ in range(5):
            start, made = started(folder, STARTED)
            assert made == digest([binary], STARTED), "the generator makes the same bytes"
            assert digest(by_hand, 50) == digest([binary], 50), "so does its library"
            whole, own = Run([binary, str(devices)]).checked(), seconds([binary], devices)
            library = seconds(by_hand, IN_PROCESS)
            report.say("%d images in %.2f s, %.1f us each; generator %.0f ms each, its library %.0f us each"
                       % (devices, whole.wall, 1e6 * own, 1e3 * start, 1e6 * library))
            by_start.append(start / (whole.wall / devices))
            by_library.append(library / own)
    report.bound("rate, over the generator started once a device", median(by_start), 200, "times", at_least=True)
    report.bound("rate, over its library in one process", median(by_library), 20, "times", at_least=True)
    report.end()


main()
