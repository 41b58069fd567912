"""UDP and the DTLS of the system's libssl, to one server."""
import ctypes, ctypes.util, socket, struct, time


class Udp:
    def __init__(self, host, port, bind=0):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if bind:
            self.socket.bind(("127.0.0.1", bind))
        self.socket.connect((host, port))
        self.socket.settimeout(0.2)

    def send(self, data):
        self.socket.send(data)

    def receive(self):
        try:
            return self.socket.recv(65535)
        except (TimeoutError, ConnectionRefusedError):
            return None


class NoHandshake(Exception):
    pass


class Dtls(Udp):
    """The DTLS of the system's OpenSSL, over a connected socket: by `identity` and `key`, or by files `certificate` and `private_key`."""

    def __init__(self, host, port, wish):
        super().__init__(host, port, wish.get("bind", 0))
        ssl = self.ssl = ctypes.CDLL(ctypes.util.find_library("ssl") or "libssl.so.3")
        crypto = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
        for name in ("DTLS_client_method", "SSL_CTX_new", "SSL_new", "SSL_get_wbio"):
            getattr(ssl, name).restype = ctypes.c_void_p
        crypto.BIO_new_dgram.restype = ctypes.c_void_p
        context = ctypes.c_void_p(ssl.SSL_CTX_new(ctypes.c_void_p(ssl.DTLS_client_method())))
        ssl.SSL_CTX_set_security_level(context, 0)
        assert ssl.SSL_CTX_set_cipher_list(context, wish.get("ciphers", "PSK-AES128-CCM8").encode()) == 1
        if "key" in wish:
            identity, key = wish["identity"].encode(), bytes.fromhex(wish["key"])
            kind = ctypes.CFUNCTYPE(
                ctypes.c_uint, ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_char), ctypes.c_uint,
                ctypes.POINTER(ctypes.c_char), ctypes.c_uint)

            def give(_ssl, _hint, name, _room, out, _length):
                ctypes.memmove(name, identity + b"\0", len(identity) + 1)
                ctypes.memmove(out, key, len(key))
                return len(key)

            self.give = kind(give)
            ssl.SSL_CTX_set_psk_client_callback(context, self.give)
        if "certificate" in wish:
            assert ssl.SSL_CTX_use_certificate_chain_file(context, wish["certificate"].encode()) == 1
            assert ssl.SSL_CTX_use_PrivateKey_file(context, wish["private_key"].encode(), 1) == 1
        self.session = ctypes.c_void_p(ssl.SSL_new(context))
        self.socket.setblocking(True)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 200_000))
        bio = ctypes.c_void_p(crypto.BIO_new_dgram(self.socket.fileno(), 0))
        peer = ctypes.create_string_buffer(128)
        family = struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(host) + b"\0" * 8
        ctypes.memmove(peer, family, len(family))
        crypto.BIO_ctrl.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]
        crypto.BIO_ctrl(bio, 32, 0, ctypes.cast(peer, ctypes.c_void_p))  # BIO_CTRL_DGRAM_SET_CONNECTED
        ssl.SSL_set_bio(self.session, bio, bio)
        end = time.monotonic() + wish.get("patience", 20)
        while True:
            done = ssl.SSL_connect(self.session)
            if done == 1:
                return
            if ssl.SSL_get_error(self.session, done) not in (2, 3) or time.monotonic() > end:
                raise NoHandshake

    def send(self, data):
        assert self.ssl.SSL_write(self.session, data, len(data)) == len(data)

    def receive(self):
        buffer = ctypes.create_string_buffer(65535)
        length = self.ssl.SSL_read(self.session, buffer, 65535)
        return buffer.raw[:length] if length > 0 else None
