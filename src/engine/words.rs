//! Conditions in words, for people who do not know IAM.

use super::formula::{Atom, Key, Unseen};
use super::solve::{Alternatives, Literal};
use super::values::{Members, ValueSet};
use crate::iam::{Relation, Test};

/// What must hold, one phrase for each condition that is common to all alternatives, and one for the choice that is
/// left. Phrases complete the sentence "It is allowed …".
pub fn conditions_in_words(alternatives: &Alternatives) -> Vec<String> {
    let Alternatives(all) = alternatives;
    let Some((first, rest)) = all.split_first() else { return Vec::new() };
    let common: Vec<&Literal> =
        first.iter().filter(|literal| rest.iter().all(|alternative| alternative.contains(literal))).collect();
    let mut phrases: Vec<String> = common.iter().map(|literal| condition_in_words(literal)).collect();
    if !rest.is_empty() {
        let own = |alternative: &Vec<Literal>| {
            let phrases: Vec<String> =
                alternative.iter().filter(|literal| !common.contains(literal)).map(condition_in_words).collect();
            phrases.join(" and ")
        };
        let choices: Vec<String> = all.iter().map(own).filter(|choice| !choice.is_empty()).collect();
        if !choices.is_empty() {
            phrases.push(format!("either {}", choices.join(", or ")));
        }
    }
    phrases.sort();
    phrases
}

/// One condition.
pub fn condition_in_words((atom, holds): &Literal) -> String {
    match atom.as_ref() {
        Atom::Unseen(Unseen::OrganizationPolicies) => {
            "unless an organisation policy that could not be read denies it".to_owned()
        }
        Atom::Unseen(Unseen::ResourcePolicy) => {
            "unless the resource's policy, which was not read, says otherwise".to_owned()
        }
        Atom::Undecided(about) => format!("undecided: {about}"),
        Atom::Variable(text) if *holds => format!("if {text}"),
        Atom::Variable(text) => format!("unless {text}"),
        Atom::Present(key) => presence(key, *holds),
        Atom::In(key, set) => membership(key, set, *holds),
        Atom::Some { key, set, outside } => match (outside, holds) {
            (false, true) => some_of(key, set, true),
            (false, false) => some_of(key, set, false),
            (true, true) => format!("if {} has a value other than {}", key.shown(), list(set)),
            (true, false) => format!("if every value of {} is {}", key.shown(), list(set)),
        },
    }
}

fn presence(key: &Key, holds: bool) -> String {
    match (key.lower(), holds) {
        ("aws:multifactorauthpresent" | "aws:multifactorauthage", true) => {
            "with temporary credentials that tell of MFA".to_owned()
        }
        ("aws:multifactorauthpresent" | "aws:multifactorauthage", false) => "with long-term access keys".to_owned(),
        ("aws:sourcevpc" | "aws:sourcevpce", true) => "through a VPC endpoint".to_owned(),
        ("aws:sourcevpc" | "aws:sourcevpce", false) => "not through a VPC endpoint".to_owned(),
        ("aws:calledvia", true) => "through another AWS service".to_owned(),
        ("aws:calledvia", false) => "directly, not through another AWS service".to_owned(),
        (_, true) => format!("if {} is set", key.shown()),
        (_, false) => format!("if {} is not set", key.shown()),
    }
}

