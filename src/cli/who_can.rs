//! `foureyes who-can`: every principal with a verdict, conditions and the statement that decides.

use super::becoming::{self, Way};
use super::outcome::{Outcome, Statement, decider};
use super::outside::{self, Outside};
use super::question::{Asked, Coverage, Question, QuestionArguments, Requests, Subject, WorldArguments};
use super::source::SourceArguments;
use super::text::{Page, allowed, count, few, printable, short};
use super::through::{self, Through};
use super::{Exit, output};
use crate::access::Access;
use crate::base::arn;
use crate::engine::{Decision, Layer, Verdict, conditions_in_words};
use crate::inventory::{AccountId, DocumentId, Inventory, PrincipalId, PrincipalKind};
use crate::paths::WayTo;
use crate::report::grid;
use clap::{Args, ValueEnum};
use comfy_table::Color;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// List who can do an action to a resource, under which conditions.
///
/// Condition keys that nothing is known of count as open: an answer then says under which conditions it holds. `--context`
/// gives keys their values, and `--closed-world` takes all others for absent.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    question: QuestionArguments,
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    world: WorldArguments,
    /// List those who are denied, too
    #[arg(long)]
    all: bool,
    /// List those, too, who can in another way, step by step
    #[arg(long)]
    paths: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Exit with 3 when something that may matter could not be seen
    #[arg(long)]
    require_complete: bool,
}

/// How answers are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Table,
    /// For machines
    Json,
}

/// What else than a permission leads to what is asked.
struct Ways {
    becoming: Vec<WayTo>,
    through: Vec<Through>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let subject = Subject::read(&arguments.source, &arguments.world)?;
    subject.source.notes.iter().for_each(|note| output::note(&format!("note: {note}")));
    let question = subject.ask(&arguments.question, &arguments.world)?;
    let access = Access::new(&subject.inventory);
    let found = Found::new(&access, &question);
    let ways = arguments
        .paths
        .then(|| Ways { becoming: becoming::find(&access, &question), through: through::find(&access, &question) });
    let coverage = subject.coverage();
    let unknown_inputs = subject.unknown_inputs();
    let complete = coverage.is_complete() && unknown_inputs.is_empty();
    let text = match arguments.format {
        Format::Json => found.json(question, coverage, unknown_inputs, ways.as_ref())?,
        Format::Table => found.table(&subject, &question, &coverage, arguments.all, ways.as_ref()),
    };
    output::print(text.as_bytes())?;
    Ok(if arguments.require_complete && !complete { Exit::Incomplete } else { Exit::Clean })
}

/// An action and a resource, by position.
pub type Pair = (u32, u32);

/// What makes principals one row: verdict, conditions, the statement that decides, and what they may do to what.
type RowKey = (std::cmp::Reverse<Verdict>, Vec<String>, String, BTreeSet<Pair>);

/// All that is known of some principals: for each outcome, what it holds for. What is left out is implicitly denied.
pub type Profile = Vec<(Outcome, BTreeSet<Pair>)>;

/// The answers.
struct Found<'a> {
    access: &'a Access<'a>,
    profiles: Vec<(Profile, Vec<PrincipalId>)>,
    denied: Vec<PrincipalId>,
    outside: Vec<Outside>,
    roots: Vec<Root>,
    pairs: usize,
}

/// What the root user of an account may do, whom IAM does not list.
#[derive(Serialize)]
struct Root {
    account: String,
    verdict: String,
    conditions: Vec<String>,
}

/// An outcome on some targets of one action.
#[derive(PartialEq, Eq, Hash)]
struct Piece {
    outcome: Outcome,
    pairs: BTreeSet<Pair>,
}

