"""Where a registry lies: a disk with its fdatasync rate, and a PostgreSQL of our own. Standard library only."""
import glob
import os
import subprocess
import time

NOBODY = 65534
TICKS = os.sysconf("SC_CLK_TCK")


def probe(folder, seconds=2.0):
    """Returns how many times a second 4 KiB can be written and put on the disk there."""
    path, done = folder + "/probe", 0
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.pwrite(file, bytes(1 << 20), 0)
    os.fsync(file)
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        os.pwrite(file, os.urandom(4096), done % 256 * 4096)
        os.fdatasync(file)
        done += 1
    rate = done / (time.monotonic() - begun)
    os.close(file)
    os.unlink(path)
    return rate


def ticks(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            fields = file.read().rsplit(") ", 1)[1].split()
        return int(fields[11]) + int(fields[12])
    except OSError:
        return 0


def children(pid):
    found = []
    for path in glob.glob("/proc/%d/task/*/children" % pid):
        with open(path) as file:
            found += [int(word) for word in file.read().split()]
    return found


class Cluster:
    """A PostgreSQL of our own, as Debian installs it, on a socket in its own folder."""

    def __init__(self, folder):
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.folder, self.data = folder, folder + "/data"
        os.makedirs(folder)
        os.chmod(folder, 0o755)
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        self.run(["initdb", "-A", "trust", "-U", "firstlight", "-E", "UTF8", "--locale=C", "-D", self.data])
        options = "-c listen_addresses= -c unix_socket_directories=%s" % folder
        self.run(["pg_ctl", "start", "-w", "-o", options, "-l", folder + "/log", "-D", self.data])
        self.address = "postgres://firstlight@%s/postgres" % folder.replace("/", "%2F")

    def run(self, argv):
        user = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"] if os.geteuid() == 0 else []
        subprocess.run(user + [self.bin + "/" + argv[0]] + argv[1:], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def cpu(self):
        with open(self.data + "/postmaster.pid") as file:
            postmaster = int(file.readline())
        return sum(map(ticks, [postmaster] + children(postmaster))) / TICKS

    def end(self):
        self.run(["pg_ctl", "stop", "-m", "fast", "-D", self.data])
