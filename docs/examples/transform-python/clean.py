"""Access-log lines become JSON objects. Plain Python, so that it can be tested without Standpipe."""

import json
import re

LINE = re.compile(
    r'([^ ]+) [^ ]+ ([^ ]+) \[([^\]]+)\] "([A-Z]+) ([^ "]+)[^"]*" ([0-9]{3}) ([0-9]+|-)(?: |$)'
)


def clean(line: str) -> tuple[str, dict[str, str]] | None:
    """The object and its partition keys; None leaves the line out. Raises ValueError on another line."""
    match = LINE.match(line)
    if match is None:
        raise ValueError("this is no line of an access log")
    host, user, time, method, path, status, size = match.groups()
    if path == "/favicon.ico":
        return None
    shaped = {
        "host": host,
        "user": None if user == "-" else user,
        "time": time,
        "method": method,
        "path": path,
        "status": int(status),
        "bytes": 0 if size == "-" else int(size),
    }
    text = json.dumps(shaped, ensure_ascii=False, separators=(",", ":"))
    return text, {"class": status[0] + "xx"}
