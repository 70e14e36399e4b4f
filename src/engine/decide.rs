//! The decision: which layers apply, which of them suffice, and what comes of it.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use super::caller::CallerKind;
use super::compile::Policy;
use super::facts::{Facts, access_point};
use super::formula::{Atom, Formula, Unseen};
use super::principal::{Naming, whether_named};
use super::solve::{Alternatives, Solution, is_satisfiable, solve};
use super::special::{
    add_kms_grants, assumes_root, bucket_behind, by_credentials, is_key, is_protected_by_aws, is_same_account,
    is_trust, needs_no_permission, needs_resource_side, owner_may_always_repair, rcps_apply, scps_apply,
};
use crate::iam::Effect;
use std::fmt;
use std::sync::Arc;

/// A kind of policy, or the rule, that an answer stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// Identity policies: the caller's own, and its groups'.
    Identity,
    /// The resource's policy.
    Resource,
    /// The permissions boundary.
    Boundary,
    /// Session policies.
    Session,
    /// Service control policies.
    Scp,
    /// Resource control policies.
    Rcp,
    /// VPC endpoint policies.
    Endpoint,
    /// A role's trust policy.
    Trust,
    /// What the root user may.
    Root,
}

impl fmt::Display for Layer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Layer::Identity => "identity",
            Layer::Resource => "resource",
            Layer::Boundary => "boundary",
            Layer::Session => "session",
            Layer::Scp => "scp",
            Layer::Rcp => "rcp",
            Layer::Endpoint => "endpoint",
            Layer::Trust => "trust",
            Layer::Root => "root",
        })
    }
}

/// The answer in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Denied, whatever grants.
    ExplicitDeny,
    /// Nothing grants it.
    ImplicitDeny,
    /// Not to be decided from what is known: neither safe nor open.
    Unknown,
    /// Allowed when the conditions hold, and they can.
    AllowedIf,
    /// Allowed.
    Allowed,
}

impl Verdict {
    /// Whether it is certain that the request is denied.
    pub fn is_denied(self) -> bool {
        matches!(self, Verdict::ExplicitDeny | Verdict::ImplicitDeny)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Verdict::ExplicitDeny => "explicit-deny",
            Verdict::ImplicitDeny => "implicit-deny",
            Verdict::Unknown => "unknown",
            Verdict::AllowedIf => "allowed-if",
            Verdict::Allowed => "allowed",
        })
    }
}

/// Organisation policies that apply to one side of a request.
#[derive(Clone, Debug, Default)]
pub enum Controls<'a> {
    /// None apply.
    #[default]
    None,
    /// They were not read.
    Unseen,
    /// Those of each level, from the root down to the account.
    Levels(Vec<Vec<&'a Policy>>),
}

/// The policy of the resource.
#[derive(Clone, Copy, Debug, Default)]
pub enum ResourceSide<'a> {
    /// It has none.
    #[default]
    None,
    /// It may have one that was not read.
    Unseen,
    /// This one.
    Policy(&'a Policy),
}

/// All policies that bear on a request.
#[derive(Clone, Debug, Default)]
pub struct Stack<'a> {
    /// Identity policies of the caller and its groups.
    pub identity: Vec<&'a Policy>,
    /// Permissions boundaries; every one must allow.
    pub boundaries: Vec<&'a Policy>,
    /// Session policies, any of which may allow; `None`: the session was started without.
    pub session: Option<Vec<&'a Policy>>,
    /// The policy of the resource; the trust policy where a role is assumed.
    pub resource: ResourceSide<'a>,
    /// The policy of the bucket behind an access point.
    pub bucket: Option<&'a Policy>,
    /// Policies of the VPC endpoint that the request goes through.
    pub endpoints: Vec<&'a Policy>,
    /// Service control policies of the caller's account.
    pub scps: Controls<'a>,
    /// Resource control policies of the resource's account.
    pub rcps: Controls<'a>,
    /// Whether the caller's account is the management account of the organisation.
    pub management_account: bool,
}

