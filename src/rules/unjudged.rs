//! What was not judged since a call was refused, throttled or failed: rules, the calls whose answers they lack, and what
//! they could not decide about.

use super::{Definitions, Outcome, Predicate, Rule};
use crate::base::{Arn, Certainty};
use crate::catalog::{self, listing};
use crate::inventory::{Inventory, lists_tags};
use crate::rules::file::{AccountLack, Lack, RolloutKind};
use crate::snapshot;
use std::collections::BTreeSet;

/// A rule that did not see all that it asks about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unjudged {
    /// The rule.
    pub rule: String,
    /// The permissions of the calls that went unanswered.
    pub permissions: BTreeSet<String>,
    /// What the rule could not decide about; where this is empty, it is not known what there is.
    pub resources: BTreeSet<String>,
}

/// Service and operation of a call.
type Call<'c> = (&'c str, &'c str);

/// What a rule asks about.
struct Asked<'r> {
    /// Calls without whose answers it does not see everything.
    calls: BTreeSet<Call<'r>>,
    /// Services whose resources it sees as far as they are known to belong to the environment.
    recognised: BTreeSet<&'r str>,
    /// Whether what it does not know of a resource is in other answers of the resource's service, or of AWS Backup.
    details: Option<Details>,
}

/// Where the details of resources come from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Details {
    /// The resource's own service.
    Own,
    /// And AWS Backup.
    OwnAndBackup,
    /// The policies of the organisation.
    Organization,
}

/// The rules that did not see everything, in the order of the rules.
pub fn unjudged(rules: &[Rule], definitions: &Definitions, inventory: &Inventory, outcome: &Outcome) -> Vec<Unjudged> {
    let seen =
        |entry: &&snapshot::Coverage| matches!(entry.outcome, snapshot::Outcome::Ok | snapshot::Outcome::Unsupported);
    let entries = inventory.accounts.iter().flat_map(|account| &account.coverage);
    let missing: Vec<(&snapshot::Coverage, String)> =
        entries.filter(|entry| !seen(entry)).map(|entry| (entry, permission(entry))).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let mut all = Vec::new();
    for rule in rules {
        let asked = Asked::by(&rule.predicate, definitions);
        let mut found = Unjudged { rule: rule.id.clone(), ..Unjudged::default() };
        let needed = missing.iter().filter(|(entry, _)| {
            asked.calls.contains(&(&*entry.service, &*entry.operation)) || asked.tells_environment(entry)
        });
        found.permissions.extend(needed.map(|(_, permission)| permission.clone()));
        let of_rule = outcome.findings.iter().filter(|finding| finding.rule == rule.id);
        let undecided = of_rule.filter(|finding| finding.certainty == Certainty::Unknown);
        for arn in undecided.flat_map(|finding| &*finding.resources) {
            let why: Vec<&String> = missing
                .iter()
                .filter(|(entry, _)| asked.may_tell_of(arn, entry))
                .map(|(_, permission)| permission)
                .collect();
            // What is open for another reason is told with the findings.
            if !why.is_empty() {
                found.permissions.extend(why.into_iter().cloned());
                found.resources.insert(arn.to_string());
            }
        }
        if !found.permissions.is_empty() {
            all.push(found);
        }
    }
    all
}

/// The permission that a line of the coverage names; the call where it names none.
fn permission(entry: &snapshot::Coverage) -> String {
    let first = entry.detail.as_deref().and_then(|detail| detail.split(' ').next()).unwrap_or_default();
    let named = first.trim_end_matches(':');
    match named.split_once(':') {
        Some((service, action)) if service == entry.service && !action.is_empty() => named.to_owned(),
        _ => format!("{}:{}", entry.service, entry.operation),
    }
}

const IAM: Call<'static> = ("iam", "GetAccountAuthorizationDetails");

