//! Kinds of principals: what is to be done about a right depends on who has it.
//!
//! A role is what its trust policy lets become it. Sources:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html>

use super::definitions::{Definitions, KindWords};
use crate::access::Access;
use crate::base::{Glob, arn};
use crate::iam::{Condition, Effect, Policy, PrincipalSpec, Quantifier, Test};
use crate::inventory::{Basis, DocumentId, Inventory, Principal, PrincipalId, PrincipalKind, Recognition};
use crate::paths::{OpenRole, OutsiderKind, Strangers, lets_outsiders_in, open_roles};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// What a principal is used by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// People: users, and roles that people assume.
    Person,
    /// Deployment: a role or user of a pipeline or a CI system.
    Deploy,
    /// A running program: a function, a container, a machine.
    Workload,
    /// Another environment than the one that is asked about.
    OtherEnvironment,
    /// An account outside the snapshot, or an identity provider of somebody else.
    Outside,
    /// Anyone on the internet, or everybody who signs up to the app.
    Anyone,
    /// A service of AWS: a service-linked role, which nobody can assume and nobody but AWS can change.
    Service,
    /// Nothing tells.
    Other,
}

/// A kind, and how one can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The kind, the environment left aside.
    pub kind: Kind,
    /// How one can tell, in words that follow the principal: `trusts lambda.amazonaws.com`.
    pub why: String,
    /// Whether the trust policy of a role names somebody who exists; `true` where it could not be read.
    pub assumable: bool,
    /// Whether the trust policy of a role names principals of the snapshot's own accounts only: then nobody else can
    /// become it.
    pub closed: bool,
}

/// The kinds of all principals.
#[derive(Debug)]
pub struct Kinds {
    all: Vec<Known>,
    /// Roles that let in whoever comes.
    open: Vec<OpenRole>,
}

impl Kinds {
    /// Finds the kind of every principal.
    pub fn new(access: &Access<'_>, definitions: &Definitions) -> Kinds {
        let inventory = access.inventory();
        let sorter = Sorter { inventory, deploy: &definitions.kinds.deploy, workload: &definitions.kinds.workload };
        let mut trusts: FxHashMap<DocumentId, Trust> = FxHashMap::default();
        for principal in &inventory.principals {
            if let Some(document) = principal.trust {
                trusts.entry(document).or_insert_with(|| sorter.trust(document));
            }
        }
        let kinds = |principal: &Principal| sorter.kind(principal, &trusts);
        let open = open_roles(access, &Strangers { tokens: &definitions.strangers });
        let mut kinds = Kinds { all: inventory.principals.iter().map(kinds).collect(), open };
        kinds.try_doors(access);
        kinds
    }

    /// What the words of a trust policy promise is tried: a role whose provider signs in strangers and that asks for
    /// nobody in particular is anyone's; one that names somebody outside whom an organisation keeps out is not theirs.
    fn try_doors(&mut self, access: &Access<'_>) {
        for open in &self.open {
            let Some(known) = self.all.get_mut(open.role.0 as usize) else { continue };
            if open.outsider.kind == OutsiderKind::WebIdentity && known.kind != Kind::Anyone {
                known.kind = Kind::Anyone;
                known.why = format!("lets in {}, whosever it is", open.outsider.in_words());
            }
        }
        for (id, known) in (0..).map(PrincipalId).zip(&mut self.all) {
            let is_open = matches!(known.kind, Kind::Outside | Kind::Anyone);
            if is_open && lets_outsiders_in(access, id) == Some(false) {
                known.kind = Kind::Other;
                known.why.push_str(", and nobody outside is let in");
            }
        }
    }

    /// Roles with any rights that let in whoever comes, and whom.
    pub(super) fn open_roles(&self) -> &[OpenRole] {
        &self.open
    }

    /// The kind of a principal, the environment left aside.
    pub fn of(&self, principal: PrincipalId) -> Option<&Known> {
        self.all.get(principal.0 as usize)
    }