/// A statement that bears on the decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Kind of policy.
    pub layer: Layer,
    /// Name of the policy.
    pub policy: Arc<str>,
    /// Position of the statement in it.
    pub statement: usize,
    /// Its `Sid`.
    pub sid: Option<Arc<str>>,
    /// Allow or deny.
    pub effect: Effect,
    /// Under what it applies.
    pub under: Formula,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// In one word.
    pub verdict: Verdict,
    /// The layer that decided.
    pub decided_by: Layer,
    /// Under what it is allowed, for [`Verdict::AllowedIf`]; `None` there means too tangled to say.
    pub conditions: Option<Alternatives>,
    /// The whole formula, for combining decisions.
    pub formula: Formula,
}

/// What the policies of one layer say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grants {
    /// When some statement allows.
    pub allow: Formula,
    /// When some statement denies.
    pub deny: Formula,
}

impl Grants {
    /// Says nothing.
    pub const NONE: Grants = Grants { allow: Formula::False, deny: Formula::False };

    /// Adds what another policy of the same layer says.
    pub fn join(self, other: Grants) -> Grants {
        Grants { allow: self.allow.or(other.allow), deny: self.deny.or(other.deny) }
    }

    /// What one policy without principals says. Statements that apply are noted in `trace`.
    pub fn of(policy: &Policy, facts: &Facts<'_>, layer: Layer, trace: &mut Option<&mut Vec<Applied>>) -> Grants {
        let Some(statements) = &policy.statements else { return Grants::unreadable(policy) };
        let mut grants = Grants::NONE;
        for (index, statement) in statements.iter().enumerate() {
            let under = statement.applies(facts);
            if !under.is_false() {
                note(trace, layer, policy, index, under.clone());
                match statement.effect {
                    Effect::Allow => grants.allow = grants.allow.or(under),
                    Effect::Deny => grants.deny = grants.deny.or(under),
                }
            }
        }
        grants
    }

    fn of_all(policies: &[&Policy], facts: &Facts<'_>, layer: Layer, trace: &mut Option<&mut Vec<Applied>>) -> Grants {
        policies.iter().fold(Grants::NONE, |grants, policy| grants.join(Grants::of(policy, facts, layer, trace)))
    }

    /// What a policy says that cannot be read: there is no knowing.
    fn unreadable(policy: &Policy) -> Grants {
        Grants {
            allow: Formula::undecided(format!("whether {}, which cannot be read, allows it", policy.name)),
            deny: Formula::undecided(format!("whether {}, which cannot be read, denies it", policy.name)),
        }
    }
}

fn note(trace: &mut Option<&mut Vec<Applied>>, layer: Layer, policy: &Policy, index: usize, under: Formula) {
    let Some(trace) = trace else { return };
    let Some(statement) = policy.statements.as_ref().and_then(|statements| statements.get(index)) else { return };
    trace.push(Applied {
        layer,
        policy: Arc::clone(&policy.name),
        statement: index,
        sid: statement.sid.clone(),
        effect: statement.effect,
        under,
    });
}

/// What a resource policy says, by how it names the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceGrants {
    /// By the caller's own ARN.
    pub own: Formula,
    /// A session by its role.
    pub role: Formula,
    /// By `*`.
    pub everyone: Formula,
    /// By the account.
    pub account: Formula,
    /// Denies it, however named.
    pub deny: Formula,
}

impl ResourceGrants {
    /// Says nothing.
    pub const NONE: ResourceGrants = ResourceGrants {
        own: Formula::False,
        role: Formula::False,
        everyone: Formula::False,
        account: Formula::False,
        deny: Formula::False,
    };

