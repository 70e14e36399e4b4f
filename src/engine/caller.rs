//! Who makes a request.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use crate::base::{Arn, arn};
use std::fmt;
use std::sync::Arc;

/// What kind of caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CallerKind {
    /// The root user of an account.
    Root,
    /// An IAM user.
    User,
    /// Some session of a role; which one is not said.
    Role,
    /// One session of a role.
    Session {
        /// The session's name.
        name: Box<str>,
    },
    /// A session of `sts:GetFederationToken`.
    FederatedUser,
    /// An AWS service acting by itself, such as `lambda.amazonaws.com`.
    Service,
    /// Somebody who shows a token or assertion of an identity provider.
    Federated,
    /// Nobody: an unsigned request.
    Anonymous,
}

/// A caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    /// What kind.
    pub kind: CallerKind,
    /// As given: an ARN, a service principal, an identity provider, or `anonymous`.
    pub arn: Arc<str>,
    /// The account; `None` for services, identity providers and the anonymous.
    pub account: Option<Box<str>>,
    /// User or role name without path; the session name of a federated user; otherwise empty.
    pub name: Box<str>,
    /// The value of `aws:PrincipalArn`: the role's ARN for a session of it.
    pub principal_arn: Arc<str>,
    /// Whether it is (a session of) a service-linked role.
    pub service_linked: bool,
}

/// A text that names no caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is not a principal: give the ARN of a user, role, session, account root or identity provider, a service \
     principal such as `lambda.amazonaws.com`, or `anonymous`",
    .0.escape_debug()
)]
pub struct NotACaller(pub String);

impl Caller {
    /// Reads a principal.
    pub fn parse(text: &str) -> Result<Caller, NotACaller> {
        let refuse = || NotACaller(text.to_owned());
        let make = |kind, account: Option<&str>, name: &str, principal_arn: &str, service_linked| Caller {
            kind,
            arn: text.into(),
            account: account.map(Into::into),
            name: name.into(),
            principal_arn: principal_arn.into(),
            service_linked,
        };
        if text.eq_ignore_ascii_case("anonymous") {
            return Ok(make(CallerKind::Anonymous, None, "", "", false));
        }
        let Some(parsed) = Arn::parse(text) else {
            let is_service = text.contains('.') && !text.contains([':', '/', ' ', '*']);
            let is_provider = is_service && is_public_provider(text);
            return match (is_provider, is_service) {
                (true, _) => Ok(make(CallerKind::Federated, None, "", "", false)),
                (_, true) => Ok(make(CallerKind::Service, None, "", "", false)),
                _ => Err(refuse()),
            };
        };
        if !arn::is_account_id(parsed.account) {
            return Err(refuse());
        }
        let account = Some(parsed.account);
        let (kind, rest) = parsed.resource.split_once('/').unwrap_or((parsed.resource, ""));
        let last = rest.rsplit_once('/').map_or(rest, |(_, name)| name);
        match (parsed.service, kind) {
            ("iam", "root") if rest.is_empty() => Ok(make(CallerKind::Root, account, "", text, false)),
            ("iam", "user") if !last.is_empty() => Ok(make(CallerKind::User, account, last, text, false)),
            ("iam", "role") if !last.is_empty() => {
                Ok(make(CallerKind::Role, account, last, text, rest.starts_with("aws-service-role/")))
            }
            ("sts", "assumed-role") => {
                let (role, session) =
                    rest.split_once('/').filter(|(a, b)| !a.is_empty() && !b.is_empty()).ok_or_else(refuse)?;
                let role_arn = format!("arn:{}:iam::{}:role/{role}", parsed.partition, parsed.account);
                // A session ARN carries no path; service-linked roles are known by their name.
                let service_linked = role.starts_with("AWSServiceRoleFor");
                Ok(make(CallerKind::Session { name: session.into() }, account, role, &role_arn, service_linked))
            }
            ("sts", "federated-user") if !rest.is_empty() => {
                Ok(make(CallerKind::FederatedUser, account, rest, text, false))
            }
            ("iam", "oidc-provider" | "saml-provider") if !rest.is_empty() => {
                Ok(make(CallerKind::Federated, None, "", "", false))
            }
            _ => Err(refuse()),
        }
    }

    /// Whether the caller is a session of a role, named or not.
    pub fn is_role_session(&self) -> bool {
        matches!(self.kind, CallerKind::Role | CallerKind::Session { .. })
    }

    /// Whether identity policies, boundaries and service control policies exist for the caller: it belongs to an account
    /// and is not the root user.
    pub fn has_identity(&self) -> bool {
        matches!(
            self.kind,
            CallerKind::User | CallerKind::Role | CallerKind::Session { .. } | CallerKind::FederatedUser
        )
    }

    /// Whether only resource policies speak of the caller.
    pub fn is_outside_iam(&self) -> bool {
        matches!(self.kind, CallerKind::Service | CallerKind::Federated | CallerKind::Anonymous)
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.arn)
    }
}

/// Identity providers that IAM knows without an ARN.
fn is_public_provider(text: &str) -> bool {
    matches!(text, "cognito-identity.amazonaws.com" | "accounts.google.com" | "www.amazon.com" | "graph.facebook.com")
}
