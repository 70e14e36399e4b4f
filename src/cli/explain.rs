//! `foureyes explain`: why a principal may or may not do something, layer by layer, and what would change it.

use super::becoming::{self, Way};
use super::explain_finding;
use super::question::{Asked, Coverage, Question, QuestionArguments, Subject, WorldArguments};
use super::source::SourceArguments;
use super::text::{Page, allowed, few, policy_name, printable, short, statement_name};
use super::through::{self, Through};
use super::who_can::Format;
use super::{Exit, output, suggest};
use crate::access::{Access, Change, Flip};
use crate::base::Arn;
use crate::engine::{
    self, Decision, Explanation, Formula, Layer, LayerReport, PolicyReport, Reach, Solution, StatementReport, Verdict,
    conditions_in_words, solve,
};
use crate::iam::Effect;
use crate::inventory::{Inventory, Principal, PrincipalId};
use crate::paths::{Actor, WayTo};
use anyhow::{anyhow, bail};
use clap::Args;
use serde::Serialize;

/// Tell why a principal may or may not do an action to a resource, and the smallest change that would flip it; or all about
/// one finding of an audit.
///
/// Condition keys that nothing is known of count as open: an answer then says under which conditions it holds. `--context`
/// gives keys their values, and `--closed-world` takes all others for absent.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The ARN of a user or role, or its name; or, with nothing after it, the id of a finding
    principal: String,
    /// An action such as `dynamodb:DeleteTable`
    #[arg(requires = "resource")]
    action: Option<String>,
    /// A resource: its ARN or name; `*` for actions that know no resources
    resource: Option<String>,
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    world: WorldArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let (Some(action), Some(resource)) = (&arguments.action, &arguments.resource) else {
        let json = arguments.format == Format::Json;
        return explain_finding::run(&arguments.principal, &arguments.source, arguments.world.config(), json);
    };
    let subject = Subject::read(&arguments.source, &arguments.world)?;
    subject.source.notes.iter().for_each(|note| output::note(&format!("note: {note}")));
    let inventory = &subject.inventory;
    let id = find(inventory, &arguments.principal)?;
    let principal = inventory.principal(id).ok_or_else(|| anyhow!("the principal is gone"))?;
    let asked = QuestionArguments { action: action.clone(), resource: resource.clone() };
    let question = subject.ask(&asked, &arguments.world)?;
    let (request, target, resource) = match question.requests.as_slice() {
        [request] => match request.targets.iter().collect::<Vec<_>>().as_slice() {
            [(target, resource)] => (request, *target, *resource),
            many => {
                let names: Vec<String> =
                    many.iter().map(|(target, _)| format!("`{}`", printable(&target.arn))).collect();
                bail!("`explain` takes one resource, and this may be {}", few(&names, 5));
            }
        },
        many => {
            let names: Vec<String> = many.iter().map(|request| format!("`{}`", request.action)).collect();
            bail!("`explain` takes one action, and this may be {}", few(&names, 5));
        }
    };
    let access = Access::new(inventory);
    let explanation = access
        .examine(id, request.action, target, resource, &question.context, engine::explain)
        .ok_or_else(|| anyhow!("`{}` is not the ARN of a principal", printable(&principal.arn)))?;
    let flips = access.flips(id, request.action, target, resource, &question.context);
    // Whoever is not denied needs to become nobody else.
    let denied = explanation.decision.verdict.is_denied();
    let ways = if denied { becoming::find(&access, &question) } else { Vec::new() };
    let way = ways.into_iter().find(|way| way.from == Actor::Principal(id));
    let through = if denied { through::find(&access, &question) } else { Vec::new() };
    let through = through.into_iter().find(|way| way.actors.contains(&id)).map(|way| way.of(inventory, id));
    let told =
        Told { inventory, principal, action: request.action, resource: &target.arn, explanation, flips, way, through };
    let text = match arguments.format {
        Format::Json => told.json(&question, subject.coverage(), subject.unknown_inputs())?,
        Format::Table => told.text(&question.notes, &subject.coverage()),
    };
    output::print(text.as_bytes())?;
    Ok(Exit::Clean)
}

