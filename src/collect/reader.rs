//! Makes the calls of one account, follows pages, and writes down what came of each.

use super::limits::Limits;
use super::miss::Miss;
use super::{Call, Progress, amplify, appsync, codebuild, codepipeline, cognito};
use crate::snapshot::{Coverage, Outcome};
use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use futures_util::future::LocalBoxFuture;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// More pages than any account has: an endpoint that never comes to an end is not followed for ever.
const MOST_PAGES: usize = 10_000;
/// How many resources a detail names for one reason.
const NAMED: usize = 3;
/// After so many calls in a row without an answer, a service is not asked again in that region: a thousand calls that
/// hang would take a day, and calls that are throttled to the end do not get better by more of them.
const GIVE_UP: usize = 5;

/// What the coverage says of a call that was not made, or not waited for, since the run was stopped.
pub const INTERRUPTED: &str = "interrupted";

/// The calls of one account and what came of them.
pub(super) struct Reader<'a> {
    limits: &'a Limits,
    progress: &'a dyn Progress,
    ledger: Mutex<BTreeMap<Line, Entry>>,
    /// Service and region, to the number of calls in a row that got no answer.
    silences: Mutex<BTreeMap<(&'static str, Option<String>), usize>>,
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
    pub fn new(limits: &'a Limits, progress: &'a dyn Progress) -> Reader<'a> {
        Reader { limits, progress, ledger: Mutex::default(), silences: Mutex::default() }
    }

    /// Who hears how it goes.
    pub fn progress(&self) -> &'a dyn Progress {
        self.progress
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

/// A request on the heap: the SDK's are large, and a collection holds many.
type Request<'r, T, E> = LocalBoxFuture<'r, Result<T, SdkError<E, HttpResponse>>>;

