//! What delivers to production, read from an AWS that exists in tests only: stacks, pipelines, builds.

use crate::fake_aws::{
    ACCOUNT, Answer, Asked, Fake, collect_account, coverage, json, json_error, resource, xml, xml_error,
};
use foureyes::snapshot::{Account, Outcome};
use serde_json::{Value, json};

fn properties(account: &Account, arn: &str) -> Value {
    Value::Object(resource(account, arn).properties.clone())
}

/// No secret of the answers is in what is kept.
fn keeps_no_secret(account: &Account) {
    let resources = serde_json::to_string(&account.resources).unwrap();
    let at = resources.find("SECRET").and_then(|at| resources.get(at.saturating_sub(200)..at + 30));
    assert_eq!(at, None);
    assert!(!serde_json::to_string(&account.coverage).unwrap().contains("SECRET"));
}

fn all_ok(account: &Account, service: &str) {
    let mut entries = account.coverage.iter().filter(|entry| entry.service == service).peekable();
    assert!(entries.peek().is_some(), "{service} was not read");
    for entry in entries {
        assert_eq!(entry.outcome, Outcome::Ok, "{entry:?}");
    }
}

fn stack_arn(name: &str) -> String {
    format!("arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/{name}/1")
}

fn stack(name: &str, status: &str, more: &str) -> String {
    format!(
        "<member><StackName>{name}</StackName><StackId>{}</StackId><StackStatus>{status}</StackStatus>\
         <CreationTime>2026-01-02T03:04:05Z</CreationTime><Description>SECRET-description</Description>\
         <Parameters><member><ParameterKey>Password</ParameterKey><ParameterValue>SECRET-parameter</ParameterValue></member>\
         </Parameters><Outputs><member><OutputKey>Token</OutputKey><OutputValue>SECRET-output</OutputValue></member></Outputs>\
         <StackStatusReason>SECRET-reason</StackStatusReason>{more}</member>",
        stack_arn(name)
    )
}

