"""Read-only stubs of services that no emulator has, answering from a fixture.

So that a stub cannot drift from the real service, its fixture is checked against botocore's model when it starts:
operations, parameters, required members, unknown members, types, enumerations. With any of them wrong it says where and
does not start. botocore is the only thing taken from outside the standard library, and only its data files.

A fixture holds, by region, a list of answers:

    {"call": "DescribeBackupVault", "with": {"BackupVaultName": "main"}, "answer": {...}}
    {"call": "GetBackupVaultAccessPolicy", "with": {"BackupVaultName": "bare"}, "error": [400, "ResourceNotFoundException"]}

`with` names the parameters for which the answer holds; the first that fits is given. A list that the fixture does not
have is empty, anything else is not found. Lists are cut into pages of PAGE, as botocore's paginators cut them.
"""

import gzip
import importlib.util
import json
import pathlib
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

# Small, so that three of anything are more than one page.
PAGE = 2


def data(service, version, name):
    """One of botocore's data files of a service."""
    spec = importlib.util.find_spec("botocore")
    if spec is None:
        sys.exit("botocore is not installed, so a fixture cannot be checked")
    path = pathlib.Path(spec.origin).parent / "data" / service / version / name
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    with gzip.open(path.with_name(f"{name}.gz"), "rt", encoding="utf-8") as file:
        return json.load(file)


def problems(shapes, name, value, where):
    """Everything in `value` that is not as the shape `name` says."""
    shape = shapes[name]
    kind = shape["type"]
    python = {
        "structure": dict,
        "map": dict,
        "list": list,
        "string": str,
        "boolean": bool,
        "integer": int,
        "long": int,
        "float": (int, float),
        "timestamp": (int, float),
    }[kind]
    if not isinstance(value, python) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{where}: {kind} expected, found {json.dumps(value)}"
    elif kind == "structure":
        members = shape["members"]
        yield from (f"{where}: `{key}` is missing" for key in shape.get("required", []) if key not in value)
        for key, item in value.items():
            if key in members:
                yield from problems(shapes, members[key]["shape"], item, f"{where}.{key}")
            else:
                yield f"{where}: `{key}` is not a member of {name}"
    elif kind == "list":
        for index, item in enumerate(value):
            yield from problems(shapes, shape["member"]["shape"], item, f"{where}[{index}]")
    elif kind == "map":
        for key, item in value.items():
            yield from problems(shapes, shape["key"]["shape"], key, f"{where} key")
            yield from problems(shapes, shape["value"]["shape"], item, f"{where}.{key}")
    elif kind == "string":
        if "enum" in shape and value not in shape["enum"]:
            yield f"{where}: {value!r} is not one of {', '.join(shape['enum'])}"
        if not shape.get("min", 0) <= len(value) <= shape.get("max", sys.maxsize):
            yield f"{where}: {len(value)} characters, {shape.get('min', 0)} to {shape.get('max')} allowed"


