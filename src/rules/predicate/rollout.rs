//! Something reaches production and nobody has to approve it.

use super::{Draft, Drafts, Terms};
use crate::base::Certainty;
use crate::finding::Evidence;
use crate::rollout::{amplify_branches_that_build_on_push, pipelines_without_approval};
use crate::rules::Question;
use crate::rules::file::RolloutKind;
use serde_json::Value;

pub(super) fn drafts(question: &Question<'_>, kind: RolloutKind) -> Drafts {
    let inventory = question.access.inventory();
    let found = match kind {
        RolloutKind::AmplifyBranch => amplify_branches_that_build_on_push(inventory),
        RolloutKind::Pipeline => pipelines_without_approval(inventory),
    };
    let mut drafts = Drafts::new();
    for ungated in found {
        let Some(resource) = inventory.resource(ungated.resource) else { continue };
        let evidence = match &ungated.stage {
            Some(stage) => Evidence::Note { text: format!("there is no manual approval before stage {stage}") },
            None if kind == RolloutKind::Pipeline => Evidence::Note { text: "the stages were not read".to_owned() },
            None => Evidence::Property {
                resource: resource.arn.to_string(),
                property: "EnableAutoBuild".to_owned(),
                found: resource.properties.get("EnableAutoBuild").cloned().unwrap_or(Value::Null),
            },
        };
        drafts.insert(
            resource.arn.to_string(),
            Draft {
                resources: [ungated.resource].into(),
                terms: Terms::of_certainty(if ungated.read { Certainty::Certain } else { Certainty::Unknown }),
                evidence: vec![evidence],
                path: ungated.steps,
                stage: ungated.stage,
                ..Draft::default()
            },
        );
    }
    drafts
}
