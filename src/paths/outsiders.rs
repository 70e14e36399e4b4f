//! Those whom the snapshot does not hold and who may take on a role of it: identity providers, other accounts, anybody.

use super::direct;
use super::terms::Terms;
use crate::access::Access;
use crate::base::{Arn, Certainty, arn};
use crate::engine::{Applied, Caller, Context, Verdict, World};
use crate::iam::{Effect, Policy, PrincipalSpec};
use crate::inventory::{Inventory, Principal, PrincipalId, words};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What kind of outsider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OutsiderKind {
    /// Somebody with a token of an OpenID Connect provider.
    WebIdentity,
    /// Somebody with an assertion of a SAML provider.
    Saml,
    /// Somebody in an account that the snapshot does not hold.
    Account,
    /// Anybody with an AWS account.
    Anyone,
    /// Somebody who opens a pull request that a build runs.
    PullRequest,
    /// Anybody at all, without signing a request.
    Anonymous,
    /// Somebody who uses an app without signing in to it, with what its identity pool gives to guests.
    Guest,
}

/// Somebody whom the snapshot does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outsider {
    /// What kind.
    pub kind: OutsiderKind,
    /// As policies name it: a provider, an account, an ARN, or `*`. For pull requests: the repository; for guests: the pool.
    pub name: Arc<str>,
    /// The account whose trust it has, for a provider.
    pub account: Option<Arc<str>>,
}

impl Outsider {
    /// How a person calls it.
    pub fn in_words(&self) -> String {
        let provider = |name: &str| {
            let host = name.rsplit_once("-provider/").map_or(name, |(_, host)| host).to_owned();
            match host.as_str() {
                "token.actions.githubusercontent.com" => "a GitHub Actions workflow".to_owned(),
                "cognito-identity.amazonaws.com" => "a visitor of an app with a Cognito identity pool".to_owned(),
                _ => format!("somebody who signs in at {host}"),
            }
        };
        match self.kind {
            OutsiderKind::WebIdentity | OutsiderKind::Saml => provider(&self.name),
            OutsiderKind::Anyone => "anybody with an AWS account".to_owned(),
            OutsiderKind::Anonymous => "anybody on the internet".to_owned(),
            OutsiderKind::Guest => format!("anybody on the internet, as a guest of identity pool {}", self.name),
            OutsiderKind::PullRequest => format!("whoever opens a pull request at {}", self.name),
            OutsiderKind::Account if arn::is_account_id(&self.name) => format!("account {}", self.name),
            OutsiderKind::Account => words::other(&self.name),
        }
    }

    /// The action by which it takes on a role.
    pub fn action(&self) -> &'static str {
        match self.kind {
            OutsiderKind::PullRequest => "codebuild:StartBuild",
            OutsiderKind::WebIdentity | OutsiderKind::Guest => "sts:AssumeRoleWithWebIdentity",
            OutsiderKind::Saml => "sts:AssumeRoleWithSAML",
            OutsiderKind::Account | OutsiderKind::Anyone | OutsiderKind::Anonymous => "sts:AssumeRole",
        }
    }

    /// As a caller; `None`: it calls nothing, something is done for it.
    pub fn caller(&self) -> Option<Caller> {
        let text = match self.kind {
            OutsiderKind::PullRequest => return None,
            OutsiderKind::WebIdentity | OutsiderKind::Saml => self.name.to_string(),
            OutsiderKind::Anonymous => "anonymous".to_owned(),
            OutsiderKind::Guest => COGNITO.to_owned(),
            OutsiderKind::Anyone => format!("arn:aws:iam::{NOBODYS}:role/{SOME}"),
            OutsiderKind::Account => match Arn::parse(&self.name) {
                Some(arn) if arn.resource == "root" => {
                    format!("arn:{}:iam::{}:role/{SOME}", arn.partition, arn.account)
                }
                Some(_) => self.name.to_string(),
                None => format!("arn:aws:iam::{}:role/{SOME}", self.name),
            },
        };
        Caller::parse(&text).ok()
    }
}

/// An account that nobody has.
const NOBODYS: &str = "000000000000";
/// A role of any name.
const SOME: &str = "foureyes-anybody";

/// An outsider who may take on a role.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Who.
    pub outsider: Outsider,
    /// Which role.
    pub role: PrincipalId,
    /// What the engine says.
    pub verdict: Verdict,
    /// Under which conditions.
    pub terms: Terms,
}

