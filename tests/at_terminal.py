#!/usr/bin/python3
"""Runs a program at a pseudo-terminal: python3 at_terminal.py SCRIPT PROGRAM [ARGUMENT...]

SCRIPT is JSON: a list of [words to wait for, keys to send then]. After the last pair everything is read until the program
ends. Prints the transcript and ends with the program's status; 98 if the words did not come within the time limit.
Variables: PTY_COLUMNS (80), PTY_SECONDS (60).
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
import time

LIMIT = time.monotonic() + float(os.environ.get("PTY_SECONDS", "60"))
seen = bytearray()


def read_more(terminal):
    """Returns False at the end."""
    ready, _, _ = select.select([terminal], [], [], max(0, LIMIT - time.monotonic()))
    if not ready:
        finish(98, "\n<the words did not come>\n")
    try:
        data = os.read(terminal, 65536)
    except OSError:
        return False
    seen.extend(data)
    return bool(data)


def finish(status, words=""):
    sys.stdout.buffer.write(bytes(seen) + words.encode())
    sys.stdout.flush()
    os._exit(status)


def main():
    steps, program = json.loads(sys.argv[1]), sys.argv[2:]
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(program[0], program)
    columns = int(os.environ.get("PTY_COLUMNS", "80"))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    at = 0
    for words, keys in steps:
        while True:
            found = seen.find(words.encode(), at)
            if found >= 0:
                break
            if not read_more(terminal):
                finish(98, f"\n<ended before {words!r}>\n")
        at = found + len(words.encode())
        # A question is shown first, then the terminal is told to echo nothing, which may drop what was typed before.
        while termios.tcgetattr(terminal)[3] & termios.ECHO:
            if time.monotonic() > LIMIT:
                finish(98, f"\n<nobody listens after {words!r}>\n")
            time.sleep(0.005)
        os.write(terminal, keys.encode())
    while read_more(terminal):
        pass
    _, status = os.waitpid(child, 0)
    finish(os.waitstatus_to_exitcode(status) & 0xFF)


main()
