//! S3 buckets: what protects their objects, what copies them, what deletes them, and who may.
//!
//! Buckets are listed region by region and each is asked in its own. What a bucket does not have (a lock, a lifecycle)
//! is an empty object; what was not answered is no property at all.

use super::Call;
use super::call::client;
use super::miss::Miss;
use super::properties::{Properties, list, policy_of};
use super::reader::Scope;
use super::sts::Identity;
use crate::snapshot::{Outcome, Resource};
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    LifecycleRule, ObjectLockConfiguration, OwnershipControls, OwnershipControlsRule, PublicAccessBlockConfiguration,
    ReplicationConfiguration, ReplicationRule, ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag,
};
use futures_util::StreamExt;

const LIST_BUCKETS: Call = Call::new("s3", "ListBuckets").allowed_by("ListAllMyBuckets");
const GET_BUCKET_VERSIONING: Call = Call::new("s3", "GetBucketVersioning");
const GET_OBJECT_LOCK_CONFIGURATION: Call =
    Call::new("s3", "GetObjectLockConfiguration").allowed_by("GetBucketObjectLockConfiguration");
const GET_BUCKET_POLICY: Call = Call::new("s3", "GetBucketPolicy");
const GET_PUBLIC_ACCESS_BLOCK: Call = Call::new("s3", "GetPublicAccessBlock").allowed_by("GetBucketPublicAccessBlock");
const GET_BUCKET_LIFECYCLE_CONFIGURATION: Call =
    Call::new("s3", "GetBucketLifecycleConfiguration").allowed_by("GetLifecycleConfiguration");
const GET_BUCKET_REPLICATION: Call = Call::new("s3", "GetBucketReplication").allowed_by("GetReplicationConfiguration");
const GET_BUCKET_OWNERSHIP_CONTROLS: Call = Call::new("s3", "GetBucketOwnershipControls");
const GET_BUCKET_ENCRYPTION: Call = Call::new("s3", "GetBucketEncryption").allowed_by("GetEncryptionConfiguration");
const GET_BUCKET_ABAC: Call = Call::new("s3", "GetBucketAbac");
const GET_BUCKET_TAGGING: Call = Call::new("s3", "GetBucketTagging");

/// What this file asks. Operations and permissions differ here more than anywhere:
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
pub const CALLS: &[Call] = &[
    LIST_BUCKETS,
    GET_BUCKET_VERSIONING,
    GET_OBJECT_LOCK_CONFIGURATION,
    GET_BUCKET_POLICY,
    GET_PUBLIC_ACCESS_BLOCK,
    GET_BUCKET_LIFECYCLE_CONFIGURATION,
    GET_BUCKET_REPLICATION,
    GET_BUCKET_OWNERSHIP_CONTROLS,
    GET_BUCKET_ENCRYPTION,
    GET_BUCKET_ABAC,
    GET_BUCKET_TAGGING,
];

/// The largest page of buckets that AWS gives. Without a size the list is not cut into pages.
const PAGE: i32 = 10_000;

/// Reads every bucket that lies in a region.
///
/// Source for the list by region: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str, identity: &Identity) -> Vec<Resource> {
    scope.started("s3");
    let client = client!(aws_sdk_s3, config, region);
    let mut names = Vec::new();
    scope
        .pages(
            &LIST_BUCKETS,
            "",
            |token| client.list_buckets().bucket_region(region).max_buckets(PAGE).set_continuation_token(token).send(),
            |page| {
                let here = page.buckets.unwrap_or_default().into_iter();
                let here = here.filter(|bucket| bucket.bucket_region().is_none_or(|found| found == region));
                names.extend(here.filter_map(|bucket| bucket.name));
                page.continuation_token.filter(|token| !token.is_empty())
            },
        )
        .await;
    let buckets = futures_util::stream::iter(&names)
        .map(|name| bucket(scope, &client, region, identity, name))
        .buffered(scope.concurrency())
        .collect()
        .await;
    scope.finished("s3");
    buckets
}