impl<'a> Found<'a> {
    fn new(access: &'a Access<'a>, question: &Question<'_>) -> Found<'a> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut of_principal: BTreeMap<PrincipalId, Vec<u32>> = BTreeMap::new();
        for (number, requests) in (0u32..).zip(&question.requests) {
            for (principals, found) in answers(access, requests, question, number) {
                let first = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
                pieces.extend(found);
                let last = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
                for principal in principals {
                    of_principal.entry(principal).or_default().extend(first..last);
                }
            }
        }
        // Classes that come to the same are told together.
        let mut profiles: FxHashMap<Vec<u32>, Vec<PrincipalId>> = FxHashMap::default();
        for (principal, pieces) in of_principal {
            profiles.entry(pieces).or_default().push(principal);
        }
        let mut merged: BTreeMap<Profile, Vec<PrincipalId>> = BTreeMap::new();
        for (ids, principals) in profiles {
            let mut profile: BTreeMap<&Outcome, BTreeSet<Pair>> = BTreeMap::new();
            for piece in ids.iter().filter_map(|id| pieces.get(*id as usize)) {
                profile.entry(&piece.outcome).or_default().extend(&piece.pairs);
            }
            // The most that is allowed comes first.
            let profile = profile.into_iter().rev().map(|(outcome, pairs)| (outcome.clone(), pairs)).collect();
            merged.entry(profile).or_default().extend(principals);
        }
        let known: FxHashSet<PrincipalId> = merged.values().flatten().copied().collect();
        let all = access.inventory().principal_ids().map(|(id, _)| id);
        let pairs: BTreeSet<Pair> = (0u32..)
            .zip(&question.requests)
            .flat_map(|(action, requests)| {
                requests.stands_for.iter().flatten().map(move |resource| (action, *resource))
            })
            .collect();
        let profiles: Vec<(Profile, Vec<PrincipalId>)> = merged
            .into_iter()
            .map(|(profile, mut principals)| {
                principals.sort();
                (profile, principals)
            })
            .collect();
        let of = |id: PrincipalId| {
            profiles.iter().find(|(_, members)| members.binary_search(&id).is_ok()).map(|(profile, _)| profile)
        };
        Found {
            access,
            outside: outside::find(access, question, of),
            profiles,
            denied: all.filter(|id| !known.contains(id)).collect(),
            roots: roots(access, question),
            pairs: pairs.len(),
        }
    }