/// A principal by its ARN, the ARN of a session of it, or its name.
pub(super) fn find(inventory: &Inventory, text: &str) -> anyhow::Result<PrincipalId> {
    if let Some(id) = inventory.find_principal(text) {
        return Ok(id);
    }
    let session = Arn::parse(text)
        .filter(|arn| arn.service == "sts")
        .and_then(|arn| Some((arn.account, arn.resource.strip_prefix("assumed-role/")?.split('/').next()?)));
    let is_it = |principal: &Principal| match session {
        Some((account, role)) => {
            *principal.name == *role
                && Arn::parse(&principal.arn)
                    .is_some_and(|arn| arn.account == account && arn.resource.starts_with("role/"))
        }
        None => *principal.name == *text || Arn::parse(&principal.arn).is_some_and(|arn| arn.resource == text),
    };
    let found: Vec<(PrincipalId, &Principal)> =
        inventory.principal_ids().filter(|(_, principal)| is_it(principal)).collect();
    match found.as_slice() {
        [(id, _)] => Ok(*id),
        [] if text.ends_with(":root") => {
            bail!("IAM lists no root users: `who-can` says what the root user of an account may do")
        }
        [] => {
            let shown = printable(text);
            let kind = Arn::parse(text).map_or(text, |arn| arn.resource);
            if kind.starts_with("group/") {
                bail!("`{shown}` is a group, and groups do nothing themselves; name one of its users")
            }
            // Of an ARN the name is what people mistype.
            let name = kind.rsplit('/').next().unwrap_or(text);
            let near = suggest::nearest(name, inventory.principals.iter().map(|one| &*one.name));
            let mut has = suggest::question(&near);
            if near.is_empty() && !inventory.principals.is_empty() {
                let names: Vec<String> =
                    inventory.principals.iter().map(|one| format!("`{}`", printable(&one.name))).collect();
                has = format!("; it has {}", few(&names, 5));
            }
            bail!("the snapshot has no user or role `{shown}`{has}")
        }
        many => {
            let arns: Vec<String> = many.iter().map(|(_, one)| format!("`{}`", printable(&one.arn))).collect();
            bail!("`{}` may be {}: give the ARN", printable(text), few(&arns, 5))
        }
    }
}

/// An answer with all that is told of it.
struct Told<'a> {
    inventory: &'a Inventory,
    principal: &'a Principal,
    action: &'a str,
    resource: &'a str,
    explanation: Explanation,
    flips: Vec<Flip>,
    /// How it can be done all the same, by becoming somebody else.
    way: Option<WayTo>,
    /// How it can be done through something else.
    through: Option<Through>,
}

/// What came of a formula, as far as a reader cares.
enum Outcome {
    Met,
    NotMet,
    /// These conditions decide.
    Depends(Vec<String>),
}

impl Outcome {
    fn of(formula: &Formula) -> Outcome {
        match solve(formula, &|_| false) {
            Solution::Always => Outcome::Met,
            Solution::Never => Outcome::NotMet,
            Solution::When(alternatives) => Outcome::Depends(conditions_in_words(&alternatives)),
            Solution::Tangled => Outcome::Depends(vec!["under conditions that are too tangled to say".to_owned()]),
        }
    }
}

