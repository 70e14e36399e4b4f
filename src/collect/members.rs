//! Many accounts: those of an organisation, each read through a role in it, a few at a time.

use super::limits::Limits;
use super::organizations::{self, Member, Seen};
use super::reader::{INTERRUPTED, Reader};
use super::{CollectError, Options, Progress, account, one, place, run, session, sts};
use crate::base::arn::is_account_id;
use crate::snapshot::{Account, AuthorizationDetails, Coverage, Organization, Outcome, Snapshot, WriteError};
use aws_config::SdkConfig;
use futures_util::{FutureExt, StreamExt};
use std::collections::BTreeMap;

/// The role that is assumed in each account unless another is named: the read-only one of
/// `terraform-examples/auditor-role`. The one that AWS makes in new accounts, `OrganizationAccountAccessRole`, is an
/// administrator, which an audit must not need.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access-cross-account-role.html>
pub const MEMBER_ROLE: &str = "foureyes-auditor";

/// Which accounts of an organisation to read, and how to enter them.
#[derive(Clone, Debug)]
pub struct Members {
    /// The name of the role in each account, with its path if it has one. The account of the credentials themselves is
    /// read without it.
    pub role: String,
    /// Only these; empty for all.
    pub accounts: Vec<String>,
    /// Not these.
    pub except: Vec<String>,
    /// Only accounts in these units and the units below them, by id or name; empty for all.
    pub units: Vec<String>,
    /// How many accounts are read at once, and held in memory; zero means one.
    pub at_once: usize,
}

impl Default for Members {
    fn default() -> Members {
        Members {
            role: MEMBER_ROLE.to_owned(),
            accounts: Vec::new(),
            except: Vec::new(),
            units: Vec::new(),
            at_once: 4,
        }
    }
}

/// What came of reading an organisation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Accounts that were handed over, the unread ones included.
    pub kept: Vec<String>,
    /// Accounts that were fresh enough.
    pub fresh: Vec<String>,
    /// Accounts that are not active: suspended, closed, or not yet set up.
    pub inactive: Vec<String>,
}

/// Says whether what is known of an account is fresh enough, given the organisation as it is now.
pub type IsFresh<'a> = dyn Fn(&str, Option<&Organization>) -> bool + 'a;
/// Takes what was read of one account.
pub type Keep<'a> = dyn FnMut(Snapshot) -> Result<(), WriteError> + 'a;

/// Collects the accounts of an organisation, each into a snapshot of its own, which `keep` gets as soon as it is complete
/// and which is then forgotten. An account that cannot be entered is handed over too: its coverage says so. Blocks until
/// done; must not be called from within an async runtime.
///
/// # Errors
///
/// Where nothing can be known: no credentials, no list of accounts; and whatever `keep` answers.
pub fn collect_organization(
    options: &Options,
    members: &Members,
    collected_at: &str,
    progress: &dyn Progress,
    is_fresh: &IsFresh<'_>,
    keep: &mut Keep<'_>,
) -> Result<Done, CollectError> {
    run(async {
        let config = session::load(options).await?;
        all(&config, options, members, collected_at, progress, is_fresh, keep).await
    })
}

/// As [`collect_organization`], with an AWS configuration that is already loaded.
///
/// # Errors
///
/// As [`collect_organization`].
pub fn collect_organization_with(
    config: &SdkConfig,
    options: &Options,
    members: &Members,
    collected_at: &str,
    progress: &dyn Progress,
    is_fresh: &IsFresh<'_>,
    keep: &mut Keep<'_>,
) -> Result<Done, CollectError> {
    run(all(config, options, members, collected_at, progress, is_fresh, keep))
}

async fn all(
    config: &SdkConfig,
    options: &Options,
    members: &Members,
    collected_at: &str,
    progress: &dyn Progress,
    is_fresh: &IsFresh<'_>,
    keep: &mut Keep<'_>,
) -> Result<Done, CollectError> {
    let home = session::home(config, options)?;
    check(members)?;
    let limits = Limits::new(options.concurrency, options.max_rate, options.stop.clone());
    let work = async {
        let reader = Reader::new(&limits, progress);
        let global = reader.scope(None);
        let identity = sts::identity(global, config, &home, options).await?;
        let seen = organizations::read(global, config, &home).await;
        let coverage = reader.coverage();
        let mut done = Done::default();
        let mut chosen = Vec::new();
        for (id, member) in select(members, &seen, &coverage)? {
            if member.as_ref().is_some_and(|member| !member.active) {
                done.inactive.push(id);
            } else if is_fresh(&id, seen.organization.as_ref()) {
                done.fresh.push(id);
            } else {
                chosen.push((id, member));
            }
        }
        progress.accounts(chosen.len());
        let entrance = Entrance { config, options, members, limits: &limits, progress, home: &home, own: &identity };
        let mut accounts = futures_util::stream::iter(chosen)
            .map(|(id, member)| entrance.read(id, member, &coverage).boxed_local())
            .buffer_unordered(members.at_once.max(1));
        while let Some(account) = accounts.next().await {
            done.kept.push(account.id.clone());
            keep(one(collected_at, seen.organization.clone(), account))?;
        }
        drop(accounts);
        done.kept.sort();
        Ok(done)
    };
    limits.guard(work).await
}

