"""A real MQTT broker: Debian's mosquitto, on the host's loopback, where guests reach it as HOST."""
import atexit
import os
import pwd
import re
import socket
import subprocess
import time

from .machine import HERE

# The host's loopback, as QEMU's user network shows it to a guest.
HOST = "10.0.2.2"

BOTH = """per_listener_settings true
user %s
log_dest file %s
log_type all
"""
BY_CERTIFICATE = """listener %d 127.0.0.1
cafile %s
certfile %s
keyfile %s
require_certificate true
use_identity_as_username true
allow_anonymous false
"""
BY_KEY = """listener %d 127.0.0.1
psk_file %s
psk_hint lab
use_identity_as_username true
allow_anonymous false
"""


class Broker:
    """A running mosquitto.

    At `port` it wants a client certificate of the authority in the file `clients_ca` and shows `certificate`; at `psk_port`, if
    there are `keys` (hexadecimal, by identity), one of these. A client's name is its certificate's common name or its identity.
    """

    def __init__(self, work, folder, clients_ca, certificate, key, keys=None):
        self.work, self.folder, self.keys = work, folder, keys or {}
        self.files = (os.path.abspath(clients_ca), os.path.abspath(certificate), os.path.abspath(key))
        self.log_path = os.path.join(folder, "broker.log")
        os.makedirs(folder)
        self.port = self.psk_port = None
        self.process = None
        atexit.register(self.stop)
        self.start()

    def start(self):
        """Starts it and waits until it listens; once it has ports, always at the same."""
        fresh = self.port is None
        for _ in range(10):
            if fresh:
                self.port, self.psk_port = free_ports(2)
            self._configure()
            began = len(self.log())
            self.process = subprocess.Popen([os.path.join(HERE, "in-tree"), self.work, "usr/sbin/mosquitto", "-c", os.path.join(self.folder, "broker.conf")],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while self.process.poll() is None:
                if " running\n" in self.log()[began:]:
                    return
                time.sleep(0.02)
            if "Address already in use" not in self.log()[began:] or not fresh:
                break
        raise RuntimeError("mosquitto ended with exit status %s:\n%s" % (self.process.poll(), self.log()))

    def _configure(self):
        keys = os.path.join(self.folder, "keys")
        with open(os.open(keys, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.writelines("%s:%s\n" % it for it in self.keys.items())
        with open(os.path.join(self.folder, "broker.conf"), "w") as file:
            file.write(BOTH % (pwd.getpwuid(os.getuid()).pw_name, self.log_path))
            file.write(BY_CERTIFICATE % (self.port, *self.files))
            if self.keys:
                file.write(BY_KEY % (self.psk_port, keys))

    def stop(self):
        """Stops it; who connects now finds nobody."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def log(self):
        """All it has said."""
        try:
            with open(self.log_path, errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def accepted(self):
        """The names of the clients it has let in, in their order."""
        return re.findall(r"New client connected from \S+ as .*u'([^']*)'\)", self.log())

    def refused(self):
        """Why it has sent clients away before they could say anything, in their order."""
        return re.findall(r"OpenSSL Error\[\d+\]: (.*)", self.log())

    def published(self):
        """What clients have published, as (client id, topic)."""
        return re.findall(r"Received PUBLISH from (\S+) \(.*?'([^']*)'", self.log())


def free_ports(count):
    """Ports of the loopback that nobody listens at now."""
    sockets = [socket.socket() for _ in range(count)]
    for it in sockets:
        it.bind(("127.0.0.1", 0))
    ports = [it.getsockname()[1] for it in sockets]
    for it in sockets:
        it.close()
    return ports
