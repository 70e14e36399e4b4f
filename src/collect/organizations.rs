//! The organisation: its accounts and units, the policies over them, and who administers what in its name.

use super::Call;
use super::call::client;
use super::iam::document;
use super::reader::Scope;
use crate::base::arn::is_account_id;
use crate::snapshot::{DelegatedAdministrator, Organization, OrganizationPolicy, OrganizationRoot, OrganizationalUnit};
use aws_config::SdkConfig;
use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::{Account, PolicySummary, PolicyType, PolicyTypeStatus, Root};
use futures_util::StreamExt;
use futures_util::future::{join, join3};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

const DESCRIBE_ORGANIZATION: Call = Call::new("organizations", "DescribeOrganization");
const LIST_ROOTS: Call = Call::new("organizations", "ListRoots");
const LIST_ORGANIZATIONAL_UNITS_FOR_PARENT: Call = Call::new("organizations", "ListOrganizationalUnitsForParent");
const LIST_ACCOUNTS_FOR_PARENT: Call = Call::new("organizations", "ListAccountsForParent");
const LIST_POLICIES: Call = Call::new("organizations", "ListPolicies");
const DESCRIBE_POLICY: Call = Call::new("organizations", "DescribePolicy");
const LIST_TARGETS_FOR_POLICY: Call = Call::new("organizations", "ListTargetsForPolicy");
const LIST_DELEGATED_ADMINISTRATORS: Call = Call::new("organizations", "ListDelegatedAdministrators");
const LIST_DELEGATED_SERVICES_FOR_ACCOUNT: Call = Call::new("organizations", "ListDelegatedServicesForAccount");

/// What this file asks.
pub const CALLS: &[Call] = &[
    DESCRIBE_ORGANIZATION,
    LIST_ROOTS,
    LIST_ORGANIZATIONAL_UNITS_FOR_PARENT,
    LIST_ACCOUNTS_FOR_PARENT,
    LIST_POLICIES,
    DESCRIBE_POLICY,
    LIST_TARGETS_FOR_POLICY,
    LIST_DELEGATED_ADMINISTRATORS,
    LIST_DELEGATED_SERVICES_FOR_ACCOUNT,
];

/// How AWS says that an account stands alone.
const STANDS_ALONE: &str = "AWSOrganizationsNotInUseException";
/// The types that limit what is allowed.
const TYPES: [PolicyType; 2] = [PolicyType::ServiceControlPolicy, PolicyType::ResourceControlPolicy];

/// What is known of an organisation.
#[derive(Default)]
pub(super) struct Seen {
    /// `None`: the account stands alone, or may not ask. The coverage says which.
    pub organization: Option<Organization>,
    /// Its accounts, by id.
    pub members: BTreeMap<String, Member>,
}

/// An account of an organisation.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// As AWS shows it; a name for people.
    pub name: Option<String>,
    /// Not suspended, closed or yet to be activated.
    pub active: bool,
    /// The root or unit that holds it.
    pub parent: String,
    /// Ids of the policies attached to the account itself.
    pub policies: Vec<String>,
}

/// Reads the organisation of the account that asks. Any of its accounts may ask for its id; the rest is for the management
/// account and delegated administrators.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeOrganization.html>
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, home: &str) -> Seen {
    scope.started("organizations");
    let client = client!(aws_sdk_organizations, config, home);
    let described =
        scope.read_if_any(&DESCRIBE_ORGANIZATION, "", STANDS_ALONE, client.describe_organization().send()).await;
    let Some(described) = described.and_then(|answer| answer.organization) else {
        scope.finished("organizations");
        return Seen::default();
    };
    let mut roots = Vec::new();
    let whole = scope
        .pages(
            &LIST_ROOTS,
            "",
            |token| client.list_roots().set_next_token(token).send(),
            |page| {
                roots.extend(page.roots.unwrap_or_default());
                page.next_token.filter(|token| !token.is_empty())
            },
        )
        .await;
    let mut organization = Organization {
        id: described.id.unwrap_or_default(),
        management_account: described.master_account_id,
        roots: roots.iter().map(root).collect(),
        units: Vec::new(),
        policies: Vec::new(),
        delegated_administrators: Vec::new(),
    };
    let mut members = BTreeMap::new();
    // Who may not list the roots may list nothing of the rest.
    if whole {
        let (tree, policies, delegated) =
            join3(tree(scope, &client, &roots), policies(scope, &client, &roots), delegated(scope, &client)).await;
        (organization.units, members) = tree;
        organization.delegated_administrators = delegated;
        let (policies, attachments) = policies;
        organization.policies = policies;
        attach(&mut organization, &mut members, attachments);
    }
    scope.finished("organizations");
    Seen { organization: Some(organization), members }
}

