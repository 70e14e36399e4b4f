//! A managed policy that denies actions on production, attached to those who must not use them.

use super::{Denial, DenialTerms, NoFix, PrincipalKind, Unit, hcl, ids, names, principal, titles};
use crate::base::Arn;
use hcl_edit::structure::Block;
use std::collections::{BTreeMap, BTreeSet};

/// IAM's limit for a managed policy, in characters without white space.
const POLICY_LIMIT: usize = 6_144;

/// What a policy with one Deny statement costs before its actions, resources and exemptions, generously.
const FRAME: usize = 320;

/// Writes one denial, and adds the ARNs of its policies, as Terraform references, for everybody it is attached to.
pub(super) fn unit<'a>(
    (account, actions, resources, except): &DenialTerms<'a>,
    denial: &Denial<'a>,
    attached: &mut BTreeMap<&'a str, Vec<String>>,
) -> Result<Unit, NoFix> {
    let mut notes = Vec::new();
    let mut by_kind: BTreeMap<PrincipalKind, BTreeSet<&str>> = BTreeMap::new();
    let mut reached: Vec<&'a str> = Vec::new();
    for arn in &denial.attach_to {
        match principal(arn) {
            Ok((kind, name)) => {
                by_kind.entry(kind).or_default().insert(name);
                reached.push(arn);
            }
            Err(reason) => notes.push(format!("Not attached: {reason}")),
        }
    }
    if reached.is_empty() {
        return Err(NoFix::NoPrincipal);
    }
    let exempt: Vec<&str> = except.iter().map(String::as_str).filter(|arn| !is_group(arn)).collect();
    for arn in except.iter().filter(|arn| is_group(arn)) {
        notes.push(format!(
            "{arn} is not exempt: a policy sees users and roles, never groups. Name its members instead."
        ));
    }
    let resources: BTreeSet<String> = resources.iter().map(|arn| covering(arn)).collect();
    let resources: Vec<&str> = resources.iter().map(String::as_str).collect();
    let actions: Vec<&str> = actions.iter().map(String::as_str).collect();

    let terms = [actions.join("\n"), resources.join("\n"), exempt.join("\n"), reached.join("\n")].join("\n\n");
    let name = names::identifier(&[denial.name, &names::hash(&terms)], &terms);
    let policies = split(&actions, &resources, &exempt).ok_or(NoFix::TooLong)?;
    let count = policies.len();
    if count > 1 {
        notes.push(format!("{count} policies, since IAM allows {POLICY_LIMIT} characters each; attached policies count against a quota of 10 for each user, group and role."));
    }
    let mut blocks = Vec::new();
    for (index, (actions, resources)) in policies.iter().enumerate() {
        let name = if count > 1 { format!("{name}_{}", index.saturating_add(1)) } else { name.clone() };
        blocks.push(document(&name, actions, resources, &exempt));
        blocks.push(policy(&name));
        for kind in PrincipalKind::ALL {
            if let Some(names) = by_kind.get(&kind) {
                blocks.push(attachment(kind, &name, names));
            }
        }
        for arn in &reached {
            attached.entry(arn).or_default().push(name.clone());
        }
    }
    let mut comments = titles(&denial.findings);
    if exempt.is_empty() {
        comments.extend(hcl::wrapped(
            "Nobody is exempt: name a break-glass role in foureyes.toml, or nobody can do this in an emergency.",
        ));
    }
    comments.extend(notes.iter().flat_map(|note| hcl::wrapped(note)));
    Ok(Unit { account: account.clone(), file: name, findings: ids(&denial.findings), comments, notes, blocks })
}

fn is_group(arn: &str) -> bool {
    Arn::parse(arn).is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("group/"))
}

/// A stack's ARN ends in an ID that changes when it is made again: the deny covers every stack of the name.
fn covering(arn: &str) -> String {
    let stack = Arn::parse(arn).filter(|arn| arn.service == "cloudformation");
    match stack.and_then(|arn| arn.resource.strip_prefix("stack/")) {
        Some(rest) => {
            let name = rest.split_once('/').map_or(rest, |(name, _)| name);
            let before = arn.strip_suffix(rest).unwrap_or(arn);
            format!("{before}{name}/*")
        }
        None => arn.to_owned(),
    }
}

type Part<'a> = (Vec<&'a str>, Vec<&'a str>);

/// Actions and resources in parts that each fit into one policy; `None` when the exemptions alone fill it.
fn split<'a>(actions: &[&'a str], resources: &[&'a str], exempt: &[&str]) -> Option<Vec<Part<'a>>> {
    let room = POLICY_LIMIT.checked_sub(FRAME)?.checked_sub(exempt.iter().map(|text| cost(text)).sum())?;
    if actions.iter().chain(resources).map(|text| cost(text)).sum::<usize>() <= room {
        return Some(vec![(actions.to_vec(), resources.to_vec())]);
    }
    let half = room.checked_div(2)?;
    let (actions, resources) = (chunks(actions, half)?, chunks(resources, half)?);
    Some(actions.iter().flat_map(|part| resources.iter().map(|other| (part.clone(), other.clone()))).collect())
}

fn chunks<'a>(texts: &[&'a str], room: usize) -> Option<Vec<Vec<&'a str>>> {
    let mut chunks: Vec<Vec<&str>> = Vec::new();
    let mut left = 0_usize;
    for text in texts {
        let cost = cost(text);
        match chunks.last_mut() {
            Some(chunk) if cost <= left => {
                chunk.push(text);
                left = left.saturating_sub(cost);
            }
            _ => {
                left = room.checked_sub(cost)?;
                chunks.push(vec![text]);
            }
        }
    }
    Some(chunks)
}

/// Characters of a text in a JSON list, with quotes and comma.
fn cost(text: &str) -> usize {
    serde_json::Value::from(text).to_string().chars().count().saturating_add(1)
}

fn document(name: &str, actions: &[&str], resources: &[&str], exempt: &[&str]) -> Block {
    let mut statement = hcl::block("statement", &[]);
    hcl::set(&mut statement, "effect", hcl::string("Deny"));
    hcl::set(&mut statement, "actions", hcl::strings(actions.iter().copied()));
    hcl::set(&mut statement, "resources", hcl::strings(resources.iter().copied()));
    if !exempt.is_empty() {
        let mut condition = hcl::block("condition", &[]);
        hcl::set(&mut condition, "test", hcl::string("ArnNotLike"));
        hcl::set(&mut condition, "variable", hcl::string("aws:PrincipalArn"));
        hcl::set(&mut condition, "values", hcl::strings(exempt.iter().copied()));
        hcl::nest(&mut statement, condition);
    }
    let mut block = hcl::block("data", &["aws_iam_policy_document", name]);
    hcl::nest(&mut block, statement);
    block
}

fn policy(name: &str) -> Block {
    let mut block = hcl::block("resource", &["aws_iam_policy", name]);
    hcl::set(&mut block, "name", hcl::string(&format!("foureyes-{name}")));
    hcl::set(&mut block, "policy", hcl::reference(&["data", "aws_iam_policy_document", name, "json"]));
    block
}

fn attachment(kind: PrincipalKind, policy: &str, names: &BTreeSet<&str>) -> Block {
    let word = kind.word();
    let mut block = hcl::block("resource", &[&format!("aws_iam_{word}_policy_attachment"), policy]);
    hcl::set(&mut block, "for_each", hcl::to_set(hcl::strings(names.iter().copied())));
    hcl::set(&mut block, word, hcl::reference(&["each", "value"]));
    hcl::set(&mut block, "policy_arn", hcl::reference(&["aws_iam_policy", policy, "arn"]));
    block
}
