//! Who may make a request, of all whom the snapshot does not hold: those whom the policy of the resource names, anybody,
//! and the guests of an app.

use super::direct;
use super::open_resources::reservation;
use super::outsiders::{COGNITO, Outsider, OutsiderKind, account_of, named_by_policy};
use super::terms::Terms;
use crate::access::{Access, speaker};
use crate::base::Certainty;
use crate::catalog;
use crate::engine::{Applied, Context, Decision, Target, Verdict};
use crate::iam::{Effect, Policy, PrincipalSpec};
use crate::inventory::{PrincipalId, Resource, ResourceId};
use serde_json::Value;
use std::collections::BTreeSet;

/// An outsider who may make a request, or of whom nobody knows.
#[derive(Clone, Debug)]
pub struct AtLarge {
    /// Who.
    pub outsider: Outsider,
    /// What the engine says: never a denial.
    pub decision: Decision,
    /// The statements that bear on it.
    pub applied: Vec<Applied>,
    /// What has to hold besides.
    pub besides: Terms,
}

/// The outsiders who may make a request, as far as the snapshot tells.
pub fn at_large(
    access: &Access<'_>,
    action: &str,
    target: &Target<'_>,
    resource: Option<ResourceId>,
    context: &Context,
) -> Vec<AtLarge> {
    let inventory = access.inventory();
    let everybody = Outsider { kind: OutsiderKind::Anyone, name: "*".into(), account: None };
    let spoken = access.speaking(action, target, resource);
    let public = spoken.flatten().is_some_and(is_public);
    let mut candidates = match spoken {
        Some(None) => return Vec::new(),
        None => BTreeSet::from([everybody.clone()]),
        Some(Some(policy)) => {
            let own = inventory.accounts.iter().map(|account| &account.id);
            let own = own.into_iter().find(|id| target.account.as_deref() == Some(&***id));
            let mut named = named_by_policy(inventory, policy, own);
            named.extend(named_by_conditions(policy).filter(|other| {
                let account = account_of(&other.name);
                inventory.accounts.iter().all(|known| account != Some(&*known.id))
            }));
            named
        }
    };
    if candidates.contains(&everybody) && catalog::takes_unsigned(action) {
        candidates.insert(Outsider { kind: OutsiderKind::Anonymous, ..everybody });
    }
    let speaks = resource.and_then(|id| inventory.resource(speaker(inventory, action, id)?));
    let mut all = Vec::new();
    for outsider in candidates {
        let by_token = matches!(outsider.kind, OutsiderKind::WebIdentity | OutsiderKind::Saml);
        if by_token && !action.eq_ignore_ascii_case(outsider.action()) {
            continue;
        }
        let Some(caller) = outsider.caller() else { continue };
        let mut besides = Terms::default();
        let mut context = context.clone();
        if outsider.kind == OutsiderKind::Anonymous
            && let Some((key, value)) = by_address(action)
        {
            let Some(terms) = speaks.and_then(address) else { continue };
            besides = besides.and(terms);
            context.set(key, vec![value.to_owned()]);
        }
        let (decision, applied) = access.decide_outsider(&caller, action, target, resource, &context);
        if decision.verdict.is_denied() {
            continue;
        }
        if let Some(bucket) = speaks.filter(|_| public) {
            let Some(terms) = reservation(bucket, OutsiderKind::Anyone) else { continue };
            besides = besides.and(terms);
        }
        all.push(AtLarge { outsider, decision, applied, besides });
    }
    all
}

/// Whether a policy lets everybody do something, whatever the request says: where that is blocked, it lets in nobody of
/// another account.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
fn is_public(policy: &Policy) -> bool {
    policy.statements.iter().any(|one| {
        let everybody =
            one.principal.as_ref().is_some_and(|all| all.negated || all.values.contains(&PrincipalSpec::Everyone));
        one.effect == Effect::Allow && everybody && one.conditions.is_empty()
    })
}

