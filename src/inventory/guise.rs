//! Principals as they would be: with a policy that allows everything, without their boundary, with other policies, or
//! newly made.
//!
//! What they could then do is asked of a second inventory, in which they alone have policies. Organisation policies,
//! boundaries, policies of resources and trust policies are those of the first, and so are the ids of resources and
//! accounts.

use super::{Account, Attachment, Controls, Document, DocumentId, Inventory, Principal, PrincipalId, PrincipalKind};
use crate::iam::{Effect, Element, Policy, PolicyKind, Statement, Version};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A principal as it would be.
#[derive(Clone, Debug)]
pub struct Guise {
    /// The principal; for one newly made, as it would be called.
    pub principal: Principal,
    /// Whether a policy of its own allows everything, beside those that it has.
    pub everything: bool,
}

impl Guise {
    /// The principal with a policy of its own that allows everything, within its boundary.
    pub fn unbound(principal: &Principal) -> Guise {
        Guise { principal: Principal { policies: Vec::new(), ..principal.clone() }, everything: true }
    }

    /// The same, where these of its policies go on denying something.
    pub fn kept_back(principal: &Principal, by: Vec<Attachment>) -> Guise {
        Guise { principal: Principal { policies: by, ..principal.clone() }, everything: true }
    }

    /// The principal without its boundary.
    pub fn without_boundary(principal: &Principal) -> Guise {
        Guise { principal: Principal { boundary: None, ..principal.clone() }, everything: false }
    }

    /// The principal with other policies and another boundary.
    pub fn changed(principal: &Principal, policies: Vec<Attachment>, boundary: Option<Attachment>) -> Guise {
        Guise { principal: Principal { policies, boundary, ..principal.clone() }, everything: false }
    }

    /// A user who is made anew in an account, and allowed everything.
    pub fn newcomer(account: super::AccountId, known: &Account, partition: &str) -> Guise {
        let name: Arc<str> = NEWCOMER.into();
        let principal = Principal {
            arn: format!("arn:{partition}:iam::{}:user/{name}", known.id).into(),
            name,
            kind: PrincipalKind::User,
            account,
            tags: Arc::default(),
            groups: Vec::new(),
            policies: Vec::new(),
            boundary: None,
            trust: None,
            service_linked: false,
            reserved: false,
            environment: None,
        };
        Guise { principal, everything: true }
    }
}

/// The name of a user that does not exist yet.
pub const NEWCOMER: &str = "foureyes-newcomer";

/// An inventory of guises.
#[derive(Debug)]
pub struct Supposed {
    /// In it, guises have policies, and roles that resources act as; all other principals have none.
    pub inventory: Inventory,
    /// Where each guise is in it.
    pub ids: Vec<PrincipalId>,
    /// Which guise each of its principals is.
    pub guises: Vec<Option<u32>>,
}

impl Inventory {
    /// Supposes that principals are as these guises are.
    pub fn suppose(&self, guises: &[Guise]) -> Supposed {
        self.supposing(guises, true)
    }

    /// The same, for questions about these guises and their own policies only: nobody and nothing else is there.
    pub fn suppose_only(&self, guises: &[Guise]) -> Supposed {
        self.supposing(guises, false)
    }