impl Told<'_> {
    fn text(&self, notes: &[String], coverage: &Coverage) -> String {
        let mut page = Page::new(output::width());
        let who = short(self.inventory, &self.principal.arn);
        let on = match self.resource {
            "*" => String::new(),
            arn => format!(" on {}", short(self.inventory, arn)),
        };
        page.say(&format!("{who} asks for {}{on}", self.action));
        notes.iter().for_each(|note| page.say(note));
        for (number, layer) in (1u32..).zip(&self.explanation.layers) {
            page.say("");
            page.say(&format!("{number}. {}: {}", title(layer.layer), self.says(layer)));
            layer.policies.iter().for_each(|policy| tell(&mut page, layer.layer, policy));
        }
        page.say("");
        page.say(&format!("So {who} is {}.", verdict(&self.explanation.decision)));
        if let Some(way) = &self.through {
            page.say("");
            page.say("But it can be done through something else:");
            through::tell(&mut page, self.inventory, std::slice::from_ref(way));
        }
        if let Some(way) = &self.way {
            page.say("");
            page.say("But it can be done by becoming somebody else:");
            becoming::tell(&mut page, std::slice::from_ref(way));
        }
        page.say("");
        match self.flips.as_slice() {
            [] if self.explanation.decision.verdict == Verdict::Unknown => {
                page.say("What would change an answer that is unknown cannot be said.");
            }
            [] => page.say("No change of the policies that are known would flip it."),
            [first, others @ ..] => {
                page.say("The smallest change that would flip it:");
                self.propose(&mut page, first);
                for other in others {
                    page.say("");
                    page.say("Or:");
                    self.propose(&mut page, other);
                }
            }
        }
        if let Some(sentence) = coverage.sentence() {
            page.say("");
            page.say(&sentence);
        }
        page.text
    }

    /// What a layer says, in a few words.
    fn says(&self, layer: &LayerReport) -> String {
        if !layer.applies {
            return "do not apply here".to_owned();
        }
        if layer.unseen {
            return match layer.layer {
                Layer::Scp | Layer::Rcp => "not visible; they may deny this".to_owned(),
                _ => "not visible; it may say otherwise".to_owned(),
            };
        }
        if layer.policies.is_empty() {
            return match layer.layer {
                Layer::Identity => "none, so nothing is granted".to_owned(),
                _ => "none".to_owned(),
            };
        }
        let applied = |effect: Effect| {
            let of =
                layer.policies.iter().flat_map(|policy| &policy.statements).filter(move |one| one.effect == effect);
            Formula::any(of.filter_map(|one| match &one.reach {
                Reach::Applies(under) => Some(under.clone()),
                _ => None,
            }))
        };
        let denies = Outcome::of(&applied(Effect::Deny));
        let allows = Outcome::of(&applied(Effect::Allow));
        let unreadable = layer.policies.iter().any(|policy| !policy.readable);
        match (denies, allows) {
            (Outcome::Met, _) => "denied".to_owned(),
            _ if unreadable => "unknown: a policy cannot be read".to_owned(),
            (Outcome::NotMet, _) if layer.layer == Layer::Rcp => "no deny".to_owned(),
            (Outcome::NotMet, Outcome::Met) => "allowed".to_owned(),
            (Outcome::NotMet, Outcome::Depends(conditions)) => allowed(&conditions),
            (Outcome::NotMet, Outcome::NotMet) => "nothing here allows it".to_owned(),
            (Outcome::Depends(_), Outcome::NotMet) => "nothing here allows it, and a deny may apply".to_owned(),
            (Outcome::Depends(conditions), _) => {
                printable(&format!("allowed, but denied {}", conditions.join(" and ")))
            }
        }
    }

    fn propose(&self, page: &mut Page, flip: &Flip) {
        for change in &flip.changes {
            page.say(&format!("  - {}", self.change(change)));
            if let Change::Add { statement, .. } = change {
                let text = serde_json::to_string_pretty(&statement.to_json()).unwrap_or_default();
                text.lines().for_each(|line| page.say(&format!("      {}", printable(line))));
            }
        }
        let conditions = conditions(&flip.decision);
        let then = if flip.decision.verdict.is_denied() { "denied".to_owned() } else { allowed(&conditions) };
        page.say(&format!("  Decided again with that, it is {then}."));
    }

    fn change(&self, change: &Change) -> String {
        let who = short(self.inventory, &self.principal.arn);
        match change {
            Change::Remove { layer, policy, statement, sid } => {
                let (name, _) = policy_name(policy);
                let others = if *layer == Layer::Identity && Arn::parse(policy).is_some() {
                    "; that changes it for all who have the policy"
                } else {
                    ""
                };
                format!("take {} out of {name}{others}", statement_name(sid.as_deref(), *statement))
            }
            Change::Detach { policy, group } => {
                let (name, _) = policy_name(policy);
                match group {
                    Some(group) => format!("detach {name} from {}, for all its members", short(self.inventory, group)),
                    None => format!("detach {name} from {who}"),
                }
            }
            Change::Add { layer, level, statement } => match (layer, statement.effect) {
                (Layer::Scp, _) => format!("in a service control policy at level {level} (0 is the root), add:"),
                (Layer::Boundary, _) => "in the permissions boundary, add:".to_owned(),
                (Layer::Trust, _) => "in the trust policy of the role, add:".to_owned(),
                (Layer::Resource, _) => "in the policy of the resource, add:".to_owned(),
                (_, Effect::Deny) => format!("in a policy of {who}, add this deny:"),
                (_, Effect::Allow) => format!("in a policy of {who}, add:"),
            },
        }
    }

    fn json(&self, question: &Question<'_>, coverage: Coverage, unknown_inputs: Vec<String>) -> anyhow::Result<String> {
        let decision = &self.explanation.decision;
        let answer = JsonAnswer {
            schema: "foureyes/explain/v1",
            question: &question.asked,
            principal: &self.principal.arn,
            action: self.action,
            resource: self.resource,
            verdict: decision.verdict.to_string(),
            decided_by: decision.decided_by.to_string(),
            conditions: conditions(decision),
            layers: self.explanation.layers.iter().map(JsonLayer::new).collect(),
            flips: self.flips.iter().map(JsonFlip::new).collect(),
            way: self.way.as_ref().map(|way| Way::new(self.inventory, way)),
            through: self.through.as_ref().map(|way| through::Told::new(self.inventory, way)),
            coverage,
            unknown_inputs,
            notes: &question.notes,
        };
        Ok(serde_json::to_string_pretty(&answer)? + "\n")
    }
}