/// Every outsider who may take on one of the roles, by outsider and role.
pub(super) fn entries(access: &Access<'_>, roles: &BTreeSet<PrincipalId>) -> Vec<Entry> {
    let inventory = access.inventory();
    let mut named: BTreeMap<Outsider, Vec<PrincipalId>> = BTreeMap::new();
    for id in roles {
        for outsider in trusted(inventory, *id) {
            named.entry(outsider).or_default().push(*id);
        }
    }
    let mut all = Vec::new();
    for (outsider, roles) in named {
        let Some(caller) = outsider.caller() else { continue };
        for role in roles {
            let Some(principal) = inventory.principal(role) else { continue };
            let target = access.principal_or_policy(&principal.arn);
            let (decision, _) = access.decide_outsider(&caller, outsider.action(), &target, None, &direct());
            if !decision.verdict.is_denied() {
                let terms = Terms::of(&decision);
                all.push(Entry { outsider: outsider.clone(), role, verdict: decision.verdict, terms });
            }
        }
    }
    all.extend(pull_requests(inventory, roles));
    all
}

/// Builds that run what strangers propose: a webhook starts them for pull requests, and asks neither who opens one nor for
/// an approval. The commands of a pull request have the role of the build.
///
/// Sources: <https://docs.aws.amazon.com/codebuild/latest/userguide/github-webhook.html>,
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/pull-request-build-policy.html>
fn pull_requests(inventory: &Inventory, roles: &BTreeSet<PrincipalId>) -> Vec<Entry> {
    let mut all = Vec::new();
    for project in inventory.resources.iter().filter(|resource| resource.kind == "AWS::CodeBuild::Project") {
        let role = project.text("ServiceRole").and_then(|arn| inventory.find_principal(arn));
        let (Some(role), Some(webhook)) = (role.filter(|id| roles.contains(id)), project.properties.get("Webhook"))
        else {
            continue;
        };
        let source = |field: &str| project.properties.get("Source").and_then(|source| source.get(field)?.as_str());
        // Hosts of one's own let in only whom they know.
        let is_public = ["BITBUCKET", "GITHUB", "GITLAB"].map(Some).contains(&source("Type"));
        let repository = source("Location").filter(|_| is_public);
        let (Some(repository), Some(mut conditions)) = (repository, built_for_strangers(webhook)) else { continue };
        conditions.insert(format!("everybody may open pull requests at {}", plain(repository)));
        if webhook.get("PullRequestBuildPolicy").is_none() {
            conditions.insert("no member of the repository has to approve such a build, which was not read".to_owned());
        }
        all.push(Entry {
            outsider: Outsider { kind: OutsiderKind::PullRequest, name: plain(repository).into(), account: None },
            role,
            verdict: Verdict::AllowedIf,
            terms: Terms { certainty: Certainty::Conditional, conditions: conditions.into() },
        });
    }
    all.sort_by(|one, other| (&one.outsider, one.role).cmp(&(&other.outsider, other.role)));
    all.dedup_by(|one, other| (&one.outsider, one.role) == (&other.outsider, other.role));
    all
}

/// A repository without what a browser needs before and behind it.
fn plain(repository: &str) -> String {
    let name = repository.split_once("://").map_or(repository, |(_, name)| name);
    // What stands before an `@` may be a password.
    let name = name.rsplit_once('@').map_or(name, |(_, name)| name);
    name.trim_end_matches(".git").to_owned()
}

/// What has to hold so that a pull request of anybody is built; `None`: it is not, or somebody has to approve it.
fn built_for_strangers(webhook: &Value) -> Option<BTreeSet<String>> {
    let policy = webhook.get("PullRequestBuildPolicy").and_then(|policy| policy.get("RequiresCommentApproval"));
    if policy.and_then(Value::as_str).is_some_and(|asks| asks != "DISABLED") {
        return None;
    }
    let groups = webhook.get("FilterGroups").and_then(Value::as_array);
    let of_group = |group: &Vec<Value>| {
        let text =
            |filter: &Value, field: &str| filter.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let of_request = |filter: &Value| {
            text(filter, "Type") == "EVENT"
                && text(filter, "Pattern").split(',').any(|event| {
                    ["PULL_REQUEST_CREATED", "PULL_REQUEST_UPDATED", "PULL_REQUEST_REOPENED"].contains(&event.trim())
                })
        };
        let excludes = |filter: &Value| filter.get("ExcludeMatchedPattern").and_then(Value::as_bool) == Some(true);
        // An exclusion of some leaves everybody else.
        let asks_who = |filter: &&Value| text(filter, "Type") == "ACTOR_ACCOUNT_ID" && !excludes(filter);
        let people: Vec<String> = group.iter().filter(asks_who).map(|filter| text(filter, "Pattern")).collect();
        if !group.iter().any(of_request) || people.iter().any(|pattern| names_whole_ids(pattern)) {
            return None;
        }
        let part = |pattern: &String| format!("somebody has an account whose number has `{pattern}` in it");
        Some(people.iter().map(part).collect::<BTreeSet<String>>())
    };
    let open = groups.into_iter().flatten().filter_map(Value::as_array).filter_map(of_group);
    open.min_by_key(BTreeSet::len)
}

