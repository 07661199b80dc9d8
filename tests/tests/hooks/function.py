"""A transformation function in the Lambda style, with nothing but the standard library, and a web
server that invokes it as the Lambda runtime does.

Usage: function.py PORT_FILE NOTES [MODE_FILE]. Prints nothing; the port it listens on goes to
PORT_FILE, and each request as a line of JSON to NOTES. MODE_FILE names what goes wrong, and is read
again for each request.
"""

import base64
import gzip
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def shape(line, attempt):
    """One access-log line: robots.txt is dropped, PUT fails, the rest becomes JSON."""
    text = line.decode("utf-8")
    request = text.split('"')[1]
    method, path, _ = request.split(" ")
    if path == "/robots.txt":
        return "Dropped", None
    if method == "PUT":
        return "ProcessingFailed", line
    shaped = {"line": text.rstrip("\n"), "path": path, "attempt": attempt}
    return "Ok", (json.dumps(shaped) + "\n").encode("utf-8")


def handler(event, context):
    """What runs in Lambda, unchanged."""
    out = []
    for record in event["records"]:
        result, data = shape(base64.b64decode(record["data"]), context["attempt"])
        answer = {"recordId": record["recordId"], "result": result}
        if data is not None:
            answer["data"] = base64.b64encode(data).decode("ascii")
        out.append(answer)
    return {"records": out}


def spoil(mode, answer):
    """What goes wrong with an answer of status 200."""
    records = answer["records"]
    if mode == "missing":
        answer["records"] = records[1:]
    elif mode == "duplicate":
        answer["records"] = records + records[:1]
    elif mode == "unknown":
        answer["records"] = records + [{"recordId": "nobody", "result": "Ok", "data": ""}]
    elif mode == "result":
        records[0]["result"] = "Perhaps"
    elif mode == "base64":
        records[0] = {"recordId": records[0]["recordId"], "result": "Ok", "data": "%%%"}
    elif mode == "nodata":
        records[0] = {"recordId": records[0]["recordId"], "result": "Ok"}
    elif mode == "huge":
        answer["padding"] = "x" * (7 * 1024 * 1024)


class Backwards:
    """Requests that came together are answered last first."""

    TOGETHER = 4

    def __init__(self):
        self.changed = threading.Condition()
        self.came = set()
        self.answered = set()

    def wait(self, position):
        """Until all are there, and those behind `position` were answered."""
        with self.changed:
            self.came.add(position)
            self.changed.notify_all()
            return self.changed.wait_for(lambda: self.is_next(position), timeout=60)

    def is_next(self, position):
        behind = {other for other in self.came if other > position}
        return len(self.came) == self.TOGETHER and behind <= self.answered

    def done(self, position):
        with self.changed:
            self.answered.add(position)
            self.changed.notify_all()


class Invoke(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    attempts = 0
    backwards = Backwards()

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Invoke.attempts += 1
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        event = json.loads(body)
        mode = self.mode()
        self.note(mode, event)
        if mode == "backwards":
            position = int(event["records"][0]["recordId"].split("-")[1])
            if not self.backwards.wait(position):
                return self.answer(500, b"alone")
            self.invoke(mode, event)
            return self.backwards.done(position)
        if mode == "slow":
            time.sleep(3)
        if mode == "cut":
            self.close_connection = True
            self.connection.close()
            return
        if mode == "500":
            return self.answer(500, b"no")
        if mode == "nonsense":
            return self.answer(200, b"<html>this is no JSON</html>")
        if mode == "list":
            return self.answer(200, b"{}")
        self.invoke(mode, event)

    def invoke(self, mode, event):
        answer = handler(event, {"attempt": Invoke.attempts})
        spoil(mode, answer)
        self.answer(200, json.dumps(answer).encode("utf-8"))

    def answer(self, status, body, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def mode(self):
        try:
            with open(sys.argv[3], encoding="ascii") as mode:
                return mode.read().strip()
        except (IndexError, OSError):
            return ""

    def note(self, mode, event):
        first = event["records"][0]["recordId"]
        note = json.dumps({
            "mode": mode,
            "records": len(event["records"]),
            "first": first,
            "connection": self.client_address[1],
            "encoding": self.headers["Content-Encoding"],
        })
        with open(sys.argv[2], "a", encoding="ascii") as notes:
            notes.write(note + "\n")


def serve(handler_class):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_class)
    server.daemon_threads = True
    with open(sys.argv[1] + ".new", "w", encoding="ascii") as port:
        port.write(str(server.server_address[1]))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    server.serve_forever()


if __name__ == "__main__":
    serve(Invoke)
