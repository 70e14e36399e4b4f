//! Resource types and the ARNs they go by.

use serde::Deserialize;
use std::sync::OnceLock;

use super::service::{Service, header, service};
use crate::base::Arn;

/// A kind of resource that statements can name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceType {
    name: &'static str,
    arns: Vec<&'static str>,
    #[serde(default)]
    keys: Vec<&'static str>,
    #[serde(skip)]
    templates: OnceLock<Vec<Template>>,
}

impl ResourceType {
    /// Its name in the Service Authorization Reference: `table`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its ARN templates, nearly always one: `arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}`.
    pub fn arn_templates(&self) -> &[&'static str] {
        &self.arns
    }

    /// The condition keys that every action on such a resource carries; `*` stands for a part the caller chooses.
    pub fn keys(&self) -> &[&'static str] {
        &self.keys
    }

    pub(super) fn templates(&self) -> &[Template] {
        self.templates.get_or_init(|| self.arns.iter().filter_map(|arn| Template::parse(arn)).collect())
    }
}

/// The event APIs of AppSync share the template of its GraphQL APIs, which are the ones Amplify builds.
const SHADOWED: (&str, &str) = ("appsync", "api");

/// The resource type of a concrete ARN: service prefix and resource type name, such as `("dynamodb", "table")`.
///
/// Where several templates fit, the one with the most fixed characters wins. Where these are as many (an alias and a
/// version of a Lambda function), a number is taken for a version, and else the first type by name wins. `None` where no
/// template fits.
pub fn resource_type_of(arn: &str) -> Option<(&'static str, &'static str)> {
    Located::new(arn).resource_type()
}

/// A concrete ARN with the template that fits it, which takes longer to find than anything that is asked of it.
#[derive(Clone, Copy, Debug)]
pub struct Located<'a> {
    /// The ARN.
    pub arn: &'a str,
    found: Option<(&'static Service, &'static ResourceType, &'static Template)>,
}

impl<'a> Located<'a> {
    /// Finds the template.
    pub fn new(arn: &'a str) -> Located<'a> {
        Located { arn, found: find(arn) }
    }

    /// See [`resource_type_of`].
    pub fn resource_type(&self) -> Option<(&'static str, &'static str)> {
        self.found.map(|(service, kind, _)| (service.prefix(), kind.name))
    }

    /// What the template calls the parts of the ARN.
    pub(super) fn parts(&self) -> Option<Parts<'a>> {
        self.found.and_then(|(_, _, template)| template.capture(self.arn))
    }
}

fn find(arn: &str) -> Option<(&'static Service, &'static ResourceType, &'static Template)> {
    let Arn { service: namespace, resource, .. } = Arn::parse(arn)?;
    let owners = match service(namespace) {
        Some(own) => vec![own],
        None => {
            let owners = header().namespaces.iter().find(|(name, _)| *name == namespace);
            owners.iter().flat_map(|(_, owners)| owners).filter_map(|owner| service(owner)).collect()
        }
    };
    let looks_like_version = arn
        .rsplit(':')
        .next()
        .is_some_and(|last| last == "$LATEST" || (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit())));
    owners
        .into_iter()
        .flat_map(|owner| owner.templates().map(move |(template, kind)| (owner, kind, template)))
        .filter(|(_, _, template)| template.begins_like(resource) && template.fits(arn))
        .filter(|(owner, kind, _)| (owner.prefix(), kind.name) != SHADOWED)
        // The last of equals would win: reversed, the first does.
        .rev()
        .max_by_key(|(_, kind, template)| (template.fixed, kind.name.ends_with("version") == looks_like_version))
}

/// Parts of an ARN by the names its template gives them.
pub(super) type Parts<'a> = Vec<(&'static str, &'a str)>;

/// An ARN template, split at its colons. A variable stands for at least one character without `:`; the last one may hold
/// colons too.
#[derive(Debug)]
pub(super) struct Template {
    /// Partition, service, region, account, then the resource split at its colons.
    fields: Vec<Vec<Token>>,
    /// How many characters are fixed, colons included.
    fixed: usize,
}

