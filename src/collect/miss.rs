//! Why a call brought no answer, in words fit for a report.

use crate::snapshot::Outcome;
use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use std::error::Error;

/// The longest text that is taken over from outside.
const LONGEST: usize = 300;

/// A call without an answer.
#[derive(Debug)]
pub(super) struct Miss {
    /// How it goes into the coverage.
    pub outcome: Outcome,
    /// AWS's error code, or a few words.
    pub reason: String,
    /// The host name is not known: what a service that a region does not have looks like from outside.
    pub no_such_host: bool,
    /// Nobody answered.
    pub no_answer: bool,
}

impl Miss {
    pub fn new(outcome: Outcome, reason: impl Into<String>) -> Miss {
        Miss { outcome, reason: reason.into(), no_such_host: false, no_answer: false }
    }

    fn no_answer(reason: impl Into<String>) -> Miss {
        Miss { no_answer: true, ..Miss::new(Outcome::Failed, reason) }
    }

    /// Whether more of the same would get no answer either: nobody is there, or nobody has time.
    pub fn is_silence(&self) -> bool {
        self.no_answer || self.outcome == Outcome::Throttled
    }

    /// Sorts an error of the SDK. The text is made of error codes, never of answers: those may hold secrets.
    pub fn of<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, HttpResponse>, regional: bool) -> Miss {
        let status = error.raw_response().map(|response| response.status().as_u16()).unwrap_or_default();
        match error {
            SdkError::ServiceError(service) => match service.err().code() {
                Some(code) if regional && is_old_api(service.err().message()) => {
                    Miss::new(Outcome::Unsupported, plain(code))
                }
                Some(code) => Miss::new(outcome(code, status, regional), plain(code)),
                None => Miss::new(outcome("", status, regional), format!("HTTP {status} without an error code")),
            },
            SdkError::ResponseError(_) => {
                Miss::new(outcome("", status, regional), format!("HTTP {status} with an answer that cannot be read"))
            }
            SdkError::TimeoutError(_) => Miss::no_answer("no answer in time"),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Miss::no_answer("no connection in time"),
            other => {
                let causes = causes(other);
                let no_such_host = causes.iter().any(|cause| cause.contains("dns error"));
                let reason = causes.last().map(|cause| plain(cause)).unwrap_or_default();
                Miss { no_such_host, ..Miss::no_answer(format!("not sent: {reason}")) }
            }
        }
    }
}

/// How services of the query protocol say that a region does not have a feature, under the code of a wrong parameter:
/// RDS of global databases, for one. No page of AWS has it; the message is the only sign.
fn is_old_api(message: Option<&str>) -> bool {
    message.is_some_and(|message| message.starts_with("Access Denied to API Version"))
}

/// The messages of an error and of what caused it, outermost first.
pub(super) fn causes(error: &(dyn Error + 'static)) -> Vec<String> {
    std::iter::successors(Some(error), |&error| error.source()).map(ToString::to_string).collect()
}

/// Text from outside without control characters, and not too much of it.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect()
}

fn outcome(code: &str, status: u16, regional: bool) -> Outcome {
    /// As the SDK's own retry classifier has them.
    const THROTTLED: &[&str] = &[
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    ];
    const NOT_OFFERED: &[&str] = &["InvalidAction", "UnknownOperationException", "UnsupportedOperationException"];
    /// What a region answers that the account has not enabled, or where the session token is not valid. The credentials
    /// themselves are good: STS has said who they are.
    const NOT_ENABLED: &[&str] = &["InvalidClientTokenId", "OptInRequired", "UnrecognizedClientException"];
    /// Refused by the door, not by a policy: no permission would help.
    const NOT_IDENTIFIED: &[&str] = &[
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    ];
    const DENIED: &[&str] = &["AccessDenied", "AuthorizationError", "Forbidden", "NotAuthorized", "Unauthorized"];

    if status == 429 || THROTTLED.contains(&code) {
        Outcome::Throttled
    } else if NOT_OFFERED.contains(&code) || (regional && NOT_ENABLED.contains(&code)) {
        Outcome::Unsupported
    } else if NOT_IDENTIFIED.contains(&code) {
        Outcome::Failed
    } else if matches!(status, 401 | 403) || DENIED.iter().any(|start| code.starts_with(start)) {
        Outcome::Denied
    } else {
        Outcome::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted() {
        for (code, status, expected) in [
            ("AccessDeniedException", 400, Outcome::Denied),
            ("AccessDenied", 403, Outcome::Denied),
            ("UnauthorizedException", 401, Outcome::Denied),
            ("", 403, Outcome::Denied),
            ("ThrottlingException", 400, Outcome::Throttled),
            ("", 429, Outcome::Throttled),
            ("UnrecognizedClientException", 400, Outcome::Unsupported),
            ("UnknownOperationException", 400, Outcome::Unsupported),
            ("ExpiredTokenException", 403, Outcome::Failed),
            ("InternalServerError", 500, Outcome::Failed),
            ("", 500, Outcome::Failed),
        ] {
            assert_eq!(outcome(code, status, true), expected, "{code} {status}");
        }
        // A global service knows no region that is not enabled.
        assert_eq!(outcome("InvalidClientTokenId", 403, false), Outcome::Failed);
    }

    #[test]
    fn text_from_outside_is_plain() {
        assert_eq!(plain("a\u{1b}[31m\nb"), "a [31m b");
        assert_eq!(plain(&"x".repeat(1000)).len(), LONGEST);
    }
}
