//! What AWS Config and Cloud Control tell becomes a snapshot, without what may be secret, and without more than they say.

use foureyes::snapshot::{self, Account, Loaded, Outcome, import_text};
use serde_json::{Value, json};
use std::path::PathBuf;

const ACCOUNT: &str = "111122223333";

fn imported(text: &str) -> Loaded {
    import_text(text.as_bytes(), None).unwrap_or_else(|problem| panic!("{problem}"))
}

fn only(loaded: &Loaded) -> &Account {
    assert_eq!(loaded.snapshot.accounts.len(), 1);
    &loaded.snapshot.accounts[0]
}

/// The output of `aws configservice select-resource-config`.
fn selected(items: &[Value]) -> String {
    json!({"Results": items.iter().map(Value::to_string).collect::<Vec<_>>(), "QueryInfo": {"SelectFields": []}})
        .to_string()
}

fn item(kind: &str, arn: &str, configuration: Value) -> Value {
    json!({"resourceType": kind, "arn": arn, "accountId": ACCOUNT, "awsRegion": "eu-west-1", "configuration": configuration})
}

/// The output of `aws cloudcontrol get-resource`.
fn described(kind: &str, properties: Value) -> String {
    json!({"TypeName": kind, "ResourceDescription": {"Identifier": "x", "Properties": properties.to_string()}})
        .to_string()
}

fn properties(account: &Account, arn: &str) -> Value {
    let found = account.resources.iter().find(|resource| resource.arn == arn);
    Value::Object(found.unwrap_or_else(|| panic!("{arn} is missing")).properties.clone())
}

