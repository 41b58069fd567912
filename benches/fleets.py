"""Fleets made for the comparisons: so many devices, a bundle of about 10 KB, a 64 MiB FAT32 image."""
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
authority: {demo: true, common_name: Bench CA, organization: Bench}
profiles:
  gateway:
    credentials:
      identity: {kind: x509, key: p256, profile: idevid, valid: forever}
    bundles:
      site: {template: bench, seal: none, accept_plaintext: "a comparison"}
    deliveries:
      stick: {bundle: site}
"""


def make(folder, devices):
    """Writes a fleet of so many devices into `folder`."""
    os.makedirs(folder + "/templates/bench")
    with open(folder + "/templates/bench/template.yaml", "w") as file:
        file.write(TEMPLATE)
    with open(folder + "/templates/bench/settings.txt.j2", "w") as file:
        file.write("device {{ device.id }}\n" + "".join("setting-%04d = some value of this setting\n" % i for i in range(200)))
    with open(folder + "/fleet.yaml", "w") as file:
        file.write(FLEET)
    with open(folder + "/devices.csv", "w") as file:
        file.write("id,serial,profile,timezone\n")
        for i in range(devices):
            file.write("gw-%06d,SN%08d,gateway,Europe/Berlin\n" % (i, i))