fn conditions(decision: &Decision) -> Vec<String> {
    decision.conditions.as_ref().map(conditions_in_words).unwrap_or_default()
}

fn title(layer: Layer) -> &'static str {
    match layer {
        Layer::Scp => "Service control policies",
        Layer::Rcp => "Resource control policies",
        Layer::Resource => "The resource's policy",
        Layer::Trust => "The role's trust policy",
        Layer::Identity => "Identity policies",
        Layer::Boundary => "Permissions boundary",
        Layer::Session => "Session policies",
        Layer::Endpoint => "VPC endpoint policies",
        Layer::Root => "The root user",
    }
}

/// The verdict as the end of a sentence.
fn verdict(decision: &Decision) -> String {
    let lacking = match decision.decided_by {
        Layer::Scp => "a service control policy does not allow it",
        Layer::Boundary => "the permissions boundary does not allow it",
        Layer::Trust => "the role's trust policy does not allow it",
        Layer::Resource => "the resource's side does not allow it",
        Layer::Identity => "no identity policy allows it",
        _ => "nothing allows it",
    };
    let conditions = conditions(decision);
    match decision.verdict {
        Verdict::Allowed => "allowed".to_owned(),
        Verdict::AllowedIf if conditions.is_empty() => {
            "allowed under conditions that are too tangled to say".to_owned()
        }
        Verdict::AllowedIf => allowed(&conditions),
        Verdict::Unknown => printable(&format!("neither allowed nor denied for certain ({})", conditions.join("; "))),
        Verdict::ImplicitDeny => format!("denied: {lacking}"),
        Verdict::ExplicitDeny => {
            format!("denied, whatever else allows it: {} say no", title(decision.decided_by).to_lowercase())
        }
    }
}