impl<'r> Asked<'r> {
    fn by(predicate: &'r Predicate, definitions: &'r Definitions) -> Asked<'r> {
        let mut asked = Asked { calls: BTreeSet::new(), recognised: BTreeSet::new(), details: None };
        match predicate {
            Predicate::Configuration { resource_type, needs, .. } => {
                asked.details = Some(Details::Own);
                asked.types(resource_type.as_slice());
                asked.add(needs.iter().map(|(service, operation)| (service.as_str(), operation.as_str())));
            }
            Predicate::Recoverable { resource_type, lacks, .. } => {
                match resource_type {
                    Some(types) => asked.types(types.as_slice()),
                    None => asked.stores(),
                }
                asked.copies(*lacks);
            }
            Predicate::Account { lacks, .. } => asked.account(*lacks),
            Predicate::DanglingRecord { .. } => {
                asked.recognised.insert("route53");
                asked.add([
                    ("route53", "ListHostedZones"),
                    ("route53", "ListResourceRecordSets"),
                    ("amplify", "ListApps"),
                    ("s3", "ListBuckets"),
                ]);
            }
            Predicate::RolloutGate { of } => {
                asked.calls.insert(IAM);
                asked.recognised.extend(["amplify", "codepipeline"]);
                asked.add(match of {
                    RolloutKind::AmplifyBranch => [("amplify", "ListApps"), ("amplify", "ListBranches")],
                    RolloutKind::Pipeline => [("codepipeline", "ListPipelines"), ("codepipeline", "GetPipeline")],
                });
            }
            Predicate::Can { actions, .. } => asked.actions(actions.iter().map(String::as_str)),
            Predicate::Destroys { losses, .. }
            | Predicate::WithoutSecondFactor { losses, .. }
            | Predicate::OpenResource { losses, .. }
            | Predicate::HollowGuard { losses, .. } => asked.actions(definitions.actions_of(losses).into_iter()),
            Predicate::OrganizationGuard { losses, .. } => {
                asked.details = Some(Details::Organization);
                asked.actions(definitions.actions_of(losses).into_iter());
            }
            Predicate::Silences { losses, record, .. } => {
                asked.actions(definitions.actions_of(losses).into_iter());
                asked.types(std::slice::from_ref(record));
            }
            Predicate::Takes { .. }
            | Predicate::Becomes { .. }
            | Predicate::Enters { .. }
            | Predicate::Administrator { .. } => {
                asked.calls.insert(IAM);
                asked.listings(None);
            }
            Predicate::BecomesAdministrator { .. }
            | Predicate::OpenTrust { .. }
            | Predicate::CanAnything { .. }
            | Predicate::UnreadablePolicy => {
                asked.calls.insert(IAM);
            }
        }
        asked
    }

    fn add(&mut self, calls: impl IntoIterator<Item = Call<'r>>) {
        for call in calls {
            self.calls.insert(call);
        }
    }

    /// Whether an answer that did not come may hold what is not known of a resource.
    fn may_tell_of(&self, arn: &str, entry: &snapshot::Coverage) -> bool {
        let Some((details, arn)) = self.details.zip(Arn::parse(arn)) else { return false };
        if details == Details::Organization {
            return entry.service == "organizations";
        }
        let here = entry.region.as_deref().is_none_or(|region| arn.region.is_empty() || arn.region == region);
        here && (entry.service == arn.service || (details == Details::OwnAndBackup && entry.service == "backup"))
    }

    /// Whether an answer says to which environment resources belong: by tags, or by the stage of a branch.
    fn tells_environment(&self, entry: &snapshot::Coverage) -> bool {
        let of_service =
            lists_tags(&entry.operation) || (entry.service == "amplify" && entry.operation == "ListBranches");
        // The tags of these come from a service of its own.
        let of_others =
            entry.service == "tag" && ["cloudwatch", "events", "logs"].iter().any(|of| self.recognised.contains(of));
        of_others || (of_service && self.recognised.contains(&*entry.service))
    }

    fn types(&mut self, types: &'r [String]) {
        for (service, operations) in types.iter().filter_map(|kind| listing(kind)) {
            self.recognised.insert(service);
            self.add(operations.iter().map(|operation| (service, *operation)));
        }
    }

    /// Everything that is listed, of these services or of all.
    fn listings(&mut self, services: Option<&BTreeSet<&str>>) {
        for (service, operation) in catalog::listings() {
            if services.is_none_or(|services| services.contains(service)) {
                self.calls.insert((service, operation));
                self.recognised.insert(service);
            }
        }
    }

    /// Whoever can do actions, and the resources that these are done to.
    fn actions(&mut self, actions: impl Iterator<Item = &'r str>) {
        self.calls.insert(IAM);
        let services: BTreeSet<&str> =
            actions.filter_map(|action| action.split_once(':')).map(|(service, _)| service).collect();
        self.listings(Some(&services));
    }

    /// Every kind of data store.
    fn stores(&mut self) {
        const SERVICES: [&str; 7] = ["cognito-idp", "dynamodb", "kms", "logs", "rds", "s3", "secretsmanager"];
        self.listings(Some(&SERVICES.into_iter().collect()));
    }

    fn copies(&mut self, lacks: Lack) {
        let of_backup: &[&str] = match lacks {
            Lack::BackupPlan => &["ListBackupPlans", "ListBackupSelections", "GetBackupPlan", "GetBackupSelection"],
            Lack::RestoreProof => &["ListBackupVaults", "ListRecoveryPointsByBackupVault", "ListRestoreJobs"],
            _ => &["ListBackupVaults", "DescribeBackupVault", "ListRecoveryPointsByBackupVault", "ListCopyJobs"],
        };
        self.add(of_backup.iter().map(|operation| ("backup", *operation)));
        match lacks {
            Lack::SecondPerson | Lack::IndependentCopy => {
                self.calls.insert(IAM);
            }
            Lack::SafeKey => self.add([IAM, ("kms", "ListKeys"), ("kms", "DescribeKey")]),
            Lack::RestoreProof | Lack::RecentCopy | Lack::BackupPlan => {}
        }
        self.details = Some(Details::OwnAndBackup);
    }

    fn account(&mut self, lacks: AccountLack) {
        // Any resource may be the one by which the account holds some of the environment.
        self.recognised.extend(catalog::listings().map(|(service, _)| service));
        match lacks {
            AccountLack::Trail => self.add([("cloudtrail", "DescribeTrails")]),
            AccountLack::DeletionAlert => self.add([
                ("events", "ListRules"),
                ("events", "ListTargetsByRule"),
                ("logs", "DescribeMetricFilters"),
                ("cloudwatch", "DescribeAlarms"),
            ]),
            AccountLack::Watch => {
                self.add([("cloudwatch", "DescribeAlarms"), ("route53", "ListHealthChecks")]);
            }
            AccountLack::OwnAccount => self.listings(None),
            AccountLack::Code => {
                let stacks = [("cloudformation", "DescribeStacks"), ("cloudformation", "ListStackResources")];
                self.add(stacks);
                self.listings(None);
            }
        }
    }
}
