//! From snapshot to inventory.

use super::environment::{EnvironmentRules, recognise, recognise_principals};
use super::reads::Reads;
use super::{
    Account, AccountId, Attachment, BrokenPolicy, Controls, Document, DocumentId, Group, Inventory, ManagedPolicy,
    Principal, PrincipalKind, Resource, ResourceId,
};
use crate::base::Arn;
use crate::iam::{self, Issue, PolicyKind};
use crate::snapshot::{self, InlinePolicy, Organization, Outcome, Snapshot};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};

impl Inventory {
    /// Builds the inventory of a snapshot.
    pub fn new(snapshot: &Snapshot, rules: &EnvironmentRules) -> Inventory {
        let (hand_over, texts) = mpsc::channel();
        let mut builder = Builder::new(hand_over);
        // Texts are long: to number them again whenever there are more takes longer than to number them.
        builder.seen.reserve(snapshot.accounts.iter().map(principals).sum());
        let mut accounts: Vec<&snapshot::Account> = snapshot.accounts.iter().collect();
        accounts.sort_by(|a, b| a.id.cmp(&b.id));
        let build = || {
            for (index, account) in (0u32..).zip(&accounts) {
                builder.account(AccountId(index), account, snapshot.organization.as_ref());
            }
            builder.finish(snapshot, rules)
        };
        // Documents are parsed while the rest is put together.
        let parse = || texts.into_iter().flat_map(|texts: Vec<Text<'_>>| parse_all(&texts)).collect();
        let ((mut inventory, places), parsed): (_, Vec<(Document, Vec<Issue>)>) = rayon::join(build, parse);
        for Place { document, name, owner } in places {
            let Some((document, issues)) = parsed.get(document.0 as usize) else { continue };
            if document.policy.is_none() {
                let present = !issues.is_empty();
                inventory.broken.push(BrokenPolicy { name, owner, issues: issues.clone(), present });
            }
        }
        inventory.broken.sort();
        inventory.broken.dedup();
        inventory.documents = parsed.into_iter().map(|(document, _)| document).collect();
        inventory
    }
}

/// A document as it stands in the snapshot; `None`: a policy that the snapshot does not hold.
type Text<'s> = (PolicyKind, Option<&'s snapshot::Document>);

/// So many texts are parsed at a time.
const TEXTS: usize = 512;

/// Parses documents, in their order.
fn parse_all(texts: &[Text<'_>]) -> Vec<(Document, Vec<Issue>)> {
    let parse = |(kind, document): &Text<'_>| {
        let Some(document) = document else {
            return (Document { kind: *kind, policy: None }, Vec::new());
        };
        let parsed = match document.text() {
            Ok(text) => iam::parse(&text, *kind),
            Err(error) => {
                iam::Parsed { policy: None, issues: vec![Issue { place: String::new(), message: error.to_string() }] }
            }
        };
        (Document { kind: *kind, policy: parsed.policy.map(Arc::new) }, parsed.issues)
    };
    texts.par_iter().with_min_len(64).map(parse).collect()
}

/// How many users and roles an account has: about as many documents.
fn principals(account: &snapshot::Account) -> usize {
    let details = &account.authorization_details;
    details.user_detail_list.len().saturating_add(details.role_detail_list.len())
}

/// Versions of a managed policy that are kept.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html>
const MOST_VERSIONS: usize = 5;

/// What could not be read, told once the documents have been parsed.
struct Place {
    document: DocumentId,
    name: Arc<str>,
    owner: Arc<str>,
}

/// The region that the snapshot gives for a resource, or else its ARN.
fn region_of(arn: &str, given: Option<&str>) -> Option<Arc<str>> {
    let own = Arn::parse(arn).map(|arn| arn.region);
    given.or(own).filter(|region| !region.is_empty()).map(Arc::from)
}

struct Builder<'s> {
    inventory: Inventory,
    /// Documents by kind and text as it stands in the snapshot.
    seen: FxHashMap<(PolicyKind, &'s str), DocumentId>,
    /// How many documents there are.
    documents: u32,
    /// The last of them, in the order of their ids: they are still to be handed over.
    texts: Vec<Text<'s>>,
    hand_over: mpsc::Sender<Vec<Text<'s>>>,
    places: Vec<Place>,
}