/// What the user wrote becomes part of an ARN.
fn check(members: &Members) -> Result<(), CollectError> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&byte);
    let role = &members.role;
    if role.is_empty() || role.len() > 512 || role.starts_with('/') || !role.bytes().all(good) {
        let role = role.escape_debug();
        return Err(CollectError::Selection(format!(
            "`{role}` is not the name of a role; give the name alone, or with its path, such as audit/foureyes-auditor"
        )));
    }
    match members.accounts.iter().chain(&members.except).find(|id| !is_account_id(id)) {
        Some(id) => {
            Err(CollectError::Selection(format!("`{}` is not an account; give its twelve digits", id.escape_debug())))
        }
        None => Ok(()),
    }
}

/// The accounts to read, in the order of their ids.
fn select(
    members: &Members,
    seen: &Seen,
    coverage: &[Coverage],
) -> Result<BTreeMap<String, Option<Member>>, CollectError> {
    let unlisted = coverage.iter().find(|entry| entry.service == "organizations" && entry.outcome != Outcome::Ok);
    if seen.members.is_empty() && members.accounts.is_empty() {
        let reason = match unlisted {
            Some(entry) => entry.detail.clone().unwrap_or_else(|| entry.operation.clone()),
            None => "the account stands alone".to_owned(),
        };
        return Err(CollectError::Accounts(reason));
    }
    let within = units(members, seen)?;
    let mut chosen: BTreeMap<String, Option<Member>> = BTreeMap::new();
    if members.accounts.is_empty() {
        chosen.extend(seen.members.iter().map(|(id, member)| (id.clone(), Some(member.clone()))));
    }
    for id in &members.accounts {
        let member = seen.members.get(id).cloned();
        if member.is_none() && unlisted.is_none() {
            return Err(CollectError::Selection(format!("the account {id} is not in the organisation")));
        }
        chosen.insert(id.clone(), member);
    }
    chosen.retain(|id, member| {
        let inside = within
            .as_ref()
            .is_none_or(|within| member.as_ref().is_some_and(|member| within.contains(&member.parent.as_str())));
        inside && !members.except.contains(id)
    });
    if chosen.is_empty() {
        return Err(CollectError::Selection(
            "no account is left to read; look at the accounts and units given".to_owned(),
        ));
    }
    Ok(chosen)
}

/// The ids of the units that were named and of all below them; `None` where none was named.
fn units<'s>(members: &Members, seen: &'s Seen) -> Result<Option<Vec<&'s str>>, CollectError> {
    if members.units.is_empty() {
        return Ok(None);
    }
    let all = seen.organization.iter().flat_map(|organization| &organization.units);
    let mut within: Vec<&str> = Vec::new();
    for name in &members.units {
        let named = all.clone().filter(|unit| unit.id == *name || unit.name == *name);
        let before = within.len();
        within.extend(named.map(|unit| unit.id.as_str()));
        if within.len() == before {
            let mut known: Vec<&str> = all.clone().map(|unit| unit.name.as_str()).collect();
            known.sort_unstable();
            let known = super::miss::plain(&known.join(", "));
            let name = name.escape_debug();
            return Err(CollectError::Selection(format!(
                "the organisation has no unit `{name}` that could be read; it has: {known}"
            )));
        }
    }
    loop {
        let below: Vec<&str> = all
            .clone()
            .filter(|unit| within.contains(&unit.parent.as_str()) && !within.contains(&unit.id.as_str()))
            .map(|unit| unit.id.as_str())
            .collect();
        if below.is_empty() {
            return Ok(Some(within));
        }
        within.extend(below);
    }
}

/// What is needed to enter an account.
struct Entrance<'a> {
    config: &'a SdkConfig,
    options: &'a Options,
    members: &'a Members,
    limits: &'a Limits,
    progress: &'a dyn Progress,
    home: &'a str,
    own: &'a sts::Identity,
}

impl Entrance<'_> {
    /// Reads one account. `organization`: what came of asking about the organisation.
    async fn read(&self, id: String, member: Option<Member>, organization: &[Coverage]) -> Account {
        let reader = Reader::new(self.limits, self.progress);
        let mut account = if id == self.own.account {
            account(&reader, self.config, &self.options.regions, self.home, self.own).await
        } else {
            self.enter(&reader, id).await
        };
        account.coverage.extend(reader.coverage());
        let about = organization.iter().filter(|entry| entry.service == "organizations").cloned();
        account.coverage.extend(about);
        account.coverage.sort();
        place(&mut account, member);
        account
    }

    /// Reads another account than that of the credentials.
    async fn enter(&self, reader: &Reader<'_>, id: String) -> Account {
        let role = format!("arn:{}:iam::{id}:role/{}", self.own.partition, self.members.role);
        let options = Options { role_arn: Some(role.clone()), ..self.options.clone() };
        let config = session::assume(self.config, &options, &role, self.home).await;
        let refused = match sts::identity(reader.scope(None), &config, self.home, &options).await {
            Ok(identity) if identity.account == id => {
                return account(reader, &config, &options.regions, self.home, &identity).await;
            }
            Ok(identity) => format!("the role is of the account {}", identity.account),
            Err(CollectError::Role { reason, .. }) => reason,
            Err(error) => error.to_string(),
        };
        let outcome = if refused.contains("AccessDenied") { Outcome::Denied } else { Outcome::Failed };
        let reason = if self.limits.is_halted() { INTERRUPTED.to_owned() } else { refused };
        Account {
            id,
            alias: None,
            parent: None,
            policies: Vec::new(),
            authorization_details: AuthorizationDetails::default(),
            resources: Vec::new(),
            coverage: vec![Coverage {
                service: "sts".to_owned(),
                operation: "AssumeRole".to_owned(),
                region: None,
                outcome,
                detail: Some(format!("sts:AssumeRole on {role}: {reason}")),
            }],
        }
    }
}