class Service:
    """A service of the protocol rest-json: its model, and the answers of a fixture."""

    def __init__(self, service, version, fixture):
        self.name, self.fixture = service, fixture
        self.model = data(service, version, "service-2.json")
        self.pages = data(service, version, "paginators-1.json")["pagination"]
        self.routes = list(self.find_routes())

    def find_routes(self):
        """A pattern for the path of each reading operation; those with fewer parameters first."""
        routes = []
        for name, operation in self.model["operations"].items():
            if operation["http"]["method"] == "GET":
                uri = operation["http"]["requestUri"].rstrip("/")
                pattern = re.sub(r"\{(\w+)\+?\}", r"(?P<\1>[^/]+)", uri)
                routes.append((uri.count("{"), re.compile(f"^{pattern}/?$"), name))
        return [(pattern, name) for _, pattern, name in sorted(routes, key=lambda route: (route[0], route[2]))]

    def output(self, name):
        return self.model["operations"][name]["output"]["shape"]

    def problems(self):
        """Everything in the fixture that the service would not say."""
        shapes = self.model["shapes"]
        for region, entries in self.fixture.items():
            for index, entry in enumerate(entries):
                where = f"{region}[{index}] {entry.get('call')}"
                if entry.get("call") not in {name for _, name in self.routes}:
                    yield f"{where}: is no operation that reads"
                    continue
                for key in entry.keys() - {"call", "with", "answer", "error"}:
                    yield f"{where}: `{key}` means nothing here"
                given = self.model["shapes"][self.model["operations"][entry["call"]]["input"]["shape"]]["members"]
                for key in entry.get("with", {}):
                    if key not in given:
                        yield f"{where}: `{key}` is no parameter"
                if ("answer" in entry) == ("error" in entry):
                    yield f"{where}: needs an answer or an error"
                if "answer" in entry:
                    yield from problems(shapes, self.output(entry["call"]), entry["answer"], where)

    def parameters(self, name, path, query):
        """The parameters of a request by the names of the model."""
        shape = self.model["operations"][name].get("input", {}).get("shape")
        members = self.model["shapes"][shape]["members"] if shape else {}
        given = {**{key: unquote(value) for key, value in path.items()}, **{key: value[0] for key, value in query.items()}}
        spelt = {member.get("locationName", key): key for key, member in members.items()}
        return {spelt.get(key, key): value for key, value in given.items()}

    def answer(self, region, name, given):
        """Status, error code or none, and body."""
        for entry in self.fixture.get(region, []):
            fits = all(given.get(key) == value for key, value in entry.get("with", {}).items())
            if entry["call"] == name and fits:
                if "error" in entry:
                    return entry["error"][0], entry["error"][1], {"message": "as the fixture says"}
                return 200, None, self.page(name, entry["answer"], given)
        if name.startswith("List"):
            result = self.pages.get(name, {}).get("result_key")
            return 200, None, {result: []} if isinstance(result, str) else {}
        return 404, "ResourceNotFoundException", {"message": "not in the fixture"}

    def page(self, name, answer, given):
        pages = self.pages.get(name)
        result = pages and pages["result_key"]
        if not isinstance(result, str) or not isinstance(answer.get(result), list):
            return answer
        start = int(given.get(pages["input_token"], "0"))
        size = min(PAGE, int(given.get(pages.get("limit_key", ""), PAGE)))
        part = {**answer, result: answer[result][start : start + size]}
        if start + size < len(answer[result]):
            part[pages["output_token"]] = str(start + size)
        return part


def handler(service):
    class Stub(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            url = urlsplit(self.path)
            # Credential=AKIA.../20261122/eu-west-1/backup/aws4_request
            scope = self.headers.get("Authorization", "").split("/")
            if len(scope) < 4 or scope[3] != service.name:
                return self.send(403, "MissingAuthenticationTokenException", {})
            for pattern, name in service.routes:
                match = pattern.match(url.path)
                if match:
                    given = service.parameters(name, match.groupdict(), parse_qs(url.query))
                    return self.send(*service.answer(scope[2], name, given))
            self.send(404, "UnknownOperationException", {})

        def send(self, status, code, body):
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if code:
                self.send_header("x-amzn-errortype", code)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def refuse(self):
            print(f"{service.name}: {self.command} {self.path} is not a read", file=sys.stderr, flush=True)
            self.send(405, "BadRequestException", {})

        do_POST = do_PUT = do_PATCH = do_DELETE = refuse

        def log_message(self, *_):
            pass

    return Stub


def serve(service, version):
    """Runs the stub of a service: the arguments are a port and a fixture."""
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} PORT FIXTURE")
    port, path = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    stub = Service(service, version, json.loads(path.read_text(encoding="utf-8")))
    found = list(stub.problems())
    if found:
        sys.exit("\n".join([f"{path} is not what {service} would answer:", *found]))
    ThreadingHTTPServer(("127.0.0.1", port), handler(stub)).serve_forever()
