//! Several files become one snapshot: answers of AWS Config and Cloud Control, and snapshots or authorization details to
//! go with them.

use super::super::error::quote;
use super::super::parse::{self, classify};
use super::super::read::{open, read_bytes};
use super::super::{
    Account, AuthorizationDetails, Coverage, Loaded, Organization, Outcome, Problem, ReadError, SCHEMA, Snapshot,
};
use super::others::{Answer, Left};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// How many bytes of JSON one file to be imported may hold, uncompressed: 512 MiB. AWS Config tells of a hundred thousand
/// resources in that.
pub const IMPORT_LIMIT: u64 = 512 << 20;

/// Makes a snapshot of files, each with answers of AWS Config (`SelectResourceConfig` and its kin, delivered snapshots) or
/// of Cloud Control (`GetResource`, `ListResources`), one or many; files that [`read()`](super::super::read()) takes may
/// stand among them. `account` is the account of entries that do not name theirs.
///
/// What is imported is all that is known: the coverage says that AWS itself was not asked.
///
/// # Errors
///
/// Names the file, the place in it, and what to do. An entry that cannot be used is left out and told of in the notes.
pub fn import(files: &[PathBuf], account: Option<&str>) -> Result<Loaded, ReadError> {
    let mut whole = Whole::default();
    for file in files {
        let added = open(file)
            .and_then(|input| read_bytes(input, IMPORT_LIMIT))
            .and_then(|bytes| whole.add(&bytes, account, &name(file)));
        added.map_err(|problem| ReadError { file: name(file), problem })?;
    }
    Ok(whole.finish())
}

/// As [`import()`], of the content of one file.
///
/// # Errors
///
/// As [`import()`].
pub fn import_text(bytes: &[u8], account: Option<&str>) -> Result<Loaded, Problem> {
    let mut whole = Whole::default();
    whole.add(bytes, account, "the file")?;
    Ok(whole.finish())
}

fn name(file: &Path) -> String {
    if file.as_os_str() == "-" { "standard input".to_owned() } else { quote(file) }
}

/// What was gathered so far.
#[derive(Default)]
struct Whole {
    accounts: BTreeMap<String, Gathered>,
    organization: Option<(String, Organization)>,
    collected_at: Option<String>,
    left: BTreeMap<Left, usize>,
    notes: Vec<String>,
}

struct Gathered {
    account: Account,
    /// The file that tells of its users and roles.
    details_from: Option<String>,
}

/// Where entries came from.
#[derive(Clone, Copy)]
enum Source {
    Config,
    CloudControl,
}

impl Whole {
    fn add(&mut self, bytes: &[u8], account: Option<&str>, file: &str) -> Result<(), Problem> {
        let text = parse::text(bytes)?;
        match answers(text) {
            Ok(answers) if answers.iter().any(|answer| answer.is_of_config() || answer.is_of_cloud_control()) => {
                self.answers(answers, account, file)
            }
            // What is neither may be a snapshot, whose reader says best what is wrong with it.
            Ok(_) => self.snapshot(bytes, file),
            Err(error) => Err(classify(&error, text)),
        }
    }

    fn answers(&mut self, answers: Vec<Answer>, account: Option<&str>, file: &str) -> Result<(), Problem> {
        let mut taken = 0_usize;
        let mut left: BTreeMap<Left, usize> = BTreeMap::new();
        let config: Vec<bool> = answers.iter().filter(|answer| answer.is_of_config()).map(Answer::more).collect();
        // Pages may stand in any order, but one of them must be the last.
        let cut = !config.is_empty() && config.iter().all(|more| *more);
        for answer in answers {
            let source = if answer.is_of_config() { Source::Config } else { Source::CloudControl };
            for found in answer.resources(account) {
                match found {
                    Ok((account, resource)) => {
                        taken = taken.saturating_add(1);
                        let gathered = self.account(&account);
                        gathered.account.resources.push(resource);
                        enter(&mut gathered.account.coverage, coverage(source, cut));
                    }
                    Err(reason) => {
                        let count = left.entry(reason).or_default();
                        *count = count.saturating_add(1);
                    }
                }
            }
        }
        if taken == 0 {
            // Only principals, or nothing at all, is no fault of the file.
            let worst = left.iter().find(|(reason, _)| !matches!(reason, Left::Deleted | Left::Principal));
            if let Some((reason, count)) = worst {
                return Err(Problem::NothingTaken(reason.note(*count)));
            }
            self.notes.push(format!("{file} holds no resources"));
        }
        if cut {
            self.notes.push(format!("{file} lacks the last page: every page says that another follows"));
        }
        for (reason, count) in left {
            let sum = self.left.entry(reason).or_default();
            *sum = sum.saturating_add(count);
        }
        Ok(())
    }