    fn json(
        &self,
        question: Question<'_>,
        coverage: Coverage,
        unknown: Vec<String>,
        ways: Option<&Ways>,
    ) -> anyhow::Result<String> {
        #[derive(Serialize)]
        struct Answer<'a> {
            schema: &'static str,
            question: &'a Asked,
            principals: Vec<PrincipalAnswer<'a>>,
            outsiders: Vec<outside::Told<'a>>,
            root_users: &'a [Root],
            #[serde(skip_serializing_if = "Option::is_none")]
            ways: Option<Vec<Way>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            through: Option<Vec<through::Told>>,
            coverage: Coverage,
            unknown_inputs: Vec<String>,
            notes: &'a [String],
        }
        let inventory = self.access.inventory();
        let mut principals = Vec::with_capacity(inventory.principals.len());
        for (profile, members) in &self.profiles {
            let summary = self.summary(profile, &question);
            for member in members {
                principals.extend(PrincipalAnswer::new(inventory, *member, summary.clone()));
            }
        }
        let nothing = self.summary(&Vec::new(), &question);
        for member in &self.denied {
            principals.extend(PrincipalAnswer::new(inventory, *member, nothing.clone()));
        }
        principals.sort_by(|a, b| a.arn.cmp(b.arn));
        let answer = Answer {
            schema: "foureyes/who-can/v1",
            question: &question.asked,
            principals,
            outsiders: self
                .outside
                .iter()
                .map(|one| one.told(self.access, self.summary(&one.profile, &question)))
                .collect(),
            root_users: &self.roots,
            ways: ways.map(|ways| ways.becoming.iter().map(|way| Way::new(inventory, way)).collect()),
            through: ways.map(|ways| ways.through.iter().map(|way| through::Told::new(inventory, way)).collect()),
            coverage,
            unknown_inputs: unknown,
            notes: &question.notes,
        };
        Ok(serde_json::to_string_pretty(&answer)? + "\n")
    }

    fn summary<'q>(&self, profile: &Profile, question: &'q Question<'_>) -> Summary<'q> {
        let best = profile.first().map(|(outcome, _)| outcome);
        let several = self.pairs > 1;
        Summary {
            verdict: best.map_or(Verdict::ImplicitDeny, |best| best.verdict).to_string(),
            decided_by: best.map_or(Layer::Identity, |best| best.decided_by).to_string(),
            conditions: best.map(|best| best.conditions.clone()).unwrap_or_default(),
            statements: best.map(|best| best.statements.clone()).unwrap_or_default(),
            actions: (question.requests.len() > 1).then(|| {
                let names: Vec<&str> = question.requests.iter().map(|requests| requests.action).collect();
                Split::new(profile, &names, |(action, _)| action)
            }),
            resources: (question.resources.len() > 1).then(|| {
                let names: Vec<&str> = question.resources.iter().map(String::as_str).collect();
                Split::new(profile, &names, |(_, resource)| resource)
            }),
            grants: several.then(|| {
                let granted = profile.iter().filter(|(outcome, _)| !outcome.verdict.is_denied());
                granted.map(|(outcome, pairs)| Granted::new(outcome, pairs, question)).collect()
            }),
        }
    }

    fn table(
        &self,
        subject: &Subject,
        question: &Question<'_>,
        coverage: &Coverage,
        all: bool,
        ways: Option<&Ways>,
    ) -> String {
        let inventory = self.access.inventory();
        let mut page = Page::new(output::width());
        page.say(&format!("Who can {}", self.headline(inventory, question)));
        let when = subject.source.snapshot.collected_at.as_deref();
        let when = when.map(|when| format!(", as of {when}")).unwrap_or_default();
        page.say(&printable(&format!("in {}{when}", subject.source.name)));
        question.notes.iter().for_each(|note| page.say(note));
        page.say("");
        let mut rows = self.rows(inventory, question, all);
        let able = rows.iter().any(|row| !row.verdict.is_denied());
        rows.extend(outside::rows(&self.outside).into_iter().flat_map(|one| self.outside_rows(one, question)));
        sort(&mut rows);
        let common = common_conditions(&rows);
        for row in &mut rows {
            row.conditions.retain(|condition| !common.contains(condition));
            row.marked = !common.is_empty() && !row.verdict.is_denied();
        }
        if !able {
            page.say("No user or role can.");
        }
        if !rows.is_empty() {
            page.paste(&draw(&rows, self.pairs > 1));
        }
        page.say("");
        for condition in &common {
            page.say(&format!("* {}.", printable(condition)));
        }
        if !all {
            let hidden = self.denied.len().saturating_add(
                self.profiles.iter().filter(|(profile, _)| is_denied(profile)).map(|(_, members)| members.len()).sum(),
            );
            if hidden > 0 {
                let are = if hidden == 1 { "principal is" } else { "principals are" };
                page.say(&format!("{hidden} {are} denied; `--all` lists them."));
            }
        }
        self.root_lines(&common).iter().for_each(|line| page.say(line));
        match ways {
            None => {}
            Some(ways) => {
                if ways.becoming.is_empty() && ways.through.is_empty() {
                    page.say("Nobody else can, through something else or by becoming somebody else.");
                }
                if !ways.through.is_empty() {
                    page.say("");
                    page.say("Through something else, without the right itself:");
                    through::tell(&mut page, inventory, &ways.through);
                }
                // Who can do it through something else as surely needs to become nobody.
                let told = |way: &WayTo| ways.through.iter().any(|other| other.is_as_good_as(way));
                let becoming: Vec<WayTo> = ways.becoming.iter().filter(|way| !told(way)).cloned().collect();
                if !becoming.is_empty() {
                    page.say("");
                    page.say("By becoming somebody else:");
                    becoming::tell(&mut page, &becoming);
                }
                page.say("");
            }
        }
        if let Some(sentence) = coverage.sentence() {
            page.say(&sentence);
        }
        let broken = match inventory.broken.len() {
            0 => None,
            1 => Some("1 policy is unreadable or not in the snapshot.".to_owned()),
            more => Some(format!("{more} policies are unreadable or not in the snapshot.")),
        };
        broken.iter().for_each(|line| page.say(line));
        page.text
    }

    fn headline(&self, inventory: &Inventory, question: &Question<'_>) -> String {
        let actions: Vec<String> = question.requests.iter().map(|requests| requests.action.to_owned()).collect();
        let actions = if actions.len() > 3 { count(actions.len(), "action") } else { actions.join(" or ") };
        match question.resources.as_slice() {
            [only] if only == "*" => actions,
            [only] => format!("{actions} on {}", short(inventory, only)),
            many => format!("{actions} on any of {}", count(many.len(), "resource")),
        }
    }

    fn root_lines(&self, common: &[String]) -> Vec<String> {
        let mut by_phrase: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for root in &self.roots {
            let own: Vec<String> =
                root.conditions.iter().filter(|condition| !common.contains(condition)).cloned().collect();
            let mark = if own.len() < root.conditions.len() { "*" } else { "" };
            let can = match root.verdict.as_str() {
                "allowed" | "allowed-if" if own.is_empty() => format!("can too{mark}"),
                "allowed" | "allowed-if" => allowed(&own).replacen("allowed", &format!("can too{mark},"), 1),
                "unknown" => "may be able to: that is unknown".to_owned(),
                _ => "cannot".to_owned(),
            };
            by_phrase.entry(can).or_default().push(root.account.clone());
        }
        let line = |(can, accounts): (String, Vec<String>)| match accounts.as_slice() {
            [only] => format!("The root user of {only} {can}."),
            many => format!("The root users of {} {can}.", few(many, 4)),
        };
        by_phrase.into_iter().map(line).collect()
    }

    /// Rows of the table.
    fn rows(&self, inventory: &Inventory, question: &Question<'_>, all: bool) -> Vec<Row> {
        let mut rows: BTreeMap<RowKey, Vec<PrincipalId>> = BTreeMap::new();
        let mut add = |outcome: &Outcome, pairs: BTreeSet<Pair>, members: &[PrincipalId]| {
            let key = (std::cmp::Reverse(outcome.verdict), outcome.conditions.clone(), decider(outcome), pairs);
            rows.entry(key).or_default().extend(members);
        };
        for (profile, members) in &self.profiles {
            for (outcome, pairs) in profile {
                // Who is allowed something is no row among the denied.
                let hidden = outcome.verdict.is_denied() && !(all && is_denied(profile));
                if !hidden {
                    add(outcome, pairs.clone(), members);
                }
            }
        }
        if all && !self.denied.is_empty() {
            add(&Outcome::nothing(), BTreeSet::new(), &self.denied);
        }
        rows.into_iter()
            .map(|((verdict, conditions, decider, pairs), mut members)| {
                members.sort();
                members.dedup();
                let names = |id: &PrincipalId| inventory.principal(*id).map(|one| short(inventory, &one.arn));
                Row {
                    verdict: verdict.0,
                    conditions,
                    decider,
                    members: members.iter().filter_map(names).collect(),
                    what: what(inventory, question, &pairs),
                    marked: false,
                }
            })
            .collect()
    }

    /// What one outsider may do.
    fn outside_rows<'o>(&'o self, one: &'o Outside, question: &'o Question<'_>) -> impl Iterator<Item = Row> + 'o {
        one.profile.iter().map(|(outcome, pairs)| Row {
            verdict: outcome.verdict,
            conditions: outcome.conditions.clone(),
            decider: decider(outcome),
            members: vec![printable(&one.outsider.in_words())],
            what: what(self.access.inventory(), question, pairs),
            marked: false,
        })
    }
}

