//! The kinds of questions that rules ask, one file each. Each turns what it finds into drafts; the rule's texts make
//! findings of them.

mod account;
mod administrator;
mod becomes;
mod becomes_administrator;
mod can_anything;
mod configuration;
mod dangling;
mod destroys;
mod enters;
mod hollow;
mod open_resource;
mod open_trust;
mod organization;
mod recoverable;
mod requests;
mod rollout;
mod second_factor;
mod silences;
mod takes;
mod unreadable;

use takes::Wanted;

pub use administrator::{Administrator, administrators};
pub(crate) use becomes::{Followed, follow};
pub(crate) use destroys::Taken;
pub(crate) use recoverable::find_stores;

use super::file::{Exception, Fix, Predicate, Rule};
use super::kind::Kind;
use super::reach::reservations;
use super::suppression::split;
use super::{Question, headline, words};
use crate::access::Ground;
use crate::base::Certainty;
use crate::catalog::destruction::Class;
use crate::engine::Applied;
use crate::finding::{Evidence, Finding, FixIntent, Lost, SetArguments, StatementEvidence, TargetResource};
use crate::inventory::{Inventory, PrincipalId, PrincipalKind, ResourceId, ResourceSet};
use crate::paths::Terms;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// What a predicate found: one cause, with everybody and everything it concerns.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub principals: BTreeSet<PrincipalId>,
    pub resources: ResourceSet,
    /// ARNs of what is concerned and is no resource of the inventory.
    pub others: BTreeSet<String>,
    pub actions: BTreeSet<Arc<str>>,
    /// Those of the actions that only switch a protection off.
    pub clearing: BTreeSet<Arc<str>>,
    /// ARNs that the requests name besides those of the resources.
    pub requested: BTreeSet<Arc<str>>,
    pub terms: Terms,
    pub evidence: Vec<Evidence>,
    pub path: Vec<String>,
    /// Name of the stage that should wait, for a pipeline.
    pub stage: Option<String>,
    /// Place of the suppression that covers it.
    pub accepted: Option<usize>,
    /// Places of suppressions that covered it once.
    pub overdue: BTreeSet<usize>,
}

/// A finding, and what the suppressions say of it.
pub(super) struct Found {
    pub finding: Finding,
    /// Place of the suppression that covers it.
    pub accepted: Option<usize>,
    /// Places of suppressions that covered it once.
    pub overdue: BTreeSet<usize>,
}

/// Drafts of single principals by cause, before those who can do the same are joined.
#[derive(Default)]
struct Ways(BTreeMap<(String, PrincipalId), Draft>);

impl Ways {
    fn draft(&mut self, cause: &str, principal: PrincipalId, new: impl FnOnce() -> Draft) -> &mut Draft {
        let draft = self.0.entry((cause.to_owned(), principal)).or_insert_with(new);
        draft.principals.insert(principal);
        draft
    }

    /// One draft for all who can do the same to the same resources by the same cause: a finding says nothing of anybody
    /// that holds for others only.
    fn joined(self, question: &Question<'_>) -> Drafts {
        let inventory = question.access.inventory();
        let is_user =
            |id: &PrincipalId| inventory.principal(*id).is_some_and(|principal| principal.kind == PrincipalKind::User);
        let mut ways: Vec<((String, PrincipalId), Draft)> = self.0.into_iter().collect();
        // The story is told of a person, where there is one.
        ways.sort_by_key(|((cause, principal), _)| (cause.clone(), !is_user(principal), *principal));
        let mut joined: BTreeMap<String, Vec<(PrincipalId, Draft)>> = BTreeMap::new();
        for ((cause, principal), draft) in ways {
            let same = joined.entry(cause).or_default();
            // What is accepted of one principal is cut off before it meets the others: a finding speaks of those only
            // whom it concerns.
            for draft in split(&question.suppressions, inventory, draft) {
                let like = |known: &&mut (PrincipalId, Draft)| {
                    let known = &known.1;
                    known.resources == draft.resources
                        && known.actions == draft.actions
                        && known.accepted == draft.accepted
                        && known.overdue == draft.overdue
                };
                match same.iter_mut().find(like) {
                    Some((_, known)) => {
                        known.principals.extend(draft.principals);
                        for evidence in draft.evidence {
                            add_evidence(known, evidence);
                        }
                    }
                    None => same.push((principal, draft)),
                }
            }
        }
        let named = |(cause, all): (String, Vec<(PrincipalId, Draft)>)| {
            // What is accepted is told elsewhere, and changes no id of what is not.
            let single = all.iter().filter(|(_, draft)| draft.accepted.is_none()).count() <= 1;
            all.into_iter().map(move |(principal, draft)| {
                let first = inventory.principal(principal).map_or("", |known| &known.arn);
                let cause = match draft.accepted {
                    Some(place) => format!("{cause}|{first}|accepted {place}"),
                    None if single => cause.clone(),
                    None => format!("{cause}|{first}"),
                };
                (cause, draft)
            })
        };
        joined.into_iter().flat_map(named).collect()
    }
}

