//! Who can bring about a loss by becoming somebody else first.

use super::destroys::{Request, badness, holding_alike};
use super::{
    Draft, Drafts, Ways, Who, add_evidence, administrators, carried_in_words, statement_in_words, taken_apart, teller,
};
use crate::access::Access;
use crate::finding::{Evidence, StatementEvidence};
use crate::inventory::{DocumentId, Principal, PrincipalId, words};
use crate::paths::{self, Actor, Call, Hop, Lead};
use crate::rules::Question;
use crate::rules::file::Into;
use crate::rules::kind::Kind;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Everybody's ways to what the definitions call a loss, by environment.
pub(crate) type Followed<'q> = BTreeMap<String, Environment<'q>>;

/// Everybody's ways to the losses of an environment.
pub(crate) struct Environment<'q> {
    pub(super) ways: paths::Ways<'q>,
    /// Those of the guises with other policies who may do everything then.
    masters: BTreeSet<Actor>,
    leads: Vec<paths::Leads>,
}

impl<'q> Environment<'q> {
    fn new(ways: paths::Ways<'q>, question: &Question<'_>) -> Environment<'q> {
        let graph = ways.graph();
        let changed: Vec<(Actor, PrincipalId)> = graph.changed().collect();
        let masters = match changed.is_empty() {
            true => BTreeSet::new(),
            false => {
                let supposed = administrators(&Access::new(graph.supposed()), question.definitions);
                let those = changed.into_iter().filter(|(_, id)| supposed.contains_key(id));
                those.map(|(actor, _)| actor).collect()
            }
        };
        let mut environment = Environment { ways, masters, leads: Vec::new() };
        environment.leads = environment.ways.leads(&|actor| environment.is_master(question, actor));
        environment
    }

    /// Everybody who can take something by becoming somebody else.
    pub(super) fn leads(&self) -> &[paths::Leads] {
        &self.leads
    }

    /// Whether somebody may do everything that boundary and organisation leave.
    pub(super) fn is_master(&self, question: &Question<'_>, actor: Actor) -> bool {
        match actor {
            Actor::Principal(id) => question.administrators.contains_key(&id),
            Actor::Unbound(_) | Actor::WithoutBoundary(_) | Actor::Newcomer(_) => true,
            Actor::Changed(..) => self.ways.graph().as_first(actor).is_some_and(|first| self.masters.contains(&first)),
            Actor::Outsider(_) => false,
        }
    }
}

/// Finds everybody's ways to the loss of some environments.
pub(crate) fn follow<'q>(environments: &BTreeSet<&str>, question: &Question<'q>) -> Followed<'q> {
    let (access, settings) = (question.access, question.settings);
    let losses: BTreeSet<&str> = question.definitions.losses.values().flatten().map(String::as_str).collect();
    let inventory = access.inventory();
    let follow = |environment: &&str| {
        let resources = inventory.resources_of(environment);
        let counts = |means: &paths::Means| losses.contains(&*means.action);
        // What break-glass roles are for is no finding.
        let meant =
            |(_, known): &(PrincipalId, &Principal)| settings.break_glass.iter().any(|glob| glob.matches(&known.arn));
        let meant = inventory.principal_ids().filter(meant).map(|(id, _)| id).collect();
        let means = question.means.of(environment);
        let ways = paths::Ways::counting(access, paths::built_in(), resources, means, &counts).sparing(meant);
        ((*environment).to_owned(), Environment::new(ways, question))
    };
    environments.iter().map(follow).collect()
}

pub(super) fn drafts(question: &Question<'_>, into: Into, who: Who<'_>) -> Drafts {
    let Some(known) = question.followed.get(who.environment) else { return Drafts::new() };
    let is_master = |actor: Actor| known.is_master(question, actor);
    let mut drafts = Ways::default();
    for group in known.leads() {
        let leads: Vec<&Lead> = group.leads.iter().filter(|lead| is_meant(lead, into, &is_master)).collect();
        if leads.is_empty() {
            continue;
        }
        let members = group.actors.iter().filter_map(|actor| actor.principal());
        let members: Vec<PrincipalId> = members.filter(|id| who.includes(question, *id)).collect();
        for alike in told_alike(question, &members, &leads) {
            for (lead, statements) in leads.iter().zip(&*alike.statements) {
                alike.tell(question, &known.ways, who, lead, statements, &mut drafts);
            }
        }
    }
    drafts.joined(question)
}

/// Principals who have the same ways, by the same statements.
struct Alike {
    members: Vec<PrincipalId>,
    /// For each way, the statements that allow its first call.
    statements: Arc<Statements>,
}

/// For each of some ways, the statements that allow its first call.
type Statements = Vec<Vec<StatementEvidence>>;