#[derive(Debug)]
enum Token {
    Text(&'static str),
    /// `${Name}`
    Variable(&'static str),
    /// `*`: any text, even none.
    Any,
}

/// The fields before the resource.
const ARN_FIELDS: usize = 4;
/// Where the service stands among them.
const SERVICE_FIELD: usize = 1;
/// Variables that mean another thing in each template: a zone and a health check of Route 53 both have an `Id`.
const COMMON_NAMES: [&str; 3] = ["Id", "Name", "ResourceId"];

impl Template {
    fn parse(template: &'static str) -> Option<Template> {
        let fields = template.strip_prefix("arn:")?.split(':').map(tokens).collect::<Option<Vec<_>>>()?;
        if fields.len() <= ARN_FIELDS {
            return None;
        }
        let fixed = fields.iter().flatten().fold(fields.len(), |sum, token| match token {
            Token::Text(text) => sum.saturating_add(text.len()),
            Token::Variable(_) | Token::Any => sum,
        });
        Some(Template { fields, fixed })
    }

    /// The variables of a concrete ARN; `None` where the template does not fit.
    pub(super) fn capture<'a>(&self, arn: &'a str) -> Option<Parts<'a>> {
        let mut parts = Vec::new();
        self.walk(arn, |name, text| parts.push((name, text)))?;
        Some(parts)
    }

    /// Whether the template fits a concrete ARN.
    fn fits(&self, arn: &str) -> bool {
        self.walk(arn, |_, _| {}).is_some()
    }

    /// Whether a resource part begins as the template's does, which most templates of a service do not.
    fn begins_like(&self, resource: &str) -> bool {
        match self.fields.get(ARN_FIELDS).and_then(|field| field.first()) {
            Some(Token::Text(text)) => resource.starts_with(text),
            _ => true,
        }
    }

    /// Matches field by field and hands on what each variable stands for.
    fn walk<'a>(&self, arn: &'a str, mut take: impl FnMut(&'static str, &'a str)) -> Option<()> {
        let mut texts = arn.strip_prefix("arn:")?.splitn(self.fields.len(), ':');
        for field in &self.fields {
            walk_field(field, texts.next()?, &mut take)?;
        }
        Some(())
    }

    /// Whether the template leaves the service open and the ARN fits it.
    pub(super) fn fits_any_service(&self, arn: &str) -> bool {
        let open = self.fields.get(SERVICE_FIELD).is_some_and(|field| matches!(field.as_slice(), [Token::Variable(_)]));
        open && self.fits(arn)
    }

    /// Whether a variable of the resource part is among the parts: the two resources lie within each other, or beside
    /// each other in the same one.
    pub(super) fn shares_resource_variable(&self, parts: &Parts<'_>) -> bool {
        let shared = |name| !COMMON_NAMES.contains(&name) && parts.iter().any(|(known, _)| *known == name);
        let mut resource = self.fields.iter().skip(ARN_FIELDS).flatten();
        resource.any(|token| matches!(token, Token::Variable(name) if shared(*name)))
    }

    /// The ARN with the parts filled in and `*` for what they do not hold.
    pub(super) fn fill(&self, parts: &Parts<'_>) -> String {
        let mut arn = String::from("arn");
        for field in &self.fields {
            arn.push(':');
            for token in field {
                arn.push_str(match token {
                    Token::Text(text) => text,
                    Token::Variable(name) => {
                        parts.iter().find(|(known, _)| known == name).map_or("*", |(_, text)| text)
                    }
                    Token::Any => "*",
                });
            }
        }
        arn
    }
}

fn tokens(field: &'static str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = field;
    while let Some(at) = rest.find(['$', '*']) {
        let (text, from) = rest.split_at_checked(at)?;
        if !text.is_empty() {
            tokens.push(Token::Text(text));
        }
        rest = match from.strip_prefix('*') {
            Some(after) => {
                tokens.push(Token::Any);
                after
            }
            None => {
                let (name, after) = from.strip_prefix("${")?.split_once('}')?;
                tokens.push(Token::Variable(name));
                after
            }
        };
    }
    if !rest.is_empty() {
        tokens.push(Token::Text(rest));
    }
    Some(tokens)
}