/// Principals taken apart by something, and by the suppressions that name them: what is accepted of some is told of the
/// others alone.
fn taken_apart<K: Ord + Send>(
    question: &Question<'_>,
    principals: impl Iterator<Item = PrincipalId>,
    by: impl Fn(PrincipalId) -> K + Sync,
) -> BTreeMap<(K, Vec<bool>), Vec<PrincipalId>> {
    let principals: Vec<PrincipalId> = principals.collect();
    let key = |principal: &PrincipalId| (by(*principal), named_by_suppressions(question, *principal));
    let keys: Vec<(K, Vec<bool>)> = principals.par_iter().with_min_len(16).map(key).collect();
    let mut apart: BTreeMap<(K, Vec<bool>), Vec<PrincipalId>> = BTreeMap::new();
    for (key, principal) in keys.into_iter().zip(principals) {
        apart.entry(key).or_default().push(principal);
    }
    apart
}

/// Which of the suppressions name a principal.
fn named_by_suppressions(question: &Question<'_>, principal: PrincipalId) -> Vec<bool> {
    let arn = question.access.inventory().principal(principal).map_or("", |known| &known.arn);
    question.suppressions.iter().map(|(_, known)| known.principals.iter().any(|glob| glob.matches(arn))).collect()
}

/// Of whom a story is told: of a person, where there is one.
fn teller(inventory: &Inventory, principals: &[PrincipalId]) -> Option<PrincipalId> {
    let is_user =
        |id: &&PrincipalId| inventory.principal(**id).is_some_and(|principal| principal.kind == PrincipalKind::User);
    principals.iter().find(is_user).or(principals.first()).copied()
}

fn add_evidence(draft: &mut Draft, evidence: Evidence) {
    if !draft.evidence.contains(&evidence) {
        draft.evidence.push(evidence);
    }
}

/// The statement that allows, as a draft's cause.
fn cause_of(statements: &[StatementEvidence]) -> String {
    statements.first().map(|statement| format!("{}#{}", statement.policy, statement.statement)).unwrap_or_default()
}

/// What comes before any change, where nobody knows whether it is needed.
const FIND_OUT: &str =
    "First find out whether it is so: let the auditor read what is missing, or look yourself. If it is:";

