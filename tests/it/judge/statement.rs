//! Whether a statement matches a request: its action, resource and conditions; the principal apart.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>

use super::document::{Element, Place, Statement};
use super::kleene::{False, Kleene, True, Unknown};
use super::pattern::{has_variable, matches_ignoring_case, substitute, text_matches, tokens};
use super::request::{Request, segments};

/// Everything but the principal.
pub fn applies(statement: &Statement, place: Place, request: &Request) -> Kleene {
    let conditions = statement.conditions.iter().map(|c| c.holds(&request.context, statement.variables));
    action_matches(&statement.action, &request.action)
        .and(resource_matches(statement, place, request))
        .and(Kleene::all(conditions))
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html>
fn action_matches(element: &Element<String>, action: &str) -> Kleene {
    let among = |patterns: &[String]| Kleene::any(patterns.iter().map(|p| action_pattern_matches(p, action)));
    match element {
        Element::Listed(patterns) => among(patterns),
        Element::AllBut(patterns) => among(patterns).not(),
    }
}

fn action_pattern_matches(pattern: &str, action: &str) -> Kleene {
    match (pattern.split_once(':'), action.split_once(':')) {
        // Contested: whether AWS accepts it.
        (Some(("*", "*")), _) => Unknown,
        (Some((service, name)), Some((own_service, own_name))) => {
            (matches_ignoring_case(service, own_service) && matches_ignoring_case(name, own_name)).into()
        }
        _ => is_all_stars(pattern).into(),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html>
fn resource_matches(statement: &Statement, place: Place, request: &Request) -> Kleene {
    let found = |pattern: &String| resource_pattern_matches(pattern, place, request, statement.variables);
    match &statement.resource {
        None => True,
        Some(Element::Listed(patterns)) => Kleene::any(patterns.iter().map(|p| found(p).unwrap_or(False))),
        // Contested: what an unresolvable variable does to `NotResource`.
        Some(Element::AllBut(patterns)) => Kleene::any(patterns.iter().map(|p| found(p).unwrap_or(Unknown))).not(),
    }
}

/// `None`: the pattern has a variable that cannot be resolved.
fn resource_pattern_matches(pattern: &str, place: Place, request: &Request, variables: bool) -> Option<Kleene> {
    if is_all_stars(pattern) {
        return Some(True);
    }
    Some(match resource_segments_match(pattern, place, request, variables)? {
        true => True,
        // Contested: one guide lets a star at the end of a segment run on beyond the colon, another does not.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html
        false if may_run_on(pattern, place) && text_matches(&tokens(pattern), &request.resource) => Unknown,
        false => False,
    })
}

/// A star ends one of the first five segments.
fn may_run_on(pattern: &str, place: Place) -> bool {
    let is_void = matches!(place, Place::Resource | Place::Endpoint) && !pattern.contains(['*', '?']);
    let ends_in_star = pattern.splitn(6, ':').take(5).any(|segment| segment.ends_with('*'));
    ends_in_star && pattern.contains(':') && !has_variable(pattern) && !is_void
}

fn resource_segments_match(pattern: &str, place: Place, request: &Request, variables: bool) -> Option<bool> {
    let Some([arn, partition, service, region, account, rest]) = segments(pattern) else {
        return Some(short_pattern_matches(pattern, place, &request.resource));
    };
    // Variables have a meaning only after the fifth colon.
    let rest = if variables { substitute(rest, &request.context)? } else { tokens(rest) };
    let Some([own @ .., own_rest]) = segments(&request.resource) else { return Some(false) };
    let wanted = [arn, partition, service, region, account];
    let is_head_equal = wanted.iter().zip(own).all(|(wanted, own)| matches_ignoring_case(wanted, own));
    Some(is_head_equal && text_matches(&rest, own_rest))
}

/// Fewer than six segments: the missing ones are `*`, in resource and endpoint policies only if there is a wildcard.
fn short_pattern_matches(pattern: &str, place: Place, resource: &str) -> bool {
    if matches!(place, Place::Resource | Place::Endpoint) && !pattern.contains(['*', '?']) {
        return false;
    }
    let Some(own) = segments(resource) else { return false };
    pattern.split(':').zip(own).all(|(wanted, own)| matches_ignoring_case(wanted, own))
}

fn is_all_stars(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.chars().all(|c| c == '*')
}