/// Matches one field. A variable takes as little as it can, the last one what is left: that finds a match wherever there
/// is one, as with the stars of a pattern.
fn walk_field<'a>(field: &[Token], text: &'a str, take: &mut impl FnMut(&'static str, &'a str)) -> Option<()> {
    let mut rest = text;
    let mut remaining = field;
    while let [token, next @ ..] = remaining {
        remaining = next;
        let (name, least) = match token {
            Token::Text(text) => {
                rest = rest.strip_prefix(text)?;
                continue;
            }
            Token::Variable(name) => (Some(*name), rest.chars().next()?.len_utf8()),
            Token::Any => (None, 0),
        };
        let (_, after) = rest.split_at_checked(least)?;
        let more = match next {
            [Token::Text(end)] => after.strip_suffix(end)?.len(),
            [Token::Text(text), ..] => after.find(text)?,
            [] => after.len(),
            // Variables side by side: the first takes one character.
            _ => 0,
        };
        let (taken, left) = rest.split_at_checked(least.saturating_add(more))?;
        if let Some(name) = name {
            take(name, taken);
        }
        rest = left;
    }
    rest.is_empty().then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::services;

    #[test]
    fn every_template_matches_an_arn_made_from_it() {
        for service in services() {
            for (template, kind) in service.templates() {
                let arn = template.fill(&Vec::new()).replace('*', "x");
                assert!(template.capture(&arn).is_some(), "{} {} {arn}", service.prefix(), kind.name);
            }
        }
    }

    #[test]
    fn finds_the_most_specific_type() {
        let cases = [
            ("arn:aws:iam::111122223333:role/team/deploy", Some(("iam", "role"))),
            ("arn:aws:s3:::b/k", Some(("s3", "object"))),
            ("arn:aws:sns:eu-west-1:111122223333:topic", Some(("sns", "topic"))),
            ("arn:aws:codepipeline:eu-west-1:111122223333:shop/Deploy/Go", Some(("codepipeline", "action"))),
            ("arn:aws:codepipeline:eu-west-1:111122223333:webhook:w", Some(("codepipeline", "webhook"))),
            ("arn:aws:catalog:eu-west-1:111122223333:portfolio/p", Some(("servicecatalog", "Portfolio"))),
            ("arn:aws:states:eu-west-1:111122223333:stateMachine:m:2", Some(("states", "statemachineversion"))),
            (
                "arn:aws:cloudformation:eu-west-1:111122223333:stack/amplify-shop-prod/1-2",
                Some(("cloudformation", "stack")),
            ),
            ("arn:aws:elasticbeanstalk:", None),
            ("dynamodb", None),
        ];
        for (arn, expected) in cases {
            assert_eq!(resource_type_of(arn), expected, "{arn}");
        }
    }

    #[test]
    fn captures_by_name() {
        let template =
            Template::parse("arn:${Partition}:x:${Region}:${Account}:a/${One}/b-${Two}-end:${Rest}").unwrap();
        let parts = template.capture("arn:aws:x:r:1:a/p/q/b-s-end-end:t:u").unwrap();
        let of = |name| parts.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
        assert_eq!((of("One"), of("Two"), of("Rest")), (Some("p/q"), Some("s-end"), Some("t:u")));
        assert_eq!(template.fill(&parts), "arn:aws:x:r:1:a/p/q/b-s-end-end:t:u");
        for arn in ["arn:aws:x:r:1:a//b-s-end:t", "arn:aws:x:r:1:a/p/b--end:t", "arn:aws:x:r:1:a/p/b-s-end", "arn"] {
            assert!(template.capture(arn).is_none(), "{arn}");
        }
        assert!(Template::parse("arn:aws:s3").is_none() && Template::parse("arn:a:b:c:d:${e").is_none());
    }
}
