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
    let known: Vec<&Principal> = ids.iter().filter_map(|id| inventory.principal(*id)).collect();
    if known.len() > 3 {
        return format!("{} principals", known.len());
    }
    let kind = known.first().map(|first| first.kind);
    if known.len() > 1 && known.iter().all(|one| Some(one.kind) == kind) {
        let names: Vec<String> = known.iter().map(|one| one.name.to_string()).collect();
        let kind = if kind == Some(PrincipalKind::User) { "users" } else { "roles" };
        return format!("{kind} {}", listed(&names));
    }
    listed(&known.into_iter().map(principal).collect::<Vec<_>>())
}

/// A resource as a person calls it: `DynamoDB table orders-prod`.
pub fn resource(resource: &Resource) -> String {
    // A webhook has no name of its own.
    let of = if resource.kind == "AWS::Amplify::Webhook" && resource.text("BranchName").is_some() {
        "of branch "
    } else {
        ""
    };
    format!("{} {of}{}", noun(&resource.kind), name(resource))
}

/// Some resources: names of up to two, then numbers of each kind, data first.
pub fn resources(inventory: &Inventory, ids: &[ResourceId]) -> String {
    let known: Vec<&Resource> = ids.iter().filter_map(|id| inventory.resource(*id)).collect();
    let Some(first) = known.first() else { return "nothing".to_owned() };
    if let [one, other] = known.as_slice()
        && one.kind == other.kind
    {
        return format!("{} {} and {}", many(&noun(&one.kind)), name(one), name(other));
    }
    if known.len() <= 2 {
        return listed(&known.iter().map(|one| resource(one)).collect::<Vec<_>>());
    }
    if known.iter().all(|one| one.kind == first.kind) {
        return format!("{} {}", known.len(), many(&noun(&first.kind)));
    }
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for one in &known {
        match kinds.iter_mut().find(|(kind, _)| *kind == one.kind) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => kinds.push((&one.kind, 1)),
        }
    }
    // What holds data is what people fear for.
    kinds.sort_by_key(|(kind, count)| (!HOLDS_DATA.contains(kind), std::cmp::Reverse(*count)));
    let shown = if kinds.len() > 3 { 2 } else { kinds.len() };
    let told_of = |(kind, count): &(&str, usize)| match known.iter().find(|one| one.kind == *kind) {
        Some(only) if *count == 1 => resource(only),
        _ => format!("{count} {}", many(&noun(kind))),
    };
    let mut told: Vec<String> = kinds.iter().take(shown).map(told_of).collect();
    let left: usize = kinds.iter().skip(shown).map(|(_, count)| *count).fold(0, usize::saturating_add);
    if left > 0 {
        told.push(format!("{left} more resources"));
    }
    listed(&told)
}

/// Types of what holds data that users or systems wrote.
const HOLDS_DATA: [&str; 23] = [
    "AWS::Cognito::UserPool",
    "AWS::DocDB::DBCluster",
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::EC2::Volume",
    "AWS::EFS::FileSystem",
    "AWS::FSx::FileSystem",
    "AWS::Kinesis::Stream",
    "AWS::KMS::Key",
    "AWS::Lightsail::Database",
    "AWS::MemoryDB::Cluster",
    "AWS::Neptune::DBCluster",
    "AWS::NeptuneGraph::Graph",
    "AWS::OpenSearchService::Domain",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
    "AWS::RedshiftServerless::Namespace",
    "AWS::S3::Bucket",
    "AWS::S3Tables::Table",
    "AWS::SecretsManager::Secret",
    "AWS::SQS::Queue",
    "AWS::Timestream::Table",
];

