//! An account that holds resources of an environment lacks something.

use super::{Draft, Drafts};
use crate::base::{Arn, Certainty};
use crate::catalog::destruction::{self, Class};
use crate::finding::Evidence;
use crate::inventory::{AccountId, Inventory, Resource, ResourceId, ResourceSet};
use crate::rules::Question;
use crate::rules::file::AccountLack;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// An account, and what in it belongs to the environment.
struct Holder<'i> {
    inventory: &'i Inventory,
    id: AccountId,
    members: Vec<(ResourceId, &'i Resource)>,
}

/// What an account lacks.
struct Lacking {
    certainty: Certainty,
    /// What was found instead, or what was not read.
    notes: Vec<String>,
    conditions: Vec<&'static str>,
    /// The resources concerned; none: the account as a whole.
    resources: ResourceSet,
}

pub(super) fn drafts(question: &Question<'_>, environment: &str, lacks: AccountLack) -> Drafts {
    let inventory = question.access.inventory();
    let mut members: BTreeMap<AccountId, Vec<(ResourceId, &Resource)>> = BTreeMap::new();
    for (id, resource) in inventory.resource_ids() {
        if resource.is_of(environment) {
            members.entry(resource.account).or_default().push((id, resource));
        }
    }
    let mut drafts = Drafts::new();
    for (id, members) in members {
        let Some(account) = inventory.account(id) else { continue };
        let partition =
            members.first().and_then(|(_, first)| Arn::parse(&first.arn)).map_or("aws", |arn| arn.partition);
        let holder = Holder { inventory, id, members };
        let found = match lacks {
            AccountLack::Trail => holder.trail(),
            AccountLack::DeletionAlert => holder.deletion_alert(),
            AccountLack::Watch => holder.watch(),
            AccountLack::OwnAccount => holder.own_account(environment),
            AccountLack::Code => holder.code(),
        };
        let Some(lacking) = found else { continue };
        let mut draft = Draft { resources: lacking.resources, ..Draft::default() };
        draft.terms.certainty = lacking.certainty;
        draft.terms.conditions = lacking.conditions.into_iter().map(str::to_owned).collect();
        if draft.resources.is_empty() {
            draft.others.insert(format!("arn:{partition}:iam::{}:root", account.id));
        }
        draft.evidence = lacking.notes.into_iter().map(|text| Evidence::Note { text }).collect();
        drafts.insert(format!("{}|{:?}", account.id, lacking.certainty), draft);
    }
    drafts
}