/// The most that is allowed first, then what is allowed on the fewest conditions.
fn sort(rows: &mut [Row]) {
    rows.sort_by(|a, b| {
        let conditions = |row: &Row| row.conditions.len();
        b.verdict.cmp(&a.verdict).then(conditions(a).cmp(&conditions(b))).then(a.members.cmp(&b.members))
    });
}

/// A row of the table.
struct Row {
    verdict: Verdict,
    conditions: Vec<String>,
    decider: String,
    members: Vec<String>,
    what: String,
    /// Whether a condition is said below the table.
    marked: bool,
}

impl Row {
    fn answer(&self) -> String {
        let mark = if self.marked { "*" } else { "" };
        match self.verdict {
            Verdict::Allowed => format!("allowed{mark}"),
            Verdict::AllowedIf => allowed(&self.conditions).replacen("allowed", &format!("allowed{mark}"), 1),
            Verdict::Unknown => {
                let of = |condition: &String| condition.strip_prefix("undecided: ").unwrap_or(condition).to_owned();
                let why: Vec<String> = self.conditions.iter().map(of).collect();
                format!("unknown{mark}: {}", printable(&why.join(", ")))
            }
            Verdict::ExplicitDeny | Verdict::ImplicitDeny => "denied".to_owned(),
        }
    }
}

