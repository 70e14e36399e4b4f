//! What was asked of an account, and where no answer came: the coverage as questions look it up.

use crate::snapshot::{Coverage, Outcome};
use rustc_hash::FxHashMap;

/// Regions in which something was not read whole; `None` for a service that has no regions.
type Gaps = Vec<Option<String>>;

/// The calls of one account.
#[derive(Clone, Debug, Default)]
pub(super) struct Reads(FxHashMap<String, Service>);

#[derive(Clone, Debug, Default)]
struct Service {
    /// By operation.
    calls: FxHashMap<String, Gaps>,
    /// Of the calls that tell tags.
    tags: Gaps,
}

impl Reads {
    pub(super) fn new(coverage: &[Coverage]) -> Reads {
        let mut services: FxHashMap<String, Service> = FxHashMap::default();
        for entry in coverage {
            let service = services.entry(entry.service.clone()).or_default();
            let gaps = service.calls.entry(entry.operation.clone()).or_default();
            if is_answer(entry) {
                continue;
            }
            gaps.push(entry.region.clone());
            if lists_tags(&entry.operation) {
                service.tags.push(entry.region.clone());
            }
        }
        Reads(services)
    }

    /// Whether a call was made and read whole, in a region or in all that were asked.
    pub(super) fn whole(&self, service: &str, operation: &str, region: Option<&str>) -> bool {
        let gaps = self.0.get(service).and_then(|service| service.calls.get(operation));
        gaps.is_some_and(|gaps| !concern(gaps, region))
    }

    /// Whether a call was made and did not come through everywhere.
    pub(super) fn refused(&self, service: &str, operation: &str) -> bool {
        let gaps = self.0.get(service).and_then(|service| service.calls.get(operation));
        gaps.is_some_and(|gaps| !gaps.is_empty())
    }

    /// Whether every call that tells tags of a service came through.
    pub(super) fn tags(&self, service: &str, region: Option<&str>) -> bool {
        let of = |service: &str| !self.0.get(service).is_some_and(|service| concern(&service.tags, region));
        // The tags of these come from a service of its own.
        of(service) && (!matches!(service, "cloudwatch" | "events" | "logs") || of(TAGGING))
    }
}

/// The tagging API.
const TAGGING: &str = "tag";

/// A region that does not offer a service, or that the account has not enabled, hides nothing: nothing can be there.
fn is_answer(entry: &Coverage) -> bool {
    entry.outcome == Outcome::Ok || (entry.outcome == Outcome::Unsupported && entry.region.is_some())
}

fn concern(gaps: &Gaps, region: Option<&str>) -> bool {
    gaps.iter().any(|gap| region.is_none() || gap.is_none() || gap.as_deref() == region)
}

/// Whether the answer of an operation holds the tags of what it describes.
pub fn lists_tags(operation: &str) -> bool {
    operation.starts_with("ListTags")
        || matches!(
            operation,
            "BatchGetProjects"
                | "DescribeClusters"
                | "DescribeIdentityPool"
                | "DescribeServices"
                | "DescribeUserPool"
                | "GetAccountAuthorizationDetails"
                | "GetBucketTagging"
                | "GetOpenIDConnectProvider"
                | "GetResources"
                | "ListInstanceProfileTags"
                | "ListQueueTags"
                | "ListResourceTags"
                | "ListSAMLProviderTags"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(service: &str, operation: &str, region: Option<&str>, outcome: Outcome) -> Coverage {
        Coverage {
            service: service.to_owned(),
            operation: operation.to_owned(),
            region: region.map(str::to_owned),
            outcome,
            detail: None,
        }
    }

    #[test]
    fn a_refusal_counts_where_it_was() {
        let (here, away) = (Some("eu-west-1"), Some("us-east-1"));
        let reads = Reads::new(&[
            entry("s3", "GetBucketPolicy", here, Outcome::Ok),
            entry("s3", "GetBucketPolicy", away, Outcome::Denied),
            entry("s3", "GetBucketTagging", away, Outcome::Failed),
            entry("backup", "ListBackupVaults", here, Outcome::Ok),
            entry("backup", "ListBackupVaults", away, Outcome::Unsupported),
            // What a source does not hold at all.
            entry("dynamodb", "ListTables", None, Outcome::Unsupported),
        ]);
        assert!(reads.whole("s3", "GetBucketPolicy", here));
        assert!(!reads.whole("s3", "GetBucketPolicy", away));
        assert!(!reads.whole("s3", "GetBucketPolicy", None));
        assert!(reads.refused("s3", "GetBucketPolicy"));
        assert!(reads.tags("s3", here) && !reads.tags("s3", away) && !reads.tags("s3", None));
        assert!(reads.whole("backup", "ListBackupVaults", None) && !reads.refused("backup", "ListBackupVaults"));
        assert!(!reads.whole("dynamodb", "ListTables", None) && reads.refused("dynamodb", "ListTables"));
        // What nobody asked for is not known.
        assert!(!reads.whole("kms", "ListKeys", None) && !reads.refused("kms", "ListKeys") && reads.tags("kms", None));
    }

    #[test]
    fn alarms_and_log_groups_have_their_tags_from_elsewhere() {
        let reads = Reads::new(&[entry("tag", "GetResources", Some("eu-west-1"), Outcome::Denied)]);
        assert!(!reads.tags("logs", Some("eu-west-1")));
        assert!(reads.tags("logs", Some("us-east-1")) && reads.tags("s3", Some("eu-west-1")));
    }
}
