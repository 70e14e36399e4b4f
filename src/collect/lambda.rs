//! Lambda functions: as whom they run, who may call and change them, and what an older version could bring back.
//!
//! `ListFunctions` answers with the values of environment variables. Their names are kept and nothing else.

use super::Call;
use super::call::client;
use super::properties::{Properties, names, policy_of};
use super::reader::Scope;
use crate::snapshot::Resource;
use aws_config::SdkConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::{FunctionConfiguration, FunctionUrlAuthType, PackageType};
use futures_util::StreamExt;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const LIST_FUNCTIONS: Call = Call::new("lambda", "ListFunctions");
const GET_POLICY: Call = Call::new("lambda", "GetPolicy");
const LIST_FUNCTION_URL_CONFIGS: Call = Call::new("lambda", "ListFunctionUrlConfigs");
const LIST_VERSIONS_BY_FUNCTION: Call = Call::new("lambda", "ListVersionsByFunction");
const GET_FUNCTION_CODE_SIGNING_CONFIG: Call = Call::new("lambda", "GetFunctionCodeSigningConfig");
const GET_CODE_SIGNING_CONFIG: Call = Call::new("lambda", "GetCodeSigningConfig");
const LIST_TAGS: Call = Call::new("lambda", "ListTags");

/// What this file asks.
pub const CALLS: &[Call] = &[
    LIST_FUNCTIONS,
    GET_POLICY,
    LIST_FUNCTION_URL_CONFIGS,
    LIST_VERSIONS_BY_FUNCTION,
    GET_FUNCTION_CODE_SIGNING_CONFIG,
    GET_CODE_SIGNING_CONFIG,
    LIST_TAGS,
];

/// The largest page AWS gives.
const PAGE: i32 = 50;
/// How Lambda says that there is none.
const NONE: &str = "ResourceNotFoundException";
/// Where a function names its code signing.
const SIGNING: &str = "CodeSigningConfigArn";
/// The version that is not published.
const LATEST: &str = "$LATEST";

/// Reads every function of a region.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str) -> Vec<Resource> {
    scope.started("lambda");
    let client = client!(aws_sdk_lambda, config, region);
    let mut functions = Vec::new();
    scope
        .pages(
            &LIST_FUNCTIONS,
            "",
            |marker| client.list_functions().max_items(PAGE).set_marker(marker).send(),
            |page| {
                functions.extend(page.functions.unwrap_or_default());
                more(page.next_marker)
            },
        )
        .await;
    let read: Vec<Option<Resource>> = futures_util::stream::iter(&functions)
        .map(|found| function(scope, &client, region, found))
        .buffered(scope.concurrency())
        .collect()
        .await;
    let mut functions: Vec<Resource> = read.into_iter().flatten().collect();
    sign(scope, &client, &mut functions).await;
    scope.finished("lambda");
    functions
}

/// Enters what the code signing of functions does with code that nobody trusts. Many functions share one configuration:
/// each is asked about once.
async fn sign(scope: Scope<'_>, client: &Client, functions: &mut [Resource]) {
    let named = |function: &Resource| {
        let arn = function.properties.get(SIGNING).and_then(Value::as_str);
        arn.filter(|arn| !arn.is_empty()).map(str::to_owned)
    };
    let configurations: BTreeSet<String> = functions.iter().filter_map(named).collect();
    let policies: BTreeMap<String, Properties> = futures_util::stream::iter(configurations)
        .map(|arn| async move {
            let subject = format!("code signing configuration {}", arn.rsplit(':').next().unwrap_or_default());
            let request = client.get_code_signing_config().code_signing_config_arn(&arn).send();
            let answer = scope.read(&GET_CODE_SIGNING_CONFIG, &subject, request).await?;
            let policies = answer.code_signing_config.and_then(|found| found.code_signing_policies)?;
            let reaction = policies.untrusted_artifact_on_deployment().map(|reaction| reaction.as_str());
            Some((arn, Properties::default().text("UntrustedArtifactOnDeployment", reaction)))
        })
        .buffered(scope.concurrency())
        .filter_map(async |found| found)
        .collect()
        .await;
    let policies: BTreeMap<String, Value> =
        policies.into_iter().map(|(arn, properties)| (arn, Value::from(properties))).collect();
    for function in functions {
        if let Some(found) = named(function).and_then(|arn| policies.get(&arn)) {
            function.properties.insert("CodeSigningPolicies".to_owned(), found.clone());
        }
    }
}