fn membership(key: &Key, set: &ValueSet, holds: bool) -> String {
    let values = list(set);
    let yes = match set.members {
        Members::Booleans { yes, no } if yes != no => Some(yes == holds),
        _ => None,
    };
    match (key.lower(), yes, holds) {
        ("aws:multifactorauthpresent", Some(true), _) => "with MFA".to_owned(),
        ("aws:multifactorauthpresent", Some(false), _) => "without MFA".to_owned(),
        ("aws:viaawsservice", Some(true), _) => "through another AWS service".to_owned(),
        ("aws:viaawsservice", Some(false), _) => "directly, not through another AWS service".to_owned(),
        ("aws:sourceip", _, true) => format!("from {values}"),
        ("aws:sourceip", _, false) => format!("not from {values}"),
        ("aws:sourcevpc" | "aws:sourcevpce" | "aws:vpcsourceip", _, true) => format!("through {values}"),
        ("aws:sourcevpc" | "aws:sourcevpce" | "aws:vpcsourceip", _, false) => format!("not through {values}"),
        ("aws:requestedregion", _, true) => format!("in region {values}"),
        ("aws:requestedregion", _, false) => format!("not in region {values}"),
        ("aws:currenttime" | "aws:epochtime", _, true) => format!("at a time {values}"),
        ("aws:currenttime" | "aws:epochtime", _, false) => format!("not at a time {values}"),
        ("iam:passedtoservice", _, true) => format!("when the role goes to {values}"),
        ("sts:externalid", _, true) => "with the external ID".to_owned(),
        ("aws:principalorgid", _, true) => format!("if the caller's organisation is {values}"),
        (_, Some(value), _) => format!("if {} is {value}", key.shown()),
        (lower, None, true) if lower.starts_with("aws:principaltag/") => {
            format!("if the caller is tagged {} = {values}", tag(key))
        }
        (lower, None, false) if lower.starts_with("aws:principaltag/") => {
            format!("unless the caller is tagged {} = {values}", tag(key))
        }
        (lower, None, true) if lower.contains("resourcetag/") => {
            format!("if the resource is tagged {} = {values}", tag(key))
        }
        (lower, None, false) if lower.contains("resourcetag/") => {
            format!("unless the resource is tagged {} = {values}", tag(key))
        }
        (_, None, true) => format!("if {} is {values}", key.shown()),
        (_, None, false) => format!("unless {} is {values}", key.shown()),
    }
}

fn some_of(key: &Key, set: &ValueSet, holds: bool) -> String {
    let values = list(set);
    match (key.lower(), holds) {
        ("aws:calledvia", true) => format!("through {}", services(set)),
        ("aws:calledvia", false) => format!("not through {}", services(set)),
        (_, true) => format!("if {} has {values}", key.shown()),
        (_, false) => format!("if {} does not have {values}", key.shown()),
    }
}

fn tag(key: &Key) -> &str {
    key.shown().split_once('/').map_or("", |(_, tag)| tag)
}

fn services(set: &ValueSet) -> String {
    let names: Vec<String> = set
        .texts
        .iter()
        .map(|text| match text.as_str() {
            "cloudformation.amazonaws.com" => "CloudFormation".to_owned(),
            "athena.amazonaws.com" => "Athena".to_owned(),
            "dynamodb.amazonaws.com" => "DynamoDB".to_owned(),
            "kms.amazonaws.com" => "KMS".to_owned(),
            "servicecatalog-appregistry.amazonaws.com" => "AppRegistry".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    join(&names)
}

/// The values of a set, in words.
fn list(set: &ValueSet) -> String {
    let relation = match set.test {
        Test::Numeric(relation) | Test::Date(relation) => match (relation, matches!(set.test, Test::Date(_))) {
            (Relation::Equal, _) => "",
            (Relation::Less, true) => "before ",
            (Relation::LessOrEqual, true) => "until ",
            (Relation::Greater, true) => "after ",
            (Relation::GreaterOrEqual, true) => "from ",
            (Relation::Less, false) => "less than ",
            (Relation::LessOrEqual, false) => "at most ",
            (Relation::Greater, false) => "more than ",
            (Relation::GreaterOrEqual, false) => "at least ",
        },
        Test::StringLike | Test::ArnLike | Test::ArnEquals
            if set.texts.iter().any(|text| text.contains(['*', '?'])) =>
        {
            "like "
        }
        _ => "",
    };
    format!("{relation}{}", join(&set.texts))
}

fn join(texts: &[String]) -> String {
    const SHOWN: usize = 4;
    if texts.len() > SHOWN {
        let shown: Vec<&str> = texts.iter().take(SHOWN).map(String::as_str).collect();
        return format!("{} or {} more", shown.join(", "), texts.len().saturating_sub(SHOWN));
    }
    match texts {
        [] => "no value at all".to_owned(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}