    /// The kind of a principal where somebody asks about an environment.
    pub fn within(&self, inventory: &Inventory, principal: PrincipalId, environment: &str) -> Kind {
        match self.of(principal) {
            None => Kind::Other,
            Some(_) if self.elsewhere(inventory, principal, environment).is_some() => Kind::OtherEnvironment,
            Some(known) => known.kind,
        }
    }

    /// How one can tell the kind of a principal, in words that follow it.
    pub fn why(&self, inventory: &Inventory, principal: PrincipalId, environment: &str) -> String {
        match self.elsewhere(inventory, principal, environment) {
            Some(own) => format!("belongs to {} ({})", own.environment, own.basis),
            None => self.of(principal).map(|known| known.why.clone()).unwrap_or_default(),
        }
    }

    /// The other environment that a principal belongs to. People are told by tags and accounts, not by the name of the
    /// role that they assume; and who is outside is outside of every environment.
    fn elsewhere<'i>(
        &self,
        inventory: &'i Inventory,
        principal: PrincipalId,
        environment: &str,
    ) -> Option<&'i Recognition> {
        let known = self.of(principal)?;
        let own = inventory.principal(principal)?.environment.as_ref().filter(|own| own.environment != environment)?;
        match known.kind {
            Kind::Anyone | Kind::Outside | Kind::Service => None,
            Kind::Person if matches!(own.basis, Basis::Name(_)) => None,
            _ => Some(own),
        }
    }
}

/// Who may become a role, as far as its trust policy alone tells.
struct Trust {
    kind: Kind,
    why: String,
    assumable: bool,
    closed: bool,
    /// Roles of the snapshot that it names, where it names nobody else.
    roles: Vec<PrincipalId>,
}

struct Sorter<'s> {
    inventory: &'s Inventory,
    deploy: &'s KindWords,
    workload: &'s KindWords,
}

