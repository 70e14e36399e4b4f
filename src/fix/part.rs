//! A part of an existing resource that Terraform keeps as a resource of its own: the versioning of a bucket, the lock of a
//! vault. The rest of the resource is not touched.

use super::resource::{Wanted, lifecycle, nest_all};
use super::types::part;
use super::{Change, NoFix, Unit, hcl, ids, names, titles};
use crate::base::Arn;
use std::collections::BTreeSet;

/// Writes everything that is asked of one part.
pub(super) fn unit(mut change: Change, terraform: &str) -> Result<Unit, NoFix> {
    let resource = change.resource;
    let arn = resource.arn.as_str();
    let part = part(&resource.kind, terraform)
        .ok_or_else(|| NoFix::UnknownType { kind: resource.kind.clone(), arn: arn.to_owned() })?;
    let no_id = || NoFix::NoImportId { arn: arn.to_owned() };
    let parsed = Arn::parse(arn).ok_or_else(no_id)?;
    let whole = parsed.resource.strip_prefix(part.name_after).filter(|name| !name.is_empty()).ok_or_else(no_id)?;
    let region = match parsed.region {
        "" => resource.region.as_deref().unwrap_or_default(),
        own => own,
    };
    let name = names::identifier(&[whole, parsed.region], arn);
    let mut comments = titles(&change.findings);
    comments.extend(change.notes.iter().flat_map(|note| hcl::wrapped(note)));

    let mut body = hcl::block("resource", &[part.terraform, &name]);
    if region.is_empty() {
        let text = format!("The provider's region must be that of {whole}.");
        comments.extend(hcl::wrapped(&text));
        change.notes.push(format!("{arn}: {text}"));
    } else {
        hcl::set(&mut body, "region", hcl::string(region));
    }
    hcl::set(&mut body, part.of, hcl::string(whole));
    let wanted = change.arguments.iter().map(|(path, value)| Wanted { path, value: hcl::json(value), fix: true });
    let (nested, flat): (Vec<_>, Vec<_>) = wanted.partition(|wanted| wanted.path.contains('.'));
    for Wanted { path, value, .. } in flat {
        hcl::set(&mut body, path, value);
    }
    nest_all(&mut body, nested, false);
    hcl::nest(&mut body, lifecycle(true, &BTreeSet::new()));
    Ok(Unit {
        account: change.account,
        file: format!("{}.{name}", part.terraform),
        findings: ids(&change.findings),
        comments,
        notes: change.notes,
        blocks: vec![body],
    })
}