/// Runs one rule.
pub(super) fn run(rule: &Rule, question: &Question<'_>) -> Vec<Found> {
    let drafts = match &rule.predicate {
        Predicate::Can { actions, environment, kinds, except } => {
            let who = Who { environment, kinds, except };
            takes::drafts(question, &Wanted { means: &[], actions, classes: &[], who, beyond: &[] })
        }
        Predicate::Takes { means, actions, classes, environment, kinds, except, beyond } => {
            let who = Who { environment, kinds, except };
            takes::drafts(question, &Wanted { means, actions, classes, who, beyond })
        }
        Predicate::Destroys { losses, environment, kinds, except } => {
            destroys::drafts(question, losses, Who { environment, kinds, except })
        }
        Predicate::Becomes { into, environment, kinds, except } => {
            becomes::drafts(question, *into, Who { environment, kinds, except })
        }
        Predicate::BecomesAdministrator { except } => becomes_administrator::drafts(question, except),
        Predicate::Enters { kinds, environment, except } => {
            enters::drafts(question, Who { environment, kinds, except })
        }
        Predicate::OpenResource { to, losses, environment } => {
            open_resource::drafts(question, *to, losses, environment)
        }
        Predicate::OpenTrust { to, made_by_services } => open_trust::drafts(question, *to, made_by_services),
        Predicate::Administrator { environment, except } => administrator::drafts(question, environment, except),
        Predicate::Configuration { resource_type, environment, violated_if, property, shown, needs } => {
            let looked_for =
                configuration::LookedFor { violated_if, property, shown: shown.as_deref(), needs: needs.as_ref() };
            configuration::drafts(question, resource_type, environment, &looked_for)
        }
        Predicate::Recoverable { environment, lacks, resource_type, days, except } => {
            let asked = recoverable::Asked { environment, types: resource_type.as_ref(), days: *days, except };
            recoverable::drafts(question, &asked, *lacks)
        }
        Predicate::Account { environment, lacks } => account::drafts(question, environment, *lacks),
        Predicate::Silences { losses, environment, record, actions, kinds, except } => {
            let record = silences::Record { kind: record, actions };
            silences::drafts(question, losses, &record, Who { environment, kinds, except })
        }
        Predicate::WithoutSecondFactor { losses, environment, except } => {
            second_factor::drafts(question, losses, Who { environment, kinds: &[], except })
        }
        Predicate::OrganizationGuard { losses, environment } => organization::drafts(question, losses, environment),
        Predicate::HollowGuard { of, losses, environment, kinds, except } => {
            hollow::drafts(question, *of, losses, Who { environment, kinds, except })
        }
        Predicate::DanglingRecord { environment } => dangling::drafts(question, environment),
        Predicate::RolloutGate { of } => rollout::drafts(question, *of),
        Predicate::CanAnything { asks, except } => can_anything::drafts(question, asks, except),
        Predicate::UnreadablePolicy => unreadable::drafts(question),
    };
    let inventory = question.access.inventory();
    let named = Named::default();
    let found = |(cause, draft): (String, Draft)| -> Vec<Found> {
        let found = |draft: Draft| {
            let (accepted, overdue) = (draft.accepted, draft.overdue.clone());
            let cause = match accepted {
                Some(place) => Cow::Owned(format!("{cause}|accepted {place}")),
                None => Cow::Borrowed(cause.as_str()),
            };
            Found { finding: finding(rule, question, &named, &cause, draft), accepted, overdue }
        };
        split(&question.suppressions, inventory, draft).into_iter().map(found).collect()
    };
    let drafts: Vec<(String, Draft)> = drafts.into_iter().collect();
    drafts.into_par_iter().with_min_len(8).flat_map_iter(found).collect()
}

/// Of whom a rule speaks.
#[derive(Clone, Copy)]
pub(super) struct Who<'r> {
    pub environment: &'r str,
    /// Empty: all.
    pub kinds: &'r [Kind],
    pub except: &'r [Exception],
}

impl Who<'_> {
    /// Whether the rule speaks of a principal. What AWS's own services may do is AWS's to say: nobody assumes a
    /// service-linked role, and nobody can change it.
    pub fn includes(&self, question: &Question<'_>, principal: PrincipalId) -> bool {
        let kind = question.kinds.within(question.access.inventory(), principal, self.environment);
        let meant = if self.kinds.is_empty() { kind != Kind::Service } else { self.kinds.contains(&kind) };
        meant && !is_excepted(question, self.except, principal)
    }
}

/// Whether a rule leaves a principal out.
fn is_excepted(question: &Question<'_>, except: &[Exception], principal: PrincipalId) -> bool {
    except.iter().any(|exception| match exception {
        Exception::BreakGlass => question.is_break_glass(principal),
        Exception::Administrators => question.administrators.contains_key(&principal),
    })
}