/// Asks all that is to be known of one bucket. It is known to be there whatever comes of that.
async fn bucket(scope: Scope<'_>, client: &Client, region: &str, identity: &Identity, name: &str) -> Resource {
    let subject = &format!("bucket {name}");
    // With each question the code by which AWS says that the bucket has no such thing.
    let (versioning, lock, policy, public, lifecycle, replication, ownership, encryption, abac, tagging) = tokio::join!(
        scope.read(&GET_BUCKET_VERSIONING, subject, client.get_bucket_versioning().bucket(name).send()),
        scope.read_or_none(
            &GET_OBJECT_LOCK_CONFIGURATION,
            subject,
            "ObjectLockConfigurationNotFoundError",
            client.get_object_lock_configuration().bucket(name).send(),
        ),
        scope.read_or_none(
            &GET_BUCKET_POLICY,
            subject,
            "NoSuchBucketPolicy",
            client.get_bucket_policy().bucket(name).send(),
        ),
        scope.read_or_none(
            &GET_PUBLIC_ACCESS_BLOCK,
            subject,
            "NoSuchPublicAccessBlockConfiguration",
            client.get_public_access_block().bucket(name).send(),
        ),
        scope.read_or_none(
            &GET_BUCKET_LIFECYCLE_CONFIGURATION,
            subject,
            "NoSuchLifecycleConfiguration",
            client.get_bucket_lifecycle_configuration().bucket(name).send(),
        ),
        scope.read_or_none(
            &GET_BUCKET_REPLICATION,
            subject,
            "ReplicationConfigurationNotFoundError",
            client.get_bucket_replication().bucket(name).send(),
        ),
        scope.read_or_none(
            &GET_BUCKET_OWNERSHIP_CONTROLS,
            subject,
            "OwnershipControlsNotFoundError",
            client.get_bucket_ownership_controls().bucket(name).send(),
        ),
        scope.read_or_none(
            &GET_BUCKET_ENCRYPTION,
            subject,
            "ServerSideEncryptionConfigurationNotFoundError",
            client.get_bucket_encryption().bucket(name).send(),
        ),
        scope.read(&GET_BUCKET_ABAC, subject, client.get_bucket_abac().bucket(name).send()),
        scope.read_if_any(
            &GET_BUCKET_TAGGING,
            subject,
            "NoSuchTagSet",
            client.get_bucket_tagging().bucket(name).send(),
        ),
    );

    // The answer is the policy and nothing around it. S3 keeps no policy that is not JSON: what is none was cut, or comes
    // from somebody on the way.
    let is_policy = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let said = policy.as_ref().and_then(|answer| answer.as_ref()).and_then(|answer| answer.policy());
    let policy = if said.is_none_or(is_policy) {
        policy
    } else {
        let miss = Miss::new(Outcome::Failed, "an answer that is no policy");
        scope.write_down(&GET_BUCKET_POLICY, subject, Some(miss));
        None
    };
    let versioning = versioning.map(|answer| {
        Properties::default()
            .text("Status", answer.status().map(|status| status.as_str()))
            .text("MfaDelete", answer.mfa_delete().map(|status| status.as_str()))
    });
    let lock = lock.map(|answer| {
        let lock = answer.and_then(|answer| answer.object_lock_configuration);
        lock.as_ref().map(object_lock).unwrap_or_default()
    });
    let public = public.map(|answer| {
        let block = answer.and_then(|answer| answer.public_access_block_configuration);
        block.as_ref().map(public_access_block).unwrap_or_default()
    });
    let lifecycle = lifecycle.map(|answer| {
        let found = answer.and_then(|answer| answer.rules).unwrap_or_default();
        Properties::default().put("Rules", list(&found, lifecycle_rule))
    });
    let replication = replication.map(|answer| {
        let found = answer.and_then(|answer| answer.replication_configuration);
        let rules = found.as_ref().map(ReplicationConfiguration::rules).unwrap_or_default();
        Properties::default()
            .text("Role", found.as_ref().map(ReplicationConfiguration::role))
            .put("Rules", list(rules, replication_rule))
    });
    let ownership = ownership.map(|answer| {
        let controls = answer.and_then(|answer| answer.ownership_controls);
        let rules = controls.as_ref().map(OwnershipControls::rules).unwrap_or_default();
        let rule = |rule: &OwnershipControlsRule| {
            Properties::default().text("ObjectOwnership", Some(rule.object_ownership().as_str()))
        };
        Properties::default().put("Rules", list(rules, rule))
    });
    let encryption = encryption.map(|answer| {
        let found = answer.and_then(|answer| answer.server_side_encryption_configuration);
        let rules = found.as_ref().map(ServerSideEncryptionConfiguration::rules).unwrap_or_default();
        Properties::default().put("ServerSideEncryptionConfiguration", list(rules, encryption_rule))
    });
    let abac = abac.as_ref().and_then(|answer| answer.abac_status()).and_then(|abac| abac.status());
    let properties = Properties::default()
        .put("BucketName", name)
        .known("VersioningConfiguration", versioning)
        .known("ObjectLockConfiguration", lock)
        .known("PublicAccessBlockConfiguration", public)
        .known("LifecycleConfiguration", lifecycle)
        .known("ReplicationConfiguration", replication)
        .known("OwnershipControls", ownership)
        .known("BucketEncryption", encryption)
        .text("AbacStatus", abac.map(|status| status.as_str()));
    let tags = tagging.map(|answer| answer.tag_set).unwrap_or_default();
    Resource {
        arn: format!("arn:{}:s3:::{name}", identity.partition),
        kind: "AWS::S3::Bucket".to_owned(),
        region: Some(region.to_owned()),
        tags: tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        properties: properties.map(),
        policy: policy_of(policy.as_ref().map(|answer| answer.as_ref().and_then(|answer| answer.policy()))),
    }
}

fn object_lock(lock: &ObjectLockConfiguration) -> Properties {
    let rule = lock.rule().map(|rule| {
        let retention = rule.default_retention().map(|retention| {
            Properties::default()
                .text("Mode", retention.mode().map(|mode| mode.as_str()))
                .known("Days", retention.days())
                .known("Years", retention.years())
        });
        Properties::default().known("DefaultRetention", retention)
    });
    Properties::default()
        .text("ObjectLockEnabled", lock.object_lock_enabled().map(|enabled| enabled.as_str()))
        .known("Rule", rule)
}

