#!/usr/bin/env python3
"""A read-only AWS Amplify for tests: the five lists that the auditor reads, from a fixture.

    amplify_stub.py PORT FIXTURE

No emulator that the tests use has Amplify. So that this one cannot drift from the real one, the fixture is checked
against botocore's model of the service when the stub starts: required members, unknown members, types, enumerations.
With any of them wrong it says where and does not start. botocore is the only thing taken from outside the standard
library, and only its data file.

FIXTURE holds, by region, a list of apps: {"app": {...}, "branches": [...], "backendEnvironments": [...],
"domainAssociations": [...], "webhooks": [...]}. An app with "gone": true is listed, and answers 404 from then on.

AMPLIFY_STUB_ERRORS injects errors: "ListWebhooks=403:AccessDeniedException,ListBranches=500:InternalFailureException".
"""

import json
import os
import pathlib
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from stubbing import data, problems

# Small, so that two of anything are more than one page.
PAGE = 2

# Operation to the member of the fixture, and of the answer, that it lists.
LISTS = {
    "ListApps": "apps",
    "ListBranches": "branches",
    "ListBackendEnvironments": "backendEnvironments",
    "ListDomainAssociations": "domainAssociations",
    "ListWebhooks": "webhooks",
}


def check(model, fixture):
    """Every problem of the fixture, each list being checked as the answer of its operation."""
    shapes = model["shapes"]
    for region, apps in fixture.items():
        answers = [("ListApps", {"apps": [entry["app"] for entry in apps]}, region)]
        for entry in apps:
            where = f"{region}/{entry['app'].get('appId')}"
            unknown = entry.keys() - {"app", "gone", *LISTS.values()}
            yield from (f"{where}: `{key}` is not something the stub lists" for key in sorted(unknown))
            for operation, member in LISTS.items():
                if operation != "ListApps":
                    answers.append((operation, {member: entry.get(member, [])}, where))
        for operation, answer, where in answers:
            output = model["operations"][operation]["output"]["shape"]
            yield from problems(shapes, output, answer, f"{where} {operation}")


def routes(model):
    """A pattern for the path of each operation, as the model has it."""
    for operation in LISTS:
        uri = model["operations"][operation]["http"]["requestUri"]
        yield re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", uri) + "$"), operation


def injected():
    """Operation to status and error code."""
    pairs = (item.split("=") for item in os.environ.get("AMPLIFY_STUB_ERRORS", "").split(",") if item)
    return {operation: (int(error.split(":")[0]), error.split(":")[1]) for operation, error in pairs}


def handler(model, fixture):
    table, errors = list(routes(model)), injected()

    class Stub(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            url = urlsplit(self.path)
            for pattern, operation in table:
                match = pattern.match(url.path)
                if match:
                    return self.list(operation, match.groupdict(), parse_qs(url.query))
            self.error(404, "NotFoundException")

        def list(self, operation, path, query):
            if operation in errors:
                return self.error(*errors[operation])
            # Credential=AKIA.../20261122/eu-west-1/amplify/aws4_request
            scope = self.headers.get("Authorization", "").split("/")
            if len(scope) < 4 or scope[3] != "amplify":
                return self.error(403, "MissingAuthenticationTokenException")
            apps = fixture.get(scope[2], [])
            if operation == "ListApps":
                items = [entry["app"] for entry in apps]
            else:
                wanted = unquote(path["appId"])
                entry = next((entry for entry in apps if entry["app"]["appId"] == wanted), None)
                if entry is None or entry.get("gone"):
                    return self.error(404, "NotFoundException")
                items = entry.get(LISTS[operation], [])
            start = int(query.get("nextToken", ["0"])[0])
            end = start + min(PAGE, int(query.get("maxResults", [PAGE])[0]) or PAGE)
            answer = {LISTS[operation]: items[start:end]}
            if end < len(items):
                answer["nextToken"] = str(end)
            self.answer(200, answer)

        def error(self, status, code):
            self.answer(status, {"message": "as the test asked"}, {"x-amzn-errortype": code})

        def answer(self, status, body, headers=None):
            data = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def refuse(self):
            print(f"amplify_stub: {self.command} {self.path} is not a read", file=sys.stderr, flush=True)
            self.error(405, "BadRequestException")

        do_POST = do_PUT = do_PATCH = do_DELETE = refuse

        def log_message(self, *_):
            pass

    return Stub


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: amplify_stub.py PORT FIXTURE")
    port, path = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    fixture, model = json.loads(path.read_text(encoding="utf-8")), data("amplify", "2017-07-25", "service-2.json")
    found = list(check(model, fixture))
    if found:
        sys.exit("\n".join([f"amplify_stub: {path} is not what Amplify would answer:", *found]))
    ThreadingHTTPServer(("127.0.0.1", port), handler(model, fixture)).serve_forever()


if __name__ == "__main__":
    main()