/// Accounts that conditions of statements for everybody name.
fn named_by_conditions(policy: &Policy) -> impl Iterator<Item = Outsider> {
    let open = policy.statements.iter().filter(|one| {
        let everybody = one.principal.as_ref().is_some_and(|all| all.values.contains(&PrincipalSpec::Everyone));
        one.effect == Effect::Allow && everybody
    });
    let conditions = open.flat_map(|one| &one.conditions).filter(|condition| {
        ["aws:principalaccount", "aws:principalarn"].contains(&&*condition.key.to_ascii_lowercase())
    });
    let named = conditions.flat_map(|condition| &condition.values);
    named
        .filter(|value| account_of(value).is_some() && !value.contains(['*', '?']))
        .map(|value| Outsider { kind: OutsiderKind::Account, name: value.as_str().into(), account: None })
        .collect::<BTreeSet<_>>()
        .into_iter()
}

/// The key that says that a function is called through its web address, and its value.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>
fn by_address(action: &str) -> Option<(&'static str, &'static str)> {
    match &*action.to_ascii_lowercase() {
        "lambda:invokefunctionurl" => Some(("lambda:FunctionUrlAuthType", "NONE")),
        "lambda:invokefunction" => Some(("lambda:InvokedViaFunctionUrl", "true")),
        _ => None,
    }
}

/// What has to hold so that a function has a web address that asks nobody who they are; `None`: it has none.
fn address(function: &Resource) -> Option<Terms> {
    match function.properties.get("Url").map(|url| url.get("AuthType").and_then(Value::as_str)) {
        Some(Some("NONE")) => Some(Terms::default()),
        Some(_) => None,
        None => Some(when("if it has a web address that asks nobody who they are, which was not read")),
    }
}

fn when(condition: &str) -> Terms {
    Terms { certainty: Certainty::Conditional, conditions: [condition.to_owned()].into() }
}

/// The guests of an app, and the role whose rights they have.
#[derive(Clone, Debug)]
pub struct Guests {
    /// Who.
    pub outsider: Outsider,
    /// Whose rights.
    pub role: PrincipalId,
    /// How the trust policy of the role decides.
    pub verdict: Verdict,
    /// What has to hold.
    pub terms: Terms,
    /// Whether they can use a flow in which AWS does not limit them to some services; `None`: that was not read.
    classic: Option<bool>,
}

impl Guests {
    /// What has to hold besides so that they can call an action with the rights of the role; `None`: they cannot.
    pub fn reach(&self, action: &str) -> Option<Terms> {
        match self.classic {
            Some(true) => Some(Terms::default()),
            _ if catalog::is_open_to_guests(action) => Some(Terms::default()),
            Some(false) => None,
            None => Some(when("if the identity pool allows the basic flow, which was not read")),
        }
    }
}

/// Everybody who gets the rights of a role from an identity pool without signing in.
///
/// Sources: <https://docs.aws.amazon.com/cognito/latest/developerguide/identity-pools.html>,
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/role-trust-and-permissions.html>
pub fn guests(access: &Access<'_>) -> Vec<Guests> {
    let inventory = access.inventory();
    let pools = inventory.resources.iter().filter(|resource| resource.kind == "AWS::Cognito::IdentityPool");
    let mut all = Vec::new();
    for pool in pools {
        let allows = |property: &str| pool.properties.get(property).and_then(Value::as_bool);
        let role = pool.properties.get("Roles").and_then(|roles| roles.get("unauthenticated")?.as_str());
        let Some(role) = role.and_then(|arn| inventory.find_principal(arn)) else { continue };
        let terms = match allows("AllowUnauthenticatedIdentities") {
            Some(true) => Terms::default(),
            Some(false) => continue,
            None => when("if the identity pool lets guests in, which was not read"),
        };
        let id = pool.text("Id").or(pool.text("IdentityPoolId"));
        let id = id.or(pool.arn.rsplit_once("identitypool/").map(|(_, id)| id)).unwrap_or_default();
        let name = pool.text("IdentityPoolName").unwrap_or(id);
        let outsider = Outsider { kind: OutsiderKind::Guest, name: name.into(), account: None };
        let (Some(caller), Some(known)) = (outsider.caller(), inventory.principal(role)) else { continue };
        let context =
            direct().with(&format!("{COGNITO}:aud"), &[id]).with(&format!("{COGNITO}:amr"), &["unauthenticated"]);
        let target = access.principal_or_policy(&known.arn);
        let (decision, _) = access.decide_outsider(&caller, outsider.action(), &target, None, &context);
        if !decision.verdict.is_denied() {
            let terms = terms.and(Terms::of(&decision));
            all.push(Guests { outsider, role, verdict: decision.verdict, terms, classic: allows("AllowClassicFlow") });
        }
    }
    all
}
