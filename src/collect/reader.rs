//! Makes the calls: bounds how many run at once, follows pages, and writes down what came of each.

use super::miss::Miss;
use super::{Call, Progress, amplify, appsync, cognito};
use crate::snapshot::{Coverage, Outcome};
use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// More pages than any account has: an endpoint that never comes to an end is not followed for ever.
const MOST_PAGES: usize = 10_000;
/// How many resources a detail names for one reason.
const NAMED: usize = 3;

/// The calls of one collection and what came of them.
pub(super) struct Reader<'a> {
    permits: Semaphore,
    concurrency: usize,
    progress: &'a dyn Progress,
    ledger: Mutex<BTreeMap<Line, Entry>>,
}

/// Service, operation and region: one line of the coverage.
type Line = (&'static str, &'static str, Option<String>);

#[derive(Default)]
struct Entry {
    asked: usize,
    note: Option<String>,
    /// Outcome, permission and reason to the resources concerned.
    missed: BTreeMap<(Outcome, String, String), Vec<String>>,
}

/// A reader in one region, or for global services.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    reader: &'a Reader<'a>,
    region: Option<&'a str>,
}

impl<'a> Reader<'a> {
    pub fn new(concurrency: usize, progress: &'a dyn Progress) -> Reader<'a> {
        let concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Reader { permits: Semaphore::new(concurrency), concurrency, progress, ledger: Mutex::default() }
    }

    pub fn scope(&'a self, region: Option<&'a str>) -> Scope<'a> {
        Scope { reader: self, region }
    }

    /// One entry an operation, region and outcome. What was read whole is `ok`; where some of several calls went
    /// without an answer, the entries name those and say how many of how many they are.
    pub fn coverage(&self) -> Vec<Coverage> {
        let mut coverage = Vec::new();
        for ((service, operation, region), entry) in self.ledger().iter() {
            let line = |outcome, detail| Coverage {
                service: (*service).to_owned(),
                operation: (*operation).to_owned(),
                region: region.clone(),
                outcome,
                detail,
            };
            if entry.missed.is_empty() {
                coverage.push(line(Outcome::Ok, entry.note.clone()));
            }
            let mut details: BTreeMap<Outcome, Vec<String>> = BTreeMap::new();
            for ((outcome, permission, reason), subjects) in &entry.missed {
                details.entry(*outcome).or_default().push(detail(permission, reason, subjects, entry.asked));
            }
            for (outcome, mut details) in details {
                details.extend(entry.note.clone());
                coverage.push(line(outcome, Some(details.join("; "))));
            }
        }
        coverage
    }

    fn ledger(&self) -> MutexGuard<'_, BTreeMap<Line, Entry>> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `dynamodb:DescribeTable on table A, table B, table C and 4 more: AccessDeniedException (7 of 12 calls)`
fn detail(permission: &str, reason: &str, subjects: &[String], asked: usize) -> String {
    let mut named: Vec<&str> = subjects.iter().map(String::as_str).filter(|subject| !subject.is_empty()).collect();
    named.sort_unstable();
    let more = named.len().saturating_sub(NAMED);
    named.truncate(NAMED);
    let mut text = permission.to_owned();
    if !named.is_empty() {
        text.push_str(" on ");
        text.push_str(&named.join(", "));
    }
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text.push_str(": ");
    text.push_str(reason);
    if asked > 1 {
        text.push_str(&format!(" ({} of {asked} calls)", subjects.len()));
    }
    text
}

impl<'a> Scope<'a> {
    /// Makes one call. `subject` names what it asks about, such as `table Orders`; empty for lists.
    pub async fn read<T, E>(
        self,
        call: &'static Call,
        subject: &str,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Option<T>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.read_if_any(call, subject, "", request).await
    }

    /// As [`Scope::read`], for a thing that need not be there: the error code `absent` is an answer, namely none.
    pub async fn read_if_any<T, E>(
        self,
        call: &'static Call,
        subject: &str,
        absent: &str,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Option<T>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.read_or_none(call, subject, absent, request).await.flatten()
    }

    /// As [`Scope::read_if_any`], telling the two apart: `None` is no answer, and `Some(None)` the answer that there is
    /// none.
    pub async fn read_or_none<T, E>(
        self,
        call: &'static Call,
        subject: &str,
        absent: &str,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Option<Option<T>>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (answer, miss) = match self.send(call, request).await {
            Ok(answer) => (Some(Some(answer)), None),
            Err(SdkError::ServiceError(error)) if error.err().code() == Some(absent) => (Some(None), None),
            Err(error) => (None, Some(Miss::of(&error, self.region.is_some()))),
        };
        self.write_down(call, subject, miss);
        answer
    }