/// At most this many statements of a policy that reach something else are told one by one.
const MISSES: usize = 3;

fn tell(page: &mut Page, layer: Layer, policy: &PolicyReport) {
    let (name, group) = policy_name(&policy.name);
    let through = group.map(|group| format!(", through group {group}")).unwrap_or_default();
    let silent = policy.readable && policy.statements.is_empty();
    if silent || !policy.readable {
        let says = if silent { "does not speak of this action" } else { "cannot be read, so what it says is unknown" };
        page.say(&format!("   - {name}{through}: {says}"));
        return;
    }
    page.say(&format!("   - {name}{through}:"));
    let mut misses = 0usize;
    let mut ordered: Vec<&StatementReport> = policy.statements.iter().collect();
    ordered.sort_by_key(|statement| !matches!(statement.reach, Reach::Applies(_) | Reach::Conditions));
    for statement in ordered {
        if !matches!(statement.reach, Reach::Applies(_)) {
            misses = misses.saturating_add(1);
            if misses > MISSES {
                continue;
            }
        }
        page.say(&format!("     {}", sentence(layer, statement)));
        if matches!(statement.reach, Reach::Applies(_) | Reach::Conditions) {
            for (condition, formula) in &statement.conditions {
                let outcome = match Outcome::of(formula) {
                    Outcome::Met => "met",
                    Outcome::NotMet => "not met",
                    Outcome::Depends(_) => "depends on the request",
                };
                page.say(&printable(&format!("       if {condition}: {outcome}")));
            }
        }
    }
    if misses > MISSES {
        page.say(&format!("     {} more speak of the action and miss this request", misses.saturating_sub(MISSES)));
    }
}

fn sentence(layer: Layer, statement: &StatementReport) -> String {
    let name = statement_name(statement.sid.as_deref(), statement.index);
    let (does, would) = match statement.effect {
        Effect::Allow => ("allows it", "allows the action"),
        Effect::Deny => ("denies it", "denies the action"),
    };
    let listed = |values: &[String]| {
        let values: Vec<String> = values.iter().map(|value| printable(value)).collect();
        few(&values, 4)
    };
    match &statement.reach {
        Reach::Applies(under) => match Outcome::of(under) {
            Outcome::Met => format!("{name} {does}"),
            Outcome::NotMet => format!("{name} {would}, but under conditions that cannot be met"),
            Outcome::Depends(conditions) => printable(&format!("{name} {does} {}", conditions.join(" and "))),
        },
        Reach::Conditions => format!("{name} {would}, but its conditions are not met"),
        Reach::Resource { negated: false, patterns } => format!("{name} {would}, but only on {}", listed(patterns)),
        Reach::Resource { negated: true, patterns } => format!("{name} {would}, but not on {}", listed(patterns)),
        Reach::Principal { negated: true, names } => format!("{name} {would}, but not for {}", listed(names)),
        Reach::Principal { negated: false, names } if layer == Layer::Trust => {
            format!("{name} {would}, but it trusts only {}", listed(names))
        }
        Reach::Principal { negated: false, names } => format!("{name} {would}, but only for {}", listed(names)),
    }
}

#[derive(Serialize)]
struct JsonAnswer<'a> {
    schema: &'static str,
    question: &'a Asked,
    principal: &'a str,
    action: &'a str,
    resource: &'a str,
    verdict: String,
    decided_by: String,
    conditions: Vec<String>,
    layers: Vec<JsonLayer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    way: Option<Way>,
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<through::Told>,
    flips: Vec<JsonFlip>,
    coverage: Coverage,
    unknown_inputs: Vec<String>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct JsonLayer<'a> {
    layer: String,
    applies: bool,
    visible: bool,
    policies: Vec<JsonPolicy<'a>>,
}

