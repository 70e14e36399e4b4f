//! AppSync: GraphQL APIs, and as whom they reach the data behind them.

use super::Call;
use super::call::client;
use super::properties::{Properties, list};
use super::reader::Scope;
use crate::snapshot::Resource;
use aws_config::SdkConfig;
use aws_sdk_appsync::Client;
use aws_sdk_appsync::types::{AdditionalAuthenticationProvider, DataSource, GraphqlApi};
use futures_util::StreamExt;

const LIST_GRAPHQL_APIS: Call = Call::new("appsync", "ListGraphqlApis");
const LIST_DATA_SOURCES: Call = Call::new("appsync", "ListDataSources");

/// What this file asks.
pub const CALLS: &[Call] = &[LIST_GRAPHQL_APIS, LIST_DATA_SOURCES];

/// Regions known not to offer AppSync. Source: botocore 1.43, `endpoints.json`. Serves to tell an absent service from a
/// fault of name resolution; they are asked all the same.
pub(super) const NOT_IN: &[&str] =
    &["ap-east-2", "ap-southeast-6", "eusc-de-east-1", "mx-central-1", "us-gov-east-1", "us-gov-west-1"];

/// The largest page AWS gives.
const PAGE: i32 = 25;

/// Reads every GraphQL API of a region.
pub(super) async fn read(scope: Scope<'_>, config: &SdkConfig, region: &str) -> Vec<Resource> {
    scope.started("appsync");
    let client = client!(aws_sdk_appsync, config, region);
    let mut apis = Vec::new();
    scope
        .pages(
            &LIST_GRAPHQL_APIS,
            "",
            |token| client.list_graphql_apis().max_results(PAGE).set_next_token(token).send(),
            |page| {
                apis.extend(page.graphql_apis.unwrap_or_default());
                more(page.next_token)
            },
        )
        .await;
    let read: Vec<Option<Resource>> = futures_util::stream::iter(&apis)
        .map(|found| api(scope, &client, region, found))
        .buffered(scope.concurrency())
        .collect()
        .await;
    scope.finished("appsync");
    read.into_iter().flatten().collect()
}

fn more(token: Option<String>) -> Option<String> {
    token.filter(|token| !token.is_empty())
}

async fn api(scope: Scope<'_>, client: &Client, region: &str, api: &GraphqlApi) -> Option<Resource> {
    let (id, arn) = (api.api_id()?, api.arn()?);
    let mut sources = Vec::new();
    let whole = scope
        .pages(
            &LIST_DATA_SOURCES,
            &format!("api {id}"),
            |token| client.list_data_sources().api_id(id).max_results(PAGE).set_next_token(token).send(),
            |page| {
                sources.extend(page.data_sources.unwrap_or_default());
                more(page.next_token)
            },
        )
        .await;
    let pool = api.user_pool_config().map(|pool| Properties::default().put("UserPoolId", pool.user_pool_id()));
    let other = |other: &AdditionalAuthenticationProvider| {
        Properties::default().text("AuthenticationType", other.authentication_type().map(|kind| kind.as_str()))
    };
    let properties = Properties::default()
        .put("ApiId", id)
        .text("Name", api.name())
        .text("AuthenticationType", api.authentication_type().map(|kind| kind.as_str()))
        .put("AdditionalAuthenticationProviders", list(api.additional_authentication_providers(), other))
        .known("UserPoolConfig", pool)
        .text("Visibility", api.visibility().map(|visibility| visibility.as_str()))
        .text("ApiType", api.api_type().map(|kind| kind.as_str()))
        .text("MergedApiExecutionRoleArn", api.merged_api_execution_role_arn())
        .known("DataSources", whole.then(|| list(&sources, source)));
    Some(Resource {
        arn: arn.to_owned(),
        kind: "AWS::AppSync::GraphQLApi".to_owned(),
        region: Some(region.to_owned()),
        tags: api.tags().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect(),
        properties: properties.map(),
        policy: None,
    })
}

/// What the API reads and writes. Endpoints of other kinds may hold credentials and are not kept.
fn source(source: &DataSource) -> Properties {
    let table = source
        .dynamodb_config()
        .map(|table| Properties::default().put("TableName", table.table_name()).put("AwsRegion", table.aws_region()));
    let function = source
        .lambda_config()
        .map(|function| Properties::default().put("LambdaFunctionArn", function.lambda_function_arn()));
    let bus = source.event_bridge_config().map(|bus| Properties::default().put("EventBusArn", bus.event_bus_arn()));
    Properties::default()
        .text("Name", source.name())
        .text("Type", source.r#type().map(|kind| kind.as_str()))
        .text("ServiceRoleArn", source.service_role_arn())
        .known("DynamoDBConfig", table)
        .known("LambdaConfig", function)
        .known("EventBridgeConfig", bus)
}
