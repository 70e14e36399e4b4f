#!/usr/bin/env python3
"""What each call of the collectors may answer, member by member, from botocore's models.

    shapes.py           compares with tests/cases/collect/shapes.json
    shapes.py --update  writes it

The Rust test `marked` fills every member of every answer with a mark and looks for the marks in all that the program
writes. It needs no Python: this script keeps its file true to AWS's models.

A shape is written short. A string is a scalar: `s` text, `!` text that the model calls sensitive, `e VALUE` the first
value of an enumeration, `b` boolean, `n` and `f` numbers, `t` and `T` times as numbers and as text, `x` bytes. An object is a
structure by the names on the wire. An array is a list, `["list", SHAPE, NAME]`, or a map, `["map", KEY, VALUE, ...]`;
NAME is that of an element in XML, `""` for a list without an element around it. Members of headers, tokens of pages,
and shapes within themselves are left out.
"""

import json
import pathlib
import re
import sys

from stubbing import data

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE = ROOT / "tests/cases/collect/shapes.json"
CALL = re.compile(r'Call::new\(\s*"([a-z0-9-]+)",\s*"([A-Za-z0-9]+)"')
# IAM's namespace to botocore's folder, and to the name that requests are signed with, where they differ.
FOLDERS = {"tag": "resourcegroupstaggingapi"}
SIGNED = {"tag": "tagging", "cloudwatch": "monitoring"}


def newest(service):
    import botocore

    folder = pathlib.Path(botocore.__file__).parent / "data" / service
    return max(path.name for path in folder.iterdir())


def tokens(pages, operation):
    """The members of an answer that lead to the next page."""
    found = set()
    for key in ("output_token", "more_results"):
        value = pages.get(operation, {}).get(key, [])
        found.update(value if isinstance(value, list) else [value])
    return found | {"NextToken", "nextToken", "Marker", "NextMarker", "IsTruncated", "ContinuationToken"}


class Model:
    def __init__(self, service):
        folder = FOLDERS.get(service, service)
        version = newest(folder)
        self.model = data(folder, version, "service-2.json")
        self.shapes = self.model["shapes"]
        try:
            self.pages = data(folder, version, "paginators-1.json")["pagination"]
        except OSError:
            self.pages = {}
        self.protocol = self.model["metadata"]["protocol"]
        # The only service that the program does not ask in the protocol that botocore lists first.
        if "smithy-rpc-v2-cbor" in self.model["metadata"].get("protocols", []):
            self.protocol = "cbor"
        self.xml = self.protocol in ("query", "rest-xml")

    def short(self, name, above=(), drop=(), flattened=False):
        shape = self.shapes[name]
        kind = shape["type"]
        if name in above:
            return None
        above = (*above, name)
        if kind == "structure":
            return self.members(shape, above, drop)
        if kind == "list":
            inner = self.short(shape["member"]["shape"], above)
            element = "" if flattened else shape["member"].get("locationName", "member")
            return None if inner is None else ["list", inner, *([element] if self.xml else [])]
        if kind == "map":
            key, value = self.short(shape["key"]["shape"], above), self.short(shape["value"]["shape"], above)
            return None if value is None else ["map", key, value]
        if kind == "string":
            if shape.get("sensitive"):
                return "!"
            return f"e {shape['enum'][0]}" if "enum" in shape else "s"
        if kind == "timestamp":
            text = shape.get("timestampFormat") == "iso8601" or (self.xml and "timestampFormat" not in shape)
            return "T" if text else "t"
        return {"boolean": "b", "blob": "x", "double": "f", "float": "f"}.get(kind, "n")

    def members(self, shape, above, drop):
        found = {}
        for name, member in shape["members"].items():
            if name in drop or member.get("location") in ("header", "headers", "statusCode"):
                continue
            kind = self.shapes[member["shape"]]
            flattened = member.get("flattened") or kind.get("flattened")
            inner = self.short(member["shape"], above, flattened=flattened)
            wire = member.get("locationName", name)
            if self.xml and kind.get("flattened"):
                wire = kind["member"].get("locationName", wire)
            if inner is not None:
                found[wire] = inner
        if shape.get("union") and found:
            # Only one may be there: the one that has most to say.
            wire = max(found, key=lambda wire: len(json.dumps(found[wire])))
            found = {wire: found[wire]}
        return found

    def answer(self, operation):
        output = self.model["operations"][operation].get("output")
        if output is None:
            return {}
        shape = self.shapes[output["shape"]]
        payload = shape.get("payload")
        if payload:
            return self.short(shape["members"][payload]["shape"])
        return self.short(output["shape"], drop=tokens(self.pages, operation))


def collect():
    """Service to protocol and operations."""
    calls = set()
    for path in sorted((ROOT / "src/collect").glob("*.rs")):
        source = path.read_text(encoding="utf-8").split("#[cfg(test)]")[0]
        calls.update(CALL.findall(source))
    services = {}
    for service, operation in sorted(calls):
        if (service, operation) == ("sts", "GetCallerIdentity"):
            continue
        signed = SIGNED.get(service, service)
        if signed not in services:
            model = Model(service)
            services[signed] = {"protocol": model.protocol, "operations": {}}
        services[signed]["operations"][operation] = model.answer(operation)
    return services


def main():
    lines = []
    for service, entry in collect().items():
        head = f'  {json.dumps(service)}: {{"protocol": {json.dumps(entry["protocol"])}, "operations": {{\n'
        operations = [f"    {json.dumps(name)}: {json.dumps(shape)}" for name, shape in entry["operations"].items()]
        lines.append(head + ",\n".join(operations) + "}}")
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    json.loads(text)
    if sys.argv[1:] == ["--update"]:
        FILE.write_text(text, encoding="utf-8")
    elif text != FILE.read_text(encoding="utf-8"):
        sys.exit(f"{FILE.name} is not what botocore's models say; run tests/servers/shapes.py --update")


if __name__ == "__main__":
    main()