    fn supposing(&self, guises: &[Guise], others: bool) -> Supposed {
        let mut copy = Copy { of: self, documents: Vec::new(), known: FxHashMap::default() };
        let everything = copy.add(Document { kind: PolicyKind::Identity, policy: Some(all().into()) });
        let mut principals: Vec<(Principal, Option<u32>)> = Vec::new();
        for (number, guise) in (0u32..).zip(guises) {
            let mut principal = guise.principal.clone();
            principal.policies = principal.policies.iter().map(|attachment| copy.attachment(attachment)).collect();
            if guise.everything {
                let own = Attachment { document: everything, name: "a policy of its own making".into(), through: None };
                principal.policies.push(own);
            }
            principal.boundary = principal.boundary.as_ref().map(|attachment| copy.attachment(attachment));
            principal.trust = principal.trust.map(|id| copy.document(id));
            principals.push((principal, Some(number)));
        }
        let mut acting: FxHashSet<&str> = FxHashSet::default();
        let resources = if others { self.resources.as_slice() } else { &[] };
        for value in resources.iter().flat_map(|resource| resource.properties.values()) {
            roles_in(value, &mut acting);
        }
        for principal in self.principals.iter().filter(|known| others && known.trust.is_some()) {
            // A role that some resource acts as keeps its rights.
            let acts = acting.contains(&*principal.arn);
            let policies = if acts { principal.policies.as_slice() } else { &[] };
            let known = Principal {
                policies: policies.iter().map(|attachment| copy.attachment(attachment)).collect(),
                boundary: principal.boundary.as_ref().filter(|_| acts).map(|attachment| copy.attachment(attachment)),
                trust: principal.trust.map(|id| copy.document(id)),
                ..principal.clone()
            };
            principals.push((known, None));
        }
        principals.sort_by(|a, b| (&a.0.arn, a.1).cmp(&(&b.0.arn, b.1)));
        let mut ids = vec![PrincipalId(0); guises.len()];
        for (at, (_, number)) in (0u32..).zip(&principals) {
            if let Some(id) = number.and_then(|number| ids.get_mut(number as usize)) {
                *id = PrincipalId(at);
            }
        }
        let mut accounts = self.accounts.clone();
        for account in &mut accounts {
            if let Controls::Levels { scps, rcps, .. } = &mut account.controls {
                for attachment in scps.iter_mut().chain(rcps).flatten() {
                    attachment.document = copy.document(attachment.document);
                }
            }
        }
        let mut resources = resources.to_vec();
        for policy in resources.iter_mut().filter_map(|resource| resource.policy.as_mut()) {
            policy.document = copy.document(policy.document);
        }
        let (principals, of): (Vec<Principal>, Vec<Option<u32>>) = principals.into_iter().unzip();
        let inventory = Inventory {
            accounts,
            policies: BTreeMap::new(),
            groups: Vec::new(),
            principals,
            resources,
            documents: copy.documents,
            broken: Vec::new(),
            organization: self.organization.clone(),
            delegated: self.delegated.clone(),
            environment_rules: self.environment_rules.clone(),
            collected_at: self.collected_at.clone(),
            ..Inventory::default()
        };
        Supposed { inventory, ids, guises: of }
    }
}

/// ARNs of roles in a property.
fn roles_in<'v>(value: &'v Value, found: &mut FxHashSet<&'v str>) {
    match value {
        Value::String(text) if text.starts_with("arn:") && text.contains(":role/") => {
            found.insert(text);
        }
        Value::Array(all) => all.iter().for_each(|value| roles_in(value, found)),
        Value::Object(all) => all.values().for_each(|value| roles_in(value, found)),
        _ => {}
    }
}

/// Documents that are needed in the second inventory.
struct Copy<'i> {
    of: &'i Inventory,
    documents: Vec<Document>,
    known: FxHashMap<DocumentId, DocumentId>,
}

impl Copy<'_> {
    fn add(&mut self, document: Document) -> DocumentId {
        let id = DocumentId(u32::try_from(self.documents.len()).unwrap_or(u32::MAX));
        self.documents.push(document);
        id
    }

    fn document(&mut self, id: DocumentId) -> DocumentId {
        if let Some(known) = self.known.get(&id) {
            return *known;
        }
        // A document that is not there cannot be read.
        let document = self.of.document(id).cloned();
        let copied = self.add(document.unwrap_or(Document { kind: PolicyKind::Identity, policy: None }));
        self.known.insert(id, copied);
        copied
    }

    fn attachment(&mut self, attachment: &Attachment) -> Attachment {
        Attachment { document: self.document(attachment.document), ..attachment.clone() }
    }
}

fn all() -> Policy {
    let everything = || Element { negated: false, values: vec!["*".to_owned()] };
    let statement = Statement {
        sid: None,
        effect: Effect::Allow,
        principal: None,
        action: everything(),
        resource: Some(everything()),
        conditions: Vec::new(),
    };
    Policy { version: Version::V2012, id: None, statements: vec![statement] }
}