/// Several things in a sentence: `a, b and c`.
fn listed(names: &[String]) -> String {
    match names.split_last() {
        None => String::new(),
        Some((one, [])) => one.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// The plural of a noun.
fn many(noun: &str) -> String {
    match noun.strip_suffix('y') {
        Some(stem) if !noun.ends_with("ay") && !noun.ends_with("ey") => format!("{stem}ies"),
        _ if noun.ends_with('s') => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

/// Properties that hold what a person calls a resource.
const NAMES: [&str; 8] =
    ["EnvironmentName", "StackName", "DomainName", "BranchName", "UserPoolName", "LogGroupName", "Name", "TableName"];

/// Several things that are no resources of the inventory, in a sentence. Where the inventory has one account, who belongs
/// to it is not said.
pub fn others(inventory: &Inventory, arns: &std::collections::BTreeSet<String>) -> String {
    let own = match inventory.accounts.as_slice() {
        [only] => format!(" of account {}", only.id),
        _ => String::new(),
    };
    let told = |arn: &String| {
        let words = other(arn);
        words.strip_suffix(&own).filter(|_| !own.is_empty()).map(str::to_owned).unwrap_or(words)
    };
    listed(&arns.iter().map(told).collect::<Vec<_>>())
}

/// What is no resource of the inventory, as a person calls it: an account by its root user's ARN is `account N`, a user or
/// role of another account `role NAME of account N`.
pub fn other(arn: &str) -> String {
    let of_account = |parsed: &Arn<'_>| {
        if parsed.service == "iam" && parsed.resource == "root" {
            return Some(format!("account {}", parsed.account));
        }
        let (kind, path) = parsed.resource.split_once('/').filter(|_| !parsed.account.is_empty())?;
        let (kind, name) = match (parsed.service, kind) {
            ("iam", "group" | "role" | "user") => (kind, path.rsplit('/').next()?),
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
    // A key is known by its alias, where it has one.
    if resource.kind == "AWS::KMS::Key"
        && let Some(alias) =
            resource.properties.get("Aliases").and_then(|all| all.get(0)).and_then(|first| first.as_str())
    {
        return alias.to_owned();
    }
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
    // Letters that are spelled begin with a vowel where they sound so: an RDS instance, a KMS key.
    let spoken = ["A", "E", "F", "HTTP", "I", "MQ", "O", "RDS", "S3", "SNS", "SQS", "SSM", "a", "e", "i", "o"];
    let vowel = spoken.iter().any(|start| noun.starts_with(start)) && !noun.starts_with("FSx");
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
        "AWS::ApiGateway::RestApi" => "REST API",
        "AWS::ApiGatewayV2::Api" => "HTTP API",
        "AWS::AppSync::GraphQLApi" => "GraphQL API",
        "AWS::AutoScaling::AutoScalingGroup" => "Auto Scaling group",
        "AWS::Backup::BackupPlan" => "backup plan",
        "AWS::Backup::BackupVault" => "backup vault",
        "AWS::Backup::RecoveryPoint" => "recovery point",
        "AWS::Backup::RestoreTestingPlan" => "restore testing plan",
        "AWS::Cassandra::Table" => "Keyspaces table",
        "AWS::CloudFormation::Stack" => "CloudFormation stack",
        "AWS::CloudFormation::StackSet" => "CloudFormation stack set",
        "AWS::CloudFront::Distribution" => "CloudFront distribution",
        "AWS::CloudTrail::Trail" => "trail",
        "AWS::CloudWatch::Alarm" => "CloudWatch alarm",
        "AWS::CloudWatch::CompositeAlarm" => "CloudWatch composite alarm",
        "AWS::CodeBuild::Project" => "build project",
        "AWS::CodePipeline::Pipeline" => "pipeline",
        "AWS::Cognito::IdentityPool" => "Cognito identity pool",
        "AWS::Cognito::UserPool" => "Cognito user pool",
        "AWS::DSQL::Cluster" => "Aurora DSQL cluster",
        "AWS::DocDB::DBCluster" => "DocumentDB cluster",
        "AWS::DynamoDB::GlobalTable" => "DynamoDB global table",
        "AWS::DynamoDB::Table" => "DynamoDB table",
        "AWS::EC2::Image" => "machine image",
        "AWS::EC2::Instance" => "EC2 instance",
        "AWS::EC2::Snapshot" => "EBS snapshot",
        "AWS::EC2::VPC" => "VPC",
        "AWS::EC2::Volume" => "EBS volume",
        "AWS::ECR::Repository" => "image repository",
        "AWS::ECS::Cluster" => "ECS cluster",
        "AWS::ECS::Service" => "ECS service",
        "AWS::ECS::TaskDefinition" => "ECS task definition",
        "AWS::EFS::FileSystem" => "EFS file system",
        "AWS::EKS::Cluster" => "EKS cluster",
        "AWS::ElastiCache::ReplicationGroup" => "ElastiCache replication group",
        "AWS::ElasticBeanstalk::Environment" => "Elastic Beanstalk environment",
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => "load balancer",
        "AWS::Events::EventBus" => "event bus",
        "AWS::Events::Rule" => "event rule",
        "AWS::FSx::FileSystem" => "FSx file system",
        "AWS::IAM::Group" => "IAM group",
        "AWS::IAM::InstanceProfile" => "instance profile",
        "AWS::IAM::ManagedPolicy" => "IAM policy",
        "AWS::IAM::OIDCProvider" => "OIDC identity provider",
        "AWS::IAM::Role" => "IAM role",
        "AWS::IAM::SAMLProvider" => "SAML identity provider",
        "AWS::IAM::User" => "IAM user",
        "AWS::KMS::Key" => "KMS key",
        "AWS::Kinesis::Stream" => "Kinesis stream",
        "AWS::Lambda::Function" => "Lambda function",
        "AWS::Lightsail::Database" => "Lightsail database",
        "AWS::Lightsail::Disk" => "Lightsail disk",
        "AWS::Lightsail::Instance" => "Lightsail machine",
        "AWS::Logs::LogGroup" => "log group",
        "AWS::MSK::Cluster" => "Kafka cluster",
        "AWS::MemoryDB::Cluster" => "MemoryDB cluster",
        "AWS::Neptune::DBCluster" => "Neptune cluster",
        "AWS::NeptuneGraph::Graph" => "Neptune Analytics graph",
        "AWS::OpenSearchService::Domain" => "OpenSearch domain",
        "AWS::RDS::DBCluster" => "RDS cluster",
        "AWS::RDS::DBClusterAutomatedBackup" => "RDS cluster automated backup",
        "AWS::RDS::DBClusterSnapshot" => "RDS cluster snapshot",
        "AWS::RDS::DBInstance" => "RDS instance",
        "AWS::RDS::DBInstanceAutomatedBackup" => "RDS automated backup",
        "AWS::RDS::DBSnapshot" => "RDS snapshot",
        "AWS::RDS::GlobalCluster" => "RDS global cluster",
        "AWS::Redshift::Cluster" => "Redshift cluster",
        "AWS::RedshiftServerless::Namespace" => "serverless Redshift warehouse",
        "AWS::Route53::HealthCheck" => "health check",
        "AWS::Route53::HostedZone" => "hosted zone",
        "AWS::S3::AccessPoint" => "S3 access point",
        "AWS::S3::Bucket" => "S3 bucket",
        "AWS::S3Tables::Table" => "S3 table",
        "AWS::SNS::Topic" => "SNS topic",
        "AWS::SQS::Queue" => "SQS queue",
        "AWS::SSM::Parameter" => "SSM parameter",
        "AWS::Scheduler::Schedule" => "schedule",
        "AWS::SecretsManager::Secret" => "secret",
        "AWS::StepFunctions::StateMachine" => "state machine",
        "AWS::Timestream::Table" => "Timestream table",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    kind.rsplit_once("::").map_or_else(
        || kind.to_owned(),
        |(before, last)| {
            let service = before.rsplit("::").next().unwrap_or(before);
            let words = spaced(last);
            // A thing that has the service's name already needs it once: `Fleet Manager`, say.
            if words.starts_with(&spaced(service)) { words } else { format!("{service} {words}") }
        },
    )
}

/// A name in camel case as words: `EventSourceMapping` is `event source mapping`, `DBProxy` stays `DB proxy`.
fn spaced(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(index.saturating_add(1));
        let begins = letter.is_uppercase()
            && (before.is_some_and(|before| !before.is_uppercase()) || after.is_some_and(|after| after.is_lowercase()));
        match words.last_mut() {
            Some(word) if !begins => word.push(*letter),
            _ => words.push(letter.to_string()),
        }
    }
    let shown = |word: String| match word.chars().nth(1) {
        Some(second) if second.is_uppercase() => word,
        _ => word.to_lowercase(),
    };
    words.into_iter().map(shown).collect::<Vec<_>>().join(" ")
}

/// The last part of a policy's name: `AdministratorAccess-Amplify`, or the words for an inline policy.
pub fn policy(name: &str) -> &str {
    if name.starts_with("arn:") { name.rsplit_once('/').map_or(name, |(_, last)| last) } else { name }
}
