//! Whose account it is.

use super::call::client;
use super::miss::{Miss, causes, plain};
use super::reader::Scope;
use super::{Call, CollectError, Options};
use crate::base::{Arn, arn::is_account_id};
use aws_config::SdkConfig;
use aws_sdk_sts::error::SdkError;

const GET_CALLER_IDENTITY: Call = Call::new("sts", "GetCallerIdentity");

/// What this file asks.
pub const CALLS: &[Call] = &[GET_CALLER_IDENTITY];

/// The account that the credentials belong to.
pub(super) struct Identity {
    /// Twelve digits.
    pub account: String,
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
}

/// Asks who is calling. Without an answer there is no account to write about, so this alone ends a collection.
pub(super) async fn identity(
    scope: Scope<'_>,
    config: &SdkConfig,
    home: &str,
    options: &Options,
) -> Result<Identity, CollectError> {
    let client = client!(aws_sdk_sts, config, home);
    let answer = match scope.send(&GET_CALLER_IDENTITY, Box::pin(client.get_caller_identity().send())).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Err(refusal(&error, options)),
        Err(miss) => return Err(CollectError::Identity(miss.reason)),
    };
    let account = answer.account().unwrap_or_default().to_owned();
    if !is_account_id(&account) {
        return Err(CollectError::Identity("the answer names no twelve-digit account".to_owned()));
    }
    let partition = answer.arn().and_then(Arn::parse).map_or("aws", |arn| arn.partition).to_owned();
    scope.write_down(&GET_CALLER_IDENTITY, "", None);
    Ok(Identity { account, partition })
}

fn refusal<E>(error: &SdkError<E, aws_sdk_sts::config::http::HttpResponse>, options: &Options) -> CollectError
where
    E: aws_sdk_sts::error::ProvideErrorMetadata + std::error::Error + 'static,
{
    let network = matches!(error, SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout());
    match error {
        SdkError::ServiceError(_) | SdkError::ResponseError(_) => CollectError::Identity(Miss::of(error, false).reason),
        _ if network || matches!(error, SdkError::TimeoutError(_)) => {
            CollectError::Unreachable(Miss::of(error, false).reason)
        }
        _ => {
            let reason = credentials_reason(&causes(error));
            match &options.role_arn {
                Some(role) => CollectError::Role { role: plain(role), reason },
                None => CollectError::Credentials(match &options.profile {
                    Some(profile) => format!("profile {}: {reason}", plain(profile)),
                    None => reason,
                }),
            }
        }
    }
}

/// Which provider of credentials gave up, and why: the causes without the SDK's wrapping, without the list of
/// everything else that was tried, without the text beside an error's code, and without the standard error stream of a
/// credential_process, which is not ours to repeat.
fn credentials_reason(causes: &[String]) -> String {
    let told: Vec<&str> = causes
        .iter()
        .map(String::as_str)
        .filter(|cause| !matches!(*cause, "dispatch failure" | "other" | "service error" | "unhandled error"))
        .filter(|cause| !cause.starts_with("Error {"))
        .filter_map(|cause| cause.split("Attempted:").next()?.split("Stderr:").next())
        .map(|cause| cause.trim().trim_end_matches('.'))
        .collect();
    plain(&told.join(": "))
}

#[cfg(test)]
mod tests {
    use super::credentials_reason;

    #[test]
    fn a_failed_process_does_not_speak_through_us() {
        let causes = [
            "dispatch failure",
            "other",
            "an error occurred while loading credentials",
            "Error retrieving credentials: external process exited with code 1. Stderr: SECRET",
        ];
        assert_eq!(
            credentials_reason(&causes.map(str::to_owned)),
            "an error occurred while loading credentials: \
             Error retrieving credentials: external process exited with code 1"
        );
        let causes =
            ["an error occurred", "unhandled error (AccessDenied)", "Error { code: \"A\", message: \"SECRET\" }"];
        assert_eq!(credentials_reason(&causes.map(str::to_owned)), "an error occurred: unhandled error (AccessDenied)");
    }
}