/// Principals that are named in a row.
const NAMES: usize = 6;

fn draw(rows: &[Row], several: bool) -> String {
    // Four narrow columns would cut every name: below this width two must do.
    let narrow = several && output::width() < 110;
    let titles: &[&str] = match (narrow, several) {
        (true, _) => &["Who", "Answer"],
        (false, false) => &["Who", "Answer", "Decided by"],
        (false, true) => &["Who", "Answer", "What", "Decided by"],
    };
    let entries: Vec<Vec<grid::Entry>> = rows
        .iter()
        .map(|row| {
            let colour = match row.verdict {
                Verdict::Allowed => Color::Red,
                Verdict::AllowedIf | Verdict::Unknown => Color::Yellow,
                Verdict::ExplicitDeny | Verdict::ImplicitDeny => Color::Green,
            };
            let who = few(&row.members, NAMES);
            let who = if row.members.len() > 1 { format!("{} principals: {who}", row.members.len()) } else { who };
            if narrow {
                let by = if row.verdict == Verdict::ImplicitDeny { "" } else { "by " };
                let mut lines = vec![row.answer(), row.what.clone(), format!("{by}{}", row.decider)];
                lines.retain(|line| !line.is_empty());
                return vec![(who, None), (lines.join("\n"), None)];
            }
            let mut cells = vec![(who, None), (row.answer(), Some(colour)), (row.decider.clone(), None)];
            if several {
                cells.insert(2, (row.what.clone(), None));
            }
            cells
        })
        .collect();
    grid::draw(titles, &entries, &output::style())
}

/// Asks one action; for each group of principals the outcomes.
fn answers(
    access: &Access<'_>,
    requests: &Requests<'_>,
    question: &Question<'_>,
    number: u32,
) -> Vec<(Vec<PrincipalId>, Vec<Piece>)> {
    let found = access.who_can(requests.action, &requests.targets, &question.context);
    let piece = |principal: PrincipalId, block: &crate::access::Block| {
        let first = block.targets.first()?;
        let (target, resource) = requests.targets.get(*first)?;
        let (_, applied) = access.decide(principal, requests.action, target, resource, &question.context)?;
        let stands_for = |target: &u32| requests.stands_for.get(*target as usize);
        let pairs = block.targets.iter().filter_map(stands_for).flatten().map(|resource| (number, *resource)).collect();
        Some(Piece { outcome: Outcome::new(&block.decision, applied), pairs })
    };
    found
        .into_par_iter()
        .flat_map_iter(|answer| {
            let told = |principals: Vec<PrincipalId>| {
                let first = *principals.first()?;
                let pieces = answer.blocks.iter().filter_map(|block| piece(first, block)).collect();
                Some((principals, pieces))
            };
            with_same_policies(access.inventory(), &answer.principals).into_iter().filter_map(told).collect::<Vec<_>>()
        })
        .collect()
}

