"""Access-log lines become JSON objects: a transformation function of Firehose, and a web server for it.

    python3 function.py [PORT]

`handler` runs in AWS Lambda as it stands. It needs nothing but Python.
"""

import base64
import json
import re
import sys
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LINE = re.compile(
    r'([^ ]+) [^ ]+ ([^ ]+) \[([^\]]+)\] "([A-Z]+) ([^ "]+)[^"]*" ([0-9]{3}) ([0-9]+|-)(?: |$)'
)


def clean(line):
    """The object of a line; None leaves the line out. Raises ValueError on another line."""
    match = LINE.match(line)
    if match is None:
        raise ValueError("this is no line of an access log")
    host, user, time, method, path, status, size = match.groups()
    if path == "/favicon.ico":
        return None
    return {
        "host": host,
        "user": None if user == "-" else user,
        "time": time,
        "method": method,
        "path": path,
        "status": int(status),
        "bytes": 0 if size == "-" else int(size),
    }


def outcome(record):
    """What becomes of one record."""
    data = base64.b64decode(record["data"])
    try:
        shaped = clean(data.decode("utf-8"))
    except ValueError:
        return {"recordId": record["recordId"], "result": "ProcessingFailed", "data": record["data"]}
    if shaped is None:
        return {"recordId": record["recordId"], "result": "Dropped"}
    text = json.dumps(shaped, ensure_ascii=False, separators=(",", ":")) + "\n"
    data = base64.b64encode(text.encode("utf-8")).decode("ascii")
    return {"recordId": record["recordId"], "result": "Ok", "data": data}


def handler(event, context):
    return {"records": [outcome(record) for record in event["records"]]}


class Invoke(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are used again

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            answer, status = handler(json.loads(body), None), 200
        except Exception as error:  # a bug: Standpipe tries again, and then the records have failed
            traceback.print_exc()
            answer, status = {"errorType": type(error).__name__, "errorMessage": str(error)}, 500
        body = json.dumps(answer).encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9001
    ThreadingHTTPServer(("127.0.0.1", port), Invoke).serve_forever()
