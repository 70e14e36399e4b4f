//! What principals may do to themselves: each is asked about its own ARN, or that of a policy or group of its own.

use super::{Access, Among, Class, Mentions};
use crate::base::arn;
use crate::catalog;
use crate::engine::{self, Context, Decision, Formula, Tags, Target};
use crate::iam::PolicyKind;
use crate::inventory::{Controls, DocumentId, PrincipalId};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A question of one principal about something of its own.
pub struct Own<'a> {
    /// ARNs, any of which will do.
    pub on: Vec<Arc<str>>,
    /// Keys of the request.
    pub context: &'a Context,
}

/// An answer: who, of what, and the decision.
pub type OwnAnswer = (PrincipalId, Arc<str>, Arc<Decision>);

/// What a document says of an action.
#[derive(Default)]
struct Spoken {
    /// Whether principals are told apart by more than their likeness and what statements cover.
    one_by_one: bool,
    /// The statements that do not cover everything.
    particular: Vec<u32>,
}

/// Of members of a class for whom it is the same, the same is decided.
#[derive(PartialEq, Eq, Hash)]
struct Alike {
    context: *const Context,
    likeness: u32,
    /// Nobody changes such roles.
    reserved: bool,
    /// Whether each statement that does not cover everything covers what is asked for.
    covers: Vec<Formula>,
}

impl Access<'_> {
    /// Decides an action for each principal among some, on what is its own. The best answer of each that is not certainly
    /// denied, by principal. `only`: nobody but these is asked.
    pub fn who_can_itself<'a>(
        &self,
        action: &str,
        among: &Among,
        only: Option<&[PrincipalId]>,
        own: &(dyn Fn(PrincipalId) -> Option<Own<'a>> + Sync),
    ) -> Vec<OwnAnswer> {
        let action = action.to_ascii_lowercase();
        let spoken = self.spoken(&action);
        let over = |class: &Class| {
            let account = class.members.first().and_then(|id| self.inventory.principal(*id)).map(|known| known.account);
            match account.and_then(|id| self.inventory.account(id)).map(|account| &account.controls) {
                Some(Controls::Levels { scps, .. }) => scps.iter().flatten().map(|one| one.document).collect(),
                _ => Vec::new(),
            }
        };
        let of_class = |class: &Class, members: &[PrincipalId]| {
            if !class.policies.iter().any(|id| spoken.contains_key(id)) {
                return Vec::new();
            }
            let documents = class.policies.iter().copied().chain(class.boundary).chain(over(class));
            let documents = documents.filter_map(|id| Some((id, spoken.get(&id)?))).collect();
            self.of_class(members, &action, documents, own)
        };
        let is_among = |number: &usize| among.has_class(*number);
        let mut all: Vec<OwnAnswer> = match only {
            None => {
                let classes = self.classes.par_iter().enumerate().filter(|(number, _)| is_among(number));
                classes.flat_map_iter(|(_, class)| of_class(class, &class.members)).collect()
            }
            Some(only) => {
                let mut by_class: BTreeMap<usize, Vec<PrincipalId>> = BTreeMap::new();
                for id in only {
                    let class = self.class_numbers().get(id.0 as usize).map(|class| *class as usize);
                    if let Some(class) = class.filter(is_among) {
                        by_class.entry(class).or_default().push(*id);
                    }
                }
                let classes =
                    by_class.into_iter().filter_map(|(number, members)| Some((self.classes.get(number)?, members)));
                classes.flat_map(|(class, members)| of_class(class, &members)).collect()
            }
        };
        all.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        all
    }

    /// What identity policies say of an action.
    fn spoken(&self, action: &str) -> FxHashMap<DocumentId, Spoken> {
        let mut spoken: FxHashMap<DocumentId, Spoken> = FxHashMap::default();
        for id in self.index.speaking(action).iter() {
            let found = self.statement(id).filter(|(document, _)| document.kind == PolicyKind::Identity);
            let Some(((_, statement), prepared)) = found.zip(self.statements.get(id)) else { continue };
            let known = spoken.entry(id.document).or_default();
            let Mentions { principal, principal_tags, resource_tags, .. } = &prepared.mentions;
            // A variable in the name of a resource is no matter: whether it covers what is asked for is found out.
            let by_condition = *principal && !statement.conditions.is_empty();
            known.one_by_one |= by_condition || !principal_tags.is_empty() || !resource_tags.is_empty();
            let everything = statement.resource.as_ref().is_some_and(|on| !on.negated && on.values == ["*"]);
            if !everything {
                known.particular.push(id.statement);
            }
        }
        spoken
    }

    fn of_class<'a>(
        &self,
        members: &[PrincipalId],
        action: &str,
        spoken: Vec<(DocumentId, &Spoken)>,
        own: &(dyn Fn(PrincipalId) -> Option<Own<'a>> + Sync),
    ) -> Vec<OwnAnswer> {
        let one_by_one = spoken.iter().any(|(_, spoken)| spoken.one_by_one);
        let particular: Vec<&engine::Statement> = spoken
            .iter()
            .flat_map(|(id, spoken)| {
                let statements = self.policy(*id).and_then(|policy| policy.statements.as_ref());
                let statement = move |at: &u32| statements.and_then(|all| all.get(*at as usize));
                spoken.particular.iter().filter_map(statement)
            })
            .collect();
        let mut shared: FxHashMap<Alike, Arc<Decision>> = FxHashMap::default();
        let mut all = Vec::new();
        for member in members {
            let Some(Own { on, context }) = own(*member) else { continue };
            let Some((holder, caller)) = self.inventory.principal(*member).zip(self.caller(*member)) else { continue };
            let likeness = self.likeness(*member).filter(|_| !one_by_one);
            let mut best: Option<OwnAnswer> = None;
            for arn in on {
                let target = self.principal_or_policy(&arn);
                let key = likeness.map(|likeness| {
                    let entry = catalog::action(action);
                    let facts = self.facts(holder, caller, action, entry, &target, context);
                    Alike {
                        context: std::ptr::from_ref(context),
                        likeness,
                        reserved: arn.contains(":role/aws-reserved/"),
                        covers: particular.iter().map(|statement| statement.covers_resource(&facts)).collect(),
                    }
                });
                let decision = match key.as_ref().and_then(|key| shared.get(key)) {
                    Some(decision) => Arc::clone(decision),
                    None => {
                        let Some((decision, _)) = self.decide(*member, action, &target, None, context) else {
                            continue;
                        };
                        let decision = Arc::new(decision);
                        shared.extend(key.map(|key| (key, Arc::clone(&decision))));
                        decision
                    }
                };
                if !decision.verdict.is_denied()
                    && best.as_ref().is_none_or(|(_, _, known)| known.verdict < decision.verdict)
                {
                    best = Some((*member, arn, decision));
                }
            }
            all.extend(best);
        }
        all
    }

    /// Something of IAM as a target: a principal with its tags, or a policy or group.
    pub fn principal_or_policy<'t>(&'t self, arn: &str) -> Target<'t> {
        let mut target = Target {
            account: arn::account_of(arn).map(|account| account.to_owned().into()),
            arn: arn.to_owned().into(),
            properties: None,
            tags: Tags::Unsaid,
        };
        if let Some(principal) = self.inventory.find_principal(arn).and_then(|id| self.inventory.principal(id)) {
            target.tags = Tags::All(&principal.tags);
        }
        target
    }
}
