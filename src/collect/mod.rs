//! From AWS to a [`Snapshot`]: read-only calls, one file a service.
//!
//! What can be read is read; what cannot becomes an entry of the account's coverage, with the permission that was
//! missing, and the collection goes on. Only where nothing can be known (no credentials, no identity) does it stop.
//!
//! Three things hold by construction. Every client carries [`ReadOnly`], which refuses to send a call that no file
//! lists in its `CALLS`; the IAM policy for the auditor's role ([`policy`]) is made from the same lists. Secrets are
//! dropped where an answer is turned into properties: environment variables keep their names, and basic-auth
//! credentials, build specifications and webhook addresses are never read from the SDK's types. And nothing that the
//! SDK would log reaches a subscriber, since at trace level it logs whole answers; [`Progress`] is the only voice.

mod account;
mod amplify;
mod appsync;
mod backup;
mod call;
mod cloudformation;
mod cloudtrail;
mod cloudwatch;
mod codebuild;
mod codepipeline;
mod cognito;
mod dynamodb;
mod ecs;
mod events;
mod iam;
mod iam_trust;
mod iam_users;
mod kms;
mod lambda;
mod limits;
mod logs;
mod members;
mod miss;
mod organizations;
mod properties;
mod rds;
mod reader;
mod route53;
mod s3;
mod secretsmanager;
mod session;
mod sns;
mod sqs;
mod sts;
mod tagging;
mod template;

pub use call::{Call, ReadOnly};
pub use limits::Stop;
pub use members::{Done, IsFresh, Keep, MEMBER_ROLE, Members, collect_organization, collect_organization_with};
pub use reader::INTERRUPTED;

use crate::snapshot::{Account, Organization, Resource, SCHEMA, Snapshot};
use aws_config::SdkConfig;
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join, join_all, join3};
use limits::Limits;
use reader::{Reader, Scope};
use std::time::Duration;
use tracing::subscriber::NoSubscriber;

/// What to collect and as whom. Endpoints, proxies and certificates come from the standard AWS configuration
/// (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_AMPLIFY`, `AWS_CA_BUNDLE`, …).
#[derive(Clone, Debug)]
pub struct Options {
    /// Profile of the AWS configuration files; `None` for `AWS_PROFILE` or the default.
    pub profile: Option<String>,
    /// The regions to read.
    pub regions: Regions,
    /// A role to assume with the credentials found first.
    pub role_arn: Option<String>,
    /// The external id that the role's trust policy asks for.
    pub external_id: Option<String>,
    /// The session name under which CloudTrail shows the collection when a role is assumed.
    pub role_session_name: String,
    /// How many calls run at once, over all services and regions; zero means one.
    pub concurrency: usize,
    /// How long one call may take with all its retries.
    pub call_timeout: Duration,
    /// The most requests a second, retries included; `None` for no ceiling but what AWS says.
    pub max_rate: Option<f64>,
    /// The wish to stop, kept by whoever may have it.
    pub stop: Stop,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            profile: None,
            regions: Regions::Default,
            role_arn: None,
            external_id: None,
            role_session_name: "foureyes".to_owned(),
            concurrency: 8,
            call_timeout: Duration::from_secs(90),
            max_rate: None,
            stop: Stop::new(),
        }
    }
}

/// Which regions to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Regions {
    /// The region of the AWS configuration.
    Default,
    /// Exactly these.
    These(Vec<String>),
    /// All that are enabled in the account.
    All,
}

impl Regions {
    /// Reads the values of a repeatable `--region`: none is the configured region, `all` among them is all.
    pub fn from_arguments(values: &[String]) -> Regions {
        if values.is_empty() {
            Regions::Default
        } else if values.iter().any(|value| value.eq_ignore_ascii_case("all")) {
            Regions::All
        } else {
            Regions::These(values.to_vec())
        }
    }
}

/// Hears how the collection goes, from the thread that called [`collect`]. `region` is `None` for global services.
pub trait Progress: Send + Sync {
    /// A service is about to be read in a region.
    fn started(&self, service: &str, region: Option<&str>);
    /// A request is about to be sent; each page is one.
    fn call(&self, call: &Call, region: Option<&str>);
    /// All that can be read of the service in the region has been read.
    fn finished(&self, service: &str, region: Option<&str>);
    /// So many accounts are to be read.
    fn accounts(&self, _number: usize) {}
    /// An account is about to be read, or has been.
    fn account(&self, _id: &str, _finished: bool) {}
}

/// Says nothing.
impl Progress for () {
    fn started(&self, _: &str, _: Option<&str>) {}
    fn call(&self, _: &Call, _: Option<&str>) {}
    fn finished(&self, _: &str, _: Option<&str>) {}
}

