//! Who can bring about a loss, in whatever way, without becoming somebody else first.
//!
//! Means are found in bulk, and told in bulk: principals that a statement reaches in the same way make one draft.

use super::requests::Requests;
use super::{Draft, Drafts, Who, add_evidence, carried_in_words, evidence, statement_in_words, taken_apart};
use crate::access::{Access, target_of};
use crate::base::Certainty;
use crate::catalog::destruction::Class;
use crate::engine::{Context, Target};
use crate::finding::{Evidence, StatementEvidence};
use crate::inventory::{DocumentId, Inventory, PrincipalId, words};
use crate::paths::{Actor, By, Call, Hop, Means, MeansIndex, On, Terms, direct};
use crate::rules::Question;
use crate::rules::kind::Kind;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// The means on the resources of an environment, found when first asked for.
pub(crate) struct Taken<'q> {
    access: &'q Access<'q>,
    found: Mutex<BTreeMap<String, Arc<MeansIndex>>>,
}

impl<'q> Taken<'q> {
    /// Nothing is found yet.
    pub fn new(access: &'q Access<'q>) -> Taken<'q> {
        Taken { access, found: Mutex::default() }
    }

    /// The means on all resources of an environment.
    pub fn of(&self, environment: &str) -> Arc<MeansIndex> {
        // Not locked while it is looked for: that work is shared among threads, one of which may come here.
        let found = || self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = found().get(environment) {
            return Arc::clone(known);
        }
        let inventory = self.access.inventory();
        let resources = inventory.resources_of(environment);
        let index = Arc::new(MeansIndex::new(self.access, &resources));
        found().insert(environment.to_owned(), Arc::clone(&index));
        index
    }
}

pub(super) fn drafts(question: &Question<'_>, losses: &[String], who: Who<'_>) -> Drafts {
    let index = question.means.of(who.environment);
    let actions = question.definitions.actions_of(losses);
    let wanted: Vec<bool> = index.all().iter().map(|means| actions.contains(&*means.action)).collect();
    let is_wanted = |position: &u32| wanted.get(*position as usize) == Some(&true);
    let mut told = Told::new(question, who);
    for (members, positions) in reached_alike(question, &index, &|principal| who.includes(question, principal)) {
        let group = told.group(members);
        for position in positions.iter().filter(|position| is_wanted(position)) {
            if let Some(means) = index.get(*position) {
                told.add(group, *position, means, &means.terms);
            }
        }
    }
    told.drafts(&index)
}

/// What principals hold of a policy: those with equal ones are reached by the same statements.
type Signature = (Vec<(DocumentId, usize, usize)>, Option<DocumentId>);

/// Principals that have the same means by policies of the same names, with the positions of their means; in the order of
/// their first.
pub(super) fn reached_alike<'x>(
    question: &Question<'_>,
    index: &'x MeansIndex,
    is_meant: &dyn Fn(PrincipalId) -> bool,
) -> Vec<(Vec<PrincipalId>, &'x [u32])> {
    let inventory = question.access.inventory();
    let mut all: Vec<(Vec<PrincipalId>, &[u32])> = Vec::new();
    for class in index.classes() {
        let members = class.members.iter().copied().filter(|member| is_meant(*member));
        let groups = holding_alike(inventory, members, &|_| false);
        all.extend(groups.into_iter().map(|members| (members, class.positions.as_slice())));
    }
    all.sort_by(|(one, _), (other, _)| one.first().cmp(&other.first()));
    all
}

/// Principals who hold the same policies, in groups, in the order of their first. Who holds one that tells principals apart
/// stands alone.
pub(super) fn holding_alike(
    inventory: &Inventory,
    members: impl Iterator<Item = PrincipalId>,
    tells_apart: &dyn Fn(DocumentId) -> bool,
) -> Vec<Vec<PrincipalId>> {
    let mut groups: Vec<Vec<PrincipalId>> = Vec::new();
    let mut known: FxHashMap<(Signature, Option<PrincipalId>), usize> = FxHashMap::default();
    for member in members {
        let Some(signature) = signature(inventory, member) else { continue };
        let alone = signature.0.iter().any(|(document, ..)| tells_apart(*document)).then_some(member);
        let at = *known.entry((signature, alone)).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.push(member),
            None => groups.push(vec![member]),
        }
    }
    groups
}

/// Who has which means by which statements.
pub(super) struct Told<'q, 'r> {
    question: &'q Question<'q>,
    who: Who<'r>,
    /// Principals that the same statements reach.
    groups: Vec<Vec<PrincipalId>>,
    /// For each cause, the means of each group.
    held: BTreeMap<String, BTreeMap<Group, Vec<u32>>>,
    /// The terms of each cause.
    terms: BTreeMap<String, Terms>,
    /// For each cause and means, the statements that allow it.
    statements: BTreeMap<String, BTreeMap<u32, Vec<StatementEvidence>>>,
}