    /// What a policy with principals says. `bounded`: the caller has a permissions boundary.
    pub fn of(
        policy: &Policy,
        facts: &Facts<'_>,
        bounded: bool,
        layer: Layer,
        trace: &mut Option<&mut Vec<Applied>>,
    ) -> ResourceGrants {
        let mut grants = ResourceGrants::NONE;
        let Some(statements) = &policy.statements else {
            let Grants { allow, deny } = Grants::unreadable(policy);
            return ResourceGrants { own: allow, deny, ..grants };
        };
        for (index, statement) in statements.iter().enumerate() {
            let namings = statement.naming(facts, bounded);
            if namings.iter().all(|(naming, under)| *naming == Naming::default() || under.is_false()) {
                continue;
            }
            let under = statement.applies(facts);
            if under.is_false() {
                continue;
            }
            note(trace, layer, policy, index, under.clone());
            for (naming, by_name) in namings {
                let under = under.clone().and(by_name);
                if statement.effect == Effect::Allow {
                    grants.allow(naming, under);
                } else if naming.any() {
                    grants.deny = grants.deny.or(under);
                } else if naming.undecided {
                    grants.deny = grants.deny.or(under.and(whether_named()));
                }
            }
        }
        grants
    }

    /// Adds what allows the caller, named in this way, under this condition.
    pub(super) fn allow(&mut self, naming: Naming, under: Formula) {
        let add = |named: bool, into: &mut Formula| {
            if named {
                *into = std::mem::replace(into, Formula::False).or(under.clone());
            }
        };
        add(naming.own, &mut self.own);
        add(naming.role, &mut self.role);
        add(naming.everyone, &mut self.everyone);
        add(naming.account, &mut self.account);
        if naming.undecided {
            let account = std::mem::replace(&mut self.account, Formula::False);
            self.account = account.or(under.and(whether_named()));
        }
    }

    /// A request that passes two policies in a row: each must grant it, and a grant is worth what the lesser of the two
    /// is worth.
    fn and_then(self, next: ResourceGrants) -> ResourceGrants {
        let to_everyone = |grants: &ResourceGrants| grants.own.clone().or(grants.everyone.clone());
        let to_role = |grants: &ResourceGrants| to_everyone(grants).or(grants.role.clone());
        ResourceGrants {
            everyone: to_everyone(&self).and(to_everyone(&next)),
            role: to_role(&self).and(to_role(&next)),
            account: self.named().and(next.named()),
            own: self.own.and(next.own),
            deny: self.deny.or(next.deny),
        }
    }

    /// When some statement allows, however it names the caller.
    pub fn named(&self) -> Formula {
        Formula::any([self.own.clone(), self.role.clone(), self.everyone.clone(), self.account.clone()])
    }
}

/// What all layers say of a request.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// Identity policies.
    pub identity: Grants,
    /// Each permissions boundary.
    pub boundaries: Vec<Grants>,
    /// Session policies.
    pub session: Option<Grants>,
    /// The resource's policy; for an access point, together with the policy of the bucket behind it.
    pub resource: ResourceGrants,
    /// Each endpoint policy.
    pub endpoints: Vec<Grants>,
    /// Each level of service control policies.
    pub scps: Vec<Grants>,
    /// Denies of resource control policies: their allow is always given, since `RCPFullAWSAccess` cannot be detached.
    pub rcp_deny: Formula,
    /// What was not read: holds when it permits the request.
    pub unseen: Formula,
    /// Whether the caller's account is the management account of the organisation.
    pub management_account: bool,
}

/// Decides a request and lists the statements that bear on it.
pub fn decide(facts: &Facts<'_>, stack: &Stack<'_>) -> (Decision, Vec<Applied>) {
    let mut applied = Vec::new();
    let evaluated = evaluate(facts, stack, &mut Some(&mut applied));
    (conclude(facts, &evaluated), applied)
}