impl<'s> Builder<'s> {
    fn new(hand_over: mpsc::Sender<Vec<Text<'s>>>) -> Builder<'s> {
        Builder {
            inventory: Inventory::default(),
            seen: FxHashMap::default(),
            documents: 0,
            texts: Vec::new(),
            hand_over,
            places: Vec::new(),
        }
    }

    fn add(&mut self, kind: PolicyKind, document: Option<&'s snapshot::Document>) -> DocumentId {
        let id = DocumentId(self.documents);
        self.documents = self.documents.saturating_add(1);
        self.texts.push((kind, document));
        if self.texts.len() >= TEXTS {
            self.hand_over();
        }
        id
    }

    fn hand_over(&mut self) {
        // Whoever parses is there until the last text is.
        self.hand_over.send(std::mem::take(&mut self.texts)).ok();
    }

    fn document(&mut self, document: &'s snapshot::Document, kind: PolicyKind) -> DocumentId {
        let next = DocumentId(self.documents);
        let id = *self.seen.entry((kind, document.0.get())).or_insert(next);
        if id == next { self.add(kind, Some(document)) } else { id }
    }

    fn missing(&mut self) -> DocumentId {
        self.add(PolicyKind::Identity, None)
    }

    fn attach(
        &mut self,
        document: DocumentId,
        name: Arc<str>,
        owner: &Arc<str>,
        through: Option<&Arc<str>>,
    ) -> Attachment {
        self.places.push(Place { document, name: Arc::clone(&name), owner: Arc::clone(owner) });
        Attachment { document, name, through: through.cloned() }
    }

    fn inline(&mut self, policies: &'s [InlinePolicy], owner: &Arc<str>) -> Vec<Attachment> {
        policies
            .iter()
            .map(|policy| {
                let document = self.document(&policy.policy_document, PolicyKind::Identity);
                self.attach(document, format!("inline policy {} of {owner}", policy.policy_name).into(), owner, None)
            })
            .collect()
    }

    fn account(&mut self, id: AccountId, account: &'s snapshot::Account, organization: Option<&'s Organization>) {
        let details = &account.authorization_details;
        let mut managed: FxHashMap<&str, (Arc<str>, DocumentId)> = FxHashMap::default();
        for policy in &details.policies {
            let default = policy.policy_version_list.iter().find(|version| version.is_default_version).or_else(|| {
                policy.policy_version_list.iter().find(|version| version.version_id == policy.default_version_id)
            });
            let own = crate::base::Arn::parse(&policy.arn).is_some_and(|arn| arn.account != "aws");
            if let Some(document) = default.and_then(|version| version.document.as_ref()) {
                let document = self.document(document, PolicyKind::Identity);
                let name: Arc<str> = policy.arn.as_str().into();
                managed.insert(&policy.arn, (Arc::clone(&name), document));
                let mut others: Vec<(Arc<str>, DocumentId)> = Vec::new();
                // AWS keeps five versions; a file may hold any number.
                let versions = policy.policy_version_list.iter().filter(|_| own);
                let held = versions.filter_map(|one| Some((one.version_id.as_str(), one.document.as_ref()?)));
                for (version, text) in held.take(MOST_VERSIONS) {
                    let other = self.document(text, PolicyKind::Identity);
                    if other != document && others.iter().all(|(_, known)| *known != other) {
                        others.push((version.into(), other));
                    }
                }
                let versions = own.then_some(policy.policy_version_list.len());
                self.inventory.policies.entry(name).or_insert(ManagedPolicy { document, versions, others });
            }
        }
        let mut absent: FxHashMap<&'s str, (Arc<str>, DocumentId)> = FxHashMap::default();
        let mut find = |builder: &mut Self, arn: &'s str| match managed.get(arn) {
            Some((name, document)) => (Arc::clone(name), *document),
            None => {
                let (name, document) = absent.entry(arn).or_insert_with(|| (arn.into(), builder.missing()));
                (Arc::clone(name), *document)
            }
        };
        let mut groups: FxHashMap<&str, (Arc<str>, Vec<Attachment>)> = FxHashMap::default();
        for group in &details.group_detail_list {
            let arn: Arc<str> = group.arn.as_str().into();
            let mut policies = self.inline(&group.group_policy_list, &arn);
            for attached in &group.attached_managed_policies {
                let (name, document) = find(self, &attached.policy_arn);
                policies.push(self.attach(document, name, &arn, None));
            }
            for policy in &mut policies {
                policy.through = Some(Arc::clone(&arn));
            }
            self.inventory.groups.push(Group {
                arn: Arc::clone(&arn),
                name: group.group_name.as_str().into(),
                account: id,
                policies: policies.clone(),
            });
            groups.insert(&group.group_name, (arn, policies));
        }
        for user in &details.user_detail_list {
            let arn: Arc<str> = user.arn.as_str().into();
            let mut policies = self.inline(&user.user_policy_list, &arn);
            for attached in &user.attached_managed_policies {
                let (name, document) = find(self, &attached.policy_arn);
                policies.push(self.attach(document, name, &arn, None));
            }
            let mut member_of = Vec::new();
            for group in &user.group_list {
                match groups.get(group.as_str()) {
                    Some((arn, carried)) => {
                        member_of.push(Arc::clone(arn));
                        policies.extend(carried.iter().cloned());
                    }
                    None => {
                        // A group that the snapshot does not hold may grant anything.
                        let document = self.missing();
                        policies.push(self.attach(document, format!("policies of group {group}").into(), &arn, None));
                    }
                }
            }
            let boundary = user.permissions_boundary.as_ref().map(|boundary| {
                let (name, document) = find(self, &boundary.permissions_boundary_arn);
                self.attach(document, name, &arn, None)
            });
            self.inventory.principals.push(Principal {
                arn,
                name: user.user_name.as_str().into(),
                kind: PrincipalKind::User,
                account: id,
                tags: tags(&user.tags).into(),
                groups: member_of,
                policies,
                boundary,
                trust: None,
                service_linked: false,
                reserved: false,
                environment: None,
            });
        }
        for role in &details.role_detail_list {
            let arn: Arc<str> = role.arn.as_str().into();
            let mut policies = self.inline(&role.role_policy_list, &arn);
            for attached in &role.attached_managed_policies {
                let (name, document) = find(self, &attached.policy_arn);
                policies.push(self.attach(document, name, &arn, None));
            }
            let boundary = role.permissions_boundary.as_ref().map(|boundary| {
                let (name, document) = find(self, &boundary.permissions_boundary_arn);
                self.attach(document, name, &arn, None)
            });
            let trust = role.assume_role_policy_document.as_ref().map(|document| {
                let document = self.document(document, PolicyKind::Trust);
                self.attach(document, format!("trust policy of {arn}").into(), &arn, None).document
            });
            self.inventory.principals.push(Principal {
                name: role.role_name.as_str().into(),
                kind: PrincipalKind::Role,
                account: id,
                tags: tags(&role.tags).into(),
                groups: Vec::new(),
                policies,
                boundary,
                trust,
                service_linked: role.path.starts_with("/aws-service-role/"),
                reserved: role.path.starts_with("/aws-reserved/"),
                environment: None,
                arn,
            });
        }
        self.inventory.resources.extend(unlisted_stacks(id, account));
        for resource in &account.resources {
            let arn: Arc<str> = resource.arn.as_str().into();
            let known = resource.policy.as_ref();
            let policy = known.filter(|policy| !policy.is_missing()).map(|policy| {
                let document = self.document(policy, PolicyKind::Resource);
                self.attach(document, format!("resource policy of {arn}").into(), &arn, None)
            });
            let region = region_of(&arn, resource.region.as_deref());
            let (kind, properties) = super::kinds::usual(&resource.kind, &resource.properties, region.as_deref());
            self.inventory.resources.push(Resource {
                region,
                has_no_policy: known.is_some_and(snapshot::Document::is_missing),
                arn,
                kind,
                account: id,
                tags: resource.tags.clone().into(),
                properties: properties.into(),
                policy,
                environment: None,
                stacks: Vec::new(),
            });
        }
        let controls = self.controls(account, organization);
        self.inventory.accounts.push(Account {
            id: account.id.as_str().into(),
            alias: account.alias.clone(),
            path: organization.and_then(|organization| path(account, organization)),
            controls,
            coverage: account.coverage.clone(),
            reads: Reads::new(&account.coverage),
        });
    }