fn root(root: &Root) -> OrganizationRoot {
    OrganizationRoot {
        id: root.id().unwrap_or_default().to_owned(),
        name: root.name().unwrap_or_default().to_owned(),
        policies: Vec::new(),
    }
}

/// Walks down from the roots, one level at a time.
async fn tree(
    scope: Scope<'_>,
    client: &Client,
    roots: &[Root],
) -> (Vec<OrganizationalUnit>, BTreeMap<String, Member>) {
    let (mut units, mut members) = (Vec::new(), BTreeMap::new());
    let mut level: Vec<String> = roots.iter().filter_map(|root| root.id().map(str::to_owned)).collect();
    let mut seen: FxHashSet<String> = level.iter().cloned().collect();
    while !level.is_empty() {
        let below: Vec<_> = futures_util::stream::iter(&level)
            .map(|parent| join(units_in(scope, client, parent), accounts_in(scope, client, parent)))
            .buffered(scope.concurrency())
            .collect()
            .await;
        level.clear();
        for (found, accounts) in below {
            // A unit that is moved while the tree is read may show up twice.
            for unit in found.into_iter().filter(|unit| seen.insert(unit.id.clone())).collect::<Vec<_>>() {
                level.push(unit.id.clone());
                units.push(unit);
            }
            members.extend(accounts);
        }
    }
    (units, members)
}

async fn units_in(scope: Scope<'_>, client: &Client, parent: &str) -> Vec<OrganizationalUnit> {
    let mut units = Vec::new();
    scope
        .pages(
            &LIST_ORGANIZATIONAL_UNITS_FOR_PARENT,
            parent,
            |token| client.list_organizational_units_for_parent().parent_id(parent).set_next_token(token).send(),
            |page| {
                units.extend(page.organizational_units.unwrap_or_default().into_iter().filter_map(|unit| {
                    Some(OrganizationalUnit {
                        id: unit.id?,
                        name: unit.name.unwrap_or_default(),
                        parent: parent.to_owned(),
                        policies: Vec::new(),
                    })
                }));
                page.next_token.filter(|token| !token.is_empty())
            },
        )
        .await;
    units
}

async fn accounts_in(scope: Scope<'_>, client: &Client, parent: &str) -> Vec<(String, Member)> {
    let mut accounts = Vec::new();
    scope
        .pages(
            &LIST_ACCOUNTS_FOR_PARENT,
            parent,
            |token| client.list_accounts_for_parent().parent_id(parent).set_next_token(token).send(),
            |page| {
                accounts.extend(page.accounts.unwrap_or_default().into_iter().filter_map(|account| {
                    // The id becomes part of an ARN and of a file's name.
                    let id = account.id.clone().filter(|id| is_account_id(id))?;
                    let member = Member {
                        active: is_active(&account),
                        name: account.name.filter(|name| !name.is_empty()),
                        parent: parent.to_owned(),
                        policies: Vec::new(),
                    };
                    Some((id, member))
                }));
                page.next_token.filter(|token| !token.is_empty())
            },
        )
        .await;
    accounts
}

/// `State` takes the place of `Status`; an answer may have either.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html>
fn is_active(account: &Account) -> bool {
    let status = account.status().map(|status| status.as_str());
    account.state().map(|state| state.as_str()).or(status).is_none_or(|state| state == "ACTIVE")
}