/// Asks every layer.
pub fn evaluate(facts: &Facts<'_>, stack: &Stack<'_>, trace: &mut Option<&mut Vec<Applied>>) -> Evaluated {
    let has_identity = facts.caller.has_identity();
    // Service-linked roles cannot have a boundary.
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    let bounded = has_identity && !facts.caller.service_linked && !stack.boundaries.is_empty();
    let mut unseen = Formula::True;
    let organization = || Formula::atom(Atom::Unseen(Unseen::OrganizationPolicies));

    let scps = match &stack.scps {
        _ if !scps_apply(facts, stack) => Vec::new(),
        Controls::None => Vec::new(),
        Controls::Unseen => {
            unseen = unseen.and(organization());
            Vec::new()
        }
        Controls::Levels(levels) => {
            levels.iter().map(|level| Grants::of_all(level, facts, Layer::Scp, trace)).collect()
        }
    };
    let rcp_deny = match &stack.rcps {
        _ if !rcps_apply(facts, stack) => Formula::False,
        Controls::None => Formula::False,
        Controls::Unseen => {
            unseen = unseen.and(organization());
            Formula::False
        }
        Controls::Levels(levels) => Formula::any(
            levels.iter().flatten().map(|policy| ResourceGrants::of(policy, facts, bounded, Layer::Rcp, trace).deny),
        ),
    };
    let endpoints = stack
        .endpoints
        .iter()
        .map(|policy| {
            let grants = ResourceGrants::of(policy, facts, bounded, Layer::Endpoint, trace);
            Grants { allow: grants.named(), deny: grants.deny }
        })
        .collect();
    let mut resource = match stack.resource {
        ResourceSide::None => ResourceGrants::NONE,
        ResourceSide::Policy(policy) => {
            let layer = if is_trust(facts) { Layer::Trust } else { Layer::Resource };
            ResourceGrants::of(policy, facts, bounded, layer, trace)
        }
        ResourceSide::Unseen => {
            let unread = || Formula::atom(Atom::Unseen(Unseen::ResourcePolicy));
            // Where the resource's side must allow, not having read it leaves everything open.
            let needed = needs_resource_side(facts);
            // To somebody of another account it alone can allow anything; to its own account it may deny.
            let elsewhere = !needed && !is_same_account(facts);
            ResourceGrants {
                account: if needed { unread() } else { Formula::False },
                everyone: if elsewhere { Formula::undecided(UNREAD) } else { Formula::False },
                deny: if needed || elsewhere { Formula::False } else { unread().negate() },
                ..ResourceGrants::NONE
            }
        }
    };
    if owner_may_always_repair(facts) {
        // The owner's root user can always read, replace and delete a bucket policy that locked everybody out.
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html
        resource.deny = Formula::False;
    }
    add_kms_grants(facts, &mut resource);
    if facts.target.parsed().and_then(access_point).is_some() {
        // What an access point's policy grants is effective as far as the bucket's policy grants the same.
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html
        resource = resource.and_then(match stack.bucket {
            Some(policy) => bucket_behind(facts, policy, bounded, trace),
            None => ResourceGrants::NONE,
        });
    }
    Evaluated {
        identity: if has_identity {
            Grants::of_all(&stack.identity, facts, Layer::Identity, trace)
        } else {
            Grants::NONE
        },
        boundaries: if bounded {
            stack.boundaries.iter().map(|policy| Grants::of(policy, facts, Layer::Boundary, trace)).collect()
        } else {
            Vec::new()
        },
        session: session_grants(facts, stack, trace),
        resource,
        endpoints,
        scps,
        rcp_deny,
        unseen,
        management_account: stack.management_account,
    }
}

fn session_grants(facts: &Facts<'_>, stack: &Stack<'_>, trace: &mut Option<&mut Vec<Applied>>) -> Option<Grants> {
    let is_session = facts.caller.is_role_session() || facts.caller.kind == CallerKind::FederatedUser;
    match &stack.session {
        Some(policies) if is_session => Some(Grants::of_all(policies, facts, Layer::Session, trace)),
        // A session of GetFederationToken that was given no policy has no permissions of its own.
        // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
        None if facts.caller.kind == CallerKind::FederatedUser => Some(Grants::NONE),
        _ => None,
    }
}

