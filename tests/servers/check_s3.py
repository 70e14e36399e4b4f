#!/usr/bin/env python3
"""Compares S3 in the snapshot with what boto3 says: `check_s3.py BINARY SNAPSHOT`."""

import botocore.exceptions

import comparing
from comparing import REGIONS, client, outcomes, resource, some


def ask(s3, operation, name, absent):
    """The answer, or nothing where S3 says that the bucket has no such thing."""
    try:
        return getattr(s3, operation)(Bucket=name)
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != absent:
            raise
        return {}


def lifecycle_rule(said):
    both = said.get("Filter", {}).get("And", said.get("Filter", {}))
    tags = both.get("Tags", [both["Tag"]] if "Tag" in both else None)
    expiration = said.get("Expiration", {})
    transitions = [
        some(StorageClass=item["StorageClass"], TransitionInDays=item.get("Days")) for item in said.get("Transitions", [])
    ]
    return some(
        Id=said["ID"],
        Status=said["Status"],
        Prefix=both.get("Prefix", said.get("Prefix")),
        TagFilters=tags,
        ObjectSizeGreaterThan=both.get("ObjectSizeGreaterThan"),
        ObjectSizeLessThan=both.get("ObjectSizeLessThan"),
        ExpirationInDays=expiration.get("Days"),
        ExpiredObjectDeleteMarker=expiration.get("ExpiredObjectDeleteMarker"),
        NoncurrentVersionExpiration=said.get("NoncurrentVersionExpiration"),
        AbortIncompleteMultipartUpload=said.get("AbortIncompleteMultipartUpload"),
        Transitions=transitions or None,
    )


def replication_rule(said):
    keys = ["Priority", "Status", "DeleteMarkerReplication", "Destination"]
    prefix = said.get("Filter", {}).get("Prefix", said.get("Prefix"))
    return some(Id=said["ID"], Prefix=prefix, **{key: said.get(key) for key in keys})


def encryption_rule(said):
    return some(
        ServerSideEncryptionByDefault=said.get("ApplyServerSideEncryptionByDefault"),
        BucketKeyEnabled=said.get("BucketKeyEnabled"),
    )


def bucket(s3, name, region):
    versioning = s3.get_bucket_versioning(Bucket=name)
    lock = ask(s3, "get_object_lock_configuration", name, "ObjectLockConfigurationNotFoundError")
    public = ask(s3, "get_public_access_block", name, "NoSuchPublicAccessBlockConfiguration")
    lifecycle = ask(s3, "get_bucket_lifecycle_configuration", name, "NoSuchLifecycleConfiguration")
    replication = ask(s3, "get_bucket_replication", name, "ReplicationConfigurationNotFoundError")
    replication = replication.get("ReplicationConfiguration", {})
    ownership = ask(s3, "get_bucket_ownership_controls", name, "OwnershipControlsNotFoundError")
    encryption = ask(s3, "get_bucket_encryption", name, "ServerSideEncryptionConfigurationNotFoundError")
    encryption = encryption.get("ServerSideEncryptionConfiguration", {})
    tags = ask(s3, "get_bucket_tagging", name, "NoSuchTagSet").get("TagSet", [])
    properties = {
        "BucketName": name,
        "VersioningConfiguration": some(Status=versioning.get("Status"), MfaDelete=versioning.get("MFADelete")),
        "ObjectLockConfiguration": lock.get("ObjectLockConfiguration", {}),
        "PublicAccessBlockConfiguration": public.get("PublicAccessBlockConfiguration", {}),
        "LifecycleConfiguration": {"Rules": [lifecycle_rule(rule) for rule in lifecycle.get("Rules", [])]},
        "ReplicationConfiguration": some(
            Role=replication.get("Role"), Rules=[replication_rule(rule) for rule in replication.get("Rules", [])]
        ),
        "OwnershipControls": {"Rules": ownership.get("OwnershipControls", {}).get("Rules", [])},
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [encryption_rule(rule) for rule in encryption.get("Rules", [])]
        },
        "AbacStatus": s3.get_bucket_abac(Bucket=name)["AbacStatus"]["Status"],
    }
    return resource(
        f"arn:aws:s3:::{name}",
        "AWS::S3::Bucket",
        region,
        properties,
        {tag["Key"]: tag["Value"] for tag in tags},
        ask(s3, "get_bucket_policy", name, "NoSuchBucketPolicy").get("Policy"),
    )


def main():
    _, snapshot = comparing.arguments()
    for (operation, region), (outcome, detail) in outcomes(snapshot, "s3").items():
        comparing.expect(outcome == "ok", f"{operation} in {region}: {outcome}, {detail}")
    wanted = []
    for region in REGIONS:
        s3 = client("s3", region)
        names = [item["Name"] for item in s3.list_buckets(BucketRegion=region, MaxBuckets=1000)["Buckets"]]
        wanted.extend(bucket(s3, name, region) for name in names)
    comparing.expect(len(wanted) > 25, f"only {len(wanted)} buckets")
    abac = {item["properties"]["AbacStatus"] for item in wanted}
    comparing.expect(abac == {"Enabled", "Disabled"}, f"GetBucketAbac answered {abac}")
    comparing.expect_resources(snapshot, ("AWS::S3::",), wanted)
    comparing.finish()


if __name__ == "__main__":
    main()