/// Principals with the same ways, taken apart by the statements that allow them.
fn told_alike(question: &Question<'_>, members: &[PrincipalId], leads: &[&Lead]) -> Vec<Alike> {
    let calls: Vec<Option<&Call>> = leads.iter().map(|lead| lead.hops.first()?.calls.first()).collect();
    let requests: Vec<Option<Request<'_>>> =
        calls.iter().map(|call| call.map(|call| Request::of(question, call))).collect();
    let statements = |member| -> Arc<Statements> {
        let of = |request: &Option<Request<'_>>| request.as_ref().map(|one| one.allowed_by(question, member));
        Arc::new(requests.iter().map(|request| of(request).unwrap_or_default()).collect())
    };
    // The same statements reach those who hold the same policies, as far as no policy tells them apart.
    let (access, inventory) = (question.access, question.access.inventory());
    let actions: BTreeSet<&str> = calls.iter().flatten().map(|call| &*call.action).collect();
    let apart: Vec<_> = actions.into_iter().map(|action| access.telling_callers_apart(action)).collect();
    let has_policy = |call: &&Call| call.resource.and_then(|id| inventory.resource(id)?.policy.as_ref()).is_some();
    let is_named = calls.iter().flatten().any(has_policy);
    let tells_apart = |document: DocumentId| is_named || apart.iter().any(|those| those.contains(document.0 as usize));
    let groups = holding_alike(inventory, members.iter().copied(), &tells_apart);
    let of_group = |group: &Vec<PrincipalId>| group.first().map(|first| statements(*first)).unwrap_or_default();
    let told: Vec<Arc<Statements>> = groups.par_iter().with_min_len(4).map(of_group).collect();
    let each = groups.iter().zip(&told).flat_map(|(group, told)| group.iter().map(move |member| (*member, told)));
    let of_member: FxHashMap<PrincipalId, &Arc<Statements>> = each.collect();
    let of = |member: PrincipalId| of_member.get(&member).map(|told| Arc::clone(told)).unwrap_or_default();
    let apart = taken_apart(question, members.iter().copied(), of);
    apart.into_iter().map(|((statements, _), members)| Alike { members, statements }).collect()
}

/// Whether a lead is of the kind that is asked for.
fn is_meant(lead: &Lead, into: Into, is_master: &dyn Fn(Actor) -> bool) -> bool {
    let mut becomes = lead.hops.iter().filter_map(|hop| hop.becomes);
    match into {
        Into::Administrator => is_master(lead.holder),
        Into::Another => !becomes.any(is_master),
    }
}

impl Alike {
    fn tell(
        &self,
        question: &Question<'_>,
        followed: &paths::Ways<'_>,
        who: Who<'_>,
        lead: &Lead,
        statements: &[StatementEvidence],
        drafts: &mut Ways,
    ) {
        let (Some(first), Some(teller)) = (lead.hops.first(), teller(question.access.inventory(), &self.members))
        else {
            return;
        };
        // What one policy grants under the same terms, and is used in the same way, is one cause.
        let policy = statements.first().map_or("", |statement| statement.policy.as_str());
        let cause = format!("{policy}|{}|{}", first.by, lead.terms.key());
        let draft = drafts.draft(&cause, teller, || Draft {
            principals: self.members.iter().copied().collect(),
            path: path(question, followed, who, teller, lead, statements),
            terms: lead.terms.clone(),
            ..Draft::default()
        });
        draft.resources.extend(lead.adds_in_all());
        draft.actions.extend(first.calls.iter().map(|call| Arc::clone(&call.action)));
        draft.requested.extend(first.calls.iter().map(|call| Arc::clone(&call.on)));
        for statement in statements {
            add_evidence(draft, Evidence::Statement(statement.clone()));
        }
    }
}

fn path(
    question: &Question<'_>,
    followed: &paths::Ways<'_>,
    who: Who<'_>,
    member: PrincipalId,
    lead: &Lead,
    statements: &[StatementEvidence],
) -> Vec<String> {
    let inventory = question.access.inventory();
    let mut path = Vec::new();
    if question.kinds.within(inventory, member, who.environment) != Kind::Person {
        let name = inventory.principal(member).map(words::principal).unwrap_or_default();
        path.push(format!("{name} {}", question.kinds.why(inventory, member, who.environment)));
    }
    let action = lead.hops.first().and_then(|hop| hop.calls.first()).map(|call| &call.action);
    if let (Some(statement), Some(action)) = (statements.first(), action) {
        path.push(carried_in_words(inventory, member, statement));
        path.push(format!("{} allows {action}", statement_in_words(statement)));
    }
    path.extend(told_of(question, member, &lead.hops));
    path.extend(end_of(followed, lead));
    path
}

/// The story ends with the worst loss.
pub(super) fn end_of(followed: &paths::Ways<'_>, lead: &Lead) -> Vec<String> {
    let worst = lead.adds.iter().min_by_key(|(class, _)| badness(*class));
    let target = worst.and_then(|(_, targets)| targets.first());
    let end = target.map(|target| followed.last_hops(lead, *target)).unwrap_or_default();
    end.into_iter().map(|hop| hop.words).collect()
}

/// The steps, told of this member of those who are alike.
pub(super) fn told_of(question: &Question<'_>, member: PrincipalId, hops: &[Hop]) -> Vec<String> {
    let inventory = question.access.inventory();
    let name = |id: PrincipalId| inventory.principal(id).map(words::principal).unwrap_or_default();
    let told = hops.first().and_then(|hop| hop.actor.principal()).filter(|told| *told != member);
    let swap = |text: &str| match told {
        Some(told) => text.replace(&name(told), &name(member)),
        None => text.to_owned(),
    };
    hops.iter().map(|hop| swap(&hop.words)).collect()
}
