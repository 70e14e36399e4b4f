//! Where cases are decided: each is put to the engine once.

use super::*;

/// Where cases are decided.
pub(super) struct Bench<'b, 'q> {
    question: &'b Question<'q>,
    /// A boundary is one policy, however many statements speak.
    boundaries: FxHashMap<&'b Tokens, Policy>,
}

impl<'b, 'q> Bench<'b, 'q> {
    pub(super) fn new(question: &'b Question<'q>, boundaries: impl Iterator<Item = &'b Tokens>) -> Bench<'b, 'q> {
        let mut joined: FxHashMap<&Tokens, Policy> = FxHashMap::default();
        for tokens in boundaries {
            joined.entry(tokens).or_insert_with(|| join("boundary", question.policies(tokens)));
        }
        Bench { question, boundaries: joined }
    }

    pub(super) fn decide(&self, case: &Case, member: PrincipalId, target: u32) -> Option<Decision> {
        let Question { access, asked, controls, .. } = self.question;
        let holder = access.inventory.principal(member)?;
        let caller = access.caller(member)?;
        let (target, _) = asked.get(target)?;
        let group = match case.group {
            GroupId::Coarse(index) => self.question.coarse.get(index as usize)?,
            GroupId::Fine(index) => self.question.fine.get(index as usize)?,
        };
        let of_caller = controls.get(holder.account.0 as usize);
        let of_resource = match group.owner {
            None => of_caller,
            Some(Owner::Known(owner)) => controls.get(owner),
            Some(Owner::Unknown) => None,
        };
        let policies = |tokens: &Tokens| self.question.policies(tokens);
        let stack = Stack {
            identity: policies(&case.identity),
            boundaries: case.boundary.iter().filter_map(|tokens| self.boundaries.get(tokens)).collect(),
            resource: match &group.side {
                Side::None => ResourceSide::None,
                Side::Unseen => ResourceSide::Unseen,
                Side::Policy(policy) => ResourceSide::Policy(policy),
            },
            scps: match (&case.scps, of_caller.map(|over| &over.scps)) {
                (Some(levels), _) => engine::Controls::Levels(levels.iter().map(policies).collect()),
                (None, Some(Scps::None)) => engine::Controls::None,
                (None, _) => engine::Controls::Unseen,
            },
            rcps: crate::access::borrow(of_resource.map_or(&Owned::Unseen, |over| &over.rcps)),
            management_account: of_caller.is_some_and(|over| over.management_account),
            ..Stack::default()
        };
        let facts = access.facts(holder, caller, asked.action, asked.entry, target, asked.context);
        Some(engine::conclude(&facts, &engine::evaluate(&facts, &stack, &mut None)))
    }
}

/// An unconditional allow, an unconditional deny.
pub(in crate::access) fn sure() -> [Policy; 2] {
    [Effect::Allow, Effect::Deny].map(|effect| {
        let statement = Statement {
            sid: None,
            effect,
            principal: None,
            action: everything(),
            resource: Some(everything()),
            conditions: Vec::new(),
        };
        let policy = iam::Policy { version: Version::V2012, id: None, statements: vec![statement] };
        Policy::new("unconditional", &policy, PolicyKind::Identity)
    })
}

/// Several policies as one.
pub(super) fn join<'p>(name: &str, policies: impl IntoIterator<Item = &'p Policy>) -> Policy {
    let mut statements = Vec::new();
    for policy in policies {
        match &policy.statements {
            Some(own) => statements.extend(own.iter().cloned()),
            None => return policy.clone(),
        }
    }
    Policy { name: name.into(), statements: Some(statements.into()) }
}