fn more(marker: Option<String>) -> Option<String> {
    marker.filter(|marker| !marker.is_empty())
}

/// Asks what the list does not say of one function.
async fn function(scope: Scope<'_>, client: &Client, region: &str, found: &FunctionConfiguration) -> Option<Resource> {
    let (name, arn) = (found.function_name()?, found.function_arn()?);
    let subject = &format!("function {name}");
    let (mut urls, mut published) = (Vec::new(), 0_u64);
    let signing = async {
        // Container images are signed elsewhere, and asking is an error.
        if found.package_type() == Some(&PackageType::Image) {
            return None;
        }
        let request = client.get_function_code_signing_config().function_name(name).send();
        scope.read_or_none(&GET_FUNCTION_CODE_SIGNING_CONFIG, subject, NONE, request).await
    };
    let (policy, urls_read, versions_read, signing, tags) = tokio::join!(
        scope.read_or_none(&GET_POLICY, subject, NONE, client.get_policy().function_name(name).send()),
        scope.pages(
            &LIST_FUNCTION_URL_CONFIGS,
            subject,
            |marker| {
                let request = client.list_function_url_configs().function_name(name);
                request.max_items(PAGE).set_marker(marker).send()
            },
            |page| {
                urls.extend(page.function_url_configs);
                more(page.next_marker)
            },
        ),
        scope.pages(
            &LIST_VERSIONS_BY_FUNCTION,
            subject,
            |marker| {
                let request = client.list_versions_by_function().function_name(name);
                request.max_items(PAGE).set_marker(marker).send()
            },
            |page| {
                let versions = page.versions.unwrap_or_default();
                let count = versions.iter().filter(|version| version.version() != Some(LATEST)).count();
                published = published.saturating_add(count.try_into().unwrap_or(u64::MAX));
                more(page.next_marker)
            },
        ),
        signing,
        scope.read(&LIST_TAGS, subject, client.list_tags().resource(arn).send()),
    );

    // The function and each alias may have one; the one open to everybody speaks for all.
    let open = urls.iter().find(|url| *url.auth_type() == FunctionUrlAuthType::None).or(urls.first());
    let url = urls_read.then(|| Properties::default().text("AuthType", open.map(|url| url.auth_type().as_str())));
    let layers: Vec<&str> = found.layers().iter().filter_map(|layer| layer.arn()).collect();
    let variables = found.environment().and_then(|environment| environment.variables()).map(names);
    let properties = Properties::default()
        .put("FunctionName", name)
        .text("Role", found.role())
        .text("Runtime", found.runtime().map(|runtime| runtime.as_str()))
        .text("Handler", found.handler())
        .text("PackageType", found.package_type().map(|kind| kind.as_str()))
        .text("LastModified", found.last_modified())
        .text("KmsKeyArn", found.kms_key_arn())
        .put("Layers", layers)
        .put("EnvironmentVariableNames", variables.unwrap_or_default())
        .known("PublishedVersions", versions_read.then_some(published))
        .known("Url", url)
        .known(SIGNING, signing.map(|answer| answer.map(|answer| answer.code_signing_config_arn).unwrap_or_default()));
    Some(Resource {
        arn: arn.to_owned(),
        kind: "AWS::Lambda::Function".to_owned(),
        region: Some(region.to_owned()),
        tags: tags.and_then(|answer| answer.tags).unwrap_or_default().into_iter().collect(),
        properties: properties.map(),
        policy: policy_of(policy.as_ref().map(|answer| answer.as_ref().and_then(|answer| answer.policy()))),
    })
}