#[derive(Serialize)]
struct JsonPolicy<'a> {
    policy: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<&'a str>,
    level: usize,
    readable: bool,
    statements: Vec<JsonStatement<'a>>,
}

#[derive(Serialize)]
struct JsonStatement<'a> {
    statement: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    effect: &'static str,
    outcome: &'static str,
    /// Under what it applies.
    under: Vec<String>,
    /// What it is about, or whom it names, where that is not this request.
    about: Vec<&'a str>,
    conditions: Vec<JsonCondition<'a>>,
}

#[derive(Serialize)]
struct JsonCondition<'a> {
    condition: &'a str,
    outcome: &'static str,
}

#[derive(Serialize)]
struct JsonFlip {
    verdict: String,
    conditions: Vec<String>,
    changes: Vec<JsonChange>,
}

#[derive(Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
enum JsonChange {
    Remove {
        layer: String,
        policy: String,
        statement: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        sid: Option<String>,
    },
    Detach {
        policy: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        group: Option<String>,
    },
    Add {
        layer: String,
        level: usize,
        statement: serde_json::Value,
    },
}

impl<'a> JsonLayer<'a> {
    fn new(layer: &'a LayerReport) -> JsonLayer<'a> {
        let policy = |policy: &'a PolicyReport| {
            let (name, through) = Access::split_name(&policy.name);
            JsonPolicy {
                policy: name,
                through,
                level: policy.level,
                readable: policy.readable,
                statements: policy.statements.iter().map(JsonStatement::new).collect(),
            }
        };
        JsonLayer {
            layer: layer.layer.to_string(),
            applies: layer.applies,
            visible: !layer.unseen,
            policies: layer.policies.iter().map(policy).collect(),
        }
    }
}

impl<'a> JsonStatement<'a> {
    fn new(statement: &'a StatementReport) -> JsonStatement<'a> {
        let (mut under, mut about) = (Vec::new(), Vec::new());
        let outcome = match &statement.reach {
            Reach::Applies(formula) => match Outcome::of(formula) {
                Outcome::Met => "applies",
                Outcome::NotMet => "conditions-not-met",
                Outcome::Depends(conditions) => {
                    under = conditions;
                    "depends"
                }
            },
            Reach::Conditions => "conditions-not-met",
            Reach::Resource { patterns, .. } => {
                about = patterns.iter().map(String::as_str).collect();
                "other-resource"
            }
            Reach::Principal { names, .. } => {
                about = names.iter().map(String::as_str).collect();
                "other-principal"
            }
        };
        let condition = |(condition, formula): &'a (String, Formula)| JsonCondition {
            condition,
            outcome: match Outcome::of(formula) {
                Outcome::Met => "met",
                Outcome::NotMet => "not-met",
                Outcome::Depends(_) => "depends",
            },
        };
        JsonStatement {
            statement: statement.index,
            sid: statement.sid.as_deref(),
            effect: if statement.effect == Effect::Allow { "Allow" } else { "Deny" },
            outcome,
            under,
            about,
            conditions: statement.conditions.iter().map(condition).collect(),
        }
    }
}

impl JsonFlip {
    fn new(flip: &Flip) -> JsonFlip {
        let change = |change: &Change| match change {
            Change::Remove { layer, policy, statement, sid } => JsonChange::Remove {
                layer: layer.to_string(),
                policy: policy.to_string(),
                statement: *statement,
                sid: sid.as_deref().map(str::to_owned),
            },
            Change::Detach { policy, group } => {
                JsonChange::Detach { policy: policy.to_string(), group: group.as_deref().map(str::to_owned) }
            }
            Change::Add { layer, level, statement } => {
                JsonChange::Add { layer: layer.to_string(), level: *level, statement: statement.to_json() }
            }
        };
        JsonFlip {
            verdict: flip.decision.verdict.to_string(),
            conditions: conditions(&flip.decision),
            changes: flip.changes.iter().map(change).collect(),
        }
    }
}