impl Sorter<'_> {
    fn kind(&self, principal: &Principal, trusts: &FxHashMap<DocumentId, Trust>) -> Known {
        let known = |kind, why: String| Known { kind, why, assumable: true, closed: false };
        if principal.service_linked {
            return known(Kind::Service, "is kept by AWS for one of its services".to_owned());
        }
        if principal.reserved {
            return known(Kind::Person, "is assumed through IAM Identity Center".to_owned());
        }
        let by_name = || self.deploy.name(&principal.name).map(|part| format!("has `{part}` in its name"));
        if principal.kind == PrincipalKind::User {
            return self.user(principal, by_name());
        }
        let Some(trust) = principal.trust.and_then(|document| trusts.get(&document)) else {
            return known(Kind::Other, "has no trust policy that could be read".to_owned());
        };
        let mut kind =
            Known { kind: trust.kind, why: trust.why.clone(), assumable: trust.assumable, closed: trust.closed };
        if kind.kind == Kind::Person {
            // A role that only roles of one kind may assume is theirs.
            let theirs = trust.roles.iter().filter_map(|id| self.inventory.principal(*id)).map(|role| {
                role.trust.and_then(|document| trusts.get(&document)).map_or(Kind::Other, |trust| trust.kind)
            });
            let mut theirs: Vec<Kind> = theirs.collect();
            theirs.sort_unstable();
            theirs.dedup();
            if let [only @ (Kind::Deploy | Kind::Workload | Kind::Outside | Kind::Anyone)] = theirs.as_slice() {
                kind.kind = *only;
            } else if let Some(why) = by_name() {
                kind.kind = Kind::Deploy;
                kind.why = why;
            }
        }
        kind
    }

    /// A user with a password is a person's. Without one, where that was read, it is a program's.
    fn user(&self, principal: &Principal, by_name: Option<String>) -> Known {
        let login = self
            .inventory
            .find_resource(&principal.arn)
            .and_then(|id| self.inventory.resource(id))
            .and_then(|user| user.properties.get("HasLoginProfile"))
            .and_then(serde_json::Value::as_bool);
        let (kind, why) = match (login, by_name) {
            (Some(true), _) => (Kind::Person, "has a password".to_owned()),
            (_, Some(why)) => (Kind::Deploy, why),
            (Some(false), None) => (Kind::Workload, "has no password, so a program uses it".to_owned()),
            (None, None) => (Kind::Person, "is a user".to_owned()),
        };
        Known { kind, why, assumable: true, closed: false }
    }

    fn trust(&self, document: DocumentId) -> Trust {
        let unread = || Trust {
            kind: Kind::Other,
            why: "has a trust policy that cannot be read".to_owned(),
            assumable: true,
            closed: false,
            roles: Vec::new(),
        };
        match self.inventory.document(document).and_then(|document| document.policy.as_ref()) {
            Some(policy) => self.trust_of(policy),
            None => unread(),
        }
    }

    fn trust_of(&self, policy: &Policy) -> Trust {
        let mut named: Vec<(Kind, String)> = Vec::new();
        let mut roles: Vec<PrincipalId> = Vec::new();
        let mut only_roles = true;
        let mut closed = true;
        for statement in policy.statements.iter().filter(|statement| statement.effect == Effect::Allow) {
            let assumes = |pattern: &String| {
                let glob = Glob::new(&pattern.to_ascii_lowercase());
                ["sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity"]
                    .iter()
                    .any(|action| glob.matches(action))
            };
            if !statement.action.negated && !statement.action.values.iter().any(assumes) {
                continue;
            }
            let Some(principal) = &statement.principal else { continue };
            if principal.negated {
                named.push((Kind::Anyone, "trusts everybody but a few".to_owned()));
                closed = false;
                continue;
            }
            for spec in &principal.values {
                let Some(found) = self.spec(spec, &statement.conditions) else { continue };
                let role = match spec {
                    PrincipalSpec::Aws(arn) => self.inventory.find_principal(arn).filter(|id| {
                        self.inventory.principal(*id).is_some_and(|known| known.kind == PrincipalKind::Role)
                    }),
                    _ => None,
                };
                match role {
                    Some(role) => roles.push(role),
                    None => only_roles = false,
                }
                closed &= found.0 == Kind::Person && matches!(spec, PrincipalSpec::Aws(_));
                named.push(found);
            }
        }
        // The widest trust says what the role is.
        let order = [Kind::Anyone, Kind::Outside, Kind::Deploy, Kind::Workload, Kind::Person];
        let widest = order.iter().find_map(|kind| named.iter().find(|(known, _)| known == kind));
        match widest {
            Some((kind, why)) => Trust {
                kind: *kind,
                why: why.clone(),
                assumable: true,
                closed,
                roles: if only_roles { roles } else { Vec::new() },
            },
            None => Trust {
                kind: Kind::Other,
                why: "trusts nobody who exists".to_owned(),
                assumable: false,
                closed: true,
                roles: Vec::new(),
            },
        }
    }

    /// What one principal of a trust policy is; `None`: nobody who exists.
    fn spec(&self, spec: &PrincipalSpec, conditions: &[Condition]) -> Option<(Kind, String)> {
        let inside = |account: &str| self.inventory.accounts.iter().any(|known| *known.id == *account);
        match spec {
            PrincipalSpec::Everyone => Some(self.everyone(conditions, &inside)),
            PrincipalSpec::Aws(text) => {
                let account = match text.strip_prefix("arn:") {
                    Some(_) => arn::account_of(text)?,
                    // The id of a principal that was deleted.
                    None if !text.chars().all(|character| character.is_ascii_digit()) => return None,
                    None => text,
                };
                if inside(account) {
                    Some((Kind::Person, "is assumed by principals of its own accounts".to_owned()))
                } else {
                    Some((Kind::Outside, format!("trusts account {account}, which is not in this snapshot")))
                }
            }
            PrincipalSpec::Service(service) => Some((self.service(service), format!("trusts {service}"))),
            PrincipalSpec::Federated(provider) => Some(self.provider(provider, conditions)),
            PrincipalSpec::CanonicalUser(_) => {
                Some((Kind::Outside, "trusts an account that is named by its canonical id".to_owned()))
            }
        }
    }

    /// `"*"` is everybody, unless a condition says of which organisation, account or principal.
    fn everyone(&self, conditions: &[Condition], inside: &dyn Fn(&str) -> bool) -> (Kind, String) {
        for condition in conditions.iter().filter(|condition| pins(condition)) {
            match condition.key.to_ascii_lowercase().as_str() {
                "aws:principalorgid" | "aws:principalorgpaths" => {
                    return (Kind::Person, "is assumed from within an organisation".to_owned());
                }
                "aws:principalaccount" | "aws:principalarn" => {
                    let account = |value: &String| arn::account_of(value).unwrap_or(value).to_owned();
                    let outside = condition.values.iter().map(account).find(|account| !inside(account));
                    return match outside {
                        None => (Kind::Person, "is assumed by principals of its own accounts".to_owned()),
                        Some(account) => {
                            (Kind::Outside, format!("trusts account {account}, which is not in this snapshot"))
                        }
                    };
                }
                "sts:externalid" => {
                    return (Kind::Outside, "trusts everybody who knows an external ID".to_owned());
                }
                _ => {}
            }
        }
        (Kind::Anyone, "trusts everybody on the internet with an AWS account".to_owned())
    }

    fn service(&self, service: &str) -> Kind {
        if self.deploy.services.iter().any(|known| Glob::new(known).matches(service)) {
            Kind::Deploy
        } else {
            Kind::Workload
        }
    }

    fn provider(&self, provider: &str, conditions: &[Condition]) -> (Kind, String) {
        if provider == "cognito-identity.amazonaws.com" {
            let amr = conditions.iter().find(|condition| {
                condition.key.eq_ignore_ascii_case("cognito-identity.amazonaws.com:amr") && pins(condition)
            });
            let signed_in = amr.is_some_and(|amr| amr.values.iter().all(|value| value == "authenticated"));
            let who = if signed_in { "everybody who signs in to the app" } else { "everybody who opens the app" };
            return (Kind::Anyone, format!("is given to {who}, through a Cognito identity pool"));
        }
        if provider.contains(":saml-provider/") {
            return (Kind::Person, "is assumed by people who sign in through SAML".to_owned());
        }
        let host = provider.split_once(":oidc-provider/").map_or(provider, |(_, host)| host);
        let of = |words: &KindWords| words.identity_providers.iter().any(|known| Glob::new(known).matches(host));
        if of(self.deploy) {
            (Kind::Deploy, format!("is assumed by jobs of {host}"))
        } else if of(self.workload) {
            (Kind::Workload, format!("is assumed by programs of {host}"))
        } else {
            (Kind::Outside, format!("trusts the identity provider {host}"))
        }
    }
}

/// Whether a condition holds for nobody but those whom its values name.
fn pins(condition: &Condition) -> bool {
    let operator = condition.operator;
    let compares = matches!(
        operator.test,
        Test::StringEquals | Test::StringEqualsIgnoreCase | Test::StringLike | Test::ArnEquals | Test::ArnLike
    );
    compares
        && !operator.negated
        && !operator.if_exists
        && operator.quantifier != Some(Quantifier::ForAllValues)
        && condition.values.iter().all(|value| value.chars().any(|character| character != '*'))
}

impl KindWords {
    /// The part of a name that is one of the words.
    fn name<'n>(&self, name: &'n str) -> Option<&'n str> {
        name.split(|character: char| !character.is_alphanumeric())
            .find(|part| self.names.iter().any(|word| word.eq_ignore_ascii_case(part)))
    }
}
