//! Principals and resources in words.

use super::{Inventory, Principal, PrincipalId, PrincipalKind, Resource, ResourceId};
use crate::base::Arn;

/// A principal as a person calls it: `user mara`.
pub fn principal(principal: &Principal) -> String {
    let kind = match principal.kind {
        PrincipalKind::User => "user",
        PrincipalKind::Role => "role",
    };
    format!("{kind} {}", principal.name)
}

/// Some principals: names of up to three, then a number.
pub fn principals(inventory: &Inventory, ids: &[PrincipalId]) -> String {
    let names: Vec<String> = ids.iter().filter_map(|id| inventory.principal(*id)).map(principal).collect();
    few(&names, "principals")
}

/// A resource as a person calls it: `DynamoDB table orders-prod`.
pub fn resource(resource: &Resource) -> String {
    format!("{} {}", noun(&resource.kind), name(resource))
}

/// Some resources: names of up to two, then a number, with their kind where it is one.
pub fn resources(inventory: &Inventory, ids: &[ResourceId]) -> String {
    let known: Vec<&Resource> = ids.iter().filter_map(|id| inventory.resource(*id)).collect();
    let Some(first) = known.first() else { return "nothing".to_owned() };
    if known.len() <= 2 {
        return few(&known.iter().map(|one| resource(one)).collect::<Vec<_>>(), "");
    }
    if known.iter().all(|one| one.kind == first.kind) {
        return format!("{} {}s", known.len(), noun(&first.kind));
    }
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for one in &known {
        match kinds.iter_mut().find(|(kind, _)| *kind == one.kind) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => kinds.push((&one.kind, 1)),
        }
    }
    if kinds.len() > 3 {
        return format!("{} and {} more", resource(first), known.len().saturating_sub(1));
    }
    let plural =
        |(kind, count): &(&str, usize)| format!("{count} {}{}", noun(kind), if *count == 1 { "" } else { "s" });
    few(&kinds.iter().map(plural).collect::<Vec<_>>(), "")
}

fn few(names: &[String], many: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [a, b] => format!("{a} and {b}"),
        [a, b, c] => format!("{a}, {b} and {c}"),
        more => format!("{} {many}", more.len()),
    }
}

/// Properties that hold what a person calls a resource.
const NAMES: [&str; 8] =
    ["StackName", "DomainName", "BranchName", "EnvironmentName", "UserPoolName", "LogGroupName", "Name", "TableName"];

/// What is no resource of the inventory, as a person calls it: an account by its root user's ARN is `account N`, a user or
/// role of another account `role NAME of account N`.
pub fn other(arn: &str) -> String {
    let of_account = |parsed: &Arn<'_>| {
        if parsed.service == "iam" && parsed.resource == "root" {
            return Some(format!("account {}", parsed.account));
        }
        let (kind, path) = parsed.resource.split_once('/').filter(|_| !parsed.account.is_empty())?;
        let (kind, name) = match (parsed.service, kind) {
            ("iam", "user" | "role") => (kind, path.rsplit('/').next()?),
            // A session: the role, and what its holder calls it.
            ("sts", "assumed-role") => ("role", path.split('/').next()?),
            _ => return None,
        };
        Some(format!("{kind} {name} of account {}", parsed.account))
    };
    Arn::parse(arn).and_then(|parsed| of_account(&parsed)).unwrap_or_else(|| arn.to_owned())
}

/// What people call a resource, without its kind: `Order-prod`.
pub fn name(resource: &Resource) -> String {
    for property in NAMES {
        if let Some(text) = resource.text(property) {
            return text.to_owned();
        }
    }
    Arn::parse(&resource.arn).map_or(&*resource.arn, |arn| arn.name()).to_owned()
}

/// One resource of a CloudFormation type: `an Amplify app`.
pub fn one(kind: &str) -> String {
    let noun = noun(kind);
    let spoken = ["A", "E", "I", "O", "RDS", "S3", "a", "e", "i", "o"];
    let vowel = spoken.iter().any(|start| noun.starts_with(start));
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

/// A CloudFormation type as a person calls it.
pub fn noun(kind: &str) -> String {
    let known = match kind {
        "AWS::Amplify::App" => "Amplify app",
        "AWS::Amplify::BackendEnvironment" => "Amplify backend environment",
        "AWS::Amplify::Branch" => "Amplify branch",
        "AWS::Amplify::Domain" => "custom domain",
        "AWS::Amplify::Webhook" => "Amplify webhook",
        "AWS::AppSync::GraphQLApi" => "GraphQL API",
        "AWS::Backup::BackupVault" => "backup vault",
        "AWS::Backup::RecoveryPoint" => "recovery point",
        "AWS::CloudFormation::Stack" => "CloudFormation stack",
        "AWS::CloudTrail::Trail" => "trail",
        "AWS::CodePipeline::Pipeline" => "pipeline",
        "AWS::Cognito::UserPool" => "Cognito user pool",
        "AWS::DynamoDB::Table" => "DynamoDB table",
        "AWS::KMS::Key" => "KMS key",
        "AWS::Lambda::Function" => "Lambda function",
        "AWS::Logs::LogGroup" => "log group",
        "AWS::RDS::DBCluster" => "RDS cluster",
        "AWS::RDS::DBInstance" => "RDS instance",
        "AWS::Route53::HostedZone" => "hosted zone",
        "AWS::S3::Bucket" => "S3 bucket",
        "AWS::SecretsManager::Secret" => "secret",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    kind.rsplit_once("::").map_or(kind, |(_, last)| last).to_lowercase()
}

/// The last part of a policy's name: `AdministratorAccess-Amplify`, or the words for an inline policy.
pub fn policy(name: &str) -> &str {
    if name.starts_with("arn:") { name.rsplit_once('/').map_or(name, |(_, last)| last) } else { name }
}
