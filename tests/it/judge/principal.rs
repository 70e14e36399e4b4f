//! The `Principal` and `NotPrincipal` elements.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use serde_json::Value;

use super::document::strings;
use super::kleene::{False, Kleene, True, Unknown};
use super::request::{Caller, is_account_id, last_part, segments};

/// One principal as a policy writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    Everyone,
    Account(AccountName),
    User(String),
    /// By account and name: sessions do not carry the path of their role.
    Role {
        account: AccountName,
        name: String,
    },
    Session {
        account: AccountName,
        role: String,
        session: String,
    },
    FederatedUser(String),
    Service(String),
    Provider(String),
    /// The canonical id of an account, which no request of ours tells.
    CanonicalUser,
    /// The unique id of a deleted principal, a group, a partial wildcard.
    Nobody,
}

/// An account by its number and, where an ARN names it, its partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountName {
    partition: Option<String>,
    number: String,
}

impl AccountName {
    fn is_of(&self, caller: &Caller) -> bool {
        let is_partition_equal = self.partition.is_none() || self.partition.as_deref() == caller.partition();
        is_partition_equal && caller.account() == Some(&self.number)
    }
}

/// In which way a statement names the caller. The permission logic of a same-account request depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    Everyone,
    Account,
    /// An IAM user, a service or a provider by its own name.
    Own,
    Role,
    /// The session itself, of a role or of a federated user.
    Session,
}

pub fn read_principals(value: &Value) -> Option<Vec<Named>> {
    match value {
        Value::String(text) => (text == "*").then(|| vec![Named::Everyone]),
        Value::Object(kinds) => {
            let mut named = Vec::new();
            for (kind, values) in kinds {
                for text in strings(values)? {
                    named.push(match kind.as_str() {
                        "AWS" => read_aws(&text),
                        "Service" => Named::Service(text),
                        "Federated" => Named::Provider(text),
                        "CanonicalUser" => Named::CanonicalUser,
                        _ => return None,
                    });
                }
                if !["AWS", "Service", "Federated", "CanonicalUser"].contains(&kind.as_str()) {
                    return None;
                }
            }
            Some(named)
        }
        _ => None,
    }
}

pub fn read_aws(text: &str) -> Named {
    if text == "*" {
        return Named::Everyone;
    }
    if is_account_id(text) {
        return Named::Account(AccountName { partition: None, number: text.to_owned() });
    }
    let Some(["arn", partition, service, _, account, rest]) = segments(text) else { return Named::Nobody };
    let account = AccountName { partition: Some(partition.to_owned()), number: account.to_owned() };
    if text.contains(['*', '?']) {
        return Named::Nobody;
    }
    match (service, rest.split_once('/')) {
        ("iam", None) if rest == "root" => Named::Account(account),
        ("iam", Some(("user", _))) => Named::User(text.to_owned()),
        ("iam", Some(("role", path))) => Named::Role { account, name: last_part(path) },
        ("sts", Some(("assumed-role", names))) => match names.split_once('/') {
            Some((role, session)) => Named::Session { account, role: role.to_owned(), session: session.to_owned() },
            None => Named::Nobody,
        },
        ("sts", Some(("federated-user", _))) => Named::FederatedUser(text.to_owned()),
        _ => Named::Nobody,
    }
}

/// Whether the written principal is the caller, and in which way.
pub fn naming(named: &Named, caller: &Caller) -> (Naming, Kleene) {
    match (named, caller) {
        (Named::Everyone, _) => (Naming::Everyone, True),
        (Named::Account(account), _) => (Naming::Account, account.is_of(caller).into()),
        (Named::User(user), Caller::User { arn, .. }) => (Naming::Own, (user == arn).into()),
        (Named::Role { account, name }, Caller::Session { role, .. }) => {
            (Naming::Role, (account.is_of(caller) && name == role).into())
        }
        (Named::Session { account, role: named_role, session: named }, Caller::Session { role, session, .. }) => {
            // A caller given as a bare role is any of its sessions, and not surely this one.
            let is_name_equal = session.as_ref() == Some(named);
            (Naming::Session, (account.is_of(caller) && named_role == role && is_name_equal).into())
        }
        (Named::FederatedUser(named), Caller::FederatedUser { arn, .. }) => (Naming::Session, (named == arn).into()),
        (Named::Service(named), Caller::Service(name)) => (Naming::Own, (named == name).into()),
        (Named::Provider(named), Caller::Provider(name)) => (Naming::Own, (named == name).into()),
        (Named::CanonicalUser, _) => (Naming::Account, if caller.account().is_some() { Unknown } else { False }),
        _ => (Naming::Own, False),
    }
}

/// `NotPrincipal` with `Deny` spares the caller only if every ARN it goes by is listed, and never a caller with a
/// permissions boundary.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
pub fn denied_by_not_principal(listed: &[Named], caller: &Caller, has_boundary: bool) -> Kleene {
    if has_boundary {
        return True;
    }
    let is_listed = |wanted: &dyn Fn(&Named) -> Kleene| {
        Kleene::any(listed.iter().map(|named| if *named == Named::Everyone { True } else { wanted(named) }))
    };
    let by = |way: Naming| {
        is_listed(&move |named| {
            let (found, answer) = naming(named, caller);
            if found == way { answer } else { False }
        })
    };
    let account = by(Naming::Account);
    let spared = match caller {
        Caller::Root { .. } => account,
        Caller::User { .. } => account.and(by(Naming::Own)),
        Caller::Session { session: Some(_), .. } => account.and(by(Naming::Role)).and(by(Naming::Session)),
        Caller::Session { session: None, role, .. } => {
            let is_listed_by_some_session = is_listed(&|named| match named {
                // It may or may not be the caller's session that is spared.
                Named::Session { account, role: named, .. } if account.is_of(caller) && named == role => Unknown,
                _ => False,
            });
            account.and(by(Naming::Role)).and(is_listed_by_some_session)
        }
        Caller::FederatedUser { .. } => account.and(by(Naming::Session)),
        Caller::Service(_) | Caller::Provider(_) => by(Naming::Own),
        Caller::Anonymous => is_listed(&|_| False),
    };
    spared.not()
}

/// `NotPrincipal` with `Allow`: everybody who is not listed, the anonymous included.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
pub fn allowed_by_not_principal(listed: &[Named], caller: &Caller) -> Kleene {
    Kleene::any(listed.iter().map(|named| naming(named, caller).1)).not()
}