/// Combines the layers into an answer.
pub fn conclude(facts: &Facts<'_>, layers: &Evaluated) -> Decision {
    let decision = |verdict, decided_by, formula| Decision { verdict, decided_by, conditions: None, formula };
    if needs_no_permission(facts) {
        return decision(Verdict::Allowed, Layer::Identity, Formula::True);
    }
    let resource_layer = if is_trust(facts) { Layer::Trust } else { Layer::Resource };
    let denies = [
        (Layer::Scp, Formula::any(layers.scps.iter().map(|level| level.deny.clone()))),
        (Layer::Rcp, layers.rcp_deny.clone()),
        (Layer::Endpoint, Formula::any(layers.endpoints.iter().map(|policy| policy.deny.clone()))),
        (resource_layer, layers.resource.deny.clone()),
        (Layer::Identity, layers.identity.deny.clone()),
        (Layer::Boundary, Formula::any(layers.boundaries.iter().map(|policy| policy.deny.clone()))),
        (Layer::Session, layers.session.as_ref().map_or(Formula::False, |session| session.deny.clone())),
    ];
    if let Some((layer, _)) = denies.iter().find(|(_, deny)| deny.is_true()) {
        return decision(Verdict::ExplicitDeny, *layer, Formula::False);
    }
    if is_protected_by_aws(facts) {
        return decision(Verdict::ImplicitDeny, Layer::Resource, Formula::False);
    }
    let (layer, by_credentials) = by_credentials(facts, layers.management_account);
    if by_credentials.is_false() {
        return decision(Verdict::ImplicitDeny, layer, Formula::False);
    }
    let steps = steps(facts, layers, resource_layer);
    let granted = steps.iter().fold(by_credentials.clone(), |allowed, (_, step)| allowed.and(step.clone()));
    let undenied = denies.iter().filter(|(_, deny)| !deny.is_false());
    let allowed = undenied.fold(granted, |allowed, (_, deny)| allowed.and(deny.negate()));
    let (verdict, conditions) = weigh(&allowed);
    if verdict.is_denied()
        && let Some((verdict, layer)) = refused_by(by_credentials, &steps, &denies)
    {
        return decision(verdict, layer, Formula::False);
    }
    let granted_by = granted_by(facts, layers, resource_layer);
    Decision { verdict, decided_by: granted_by, conditions, formula: allowed }
}

/// The layer that makes it impossible: the first with which what was possible so far is no more. Looked for only where
/// all of them together are impossible, which most requests are not.
fn refused_by(
    by_credentials: Formula,
    steps: &[(Layer, Formula)],
    denies: &[(Layer, Formula)],
) -> Option<(Verdict, Layer)> {
    let mut allowed = by_credentials;
    for (layer, step) in steps {
        // What adds nothing cannot make it impossible.
        if step.is_true() {
            continue;
        }
        allowed = allowed.and(step.clone());
        if never(&allowed) {
            return Some((Verdict::ImplicitDeny, *layer));
        }
    }
    for (layer, deny) in denies.iter().filter(|(_, deny)| !deny.is_false()) {
        allowed = allowed.and(deny.negate());
        if never(&allowed) {
            return Some((Verdict::ExplicitDeny, *layer));
        }
    }
    None
}

fn never(formula: &Formula) -> bool {
    match formula {
        Formula::False => true,
        Formula::True => false,
        other => has_keys(other) && !is_satisfiable(other),
    }
}

fn has_keys(formula: &Formula) -> bool {
    formula.mentions(&|atom| !matches!(atom, Atom::Undecided(_)))
}

/// What stays open where a policy was not read that alone could allow something.
const UNREAD: &str = "whether the resource's policy, which was not read, allows it";

/// Turns what is left open into a verdict.
pub fn weigh(allowed: &Formula) -> (Verdict, Option<Alternatives>) {
    match allowed {
        Formula::True => return (Verdict::Allowed, None),
        Formula::False => return (Verdict::ImplicitDeny, None),
        // Doubts are no facts that could cancel each other out.
        other if !has_keys(other) => return (Verdict::Unknown, None),
        _ => {}
    }
    let doubtful = |alternative: &Vec<super::solve::Literal>| {
        alternative.iter().any(|(atom, _)| matches!(**atom, Atom::Undecided(_)))
    };
    match solve(allowed, &Facts::is_chosen_by_caller) {
        Solution::Always => (Verdict::Allowed, None),
        Solution::Never => (Verdict::ImplicitDeny, None),
        Solution::Tangled => (Verdict::AllowedIf, None),
        Solution::When(Alternatives(mut all)) => {
            if all.iter().all(doubtful) {
                return (Verdict::Unknown, Some(Alternatives(all)));
            }
            all.retain(|alternative| !doubtful(alternative));
            (Verdict::AllowedIf, Some(Alternatives(all)))
        }
    }
}

