"""A shell in a guest, on this terminal; started by `run --shell`.   usage: shell.py WORK IMAGE BINARY   (the last two may be empty)"""
import os
import shutil
import subprocess
import sys
import tempfile

from rig.machine import qemu
from rig.tool import stage


def main():
    work, image, binary = sys.argv[1:]
    lab = tempfile.mkdtemp(prefix="firstlight-lab-")
    try:
        if binary:
            stage(binary, lab)
        stick = []
        if image:
            stick = ["-drive", "if=none,id=stick,format=raw,snapshot=on,file=" + os.path.abspath(image),
                     "-device", "usb-storage,bus=xhci.0,drive=stick,removable=on,serial=STICK"]
        print("lab: %s is /lab; nothing you change on a disk is kept; `exit` switches the guest off" % lab)
        system = os.path.join(work, "system.img") + ",snapshot=on"
        devices = ["-serial", "stdio", "-device", "qemu-xhci,id=xhci", "-device", "sdhci-pci", *stick]
        return subprocess.run(qemu(work, system, lab, devices, "lab.shell")).returncode
    finally:
        shutil.rmtree(lab)


if __name__ == "__main__":
    sys.exit(main())
