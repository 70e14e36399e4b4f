//! Which regions are enabled.

use super::Call;
use super::call::client;
use super::reader::Scope;
use aws_config::SdkConfig;
use aws_sdk_account::types::RegionOptStatus::{Enabled, EnabledByDefault};

const LIST_REGIONS: Call = Call::new("account", "ListRegions");

/// What this file asks.
pub const CALLS: &[Call] = &[LIST_REGIONS];

/// The regions of each partition, for accounts that do not let themselves be asked. Source: botocore 1.43,
/// `endpoints.json`. One that is not enabled answers every call as such, and the coverage shows it.
const REGIONS: &[(&str, &[&str])] = &[
    (
        "aws",
        &[
            "af-south-1",
            "ap-east-1",
            "ap-east-2",
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-south-2",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-southeast-3",
            "ap-southeast-4",
            "ap-southeast-5",
            "ap-southeast-6",
            "ap-southeast-7",
            "ca-central-1",
            "ca-west-1",
            "eu-central-1",
            "eu-central-2",
            "eu-north-1",
            "eu-south-1",
            "eu-south-2",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "il-central-1",
            "me-central-1",
            "me-south-1",
            "mx-central-1",
            "sa-east-1",
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
        ],
    ),
    ("aws-cn", &["cn-north-1", "cn-northwest-1"]),
    ("aws-us-gov", &["us-gov-east-1", "us-gov-west-1"]),
    ("aws-eusc", &["eusc-de-east-1"]),
];

/// The regions to read where all are asked for. Those that are not enabled are left out, and the coverage names them.
pub(super) async fn regions(scope: Scope<'_>, config: &SdkConfig, home: &str, partition: &str) -> Vec<String> {
    let client = client!(aws_sdk_account, config, home);
    let (mut enabled, mut disabled) = (Vec::new(), Vec::new());
    let whole = scope
        .pages(
            &LIST_REGIONS,
            "",
            |token| client.list_regions().max_results(50).set_next_token(token).send(),
            |page| {
                for region in page.regions.unwrap_or_default() {
                    let Some(name) = region.region_name else { continue };
                    match region.region_opt_status {
                        Some(Enabled | EnabledByDefault) => enabled.push(name),
                        _ => disabled.push(name),
                    }
                }
                page.next_token.filter(|token| !token.is_empty())
            },
        )
        .await;
    if !whole {
        let known = REGIONS.iter().find(|(name, _)| *name == partition).map_or(&[][..], |(_, regions)| *regions);
        enabled.extend(known.iter().map(|region| (*region).to_owned()).filter(|region| !disabled.contains(region)));
        enabled.push(home.to_owned());
        scope.note(&LIST_REGIONS, "read the regions known to this version instead".to_owned());
    } else if !disabled.is_empty() {
        disabled.sort();
        scope.note(&LIST_REGIONS, format!("left out, not enabled: {}", disabled.join(", ")));
    }
    enabled.retain(|region| super::session::is_region(region));
    enabled.sort();
    enabled.dedup();
    enabled
}