fn finding(rule: &Rule, question: &Question<'_>, named: &Named, cause: &str, draft: Draft) -> Finding {
    let inventory = question.access.inventory();
    let principals: Vec<PrincipalId> = draft.principals.iter().copied().collect();
    let resources = named.of(inventory, &draft.resources);
    let actions: Vec<String> = draft.actions.iter().map(ToString::to_string).collect();
    let what =
        if resources.arns.is_empty() { words::others(inventory, &draft.others) } else { resources.words.clone() };
    let mut draft = draft;
    let reservations = reservations(question, &draft.principals);
    if !reservations.conditions.is_empty() {
        draft.terms.certainty = draft.terms.certainty.max(Certainty::Conditional);
        draft.terms.conditions.extend(reservations.conditions);
    }
    // An empty `Sid` names nothing.
    for evidence in &mut draft.evidence {
        if let Evidence::Statement(statement) = evidence {
            statement.sid = statement.sid.take().filter(|sid| !sid.is_empty());
        }
    }
    draft.evidence.extend(reservations.notes.into_iter().map(|text| Evidence::Note { text }));
    let certainty = draft.terms.certainty;
    let undecided = certainty == Certainty::Unknown;
    let names = headline::Names {
        who: (&words::principals(inventory, &principals), principals.len()),
        what: (&what, resources.arns.len().max(draft.others.len())),
        actions: &actions.join(", "),
    };
    let title = headline::fill(&rule.headline, &names, undecided);
    let remediation = match reservations.remediation {
        Some(further) => format!("{} {further}", rule.remediation.trim()),
        None => rule.remediation.trim().to_owned(),
    };
    let others = draft.others.iter().map(|other| other.as_str().into()).collect();
    let arns = resources.with(others);
    Finding {
        id: format!("{}-{:08x}", rule.id, fingerprint(cause)),
        rule: rule.id.clone(),
        family: rule.family.clone(),
        title: capitalised(&title),
        severity: rule.severity,
        lost: lost(rule, &draft),
        certainty,
        principals: principals
            .iter()
            .filter_map(|id| inventory.principal(*id))
            .map(|known| Arc::clone(&known.arn))
            .collect(),
        resources: arns,
        actions,
        conditions: draft.terms.conditions.iter().cloned().collect(),
        consequence: rule.consequence.trim().to_owned(),
        remediation: if undecided { format!("{FIND_OUT} {remediation}") } else { remediation },
        // What could not be decided needs to be looked at, not mended.
        fix: (!undecided).then(|| intent(rule, question, &resources, &draft)).flatten(),
        evidence: draft.evidence,
        path: draft.path,
    }
}

/// What findings say of resources: many say it of the same.
#[derive(Default)]
struct Named(Mutex<FxHashMap<ResourceSet, Arc<Listed>>>);

/// What is said of some resources.
struct Listed {
    words: String,
    /// Sorted.
    arns: Arc<[Arc<str>]>,
}

impl Named {
    fn of(&self, inventory: &Inventory, resources: &ResourceSet) -> Arc<Listed> {
        let all = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all().get(resources) {
            return Arc::clone(known);
        }
        let ids: Vec<ResourceId> = resources.iter().collect();
        let known = ids.iter().filter_map(|id| inventory.resource(*id));
        let mut arns: Vec<Arc<str>> = known.map(|known| Arc::clone(&known.arn)).collect();
        arns.sort();
        let listed = Arc::new(Listed { words: words::resources(inventory, &ids), arns: arns.into() });
        all().insert(resources.clone(), Arc::clone(&listed));
        listed
    }
}

impl Listed {
    /// Their ARNs, and others.
    fn with(&self, others: BTreeSet<Arc<str>>) -> Arc<[Arc<str>]> {
        if others.iter().all(|arn| self.arns.binary_search(arn).is_ok()) {
            return Arc::clone(&self.arns);
        }
        let mut all: Vec<Arc<str>> = self.arns.iter().cloned().chain(others).collect();
        all.sort();
        all.dedup();
        all.into()
    }
}