/// The policies, and the ids of what each is attached to.
async fn policies(
    scope: Scope<'_>,
    client: &Client,
    roots: &[Root],
) -> (Vec<OrganizationPolicy>, Vec<(String, Vec<String>)>) {
    let mut summaries: Vec<PolicySummary> = Vec::new();
    let mut off = Vec::new();
    for kind in &TYPES {
        // A type that is not enabled in the root has no attachments, and takes part in no decision.
        if !roots.iter().any(|root| is_enabled(root, kind)) {
            off.push(kind.as_str());
            continue;
        }
        scope
            .pages(
                &LIST_POLICIES,
                kind.as_str(),
                |token| client.list_policies().filter(kind.clone()).set_next_token(token).send(),
                |page| {
                    summaries.extend(page.policies.unwrap_or_default());
                    page.next_token.filter(|token| !token.is_empty())
                },
            )
            .await;
    }
    if !off.is_empty() {
        scope.note(&LIST_POLICIES, format!("not enabled in the organisation: {}", off.join(", ")));
    }
    let read: Vec<_> = futures_util::stream::iter(&summaries)
        .map(|summary| policy(scope, client, summary))
        .buffered(scope.concurrency())
        .collect()
        .await;
    let (mut policies, mut attachments) = (Vec::new(), Vec::new());
    for (id, targets, policy) in read.into_iter().flatten() {
        attachments.push((id, targets));
        policies.extend(policy);
    }
    (policies, attachments)
}

fn is_enabled(root: &Root, kind: &PolicyType) -> bool {
    root.policy_types().iter().any(|summary| {
        summary.r#type() == Some(kind)
            && matches!(summary.status(), Some(PolicyTypeStatus::Enabled | PolicyTypeStatus::PendingDisable))
    })
}

/// Id, targets and text of a policy. One whose text was not read is known by its id where it is attached.
async fn policy(
    scope: Scope<'_>,
    client: &Client,
    summary: &PolicySummary,
) -> Option<(String, Vec<String>, Option<OrganizationPolicy>)> {
    let id = summary.id()?;
    let subject = format!("policy {id}");
    let mut targets = Vec::new();
    let (described, _) = join(
        scope.read(&DESCRIBE_POLICY, &subject, client.describe_policy().policy_id(id).send()),
        scope.pages(
            &LIST_TARGETS_FOR_POLICY,
            &subject,
            |token| client.list_targets_for_policy().policy_id(id).set_next_token(token).send(),
            |page| {
                targets.extend(page.targets.unwrap_or_default().into_iter().filter_map(|target| target.target_id));
                page.next_token.filter(|token| !token.is_empty())
            },
        ),
    )
    .await;
    let content = described.and_then(|answer| answer.policy).and_then(|policy| policy.content);
    let kind = summary.r#type().map(|kind| kind.as_str().to_owned());
    let policy = content.as_deref().and_then(document).zip(kind).map(|(document, kind)| OrganizationPolicy {
        id: id.to_owned(),
        name: summary.name().unwrap_or_default().to_owned(),
        kind,
        document,
    });
    Some((id.to_owned(), targets, policy))
}

async fn delegated(scope: Scope<'_>, client: &Client) -> Vec<DelegatedAdministrator> {
    let mut accounts = Vec::new();
    scope
        .pages(
            &LIST_DELEGATED_ADMINISTRATORS,
            "",
            |token| client.list_delegated_administrators().set_next_token(token).send(),
            |page| {
                let found = page.delegated_administrators.unwrap_or_default();
                accounts.extend(found.into_iter().filter_map(|account| account.id));
                page.next_token.filter(|token| !token.is_empty())
            },
        )
        .await;
    futures_util::stream::iter(accounts)
        .map(|account| async move {
            let mut services = Vec::new();
            scope
                .pages(
                    &LIST_DELEGATED_SERVICES_FOR_ACCOUNT,
                    &account,
                    |token| {
                        client.list_delegated_services_for_account().account_id(&account).set_next_token(token).send()
                    },
                    |page| {
                        let found = page.delegated_services.unwrap_or_default();
                        services.extend(found.into_iter().filter_map(|service| service.service_principal));
                        page.next_token.filter(|token| !token.is_empty())
                    },
                )
                .await;
            DelegatedAdministrator { account, services }
        })
        .buffered(scope.concurrency())
        .collect()
        .await
}

/// Enters the policies at what they are attached to: roots, units and accounts.
fn attach(
    organization: &mut Organization,
    members: &mut BTreeMap<String, Member>,
    attachments: Vec<(String, Vec<String>)>,
) {
    let mut of_target: FxHashMap<String, Vec<String>> = FxHashMap::default();
    for (policy, targets) in attachments {
        for target in targets {
            of_target.entry(target).or_default().push(policy.clone());
        }
    }
    let mut of = |id: &str| of_target.remove(id).unwrap_or_default();
    for root in &mut organization.roots {
        root.policies = of(&root.id);
    }
    for unit in &mut organization.units {
        unit.policies = of(&unit.id);
    }
    for (id, member) in members {
        member.policies = of(id);
    }
}
