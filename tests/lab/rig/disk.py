"""A disk that misbehaves on demand: an NBD server in a thread, which QEMU puts behind a stick, a card or a built-in disk.

What the guest stores lies in an ordinary file, so that programs of the host can judge it. Every request is logged; a test
can ask what was written, in which order, and whether a flush came last.
"""
import os
import socket
import struct
import threading

from .machine import PATIENCE

MIB = 1 << 20
READ, WRITE, HANG_UP, FLUSH = 0, 1, 2, 3
FORCE_UNIT_ACCESS = 1 << 16
OK, EIO = 0, 5


class Faults:
    """What goes wrong, and when. Counts begin anew with each Disk.mark()."""

    def __init__(self):
        self.fail_write = None      # the n-th write fails, and so does every later one to its place (drivers try again)
        self.fail_read_back = False  # whatever has been written since the mark cannot be read
        self.lose_write = None      # the n-th write is acknowledged and not stored
        self.flip_write = None      # the n-th write is stored with one bit turned
        self.hold_write = None      # the n-th write, and every later one, waits until it is let go
        self.hold_read_back = False  # reading what has been written since the mark waits until it is let go


class Disk:
    """A pretended disk of `size` bytes, with `real` bytes behind it (fewer: a fake); addresses beyond wrap around or are lost."""

    def __init__(self, path, size, real=None, beyond="wrap", read_only=False):
        self.path, self.size, self.real, self.beyond, self.read_only = path, size, real or size, beyond, read_only
        self.file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(self.file, self.real)
        self.changed = threading.Condition()
        self.release = None
        self.held = 0
        self.mark()
        self.faults = Faults()
        self.address = path + ".sock"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.address)
        self.listener.listen(4)
        threading.Thread(target=self._accept, daemon=True).start()

    # --- for tests -------------------------------------------------------------------------------------------------
    def mark(self):
        """Forgets the log and all faults: a new chapter."""
        with self.changed:
            self.log, self.writes, self.bad, self.faults = [], 0, [], Faults()
            self.changed.notify_all()

    def written(self):
        """The writes since the mark, as (offset, length)."""
        with self.changed:
            return [(offset, length) for what, offset, length in self.log if what == "write"]

    def unflushed(self):
        """How many writes came after the last flush."""
        with self.changed:
            names = [what for what, _, _ in self.log if what != "read"]
        return names[::-1].index("flush") if "flush" in names else len(names)

    def wait_held(self, seconds=PATIENCE):
        """Waits until a request is being held."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.held, seconds):
                raise TimeoutError("nothing was held on %s: %d writes seen" % (self.path, self.writes))

    def let_one_go(self, done=True):
        """Ends one held request, if there is one: done, or lost and failed. The next one is held again."""
        with self.changed:
            if self.held:
                self.release = "done" if done else "lost"
                self.changed.notify_all()

    def bytes_at(self, offset, length):
        """What is really stored."""
        return os.pread(self.file, length, offset)

    def store(self, offset, data):
        """Puts bytes there behind the guest's back."""
        os.pwrite(self.file, data, offset)

    def close(self):
        """Ends the server; the file stays."""
        self.mark()
        self.listener.close()
        os.unlink(self.address)

    # --- the wire --------------------------------------------------------------------------------------------------
    def _accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection:
                if self._agree(connection):
                    self._answer(connection)
        except (EOFError, OSError):
            pass                    # the other side is gone: a plug was pulled

    def _agree(self, connection):
        """The handshake (fixed newstyle): tells size and flags; returns true once the other side wants to go on."""
        connection.sendall(b"NBDMAGIC" + b"IHAVEOPT" + struct.pack(">H", 3))
        receive(connection, 4)
        while True:
            _, option, length = struct.unpack(">8sII", receive(connection, 16))
            receive(connection, length)

            def reply(kind, payload=b""):
                connection.sendall(struct.pack(">QIII", 0x3E889045565A9, option, kind, len(payload)) + payload)
            if option in (6, 7):    # info, go
                flags = 1 | (2 if self.read_only else 0) | 4 | 8
                reply(3, struct.pack(">HQH", 0, self.size, flags))
                reply(1)
                if option == 7:
                    return True
            elif option == 2:       # abort
                reply(1)
                return False
            else:
                reply(0x80000001)

    def _answer(self, connection):
        while True:
            _, flags, kind, cookie, offset, length = struct.unpack(">IHHQQI", receive(connection, 28))
            payload, error = b"", OK
            if kind == HANG_UP:
                return
            if kind == READ:
                payload, error = self._read(offset, length)
            elif kind == WRITE:
                error = self._write(offset, receive(connection, length))
                if flags & 1:
                    self._note("flush", 0, 0)
            elif kind == FLUSH:
                self._note("flush", 0, 0)
            connection.sendall(struct.pack(">IIQ", 0x67446698, error, cookie) + (payload if error == OK else b""))

    def _note(self, what, offset, length):
        with self.changed:
            self.log.append((what, offset, length))
            self.changed.notify_all()

    def _read(self, offset, length):
        self._note("read", offset, length)
        with self.changed:
            faults = self.faults
            armed = faults.fail_read_back or faults.hold_read_back
            is_read_back = armed and any(what == "write" and overlaps(offset, length, o, n) for what, o, n in self.log)
            lost = is_read_back and faults.hold_read_back and not self._hold(faults)
        if lost or (is_read_back and faults.fail_read_back):
            return b"", EIO
        parts = [os.pread(self.file, n, at) if at is not None else b"\xff" * n for at, n in self._places(offset, length)]
        return b"".join(parts), OK

    def _write(self, offset, data):
        with self.changed:
            self.writes += 1
            number, faults = self.writes, self.faults
            stored = faults.hold_write is None or number < faults.hold_write or self._hold(faults)
            if number == faults.fail_write:
                self.bad.append((offset, len(data)))
            failed = not stored or any(overlaps(offset, len(data), o, n) for o, n in self.bad)
            self.log.append(("failed-write" if failed else "write", offset, len(data)))
            self.changed.notify_all()
        if failed:
            return EIO
        if number == faults.lose_write:
            return OK
        if number == faults.flip_write:
            data = bytes([data[0] ^ 4]) + data[1:]
        done = 0
        for at, length in self._places(offset, len(data)):
            if at is not None:
                os.pwrite(self.file, data[done:done + length], at)
            done += length
        return OK

    def _hold(self, faults):
        """Waits (with the lock given away) until let go, or until a new chapter begins; true if the request counts."""
        self.held += 1
        self.changed.notify_all()
        self.changed.wait_for(lambda: self.release or self.faults is not faults)
        done = self.release != "lost"
        self.release = None
        self.held -= 1
        return done

    def _places(self, offset, length):
        """(place in the file or None, length) for a span of the pretended disk."""
        while length:
            if offset < self.real:
                at, part = offset, min(length, self.real - offset)
            elif self.beyond == "wrap":
                at = offset % self.real
                part = min(length, self.real - at)
            else:
                at, part = None, length
            yield at, part
            offset, length = offset + part, length - part


def overlaps(a, a_length, b, b_length):
    """True if the two spans share a byte."""
    return a < b + b_length and b < a + a_length


def receive(connection, length):
    """Exactly so many bytes."""
    data = bytearray()
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise EOFError
        data += part
    return bytes(data)