/// What must hold, layer by layer, each step adding one.
fn steps(facts: &Facts<'_>, layers: &Evaluated, resource_layer: Layer) -> Vec<(Layer, Formula)> {
    let mut steps = vec![
        (Layer::Scp, layers.unseen.clone()),
        (Layer::Scp, Formula::all(layers.scps.iter().map(|level| level.allow.clone()))),
        (Layer::Endpoint, Formula::all(layers.endpoints.iter().map(|policy| policy.allow.clone()))),
    ];
    let resource = &layers.resource;
    let named = resource.named();
    let same_account = is_same_account(facts);
    if facts.caller.kind == CallerKind::Root {
        let root = if is_trust(facts) || assumes_root(facts) || facts.action == "sts:assumerole" {
            // The root user can assume neither roles nor the root user of another account.
            // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
            (Layer::Root, Formula::False)
        } else if same_account && !is_key(facts) {
            (Layer::Root, Formula::True)
        } else {
            (resource_layer, named)
        };
        steps.push(root);
        return steps;
    }
    if facts.caller.is_outside_iam() {
        steps.push((resource_layer, named));
        return steps;
    }
    let identity = layers.identity.allow.clone();
    let boundary = Formula::all(layers.boundaries.iter().map(|policy| policy.allow.clone()));
    let session = layers.session.as_ref().map_or(Formula::True, |session| session.allow.clone());
    let both = identity.clone().and(boundary.clone());
    if !same_account || assumes_root(facts) {
        let named = if assumes_root(facts) { Formula::True } else { named };
        steps.extend([
            (resource_layer, named),
            (Layer::Identity, identity),
            (Layer::Boundary, boundary),
            (Layer::Session, session),
        ]);
        return steps;
    }
    // Where either side suffices, identity policies need no delegation by the resource's policy.
    let delegated = if needs_resource_side(facts) { resource.account.clone() } else { Formula::True };
    let delegated = delegated.or(if needs_resource_side(facts) { resource.role.clone() } else { Formula::False });
    let alone = resource.own.clone().or(resource.everyone.clone());
    let role = resource.role.clone();
    let contested = if layers.session.is_some() {
        session.clone().or(Formula::undecided("whether a session policy limits a grant to everybody"))
    } else {
        Formula::True
    };
    steps.extend([
        (resource_layer, alone.clone().or(role.clone()).or(delegated.clone())),
        (Layer::Identity, Formula::any([alone.clone(), role.clone(), delegated.clone().and(identity)])),
        (
            Layer::Boundary,
            Formula::any([alone, role.clone().and(boundary.clone()), delegated.clone().and(both.clone())]),
        ),
        (
            Layer::Session,
            Formula::any([
                resource.own.clone(),
                resource.everyone.clone().and(contested),
                role.and(boundary).and(session.clone()),
                delegated.and(both).and(session),
            ]),
        ),
    ]);
    steps
}

/// The layer to name for a request that is allowed, or may be.
fn granted_by(facts: &Facts<'_>, layers: &Evaluated, resource_layer: Layer) -> Layer {
    if resource_layer == Layer::Trust {
        return Layer::Trust;
    }
    if facts.caller.kind == CallerKind::Root {
        return if is_same_account(facts) { Layer::Root } else { Layer::Resource };
    }
    if facts.caller.is_outside_iam() {
        return Layer::Resource;
    }
    if !is_same_account(facts) {
        return Layer::Identity;
    }
    let resource = &layers.resource;
    let boundary = Formula::all(layers.boundaries.iter().map(|policy| policy.allow.clone()));
    let session = layers.session.as_ref().map_or(Formula::True, |session| session.allow.clone());
    let alone = Formula::any([
        resource.own.clone(),
        resource.everyone.clone().and(session.clone()),
        resource.role.clone().and(boundary).and(session),
    ]);
    if alone.is_true() || (layers.identity.allow.is_false() && !alone.is_false()) {
        Layer::Resource
    } else {
        Layer::Identity
    }
}
