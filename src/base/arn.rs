//! Amazon Resource Names.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>

/// The six parts of an ARN, borrowed from its text. The first five never contain `:`; the last may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'a str,
    /// Service namespace such as `dynamodb`.
    pub service: &'a str,
    /// Region code; empty for global services and S3.
    pub region: &'a str,
    /// Twelve-digit account; empty for S3 buckets and objects.
    pub account: &'a str,
    /// Everything after the fifth colon.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits an ARN at its first five colons; `None` when the text is not of that shape.
    ///
    /// ```
    /// let arn = foureyes::base::Arn::parse("arn:aws:s3:::bucket/key:1").unwrap();
    /// assert_eq!((arn.service, arn.resource), ("s3", "bucket/key:1"));
    /// ```
    pub fn parse(text: &'a str) -> Option<Arn<'a>> {
        let (scheme, rest) = cut(text)?;
        let (partition, rest) = cut(rest)?;
        let (service, rest) = cut(rest)?;
        let (region, rest) = cut(rest)?;
        let (account, resource) = cut(rest)?;
        (scheme == "arn").then_some(Arn { partition, service, region, account, resource })
    }

    /// The last part of the resource after its final `/`, or after `:` where there is no `/`: what a person calls it.
    pub fn name(&self) -> &'a str {
        let after = |separator| self.resource.rsplit_once(separator).map(|(_, name)| name);
        after('/').or_else(|| after(':')).unwrap_or(self.resource)
    }
}

/// What stands before and after the first colon. Byte by byte: ARNs are split millions of times, and a search costs more to
/// set up than it saves on parts as short as these.
fn cut(text: &str) -> Option<(&str, &str)> {
    let colon = text.as_bytes().iter().position(|byte| *byte == b':')?;
    Some((text.get(..colon)?, text.get(colon.saturating_add(1)..)?))
}

/// Whether the text is a twelve-digit account number.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The account an ARN belongs to, where the ARN says it.
pub fn account_of(arn: &str) -> Option<&str> {
    Arn::parse(arn).map(|arn| arn.account).filter(|account| is_account_id(account))
}
