"""The operator's own service at a server: takes one PUT over TLS and lays body and signature down."""
import base64, http.server, pathlib, ssl, sys

address, port, folder = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])


class Taker(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        first = self.headers["Firstlight-Signature"].split(",")[0]
        (folder / "a.keys").write_bytes(body)
        (folder / "a.keys.minisig").write_bytes(base64.b64decode(first))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer((address, port), Taker)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder / "tls.pem", folder / "tls.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
(folder / "ready").touch()
server.serve_forever()
