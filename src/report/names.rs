//! ARNs as people call things.

use super::{Report, escape};
use crate::base::Arn;
use std::collections::BTreeSet;

/// What a reader knows already, so that names need not repeat it.
pub(super) struct Names<'a> {
    /// The only account of the report.
    account: Option<&'a str>,
    /// Whether resources of several regions occur.
    regions: bool,
}

impl<'a> Names<'a> {
    pub(super) fn new(report: &'a Report) -> Names<'a> {
        let account = match report.subject.accounts.as_slice() {
            [only] => Some(only.id.as_str()),
            _ => None,
        };
        let resources = report.findings.iter().flat_map(|finding| &*finding.resources);
        let regions: BTreeSet<&str> = resources
            .filter_map(|arn| Arn::parse(arn).map(|arn| arn.region))
            .filter(|region| !region.is_empty())
            .collect();
        Names { account, regions: regions.len() > 1 }
    }

    /// An ARN without what the reader knows, safe for a terminal: `user/mara`, `table/Order-prod`.
    pub(super) fn arn(&self, text: &str) -> String {
        let short = Arn::parse(text).map(|arn| self.short(&arn));
        escape::terminal(short.as_deref().unwrap_or(text)).into_owned()
    }

    fn short(&self, arn: &Arn) -> String {
        let (kind, rest) = arn.resource.split_once('/').unwrap_or((arn.resource, ""));
        if arn.service == "iam" && arn.account == "aws" {
            return format!("AWS-managed {}", arn.name());
        }
        // The root user stands for its account.
        if arn.service == "iam" && arn.resource == "root" {
            return format!("account {}", arn.account);
        }
        let mut name = match arn.service {
            // The id behind a stack's name tells nobody anything.
            "cloudformation" if kind == "stack" && !rest.is_empty() => {
                format!("{kind}/{}", rest.split_once('/').map_or(rest, |(name, _)| name))
            }
            // Names are unique whatever the path.
            "iam" if !rest.is_empty() => format!("{kind}/{}", arn.name()),
            _ if arn.resource.contains(['/', ':']) => arn.resource.to_owned(),
            service => format!("{service}/{}", arn.resource),
        };
        if self.regions && !arn.region.is_empty() {
            name = format!("{name} ({})", arn.region);
        }
        if arn.account.is_empty() || Some(arn.account) == self.account {
            name
        } else {
            format!("{}:{name}", arn.account)
        }
    }

    /// A sentence with the ARNs in it shortened, safe for a terminal.
    pub(super) fn sentence(&self, text: &str) -> String {
        self.brief(text, usize::MAX, usize::MAX)
    }

    /// The same, with names of so many characters at most, and words of so many.
    pub(super) fn brief(&self, text: &str, longest: usize, word_length: usize) -> String {
        let words: Vec<String> = text
            .split(' ')
            .map(|word| match word.find("arn:").and_then(|start| word.split_at_checked(start)) {
                Some((before, rest)) if before.chars().all(|each| "(\"'`[".contains(each)) => {
                    let bare = rest.trim_end_matches(['.', ',', ';', ':', ')', ']', '"', '\'', '`']);
                    let after = rest.strip_prefix(bare).unwrap_or_default();
                    format!("{before}{}{}", cut(&self.arn(bare), longest), escape::terminal(after))
                }
                _ => cut(&escape::terminal(word), word_length),
            })
            .collect();
        words.join(" ")
    }

    /// The first names, and how many more there are.
    pub(super) fn first(&self, arns: &[impl AsRef<str>], most: usize, longest: usize) -> Vec<String> {
        let mut names: Vec<String> = arns.iter().take(most).map(|arn| cut(&self.arn(arn.as_ref()), longest)).collect();
        let more = arns.len().saturating_sub(names.len());
        if more > 0 {
            names.push(format!("+{more}"));
        }
        names
    }
}

/// Cuts the middle out of a name: what tells names apart is mostly at their ends. Of a path the last two parts stay whole
/// where they fit.
fn cut(name: &str, longest: usize) -> String {
    let length = name.chars().count();
    if length <= longest {
        return name.to_owned();
    }
    let tail = name.rmatch_indices('/').nth(1).and_then(|(at, _)| name.get(at..));
    if let Some(tail) = tail.filter(|tail| tail.chars().count() < longest) {
        return format!("…{tail}");
    }
    let kept = longest.saturating_sub(1);
    let tail = kept / 2;
    let head: String = name.chars().take(kept.saturating_sub(tail)).collect();
    let tail: String = name.chars().skip(length.saturating_sub(tail)).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{AccountSummary, Subject};

    fn report(accounts: &[&str]) -> Report {
        let accounts = accounts.iter().map(|id| AccountSummary { id: (*id).into(), alias: None }).collect();
        Report { subject: Subject { accounts, ..Subject::default() }, ..Report::default() }
    }

    #[test]
    fn arns_lose_what_the_reader_knows() {
        let (one, two) = (report(&["111122223333"]), report(&["111122223333", "444455556666"]));
        let (one, two) = (Names::new(&one), Names::new(&two));
        for (arn, short) in [
            ("arn:aws:iam::111122223333:user/team/mara", "user/mara"),
            ("arn:aws:iam::aws:policy/job-function/Billing", "AWS-managed Billing"),
            ("arn:aws:dynamodb:eu-west-1:111122223333:table/Order-prod", "table/Order-prod"),
            ("arn:aws:codepipeline:eu-west-1:111122223333:shop", "codepipeline/shop"),
            ("arn:aws:s3:::shop", "s3/shop"),
            ("arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/6f0d2c10-7a1b-11ee-9c3e", "stack/shop"),
            ("arn:aws:iam::444455556666:role/ci", "444455556666:role/ci"),
            ("arn:aws:iam::111122223333:root", "account 111122223333"),
            ("not an arn\n", "not an arn\\u000a"),
        ] {
            assert_eq!(one.arn(arn), short);
        }
        assert_eq!(two.arn("arn:aws:iam::111122223333:user/mara"), "111122223333:user/mara");
        assert_eq!(
            one.sentence("Lets (arn:aws:iam::111122223333:user/x/mara), and arn:aws:s3:::b/*."),
            "Lets (user/mara), and b/*."
        );
    }

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(cut("table/Order-jx5bvz4qibhszc6oyeqnvqs2ya-prod", 20), "table/Orde…s2ya-prod");
        assert_eq!(cut("short", 20), "short");
        assert_eq!(cut("apps/d2h4rb0url1ght/branches/main", 20), "…/branches/main");
        assert_eq!(cut("apps/d2h4rb0url1ght/branches/a-long-branch", 20), "apps/d2h4r…ng-branch");
    }
}