#[test]
fn aws_config_and_cloud_control_say_the_same() {
    let arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
    let of_config = item(
        "AWS::DynamoDB::Table",
        arn,
        json!({"tableName": "orders", "deletionProtectionEnabled": true, "keySchema": [{"attributeName": "id", "keyType": "HASH"}],
            "ssedescription": {"status": "ENABLED", "ssetype": "KMS"}}),
    );
    let of_cloud_control = json!({"TableName": "orders", "Arn": arn, "DeletionProtectionEnabled": true,
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "SSESpecification": {"SSEEnabled": true, "SSEType": "KMS"}});
    let wanted = json!({"TableName": "orders", "DeletionProtectionEnabled": true, "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "SSESpecification": {"SSEEnabled": true, "SSEType": "KMS"}});
    for text in [selected(&[of_config]), described("AWS::DynamoDB::Table", of_cloud_control)] {
        let loaded = imported(&text);
        let account = only(&loaded);
        assert_eq!(account.id, ACCOUNT);
        assert_eq!(account.resources[0].region.as_deref(), Some("eu-west-1"));
        assert_eq!(properties(account, arn), wanted);
    }
}

/// Every value that may be a secret is marked, in the places where both keep such.
#[test]
fn no_secret_is_taken() {
    let arn = |tail: &str| format!("arn:aws:{tail}");
    let items = [
        item(
            "AWS::Lambda::Function",
            &arn("lambda:eu-west-1:111122223333:function:f"),
            json!({"functionName": "f", "description": "SECRET", "environment": {"variables": {"KEY": "SECRET"}, "error": "SECRET"}}),
        ),
        item(
            "AWS::CodeBuild::Project",
            &arn("codebuild:eu-west-1:111122223333:project/p"),
            json!({"name": "p", "environment": {"image": "i", "environmentVariables": [{"name": "TOKEN", "value": "SECRET"}],
                "registryCredential": {"credential": "SECRET"}}, "webhook": {"url": "SECRET", "secret": "SECRET", "filterGroups": [[{"type": "EVENT", "pattern": "PUSH", "x": "SECRET"}]]},
                "source": {"type": "GITHUB", "location": "https://SECRET:SECRET@github.com/a/b?SECRET", "buildSpec": "SECRET", "auth": {"type": "OAUTH", "resource": "SECRET"}}}),
        ),
        item(
            "AWS::CloudFormation::Stack",
            &arn("cloudformation:eu-west-1:111122223333:stack/s/1"),
            json!({"stackName": "s", "parameters": [{"parameterKey": "P", "parameterValue": "SECRET"}],
                "outputs": [{"outputKey": "O", "outputValue": "SECRET"}], "stackStatusReason": "SECRET"}),
        ),
        item(
            "AWS::CodePipeline::Pipeline",
            &arn("codepipeline:eu-west-1:111122223333:p"),
            json!({"pipeline": {"name": "p", "stages": [{"name": "Source", "actions": [{"name": "A", "configuration":
                {"Owner": "acme", "OAuthToken": "SECRET", "Unheard": "SECRET", "Branch": {"x": "SECRET"}}}]}]}}),
        ),
        item(
            "AWS::Amplify::App",
            &arn("amplify:eu-west-1:111122223333:apps/d1"),
            json!({"AppId": "d1", "EnvironmentVariables": [{"Name": "A", "Value": "SECRET"}], "AccessToken": "SECRET", "OauthToken": "SECRET",
                "BasicAuthConfig": {"Password": "SECRET"}, "BuildSpec": "SECRET", "AutoBranchCreationConfig": {"Stage": "PRODUCTION",
                "EnvironmentVariables": [{"Name": "B", "Value": "SECRET"}]}}),
        ),
        item(
            "AWS::ECS::TaskDefinition",
            &arn("ecs:eu-west-1:111122223333:task-definition/t:1"),
            json!({"Family": "t", "ContainerDefinitions": [{"Name": "c", "Command": ["SECRET"], "Environment": [{"Name": "E", "Value": "SECRET"}],
                "Secrets": [{"Name": "S", "ValueFrom": "SECRET"}]}]}),
        ),
        item(
            "AWS::Events::Rule",
            &arn("events:eu-west-1:111122223333:rule/r"),
            json!({"Name": "r", "EventPattern": {"source": ["aws.s3"]}, "Targets": [{"Id": "1", "Arn": "a", "Input": "SECRET", "HttpParameters": {"HeaderParameters": {"a": "SECRET"}}}]}),
        ),
        item(
            "AWS::RDS::DBInstance",
            &arn("rds:eu-west-1:111122223333:db:d"),
            json!({"dBInstanceIdentifier": "d", "masterUsername": "SECRET", "pendingModifiedValues": {"masterUserPassword": "SECRET"}}),
        ),
        item("AWS::EC2::Instance", &arn("ec2:eu-west-1:111122223333:instance/i"), json!({"userData": "SECRET"})),
        item("AWS::SSM::Parameter", &arn("ssm:eu-west-1:111122223333:parameter/p"), json!({"Value": "SECRET"})),
    ];
    let loaded = imported(&selected(&items));
    let account = only(&loaded);
    assert_eq!(account.resources.len(), items.len());
    let text = serde_json::to_string(&loaded.snapshot).unwrap() + &loaded.notes.join(" ");
    assert!(!text.contains("SECRET"), "{text}");
    assert_eq!(
        properties(account, &arn("codebuild:eu-west-1:111122223333:project/p")),
        json!({"Name": "p", "Source": {"Type": "GITHUB", "Location": "https://github.com/a/b", "Auth": {"Type": "OAUTH"}},
            "Environment": {"Image": "i"}, "EnvironmentVariableNames": ["TOKEN"], "Webhook": {"FilterGroups": [[{"Type": "EVENT", "Pattern": "PUSH"}]]}})
    );
    assert_eq!(
        properties(account, &arn("codepipeline:eu-west-1:111122223333:p")),
        json!({"Name": "p", "Stages": [{"Name": "Source", "Actions": [{"Name": "A", "Configuration": {"Owner": "acme"}}]}]})
    );
    assert_eq!(
        properties(account, &arn("amplify:eu-west-1:111122223333:apps/d1")),
        json!({"AppId": "d1", "EnvironmentVariableNames": ["A"], "AutoBranchCreationConfig": {"Stage": "PRODUCTION", "EnvironmentVariableNames": ["B"]}})
    );
    assert_eq!(properties(account, &arn("ec2:eu-west-1:111122223333:instance/i")), json!({}));
}

#[test]
fn what_config_keeps_apart_comes_together() {
    let mut bucket = item("AWS::S3::Bucket", "arn:aws:s3:::assets", json!({"name": "assets"}));
    bucket["tags"] = json!([{"key": "env", "value": "prod", "tag": "env=prod"}]);
    bucket["supplementaryConfiguration"] = json!({
        "BucketVersioningConfiguration": {"status": "Off", "isMfaDeleteEnabled": null},
        "PublicAccessBlockConfiguration": {"blockPublicAcls": true, "blockPublicPolicy": false},
        "ObjectLockConfiguration": {"objectLockEnabled": "Enabled", "rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 30}}},
        "BucketPolicy": {"policyText": "{\"Version\": \"2012-10-17\", \"Statement\": []}"},
    });
    let mut stack = item(
        "AWS::CloudFormation::Stack",
        "arn:aws:cloudformation:eu-west-1:111122223333:stack/s/1",
        json!({"stackName": "s"}),
    );
    // Delivered files and batches hold these as text.
    stack["supplementaryConfiguration"] = json!({"EnableTerminationProtection": "true",
        "StackResourceSummaries": "[{\"logicalResourceId\": \"T\", \"deletionPolicy\": \"Retain\", \"resourceStatusReason\": \"x\"}]"});
    let mut key =
        item("AWS::KMS::Key", "arn:aws:kms:eu-west-1:111122223333:key/k", json!({"keyId": "k", "enabled": true}));
    key["supplementaryConfiguration"] = json!({"KeyRotationStatus": false, "Policy": "no policy"});
    let loaded = imported(&json!({"fileVersion": "1.0", "configurationItems": [bucket, stack, key]}).to_string());
    let account = only(&loaded);
    assert_eq!(
        properties(account, "arn:aws:s3:::assets"),
        json!({"BucketName": "assets", "VersioningConfiguration": {},
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "BlockPublicPolicy": false},
            "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}}}})
    );
    let bucket = account.resources.iter().find(|resource| resource.arn == "arn:aws:s3:::assets").unwrap();
    assert_eq!(bucket.policy.as_ref().unwrap().0.get(), "{\"Version\": \"2012-10-17\", \"Statement\": []}");
    assert_eq!(bucket.tags["env"], "prod");
    assert_eq!(
        properties(account, "arn:aws:cloudformation:eu-west-1:111122223333:stack/s/1"),
        json!({"StackName": "s", "EnableTerminationProtection": true, "Resources": [{"LogicalResourceId": "T", "DeletionPolicy": "Retain"}]})
    );
    assert_eq!(
        properties(account, "arn:aws:kms:eu-west-1:111122223333:key/k"),
        json!({"KeyId": "k", "Enabled": true, "EnableKeyRotation": false})
    );
    assert!(account.resources.iter().find(|resource| resource.kind == "AWS::KMS::Key").unwrap().policy.is_none());
}

#[test]
fn what_is_left_out_is_told() {
    let topic = |name: &str| {
        item("AWS::SNS::Topic", &format!("arn:aws:sns:eu-west-1:111122223333:{name}"), json!({"TopicName": name}))
    };
    let mut deleted = topic("gone");
    deleted["configurationItemStatus"] = json!("ResourceDeleted");
    let nowhere = json!({"resourceType": "AWS::S3::Bucket", "arn": "arn:aws:s3:::b"});
    let role = item("AWS::IAM::Role", "arn:aws:iam::111122223333:role/r", json!({}));
    let mut text: Value = serde_json::from_str(&selected(&[
        topic("a"),
        topic("a"),
        deleted,
        nowhere.clone(),
        role,
        json!({"arn": "x"}),
        json!({"resourceType": "AWS::SNS::Topic"}),
        json!([1]),
    ]))
    .unwrap();
    text["Results"].as_array_mut().unwrap().push("{cut".into());
    let loaded = imported(&text.to_string());
    assert_eq!(only(&loaded).resources.len(), 1);
    let notes = loaded.notes.join("\n");
    for told in [
        "entries that are not JSON objects: 2",
        "entries without `resourceType`: 1; put it into the query",
        "entries without an ARN: 1; put `arn` into the query",
        "entries that do not name their account: 1; put `accountId` into the query, or give --config-account",
        "entries of resources that were deleted: 1",
        "users, groups, roles and policies: 1; AWS Config tells too little of them",
        "entries whose ARN came before: 1; the first of each is used",
    ] {
        assert!(notes.contains(told), "{told}\n{notes}");
    }
    // The account may be given; then it is that of those only that do not name theirs.
    let both = selected(&[nowhere, topic("a")]);
    let loaded = import_text(both.as_bytes(), Some("444455556666")).unwrap();
    let accounts: Vec<&str> = loaded.snapshot.accounts.iter().map(|account| account.id.as_str()).collect();
    assert_eq!(accounts, [ACCOUNT, "444455556666"]);
}

#[test]
fn pages_are_joined_and_a_last_page_that_is_missing_is_told() {
    let topic = |name: &str| item("AWS::SNS::Topic", &format!("arn:aws:sns:eu-west-1:111122223333:{name}"), json!({}));
    let page = |name: &str, more: bool| {
        let mut page: Value = serde_json::from_str(&selected(&[topic(name)])).unwrap();
        if more {
            page["NextToken"] = json!("more");
        }
        page
    };
    let entry = |loaded: &Loaded| {
        let mut entries = only(loaded).coverage.iter().filter(|entry| entry.operation == "SelectResourceConfig");
        let entry = entries.next().unwrap().clone();
        assert!(entries.next().is_none());
        entry
    };
    let whole = [page("a", true), page("b", false)];
    for text in [format!("{}\n{}", whole[0], whole[1]), json!(whole).to_string()] {
        let loaded = imported(&text);
        assert_eq!(only(&loaded).resources.len(), 2);
        assert_eq!(entry(&loaded).outcome, Outcome::Ok);
    }
    let cut = imported(&page("a", true).to_string());
    assert_eq!(entry(&cut).outcome, Outcome::Failed);
    assert!(entry(&cut).detail.unwrap().contains("lacks the last page"));
}

#[test]
fn nothing_is_known_of_what_was_not_imported() {
    let loaded = imported(&described(
        "AWS::SQS::Queue",
        json!({"QueueName": "q", "Arn": "arn:aws:sqs:eu-west-1:111122223333:q"}),
    ));
    let account = only(&loaded);
    let outcomes: Vec<_> = account
        .coverage
        .iter()
        .map(|entry| (entry.service.as_str(), entry.operation.as_str(), entry.outcome))
        .collect();
    assert_eq!(
        outcomes,
        [
            ("cloudformation", "GetResource", Outcome::Ok),
            ("iam", "GetAccountAuthorizationDetails", Outcome::Unsupported),
            ("organizations", "ListPolicies", Outcome::Unsupported),
        ]
    );
    assert!(loaded.snapshot.collected_at.is_none());
    // Cloud Control lists, and types whose properties hold no ARN.
    let list = json!({"TypeName": "AWS::Cognito::IdentityPool", "ResourceDescriptions": [
        {"Identifier": "a", "Properties": "{\"Id\": \"eu-west-1:1\", \"AllowUnauthenticatedIdentities\": true}"},
        {"Identifier": "b", "Properties": {"Id": "eu-west-1:2"}}]});
    let loaded = import_text(list.to_string().as_bytes(), Some(ACCOUNT)).unwrap();
    let arn = "arn:aws:cognito-identity:eu-west-1:111122223333:identitypool/eu-west-1:1";
    assert_eq!(properties(only(&loaded), arn), json!({"Id": "eu-west-1:1", "AllowUnauthenticatedIdentities": true}));
    assert_eq!(only(&loaded).resources.len(), 2);
}

#[test]
fn what_cannot_be_imported_is_refused_in_words() {
    let refused = |text: &str| {
        import_text(text.as_bytes(), None).map(|loaded| loaded.snapshot.accounts.len()).unwrap_err().to_string()
    };
    for (text, said) in [
        ("", "the file is empty"),
        ("{\"a\": 1}", "the file is neither an answer of AWS Config"),
        ("[1]", "invalid type: integer `1`"),
        ("{\"Results\": 5}", "invalid type: integer `5`, expected a sequence"),
        ("{\"Results\": [\"{}\"]}", "no entry can be used: entries without `resourceType`: 1; put it into the query"),
        ("{\"Results\": [", "the file ends too early"),
        (&"{\"Results\": [".repeat(200), "nested too deep"),
        (&"[".repeat(200), "nested too deep"),
        ("{\"ResourceDescription\": {\"Properties\": \"{}\"}}", "no entry can be used: entries without `resourceType`"),
    ] {
        let message = refused(text);
        assert!(message.contains(said), "{message}");
        assert!(!message.contains('\n') && !message.ends_with('.'), "{message}");
    }
    // An answer without entries is no fault.
    let empty = imported("{\"Results\": []}");
    assert!(empty.snapshot.accounts.is_empty());
    assert_eq!(empty.notes, ["the file holds no resources"]);
}

#[test]
fn principals_come_from_a_file_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let details = json!({"UserDetailList": [{"UserName": "eve", "Arn": "arn:aws:iam::111122223333:user/eve"}], "GroupDetailList": [],
        "RoleDetailList": [], "Policies": []});
    let details = write("iam.json", &details.to_string());
    let config = write(
        "config.json",
        &selected(&[item("AWS::SNS::Topic", "arn:aws:sns:eu-west-1:111122223333:t", json!({"TopicName": "t"}))]),
    );
    for files in [[&config, &details], [&details, &config]] {
        let files: Vec<PathBuf> = files.into_iter().cloned().collect();
        let loaded = snapshot::import(&files, None).unwrap();
        let account = only(&loaded);
        assert_eq!(account.authorization_details.user_detail_list.len(), 1);
        assert_eq!(account.resources.len(), 1);
        let of_iam: Vec<_> =
            account.coverage.iter().filter(|entry| entry.service == "iam").map(|entry| entry.outcome).collect();
        assert_eq!(of_iam, [Outcome::Ok]);
    }
    let error = snapshot::import(&[details.clone(), details], None).unwrap_err().to_string();
    assert!(error.contains("account `111122223333` is also in `"), "{error}");
    let error = snapshot::import(&[folder.path().join("none")], None).unwrap_err().to_string();
    assert!(error.contains("there is no such file"), "{error}");
}

#[test]
fn the_command_writes_what_the_audit_reads() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        assert_cmd::cargo::cargo_bin_cmd!("foureyes")
            .env_clear()
            .current_dir(folder.path())
            .args(arguments)
            .output()
            .unwrap()
    };
    let mut table = item(
        "AWS::DynamoDB::Table",
        "arn:aws:dynamodb:eu-west-1:111122223333:table/t",
        json!({"tableName": "t", "deletionProtectionEnabled": false}),
    );
    table["tags"] = json!([{"key": "env", "value": "prod"}]);
    std::fs::write(folder.path().join("config.json"), selected(&[table])).unwrap();
    let output = run(&["collect", "--from-config", "config.json", "--out", "account.json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let output = run(&["audit", "--snapshot", "account.json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("DynamoDB table t has no") && text.contains("not part of what was imported"), "{text}");

    let output = run(&["collect", "--from-config", "config.json", "--config-account", "12", "--out", "account.json"]);
    assert_eq!(output.status.code(), Some(2));
    let output = run(&["collect", "--from-config", "config.json", "--region", "eu-west-1", "--out", "account.json"]);
    assert_eq!(output.status.code(), Some(2));
}