/// Why nothing could be collected. The text says what to do about it and holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// No credentials, or none that could be loaded.
    #[error(
        "no usable AWS credentials ({0}); set AWS_PROFILE or --profile, sign in with `aws sso login`, or export access keys"
    )]
    Credentials(String),
    /// The role could not be assumed.
    #[error(
        "the role {role} could not be assumed ({reason}); its trust policy must name the caller, and the caller needs sts:AssumeRole on it"
    )]
    Role {
        /// The ARN that was asked for.
        role: String,
        /// What AWS or the SDK said.
        reason: String,
    },
    /// AWS did not say whose account it is.
    #[error(
        "AWS did not accept the credentials: sts:GetCallerIdentity: {0}; sign in again, or check the keys and the clock"
    )]
    Identity(String),
    /// The network or a proxy stands between.
    #[error("AWS could not be reached: sts:GetCallerIdentity: {0}; check the network, the proxy and AWS_ENDPOINT_URL")]
    Unreachable(String),
    /// No region is configured, and none was asked for.
    #[error("no region is configured; pass --region (repeatable, or `all`) or set AWS_REGION")]
    NoRegion,
    /// Not the code of a region.
    #[error("`{0}` is not a region code such as eu-west-1")]
    Region(String),
    /// Nothing says which accounts there are.
    #[error(
        "the accounts of the organisation could not be listed ({0}); run with the management account or a delegated administrator, or name them with --accounts"
    )]
    Accounts(String),
    /// No account, unit or role as the user named it.
    #[error("{0}")]
    Selection(String),
    /// What was read of an account could not be kept.
    #[error(transparent)]
    Keep(#[from] crate::snapshot::WriteError),
    /// The async runtime did not start.
    #[error("the runtime for network calls did not start: {0}")]
    Runtime(#[from] std::io::Error),
}

/// Every call that a collection may make, in the order of the services.
pub fn calls() -> impl Iterator<Item = &'static Call> {
    [
        sts::CALLS,
        account::CALLS,
        organizations::CALLS,
        iam::CALLS,
        iam_users::CALLS,
        iam_trust::CALLS,
        amplify::CALLS,
        dynamodb::CALLS,
        s3::CALLS,
        backup::CALLS,
        rds::CALLS,
        kms::CALLS,
        lambda::CALLS,
        cognito::CALLS,
        appsync::CALLS,
        secretsmanager::CALLS,
        sns::CALLS,
        sqs::CALLS,
        cloudformation::CALLS,
        cloudtrail::CALLS,
        cloudwatch::CALLS,
        codebuild::CALLS,
        codepipeline::CALLS,
        ecs::CALLS,
        events::CALLS,
        logs::CALLS,
        route53::CALLS,
        tagging::CALLS,
    ]
    .into_iter()
    .flatten()
}

/// The services of a region: each reads its resources, at the same time as the others. `regions` are all that are read.
fn regional<'a>(
    scope: Scope<'a>,
    config: &'a SdkConfig,
    region: &'a str,
    regions: &'a [String],
    identity: &'a sts::Identity,
) -> Vec<LocalBoxFuture<'a, Vec<Resource>>> {
    vec![
        amplify::read(scope, config, region).boxed_local(),
        dynamodb::read(scope, config, region, identity).boxed_local(),
        s3::read(scope, config, region, identity).boxed_local(),
        // Before the services it copies: where both list a copy by one ARN, AWS Backup knows more of it.
        backup::read(scope, config, region, identity).boxed_local(),
        rds::read(scope, config, region).boxed_local(),
        kms::read(scope, config, region).boxed_local(),
        lambda::read(scope, config, region).boxed_local(),
        cognito::read(scope, config, region, identity).boxed_local(),
        appsync::read(scope, config, region).boxed_local(),
        secretsmanager::read(scope, config, region).boxed_local(),
        sns::read(scope, config, region).boxed_local(),
        sqs::read(scope, config, region, identity).boxed_local(),
        cloudformation::read(scope, config, region).boxed_local(),
        cloudtrail::read(scope, config, region, regions, identity).boxed_local(),
        codebuild::read(scope, config, region, identity).boxed_local(),
        codepipeline::read(scope, config, region, identity).boxed_local(),
        ecs::read(scope, config, region).boxed_local(),
        tagging::tagged(
            scope,
            config,
            region,
            vec![
                cloudwatch::read(scope, config, region).boxed_local(),
                events::read(scope, config, region, identity).boxed_local(),
                logs::read(scope, config, region, identity).boxed_local(),
            ],
        )
        .boxed_local(),
    ]
}

/// The services without a region, each read once.
fn global<'a>(
    scope: Scope<'a>,
    config: &'a SdkConfig,
    home: &'a str,
    identity: &'a sts::Identity,
) -> Vec<LocalBoxFuture<'a, Vec<Resource>>> {
    vec![iam_trust::read(scope, config, home).boxed_local(), route53::read(scope, config, home, identity).boxed_local()]
}

/// The IAM policy that allows exactly [`calls`] and nothing else: what the auditor's role needs.
///
/// The resource is `*`: listing calls know no narrower one, and an audit that sees only the tables it was told about
/// answers another question. Whoever passes `--role-arn` needs `sts:AssumeRole` on that role besides.
pub fn policy() -> serde_json::Value {
    let mut actions: Vec<String> = calls().flat_map(Call::permissions).collect();
    actions.sort();
    // Some permissions allow several operations.
    actions.dedup();
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{"Sid": "ReadForAudit", "Effect": "Allow", "Action": actions, "Resource": "*"}]
    })
}

