"""Serves moto over TLS 1.3 on a free port until standard input ends.

usage: serve.py CERTIFICATE KEY    (both PEM)

Prints the port, alone in a line. Whoever starts it holds the other end of its standard input, so
that it ends with its parent, however that one ends.
"""

import logging
import os
import ssl
import sys
import threading

# moto takes any type and any image otherwise, and EC2 does not.
os.environ["MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION"] = "1"
os.environ["MOTO_ENABLE_AMI_VALIDATION"] = "1"

from moto.moto_server.werkzeug_app import (  # noqa: E402  (moto reads the environment when imported)
    DomainDispatcherApplication,
    create_backend_app,
)
from werkzeug.serving import make_server  # noqa: E402

logging.getLogger("werkzeug").setLevel(logging.ERROR)

certificate, key = sys.argv[1:]
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.minimum_version = ssl.TLSVersion.TLSv1_3
tls.load_cert_chain(certificate, key)
application = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", 0, application, threaded=True, ssl_context=tls)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
