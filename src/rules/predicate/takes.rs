//! Who can take a resource of the environment, by which kinds of means.

use super::destroys::badness;
use super::requests::Requests;
use super::{
    Draft, Drafts, Ways, Who, add_evidence, carried_in_words, cause_of, evidence, statement_in_words, taken_apart,
    teller,
};
use crate::access::{named_by, target_of};
use crate::base::Certainty;
use crate::catalog;
use crate::catalog::destruction::Class;
use crate::engine::{Context, Target};
use crate::finding::{Evidence, StatementEvidence};
use crate::inventory::{PrincipalId, ResourceId, ResourceSet, words};
use crate::paths::{By, Means, MeansIndex, On, Step, direct};
use crate::rules::Question;
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Which means a rule asks for.
pub(super) struct Wanted<'r> {
    /// Kinds of means; one that calls one of `actions` on the resource itself is wanted as well.
    pub means: &'r [String],
    /// Actions of the catalogue of destruction.
    pub actions: &'r [String],
    /// Kinds of loss; empty: all.
    pub classes: &'r [Class],
    /// By whom, and of which environment.
    pub who: Who<'r>,
    /// What the same principal can take as badly by means of these kinds is left out.
    pub beyond: &'r [String],
}

impl Wanted<'_> {
    fn is_about(&self, means: &Means) -> bool {
        self.means.iter().any(|kind| kind == means.kind)
    }

    fn takes(&self, means: &Means) -> bool {
        let by_call = || means.is_own_call() && self.actions.iter().any(|action| **action == *means.action);
        (self.is_about(means) || by_call()) && (self.classes.is_empty() || self.classes.contains(&means.class))
    }
}

pub(super) fn drafts(question: &Question<'_>, wanted: &Wanted<'_>) -> Drafts {
    let index = question.means.of(wanted.who.environment);
    let chosen: Vec<bool> = index.all().iter().map(|means| wanted.takes(means)).collect();
    let inventory = question.access.inventory();
    let mut requests = Requests::new(inventory);
    let mut ways = Ways::default();
    for class in index.classes() {
        let positions = class.positions.iter().filter(|at| chosen.get(**at as usize) == Some(&true));
        let mut chosen: Vec<&Means> = positions.filter_map(|at| index.get(*at)).collect();
        if chosen.is_empty() {
            continue;
        }
        let members = class.members.iter().copied().filter(|member| wanted.who.includes(question, *member));
        let alike = taken_apart(question, members, |_| ());
        if alike.is_empty() {
            continue;
        }
        // The story that is told is that of the worst loss by the means that the rule is about.
        chosen.sort_by_key(|means| (!wanted.is_about(means), badness(means.class)));
        let elsewhere = Elsewhere::new(&index, &class.positions, wanted);
        for members in alike.into_values() {
            let Some(teller) = teller(inventory, &members) else { continue };
            let mut story = Story { question, teller, known: FxHashMap::default(), requests: &mut requests };
            for means in &chosen {
                let targets = elsewhere.leaves(means);
                if !targets.is_empty() {
                    story.tell(means, &targets, &members, &mut ways);
                }
            }
        }
    }
    ways.joined(question)
}

/// What is lost, and in which way, by means that are told elsewhere: those of some kinds, apart from the calls that the
/// rule asks for.
struct Elsewhere(BTreeMap<Class, ResourceSet>);

impl Elsewhere {
    fn new(index: &MeansIndex, positions: &[u32], wanted: &Wanted<'_>) -> Elsewhere {
        let mut lost: BTreeMap<Class, ResourceSet> = BTreeMap::new();
        let asked =
            |means: &Means| means.is_own_call() && wanted.actions.iter().any(|action| **action == *means.action);
        let of_kind = |means: &&Means| wanted.beyond.iter().any(|kind| kind == means.kind) && !asked(means);
        for means in positions.iter().filter_map(|at| index.get(*at)).filter(of_kind) {
            lost.entry(means.class).or_default().extend(&*means.targets);
        }
        Elsewhere(lost)
    }

