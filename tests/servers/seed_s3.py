#!/usr/bin/env python3
"""Buckets in both regions: one with everything, some with a part, some bare."""

import json

from comparing import HOME, OTHER, allow, client, policy

# One that keeps, one that copies, many that are nothing special.
BARE = 25


def main():
    s3 = client("s3", HOME)
    here = {"CreateBucketConfiguration": {"LocationConstraint": HOME}}
    s3.create_bucket(Bucket="shop-invoices", ObjectLockEnabledForBucket=True, **here)
    s3.put_object_lock_configuration(
        Bucket="shop-invoices",
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Years": 7}},
        },
    )
    s3.put_bucket_tagging(
        Bucket="shop-invoices",
        Tagging={"TagSet": [{"Key": "env", "Value": "prod"}, {"Key": "owner", "Value": "shop + ü"}]},
    )
    s3.put_bucket_policy(
        Bucket="shop-invoices",
        Policy=policy(allow("s3:GetObject", "arn:aws:s3:::shop-invoices/*", Principal={"AWS": "*"}, Sid="All")),
    )
    s3.put_public_access_block(
        Bucket="shop-invoices",
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": False,
            "RestrictPublicBuckets": False,
        },
    )
    s3.put_bucket_lifecycle_configuration(
        Bucket="shop-invoices",
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "old",
                    "Status": "Enabled",
                    "Filter": {
                        "And": {"Prefix": "tmp/", "Tags": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": 10}
                    },
                    "Expiration": {"Days": 30},
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
                },
                {
                    "ID": "cold",
                    "Status": "Disabled",
                    "Filter": {"Prefix": "archive/"},
                    "Transitions": [{"Days": 60, "StorageClass": "GLACIER"}],
                },
            ]
        },
    )
    s3.put_bucket_ownership_controls(
        Bucket="shop-invoices", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )
    s3.put_bucket_encryption(
        Bucket="shop-invoices",
        ServerSideEncryptionConfiguration={
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/shop"},
                    "BucketKeyEnabled": True,
                }
            ]
        },
    )

    # Buckets of us-east-1 are made without naming it.
    away = client("s3", OTHER)
    away.create_bucket(Bucket="shop-copies")
    versioned = {"VersioningConfiguration": {"Status": "Enabled"}}
    away.put_bucket_versioning(Bucket="shop-copies", **versioned)
    s3.create_bucket(Bucket="shop-pictures", **here)
    s3.put_bucket_versioning(Bucket="shop-pictures", **versioned)
    s3.put_bucket_replication(
        Bucket="shop-pictures",
        ReplicationConfiguration={
            "Role": "arn:aws:iam::123456789012:role/copy",
            "Rules": [
                {
                    "ID": "all",
                    "Priority": 1,
                    "Filter": {"Prefix": ""},
                    "Status": "Enabled",
                    "DeleteMarkerReplication": {"Status": "Disabled"},
                    "Destination": {"Bucket": "arn:aws:s3:::shop-copies", "Account": "123456789012"},
                }
            ],
        },
    )
    s3.create_bucket(Bucket="shop-suspended", **here)
    s3.put_bucket_versioning(Bucket="shop-suspended", VersioningConfiguration={"Status": "Suspended"})
    for number in range(BARE):
        s3.create_bucket(Bucket=f"shop-scratch-{number:02}", **here)
    # What lies in a bucket is nobody's business.
    s3.put_object(Bucket="shop-pictures", Key="cat", Body=json.dumps("SECRET-cat").encode())


if __name__ == "__main__":
    main()