/// Whether a pattern fits whole numbers of accounts only, and not those that it is a part of.
fn names_whole_ids(pattern: &str) -> bool {
    let whole = |text: &str| text.starts_with('^') && text.ends_with('$');
    let grouped = whole(pattern) && (!pattern.contains('|') || (pattern.starts_with("^(") && pattern.ends_with(")$")));
    grouped || pattern.split('|').all(whole)
}

/// Whether a role lets somebody in whom the snapshot does not hold; `None`: it names nobody of whom that can be asked.
pub fn lets_outsiders_in(access: &Access<'_>, role: PrincipalId) -> Option<bool> {
    let inventory = access.inventory();
    let principal = inventory.principal(role)?;
    let target = access.principal_or_policy(&principal.arn);
    let mut asked = false;
    for outsider in trusted(inventory, role) {
        let Some(caller) = outsider.caller() else { continue };
        asked = true;
        for context in from_elsewhere(inventory, principal, outsider.kind) {
            let (decision, _) = access.decide_outsider(&caller, outsider.action(), &target, None, &context);
            if !decision.verdict.is_denied() {
                return Some(true);
            }
        }
    }
    asked.then_some(false)
}

/// Requests of somebody who is not of one's own organisation: of another one that the trust policy names, or of any.
fn from_elsewhere(inventory: &Inventory, role: &Principal, kind: OutsiderKind) -> Vec<Context> {
    if !matches!(kind, OutsiderKind::Account | OutsiderKind::Anyone) {
        return vec![direct()];
    }
    let policy = role.trust.and_then(|id| inventory.document(id)).and_then(|known| known.policy.as_ref());
    let conditions = policy.into_iter().flat_map(|policy| &policy.statements).flat_map(|one| &one.conditions);
    let of_organization = conditions.filter(|condition| condition.key.eq_ignore_ascii_case(ORGANIZATION));
    let named = of_organization.flat_map(|condition| condition.values.iter().map(String::as_str));
    let others = named.filter(|id| inventory.organization.as_deref() != Some(*id));
    others.chain([NOBODYS_ORGANIZATION]).map(|id| direct().with(ORGANIZATION, &[id])).collect()
}

const ORGANIZATION: &str = "aws:PrincipalOrgID";
/// An organisation that nobody has.
const NOBODYS_ORGANIZATION: &str = "o-foureyesnobody";

/// What a stranger would show.
pub struct Strangers<'s> {
    /// For identity providers that anybody can get tokens of: their host, and the `sub` of a stranger's token.
    pub tokens: &'s BTreeMap<String, String>,
}

/// A role that lets strangers in.
#[derive(Clone, Debug)]
pub struct OpenRole {
    /// Which.
    pub role: PrincipalId,
    /// Whom.
    pub outsider: Outsider,
    /// Under which conditions.
    pub terms: Terms,
    /// The statements of the trust policy that do.
    pub statements: Vec<Applied>,
}

/// Roles with any rights that let in whoever comes: by a token of somebody else's project, from any account, or from an
/// account outside the snapshot that need not show an external id. Decided by the engine for a stranger's request.
pub fn open_roles(access: &Access<'_>, strangers: &Strangers<'_>) -> Vec<OpenRole> {
    let inventory = access.inventory();
    let mut all = Vec::new();
    for (role, principal) in inventory.principal_ids().filter(|(_, known)| !known.policies.is_empty()) {
        for outsider in trusted(inventory, role) {
            let Some(caller) = outsider.caller() else { continue };
            let target = access.principal_or_policy(&principal.arn);
            for context in requests(inventory, principal, &outsider, strangers) {
                let (decision, applied) = access.decide_outsider(&caller, outsider.action(), &target, None, &context);
                if decision.verdict < Verdict::AllowedIf {
                    continue;
                }
                let statements = applied.into_iter().filter(|statement| statement.effect == Effect::Allow).collect();
                all.push(OpenRole { role, outsider: outsider.clone(), terms: Terms::of(&decision), statements });
                break;
            }
        }
    }
    all
}