    fn controls(&mut self, account: &'s snapshot::Account, organization: Option<&'s Organization>) -> Controls {
        // Policies and where they are attached come from several calls: with any of them unanswered, one may be missing. A
        // policy that is known to be attached and was not read itself is another matter.
        let read_in_part = account.coverage.iter().any(|entry| {
            entry.service == "organizations"
                && entry.outcome != Outcome::Ok
                && entry.operation != "DescribePolicy"
                && !entry.operation.starts_with("ListDelegated")
        });
        let Some(organization) = organization else {
            let asked = |entry: &&snapshot::Coverage| {
                entry.service == "organizations" && entry.operation == "DescribeOrganization"
            };
            let stands_alone = account.coverage.iter().find(asked).is_some_and(|entry| entry.outcome == Outcome::Ok);
            return if stands_alone { Controls::None } else { Controls::Unseen };
        };
        // From the account up to the root.
        let mut levels: Vec<&'s [String]> = vec![&account.policies];
        let mut parent = account.parent.as_deref();
        while let Some(id) = parent {
            if let Some(unit) = organization.units.iter().find(|unit| unit.id == id) {
                levels.push(&unit.policies);
                // A hostile file may make units each other's parent.
                parent = (levels.len() <= organization.units.len().saturating_add(1)).then_some(unit.parent.as_str());
            } else if let Some(root) = organization.roots.iter().find(|root| root.id == id) {
                levels.push(&root.policies);
                parent = None;
            } else {
                return Controls::Unseen;
            }
        }
        let owner: Arc<str> = organization.id.as_str().into();
        // A policy that is attached and was not read may be of either type, and may say anything.
        let is_known = |id: &&'s String| organization.policies.iter().any(|policy| policy.id == **id);
        let mut of_type = |kind: &str, language: PolicyKind| -> Vec<Vec<Attachment>> {
            let mut all: Vec<Vec<Attachment>> = Vec::new();
            for ids in levels.iter().rev() {
                let mut level = Vec::new();
                for id in ids.iter().filter(|id| !is_known(id)) {
                    let document = self.missing();
                    level.push(self.attach(document, format!("organisation policy {id}").into(), &owner, None));
                }
                for policy in
                    organization.policies.iter().filter(|policy| policy.kind == kind && ids.contains(&policy.id))
                {
                    let document = self.document(&policy.document, language);
                    let name = format!("{} {} ({})", kind.to_lowercase().replace('_', " "), policy.name, policy.id);
                    level.push(self.attach(document, name.into(), &owner, None));
                }
                all.push(level);
            }
            all
        };
        let scps = of_type("SERVICE_CONTROL_POLICY", PolicyKind::Identity);
        let rcps = of_type("RESOURCE_CONTROL_POLICY", PolicyKind::Resource);
        let management_account = organization.management_account.as_deref() == Some(&account.id);
        let account_is_placed = account.parent.is_some();
        // Without its place in the organisation, the policies that the account inherits are not known.
        if !management_account && (read_in_part || !account_is_placed) {
            return Controls::Unseen;
        }
        Controls::Levels { scps, rcps, management_account }
    }