/// Principals taken apart by the policies that reach them: what may be the same to all of them is allowed by other
/// statements.
fn with_same_policies(inventory: &Inventory, principals: &[PrincipalId]) -> Vec<Vec<PrincipalId>> {
    let mut apart: BTreeMap<Vec<(DocumentId, Option<&str>)>, Vec<PrincipalId>> = BTreeMap::new();
    for id in principals {
        let policies = inventory.principal(*id).map(|known| &known.policies).into_iter().flatten();
        let policies = policies.map(|policy| (policy.document, policy.through.as_deref())).collect();
        apart.entry(policies).or_default().push(*id);
    }
    apart.into_values().collect()
}

/// In words: which actions on which resources.
fn what(inventory: &Inventory, question: &Question<'_>, pairs: &BTreeSet<Pair>) -> String {
    let actions: BTreeSet<u32> = pairs.iter().map(|(action, _)| *action).collect();
    let resources: BTreeSet<u32> = pairs.iter().map(|(_, resource)| *resource).collect();
    let mut parts = Vec::new();
    if question.requests.len() > 1 {
        let names: Vec<String> = actions
            .iter()
            .filter_map(|action| question.requests.get(*action as usize))
            .map(|requests| requests.action.to_owned())
            .collect();
        parts.push(few(&names, 3));
    }
    if question.resources.len() > 1 {
        let names: Vec<String> = resources
            .iter()
            .filter_map(|resource| question.resources.get(*resource as usize))
            .map(|arn| short(inventory, arn))
            .collect();
        let all = question.resources.len();
        parts.push(match names.len() {
            0 => String::new(),
            number if number == all => format!("all {all}"),
            number => format!("{number} of {all}: {}", few(&names, 2)),
        });
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" on ")
}

fn is_denied(profile: &Profile) -> bool {
    profile.iter().all(|(outcome, _)| outcome.verdict.is_denied())
}

/// Conditions that every answer that is not a denial has.
fn common_conditions(rows: &[Row]) -> Vec<String> {
    let mut able = rows.iter().filter(|row| !row.verdict.is_denied());
    let Some(first) = able.next() else { return Vec::new() };
    let rest: Vec<&Row> = able.collect();
    // "unknown" says why with its conditions.
    if first.verdict == Verdict::Unknown {
        return Vec::new();
    }
    let in_all = |condition: &&String| rest.iter().all(|row| row.conditions.contains(condition));
    let unless = |condition: &&String| condition.starts_with("unless ");
    first.conditions.iter().filter(unless).filter(in_all).cloned().collect()
}

fn roots(access: &Access<'_>, question: &Question<'_>) -> Vec<Root> {
    let inventory = access.inventory();
    // The most that is allowed, under the fewest conditions.
    let rank = |decision: &Decision| {
        let conditions = decision.conditions.iter().flat_map(|all| &all.0).map(Vec::len).sum::<usize>();
        (decision.verdict, std::cmp::Reverse(conditions))
    };
    let mut roots = Vec::new();
    for (index, account) in (0u32..).zip(&inventory.accounts) {
        let mut best: Option<Decision> = None;
        for requests in &question.requests {
            for (target, resource) in requests.targets.iter() {
                if target.account.as_deref().is_some_and(|owner| owner != &*account.id) {
                    continue;
                }
                let decision =
                    access.decide_root(AccountId(index), requests.action, target, resource, &question.context);
                if let Some(decision) = decision
                    && best.as_ref().is_none_or(|best| rank(&decision) > rank(best))
                {
                    best = Some(decision);
                }
            }
        }
        roots.extend(best.map(|best| Root {
            account: account.id.to_string(),
            verdict: best.verdict.to_string(),
            conditions: best.conditions.as_ref().map(conditions_in_words).unwrap_or_default(),
        }));
    }
    roots
}

