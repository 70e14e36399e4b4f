//! CloudFormation stacks: what protects them, which resources they made, and what becomes of those.
//!
//! Parameters and outputs of stacks, descriptions and templates may hold secrets: of a template only the policies of its
//! resources are kept (see [`template`]).

use super::Call;
use super::call::client;
use super::properties::{Properties, list};
use super::reader::Scope;
use super::template::{self, Policies};
use crate::snapshot::Resource;
use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Stack, StackResourceSummary, StackStatus, TemplateStage};
use futures_util::StreamExt;
use futures_util::future::join3;
use serde_json::Value;
use std::collections::BTreeMap;

/// All stacks are described to those only who may list them.
const DESCRIBE_STACKS: Call = Call::new("cloudformation", "DescribeStacks").and(&["ListStacks"]);
const LIST_STACK_RESOURCES: Call = Call::new("cloudformation", "ListStackResources");
const GET_TEMPLATE: Call = Call::new("cloudformation", "GetTemplate");
const GET_STACK_POLICY: Call = Call::new("cloudformation", "GetStackPolicy");

/// What this file asks.
pub const CALLS: &[Call] = &[DESCRIBE_STACKS, LIST_STACK_RESOURCES, GET_TEMPLATE, GET_STACK_POLICY];

/// Reads every stack of a region, nested ones too.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str) -> Vec<Resource> {
    scope.started("cloudformation");
    let client = client!(aws_sdk_cloudformation, config, region);
    let mut stacks = Vec::new();
    scope
        .pages(
            &DESCRIBE_STACKS,
            "",
            |token| client.describe_stacks().set_next_token(token).send(),
            |page| {
                stacks.extend(page.stacks.unwrap_or_default());
                page.next_token.filter(|token| !token.is_empty())
            },
        )
        .await;
    let read = futures_util::stream::iter(&stacks)
        .map(|stack| resource(scope, &client, region, stack))
        .buffered(scope.concurrency())
        .filter_map(async |stack| stack)
        .collect()
        .await;
    scope.finished("cloudformation");
    read
}

/// One stack with all that is asked about it.
async fn resource(scope: Scope<'_>, client: &Client, region: &str, stack: &Stack) -> Option<Resource> {
    let arn = stack.stack_id()?;
    let subject = format!("stack {}", stack.stack_name().unwrap_or(arn));
    let mut properties = described(stack);
    // A stack that only a change set has announced has neither resources nor a template.
    if stack.stack_status() != Some(&StackStatus::ReviewInProgress) {
        let mut resources = Vec::new();
        let (listed, template, policy) = join3(
            scope.pages(
                &LIST_STACK_RESOURCES,
                &subject,
                |token| client.list_stack_resources().stack_name(arn).set_next_token(token).send(),
                |page| {
                    resources.extend(page.stack_resource_summaries.unwrap_or_default());
                    page.next_token.filter(|token| !token.is_empty())
                },
            ),
            scope.read(
                &GET_TEMPLATE,
                &subject,
                client.get_template().stack_name(arn).template_stage(TemplateStage::Processed).send(),
            ),
            scope.read(&GET_STACK_POLICY, &subject, client.get_stack_policy().stack_name(arn).send()),
        )
        .await;
        let body = template.and_then(|answer| answer.template_body);
        let policies = body.as_deref().map(template::policies);
        if policies == Some(None) {
            scope.note(&GET_TEMPLATE, format!("the template of {subject} could not be read as one"));
        }
        let policies = policies.flatten().unwrap_or_default();
        if listed || !resources.is_empty() {
            properties = properties.put("Resources", list(&resources, |resource| part(resource, &policies)));
        }
        let policy = policy.and_then(|answer| answer.stack_policy_body);
        properties = properties.known("StackPolicy", policy.as_deref().and_then(object));
    }
    let tags = stack.tags().iter().filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default())));
    Some(Resource {
        arn: arn.to_owned(),
        kind: "AWS::CloudFormation::Stack".to_owned(),
        region: Some(region.to_owned()),
        tags: tags.collect(),
        properties: properties.map(),
        policy: None,
    })
}

fn described(stack: &Stack) -> Properties {
    let capabilities: Vec<Value> = stack.capabilities().iter().map(|capability| capability.as_str().into()).collect();
    Properties::default()
        .text("StackName", stack.stack_name())
        .text("StackId", stack.stack_id())
        .text("StackStatus", stack.stack_status().map(|status| status.as_str()))
        .text("RoleARN", stack.role_arn())
        .known("EnableTerminationProtection", stack.enable_termination_protection())
        .text("ParentId", stack.parent_id())
        .text("RootId", stack.root_id())
        .known("Capabilities", (!capabilities.is_empty()).then_some(capabilities))
        .time("CreationTime", stack.creation_time())
        .time("LastUpdateTime", stack.last_updated_time())
}

/// One resource of a stack.
fn part(resource: &StackResourceSummary, policies: &BTreeMap<String, Policies>) -> Properties {
    let policies = resource.logical_resource_id().and_then(|id| policies.get(id));
    Properties::default()
        .text("LogicalResourceId", resource.logical_resource_id())
        .text("PhysicalResourceId", resource.physical_resource_id())
        .text("ResourceType", resource.resource_type())
        .text("DeletionPolicy", policies.and_then(|policies| policies.deletion.as_deref()))
        .text("UpdateReplacePolicy", policies.and_then(|policies| policies.update_replace.as_deref()))
}

/// The policy as JSON; text that is none stays text, so that nobody takes the stack for one without.
fn object(text: &str) -> Option<Value> {
    (!text.trim().is_empty()).then(|| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)))
}
