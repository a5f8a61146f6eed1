"""An issuer of CI tokens for the tests: HTTPS, OpenID Connect discovery, a key set, and tokens made by PyJWT.

issuer.py CERTIFICATE KEY: serves on a loopback port, which it writes to its standard error.

GET /mint?claims=<JSON>&key=rsa|ec   a token with these claims (iss, iat and exp are added where they are missing)
GET /slow/…, /big/…, /wrong/…        an issuer that does not answer, answers 10 MiB, or is somebody else
"""

import json
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

KEYS = {"rsa": rsa.generate_private_key(65537, 2048), "ec": ec.generate_private_key(ec.SECP256R1())}
ALGORITHMS = {"rsa": ("RS256", jwt.algorithms.RSAAlgorithm), "ec": ("ES256", jwt.algorithms.ECAlgorithm)}


def key_set():
    keys = []
    for name, (algorithm, kind) in ALGORITHMS.items():
        key = kind.to_jwk(KEYS[name].public_key(), as_dict=True)
        key.pop("key_ops", None)
        keys.append(key | {"kid": name, "alg": algorithm, "use": "sig"})
    return {"keys": keys}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urlsplit(self.path)
        issuer = f"https://localhost:{self.server.server_port}"
        if url.path.startswith("/slow/"):
            time.sleep(60)
        if url.path.startswith("/big/"):
            return self.answer(b'{"issuer": "' + b"x" * (10 << 20) + b'"}')
        if url.path == "/mint":
            return self.answer(self.token(issuer, parse_qs(url.query)).encode())
        if url.path.endswith("/.well-known/openid-configuration"):
            return self.answer(json.dumps({"issuer": issuer, "jwks_uri": f"{issuer}/keys"}).encode())
        if url.path == "/keys":
            return self.answer(json.dumps(key_set()).encode())
        self.send_error(404)

    def token(self, issuer, query):
        name = query.get("key", ["rsa"])[0]
        now = int(time.time())
        claims = {"iss": issuer, "iat": now, "exp": now + 300} | json.loads(query["claims"][0])
        return jwt.encode(claims, KEYS[name], ALGORITHMS[name][0], headers={"kid": name})

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    certificate, key = sys.argv[1:]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(f"serving on {server.server_port}", file=sys.stderr, flush=True)
    server.serve_forever()


main()
