//! Roles that a service may act on.

use crate::iam::{Effect, PrincipalSpec};
use crate::inventory::{Inventory, Principal, PrincipalId};

/// Roles whose trust policy lets a service take them on. Conditions of the trust policy are left aside: services set the
/// keys that such conditions ask for (`aws:SourceAccount`, `aws:SourceArn`) to the account in which they act.
pub(super) fn roles_trusting(inventory: &Inventory, service: &str) -> Vec<PrincipalId> {
    inventory.principal_ids().filter(|(_, role)| trusts(inventory, role, service)).map(|(id, _)| id).collect()
}

fn trusts(inventory: &Inventory, role: &Principal, service: &str) -> bool {
    let trust = role.trust.and_then(|document| inventory.document(document));
    let statements = trust.and_then(|document| document.policy.as_ref()).map(|policy| &policy.statements);
    let names = |spec: &PrincipalSpec| matches!(spec, PrincipalSpec::Service(named) if named == service);
    statements.into_iter().flatten().any(|statement| {
        statement.effect == Effect::Allow
            && statement.principal.as_ref().is_some_and(|who| !who.negated && who.values.iter().any(names))
    })
}