/// What would be lost at worst: what the actions destroy; without actions, what the family of the rule is about.
fn lost(rule: &Rule, draft: &Draft) -> Lost {
    let of_class = |class: Class| match class {
        Class::Data => Lost::Data,
        Class::Environment => Lost::Environment,
        Class::Recovery => Lost::Recovery,
        Class::Guard => Lost::Guard,
        Class::Audit => Lost::Audit,
    };
    let of_action = |action: &Arc<str>| match &**action {
        "*" => Some(Lost::Data),
        action => crate::catalog::destruction::find(action)
            .and_then(|known| std::iter::once(known.class()).chain(known.also().iter().copied()).map(of_class).min()),
    };
    let of_family = || match rule.family.as_str() {
        "recovery" => Lost::Recovery,
        "rollout" | "environment" => Lost::Environment,
        _ => Lost::Nothing,
    };
    draft.actions.iter().filter_map(of_action).min().unwrap_or_else(of_family)
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        // An ARN is no word.
        Some(_) if text.starts_with("arn:") => text.to_owned(),
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// A short, stable number for a cause (FNV-1a), so that the same finding keeps its id from run to run.
fn fingerprint(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn intent(rule: &Rule, question: &Question<'_>, resources: &Listed, draft: &Draft) -> Option<FixIntent> {
    let inventory = question.access.inventory();
    let targets = || draft.resources.iter().filter_map(|id| target(inventory, id));
    match rule.fix.as_ref()? {
        Fix::DenyActions { name, also, leave } => {
            // What switches a protection off is daily work too (`dynamodb:UpdateTable`): a deny of the deletion is enough.
            let mut actions: BTreeSet<&str> = draft.actions.difference(&draft.clearing).map(|one| &**one).collect();
            actions.extend(also.iter().map(String::as_str));
            actions.retain(|action| !leave.iter().any(|left| left == action));
            let others = draft.requested.iter().cloned().chain(draft.others.iter().map(|other| other.as_str().into()));
            let resources = resources.with(others.collect());
            let attach_to: Vec<String> = holders(question, draft).into_iter().collect();
            if attach_to.is_empty() || actions.is_empty() {
                return None;
            }
            Some(FixIntent::DenyActions {
                name: name.clone(),
                actions: actions.into_iter().map(str::to_owned).collect(),
                resources,
                attach_to,
                except: Vec::new(),
            })
        }
        Fix::SetArguments { part, arguments } => {
            let arguments: Vec<(String, serde_json::Value)> =
                arguments.iter().map(|(path, value)| (path.clone(), value.clone())).collect();
            let set = |resource| SetArguments { resource, part: part.clone(), arguments: arguments.clone() };
            let targets = targets().map(set).collect();
            Some(FixIntent::SetArguments { targets })
        }
        Fix::DetachPolicy => {
            let statement = draft.evidence.iter().find_map(|evidence| match evidence {
                Evidence::Statement(statement) if statement.policy.starts_with("arn:") => Some(statement),
                _ => None,
            })?;
            let from = holders(question, draft);
            if from.is_empty() {
                return None;
            }
            let remaining =
                from.iter().map(|holder| (holder.clone(), kept(inventory, holder, &statement.policy))).collect();
            Some(FixIntent::DetachPolicy {
                policy: statement.policy.clone(),
                from: from.into_iter().collect(),
                remaining,
            })
        }
        Fix::AddApproval => {
            let pipeline = targets().next()?;
            Some(FixIntent::AddApproval { pipeline, before_stage: draft.stage.clone()? })
        }
        Fix::Remove => Some(FixIntent::Remove { targets: targets().collect() }),
    }
}

/// What a policy would be attached to or taken from: the group that carries the grant, else the principals themselves.
fn holders(question: &Question<'_>, draft: &Draft) -> BTreeSet<String> {
    let inventory = question.access.inventory();
    let statements: Vec<&StatementEvidence> = draft
        .evidence
        .iter()
        .filter_map(|evidence| match evidence {
            Evidence::Statement(statement) => Some(statement),
            _ => None,
        })
        .collect();
    let mut holders = BTreeSet::new();
    // AWS refuses to change the roles that it keeps itself.
    let changeable = |principal: &&crate::inventory::Principal| !principal.reserved && !principal.service_linked;
    for principal in draft.principals.iter().filter_map(|id| inventory.principal(*id)).filter(changeable) {
        let carried = principal
            .policies
            .iter()
            .find(|attachment| statements.iter().any(|statement| statement.policy == *attachment.name));
        match carried.and_then(|attachment| attachment.through.as_ref()) {
            Some(group) => holders.insert(group.to_string()),
            None => holders.insert(principal.arn.to_string()),
        };
    }
    holders
}

/// The other managed policies of a user, group or role.
fn kept(inventory: &Inventory, holder: &str, taken: &str) -> Vec<String> {
    let mut kept = BTreeSet::new();
    for principal in &inventory.principals {
        let own = *principal.arn == *holder;
        for attachment in &principal.policies {
            let of_holder = match &attachment.through {
                Some(group) => **group == *holder,
                None => own,
            };
            if of_holder && attachment.name.starts_with("arn:") && *attachment.name != *taken {
                kept.insert(attachment.name.to_string());
            }
        }
    }
    kept.into_iter().collect()
}

fn target(inventory: &Inventory, id: ResourceId) -> Option<TargetResource> {
    let known = inventory.resource(id)?;
    Some(TargetResource {
        arn: known.arn.to_string(),
        kind: known.kind.clone(),
        region: known.region.as_deref().map(str::to_owned),
        properties: Arc::clone(&known.properties),
        tags: Arc::clone(&known.tags),
    })
}

/// A statement of a policy that stands on its own: nobody carries it.
fn standing(applied: &Applied) -> Evidence {
    Evidence::Statement(StatementEvidence {
        policy: applied.policy.to_string(),
        statement: applied.statement,
        sid: applied.sid.as_deref().map(str::to_owned),
        through: None,
    })
}

/// The statements that allow, as evidence; the first is the cause. What a policy of the resource leaves to identity policies
/// is theirs: a key that trusts its account, say.
fn evidence(grounds: Vec<Ground<'_>>) -> Vec<StatementEvidence> {
    let one = |ground: Ground<'_>| StatementEvidence {
        policy: ground.policy.to_string(),
        statement: ground.statement,
        sid: ground.sid.as_deref().map(str::to_owned),
        through: ground.through.map(ToString::to_string),
    };
    let mut all: Vec<StatementEvidence> = grounds.into_iter().map(one).collect();
    all.dedup();
    all
}

/// A statement in words: `statement CLISDKCalls of policy AdministratorAccess-Amplify`, by its place where it has no name.
fn statement_in_words(statement: &StatementEvidence) -> String {
    let which = match statement.sid.as_deref().filter(|sid| !sid.is_empty()) {
        Some(sid) => format!("statement {sid}"),
        None => format!("Statement[{}]", statement.statement),
    };
    format!("{which} of {}", policy_in_words(&statement.policy))
}

/// A policy in words: `policy AdministratorAccess-Amplify`.
fn policy_in_words(name: &str) -> String {
    if name.starts_with("arn:") { format!("policy {}", words::policy(name)) } else { name.to_owned() }
}

/// How the statement reaches the principal, in words.
fn carried_in_words(inventory: &Inventory, principal: PrincipalId, statement: &StatementEvidence) -> String {
    let who = inventory.principal(principal).map(words::principal).unwrap_or_default();
    match &statement.through {
        Some(group) => {
            let name = group.rsplit_once('/').map_or(group.as_str(), |(_, name)| name);
            format!("{who} is in group {name}, which carries {}", policy_in_words(&statement.policy))
        }
        None if statement.policy.starts_with("arn:") => format!("{who} has {}", policy_in_words(&statement.policy)),
        None if statement.policy.starts_with("resource policy of ") => {
            format!("the {} applies to {who}", statement.policy)
        }
        None => {
            let own = inventory.principal(principal).map(|known| format!(" of {}", known.arn)).unwrap_or_default();
            format!("{who} has {}", statement.policy.strip_suffix(&own).unwrap_or(&statement.policy))
        }
    }
}

/// Drafts by cause, in the order of the causes.
type Drafts = BTreeMap<String, Draft>;