fn xml_result(asked: &Asked, body: &str) -> Answer {
    let operation = &asked.operation;
    xml(&format!("<{operation}Response><{operation}Result>{body}</{operation}Result></{operation}Response>"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

pub fn stacks(asked: &Asked) -> Option<Answer> {
    let second = asked.body.contains("NextToken=second");
    let of = |name: &str| asked.body.contains(&format!("stack%2F{name}%2F"));
    let part = |id: &str, kind: &str| {
        format!(
            "<member><LogicalResourceId>{id}</LogicalResourceId><PhysicalResourceId>{id}-1</PhysicalResourceId>\
             <ResourceType>{kind}</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus>\
             <ResourceStatusReason>SECRET-part</ResourceStatusReason></member>"
        )
    };
    Some(match asked.operation.as_str() {
        "DescribeStacks" if second => {
            let nested = format!(
                "<ParentId>{0}</ParentId><RootId>{0}</RootId><EnableTerminationProtection>false</EnableTerminationProtection>",
                stack_arn("shop")
            );
            let body =
                [stack("nested", "UPDATE_COMPLETE", &nested), stack("planned", "REVIEW_IN_PROGRESS", "")].concat();
            xml_result(asked, &format!("<Stacks>{body}</Stacks>"))
        }
        "DescribeStacks" => {
            let more = "<RoleARN>arn:aws:iam::111122223333:role/deploy</RoleARN>\
                <EnableTerminationProtection>true</EnableTerminationProtection><LastUpdatedTime>2026-02-02T03:04:05Z</LastUpdatedTime>\
                <Capabilities><member>CAPABILITY_IAM</member></Capabilities>\
                <Tags><member><Key>env</Key><Value>prod</Value></member></Tags>";
            let body = stack("shop", "UPDATE_COMPLETE", more);
            xml_result(asked, &format!("<Stacks>{body}</Stacks><NextToken>second</NextToken>"))
        }
        "ListStackResources" if of("shop") && second => {
            let body = part("Assets", "AWS::S3::Bucket");
            xml_result(asked, &format!("<StackResourceSummaries>{body}</StackResourceSummaries>"))
        }
        "ListStackResources" if of("shop") => {
            let body = part("Orders", "AWS::DynamoDB::Table");
            xml_result(
                asked,
                &format!("<StackResourceSummaries>{body}</StackResourceSummaries><NextToken>second</NextToken>"),
            )
        }
        "ListStackResources" if of("nested") => {
            let body = part("Queue", "AWS::SQS::Queue");
            xml_result(asked, &format!("<StackResourceSummaries>{body}</StackResourceSummaries>"))
        }
        "GetTemplate" if of("shop") => {
            assert!(asked.body.contains("TemplateStage=Processed"), "{}", asked.body);
            let template = json!({"Parameters": {"P": {"Default": "SECRET-default"}}, "Resources": {
                "Orders": {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain",
                    "Properties": {"TableName": "SECRET-in-a-template"}},
                "Assets": {"Type": "AWS::S3::Bucket"}}});
            xml_result(asked, &format!("<TemplateBody>{}</TemplateBody>", escaped(&template.to_string())))
        }
        "GetTemplate" if of("nested") => {
            let template =
                "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    DeletionPolicy: !If [P, Retain, Delete]\n";
            xml_result(asked, &format!("<TemplateBody>{template}</TemplateBody>"))
        }
        "GetStackPolicy" if of("shop") => {
            let policy = json!({"Statement": [{"Effect": "Deny", "Action": "Update:Replace", "Principal": "*", "Resource": "*"}]});
            xml_result(asked, &format!("<StackPolicyBody>{}</StackPolicyBody>", escaped(&policy.to_string())))
        }
        "ListStackResources" | "GetTemplate" | "GetStackPolicy" if of("planned") => {
            panic!("{} of a stack that is not there yet", asked.operation)
        }
        _ => return None,
    })
}

#[test]
fn stacks_are_read_with_what_protects_them() {
    let account = collect_account(&Fake::new(stacks));
    all_ok(&account, "cloudformation");
    keeps_no_secret(&account);
    assert_eq!(
        properties(&account, &stack_arn("shop")),
        json!({
            "StackName": "shop", "StackId": stack_arn("shop"), "StackStatus": "UPDATE_COMPLETE",
            "RoleARN": "arn:aws:iam::111122223333:role/deploy", "EnableTerminationProtection": true,
            "Capabilities": ["CAPABILITY_IAM"], "CreationTime": "2026-01-02T03:04:05Z", "LastUpdateTime": "2026-02-02T03:04:05Z",
            "Resources": [
                {"LogicalResourceId": "Orders", "PhysicalResourceId": "Orders-1", "ResourceType": "AWS::DynamoDB::Table",
                 "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"},
                {"LogicalResourceId": "Assets", "PhysicalResourceId": "Assets-1", "ResourceType": "AWS::S3::Bucket",
                 "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}],
            "StackPolicy": {"Statement": [{"Effect": "Deny", "Action": "Update:Replace", "Principal": "*", "Resource": "*"}]},
        })
    );
    assert_eq!(resource(&account, &stack_arn("shop")).tags["env"], "prod");
    let nested = properties(&account, &stack_arn("nested"));
    assert_eq!((&nested["ParentId"], &nested["RootId"]), (&json!(stack_arn("shop")), &json!(stack_arn("shop"))));
    // An expression is not known, and is not the default.
    assert_eq!(
        nested["Resources"],
        json!([{"LogicalResourceId": "Queue", "PhysicalResourceId": "Queue-1", "ResourceType": "AWS::SQS::Queue",
            "UpdateReplacePolicy": "Delete"}])
    );
    assert_eq!(nested.get("StackPolicy"), None);
    assert_eq!(properties(&account, &stack_arn("planned"))["StackStatus"], "REVIEW_IN_PROGRESS");
}

#[test]
fn a_template_that_may_not_be_read_leaves_its_policies_unknown() {
    let account = collect_account(&Fake::new(|asked| match asked.operation.as_str() {
        "GetTemplate" if asked.body.contains("nested") => Some(xml_result(asked, "<TemplateBody>[oh</TemplateBody>")),
        "GetTemplate" => Some(xml_error(403, "AccessDenied")),
        "ListStackResources" if asked.body.contains("nested") => Some(xml_error(403, "AccessDenied")),
        _ => stacks(asked),
    }));
    let entry = coverage(&account, "GetTemplate");
    assert_eq!(entry.outcome, Outcome::Denied);
    let detail = entry.detail.as_deref().unwrap();
    assert!(detail.starts_with("cloudformation:GetTemplate on stack shop: AccessDenied"), "{detail}");
    assert!(detail.contains("the template of stack nested could not be read as one"), "{detail}");
    let shop = properties(&account, &stack_arn("shop"));
    assert_eq!(shop["Resources"][0]["LogicalResourceId"], "Orders");
    assert_eq!(shop["Resources"][0].get("DeletionPolicy"), None);
    assert_eq!(properties(&account, &stack_arn("nested")).get("Resources"), None);
}

pub fn pipelines(asked: &Asked) -> Option<Answer> {
    let second = asked.body.contains("second");
    Some(match asked.operation.as_str() {
        "ListPipelines" if second => json(json!({"pipelines": [{"name": "refused"}]})),
        "ListPipelines" => json(json!({"pipelines": [{"name": "release", "version": 1}], "nextToken": "second"})),
        "GetPipeline" if asked.body.contains("refused") => json_error(400, "AccessDeniedException"),
        "GetPipeline" => json(json!({"pipeline": {
            "name": "release", "roleArn": "arn:aws:iam::111122223333:role/release", "version": 3,
            "pipelineType": "V2", "executionMode": "QUEUED",
            "artifactStores": {
                "us-east-1": {"type": "S3", "location": "artifacts-us", "encryptionKey": {"id": "arn:aws:kms:us-east-1:1:key/k", "type": "KMS"}},
                "eu-west-1": {"type": "S3", "location": "artifacts-eu"}},
            "variables": [{"name": "TOKEN", "defaultValue": "SECRET-variable", "description": "SECRET-description"}],
            "triggers": [{"providerType": "CodeStarSourceConnection", "gitConfiguration": {"sourceActionName": "App",
                "push": [{"branches": {"includes": ["main"]}, "tags": {"excludes": ["v0*"]}}],
                "pullRequest": [{"events": ["OPEN"], "branches": {"includes": ["main"]}, "filePaths": {"includes": ["src/**"]}}]}}],
            "stages": [
                {"name": "Source", "actions": [{"name": "App", "runOrder": 1,
                    "actionTypeId": {"category": "Source", "owner": "ThirdParty", "provider": "GitHub", "version": "1"},
                    "configuration": {"Owner": "acme", "Repo": "shop", "Branch": "main", "OAuthToken": "SECRET-token", "PollForSourceChanges": "false"},
                    "outputArtifacts": [{"name": "Source"}]}]},
                {"name": "Build", "actions": [{"name": "Compile", "runOrder": 1, "region": "us-east-1", "namespace": "build",
                    "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"},
                    "configuration": {"ProjectName": "compile",
                        "EnvironmentVariables": "[{\"name\":\"DB_PASSWORD\",\"value\":\"SECRET-override\",\"type\":\"PLAINTEXT\"}]"},
                    "environmentVariables": [{"name": "MORE", "value": "SECRET-own"}],
                    "commands": ["echo SECRET-command"],
                    "inputArtifacts": [{"name": "Source"}]}]},
                {"name": "Production", "blockers": [{"name": "b", "type": "Schedule"}],
                    "beforeEntry": {"conditions": [{"result": "FAIL", "rules": [{"name": "window",
                        "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": "DeploymentWindow", "version": "1"},
                        "configuration": {"Cron": "* * * * * ?", "TimeZone": "UTC", "Hook": "SECRET-hook"},
                        "commands": ["SECRET-rule-command"]}]}]},
                    "onFailure": {"result": "ROLLBACK"},
                    "actions": [
                        {"name": "Approve", "runOrder": 1, "roleArn": "arn:aws:iam::111122223333:role/approve",
                         "actionTypeId": {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"},
                         "configuration": {"CustomData": "SECRET-note", "ExternalEntityLink": "https://x?SECRET", "NotificationArn": "arn:aws:sns:eu-west-1:111122223333:yes"}},
                        {"name": "Run", "runOrder": 2,
                         "actionTypeId": {"category": "Invoke", "owner": "AWS", "provider": "Lambda", "version": "1"},
                         "configuration": {"FunctionName": "migrate", "UserParameters": "SECRET-parameters"}},
                        {"name": "Deploy", "runOrder": 3,
                         "actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": "CloudFormation", "version": "1"},
                         "configuration": {"ActionMode": "CREATE_UPDATE", "StackName": "shop", "RoleArn": "arn:aws:iam::111122223333:role/deploy",
                             "ParameterOverrides": "{\"Password\": \"SECRET-override\"}"}}]}]},
            "metadata": {"pipelineArn": format!("arn:aws:codepipeline:eu-west-1:{ACCOUNT}:release")}})),
        "ListTagsForResource" if asked.body.contains(":release") && second => {
            json(json!({"tags": [{"key": "team", "value": "shop"}]}))
        }
        "ListTagsForResource" if asked.body.contains(":release") => {
            json(json!({"tags": [{"key": "env", "value": "prod"}], "nextToken": "second"}))
        }
        _ => return None,
    })
}

#[test]
fn pipelines_keep_what_is_harmless() {
    let account = collect_account(&Fake::new(pipelines));
    keeps_no_secret(&account);
    let entry = coverage(&account, "GetPipeline");
    assert_eq!(
        (entry.outcome, entry.detail.as_deref()),
        (Outcome::Denied, Some("codepipeline:GetPipeline on pipeline refused: AccessDeniedException (1 of 2 calls)"))
    );
    let arn = |name: &str| format!("arn:aws:codepipeline:eu-west-1:{ACCOUNT}:{name}");
    assert_eq!(properties(&account, &arn("refused")), json!({"Name": "refused"}));
    let tags = serde_json::to_value(&resource(&account, &arn("release")).tags).unwrap();
    assert_eq!(tags, json!({"env": "prod", "team": "shop"}));
    let kind = |category: &str, owner: &str, provider: &str| json!({"Category": category, "Owner": owner, "Provider": provider, "Version": "1"});
    assert_eq!(
        properties(&account, &arn("release")),
        json!({
            "Name": "release", "RoleArn": "arn:aws:iam::111122223333:role/release", "PipelineType": "V2", "ExecutionMode": "QUEUED",
            "ArtifactStores": [
                {"Region": "eu-west-1", "ArtifactStore": {"Type": "S3", "Location": "artifacts-eu"}},
                {"Region": "us-east-1", "ArtifactStore": {"Type": "S3", "Location": "artifacts-us",
                    "EncryptionKey": {"Id": "arn:aws:kms:us-east-1:1:key/k", "Type": "KMS"}}}],
            "Variables": [{"Name": "TOKEN"}],
            "Triggers": [{"ProviderType": "CodeStarSourceConnection", "GitConfiguration": {"SourceActionName": "App",
                "Push": [{"Branches": {"Includes": ["main"]}, "Tags": {"Excludes": ["v0*"]}}],
                "PullRequest": [{"Events": ["OPEN"], "Branches": {"Includes": ["main"]}, "FilePaths": {"Includes": ["src/**"]}}]}}],
            "Stages": [
                {"Name": "Source", "Actions": [{"Name": "App", "RunOrder": 1, "ActionTypeId": kind("Source", "ThirdParty", "GitHub"),
                    "Configuration": {"Owner": "acme", "Repo": "shop", "Branch": "main", "PollForSourceChanges": "false"},
                    "OutputArtifacts": [{"Name": "Source"}]}]},
                {"Name": "Build", "Actions": [{"Name": "Compile", "RunOrder": 1, "Region": "us-east-1", "Namespace": "build",
                    "ActionTypeId": kind("Build", "AWS", "CodeBuild"), "Configuration": {"ProjectName": "compile"},
                    "EnvironmentVariableNames": ["DB_PASSWORD", "MORE"], "InputArtifacts": [{"Name": "Source"}]}]},
                {"Name": "Production", "Blockers": [{"Name": "b", "Type": "Schedule"}],
                    "BeforeEntry": {"Conditions": [{"Result": "FAIL", "Rules": [{"Name": "window",
                        "RuleTypeId": kind("Rule", "AWS", "DeploymentWindow"), "Configuration": {"Cron": "* * * * * ?", "TimeZone": "UTC"}}]}]},
                    "OnFailure": {"Result": "ROLLBACK"},
                    "Actions": [
                        {"Name": "Approve", "RunOrder": 1, "RoleArn": "arn:aws:iam::111122223333:role/approve",
                         "ActionTypeId": kind("Approval", "AWS", "Manual"),
                         "Configuration": {"NotificationArn": "arn:aws:sns:eu-west-1:111122223333:yes"}},
                        {"Name": "Run", "RunOrder": 2, "ActionTypeId": kind("Invoke", "AWS", "Lambda"), "Configuration": {"FunctionName": "migrate"}},
                        {"Name": "Deploy", "RunOrder": 3, "ActionTypeId": kind("Deploy", "AWS", "CloudFormation"),
                         "Configuration": {"ActionMode": "CREATE_UPDATE", "StackName": "shop", "RoleArn": "arn:aws:iam::111122223333:role/deploy"}}]}],
        })
    );
}

fn project(name: &str) -> Value {
    json!({
        "name": name, "arn": format!("arn:aws:codebuild:eu-west-1:{ACCOUNT}:project/{name}"), "description": "SECRET-description",
        "serviceRole": "arn:aws:iam::111122223333:role/build", "encryptionKey": "arn:aws:kms:eu-west-1:111122223333:alias/aws/s3",
        "source": {"type": "GITHUB", "location": "https://SECRET-user:SECRET-token@github.com/acme/shop.git?SECRET",
            "buildspec": "SECRET-buildspec", "auth": {"type": "CODECONNECTIONS", "resource": "arn:aws:codeconnections:eu-west-1:111122223333:connection/c"}},
        "secondarySources": [{"type": "S3", "location": "bucket/key.zip", "sourceIdentifier": "more", "auth": {"type": "OAUTH", "resource": "SECRET-resource"}}],
        "sourceVersion": "main", "artifacts": {"type": "S3", "location": "artifacts", "path": "SECRET-path"},
        "cache": {"type": "S3", "location": "SECRET-cache"},
        "environment": {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL", "privilegedMode": true,
            "environmentVariables": [{"name": "TOKEN", "value": "SECRET-value", "type": "PLAINTEXT"}, {"name": "API", "value": "SECRET", "type": "PARAMETER_STORE"}],
            "registryCredential": {"credential": "SECRET-credential", "credentialProvider": "SECRETS_MANAGER"}},
        "tags": [{"key": "env", "value": "prod"}], "projectVisibility": "PUBLIC_READ", "publicProjectAlias": "SECRET-alias",
        "resourceAccessRole": "arn:aws:iam::111122223333:role/public",
        "webhook": {"url": "https://SECRET", "payloadUrl": "https://SECRET", "secret": "SECRET", "branchFilter": "^main$", "buildType": "BUILD",
            "filterGroups": [[{"type": "EVENT", "pattern": "PUSH"}, {"type": "HEAD_REF", "pattern": "^refs/heads/main$", "excludeMatchedPattern": false}]],
            "pullRequestBuildPolicy": {"requiresCommentApproval": "ALL_PULL_REQUESTS", "approverRoles": ["GITHUB_WRITE"]}},
    })
}

pub fn builds(asked: &Asked) -> Option<Answer> {
    Some(match asked.operation.as_str() {
        "ListProjects" if asked.body.contains("second") => {
            let names: Vec<String> = (100..150).map(|number| format!("p{number}")).collect();
            json(json!({"projects": names}))
        }
        "ListProjects" => {
            let names: Vec<String> = (0..100).map(|number| format!("p{number}")).collect();
            json(json!({"projects": names, "nextToken": "second"}))
        }
        "BatchGetProjects" => {
            let names: Value = serde_json::from_str(&asked.body).unwrap();
            let names = names["names"].as_array().unwrap();
            assert!(names.len() <= 100);
            if names.contains(&json!("p149")) {
                return Some(json_error(400, "AccessDeniedException"));
            }
            // One was deleted in between.
            let there = names.iter().map(|name| name.as_str().unwrap()).filter(|name| *name != "p7");
            json(json!({"projects": there.map(project).collect::<Vec<_>>(), "projectsNotFound": ["p7"]}))
        }
        _ => return None,
    })
}

#[test]
fn builds_are_read_in_batches() {
    let account = collect_account(&Fake::new(builds));
    keeps_no_secret(&account);
    let arn = |name: &str| format!("arn:aws:codebuild:eu-west-1:{ACCOUNT}:project/{name}");
    let projects = account.resources.iter().filter(|resource| resource.kind == "AWS::CodeBuild::Project");
    assert_eq!(projects.count(), 150);
    let entry = coverage(&account, "BatchGetProjects");
    assert_eq!(entry.outcome, Outcome::Denied);
    let detail = "codebuild:BatchGetProjects on project p100 and 49 others: AccessDeniedException (1 of 2 calls)";
    assert_eq!(entry.detail.as_deref(), Some(detail));
    assert_eq!(properties(&account, &arn("p149")), json!({"Name": "p149"}));
    assert_eq!(properties(&account, &arn("p7")), json!({"Name": "p7"}));
    assert_eq!(
        properties(&account, &arn("p0")),
        json!({
            "Name": "p0", "ServiceRole": "arn:aws:iam::111122223333:role/build", "EncryptionKey": "arn:aws:kms:eu-west-1:111122223333:alias/aws/s3",
            "Source": {"Type": "GITHUB", "Location": "https://github.com/acme/shop.git",
                "Auth": {"Type": "CODECONNECTIONS", "Resource": "arn:aws:codeconnections:eu-west-1:111122223333:connection/c"}},
            "SecondarySources": [{"Type": "S3", "Location": "bucket/key.zip", "SourceIdentifier": "more", "Auth": {"Type": "OAUTH"}}],
            "SourceVersion": "main", "Artifacts": {"Type": "S3", "Location": "artifacts"},
            "Environment": {"Type": "LINUX_CONTAINER", "Image": "aws/codebuild/standard:7.0", "ComputeType": "BUILD_GENERAL1_SMALL", "PrivilegedMode": true},
            "EnvironmentVariableNames": ["API", "TOKEN"], "Visibility": "PUBLIC_READ", "ResourceAccessRole": "arn:aws:iam::111122223333:role/public",
            "Webhook": {"BranchFilter": "^main$", "BuildType": "BUILD",
                "FilterGroups": [[{"Type": "EVENT", "Pattern": "PUSH"}, {"Type": "HEAD_REF", "Pattern": "^refs/heads/main$", "ExcludeMatchedPattern": false}]],
                "PullRequestBuildPolicy": {"RequiresCommentApproval": "ALL_PULL_REQUESTS", "ApproverRoles": ["GITHUB_WRITE"]}},
        })
    );
    assert_eq!(resource(&account, &arn("p0")).tags["env"], "prod");
}