    fn finish(mut self, snapshot: &Snapshot, rules: &EnvironmentRules) -> (Inventory, Vec<Place>) {
        self.hand_over();
        let mut inventory = self.inventory;
        inventory.organization = snapshot.organization.as_ref().map(|organization| organization.id.as_str().into());
        for delegated in snapshot.organization.iter().flat_map(|organization| &organization.delegated_administrators) {
            for service in &delegated.services {
                let accounts = inventory.delegated.entry(service.as_str().into()).or_default();
                accounts.insert(delegated.account.as_str().into());
            }
        }
        inventory.principals.sort_by(|a, b| a.arn.cmp(&b.arn));
        inventory.groups.sort_by(|a, b| a.arn.cmp(&b.arn));
        inventory.resources.sort_by(|a, b| a.arn.cmp(&b.arn));
        link_stacks(&mut inventory);
        let ids: Vec<String> = inventory.accounts.iter().map(|account| account.id.to_string()).collect();
        recognise(&mut inventory.resources, &ids, rules);
        recognise_principals(&mut inventory.principals, &ids, rules);
        inventory.environment_rules = rules.clone();
        inventory.collected_at = snapshot.collected_at.as_deref().map(Into::into);
        (inventory, self.places)
    }
}

/// Stacks that are known only because an Amplify backend environment names them: who may delete them can still be asked.
fn unlisted_stacks(id: AccountId, account: &snapshot::Account) -> Vec<Resource> {
    let text = |resource: &snapshot::Resource, name: &str| {
        resource.properties.get(name).and_then(serde_json::Value::as_str).map(str::to_owned)
    };
    let listed: Vec<String> = account
        .resources
        .iter()
        .filter(|resource| resource.kind == "AWS::CloudFormation::Stack")
        .filter_map(|stack| text(stack, "StackName"))
        .collect();
    let mut stacks: Vec<Resource> = Vec::new();
    for backend in account.resources.iter().filter(|resource| resource.kind == "AWS::Amplify::BackendEnvironment") {
        let Some(name) = text(backend, "StackName").filter(|name| !listed.contains(name)) else { continue };
        let Some(parsed) = crate::base::Arn::parse(&backend.arn) else { continue };
        // The last part of a stack's ARN is not known; no policy can name it without a wildcard.
        let arn =
            format!("arn:{}:cloudformation:{}:{}:stack/{name}/*", parsed.partition, parsed.region, parsed.account);
        if stacks.iter().any(|known| *known.arn == *arn) {
            continue;
        }
        stacks.push(Resource {
            region: region_of(&arn, None),
            has_no_policy: false,
            arn: arn.into(),
            kind: "AWS::CloudFormation::Stack".to_owned(),
            account: id,
            tags: Arc::default(),
            properties: serde_json::Map::from_iter([("StackName".to_owned(), name.into())]).into(),
            policy: None,
            environment: None,
            stacks: Vec::new(),
        });
    }
    stacks
}