/// What is said of one principal.
#[derive(Serialize)]
struct PrincipalAnswer<'a> {
    arn: &'a str,
    kind: &'static str,
    account: &'a str,
    #[serde(flatten)]
    summary: Summary<'a>,
}

/// What is said of somebody.
#[derive(Clone, Serialize)]
pub struct Summary<'a> {
    verdict: String,
    decided_by: String,
    conditions: Vec<String>,
    statements: Vec<Statement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<Split<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Split<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grants: Option<Vec<Granted<'a>>>,
}

/// Actions, or resources, by the most that is allowed.
#[derive(Clone, Serialize)]
struct Split<'a> {
    allowed: Vec<&'a str>,
    conditional: Vec<&'a str>,
    unknown: Vec<&'a str>,
    denied_count: usize,
}

/// One outcome that is no denial, and what it holds for.
#[derive(Clone, Serialize)]
struct Granted<'a> {
    verdict: String,
    decided_by: String,
    conditions: Vec<String>,
    statements: Vec<Statement>,
    actions: Vec<&'a str>,
    resources: Vec<&'a str>,
}

impl<'a> PrincipalAnswer<'a> {
    fn new(inventory: &'a Inventory, id: PrincipalId, summary: Summary<'a>) -> Option<PrincipalAnswer<'a>> {
        let principal = inventory.principal(id)?;
        let kind = match principal.kind {
            PrincipalKind::User => "user",
            PrincipalKind::Role => "role",
        };
        let account = inventory.account(principal.account).map(|account| &*account.id);
        let account = arn::account_of(&principal.arn).or(account).unwrap_or("");
        Some(PrincipalAnswer { arn: &principal.arn, kind, account, summary })
    }
}

impl<'a> Split<'a> {
    fn new(profile: &Profile, names: &[&'a str], side: impl Fn(Pair) -> u32) -> Split<'a> {
        let mut best: BTreeMap<u32, Verdict> = BTreeMap::new();
        for (outcome, pairs) in profile {
            for pair in pairs {
                let known = best.entry(side(*pair)).or_insert(outcome.verdict);
                *known = (*known).max(outcome.verdict);
            }
        }
        let of = |wanted: Verdict| -> Vec<&'a str> {
            let chosen = best.iter().filter(|(_, verdict)| **verdict == wanted);
            chosen.filter_map(|(index, _)| names.get(*index as usize).copied()).collect()
        };
        let (allowed, conditional, unknown) = (of(Verdict::Allowed), of(Verdict::AllowedIf), of(Verdict::Unknown));
        let others = allowed.len().saturating_add(conditional.len()).saturating_add(unknown.len());
        Split { allowed, conditional, unknown, denied_count: names.len().saturating_sub(others) }
    }
}

impl<'a> Granted<'a> {
    fn new(outcome: &Outcome, pairs: &BTreeSet<Pair>, question: &'a Question<'_>) -> Granted<'a> {
        let actions: BTreeSet<u32> = pairs.iter().map(|(action, _)| *action).collect();
        let resources: BTreeSet<u32> = pairs.iter().map(|(_, resource)| *resource).collect();
        let action = |index: &u32| question.requests.get(*index as usize).map(|requests| requests.action);
        let resource = |index: &u32| question.resources.get(*index as usize).map(String::as_str);
        Granted {
            verdict: outcome.verdict.to_string(),
            decided_by: outcome.decided_by.to_string(),
            conditions: outcome.conditions.clone(),
            statements: outcome.statements.clone(),
            actions: actions.iter().filter_map(action).collect(),
            resources: resources.iter().filter_map(resource).collect(),
        }
    }
}
