//! What AWS lets a policy say: services, actions, resource types and condition keys; and which actions destroy
//! something or change what runs.
//!
//! The data is embedded. `data/actions.jsonl` holds one service a line, restated from AWS's Service Authorization
//! Reference by `data/regenerate.py`; a line is parsed when its service is first asked for. `data/destruction.jsonl`,
//! `data/guards.jsonl` and `data/subjects.jsonl` are written by hand. Names are compared without regard to case, as IAM does.
//!
//! The reference lags behind the services: an action, key or resource type that is missing here may exist. Whoever asks
//! treats `None` as "not known", not as "does not exist".
//!
//! Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

mod cloudformation;
mod condition;
pub mod destruction;
pub mod guard;
mod listing;
mod resource;
pub mod rollout;
mod service;
pub mod subject;
mod unsigned;

pub use cloudformation::{cloudformation_type, told_as};
pub use condition::{GlobalKey, KeyCategory, KeyType, global_key, key_type};
pub use listing::{listing, listings};
pub use resource::{Located, ResourceType, resource_type_of};
pub use service::{
    AccessLevel, Action, ActionResource, Service, action, expand, service, services, supports_resource_control_policies,
};
pub use unsigned::{is_open_to_guests, takes_unsigned};