    /// Makes one call a page. `keep` takes what a page holds and gives the token of the next; an empty token means that
    /// the page says there is more, and not where. What was kept stays when a later page does not come; the answer says
    /// whether all came.
    pub async fn pages<T, E, F>(
        self,
        call: &'static Call,
        subject: &str,
        request: impl Fn(Option<String>) -> F,
        mut keep: impl FnMut(T) -> Option<String>,
    ) -> bool
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let mut token = None;
        for page in 0..MOST_PAGES {
            let next = match self.send(call, request(token.clone())).await {
                Ok(answer) => keep(answer),
                Err(error) => {
                    let mut miss = Miss::of(&error, self.region.is_some());
                    if page > 0 {
                        miss.reason.push_str(&format!(", after page {page}"));
                    }
                    self.write_down(call, subject, Some(miss));
                    return false;
                }
            };
            if next.is_none() {
                self.write_down(call, subject, None);
                return true;
            }
            if next == token || next.as_deref() == Some("") {
                break;
            }
            token = next;
        }
        self.write_down(call, subject, Some(Miss::new(Outcome::Failed, "the list has no end")));
        false
    }

    /// Adds what a reader of the coverage should know of a call.
    pub fn note(self, call: &'static Call, note: String) {
        self.reader.ledger().entry(self.line(call)).or_default().note = Some(note);
    }

    /// How many calls may run at once.
    pub fn concurrency(self) -> usize {
        self.reader.concurrency
    }

    pub fn started(self, service: &str) {
        self.reader.progress.started(service, self.region);
    }

    pub fn finished(self, service: &str) {
        self.reader.progress.finished(service, self.region);
    }

    /// Waits for a permit and sends.
    pub async fn send<T>(self, call: &'static Call, request: impl Future<Output = T>) -> T {
        // Never closed: an error here could only mean that there is nothing to wait for.
        let _permit = self.reader.permits.acquire().await.ok();
        self.reader.progress.call(call, self.region);
        request.await
    }

    /// Enters a call that was made, and what kept it from an answer.
    pub fn write_down(self, call: &'static Call, subject: &str, miss: Option<Miss>) {
        let mut ledger = self.reader.ledger();
        let entry = ledger.entry(self.line(call)).or_default();
        entry.asked = entry.asked.saturating_add(1);
        if let Some(mut miss) = miss {
            if miss.no_such_host && self.region.is_some_and(|region| !offered(call.service, region)) {
                miss.outcome = Outcome::Unsupported;
                miss.reason.push_str(", and the service is not known to be offered in this region");
            }
            let reason = (miss.outcome, call.permission(), miss.reason);
            entry.missed.entry(reason).or_default().push(super::miss::plain(subject));
        }
    }

    fn line(self, call: &'static Call) -> Line {
        (call.service, call.operation, self.region.map(str::to_owned))
    }
}

/// Whether a region is known to have the service. A host name that does not resolve is an absent service only where it
/// is not: elsewhere it is a fault, and says nothing about what is there.
fn offered(service: &str, region: &str) -> bool {
    match service {
        "amplify" => amplify::REGIONS.contains(&region),
        "appsync" => !appsync::NOT_IN.contains(&region),
        "cognito-identity" => !cognito::NO_IDENTITY_POOLS.contains(&region),
        "cognito-idp" => !cognito::NO_USER_POOLS.contains(&region),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Call = Call::new("dynamodb", "DescribeTable");

    #[test]
    fn equal_outcomes_share_one_entry() {
        let reader = Reader::new(0, &());
        let scope = reader.scope(Some("eu-west-1"));
        for table in ["E", "D", "C", "B", "A"] {
            scope.write_down(&CALL, table, Some(Miss::new(Outcome::Denied, "AccessDeniedException")));
        }
        scope.write_down(&CALL, "F", None);
        scope.write_down(&CALL, "G", Some(Miss::new(Outcome::Throttled, "ThrottlingException")));
        let details: Vec<_> =
            reader.coverage().into_iter().map(|entry| (entry.outcome, entry.detail.unwrap())).collect();
        assert_eq!(
            details,
            [
                (
                    Outcome::Denied,
                    "dynamodb:DescribeTable on A, B, C and 2 more: AccessDeniedException (5 of 7 calls)".to_owned()
                ),
                (Outcome::Throttled, "dynamodb:DescribeTable on G: ThrottlingException (1 of 7 calls)".to_owned()),
            ]
        );
    }

    #[test]
    fn an_unknown_host_is_an_absent_service_only_where_it_may_be() {
        let reader = Reader::new(1, &());
        const APPS: Call = Call::new("amplify", "ListApps");
        for region in ["eu-west-1", "il-central-1"] {
            let miss = Miss { outcome: Outcome::Failed, reason: "not sent".to_owned(), no_such_host: true };
            reader.scope(Some(region)).write_down(&APPS, "", Some(miss));
        }
        let outcomes: Vec<_> = reader.coverage().into_iter().map(|entry| entry.outcome).collect();
        assert_eq!(outcomes, [Outcome::Failed, Outcome::Unsupported]);
    }
}