/// What whoever audits an organisation needs in the account that the audit starts from: [`policy`], and to assume the role
/// of that name in every other account. That role needs [`policy`] alone.
pub fn organization_policy(member_role: &str) -> serde_json::Value {
    let mut policy = policy();
    if let Some(statements) = policy.pointer_mut("/Statement").and_then(serde_json::Value::as_array_mut) {
        statements.push(serde_json::json!({
            "Sid": "EnterAccounts",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": format!("arn:*:iam::*:role/{member_role}"),
        }));
    }
    policy
}

/// Collects one account. Blocks until done; must not be called from within an async runtime.
///
/// `collected_at` is the time to write into the snapshot, RFC 3339 in UTC.
pub fn collect(options: &Options, collected_at: &str, progress: &dyn Progress) -> Result<Snapshot, CollectError> {
    run(async {
        let config = session::load(options).await?;
        snapshot(&config, options, collected_at, progress).await
    })
}

/// As [`collect`], with an AWS configuration that is already loaded: of `options` only the regions, the limit of
/// concurrency and the names for messages are used. For tests and for embedding.
pub fn collect_with(
    config: &SdkConfig,
    options: &Options,
    collected_at: &str,
    progress: &dyn Progress,
) -> Result<Snapshot, CollectError> {
    run(snapshot(config, options, collected_at, progress))
}

/// One thread, so that the silence below holds for all that runs; the work is waiting for the network.
fn run<T>(work: impl Future<Output = Result<T, CollectError>>) -> Result<T, CollectError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tracing::subscriber::with_default(NoSubscriber::default(), || runtime.block_on(work))
}

async fn snapshot(
    config: &SdkConfig,
    options: &Options,
    collected_at: &str,
    progress: &dyn Progress,
) -> Result<Snapshot, CollectError> {
    let home = session::home(config, options)?;
    let limits = Limits::new(options.concurrency, options.max_rate, options.stop.clone());
    let work = async {
        let reader = Reader::new(&limits, progress);
        let global = reader.scope(None);
        let identity = sts::identity(global, config, &home, options).await?;
        progress.accounts(1);
        let (seen, mut account) = join(
            organizations::read(global, config, &home).boxed_local(),
            account(&reader, config, &options.regions, &home, &identity).boxed_local(),
        )
        .await;
        let member = seen.members.get(&account.id).cloned();
        place(&mut account, member);
        account.coverage = reader.coverage();
        Ok(one(collected_at, seen.organization, account))
    };
    limits.guard(work).await
}

/// A snapshot of one account.
fn one(collected_at: &str, organization: Option<Organization>, account: Account) -> Snapshot {
    Snapshot {
        schema: SCHEMA.to_owned(),
        collected_at: Some(collected_at.to_owned()),
        organization,
        accounts: vec![account],
    }
}

/// Enters what the organisation says of an account.
fn place(account: &mut Account, member: Option<organizations::Member>) {
    let Some(member) = member else { return };
    account.alias = account.alias.take().or(member.name);
    account.parent = Some(member.parent);
    account.policies = member.policies;
}

/// Reads all that is in one account. The coverage is left to the caller.
async fn account(
    reader: &Reader<'_>,
    config: &SdkConfig,
    regions: &Regions,
    home: &str,
    identity: &sts::Identity,
) -> Account {
    reader.progress().account(&identity.account, false);
    let global = reader.scope(None);
    let regions = match regions {
        Regions::Default => vec![home.to_owned()],
        Regions::These(regions) => regions.clone(),
        Regions::All => account::regions(global, config, home, &identity.partition).await,
    };
    let mut services = self::global(global, config, home, identity);
    let of_region = |region| regional(reader.scope(Some(region)), config, region, &regions, identity);
    services.extend(regions.iter().flat_map(|region| of_region(region.as_str())));
    let users = async {
        let details = iam::read(global, config, home).await;
        let users = iam_users::read(global, config, home, &details).await;
        (details, users)
    };
    // On the heap: what is read of an account is many futures within each other.
    let users = users.boxed_local();
    let alias = iam_trust::alias(global, config, home).boxed_local();
    let ((authorization_details, users), alias, found) = join3(users, alias, join_all(services)).await;

    let mut resources: Vec<Resource> = found.into_iter().flatten().chain(users).collect();
    // A list that changes between two of its pages can show one thing twice, and regions show what records in all of them.
    resources.sort_by(|a, b| a.arn.cmp(&b.arn));
    resources.dedup_by(|later, kept| {
        let same = later.arn == kept.arn;
        if same && later.kind == kept.kind && later.properties.len() > kept.properties.len() {
            std::mem::swap(later, kept);
        }
        same
    });
    reader.progress().account(&identity.account, true);
    Account {
        id: identity.account.clone(),
        alias,
        parent: None,
        policies: Vec::new(),
        authorization_details,
        resources,
        coverage: Vec::new(),
    }
}