/// The number of some principals that the same statements reach.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Group(usize);

impl<'q, 'r> Told<'q, 'r> {
    pub fn new(question: &'q Question<'q>, who: Who<'r>) -> Told<'q, 'r> {
        Told {
            question,
            who,
            groups: Vec::new(),
            held: BTreeMap::new(),
            terms: BTreeMap::new(),
            statements: BTreeMap::new(),
        }
    }

    /// Notes of whom something is going to be told.
    pub fn group(&mut self, members: Vec<PrincipalId>) -> Group {
        self.groups.push(members);
        Group(self.groups.len().saturating_sub(1))
    }

    /// Notes that all of a group have a means, under which terms, and by which statement.
    pub fn add(&mut self, group: Group, position: u32, means: &Means, terms: &Terms) {
        let Some(first) = self.groups.get(group.0).and_then(|members| members.first()) else { return };
        let statements = allowed_by(self.question, means, *first);
        // What one policy grants under the same terms is one cause, by whatever means it is used.
        let policy = statements.first().map_or("", |statement| statement.policy.as_str());
        let cause = format!("{policy}|{}", terms.key());
        let all = self.statements.entry(cause.clone()).or_default().entry(position).or_default();
        for statement in statements {
            if !all.contains(&statement) {
                all.push(statement);
            }
        }
        self.held.entry(cause.clone()).or_default().entry(group).or_default().push(position);
        self.terms.entry(cause).or_insert_with(|| terms.clone());
    }

    /// One draft for all who have the same means by the same cause.
    pub fn drafts(self, index: &MeansIndex) -> Drafts {
        let inventory = self.question.access.inventory();
        let mut requests = Requests::new(inventory);
        let mut drafts = Drafts::new();
        for (cause, held) in self.held {
            let mut same: BTreeMap<(Vec<u32>, Vec<bool>), Vec<PrincipalId>> = BTreeMap::new();
            for (group, positions) in held {
                let members = self.groups.get(group.0).into_iter().flatten().copied();
                for (((), accepted), members) in taken_apart(self.question, members, |_| ()) {
                    same.entry((positions.clone(), accepted)).or_default().extend(members);
                }
            }
            let single = same.len() == 1;
            for ((positions, _), mut principals) in same {
                principals.sort_unstable();
                let mut means: Vec<&Means> = positions.iter().filter_map(|position| index.get(*position)).collect();
                // The story that is told is that of the worst loss.
                means.sort_by_key(|means| badness(means.class));
                let by_means = self.statements.get(&cause);
                let mut statements: Vec<StatementEvidence> = Vec::new();
                for statement in positions.iter().filter_map(|position| by_means?.get(position)).flatten() {
                    if !statements.contains(statement) {
                        statements.push(statement.clone());
                    }
                }
                let Some(mut draft) = draft(self.question, self.who, &principals, &means, &statements, &mut requests)
                else {
                    continue;
                };
                if let Some(terms) = self.terms.get(&cause) {
                    draft.terms = terms.clone();
                }
                let first = principals.first().and_then(|id| inventory.principal(*id)).map_or("", |known| &known.arn);
                drafts.insert(if single { cause.clone() } else { format!("{cause}|{first}") }, draft);
            }
        }
        drafts
    }
}

/// Worst first.
pub(super) fn badness(class: Class) -> u8 {
    match class {
        Class::Data => 0,
        Class::Environment => 1,
        Class::Recovery => 2,
        Class::Guard => 3,
        Class::Audit => 4,
    }
}

fn signature(inventory: &Inventory, principal: PrincipalId) -> Option<Signature> {
    let holder = inventory.principal(principal)?;
    let address = |name: &std::sync::Arc<str>| name.as_ptr().addr();
    let one = |policy: &crate::inventory::Attachment| {
        (policy.document, address(&policy.name), policy.through.as_ref().map_or(0, address))
    };
    Some((holder.policies.iter().map(one).collect(), holder.boundary.as_ref().map(|boundary| boundary.document)))
}

