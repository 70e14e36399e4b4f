//! The `Principal` element: how a statement names the caller, on which it depends what its allow is worth.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use super::caller::{Caller, CallerKind};
use super::facts::{Facts, World};
use super::formula::{Atom, Formula, Key};
use super::values::ValueSet;
use crate::base::glob::Part;
use crate::base::{Arn, arn};
use crate::iam::{Effect, Element, PrincipalSpec, Test};
use std::sync::Arc;

/// How a statement of a resource policy names the caller: how much its allow is worth depends on it.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-req-context.html>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Naming {
    /// By its own ARN: a user, a session, a federated user, a service, an identity provider, the root user.
    pub own: bool,
    /// A session by the ARN of its role.
    pub role: bool,
    /// By `*`.
    pub everyone: bool,
    /// By its account.
    pub account: bool,
    /// Perhaps by its account: whose canonical id it is, is not known.
    pub undecided: bool,
}

impl Naming {
    /// Names somebody else.
    pub(super) const NOBODY: [(Naming, Formula); 2] = [(Naming::NONE, Formula::False), (Naming::NONE, Formula::False)];

    const NONE: Naming = Naming { own: false, role: false, everyone: false, account: false, undecided: false };

    const EVERYONE: Naming = Naming { everyone: true, ..Naming::NONE };

    const OWN: Naming = Naming { own: true, ..Naming::NONE };

    fn always(self) -> [(Naming, Formula); 2] {
        self.when(Formula::True)
    }

    fn when(self, under: Formula) -> [(Naming, Formula); 2] {
        let [_, nobody] = Naming::NOBODY;
        [(self, under), nobody]
    }

    /// Whether it surely names the caller.
    pub(super) fn any(self) -> bool {
        self.own || self.role || self.everyone || self.account
    }

    /// How an ARN or account number, as the grantee of something, names the caller, and under what.
    pub(super) fn by(grantee: &str, facts: &Facts<'_>) -> [(Naming, Formula); 2] {
        let spec = Spec::new(&PrincipalSpec::Aws(grantee.to_owned()));
        let mut naming = Naming::default();
        spec.name(facts.caller, &mut naming);
        let by_session = Spec::picked(std::slice::from_ref(&spec), facts);
        [(naming, Formula::True), (Naming::OWN, by_session)]
    }
}

/// What stands where it is not known whether a statement names the caller.
pub(super) fn whether_named() -> Formula {
    Formula::undecided("whether the statement names this caller")
}

/// Some session of a role has a name that the caller picks, in an open world. The key is no condition key.
pub(super) const SESSION_NAME: &str = "session name";

/// A principal as a policy writes it.
#[derive(Clone, Debug)]
pub(super) enum Spec {
    Everyone,
    Account {
        /// `None` where only the number is given.
        partition: Option<Box<str>>,
        id: Box<str>,
    },
    User(Box<str>),
    Role {
        account: Box<str>,
        name: Box<str>,
        path: Box<str>,
    },
    Session {
        account: Box<str>,
        role: Box<str>,
        session: Box<str>,
    },
    FederatedUser(Box<str>),
    Service(Box<str>),
    Federated(Box<str>),
    /// An S3 canonical user: an account, but its id does not tell which.
    CanonicalUser,
    /// Names nobody: a deleted principal's id, a group, a wildcard.
    Nobody,
}

/// How a `Principal` or `NotPrincipal` names the caller, and under what. `bounded`: the caller has a permissions boundary.
pub(super) fn naming(
    principal: &Element<Spec>,
    effect: Effect,
    facts: &Facts<'_>,
    bounded: bool,
) -> [(Naming, Formula); 2] {
    let caller = facts.caller;
    let mut listed = Naming::default();
    for spec in &principal.values {
        spec.name(caller, &mut listed);
    }
    let by_session = Spec::picked(&principal.values, facts);
    if !principal.negated {
        return [(listed, Formula::True), (Naming::OWN, by_session)];
    }
    if effect == Effect::Allow {
        return match listed {
            listed if listed.any() => Naming::NOBODY,
            Naming { undecided: true, .. } => Naming::EVERYONE.when(whether_named()),
            _ => Naming::EVERYONE.when(by_session.negate()),
        };
    }
    // A deny for everybody but those listed spares a caller only when every ARN it goes by is listed, and never one
    // with a permissions boundary.
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    if bounded {
        return Naming::EVERYONE.always();
    }
    let lists = |test: &dyn Fn(&Spec) -> bool| principal.values.iter().any(test);
    if lists(&|spec| matches!(spec, Spec::Everyone)) {
        return Naming::NOBODY;
    }
    let exactly = || lists(&|spec| spec.is_exactly(caller));
    let role = || lists(&|spec| spec.is_role_of(caller));
    let by_name = match &caller.kind {
        CallerKind::Root => true,
        CallerKind::User | CallerKind::FederatedUser | CallerKind::Service | CallerKind::Federated => exactly(),
        CallerKind::Session { .. } => role() && exactly(),
        CallerKind::Role => role() && lists(&|spec| spec.is_some_session_of(caller)),
        CallerKind::Anonymous => false,
    };
    let by_account = caller.account.is_none() || listed.account;
    match (by_name, by_account) {
        (true, true) if caller.kind != CallerKind::Role => Naming::NOBODY,
        (true, true) if facts.context.world == World::Open => Naming::EVERYONE.when(by_session.negate()),
        // It may or may not be the session that is spared.
        (true, true) => Naming::EVERYONE.when(whether_named()),
        (true, false) if listed.undecided => Naming::EVERYONE.when(whether_named()),
        _ => Naming::EVERYONE.always(),
    }
}

