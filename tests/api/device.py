"""A device in another language: registers as it is told on standard input, says what it was answered.

Only the documents were read for it: docs/api.md for the claim and the JWT.
"""

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import ssl
import sys
import time

import cbor2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def text_of(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claim(told, wish, method, target, body):
    signer = wish.get("signer", wish["id"])
    nonce = wish.get("nonce") or text_of(secrets.token_bytes(16))
    moment = "" if wish["proof"] == "challenge" else str(int(time.time()) + wish.get("skew", 0))
    if wish["proof"] == "challenge":
        nonce = wish.get("nonce") or ask(told, "GET", "/v1/challenge", {}, b"")[2]["nonce"]
    words = ["firstlight claim 1", method, target, signer, wish["group"], "group", nonce, moment]
    text = "\n".join([*words, hashlib.sha256(body).hexdigest()]) + "\n"
    owner = wish.get("key_of", wish["id"])
    secret = hashlib.sha256(f"{wish['group']}/{owner.lower()}".encode()).digest()
    info = f"firstlight claim 1\0{told['fleet']}\0{signer.lower()}".encode()
    key = HKDF(hashes.SHA256(), 32, None, info).derive(secret)
    mac = text_of(hmac.digest(key, text.encode(), "sha256"))
    when = f", time={moment}" if moment else ""
    return f'Firstlight-Claim id="{signer}", group="{wish["group"]}", key="group", nonce="{nonce}"{when}, mac="{mac}"'


def jwt(told, wish, body):
    now = int(time.time()) + wish.get("skew", 0)
    claims = {
        "sub": wish.get("signer", wish["id"]),
        "aud": wish.get("audience", told["fleet"]),
        "iat": now,
        "exp": now + 300,
        "jti": wish.get("nonce") or text_of(secrets.token_bytes(16)),
        "bod": text_of(hashlib.sha256(body).digest()),
    }
    header = {"alg": wish.get("algorithm", "ES256"), "kid": "line-key"}
    signed = ".".join(text_of(json.dumps(part).encode()) for part in (header, claims))
    with open(told["jwt_key"], "rb") as file:
        key = serialization.load_pem_private_key(file.read(), None)
    if wish.get("key_of"):
        key = ec.generate_private_key(ec.SECP256R1())
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"Bearer {signed}." + text_of(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def ask(told, method, target, headers, body, certificate=None):
    context = ssl.create_default_context(cafile=told["ca"])
    if certificate:
        context.load_cert_chain(certificate + ".pem", certificate + ".key")
    connection = http.client.HTTPSConnection("localhost", told["port"], timeout=60, context=context)
    connection.request(method, target, body or None, headers)
    answer = connection.getresponse()
    raw = answer.read()
    kind = answer.headers.get("Content-Type", "")
    value = cbor2.loads(raw) if kind == "application/cbor" else json.loads(raw) if raw else None
    connection.close()
    return answer.status, kind, value


def run(told, wish):
    method, target = wish.get("method", "POST"), wish.get("target", "/v1/register")
    fields = wish.get("body", {"id": wish["id"], "group": wish["group"]})
    cbor = wish.get("cbor", False)
    body = b"" if fields is None else cbor2.dumps(fields) if cbor else json.dumps(fields).encode()
    kind = "application/cbor" if cbor else "application/json"
    headers = {"Content-Type": kind} if body else {}
    if cbor:
        headers["Accept"] = "application/cbor"
    if wish.get("key"):
        headers["Idempotency-Key"] = wish["key"]
    if wish["proof"] in ("claim", "challenge"):
        headers["Authorization"] = claim(told, wish, method, target, body)
    elif wish["proof"] == "jwt":
        headers["Authorization"] = jwt(told, wish, body)
    if wish.get("altered"):
        body = body.replace(b"}", b' ,"vendor":"X"}')
    status, kind, value = ask(told, method, target, headers, body, wish.get("certificate"))
    again = wish.get("replayed") and ask(told, method, target, headers, body, wish.get("certificate"))
    return {"status": status, "kind": kind, "value": value, "again": again}


told = json.load(sys.stdin)
json.dump([run(told, wish) for wish in told["wishes"]], sys.stdout)
