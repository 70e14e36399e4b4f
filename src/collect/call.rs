//! The calls that may be made, and the lock that keeps it so.

use aws_sdk_sts::config::interceptors::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_sts::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_sts::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sts::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::RequestAttempts;

/// One read-only operation of the AWS API.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    /// Service namespace as in IAM and in the snapshot's coverage, such as `amplify`.
    pub service: &'static str,
    /// The operation's name in the API.
    pub operation: &'static str,
    /// The IAM action that allows it, without the service: mostly the operation's name.
    pub action: &'static str,
    /// What AWS asks for besides, without the service.
    pub besides: &'static [&'static str],
}

impl Call {
    pub(super) const fn new(service: &'static str, operation: &'static str) -> Call {
        Call { service, operation, action: operation, besides: &[] }
    }

    /// For the few operations that IAM spells in its own way.
    pub(super) const fn allowed_by(self, action: &'static str) -> Call {
        Call { action, ..self }
    }

    /// For the few operations that need more than one permission.
    pub(super) const fn and(self, besides: &'static [&'static str]) -> Call {
        Call { besides, ..self }
    }

    /// All permissions that it needs.
    pub fn permissions(&self) -> impl Iterator<Item = String> {
        let all = std::iter::once(&self.action).chain(self.besides);
        all.map(|action| format!("{}:{action}", self.service))
    }

    /// The permission, as a policy names it: `dynamodb:ListTables`.
    pub fn permission(&self) -> String {
        format!("{}:{}", self.service, self.action)
    }
}

/// Stops every request whose operation is not one of [`calls`](super::calls), before it is signed or sent. Counts those
/// that are tried again.
#[derive(Debug)]
pub struct ReadOnly;

#[dyn_dispatch_hint]
impl Intercept for ReadOnly {
    fn name(&self) -> &'static str {
        "ReadOnly"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The first try has waited for its turn.
        if bag.load::<RequestAttempts>().is_some_and(|attempts| attempts.attempts() > 1) {
            super::limits::count_retry();
        }
        Ok(())
    }

    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let listed = |sent: &Metadata| {
            let namespace = namespace(sent.service());
            super::calls().any(|call| call.operation == sent.name() && call.service == namespace)
        };
        match bag.load::<Metadata>() {
            Some(sent) if listed(sent) => Ok(()),
            Some(sent) => Err(format!("{} of {} is not a listed call", sent.name(), sent.service()).into()),
            None => Err("a request without a name".into()),
        }
    }
}

/// The IAM namespace of a service that the SDK calls `Cognito Identity Provider`, say: mostly the name itself.
fn namespace(service: &str) -> String {
    match service {
        "CloudWatch Logs" => "logs".to_owned(),
        "Cognito Identity" => "cognito-identity".to_owned(),
        "Cognito Identity Provider" => "cognito-idp".to_owned(),
        "EventBridge" => "events".to_owned(),
        "Resource Groups Tagging API" => "tag".to_owned(),
        _ => service.to_ascii_lowercase().replace(' ', ""),
    }
}

/// How many retries a client may make beyond those that calls which succeed pay for, times five: enough to outlast a time
/// of throttling, and an end to it.
const RETRIES: usize = 2_500;

/// What one client, which is one service in one region of one account, shares between its calls: the rate, which goes down
/// when AWS says that it is too high and up again when it does not, and the number of retries. AWS counts per account and
/// region, so no client slows another.
pub(super) fn lane() -> RetryPartition {
    RetryPartition::custom("client").token_bucket(TokenBucket::builder().capacity(RETRIES).build()).build()
}

/// A client of `$sdk` for one region that can make listed calls only.
macro_rules! client {
    ($sdk:ident, $config:expr, $region:expr) => {
        $sdk::Client::from_conf(
            $sdk::config::Builder::from($config)
                .region($sdk::config::Region::new($region.to_owned()))
                .interceptor(crate::collect::ReadOnly)
                .retry_partition(crate::collect::call::lane())
                .build(),
        )
    };
}
pub(super) use client;
