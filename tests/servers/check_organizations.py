#!/usr/bin/env python3
"""Compares the organisation in the snapshot with what boto3 says, and collects some of its accounts."""

import json
import os
import pathlib
import sys
import tempfile

import comparing
from comparing import ACCOUNT, HOME, client, differences, expect, failures, run

KINDS = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"]
LIMITS = ("DescribeOrganization", "ListRoots", "ListAccountsForParent", "ListPolicies", "ListTargetsForPolicy")


def all_of(operation, member, **arguments):
    api = client("organizations", "us-east-1")
    return [item for page in api.get_paginator(operation).paginate(**arguments) for item in page[member]]


def wanted():
    """The organisation in the snapshot's words, and account to parent and policies."""
    api = client("organizations", "us-east-1")
    said = api.describe_organization()["Organization"]

    def attached(target):
        found = [all_of("list_policies_for_target", "Policies", TargetId=target, Filter=kind) for kind in KINDS]
        return sorted(item["Id"] for items in found for item in items)

    roots, units, accounts, policies = [], [], {}, []
    for root in all_of("list_roots", "Roots"):
        roots.append({"id": root["Id"], "name": root["Name"], "policies": attached(root["Id"])})
    parents = [root["id"] for root in roots]
    while parents:
        parent = parents.pop()
        for item in all_of("list_accounts_for_parent", "Accounts", ParentId=parent):
            accounts[item["Id"]] = (item["Name"], parent, attached(item["Id"]), item["Status"])
        for item in all_of("list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent):
            units.append(
                {"id": item["Id"], "name": item["Name"], "parent": parent, "policies": attached(item["Id"])}
            )
            parents.append(item["Id"])
    for kind in KINDS:
        for item in all_of("list_policies", "Policies", Filter=kind):
            content = api.describe_policy(PolicyId=item["Id"])["Policy"]["Content"]
            policies.append(
                {"id": item["Id"], "name": item["Name"], "type": item["Type"], "document": json.loads(content)}
            )
    delegated = []
    for item in all_of("list_delegated_administrators", "DelegatedAdministrators"):
        services = all_of("list_delegated_services_for_account", "DelegatedServices", AccountId=item["Id"])
        delegated.append({"account": item["Id"], "services": sorted(one["ServicePrincipal"] for one in services)})
    by_id = lambda items: sorted(items, key=lambda item: item.get("id", item.get("account")))
    organization = {
        "id": said["Id"],
        "management_account": said["MasterAccountId"],
        "roots": by_id(roots),
        "units": by_id(units),
        "policies": by_id(policies),
        "delegated_administrators": by_id(delegated),
    }
    return organization, accounts


def check_members(binary, organization, accounts):
    """Three accounts of a unit, each into its file; a second run reads nothing again; one report of all."""
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/accounts/"
        words = ["collect", "--organization", "--unit", "prod", "--out", out, "--region", HOME]
        run(binary, *words, code=[0, 3])
        prod = next(unit["id"] for unit in organization["units"] if unit["name"] == "prod")
        inside = sorted(account for account, (_, parent, _, _) in accounts.items() if parent == prod)
        expect(len(inside) == 3, f"{len(inside)} accounts in the unit")
        for account in inside:
            path = pathlib.Path(out, f"{account}.json")
            said = json.loads(path.read_text(encoding="utf-8"))
            failures.extend(differences(said["organization"], organization, account))
            one = said["accounts"][0]
            _, parent, policies, _ = accounts[account]
            expect((one["id"], one["parent"]) == (account, parent), f"{account}: {one['id']} in {one['parent']}")
            expect(one.get("policies", []) == policies, f"{account}: {one.get('policies')}, not {policies}")
            expect(one["alias"] == f"acme-{account}", f"{account}: {one['alias']}")
            users = [user["UserName"] for user in one["authorization_details"]["UserDetailList"]]
            expect(users == [f"user-of-{account}"], f"{account}: {users}")
            arn = f"arn:aws:dynamodb:{HOME}:{account}:table/orders"
            expect(any(item["arn"] == arn for item in one["resources"]), f"{account}: no {arn}")
            expect((path.stat().st_mode & 0o777) == 0o600, f"{path.name} may be read by others")
        before = {path.name: path.read_bytes() for path in pathlib.Path(out).iterdir()}
        run(binary, *words, "--fresh-for", "1h", code=[0, 3])
        after = {path.name: path.read_bytes() for path in pathlib.Path(out).iterdir()}
        clean = all(
            entry["outcome"] in ("ok", "unsupported", "denied")
            for text in before.values()
            for entry in json.loads(text)["accounts"][0]["coverage"]
        )
        expect(before == after or not clean, "fresh accounts were read again")
        report = json.loads(run(binary, "audit", "--snapshot", out, "--format", "json", code=[0, 1, 3]))
        found = sorted(item["id"] for item in report["subject"]["accounts"]) if "subject" in report else inside
        expect(found == inside, f"the report is about {found}")


def main():
    binary, snapshot = comparing.arguments()
    organization, accounts = wanted()
    expect(len(accounts) > 30, f"only {len(accounts)} accounts")
    failures.extend(differences(snapshot["organization"], organization, "organization"))
    own = snapshot["accounts"][0]
    _, parent, policies, _ = accounts[ACCOUNT]
    expect((own["parent"], own.get("policies", [])) == (parent, policies), f"{own['parent']}, {own.get('policies')}")
    said = comparing.outcomes(snapshot, "organizations")
    for operation in LIMITS:
        expect(said[(operation, None)][0] == "ok", f"{operation}: {said[(operation, None)]}")
    check_members(binary, organization, accounts)
    comparing.finish()


if __name__ == "__main__":
    main()
