//! Taking managed policies away from a group, role or user.
//!
//! Terraform detaches what it did not attach in one way only: a resource that states the whole list of what stays
//! (`aws_iam_*_policy_attachments_exclusive`). Importing the one attachment could only keep it. Where the rest of the list
//! is not known, the command for it is written as a comment instead.

use super::{Detachment, NoFix, Unit, hcl, ids, names, principal, titles};
use crate::base::arn;
use hcl_edit::expr::{Array, Expression};

/// Writes what one principal keeps, which takes the rest away. `denials`: Terraform names of policies that the same run
/// attaches to it.
pub(super) fn unit(arn: &str, detachment: &Detachment, denials: &[String]) -> Result<Unit, NoFix> {
    let (kind, name) = principal(arn).map_err(|_| NoFix::NoPrincipal)?;
    let word = kind.word();
    let resource = format!("aws_iam_{word}_policy_attachments_exclusive");
    let identifier = names::identifier(&[name], arn);
    let mut comments = titles(&detachment.findings);
    let taken = detachment.policies.iter().copied().collect::<Vec<_>>().join(", ");
    let mut unit = Unit {
        account: arn::account_of(arn).map(str::to_owned),
        file: format!("{resource}.{identifier}"),
        findings: ids(&detachment.findings),
        comments: Vec::new(),
        notes: Vec::new(),
        blocks: Vec::new(),
    };
    match &detachment.remaining {
        Some(remaining) => {
            comments.extend(hcl::wrapped(&format!(
                "Takes {taken} away from {word} {name}. The list is all that the {word} keeps: what is attached later and \
                 not listed here is taken away too, by the next apply."
            )));
            let kept = remaining.iter().filter(|policy| !detachment.policies.contains(*policy));
            let list = kept
                .map(|policy| hcl::string(policy))
                .chain(denials.iter().map(|name| hcl::reference(&["aws_iam_policy", name, "arn"])));
            let mut block = hcl::block("resource", &[&resource, &identifier]);
            hcl::set(&mut block, &format!("{word}_name"), hcl::string(name));
            hcl::set(&mut block, "policy_arns", Expression::from(Array::from_iter(list)));
            unit.blocks.push(block);
        }
        None => {
            comments.extend(hcl::wrapped(&format!(
                "Terraform takes away only what it attached, or what a complete list leaves out, and what else {word} {name} \
                 has is not known. By hand:"
            )));
            for policy in &detachment.policies {
                let plain =
                    |text: &str| text.chars().all(|each| each.is_ascii_alphanumeric() || "+=,.@-_/:".contains(each));
                comments.push(hcl::command(&if plain(name) && plain(policy) {
                    format!("aws iam detach-{word}-policy --{word}-name {name} --policy-arn {policy}")
                } else {
                    format!("detach {policy} from {word} {name}")
                }));
            }
            unit.notes.push(format!("Detach {taken} from {word} {name} by hand: Terraform cannot."));
        }
    }
    unit.comments = comments;
    Ok(unit)
}
