//! The standard AWS configuration: profiles, environment, SSO, endpoints, and an assumed role on top.

use super::{CollectError, Options, Regions};
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_sts::config::{IdentityCache, SharedCredentialsProvider};
use std::time::Duration;

/// How often a call is tried, the first time included. The waits between grow and are random, and the rate goes down
/// when AWS says that it is too high.
const ATTEMPTS: u32 = 8;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// `--region all` must begin somewhere.
const FIRST_REGION: &str = "us-east-1";

/// Loads the configuration that the options and the environment name.
pub(super) async fn load(options: &Options) -> Result<SdkConfig, CollectError> {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .retry_config(RetryConfig::adaptive().with_max_attempts(ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                // A slow answer leaves time for another try.
                .operation_attempt_timeout(options.call_timeout.checked_div(3).unwrap_or(options.call_timeout))
                .operation_timeout(options.call_timeout)
                .build(),
        );
    if let Ok(name) = AppName::new("foureyes") {
        loader = loader.app_name(name);
    }
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Regions::These(regions) = &options.regions
        && let Some(first) = regions.first()
    {
        loader = loader.region(Region::new(first.clone()));
    }
    let config = loader.load().await;
    match &options.role_arn {
        Some(role) => Ok(assume(&config, options, role, &home(&config, options)?).await),
        None => Ok(config),
    }
}

/// The same configuration with the credentials of a role, which is assumed when they are first needed.
pub(super) async fn assume(config: &SdkConfig, options: &Options, role: &str, home: &str) -> SdkConfig {
    let mut provider = aws_config::sts::AssumeRoleProvider::builder(role)
        .session_name(&options.role_session_name)
        .region(Region::new(home.to_owned()))
        .configure(config);
    if let Some(id) = &options.external_id {
        provider = provider.external_id(id);
    }
    let provider = SharedCredentialsProvider::new(provider.build().await);
    // One cache for all clients: each of its own would assume the role anew.
    let cache = IdentityCache::lazy().build();
    config.clone().into_builder().credentials_provider(provider).identity_cache(cache).build()
}

/// The region through which global services are asked: the first that was named, else the configured one.
pub(super) fn home(config: &SdkConfig, options: &Options) -> Result<String, CollectError> {
    let configured = config.region().map(ToString::to_string);
    let home = match &options.regions {
        Regions::These(regions) => {
            if let Some(wrong) = regions.iter().find(|region| !is_region(region)) {
                return Err(CollectError::Region(wrong.clone()));
            }
            regions.first().cloned().or(configured)
        }
        Regions::Default => configured,
        Regions::All => configured.or_else(|| Some(FIRST_REGION.to_owned())),
    };
    let home = home.ok_or(CollectError::NoRegion)?;
    if is_region(&home) { Ok(home) } else { Err(CollectError::Region(home)) }
}

/// Region codes become part of a host name, so nothing else may stand in them.
pub(super) fn is_region(text: &str) -> bool {
    let tail = text.rsplit('-').next().unwrap_or_default();
    text.contains('-')
        && text.len() <= 32
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !tail.is_empty()
        && tail.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_region;

    #[test]
    fn knows_a_region_code() {
        assert!(["eu-west-1", "us-gov-east-1", "ap-southeast-7"].into_iter().all(is_region));
        assert!(
            ["", "all", "eu-west-", "-1", "EU-WEST-1", "evil.example/#-1", "eu west-1"]
                .into_iter()
                .all(|x| !is_region(x))
        );
    }
}
