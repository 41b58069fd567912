"""The program under test, as it lives on the laptop: installed with its libraries, and a fleet with a real authority."""
import json
import os
import re
import shutil
import subprocess

from .machine import HERE, PATIENCE

FLEET = "/srv/fleet"
# Where the ledger says a delivery is, by the latest step that its rows name.
STEPS = ("begin", "bind", "sealed", "exposed", "verified", "registered", "finished")


def stage(binary, lab):
    """Puts the binary, without its debug sections, and the libraries it is linked with into the folder that guests see."""
    folder = os.path.join(lab, "tool")
    os.makedirs(os.path.join(folder, "lib"), exist_ok=True)
    shutil.copy2(binary, os.path.join(folder, "firstlight"))
    subprocess.run(["strip", os.path.join(folder, "firstlight")], check=False, stderr=subprocess.DEVNULL)
    listed = subprocess.run(["ldd", binary], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    for library in re.findall(r"(/\S+) \(0x", listed):
        shutil.copy(library, os.path.join(folder, "lib"))
    shutil.copytree(os.path.join(HERE, "fleet"), os.path.join(folder, "fleet"), dirs_exist_ok=True)


INSTALL = """
set -e
cp /lab/tool/firstlight /bin/firstlight
for library in /lab/tool/lib/*; do
  [ -e "$library" ] || continue
  case $library in
    */ld-linux*) cp $library /lib64/ ;;
    *) cp $library /lib/x86_64-linux-gnu/ ;;
  esac
done
cp -r /lab/tool/fleet %s
sync
""" % FLEET


class Tool:
    """firstlight on a machine; every call is a process of its own."""

    def __init__(self, machine):
        self.machine = machine

    @classmethod
    def install(cls, machine, binary):
        """Installs it and makes the fleet's authority, once in the life of a system disk."""
        stage(binary, machine.lab)
        machine.must(INSTALL)
        tool = cls(machine)
        made = tool.run("ca init")
        if made.rc != 0:
            raise RuntimeError("firstlight ca init: %r" % made)
        return tool

    def command(self, arguments, fleet=FLEET):
        """The line for a shell."""
        return "NO_COLOR=1 TERM=vt100 firstlight %s --fleet %s" % (arguments, fleet)

    def start(self, arguments, **where):
        """Starts it."""
        return self.machine.start("exec env " + self.command(arguments, **where))

    def run(self, arguments, seconds=PATIENCE, **where):
        """Runs it to its end."""
        return self.start(arguments, **where).wait(seconds)

    def start_at_terminal(self, arguments):
        """Starts it at the terminal, where a person may answer."""
        self.machine.terminal.clear()
        return self.machine.start("exec setsid -c env %s </dev/ttyS2 >/dev/ttyS2 2>&1" % self.command(arguments))

    def media(self):
        """What `media list --json` prints, by node."""
        done = self.run("media list --json")
        if done.rc != 0:
            raise AssertionError("media list --json: %r" % done)
        return {drive["node"]: drive for drive in map(json.loads, done.out.splitlines())}

    def accept_id(self, node):
        """The id that accepts what is in `node` now."""
        return self.media()[node]["accept_id"]

    def steps(self, device):
        """The steps that the ledger has durably noted for this device, in their order."""
        done = self.run("ledger log %s --json" % device)
        if done.rc != 0:
            raise AssertionError("ledger log: %r" % done)
        kinds = {json.loads(row)["kind"] for row in done.out.splitlines()}
        return [step for step in STEPS if step in kinds]
