"""Fleets made for the comparisons: so many devices, and bundles of a known size."""
import os

TEMPLATE = """consumer: nothing but this comparison
description: A bundle of about ten kilobytes with a certificate and its key.
medium: {table: none, filesystem: fat32, label: BENCH, size: 64MiB}
credentials:
  identity: {kinds: [x509], required: true}
variables:
  timezone: {type: string, default: UTC, class: plain, description: "Time zone."}
files:
  - {path: identity/key.pem, mode: "0600", credential: identity.private_key, encoding: pem}
  - {path: identity/chain.pem, mode: "0644", credential: identity.chain, encoding: pem}
  - {path: settings.txt, mode: "0644", template: settings.txt.j2, syntax: text}
"""

FLEET = """version: 1
fleet: bench
inventory: devices.csv
authority: {demo: %s, common_name: Bench CA, organization: Bench}
profiles:
  gateway:
    credentials:
      identity: {kind: x509, key: p256, profile: idevid, valid: forever}
    bundles:
      site: {template: bench, seal: none, accept_plaintext: "a comparison"}
    deliveries:
      stick: {bundle: site%s}
"""

# 4 MiB in lines of 1 KiB: the longest file that a template may make.
LARGE = "{% for line in range(4096) %}\n" + "x" * 1023 + "\n{% endfor %}\n"


def make(folder, devices):
    """Writes a fleet of so many devices into `folder`: a bundle of about 10 KB, a 64 MiB FAT32 image, a demo authority."""
    lines = "".join("setting-%04d = some value of this setting\n" % i for i in range(200))
    put(folder, devices, TEMPLATE, FLEET % ("true", ""), {"settings.txt.j2": "device {{ device.id }}\n" + lines})


def make_large(folder, devices, table, filesystem):
    """Writes a fleet of so many devices whose bundle has five files of 4 MiB: for drives, so with a real authority."""
    files = ["  - {path: part-%d.txt, mode: \"0644\", template: large.j2, syntax: text}\n" % i for i in range(5)]
    medium = ", medium: {table: %s, filesystem: %s, label: BENCH}" % (table, filesystem)
    # No size: the volume fills the drive.
    template = TEMPLATE.replace(", size: 64MiB", "") + "".join(files)
    put(folder, devices, template, FLEET % ("false", medium), {"settings.txt.j2": "x\n", "large.j2": LARGE})


def put(folder, devices, template, fleet, sources):
    os.makedirs(folder + "/templates/bench")
    for name, text in [("template.yaml", template)] + list(sources.items()):
        with open(folder + "/templates/bench/" + name, "w") as file:
            file.write(text)
    with open(folder + "/fleet.yaml", "w") as file:
        file.write(fleet)
    with open(folder + "/devices.csv", "w") as file:
        file.write("id,serial,profile,timezone\n")
        for i in range(devices):
            file.write("gw-%06d,SN%08d,gateway,Europe/Berlin\n" % (i, i))
