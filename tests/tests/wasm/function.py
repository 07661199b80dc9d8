"""The function of docs/examples/transform-python in the Lambda style, served over HTTP with nothing
but the standard library.

Usage: function.py FOLDER_OF_CLEAN PORT_FILE. The port it listens on goes to PORT_FILE.
"""

import base64
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])

from clean import clean  # noqa: E402


def shape(data):
    try:
        shaped = clean(data.decode())
    except ValueError:
        return {"result": "ProcessingFailed"}
    if shaped is None:
        return {"result": "Dropped"}
    text, keys = shaped
    data = base64.b64encode(text.encode()).decode("ascii")
    return {"result": "Ok", "data": data, "metadata": {"partitionKeys": keys}}


def handler(event):
    """What runs in Lambda."""
    records = event["records"]
    shaped = [shape(base64.b64decode(record["data"])) for record in records]
    return {"records": [{"recordId": r["recordId"], **s} for r, s in zip(records, shaped)]}


class Invoke(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(handler(event)).encode("utf-8")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Invoke)
    server.daemon_threads = True
    with open(sys.argv[2] + ".new", "w", encoding="ascii") as port:
        port.write(str(server.server_address[1]))
    os.rename(sys.argv[2] + ".new", sys.argv[2])
    server.serve_forever()


main()