    fn snapshot(&mut self, bytes: &[u8], file: &str) -> Result<(), Problem> {
        let (snapshot, notes) = parse::parse(bytes).map_err(|problem| match problem {
            Problem::Unrecognised(keys) => Problem::NotImportable(keys),
            problem => problem,
        })?;
        self.notes.extend(notes);
        if let Some(organization) = snapshot.organization {
            match &self.organization {
                Some((first, known)) if !same(known, &organization) => {
                    return Err(Problem::OrganizationsDiffer(first.clone()));
                }
                Some(_) => {}
                None => self.organization = Some((file.to_owned(), organization)),
            }
        }
        self.collected_at = [self.collected_at.take(), snapshot.collected_at].into_iter().flatten().min();
        for mut found in snapshot.accounts {
            let gathered = self.account(&found.id);
            if let Some(first) = &gathered.details_from {
                return Err(Problem::DuplicateAccount { id: found.id, first: format!("in {first}") });
            }
            gathered.details_from = Some(file.to_owned());
            found.resources.append(&mut gathered.account.resources);
            found.coverage.append(&mut gathered.account.coverage);
            gathered.account = found;
        }
        Ok(())
    }

    fn account(&mut self, id: &str) -> &mut Gathered {
        self.accounts.entry(id.to_owned()).or_insert_with(|| Gathered {
            account: Account {
                id: id.to_owned(),
                alias: None,
                parent: None,
                policies: Vec::new(),
                authorization_details: AuthorizationDetails::default(),
                resources: Vec::new(),
                coverage: Vec::new(),
            },
            details_from: None,
        })
    }

    fn finish(mut self) -> Loaded {
        self.notes.extend(self.left.into_iter().map(|(reason, count)| reason.note(count)));
        let mut repeated = 0_usize;
        let complete = |gathered: Gathered| {
            let mut account = gathered.account;
            if gathered.details_from.is_none() {
                account.coverage.extend(not_part());
            }
            let before = account.resources.len();
            let mut seen = HashSet::new();
            account.resources.retain(|resource| seen.insert(resource.arn.clone()));
            repeated = repeated.saturating_add(before.saturating_sub(account.resources.len()));
            account
        };
        let accounts = self.accounts.into_values().map(complete).collect();
        if repeated > 0 {
            self.notes.push(format!("entries whose ARN came before: {repeated}; the first of each is used"));
        }
        let mut snapshot = Snapshot {
            schema: SCHEMA.to_owned(),
            collected_at: self.collected_at,
            organization: self.organization.map(|(_, organization)| organization),
            accounts,
        };
        snapshot.sort();
        Loaded { snapshot, notes: self.notes }
    }
}

/// JSON values one after the other, each an answer or a list of answers.
fn answers(text: &str) -> Result<Vec<Answer>, serde_json::Error> {
    let values = serde_json::Deserializer::from_str(text);
    if text.trim_start().starts_with('[') {
        let lists: Vec<Vec<Answer>> = values.into_iter().collect::<Result<_, _>>()?;
        Ok(lists.into_iter().flatten().collect())
    } else {
        values.into_iter().collect()
    }
}

fn same(one: &Organization, other: &Organization) -> bool {
    let text = |organization: &Organization| {
        let mut organization = organization.clone();
        organization.sort();
        // Plain data with string keys: writing it to memory cannot fail.
        serde_json::to_string(&organization).unwrap_or_default()
    };
    text(one) == text(other)
}

/// Adds an entry once.
fn enter(coverage: &mut Vec<Coverage>, entry: Coverage) {
    if !coverage.contains(&entry) {
        coverage.push(entry);
    }
}

/// What is known of how much was read.
fn coverage(source: Source, cut: bool) -> Coverage {
    let (service, operation) = match source {
        Source::Config => ("config", "SelectResourceConfig"),
        Source::CloudControl => ("cloudformation", "GetResource"),
    };
    let missing = cut.then(|| "the file lacks the last page: every page says that another follows".to_owned());
    let told = || Some("imported: what the file does not hold is not known".to_owned());
    Coverage {
        service: service.to_owned(),
        operation: operation.to_owned(),
        region: None,
        outcome: if cut && matches!(source, Source::Config) { Outcome::Failed } else { Outcome::Ok },
        detail: missing.filter(|_| matches!(source, Source::Config)).or_else(told),
    }
}

/// What an account lacks of which only imported resources are known.
fn not_part() -> [Coverage; 2] {
    let entry = |service: &str, operation: &str, what: &str| Coverage {
        service: service.to_owned(),
        operation: operation.to_owned(),
        region: None,
        outcome: Outcome::Unsupported,
        detail: Some(format!("{what} not part of what was imported")),
    };
    [
        entry("iam", "GetAccountAuthorizationDetails", "users, roles and their policies are"),
        entry("organizations", "ListPolicies", "organization policies are"),
    ]
}