impl<'a> Scope<'a> {
    /// Makes one call. `subject` names what it asks about, such as `table Orders`; empty for lists.
    pub fn read<'r, T: 'r, E>(
        self,
        call: &'static Call,
        subject: &'r str,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + 'r,
    ) -> LocalBoxFuture<'r, Option<T>>
    where
        'a: 'r,
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.read_if_any(call, subject, "", request)
    }

    /// As [`Scope::read`], for a thing that need not be there: the error code `absent` is an answer, namely none.
    pub fn read_if_any<'r, T: 'r, E>(
        self,
        call: &'static Call,
        subject: &'r str,
        absent: &'r str,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + 'r,
    ) -> LocalBoxFuture<'r, Option<T>>
    where
        'a: 'r,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let answer = self.read_or_none(call, subject, absent, request);
        Box::pin(async move { answer.await.flatten() })
    }

    /// As [`Scope::read_if_any`], telling what is known not to be there (`Some(None)`) from what is not known (`None`).
    pub fn read_or_none<'r, T: 'r, E>(
        self,
        call: &'static Call,
        subject: &'r str,
        absent: &'r str,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + 'r,
    ) -> LocalBoxFuture<'r, Option<Option<T>>>
    where
        'a: 'r,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let request: Request<'r, T, E> = Box::pin(request);
        Box::pin(async move {
            let (answer, miss) = match self.send(call, request).await {
                Ok(Ok(answer)) => (Some(Some(answer)), None),
                Ok(Err(SdkError::ServiceError(error))) if error.err().code() == Some(absent) => (Some(None), None),
                Ok(Err(error)) => (None, Some(Miss::of(&error, self.region.is_some()))),
                Err(miss) => (None, Some(miss)),
            };
            self.write_down(call, subject, miss);
            answer
        })
    }

    /// Makes one call a page. `keep` takes what a page holds and gives the token of the next; an empty token means that
    /// the page says there is more, and not where. What was kept stays when a later page does not come; the answer says
    /// whether all came.
    pub fn pages<'r, T: 'r, E, F>(
        self,
        call: &'static Call,
        subject: &'r str,
        request: impl Fn(Option<String>) -> F + 'r,
        mut keep: impl FnMut(T) -> Option<String> + 'r,
    ) -> LocalBoxFuture<'r, bool>
    where
        'a: 'r,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + 'r,
        E: ProvideErrorMetadata + Error + 'static,
    {
        Box::pin(async move {
            let mut token = None;
            for page in 0..MOST_PAGES {
                let asked: Request<'r, T, E> = Box::pin(request(token.clone()));
                let answer = match self.send(call, asked).await {
                    Ok(answer) => answer.map_err(|error| Miss::of(&error, self.region.is_some())),
                    Err(miss) => Err(miss),
                };
                let next = match answer {
                    Ok(answer) => keep(answer),
                    Err(mut miss) => {
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
        })
    }

    /// Adds what a reader of the coverage should know of a call.
    pub fn note(self, call: &'static Call, note: String) {
        self.reader.ledger().entry(self.line(call)).or_default().note = Some(note);
    }

    /// How many calls may run at once.
    pub fn concurrency(self) -> usize {
        self.reader.limits.concurrency()
    }

    pub fn started(self, service: &str) {
        self.reader.progress.started(service, self.region);
    }

    pub fn finished(self, service: &str) {
        self.reader.progress.finished(service, self.region);
    }

    /// Sends a request when its turn has come. A miss where it was not sent, or not waited for: the run ends, or the
    /// service has not answered for long.
    pub async fn send<T, E>(
        self,
        call: &'static Call,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<Result<T, SdkError<E, HttpResponse>>, Miss>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let lane = (call.service, self.region.map(str::to_owned));
        let request = async {
            if self.silences().get(&lane).is_some_and(|silent| *silent >= GIVE_UP) {
                return Err(Miss::new(Outcome::Failed, format!("not asked: {GIVE_UP} calls in a row had no answer")));
            }
            self.reader.progress.call(call, self.region);
            Ok(request.await)
        };
        let answer = match self.reader.limits.run(request).await {
            Some(answer) => answer?,
            None => return Err(Miss::new(Outcome::Failed, INTERRUPTED)),
        };
        let unanswered = match &answer {
            Ok(_) => false,
            Err(error) => Miss::of(error, self.region.is_some()).is_silence(),
        };
        let mut silences = self.silences();
        let silent = silences.entry(lane).or_default();
        *silent = if unanswered { silent.saturating_add(1) } else { 0 };
        Ok(answer)
    }

    fn silences(self) -> MutexGuard<'a, BTreeMap<(&'static str, Option<String>), usize>> {
        self.reader.silences.lock().unwrap_or_else(PoisonError::into_inner)
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
        "codebuild" => !codebuild::NOT_IN.contains(&region),
        "codepipeline" => !codepipeline::NOT_IN.contains(&region),
        "cognito-identity" => !cognito::NO_IDENTITY_POOLS.contains(&region),
        "cognito-idp" => !cognito::NO_USER_POOLS.contains(&region),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that sends nothing.
    fn with_reader(check: impl Fn(&Reader<'_>)) {
        check(&Reader::new(&Limits::new(1, None, super::super::Stop::new()), &()));
    }

    const CALL: Call = Call::new("dynamodb", "DescribeTable");

    #[test]
    fn equal_outcomes_share_one_entry() {
        with_reader(equal_outcomes_share);
    }

    fn equal_outcomes_share(reader: &Reader<'_>) {
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
        with_reader(an_unknown_host_may_be);
    }

    fn an_unknown_host_may_be(reader: &Reader<'_>) {
        const APPS: Call = Call::new("amplify", "ListApps");
        for region in ["eu-west-1", "il-central-1"] {
            let miss = Miss { no_such_host: true, ..Miss::new(Outcome::Failed, "not sent") };
            reader.scope(Some(region)).write_down(&APPS, "", Some(miss));
        }
        let outcomes: Vec<_> = reader.coverage().into_iter().map(|entry| entry.outcome).collect();
        assert_eq!(outcomes, [Outcome::Failed, Outcome::Unsupported]);
    }
}
