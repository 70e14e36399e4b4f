//! The IAM policy language: syntax tree, tolerant parser, canonical printer. Knows no accounts and decides nothing.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

mod operator;
mod parse;
mod print;
mod strict;

pub use operator::{Operator, Quantifier, Relation, Test};
pub use parse::{Issue, Parsed, parse};

/// Where a document stands, which decides what elements it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PolicyKind {
    /// Identity policies, permissions boundaries, session policies and service control policies: no `Principal`.
    Identity,
    /// Resource policies, VPC endpoint policies and resource control policies.
    Resource,
    /// Role trust policies: no `Resource`.
    Trust,
}

/// The `Version` element: policy variables exist only in the newer language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// `2008-10-17`, and documents that do not say.
    V2008,
    /// `2012-10-17`
    V2012,
}

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Version of the language.
    pub version: Version,
    /// The `Id` element.
    pub id: Option<String>,
    /// Statements in their order.
    pub statements: Vec<Statement>,
}

/// The `Effect` element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// Grants.
    Allow,
    /// Takes away, whatever else grants.
    Deny,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The `Sid` element.
    pub sid: Option<String>,
    /// Allow or deny.
    pub effect: Effect,
    /// `Principal` or `NotPrincipal`; `None` in identity policies.
    pub principal: Option<Element<PrincipalSpec>>,
    /// `Action` or `NotAction`.
    pub action: Element<String>,
    /// `Resource` or `NotResource`; `None` where the policy is attached to the resource it speaks of.
    pub resource: Option<Element<String>>,
    /// All must hold.
    pub conditions: Vec<Condition>,
}

/// An element with its negated form: `Action` and `NotAction`, `Resource` and `NotResource`, `Principal` and
/// `NotPrincipal`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Element<T> {
    /// Whether it is the `Not…` form.
    pub negated: bool,
    /// Any of these (none of these, where negated). An empty list matches nothing.
    pub values: Vec<T>,
}

/// One value of a `Principal` element.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PrincipalSpec {
    /// `"*"` or `{"AWS": "*"}`
    Everyone,
    /// `{"AWS": …}`: an account number, or the ARN of an account, user, role or session.
    Aws(String),
    /// `{"Service": …}`
    Service(String),
    /// `{"Federated": …}`
    Federated(String),
    /// `{"CanonicalUser": …}`
    CanonicalUser(String),
}

/// One key under one operator of a `Condition` element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// How the key is compared.
    pub operator: Operator,
    /// The key, as written; names are compared without regard to case.
    pub key: String,
    /// Any of these. JSON booleans and numbers stand as their text.
    pub values: Vec<String>,
}
