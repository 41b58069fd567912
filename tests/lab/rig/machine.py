"""A computer made of software: QEMU without hardware help, a stock Debian kernel, and an agent that runs shell scripts.

Three serial ports: the console (a log file), the control port (host side asks, agent answers), and a terminal at which a
person may sit (Terminal). Files go in and out through the folder `lab`, which is /lab in the guest.
"""
import atexit
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from .qmp import Qmp

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# So many seconds may pass on a busy machine until something that has to happen has happened. Only a failure takes as long.
PATIENCE = 300


def qemu(work, system, lab, arguments, words=""):
    """The command that starts a guest. `words` are for its init."""
    return [
        os.path.join(HERE, "in-tree"), work, "usr/bin/qemu-system-x86_64", "-name", "firstlight-lab",
        # Plain emulation: a /dev/kvm that opens may still hang a stock kernel at its first instruction.
        "-accel", "tcg", "-cpu", "max", "-M", "q35", "-m", "384", "-nodefaults", "-no-reboot", "-display", "none",
        "-virtfs", "local,path=%s,mount_tag=lab,security_model=none,multidevs=remap" % lab,
        "-drive", "if=none,id=system,format=raw,file=" + system, "-device", "ide-hd,drive=system,bus=ide.0,serial=SYSTEM",
        "-kernel", os.path.join(work, "vmlinuz"), "-initrd", os.path.join(work, "initrd.gz"),
        # no_timer_check: on a busy host the emulated timer may come too late for the kernel, which then gives up.
        "-append", "console=ttyS0 quiet panic=-1 no_timer_check random.trust_cpu=1 mitigations=off " + words, *arguments]


class Finished:
    """How a script in the guest ended."""

    def __init__(self, rc, out, err):
        self.rc, self.out, self.err = rc, out, err

    def __repr__(self):
        return "exit status %s\n--- stdout\n%s\n--- stderr\n%s" % (self.rc, self.out, self.err)


class Machine:
    """A running guest. `system` is its system disk's image, which it changes; `arguments` are QEMU's own, `words` its init's."""

    def __init__(self, work, folder, system, arguments=(), words=""):
        self.folder = folder
        self.lab = os.path.join(folder, "lab")
        os.makedirs(os.path.join(self.lab, "jobs"), exist_ok=True)
        # Socket addresses have 108 bytes at most, the work folder may lie deep.
        self.sockets = tempfile.mkdtemp(prefix="firstlight-lab-")
        self.process = subprocess.Popen(qemu(work, system, self.lab, [*self._ports(), *arguments], words), stdin=subprocess.DEVNULL)
        atexit.register(self.cut_power)
        self.jobs = 0
        self.done = set()
        self.changed = threading.Condition()
        self.qmp = Qmp(self._port("qmp"))
        self.control = self._port("control")
        self.terminal = Terminal(self._port("terminal"))
        threading.Thread(target=self._listen, daemon=True).start()
        self._await("ready", PATIENCE)

    def _socket(self, name):
        return os.path.join(self.sockets, name)

    def _port(self, name):
        """Connects to one of QEMU's sockets, which it opens as it starts."""
        port = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + 30
        while True:
            try:
                port.connect(self._socket(name))
                return port
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("QEMU did not start (exit status %s)" % self.process.poll()) from None
                time.sleep(0.02)

    def _ports(self):
        def port(name):
            return ["-chardev", "socket,id=%s,path=%s,server=on,wait=off" % (name, self._socket(name)), "-serial", "chardev:" + name]
        return ["-serial", "file:" + os.path.join(self.folder, "console.log"), *port("control"), *port("terminal"),
                "-qmp", "unix:%s,server=on,wait=off" % self._socket("qmp")]

    def _listen(self):
        try:
            for line in self.control.makefile("r"):
                with self.changed:
                    self.done.add(line.strip())
                    self.changed.notify_all()
        except OSError:
            pass                    # the machine is off

    def _await(self, line, seconds):
        end = time.monotonic() + seconds
        with self.changed:
            while line not in self.done:
                ended = self.process.poll() is not None
                if self.changed.wait_for(lambda: line in self.done, 0.2):
                    return
                if ended:
                    raise RuntimeError("the guest is off; its last words: " + self.console()[-400:])
                if time.monotonic() > end:
                    raise TimeoutError("no %r from the guest in %d s; its last words: %s" % (line, seconds, self.console()[-400:]))

    def console(self):
        """What the kernel said so far."""
        with open(os.path.join(self.folder, "console.log"), errors="replace") as log:
            return log.read()

    def start(self, script):
        """Starts a shell script in the guest; returns it as a Job."""
        self.jobs += 1
        with open(os.path.join(self.lab, "jobs", "%d.sh" % self.jobs), "w") as file:
            file.write("export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root\n" + script + "\n")
        self.control.sendall(b"%d\n" % self.jobs)
        return Job(self, self.jobs)

    def run(self, script, seconds=PATIENCE):
        """Runs a shell script in the guest to its end; returns it as Finished."""
        return self.start(script).wait(seconds)

    def must(self, script, seconds=PATIENCE):
        """Runs a script that has to end well; returns its stdout."""
        finished = self.run(script, seconds)
        if finished.rc != 0:
            raise RuntimeError("in the guest, %s\n%r" % (script, finished))
        return finished.out

    def power_off(self):
        """Asks the guest to end, and waits."""
        self.must("sync")
        self.control.sendall(b"off\n")
        try:
            self.process.wait(PATIENCE)
        finally:
            self.cut_power()

    def cut_power(self):
        """Ends the guest between two instructions: what it had not stored is lost."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.sockets, ignore_errors=True)


class Job:
    """A script that runs in the guest."""

    def __init__(self, machine, number):
        self.machine, self.number = machine, number

    def wait(self, seconds=PATIENCE):
        """Waits for its end; returns it as Finished."""
        self.machine._await("done %d" % self.number, seconds)
        return Finished(int(self.part("rc")), self.part("out"), self.part("err"))

    def part(self, name):
        """What is there of its stdout (`out`) or stderr (`err`) so far."""
        with open(os.path.join(self.machine.lab, "jobs", "%d.%s" % (self.number, name)), errors="replace") as file:
            return file.read()


class Terminal:
    """The host side's end of /dev/ttyS2: sees what a person would see, types what a person would type."""

    def __init__(self, port):
        self.port, self.seen = port, ""
        self.changed = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        try:
            while True:
                part = self.port.recv(4096)
                if not part:
                    return
                with self.changed:
                    self.seen += part.decode("utf-8", "replace")
                    self.changed.notify_all()
        except OSError:
            pass                    # the machine is off

    def clear(self):
        """Forgets what was shown."""
        with self.changed:
            self.seen = ""

    def expect(self, text, seconds=PATIENCE, times=1):
        """Waits until `text` has been shown, so many times."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.seen.count(text) >= times, seconds):
                raise TimeoutError("the terminal never showed %r, but:\n%s" % (text, self.seen))

    def text(self):
        """What was shown, without the codes that move the cursor and erase; a line drawn anew is a new line."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.seen).replace("\r", "\n")

    def type(self, keys):
        """Types."""
        self.port.sendall(keys.encode())
