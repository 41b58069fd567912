"""Sends bogus ClientHellos, each from another address of the loopback network, at an even pace. Standard library only.

usage: hellos.py ADDRESS:PORT COUNT SECONDS

Half of them have a cookie that nobody gave them. Prints how many were sent and in how many seconds.
"""
import os
import socket
import struct
import sys
import time


def hello(number):
    """A whole ClientHello of DTLS 1.2 (RFC 6347, section 4.2.1), with a pre-shared-key suite."""
    cookie = os.urandom(20) if number % 2 else b""
    body = b"\xfe\xfd" + os.urandom(32) + b"\0" + bytes([len(cookie)]) + cookie + b"\0\x02\xc0\xa8" + b"\x01\0"
    size = len(body).to_bytes(3, "big")
    message = b"\x01" + size + struct.pack("!H", bool(cookie)) + b"\0\0\0" + size + body
    return b"\x16\xfe\xfd\0\0" + (1 if cookie else 0).to_bytes(6, "big") + struct.pack("!H", len(message)) + message


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    count, seconds = int(sys.argv[2]), float(sys.argv[3])
    begun = time.monotonic()
    for number in range(count):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            # 127.1.0.1 and on: the whole of 127/8 is this machine.
            sender.bind((socket.inet_ntoa((0x7F010001 + number).to_bytes(4, "big")), 0))
            sender.sendto(hello(number), (host, int(port)))
        ahead = begun + seconds * number / count - time.monotonic()
        if ahead > 0.005:
            time.sleep(ahead)
    print(count, time.monotonic() - begun)


main()