fn public_access_block(block: &PublicAccessBlockConfiguration) -> Properties {
    Properties::default()
        .known("BlockPublicAcls", block.block_public_acls())
        .known("IgnorePublicAcls", block.ignore_public_acls())
        .known("BlockPublicPolicy", block.block_public_policy())
        .known("RestrictPublicBuckets", block.restrict_public_buckets())
}

/// A rule in CloudFormation's form: without the API's nesting of filters and expirations.
fn lifecycle_rule(rule: &LifecycleRule) -> Properties {
    let filter = rule.filter();
    let both = filter.and_then(|filter| filter.and());
    let prefix = both.and_then(|both| both.prefix()).or_else(|| filter.and_then(|filter| filter.prefix()));
    #[allow(deprecated, reason = "rules from before there were filters still have their prefix here")]
    let prefix = prefix.or_else(|| rule.prefix());
    let larger = both.and_then(|both| both.object_size_greater_than());
    let larger = larger.or_else(|| filter.and_then(|filter| filter.object_size_greater_than()));
    let smaller = both.and_then(|both| both.object_size_less_than());
    let smaller = smaller.or_else(|| filter.and_then(|filter| filter.object_size_less_than()));
    let tag = |tag: &Tag| Properties::default().put("Key", tag.key()).put("Value", tag.value());
    let one = filter.and_then(|filter| filter.tag()).map(std::slice::from_ref).unwrap_or_default();
    let tags = both.map(|both| both.tags()).unwrap_or(one);

    let expiration = rule.expiration();
    let noncurrent = rule.noncurrent_version_expiration().map(|expiration| {
        Properties::default()
            .known("NoncurrentDays", expiration.noncurrent_days())
            .known("NewerNoncurrentVersions", expiration.newer_noncurrent_versions())
    });
    let transitions = rule.transitions.as_deref().map(|transitions| {
        list(transitions, |transition| {
            Properties::default()
                .text("StorageClass", transition.storage_class().map(|class| class.as_str()))
                .known("TransitionInDays", transition.days())
                .time("TransitionDate", transition.date())
        })
    });
    let abort = rule
        .abort_incomplete_multipart_upload()
        .map(|abort| Properties::default().known("DaysAfterInitiation", abort.days_after_initiation()));
    Properties::default()
        .text("Id", rule.id())
        .text("Status", Some(rule.status().as_str()))
        .text("Prefix", prefix)
        .known("TagFilters", (!tags.is_empty()).then(|| list(tags, tag)))
        .known("ObjectSizeGreaterThan", larger)
        .known("ObjectSizeLessThan", smaller)
        .known("ExpirationInDays", expiration.and_then(|expiration| expiration.days()))
        .time("ExpirationDate", expiration.and_then(|expiration| expiration.date()))
        .known("ExpiredObjectDeleteMarker", expiration.and_then(|expiration| expiration.expired_object_delete_marker()))
        .known("NoncurrentVersionExpiration", noncurrent)
        .known("Transitions", transitions)
        .known("AbortIncompleteMultipartUpload", abort)
}

fn replication_rule(rule: &ReplicationRule) -> Properties {
    let markers = rule
        .delete_marker_replication()
        .map(|markers| Properties::default().text("Status", markers.status().map(|status| status.as_str())));
    let filter = rule.filter();
    let both = filter.and_then(|filter| filter.and());
    let prefix = both.and_then(|both| both.prefix()).or_else(|| filter.and_then(|filter| filter.prefix()));
    #[allow(deprecated, reason = "rules from before there were filters still have their prefix here")]
    let prefix = prefix.or_else(|| rule.prefix());
    let destination = rule.destination().map(|destination| {
        let translation = destination
            .access_control_translation()
            .map(|translation| Properties::default().text("Owner", Some(translation.owner().as_str())));
        let encryption = destination
            .encryption_configuration()
            .map(|encryption| Properties::default().text("ReplicaKmsKeyID", encryption.replica_kms_key_id()));
        Properties::default()
            .put("Bucket", destination.bucket())
            .text("Account", destination.account())
            .text("StorageClass", destination.storage_class().map(|class| class.as_str()))
            .known("AccessControlTranslation", translation)
            .known("EncryptionConfiguration", encryption)
    });
    Properties::default()
        .text("Id", rule.id())
        .known("Priority", rule.priority())
        .text("Status", Some(rule.status().as_str()))
        .text("Prefix", prefix)
        .known("DeleteMarkerReplication", markers)
        .known("Destination", destination)
}

fn encryption_rule(rule: &ServerSideEncryptionRule) -> Properties {
    let default = rule.apply_server_side_encryption_by_default().map(|default| {
        Properties::default()
            .text("SSEAlgorithm", Some(default.sse_algorithm().as_str()))
            .text("KMSMasterKeyID", default.kms_master_key_id())
    });
    Properties::default()
        .known("ServerSideEncryptionByDefault", default)
        .known("BucketKeyEnabled", rule.bucket_key_enabled())
}
