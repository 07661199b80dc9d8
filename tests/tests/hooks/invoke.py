"""The Invoke API of AWS Lambda in front of the function of function.py. Signatures are checked by
botocore, which shares nothing with the program under test.

Usage: invoke.py PORT_FILE NOTES [MODE_FILE], as function.py has it.
"""

import hashlib
import json
from urllib.parse import unquote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import function

REGION = "eu-west-1"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:shape:$LATEST"
KEYS = {"STATIC": Credentials("STATIC", "secret"), "CHAIN": Credentials("CHAIN", "other", "token")}

# What Lambda says instead of an answer: the status, and the exception.
REFUSALS = {
    "throttled": (429, "TooManyRequestsException"),
    "denied": (403, "AccessDeniedException"),
    "absent": (404, "ResourceNotFoundException"),
    "broken": (500, "ServiceException"),
    "limit": (502, "ENILimitReachedException"),
}


def is_signed(method, path, headers, body):
    """Whether a request is signed by one of KEYS, and nothing of it was changed."""
    algorithm, _, rest = headers["Authorization"].partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    key, date, region, service, end = parts["Credential"].split("/")
    signed = parts["SignedHeaders"].split(";")
    if (algorithm, region, service, end) != ("AWS4-HMAC-SHA256", REGION, "lambda", "aws4_request"):
        return False
    amazon = {name.lower() for name in headers.keys() if name.lower().startswith("x-amz-")}
    if key not in KEYS or not amazon | {"host", "content-type"} <= set(signed):
        return False
    if headers["X-Amz-Content-SHA256"] != hashlib.sha256(body).hexdigest():
        return False
    if headers["X-Amz-Security-Token"] != KEYS[key].token:
        return False
    kept = {name: headers[name] for name in signed if name != "host"}
    request = AWSRequest(method, f"http://{headers['Host']}{path}", headers=kept, data=body)
    request.context["timestamp"] = headers["X-Amz-Date"]
    auth = SigV4Auth(KEYS[key], "lambda", REGION)
    text = auth.string_to_sign(request, auth.canonical_request(request))
    return date == headers["X-Amz-Date"][:8] and auth.signature(text, request) == parts["Signature"]


class Lambda(function.Invoke):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        mode = self.mode()
        what = self.headers["X-Amz-Invocation-Type"]
        if what == "RequestResponse":
            self.note(mode, json.loads(body))
        if not is_signed(self.command, self.path, self.headers, body):
            return self.refuse(403, "InvalidSignatureException")
        if mode in REFUSALS:
            return self.refuse(*REFUSALS[mode])
        if unquote(self.path) != f"/2015-03-31/functions/{FUNCTION}/invocations":
            return self.refuse(404, "ResourceNotFoundException")
        if what == "DryRun":
            return self.answer(204, b"")
        if mode == "raises":
            error = {"errorMessage": "division by zero", "errorType": "ZeroDivisionError"}
            return self.answer(200, json.dumps(error).encode(), {"X-Amz-Function-Error": "Unhandled"})
        function.Invoke.attempts += 1
        self.invoke(mode, json.loads(body))

    def refuse(self, status, exception):
        body = json.dumps({"message": f"this is a {exception}"}).encode()
        self.answer(status, body, {"x-amzn-ErrorType": exception})


if __name__ == "__main__":
    function.serve(Lambda)
