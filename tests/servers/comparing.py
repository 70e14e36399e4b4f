"""What the seeds and the checks share: the account, clients, policies, the snapshot's words, and how to compare.

A check is a script `check_AREA.py BINARY SNAPSHOT` that ends with `comparing.finish()`. The endpoints are in the
environment, for boto3 as for the program.
"""

import json
import os
import re
import subprocess
import sys
from datetime import datetime, timezone

import boto3

ACCOUNT = "123456789012"
HOME, OTHER = "eu-west-1", "us-east-1"
REGIONS = [HOME, OTHER]

failures = []


def client(service, region=HOME):
    return boto3.client(service, region_name=region)


def policy(*statements):
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions, resources="*", **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def trust(**principal):
    """The trust policy of a role."""
    return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


# The snapshot's words -----------------------------------------------------------------------------------------------


def some(**fields):
    """The fields that have a value: the snapshot leaves out what is not known."""
    return {key: value for key, value in fields.items() if value not in (None, "")}


def time(value):
    """As RFC 3339 in UTC, with as many decimals as there are."""
    if value is None:
        return None
    value = value.astimezone(timezone.utc)
    decimals = f".{value.microsecond:06}".rstrip("0") if value.microsecond else ""
    return f"{value:%Y-%m-%dT%H:%M:%S}{decimals}Z"


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def resource(arn, kind, region, properties, tags=None, policy=None):
    """A resource; `policy` as JSON text or parsed."""
    policy = json.loads(policy) if isinstance(policy, str) else policy
    return some(arn=arn, type=kind, region=region, properties=properties, policy=policy) | {"tags": tags or {}}


# Comparing ----------------------------------------------------------------------------------------------------------


def expect(good, text):
    if not good:
        failures.append(text)


def same_time(said, wanted):
    """Whether two times differ by what a floating-point number on the wire loses."""
    form = r"\d{4}-\d\d-\d\dT[0-9:.]+Z"
    texts = isinstance(said, str) and isinstance(wanted, str)
    both = texts and re.fullmatch(form, said) and re.fullmatch(form, wanted)
    return bool(both) and abs(instant(said) - instant(wanted)) < 0.001


def differences(said, wanted, where):
    """Where two JSON values differ."""
    if isinstance(said, dict) and isinstance(wanted, dict):
        for key in sorted(said.keys() | wanted.keys()):
            yield from differences(said.get(key), wanted.get(key), f"{where}.{key}")
    elif isinstance(said, list) and isinstance(wanted, list) and len(said) == len(wanted):
        for index, pair in enumerate(zip(said, wanted)):
            yield from differences(*pair, f"{where}[{index}]")
    elif said != wanted and not same_time(said, wanted):
        yield f"{where}: the snapshot says {json.dumps(said)}, AWS says {json.dumps(wanted)}"


def resources_of(snapshot, *kinds):
    """The snapshot's resources of the types that begin so, by ARN."""
    found = snapshot["accounts"][0]["resources"]
    return {item["arn"]: item for item in found if item["type"].startswith(kinds)}


def expect_resources(snapshot, kinds, wanted):
    """Holds the resources of these types against the wanted ones, field by field."""
    said, wanted = resources_of(snapshot, *kinds), {item["arn"]: item for item in wanted}
    for arn in sorted(said.keys() | wanted.keys()):
        failures.extend(differences(said.get(arn), wanted.get(arn), arn))


def outcomes(snapshot, *services):
    """Operation and region, to outcome and detail, of some services or of all."""
    entries = snapshot["accounts"][0]["coverage"]
    return {
        (entry["operation"], entry.get("region")): (entry["outcome"], entry.get("detail", ""))
        for entry in entries
        if not services or entry["service"] in services
    }


def expect_read(snapshot, *services):
    """Everything that was asked of the services was answered."""
    found = outcomes(snapshot, *services)
    expect(found, f"nothing was asked of {', '.join(services)}")
    for (operation, region), (outcome, detail) in found.items():
        expect(outcome == "ok", f"{operation} in {region}: {outcome}, {detail}")


# The program --------------------------------------------------------------------------------------------------------


def run(binary, *arguments, code, **environment):
    """The program's output; its exit code must be one of `code`."""
    done = subprocess.run(
        [binary, *arguments], capture_output=True, text=True, timeout=600, env={**os.environ, **environment}
    )
    words = " ".join(["foureyes", *arguments])
    expect(done.returncode in code, f"`{words}` exited with {done.returncode}, not {code}:\n{done.stderr}")
    expect("SECRET" not in done.stdout + done.stderr, f"`{words}` prints a secret")
    return done.stdout


def regions():
    """The arguments for both regions."""
    return [word for region in REGIONS for word in ("--region", region)]


def collect(binary, path, *arguments, code=(0, 3), **environment):
    """Collects the account into a file and gives its content."""
    run(binary, "collect", "--out", str(path), *regions(), *arguments, code=code, RUST_LOG="trace", **environment)
    if not path.exists():
        sys.exit("\n".join(failures + [f"{path.name} was not written"]))
    text = path.read_text(encoding="utf-8")
    expect("SECRET" not in text, f"{path.name} holds a secret")
    return json.loads(text)


def arguments():
    """The binary and the snapshot that a check was given."""
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} BINARY SNAPSHOT")
    with open(sys.argv[2], encoding="utf-8") as file:
        return sys.argv[1], json.load(file)


def finish():
    """Prints every difference, and exits with 1 if there is any."""
    if failures:
        print(f"{len(failures)} differences:", *failures[:50], sep="\n  ", file=sys.stderr)
        sys.exit(1)
    print(f"{sys.argv[0]}: the snapshot says what AWS says")
