"""A small certificate authority made with openssl, for servers that are not of the fleet."""
import os
import re

from .oracle import in_tree


class Authority:
    """A self-signed authority in a folder of its own; `certificate` is the path of its PEM file."""

    def __init__(self, work, folder, name):
        self.work, self.folder, self.count = work, folder, 0
        os.makedirs(folder)
        self.certificate, self.key = self._path("ca.pem"), self._path("ca.key")
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650", "-subj", "/CN=" + name,
                      "-config", self._empty_configuration(), "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
                      "-addext", "subjectKeyIdentifier=hash", "-keyout", self.key, "-out", self.certificate)

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _openssl(self, *arguments):
        return in_tree(self.work, "usr/bin/openssl", *arguments)

    def _empty_configuration(self):
        """openssl's own configuration is that of a program which is not installed."""
        with open(self._path("openssl.cnf"), "w") as file:
            file.write("[req]\ndistinguished_name = name\n[name]\n")
        return file.name

    def issue(self, names, days=365):
        """Issues a server's certificate for these names and addresses; returns the paths of the certificate and its key."""
        self.count += 1
        key, request, certificate, extensions = (self._path("server%d.%s" % (self.count, end)) for end in ("key", "csr", "pem", "ext"))
        kinds = ["%s:%s" % ("IP" if re.fullmatch(r"[0-9.]+", name) else "DNS", name) for name in names]
        with open(extensions, "w") as file:
            file.write("subjectAltName=%s\nextendedKeyUsage=serverAuth\nkeyUsage=critical,digitalSignature\nbasicConstraints=critical,CA:FALSE\n" % ",".join(kinds))
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + names[0],
                      "-config", self._path("openssl.cnf"), "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", str(days),
                      "-extfile", extensions, "-out", certificate)
        return certificate, key
