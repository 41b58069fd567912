"""QEMU's machine protocol: one command at a time, events set aside."""
import json


class Refused(Exception):
    """QEMU's answer was an error."""


class Qmp:
    """A QEMU at the other end of a connection to its monitor socket."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(300)
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        """Sends a command (underscores in argument names stand for dashes) and returns the answer."""
        message = {"execute": name, "arguments": {key.replace("_", "-"): value for key, value in arguments.items()}}
        self.socket.sendall((json.dumps(message) + "\n").encode())
        while True:
            line = self.lines.readline()
            if not line:
                raise EOFError("QEMU ended while it was asked to %s" % name)
            answer = json.loads(line)
            if "error" in answer:
                raise Refused("%s: %s" % (name, answer["error"]["desc"]))
            if "return" in answer:
                return answer["return"]