impl Spec {
    pub(super) fn new(spec: &PrincipalSpec) -> Spec {
        match spec {
            PrincipalSpec::Everyone => Spec::Everyone,
            PrincipalSpec::Service(name) => Spec::Service(name.as_str().into()),
            PrincipalSpec::Federated(name) => Spec::Federated(name.as_str().into()),
            PrincipalSpec::CanonicalUser(_) => Spec::CanonicalUser,
            PrincipalSpec::Aws(text) if arn::is_account_id(text) => {
                Spec::Account { partition: None, id: text.as_str().into() }
            }
            PrincipalSpec::Aws(text) => Spec::of_arn(text).unwrap_or(Spec::Nobody),
        }
    }

    fn of_arn(text: &str) -> Option<Spec> {
        let parsed = Arn::parse(text)?;
        // No wildcard is a wildcard here: it would be part of a name that nobody can have.
        if text.contains(['*', '?']) || !arn::is_account_id(parsed.account) {
            return None;
        }
        let account: Box<str> = parsed.account.into();
        let (kind, rest) = parsed.resource.split_once('/').unwrap_or((parsed.resource, ""));
        Some(match (parsed.service, kind) {
            ("iam", "root") => Spec::Account { partition: Some(parsed.partition.into()), id: account },
            ("iam", "user") => Spec::User(text.into()),
            ("iam", "role") => {
                let (path, name) = rest.rsplit_once('/').unwrap_or(("", rest));
                Spec::Role { account, name: name.into(), path: path.into() }
            }
            ("sts", "assumed-role") => {
                let (role, session) = rest.split_once('/')?;
                Spec::Session { account, role: role.into(), session: session.into() }
            }
            ("sts", "federated-user") => Spec::FederatedUser(text.into()),
            _ => return None,
        })
    }

    /// When some session of a role, whose name is its caller's to pick, is one of these.
    fn picked<'s>(specs: &'s [Spec], facts: &Facts<'_>) -> Formula {
        if facts.caller.kind != CallerKind::Role || facts.context.world != World::Open {
            return Formula::False;
        }
        let name = |spec: &'s Spec| match spec {
            Spec::Session { session, .. } if spec.is_some_session_of(facts.caller) => Some([Part::Literal(session)]),
            _ => None,
        };
        let names: Vec<[Part<'_>; 1]> = specs.iter().filter_map(name).collect();
        if names.is_empty() {
            return Formula::False;
        }
        Formula::atom(Atom::In(Key::new(SESSION_NAME), Arc::new(ValueSet::new(Test::StringEquals, &names))))
    }

    /// Notes how this names the caller, whatever the name of its session.
    fn name(&self, caller: &Caller, naming: &mut Naming) {
        match self {
            Spec::Everyone => naming.everyone = true,
            Spec::CanonicalUser => naming.undecided |= caller.account.is_some(),
            Spec::Account { .. } if self.is_account_of(caller) => {
                naming.account = true;
                naming.own |= caller.kind == CallerKind::Root;
            }
            Spec::Role { .. } if self.is_role_of(caller) => naming.role = true,
            other => naming.own |= other.is_exactly(caller),
        }
    }

    fn is_account_of(&self, caller: &Caller) -> bool {
        let Spec::Account { partition, id } = self else { return false };
        let same_partition = |partition: &str| Arn::parse(&caller.arn).is_some_and(|arn| arn.partition == partition);
        caller.account.as_deref() == Some(&**id) && partition.as_deref().is_none_or(same_partition)
    }

    /// Whether this is the caller's own ARN or name.
    fn is_exactly(&self, caller: &Caller) -> bool {
        match self {
            Spec::User(arn) => caller.kind == CallerKind::User && **arn == *caller.arn,
            Spec::FederatedUser(arn) => caller.kind == CallerKind::FederatedUser && **arn == *caller.arn,
            Spec::Session { session, .. } => match &caller.kind {
                CallerKind::Session { name } => self.is_some_session_of(caller) && name == session,
                _ => false,
            },
            Spec::Service(name) => caller.kind == CallerKind::Service && **name == *caller.arn,
            Spec::Federated(name) => caller.kind == CallerKind::Federated && **name == *caller.arn,
            _ => false,
        }
    }

    /// Whether this is the role of which the caller is a session. A session's ARN does not tell the role's path.
    fn is_role_of(&self, caller: &Caller) -> bool {
        let Spec::Role { account, name, path } = self else { return false };
        if caller.account.as_deref() != Some(&**account) || *caller.name != **name {
            return false;
        }
        match caller.kind {
            CallerKind::Session { .. } => true,
            CallerKind::Role => {
                let whole = caller.arn.rsplit_once(":role/").map_or("", |(_, whole)| whole);
                whole.rsplit_once('/').map_or("", |(path, _)| path) == &**path
            }
            _ => false,
        }
    }

    /// Whether this is a session of the role of which the caller is a session.
    fn is_some_session_of(&self, caller: &Caller) -> bool {
        match self {
            Spec::Session { account, role, .. } => {
                caller.is_role_session() && caller.account.as_deref() == Some(&**account) && caller.name == *role
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Spec {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Spec::Everyone => out.write_str("everybody"),
            Spec::Account { id, .. } => write!(out, "account {id}"),
            Spec::User(name) | Spec::FederatedUser(name) | Spec::Service(name) | Spec::Federated(name) => {
                out.write_str(name)
            }
            Spec::Role { account, name, path } if path.is_empty() => write!(out, "role {name} of account {account}"),
            Spec::Role { account, name, path } => write!(out, "role {path}/{name} of account {account}"),
            Spec::Session { account, role, session } => {
                write!(out, "session {session} of role {role} of account {account}")
            }
            Spec::CanonicalUser => out.write_str("an S3 canonical user"),
            Spec::Nobody => out.write_str("somebody who does not exist"),
        }
    }
}