fn draft(
    question: &Question<'_>,
    who: Who<'_>,
    principals: &[PrincipalId],
    means: &[&Means],
    statements: &[StatementEvidence],
    requests: &mut Requests<'_>,
) -> Option<Draft> {
    let inventory = question.access.inventory();
    let is_person = |id: &&PrincipalId| question.kinds.of(**id).is_some_and(|known| known.kind == Kind::Person);
    // The story is told of a person, where there is one.
    let first = *principals.iter().find(is_person).or_else(|| principals.first())?;
    let shown = means.first()?;
    let hops = shown.hops(inventory, Actor::Principal(first), *shown.targets.first()?);
    let mut draft = Draft {
        principals: principals.iter().copied().collect(),
        terms: shown.terms.clone(),
        path: path(question, who, first, means, &hops),
        ..Draft::default()
    };
    for statement in statements {
        add_evidence(&mut draft, Evidence::Statement(statement.clone()));
    }
    for means in means {
        draft.resources.extend(means.targets.iter().copied());
        for step in means.steps.iter().filter(|step| step.by == By::Actor) {
            draft.actions.insert(Arc::clone(&step.action));
            if step.clears || matches!(step.on, On::Arn(_)) {
                draft.clearing.insert(Arc::clone(&step.action));
            } else {
                requests.add(step, &means.targets, &mut draft.requested);
            }
        }
    }
    Some(draft)
}

/// The statements that allow one actor to set off a means.
fn allowed_by(question: &Question<'_>, means: &Means, actor: PrincipalId) -> Vec<StatementEvidence> {
    call_of(question, means, actor).map(|call| decided(question, actor, &call)).unwrap_or_default()
}

/// The call by which one actor sets off a means.
pub(super) fn call_of(question: &Question<'_>, means: &Means, actor: PrincipalId) -> Option<Call> {
    means.decisive_call(question.access.inventory(), Actor::Principal(actor), *means.targets.first()?)
}

/// What a call names, as a target.
pub(super) fn target_of_call<'t>(question: &Question<'t>, call: &'t Call) -> Target<'t> {
    let inventory = question.access.inventory();
    match call.resource.and_then(|id| inventory.resource(id)) {
        Some(resource) if *resource.arn == *call.on => target_of(inventory, resource),
        known => {
            let mut target = Target::new(&call.on);
            let account = known.and_then(|resource| inventory.account(resource.account));
            target.account = account.map(|account| (*account.id).into());
            target
        }
    }
}

/// The statements that allow a call.
pub(super) fn decided(question: &Question<'_>, actor: PrincipalId, call: &Call) -> Vec<StatementEvidence> {
    Request::of(question, call).allowed_by(question, actor)
}

/// A call, ready to be asked of one after the other.
pub(super) struct Request<'c> {
    call: &'c Call,
    target: Target<'c>,
    context: Context,
}

impl<'c> Request<'c> {
    pub fn of<'q: 'c>(question: &Question<'q>, call: &'c Call) -> Request<'c> {
        let mut context = direct();
        for (key, values) in &call.given {
            context.set(key, values.clone());
        }
        Request { call, target: target_of_call(question, call), context }
    }

    /// The statements that allow it to somebody.
    pub fn allowed_by(&self, question: &Question<'_>, actor: PrincipalId) -> Vec<StatementEvidence> {
        let Request { call, target, context } = self;
        let mut statements = evidence(question.access.grounds(actor, &call.action, target, call.resource, context));
        // The first is the cause: it must not depend on the order in which AWS lists policies.
        statements.sort();
        statements
    }
}

fn path(question: &Question<'_>, who: Who<'_>, first: PrincipalId, all: &[&Means], hops: &[Hop]) -> Vec<String> {
    let inventory = question.access.inventory();
    let mut path = Vec::new();
    let Some(means) = all.first() else { return path };
    let name = inventory.principal(first).map(words::principal).unwrap_or_default();
    if question.kinds.within(inventory, first, who.environment) != Kind::Person {
        path.push(format!("{name} {}", question.kinds.why(inventory, first, who.environment)));
    }
    let call = means.decisive_step().and_then(|place| means.steps.get(place));
    // Of all statements that allow something here, those that allow what is told, to whom it is told of.
    let statements = allowed_by(question, means, first);
    if let (Some(statement), Some(call)) = (statements.first(), call) {
        path.push(carried_in_words(inventory, first, statement));
        path.push(format!("{} allows {}", statement_in_words(statement), call.action));
    }
    if means.terms.certainty == Certainty::Unknown {
        path.push("whether all that follows is allowed could not be decided".to_owned());
    }
    path.extend(hops.iter().map(|hop| hop.words.clone()));
    // One example of each further kind of means.
    let mut told = BTreeSet::from([means.kind]);
    for other in all {
        let Some(target) = other.targets.first().filter(|_| told.insert(other.kind)) else { continue };
        let hops = other.hops(inventory, Actor::Principal(first), *target);
        let words: Vec<String> = hops.into_iter().map(|hop| hop.words).collect();
        path.push(format!("or {}", words.join(", then ")));
    }
    path
}
