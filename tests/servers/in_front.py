#!/usr/bin/env python3
"""Stands in front of an emulator, and answers what the emulator lacks: `in_front.py PORT SERVICE EMULATOR FIXTURE`.

Everything else goes through unchanged. What it answers itself is checked against botocore's model when it starts, as in
stubbing.py, and is written as the service writes it. FIXTURE holds, by service and operation, a list of answers; `with`
names the parameters, or the region, for which one holds, and the first that fits is given. Lists are cut into pages.
"""

import http.client
import json
import pathlib
import re
import sys
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from stubbing import PAGE, data, problems

VERSIONS = {"lambda": "2015-03-31", "s3": "2006-03-01", "rds": "2014-10-31"}
# Headers of one connection only.
HOP = {"connection", "content-length", "keep-alive", "transfer-encoding"}


class Service:
    def __init__(self, name, fixture):
        self.name, self.fixture = name, fixture
        self.model = data(name, VERSIONS[name], "service-2.json")
        self.pages = data(name, VERSIONS[name], "paginators-1.json")["pagination"]
        self.shapes = self.model["shapes"]

    def problems(self):
        for operation, entries in self.fixture.items():
            for index, entry in enumerate(entries):
                output = self.model["operations"][operation]["output"]["shape"]
                yield from problems(self.shapes, output, entry["answer"], f"{operation}[{index}]")

    def asked(self, method, url, body):
        """The operation that the request asks for and its parameters, if it is one of the fixture's."""
        query = {key: value[0] for key, value in parse_qs(url.query, keep_blank_values=True).items()}
        if self.name == "rds":
            given = {key: value[0] for key, value in parse_qs(body.decode()).items()}
            operation = given.get("Action")
            return (operation, given) if operation in self.fixture else None
        for operation in self.fixture:
            http_of = self.model["operations"][operation]["http"]
            if self.name == "lambda":
                pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", http_of["requestUri"])
                found = re.fullmatch(pattern, url.path)
                if found and method == http_of["method"]:
                    return operation, {key: unquote(value) for key, value in found.groupdict().items()}
                continue
            word = urlsplit(http_of["requestUri"]).query
            if method == http_of["method"] and word in query and word:
                return operation, {**query, "Bucket": unquote(url.path.strip("/"))}
        return None

    def answer(self, operation, given, region):
        given = {**given, "region": region}
        for entry in self.fixture[operation]:
            if all(given.get(key) == value for key, value in entry.get("with", {}).items()):
                return self.page(operation, entry["answer"], given)
        return {}

    def page(self, operation, answer, given):
        pages = self.pages.get(operation)
        if not pages:
            return answer
        start, items = int(given.get(pages["input_token"], "0")), answer[pages["result_key"]]
        part = {**answer, pages["result_key"]: items[start : start + PAGE]}
        if start + PAGE < len(items):
            part[pages["output_token"]] = str(start + PAGE)
        return part

    def document(self, operation, answer):
        if self.name == "lambda":
            return json.dumps(answer)
        output = self.model["operations"][operation]["output"]
        shape = self.shapes[output["shape"]]
        payload = shape.get("payload")
        if payload:
            member = shape["members"][payload]
            return self.xml(member["shape"], member.get("locationName", payload), answer.get(payload, {}))
        result = self.xml(output["shape"], output.get("resultWrapper", f"{operation}Result"), answer)
        return f"<{operation}Response>{result}</{operation}Response>"

    def xml(self, name, tag, value):
        shape = self.shapes[name]
        kind = shape["type"]
        if kind == "structure":
            inner = "".join(
                self.xml(member["shape"], member.get("locationName", key), value[key])
                for key, member in shape["members"].items()
                if key in value
            )
        elif kind == "list":
            member = shape["member"]
            items = [self.xml(member["shape"], member.get("locationName", "member"), item) for item in value]
            inner = "".join(items)
        elif kind == "timestamp":
            inner = datetime.fromtimestamp(value, timezone.utc).isoformat().replace("+00:00", "Z")
        elif kind == "boolean":
            inner = str(value).lower()
        else:
            inner = escape(str(value))
        return f"<{tag}>{inner}</{tag}>"


def handler(service, emulator):
    class InFront(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = service.asked(self.command, urlsplit(self.path), body)
            if asked is None:
                return self.pass_on(body)
            # Credential=AKIA.../20261122/eu-west-1/s3/aws4_request
            scope = self.headers.get("Authorization", "").split("/")
            if len(scope) < 4 or scope[3] != service.name:
                return self.send(403, {}, b"")
            answer = service.answer(*asked, scope[2])
            text = service.document(asked[0], answer).encode()
            kind = "application/json" if service.name == "lambda" else "text/xml"
            self.send(200, {"Content-Type": kind}, text)

        def pass_on(self, body):
            connection = http.client.HTTPConnection(emulator.hostname, emulator.port, timeout=120)
            headers = {key: value for key, value in self.headers.items() if key.lower() not in HOP}
            headers["Content-Length"] = str(len(body))
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            headers = {key: value for key, value in answer.getheaders() if key.lower() not in HOP}
            text = answer.read()
            length = answer.getheader("Content-Length") if self.command == "HEAD" else None
            self.send(answer.status, headers, text, length)
            connection.close()

        def send(self, status, headers, text, length=None):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", length or str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any

        def log_message(self, *_):
            pass

    return InFront


def main():
    if len(sys.argv) != 5:
        sys.exit("usage: in_front.py PORT SERVICE EMULATOR FIXTURE")
    port, name, emulator = int(sys.argv[1]), sys.argv[2], urlsplit(sys.argv[3])
    fixture = json.loads(pathlib.Path(sys.argv[4]).read_text(encoding="utf-8"))
    service = Service(name, fixture[name])
    found = list(service.problems())
    if found:
        sys.exit("\n".join([f"{sys.argv[4]} is not what {name} would answer:", *found]))
    ThreadingHTTPServer(("127.0.0.1", port), handler(service, emulator)).serve_forever()


if __name__ == "__main__":
    main()