impl<'i> Holder<'i> {
    /// All resources of the account of a type.
    fn of(&self, kind: &'static str) -> impl Iterator<Item = &'i Resource> {
        let id = self.id;
        self.inventory.resources.iter().filter(move |resource| resource.account == id && resource.kind == kind)
    }

    /// Lacking for sure where all of these calls were read; unknown otherwise.
    fn unless_unread(&self, calls: &[(&str, &str)], notes: Vec<String>) -> Lacking {
        let unread: Vec<String> = calls
            .iter()
            .filter(|(service, operation)| !self.inventory.was_read(self.id, service, operation))
            .map(|(service, operation)| format!("{service}:{operation}"))
            .collect();
        let (certainty, notes) = if unread.is_empty() {
            (Certainty::Certain, notes)
        } else {
            (Certainty::Unknown, vec![format!("not read: {}", unread.join(", "))])
        };
        Lacking { certainty, notes, conditions: Vec::new(), resources: ResourceSet::default() }
    }

    /// An organisation's trail is listed in its member accounts, too.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-trail-organization.html>
    fn trail(&self) -> Option<Lacking> {
        if self.of("AWS::CloudTrail::Trail").next().is_some() {
            return None;
        }
        let calls = [("cloudtrail", "DescribeTrails")];
        Some(self.unless_unread(&calls, vec!["the account has no trail".to_owned()]))
    }

    /// Sources: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>,
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudwatch-alarms-for-cloudtrail.html>
    fn deletion_alert(&self) -> Option<Lacking> {
        let mut heard = self.of("AWS::Events::Rule").filter(|rule| is_alert(rule));
        if heard.next().is_some() || self.of("AWS::Logs::LogGroup").any(|group| self.is_counted(group)) {
            return None;
        }
        let calls = [("events", "ListRules"), ("logs", "DescribeMetricFilters"), ("cloudwatch", "DescribeAlarms")];
        let notes = vec!["no EventBridge rule and no metric filter with an alarm looks for deletions".to_owned()];
        Some(self.unless_unread(&calls, notes))
    }

    /// Whether a metric filter of the log group counts deletions and an alarm that tells somebody reads it.
    fn is_counted(&self, group: &Resource) -> bool {
        let filters = group.properties.get("MetricFilters").and_then(Value::as_array);
        filters.into_iter().flatten().any(|filter| {
            let pattern = filter.get("FilterPattern").and_then(Value::as_str).unwrap_or_default();
            let metrics = filter.get("MetricTransformations").and_then(Value::as_array);
            speaks_of_deletion(pattern)
                && metrics.into_iter().flatten().filter_map(|metric| metric.get("MetricName")).any(|metric| {
                    let reads = |alarm: &Resource| alarm.properties.get("MetricName") == Some(metric) && tells(alarm);
                    self.of("AWS::CloudWatch::Alarm").any(reads)
                })
        })
    }

    /// Sources: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html>,
    /// <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover.html>
    fn watch(&self) -> Option<Lacking> {
        let on = |check: &Resource| {
            let disabled = check.properties.get("HealthCheckConfig").and_then(|config| config.get("Disabled"));
            disabled.and_then(Value::as_bool) != Some(true)
        };
        if self.of("AWS::Route53::HealthCheck").any(on) {
            return None;
        }
        let names: BTreeSet<&str> = self
            .members
            .iter()
            .flat_map(|(_, member)| {
                let own = Arn::parse(&member.arn).map(|arn| arn.name());
                let ids = ["AppId", "ApiId", "TableName", "UserPoolId", "ServiceName", "ClusterName", "StackName"];
                ids.into_iter().filter_map(|id| member.text(id)).chain(own)
            })
            .collect();
        let alarms: Vec<&Resource> = self.of("AWS::CloudWatch::Alarm").filter(|alarm| tells(alarm)).collect();
        let composite = self.of("AWS::CloudWatch::CompositeAlarm").any(tells);
        if composite || alarms.iter().any(|alarm| may_watch(alarm, &names)) {
            return None;
        }
        let note = match alarms.len() {
            0 => "no alarm has an action, and there is no health check".to_owned(),
            count => match count {
                1 => "the only alarm names no resource of production, and there is no health check".to_owned(),
                _ => format!("none of {count} alarms names a resource of production, and there is no health check"),
            },
        };
        Some(self.unless_unread(&[("cloudwatch", "DescribeAlarms"), ("route53", "ListHealthChecks")], vec![note]))
    }

    fn own_account(&self, environment: &str) -> Option<Lacking> {
        let mut others: BTreeMap<&str, usize> = BTreeMap::new();
        let mut sure = false;
        for resource in self.inventory.resources.iter().filter(|resource| resource.account == self.id) {
            if let Some(known) = &resource.environment
                && known.environment != environment
            {
                let count = others.entry(&known.environment).or_default();
                *count = count.saturating_add(1);
                // A tag that was not read may say otherwise than the name.
                sure = sure || self.inventory.tags_were_read(resource);
            }
        }
        if others.is_empty() {
            return None;
        }
        let told: Vec<String> = others.iter().map(|(name, count)| format!("{count} of {name}")).collect();
        let note = format!("beside {} resources of {environment}: {}", self.members.len(), told.join(", "));
        let unread = (!sure).then(|| "their tags were not all read, and may say otherwise".to_owned());
        Some(Lacking {
            certainty: if sure { Certainty::Certain } else { Certainty::Unknown },
            notes: [Some(note), unread].into_iter().flatten().collect(),
            conditions: Vec::new(),
            resources: ResourceSet::default(),
        })
    }

    /// Terraform leaves no mark of its own: what nothing marks may be managed all the same.
    fn code(&self) -> Option<Lacking> {
        let by_hand =
            |member: &&(ResourceId, &Resource)| MADE_BY_CODE.contains(&member.1.kind.as_str()) && !marked(member.1);
        // A mark that was not read may be there.
        let stacks = ["DescribeStacks", "ListStackResources"].map(|operation| format!("cloudformation:{operation}"));
        let unread: Vec<&str> = stacks
            .iter()
            .map(String::as_str)
            .filter(|call| {
                call.split_once(':').is_some_and(|(service, name)| self.inventory.was_refused(self.id, service, name))
            })
            .collect();
        let found: BTreeMap<ResourceId, &Resource> =
            self.members.iter().filter(by_hand).map(|(id, member)| (*id, *member)).collect();
        if found.is_empty() {
            return None;
        }
        let sure: ResourceSet = found
            .iter()
            .filter(|(_, member)| {
                // All tags of a resource come in one answer.
                unread.is_empty() && (!member.tags.is_empty() || self.inventory.tags_were_read(member))
            })
            .map(|(id, _)| *id)
            .collect();
        if sure.is_empty() {
            let missing = if unread.is_empty() { "their tags".to_owned() } else { unread.join(", ") };
            return Some(Lacking {
                certainty: Certainty::Unknown,
                notes: vec![format!("not read: {missing}")],
                conditions: Vec::new(),
                resources: found.into_keys().collect(),
            });
        }
        let (belong, carry) = if sure.len() == 1 { ("belongs", "carries") } else { ("belong", "carry") };
        let count = sure.len();
        let note = format!("{count} of the resources of production {belong} to no stack and {carry} no tag of a tool");
        Some(Lacking {
            certainty: Certainty::Conditional,
            notes: vec![note],
            conditions: vec!["unless a tool that leaves no tag manages them"],
            resources: sure,
        })
    }
}

/// Types that people make, and that code would make again. What belongs to one of these is left out.
const MADE_BY_CODE: [&str; 12] = [
    "AWS::Amplify::App",
    "AWS::AppSync::GraphQLApi",
    "AWS::CodePipeline::Pipeline",
    "AWS::Cognito::UserPool",
    "AWS::DynamoDB::Table",
    "AWS::ECS::Service",
    "AWS::Lambda::Function",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
];

/// Whether a stack made it, or a tag names the tool or the code that did.
fn marked(resource: &Resource) -> bool {
    const TOOLS: [&str; 9] =
        ["terraform", "opentofu", "pulumi", "cloudformation", "cdk", "amplify", "serverless", "crossplane", "ansible"];
    let says = |text: &str| {
        let folded = text.to_lowercase();
        TOOLS.iter().any(|tool| folded.contains(tool))
    };
    let managed = |key: &str| {
        let plain: String = key.to_lowercase().chars().filter(|character| character.is_alphanumeric()).collect();
        matches!(plain.as_str(), "managedby" | "iac" | "iacsource" | "provisioner" | "provisionedby" | "gitrepo")
    };
    !resource.stacks.is_empty()
        || resource
            .tags
            .iter()
            .any(|(key, value)| key.starts_with("aws:cloudformation:") || says(key) || says(value) || managed(key))
}

/// Whether an alarm tells somebody or does something.
fn tells(alarm: &Resource) -> bool {
    let actions = alarm.properties.get("AlarmActions").and_then(Value::as_array);
    let enabled = alarm.properties.get("ActionsEnabled").and_then(Value::as_bool) != Some(false);
    enabled && actions.is_none_or(|actions| !actions.is_empty())
}

/// Whether an alarm may notice that production is gone: it names something of production, it looks at a metric of the
/// account's own making. Only metrics of AWS about other resources certainly do not.
fn may_watch(alarm: &Resource, names: &BTreeSet<&str>) -> bool {
    let own_metric = |metric: &Value| {
        metric.get("Namespace").and_then(Value::as_str).is_some_and(|namespace| !namespace.starts_with("AWS/"))
    };
    let named = |metric: &Value| {
        let dimensions = metric.get("Dimensions").and_then(Value::as_array);
        let values = dimensions.into_iter().flatten().filter_map(|dimension| dimension.get("Value"));
        values.filter_map(Value::as_str).any(|value| names.contains(value))
    };
    let queries = alarm.properties.get("Metrics").and_then(Value::as_array);
    let metrics = queries.into_iter().flatten().filter_map(|query| query.get("MetricStat")?.get("Metric"));
    let whole = Value::Object((*alarm.properties).clone());
    own_metric(&whole) || named(&whole) || metrics.clone().any(|metric| own_metric(metric) || named(metric))
}

/// Whether an event rule passes on to somebody that something was deleted.
fn is_alert(rule: &Resource) -> bool {
    let targets = rule.properties.get("Targets").and_then(Value::as_array);
    let on = rule.text("State").is_none_or(|state| state != "DISABLED");
    // Those that a service keeps for itself tell nobody.
    let own = rule.text("ManagedBy").is_none();
    let Some(pattern) = rule.properties.get("EventPattern") else { return false };
    let kinds = pattern.get("detail-type").and_then(Value::as_array);
    let through_trail = kinds.is_some_and(|kinds| {
        kinds.iter().any(|kind| kind.as_str().is_none_or(|kind| kind == "AWS API Call via CloudTrail"))
    });
    let names = pattern.get("detail").and_then(|detail| detail.get("eventName")).and_then(Value::as_array);
    let speaks = names.is_none_or(|names| {
        names.iter().any(|name| match name {
            Value::String(name) => destroys(name),
            // Prefixes and wildcards, whatever they are called.
            Value::Object(matcher) => {
                matcher.values().any(|value| value.to_string().contains("Delete"))
                    || matcher.contains_key("anything-but")
            }
            _ => false,
        })
    });
    on && own && through_trail && speaks && targets.is_none_or(|targets| !targets.is_empty())
}

/// Whether an operation destroys an environment, data or copies.
fn destroys(operation: &str) -> bool {
    [Class::Environment, Class::Data, Class::Recovery]
        .into_iter()
        .flat_map(destruction::of)
        .any(|known| known.action().split_once(':').is_some_and(|(_, name)| name == operation))
}

/// Whether a filter pattern names an operation that destroys, or all that begin with `Delete`.
fn speaks_of_deletion(pattern: &str) -> bool {
    let words = pattern.split(|character: char| !(character.is_alphanumeric() || character == '*'));
    words.into_iter().any(|word| word == "Delete*" || destroys(word))
}