/// The path from the organisation down to the unit that holds the account.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed-view-data-orgs.html#access_policies_access-advisor-viewing-orgs-entity-path>
fn path(account: &snapshot::Account, organization: &Organization) -> Option<Arc<str>> {
    let mut steps: Vec<&str> = Vec::new();
    let mut at = account.parent.as_deref()?;
    while !organization.roots.iter().any(|root| root.id == at) {
        // A hostile file may make units each other's parent.
        let unit = organization.units.iter().find(|unit| unit.id == at && steps.len() <= organization.units.len())?;
        steps.push(at);
        at = &unit.parent;
    }
    steps.extend([at, organization.id.as_str()]);
    let path: String = steps.iter().rev().flat_map(|step| [step, "/"]).collect();
    Some(path.into())
}

fn tags(tags: &[snapshot::Tag]) -> BTreeMap<String, String> {
    tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}

/// Finds which stack made which resource: the stack lists its physical id, or the resource carries the stack's tag.
fn link_stacks(inventory: &mut Inventory) {
    let mut by_physical: FxHashMap<(AccountId, String), Vec<ResourceId>> = FxHashMap::default();
    let mut by_name: FxHashMap<(AccountId, String), ResourceId> = FxHashMap::default();
    for (id, stack) in inventory.resource_ids().filter(|(_, resource)| resource.kind == "AWS::CloudFormation::Stack") {
        if let Some(name) = stack.text("StackName") {
            by_name.insert((stack.account, name.to_owned()), id);
        }
        let members = stack.properties.get("Resources").and_then(serde_json::Value::as_array);
        for member in members.into_iter().flatten() {
            if let Some(physical) = member.get("PhysicalResourceId").and_then(serde_json::Value::as_str) {
                by_physical.entry((stack.account, physical.to_owned())).or_default().push(id);
            }
        }
    }
    if by_name.is_empty() {
        return;
    }
    for (index, resource) in (0u32..).zip(inventory.resources.iter_mut()) {
        let name = crate::base::Arn::parse(&resource.arn).map_or("", |arn| arn.name()).to_owned();
        let mut stacks: Vec<ResourceId> = Vec::new();
        for physical in [resource.arn.to_string(), name] {
            stacks.extend(by_physical.get(&(resource.account, physical)).into_iter().flatten().copied());
        }
        if let Some(tag) = resource.tags.get("aws:cloudformation:stack-name") {
            // Nested stacks are named after their root: amplify-shop-prod-81507-apishop-1ABC-OrderTable-….
            let mut stem = tag.as_str();
            loop {
                if let Some(stack) = by_name.get(&(resource.account, stem.to_owned())) {
                    stacks.push(*stack);
                }
                match stem.rsplit_once('-') {
                    Some((shorter, _)) => stem = shorter,
                    None => break,
                }
            }
        }
        stacks.retain(|stack| *stack != ResourceId(index));
        stacks.sort();
        stacks.dedup();
        resource.stacks = stacks;
    }
}
