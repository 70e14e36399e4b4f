#!/usr/bin/env python3
"""Collects the seeded account once, for all checks: `collect.py BINARY SNAPSHOT`."""

import pathlib
import sys

import comparing


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: collect.py BINARY SNAPSHOT")
    snapshot = comparing.collect(sys.argv[1], pathlib.Path(sys.argv[2]))
    account = snapshot["accounts"][0]
    comparing.expect(account["id"] == comparing.ACCOUNT, f"account {account['id']}, not {comparing.ACCOUNT}")
    arns = [item["arn"] for item in account["resources"]]
    comparing.expect(arns == sorted(arns), "the resources are not in order")
    comparing.expect(len(arns) == len(set(arns)), "a resource is there twice")
    for entry in account["coverage"]:
        if entry["outcome"] != "ok":
            detail = entry.get("detail", "")
            print(f"{entry['outcome']}: {entry['service']} {entry['operation']} {entry.get('region', '')} {detail}")
    comparing.finish()


if __name__ == "__main__":
    main()