    /// What of a means is told nowhere else.
    fn leaves<'m>(&self, means: &'m Means) -> Cow<'m, [ResourceId]> {
        if self.0.is_empty() {
            return Cow::Borrowed(&means.targets);
        }
        let lost = [means.class, Class::Data].map(|class| self.0.get(&class));
        let is_new = |target: &ResourceId| !lost.iter().flatten().any(|lost| lost.contains(*target));
        means.targets.iter().copied().filter(is_new).collect()
    }
}

/// What is told of principals that the same policies reach and who have the same means.
struct Story<'s, 'q> {
    question: &'q Question<'q>,
    teller: PrincipalId,
    /// Statements by action and ARN.
    known: FxHashMap<(Arc<str>, Arc<str>), Vec<StatementEvidence>>,
    requests: &'s mut Requests<'q>,
}

impl Story<'_, '_> {
    fn tell(&mut self, means: &Means, targets: &[ResourceId], members: &[PrincipalId], ways: &mut Ways) {
        let Some(step) = means.decisive_step().and_then(|place| means.steps.get(place)) else { return };
        let statements = self.statements(means, step);
        let cause = format!("{}|{}", cause_of(&statements), means.terms.key());
        let new = || Draft {
            path: self.path(means, step, targets, &statements),
            terms: means.terms.clone(),
            ..Draft::default()
        };
        let draft = ways.draft(&cause, self.teller, new);
        draft.principals.extend(members);
        draft.resources.extend(targets);
        for step in means.steps.iter().filter(|step| step.by == By::Actor) {
            draft.actions.insert(Arc::clone(&step.action));
            if step.clears || matches!(step.on, On::Arn(_)) {
                draft.clearing.insert(Arc::clone(&step.action));
                continue;
            }
            self.requests.add(step, targets, &mut draft.requested);
        }
        for statement in statements {
            add_evidence(draft, Evidence::Statement(statement));
        }
    }

    /// The statements that allow the step which decides.
    fn statements(&mut self, means: &Means, step: &Step) -> Vec<StatementEvidence> {
        let inventory = self.question.access.inventory();
        let (arn, resource) = match &step.on {
            On::Target => {
                let Some(first) = means.targets.first() else { return Vec::new() };
                let Some(known) = inventory.resource(*first) else { return Vec::new() };
                let named = catalog::action(&step.action).map(|action| named_by(action, &known.arn));
                let named = named.and_then(|all| all.into_iter().next());
                (named.map_or_else(|| Arc::clone(&known.arn), Arc::from), Some(*first))
            }
            On::Resource(id) => {
                let Some(known) = inventory.resource(*id) else { return Vec::new() };
                (Arc::clone(&known.arn), Some(*id))
            }
            On::Arn(arn) => (Arc::clone(arn), None),
        };
        let key = (Arc::clone(&step.action), arn);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let exact = inventory.find_resource(&key.1);
        let target = match exact.and_then(|id| inventory.resource(id)) {
            Some(known) => target_of(inventory, known),
            None => {
                let mut target = Target::new(&key.1);
                let owner = resource.and_then(|id| inventory.resource(id));
                let account = owner.and_then(|owner| inventory.account(owner.account));
                target.account = account.map(|account| (*account.id).into()).or(target.account);
                target
            }
        };
        let context = context_of(step);
        let access = self.question.access;
        let found = evidence(access.grounds(self.teller, &step.action, &target, exact.or(resource), &context));
        self.known.insert(key, found.clone());
        found
    }

    fn path(
        &self,
        means: &Means,
        decisive: &Step,
        targets: &[ResourceId],
        statements: &[StatementEvidence],
    ) -> Vec<String> {
        let inventory = self.question.access.inventory();
        let mut path = Vec::new();
        if let Some(statement) = statements.first() {
            path.push(carried_in_words(inventory, self.teller, statement));
            path.push(format!("{} allows {}", statement_in_words(statement), decisive.action));
        }
        let who = inventory.principal(self.teller).map(words::principal).unwrap_or_default();
        let what = words::resources(inventory, targets);
        path.extend(means.steps.iter().map(|step| step.words.replace("{who}", &who).replace("{what}", &what)));
        if means.terms.certainty == Certainty::Unknown {
            path.push("whether all of this is allowed could not be decided".to_owned());
        }
        path
    }
}

fn context_of(step: &Step) -> Context {
    let mut context = direct();
    for (key, values) in &step.given {
        context.set(key, values.clone());
    }
    context
}