/// The requests that a stranger could make. What a stranger cannot choose is absent.
fn requests(inventory: &Inventory, role: &Principal, outsider: &Outsider, strangers: &Strangers<'_>) -> Vec<Context> {
    let closed = || Context::new(World::Closed);
    match outsider.kind {
        OutsiderKind::Account | OutsiderKind::Anyone | OutsiderKind::Anonymous => vec![closed()],
        // Whom a SAML provider signs in is its owner's to say.
        OutsiderKind::Saml | OutsiderKind::PullRequest | OutsiderKind::Guest => Vec::new(),
        OutsiderKind::WebIdentity => {
            let host = outsider.name.rsplit_once("-provider/").map_or(&*outsider.name, |(_, host)| host);
            let Some(subject) = strangers.tokens.get(host) else { return Vec::new() };
            let policy = role.trust.and_then(|id| inventory.document(id)).and_then(|known| known.policy.as_ref());
            let conditions = policy.into_iter().flat_map(|policy| &policy.statements).flat_map(|one| &one.conditions);
            // For whom a token is made is for its holder to choose.
            let audience = format!("{host}:aud");
            let mut audiences: Vec<&str> = conditions
                .filter(|condition| condition.key.eq_ignore_ascii_case(&audience))
                .flat_map(|condition| condition.values.iter().map(String::as_str))
                .filter(|_| host != COGNITO)
                .collect();
            audiences.push(if host == COGNITO { STRANGE_POOL } else { "sts.amazonaws.com" });
            let request = |aud: &str| closed().with(&audience, &[aud]).with(&format!("{host}:sub"), &[subject]);
            audiences.into_iter().map(request).collect()
        }
    }
}

/// The identity provider of Cognito identity pools: the audience of a token is the pool, and anybody may make one.
pub(super) const COGNITO: &str = "cognito-identity.amazonaws.com";
/// Somebody else's pool.
const STRANGE_POOL: &str = "us-east-1:00000000-0000-0000-0000-000000000000";

/// The statements of a trust policy that let an outsider in.
pub fn letting_in(access: &Access<'_>, outsider: &Outsider, role: PrincipalId) -> Vec<Applied> {
    let Some(caller) = outsider.caller() else { return Vec::new() };
    let Some(principal) = access.inventory().principal(role) else { return Vec::new() };
    let target = access.principal_or_policy(&principal.arn);
    let (_, applied) = access.decide_outsider(&caller, outsider.action(), &target, None, &direct());
    applied.into_iter().filter(|statement| statement.effect == Effect::Allow).collect()
}

/// The outsiders whom a trust policy names.
fn trusted(inventory: &Inventory, role: PrincipalId) -> BTreeSet<Outsider> {
    let principal = inventory.principal(role).filter(|known| !known.service_linked);
    let document = principal.and_then(|known| known.trust).and_then(|trust| inventory.document(trust));
    let policy = document.and_then(|document| document.policy.as_ref());
    let own = principal.and_then(|known| inventory.account(known.account)).map(|account| &account.id);
    policy.map(|policy| named_by_policy(inventory, policy, own)).unwrap_or_default()
}

/// The outsiders whom the allowing statements of a policy name. `own`: the account that has it.
pub(super) fn named_by_policy(inventory: &Inventory, policy: &Policy, own: Option<&Arc<str>>) -> BTreeSet<Outsider> {
    let allows = policy.statements.iter().filter(|one| one.effect == Effect::Allow);
    let named = allows.filter_map(|statement| statement.principal.as_ref());
    let mut found = BTreeSet::new();
    for principal in named {
        if principal.negated {
            found.insert(Outsider { kind: OutsiderKind::Anyone, name: "*".into(), account: None });
            continue;
        }
        for spec in &principal.values {
            let outsider = match spec {
                PrincipalSpec::Everyone => {
                    Some(Outsider { kind: OutsiderKind::Anyone, name: "*".into(), account: None })
                }
                PrincipalSpec::Federated(name) => {
                    let saml = Arn::parse(name).is_some_and(|arn| arn.resource.starts_with("saml-provider/"));
                    let kind = if saml { OutsiderKind::Saml } else { OutsiderKind::WebIdentity };
                    Some(Outsider { kind, name: name.as_str().into(), account: own.cloned() })
                }
                PrincipalSpec::Aws(name) => account_of(name)
                    .filter(|account| inventory.accounts.iter().all(|known| *known.id != **account))
                    .map(|_| Outsider { kind: OutsiderKind::Account, name: name.as_str().into(), account: None }),
                PrincipalSpec::Service(_) | PrincipalSpec::CanonicalUser(_) => None,
            };
            found.extend(outsider);
        }
    }
    found
}

pub(super) fn account_of(name: &str) -> Option<&str> {
    if arn::is_account_id(name) {
        return Some(name);
    }
    Arn::parse(name).map(|arn| arn.account).filter(|account| arn::is_account_id(account))
}
