//! `collect` against answers made up for it: what becomes of each, and what is never asked.

use crate::fake_aws::*;
use aws_config::{Region, timeout::TimeoutConfig};
use foureyes::collect::{self, Call, CollectError, Options, Progress, Regions};
use foureyes::snapshot::Outcome;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// An account with something of everything in it, in more than one page where there are pages, and marked secrets wherever
/// one may stand. A service that is added adds its answers here.
pub fn everything(asked: &Asked) -> Option<Answer> {
    use crate::{collect_data as data, collect_delivery as delivery, collect_watching as watching};
    match asked.service.as_str() {
        "amplify" => apps(asked),
        "appsync" => data::apis(asked),
        "backup" => data::backup(asked),
        "cloudformation" => delivery::stacks(asked),
        "cloudtrail" => watching::trails(asked),
        "codebuild" => delivery::builds(asked),
        "codepipeline" => delivery::pipelines(asked),
        "cognito-identity" | "cognito-idp" => data::cognito(asked),
        "dynamodb" => tables(asked),
        "ecs" => watching::containers(asked),
        "events" | "tagging" => watching::events(asked),
        "iam" => users(asked),
        // Where a key may not be described, nobody knows that it is AWS's own, which has neither grants nor tags.
        "kms" if ["ListGrants", "ListResourceTags"].contains(&&*asked.operation) && asked.body.contains("aws1") => None,
        "kms" => data::kms(asked),
        "lambda" => data::lambda(asked),
        "logs" => watching::log_groups(asked),
        "monitoring" => watching::alarms(asked),
        "organizations" => crate::collect_organization::around(asked),
        "rds" => data::rds(asked),
        "route53" => watching::zones(asked),
        "s3" => data::s3(asked),
        "secretsmanager" => data::secrets(asked),
        "sns" => data::topics(asked),
        "sqs" => data::queues(asked),
        _ => None,
    }
}

/// Two tables on two pages: one that has everything, one that has nothing.
fn tables(asked: &Asked) -> Option<Answer> {
    if asked.service != "dynamodb" {
        return None;
    }
    let orders = asked.body.contains("Orders");
    Some(match asked.operation.as_str() {
        "ListTables" if asked.body.contains("Carts") => json(json!({"TableNames": ["Orders"]})),
        "ListTables" => json(json!({"TableNames": ["Carts"], "LastEvaluatedTableName": "Carts"})),
        "DescribeTable" => json(json!({"Table": {"TableStatus": "ACTIVE", "DeletionProtectionEnabled": orders}})),
        "DescribeContinuousBackups" => {
            let status = if orders { "ENABLED" } else { "DISABLED" };
            json(json!({"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED",
                "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": status}}}))
        }
        "ListTagsOfResource" => match asked.body.contains("more") {
            false => json(json!({"Tags": [{"Key": "env", "Value": "prod"}], "NextToken": "more"})),
            true => json(json!({"Tags": [{"Key": "team", "Value": "shop"}]})),
        },
        "GetResourcePolicy" if orders => json(json!({"Policy": "{\"Statement\":[]}", "RevisionId": "1"})),
        _ => return None,
    })
}

/// Two users, a role that they may assume, and who is let in from outside, on two pages each.
fn users(asked: &Asked) -> Option<Answer> {
    if asked.service != "iam" {
        return None;
    }
    let marked = |marker: &str| asked.body.contains(&format!("Marker={marker}"));
    let list = |operation: &str, first: &str, second: &str| {
        let (items, end) = if marked("2") {
            (second, "<IsTruncated>false</IsTruncated>")
        } else {
            (first, "<IsTruncated>true</IsTruncated><Marker>2</Marker>")
        };
        xml(&format!("<{operation}Response><{operation}Result>{items}{end}</{operation}Result></{operation}Response>"))
    };
    let answer = |operation: &str, body: &str| {
        xml(&format!("<{operation}Response><{operation}Result>{body}</{operation}Result></{operation}Response>"))
    };
    let arn = |tail: &str| format!("arn:aws:iam::{ACCOUNT}:{tail}");
    let operation = asked.operation.as_str();
    let eve = asked.body.contains("UserName=eve");
    Some(match operation {
        "GetAccountAuthorizationDetails" => match marker(asked) {
            None => details(USER, Some("one")),
            Some(_) => details(ROLE, None),
        },
        "ListAccountAliases" => answer(operation, "<AccountAliases><member>acme-prod</member></AccountAliases>"),
        "ListUsers" => {
            let user = |name: &str, more: &str| {
                format!(
                    "<Users><member><Path>/</Path><UserName>{name}</UserName><UserId>AIDA{name}</UserId><Arn>{}</Arn>\
                     <CreateDate>2026-01-01T00:00:00Z</CreateDate>{more}</member></Users>",
                    arn(&format!("user/{name}"))
                )
            };
            let used = "<PasswordLastUsed>2026-11-01T08:00:00Z</PasswordLastUsed>";
            list(operation, &user("eve", used), &user("ci", ""))
        }
        "ListAccessKeys" => {
            let key = |id: &str, status: &str, date: &str| {
                format!(
                    "<AccessKeyMetadata><member><UserName>u</UserName><AccessKeyId>SECRET{id}</AccessKeyId>\
                     <Status>{status}</Status><CreateDate>{date}</CreateDate></member></AccessKeyMetadata>"
                )
            };
            let (old, new) = (key("1", "Inactive", "2024-01-01T00:00:00Z"), key("2", "Active", "2026-01-01T00:00:00Z"));
            list(operation, &new, &old)
        }
        "GetAccessKeyLastUsed" if asked.body.contains("SECRET2") => answer(
            operation,
            "<UserName>u</UserName><AccessKeyLastUsed><LastUsedDate>2026-11-20T00:00:00Z</LastUsedDate>\
             <ServiceName>dynamodb</ServiceName><Region>eu-west-1</Region></AccessKeyLastUsed>",
        ),
        "GetAccessKeyLastUsed" => answer(
            operation,
            "<UserName>u</UserName><AccessKeyLastUsed><ServiceName>N/A</ServiceName><Region>N/A</Region></AccessKeyLastUsed>",
        ),
        "GetLoginProfile" if eve => answer(
            operation,
            "<LoginProfile><UserName>eve</UserName><CreateDate>2026-01-01T00:00:00Z</CreateDate></LoginProfile>",
        ),
        "ListMFADevices" if eve => {
            let device = |id: &str| {
                format!(
                    "<MFADevices><member><UserName>eve</UserName><SerialNumber>{id}</SerialNumber>\
                     <EnableDate>2026-01-01T00:00:00Z</EnableDate></member></MFADevices>"
                )
            };
            list(operation, &device("SECRET-a"), &device("SECRET-b"))
        }
        "ListInstanceProfiles" => {
            let profile = |name: &str, roles: &str| {
                format!(
                    "<InstanceProfiles><member><Path>/</Path><InstanceProfileName>{name}</InstanceProfileName>\
                     <InstanceProfileId>AIPA</InstanceProfileId><Arn>{}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
                     <Roles>{roles}</Roles></member></InstanceProfiles>",
                    arn(&format!("instance-profile/{name}"))
                )
            };
            let role = format!(
                "<member><Path>/</Path><RoleName>deploy</RoleName><RoleId>AROA1</RoleId><Arn>{}</Arn>\
                 <CreateDate>2026-01-01T00:00:00Z</CreateDate></member>",
                arn("role/deploy")
            );
            list(operation, &profile("web", &role), &profile("batch", ""))
        }
        "ListInstanceProfileTags" | "ListSAMLProviderTags" => {
            let tag = |key: &str| format!("<Tags><member><Key>{key}</Key><Value>v</Value></member></Tags>");
            list(operation, &tag("a"), &tag("b"))
        }
        "ListOpenIDConnectProviders" => answer(
            operation,
            &format!(
                "<OpenIDConnectProviderList><member><Arn>{}</Arn></member><member><Arn>{}</Arn></member></OpenIDConnectProviderList>",
                arn("oidc-provider/token.actions.githubusercontent.com"),
                arn("oidc-provider/gitlab.example")
            ),
        ),
        "GetOpenIDConnectProvider" => answer(
            operation,
            "<Url>https://idp.example</Url><ClientIDList><member>sts.amazonaws.com</member></ClientIDList>\
             <ThumbprintList><member>SECRET</member></ThumbprintList><Tags><member><Key>a</Key><Value>v</Value></member></Tags>",
        ),
        "ListSAMLProviders" => answer(
            operation,
            &format!("<SAMLProviderList><member><Arn>{}</Arn></member></SAMLProviderList>", arn("saml-provider/okta")),
        ),
        _ => return None,
    })
}

#[test]
fn how_users_sign_in_and_who_is_let_in() {
    let account = collect_account(&Fake::new(users));
    assert_eq!(account.alias.as_deref(), Some("acme-prod"));
    let properties = |tail: &str| {
        let found = resource(&account, &format!("arn:aws:iam::{ACCOUNT}:{tail}"));
        assert_eq!(found.region, None);
        (found.kind.clone(), Value::Object(found.properties.clone()), serde_json::to_value(&found.tags).unwrap())
    };
    let keys = json!([
        {"Status": "Inactive", "CreateDate": "2024-01-01T00:00:00Z"},
        {"Status": "Active", "CreateDate": "2026-01-01T00:00:00Z", "LastUsedDate": "2026-11-20T00:00:00Z",
            "LastUsedService": "dynamodb"}]);
    let (kind, eve, tags) = properties("user/eve");
    assert_eq!((kind.as_str(), tags), ("AWS::IAM::User", json!({"team": "shop"})));
    assert_eq!(
        eve,
        json!({"UserName": "eve", "PasswordLastUsed": "2026-11-01T08:00:00Z", "HasLoginProfile": true, "MFADevices": 2,
            "AccessKeys": keys})
    );
    assert_eq!(
        properties("user/ci").1,
        json!({"UserName": "ci", "HasLoginProfile": false, "MFADevices": 0, "AccessKeys": keys})
    );
    let two = json!({"a": "v", "b": "v"});
    assert_eq!(
        properties("instance-profile/web"),
        (
            "AWS::IAM::InstanceProfile".to_owned(),
            json!({"InstanceProfileName": "web", "Roles": [format!("arn:aws:iam::{ACCOUNT}:role/deploy")]}),
            two.clone()
        )
    );
    assert_eq!(properties("instance-profile/batch").1, json!({"InstanceProfileName": "batch", "Roles": []}));
    assert_eq!(
        properties("oidc-provider/gitlab.example"),
        (
            "AWS::IAM::OIDCProvider".to_owned(),
            json!({"Url": "https://idp.example", "ClientIdList": ["sts.amazonaws.com"]}),
            json!({"a": "v"})
        )
    );
    assert_eq!(properties("saml-provider/okta"), ("AWS::IAM::SAMLProvider".to_owned(), json!({"Name": "okta"}), two));
    let text = serde_json::to_string(&account).unwrap();
    assert!(!text.contains("SECRET"), "{text}");
}

#[test]
fn a_password_that_may_not_be_asked_about_is_not_known() {
    let fake = Fake::new(|asked| match asked.operation.as_str() {
        "GetLoginProfile" | "ListMFADevices" | "ListAccessKeys" => Some(xml_error(403, "AccessDenied")),
        _ => users(asked),
    });
    let account = collect_account(&fake);
    let eve = resource(&account, "arn:aws:iam::111122223333:user/eve");
    assert_eq!(eve.properties.keys().collect::<Vec<_>>(), ["PasswordLastUsed", "UserName"]);
}

/// What a page of `GetAccountAuthorizationDetails` is asked by.
fn marker(asked: &Asked) -> Option<&str> {
    asked.body.split('&').find_map(|pair| pair.strip_prefix("Marker="))
}

const USER: &str = "<UserDetailList><member><Path>/</Path><UserName>eve</UserName><UserId>AIDA1</UserId>\
    <Arn>arn:aws:iam::111122223333:user/eve</Arn><GroupList><member>dev</member></GroupList>\
    <UserPolicyList><member><PolicyName>own</PolicyName>\
    <PolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D</PolicyDocument></member></UserPolicyList>\
    <PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>\
    <PermissionsBoundaryArn>arn:aws:iam::aws:policy/Bound</PermissionsBoundaryArn></PermissionsBoundary>\
    <Tags><member><Key>team</Key><Value>shop</Value></member></Tags></member></UserDetailList>";
const ROLE: &str = "<RoleDetailList><member><Path>/</Path><RoleName>deploy</RoleName><RoleId>AROA1</RoleId>\
    <Arn>arn:aws:iam::111122223333:role/deploy</Arn>\
    <AssumeRolePolicyDocument>%7B%22Statement%22%3A%5B%5D%7D</AssumeRolePolicyDocument>\
    <AttachedManagedPolicies><member><PolicyName>Attached</PolicyName><PolicyArn>arn:aws:iam::aws:policy/Attached</PolicyArn>\
    </member></AttachedManagedPolicies>\
    <RoleLastUsed><LastUsedDate>2026-11-01T10:20:30Z</LastUsedDate><Region>eu-west-1</Region></RoleLastUsed>\
    </member></RoleDetailList>";

fn managed(arn: &str) -> String {
    format!(
        "<member><PolicyName>P</PolicyName><Arn>{arn}</Arn><DefaultVersionId>v1</DefaultVersionId><AttachmentCount>0</AttachmentCount>\
         <PolicyVersionList><member><VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion>\
         <Document>%7B%22Statement%22%3A%5B%5D%7D</Document></member></PolicyVersionList></member>"
    )
}

#[test]
fn pages_of_authorization_details_are_joined() {
    let fake = Fake::new(|asked| {
        if asked.operation != "GetAccountAuthorizationDetails" {
            return None;
        }
        for filter in ["User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy"] {
            assert!(asked.body.contains(&format!("={filter}")), "{}", asked.body);
        }
        Some(match marker(asked) {
            // AWS's policies come before those who have them.
            None => {
                let of_aws =
                    ["Attached", "Bound", "Unused"].map(|name| managed(&format!("arn:aws:iam::aws:policy/{name}")));
                details(&format!("<Policies>{}</Policies>", of_aws.concat()), Some("one"))
            }
            Some("one") => details(USER, Some("two")),
            Some("two") => {
                let own = managed("arn:aws:iam::111122223333:policy/unattached");
                details(&format!("{ROLE}<Policies>{own}</Policies>"), None)
            }
            Some(other) => panic!("{other}"),
        })
    });
    let account = collect_account(&fake);
    assert_eq!(fake.count("GetAccountAuthorizationDetails"), 3);
    assert_eq!(coverage(&account, "GetAccountAuthorizationDetails").outcome, Outcome::Ok);

    let iam = &account.authorization_details;
    let arns: Vec<&str> = iam.policies.iter().map(|policy| policy.arn.as_str()).collect();
    assert_eq!(
        arns,
        [
            "arn:aws:iam::111122223333:policy/unattached",
            "arn:aws:iam::aws:policy/Attached",
            "arn:aws:iam::aws:policy/Bound"
        ]
    );
    let user = &iam.user_detail_list[0];
    assert_eq!(user.user_policy_list[0].policy_document.0.get(), r#"{"Version":"2012-10-17","Statement":[]}"#);
    assert_eq!(user.group_list, ["dev"]);
    assert_eq!((user.tags[0].key.as_str(), user.tags[0].value.as_str()), ("team", "shop"));
    let boundary = user.permissions_boundary.as_ref().unwrap();
    assert_eq!(boundary.permissions_boundary_arn, "arn:aws:iam::aws:policy/Bound");
    let role = &iam.role_detail_list[0];
    assert_eq!(role.assume_role_policy_document.as_ref().unwrap().0.get(), r#"{"Statement":[]}"#);
    let used = role.role_last_used.as_ref().unwrap();
    assert_eq!(used.last_used_date.as_deref(), Some("2026-11-01T10:20:30Z"));
}

#[test]
fn pages_that_came_stay_when_a_later_one_is_cut() {
    let fake = Fake::new(|asked| {
        (asked.operation == "GetAccountAuthorizationDetails").then(|| match marker(asked) {
            None => details(USER, Some("one")),
            Some(_) => xml("<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsRes"),
        })
    });
    let account = collect_account(&fake);
    assert_eq!(account.authorization_details.user_detail_list.len(), 1);
    let entry = coverage(&account, "GetAccountAuthorizationDetails");
    assert_eq!(entry.outcome, Outcome::Failed);
    let detail = entry.detail.as_deref().unwrap();
    assert!(detail.starts_with("iam:GetAccountAuthorizationDetails: HTTP 200"), "{detail}");
    assert!(detail.ends_with(", after page 1"), "{detail}");
}

#[test]
fn a_list_without_an_end_is_left() {
    let fake = Fake::new(|asked| match asked.operation.as_str() {
        "GetAccountAuthorizationDetails" => Some(details("", Some("again"))),
        "ListTables" => Some(json(json!({"TableNames": ["A"], "LastEvaluatedTableName": "A"}))),
        _ => None,
    });
    let account = collect_account(&fake);
    for operation in ["GetAccountAuthorizationDetails", "ListTables"] {
        assert_eq!(fake.count(operation), 2);
        assert_eq!(coverage(&account, operation).outcome, Outcome::Failed);
    }
    // Seen on two pages, kept once.
    assert_eq!(account.resources.len(), 1);
}

#[test]
fn what_is_refused_is_named_and_the_rest_is_read() {
    let fake = Fake::new(|asked| match asked.operation.as_str() {
        "GetAccountAuthorizationDetails" => Some(xml_error(403, "AccessDenied")),
        "ListApps" => Some(json_error(403, "UnauthorizedException")),
        "ListTables" => Some(json(json!({"TableNames": ["Orders"]}))),
        "DescribeTable" => Some(json(json!({"Table": {"TableName": "Orders", "DeletionProtectionEnabled": false}}))),
        "DescribeContinuousBackups" => Some(json_error(400, "AccessDeniedException")),
        _ => None,
    });
    let account = collect_account(&fake);
    for (operation, detail) in [
        ("GetAccountAuthorizationDetails", "iam:GetAccountAuthorizationDetails: AccessDenied"),
        ("ListApps", "amplify:ListApps: UnauthorizedException"),
        ("DescribeContinuousBackups", "dynamodb:DescribeContinuousBackups on table Orders: AccessDeniedException"),
    ] {
        let entry = coverage(&account, operation);
        assert_eq!((entry.outcome, entry.detail.as_deref()), (Outcome::Denied, Some(detail)));
        assert_eq!(fake.count(operation), 1, "a refusal is not asked twice");
    }
    assert_eq!(coverage(&account, "GetResourcePolicy").outcome, Outcome::Ok);
    // Not known is absent, not false.
    let table = resource(&account, "arn:aws:dynamodb:eu-west-1:111122223333:table/Orders");
    assert_eq!(table.properties.get("DeletionProtectionEnabled"), Some(&json!(false)));
    assert_eq!(table.properties.get("PointInTimeRecoverySpecification"), None);
}

#[test]
fn a_table_that_cannot_be_described_is_still_there() {
    let fake = Fake::new(|asked| match asked.operation.as_str() {
        "ListTables" => Some(json(json!({"TableNames": ["Orders"]}))),
        "DescribeTable" => Some(json_error(400, "AccessDeniedException")),
        _ => None,
    });
    let account = collect_account(&fake);
    let table = resource(&account, "arn:aws:dynamodb:eu-west-1:111122223333:table/Orders");
    assert_eq!(table.properties.get("TableName"), Some(&json!("Orders")));
    assert_eq!(table.properties.get("DeletionProtectionEnabled"), None);
}

#[test]
fn throttling_is_waited_out() {
    let fake = Fake::new(|asked| match asked.operation.as_str() {
        "ListTables" if asked.before < 2 => Some(json_error(400, "ThrottlingException")),
        "ListApps" => Some(json_error(429, "TooManyRequestsException")),
        _ => None,
    });
    let account = collect_account(&fake);
    assert_eq!(fake.count("ListTables"), 3);
    assert_eq!(coverage(&account, "ListTables").outcome, Outcome::Ok);
    assert_eq!(fake.count("ListApps"), 5);
    let entry = coverage(&account, "ListApps");
    assert_eq!(entry.outcome, Outcome::Throttled);
    assert_eq!(entry.detail.as_deref(), Some("amplify:ListApps: TooManyRequestsException"));
}

#[test]
fn faults_are_failures_without_the_answer_in_the_text() {
    let page = "<html><title>500</title>SECRET-in-a-page</html>";
    let fake = Fake::new(move |asked| match asked.operation.as_str() {
        "GetAccountAuthorizationDetails" | "ListTables" => {
            Some(Answer::Http(500, vec![("content-type", "text/html")], page.to_owned()))
        }
        "ListApps" => Some(Answer::Http(200, vec![], r#"{"apps": [{"appId": "SECRET-cut"#.to_owned())),
        _ => None,
    });
    let account = collect_account(&fake);
    for (operation, status) in [("GetAccountAuthorizationDetails", "500"), ("ListTables", "500"), ("ListApps", "200")] {
        let entry = coverage(&account, operation);
        let detail = entry.detail.as_deref().unwrap();
        assert_eq!(entry.outcome, Outcome::Failed, "{detail}");
        assert!(detail.contains(&format!("HTTP {status}")), "{detail}");
        assert!(!detail.contains("SECRET"), "{detail}");
    }
}

#[test]
fn silence_has_a_limit() {
    let fake = Fake::new(|asked| (asked.operation == "ListTables").then_some(Answer::Silence));
    let limit = TimeoutConfig::builder().operation_timeout(Duration::from_millis(50)).build();
    let config = config(&fake).into_builder().timeout_config(limit).build();
    let snapshot = collect::collect_with(&config, &Options::default(), NOW, &()).unwrap();
    let entry = coverage(&snapshot.accounts[0], "ListTables");
    assert_eq!(entry.outcome, Outcome::Failed);
    assert_eq!(entry.detail.as_deref(), Some("dynamodb:ListTables: no answer in time"));
}

#[test]
fn absent_regions_and_services_are_unsupported_and_faults_are_not() {
    let fake = Fake::new(|asked| match (asked.region.as_str(), asked.operation.as_str()) {
        // A region that is not enabled does not know the account's credentials.
        ("af-south-1", "ListTables" | "ListApps") => Some(json_error(400, "UnrecognizedClientException")),
        // Israel has no Amplify: its host name does not resolve. Ireland's does, unless the network is ill.
        ("il-central-1" | "eu-west-1", "ListApps") => Some(Answer::Down("dns error: no such host")),
        _ => None,
    });
    let regions = ["eu-west-1", "af-south-1", "il-central-1"].map(str::to_owned).to_vec();
    let options = Options { regions: Regions::These(regions), ..Options::default() };
    let snapshot = try_collect(&fake, &options).unwrap();
    let outcome = |region: &str, operation: &str| {
        let mut entries = snapshot.accounts[0].coverage.iter();
        entries.find(|entry| entry.region.as_deref() == Some(region) && entry.operation == operation).unwrap().outcome
    };
    assert_eq!(outcome("af-south-1", "ListTables"), Outcome::Unsupported);
    assert_eq!(outcome("af-south-1", "ListApps"), Outcome::Unsupported);
    assert_eq!(outcome("il-central-1", "ListApps"), Outcome::Unsupported);
    assert_eq!(outcome("il-central-1", "ListTables"), Outcome::Ok);
    assert_eq!(outcome("eu-west-1", "ListApps"), Outcome::Failed);
}

#[test]
fn all_regions_are_the_enabled_ones() {
    let fake = Fake::new(|asked| {
        (asked.operation == "ListRegions").then(|| match asked.body.contains("more") {
            false => json(json!({"NextToken": "more", "Regions": [
                {"RegionName": "us-east-1", "RegionOptStatus": "ENABLED_BY_DEFAULT"},
                {"RegionName": "me-south-1", "RegionOptStatus": "DISABLED"}]})),
            true => json(json!({"Regions": [
                {"RegionName": "eu-south-2", "RegionOptStatus": "ENABLED"},
                {"RegionName": "af-south-1", "RegionOptStatus": "ENABLING"}]})),
        })
    });
    let options = Options { regions: Regions::All, ..Options::default() };
    let snapshot = try_collect(&fake, &options).unwrap();
    let account = &snapshot.accounts[0];
    let regions: BTreeSet<&str> = account.coverage.iter().filter_map(|entry| entry.region.as_deref()).collect();
    assert_eq!(regions.into_iter().collect::<Vec<_>>(), ["eu-south-2", "us-east-1"]);
    let entry = coverage(account, "ListRegions");
    assert_eq!(entry.outcome, Outcome::Ok);
    assert_eq!(entry.detail.as_deref(), Some("left out, not enabled: af-south-1, me-south-1"));
}

#[test]
fn regions_that_may_not_be_listed_are_those_known() {
    let fake = Fake::new(|asked| (asked.operation == "ListRegions").then(|| json_error(403, "AccessDeniedException")));
    let options = Options { regions: Regions::All, ..Options::default() };
    let snapshot = try_collect(&fake, &options).unwrap();
    let account = &snapshot.accounts[0];
    let regions: BTreeSet<&str> = account.coverage.iter().filter_map(|entry| entry.region.as_deref()).collect();
    assert!(regions.len() > 30 && regions.contains("eu-west-1"));
    let entry = coverage(account, "ListRegions");
    assert_eq!(entry.outcome, Outcome::Denied);
    let detail = entry.detail.as_deref().unwrap();
    assert_eq!(detail, "account:ListRegions: AccessDeniedException; read the regions known to this version instead");
}

#[test]
fn tables_are_in_the_vocabulary_of_cloudformation() {
    let fake = Fake::new(|asked| match asked.operation.as_str() {
        "ListTables" if asked.body.contains("Carts") => Some(json(json!({"TableNames": ["Orders"]}))),
        "ListTables" => Some(json(json!({"TableNames": ["Carts"], "LastEvaluatedTableName": "Carts"}))),
        "DescribeTable" if asked.body.contains("Orders") => Some(json(json!({"Table": {
            "TableName": "Orders", "TableStatus": "ACTIVE", "DeletionProtectionEnabled": true,
            "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/k"},
            "TableClassSummary": {"TableClass": "STANDARD"},
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
            "Replicas": [{"RegionName": "us-east-1", "ReplicaStatus": "ACTIVE"}],
        }}))),
        "DescribeContinuousBackups" if asked.body.contains("Orders") => {
            Some(json(json!({"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED",
                "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 35,
                    "EarliestRestorableDateTime": 1_790_000_000.5, "LatestRestorableDateTime": 1_792_000_000}}})))
        }
        "ListTagsOfResource" if asked.body.contains("Orders") => Some(match asked.body.contains("more") {
            false => json(json!({"Tags": [{"Key": "env", "Value": "prod"}], "NextToken": "more"})),
            true => json(json!({"Tags": [{"Key": "team", "Value": "shop"}]})),
        }),
        "GetResourcePolicy" if asked.body.contains("Orders") => {
            Some(json(json!({"Policy": "{\"Version\": \"2012-10-17\", \"Statement\": []}", "RevisionId": "1"})))
        }
        _ => None,
    });
    let account = collect_account(&fake);
    let orders = resource(&account, "arn:aws:dynamodb:eu-west-1:111122223333:table/Orders");
    assert_eq!((orders.kind.as_str(), orders.region.as_deref()), ("AWS::DynamoDB::Table", Some("eu-west-1")));
    assert_eq!(orders.policy.as_ref().unwrap().0.get(), r#"{"Version": "2012-10-17", "Statement": []}"#);
    assert_eq!(serde_json::to_value(&orders.tags).unwrap(), json!({"env": "prod", "team": "shop"}));
    assert_eq!(
        Value::Object(orders.properties.clone()),
        json!({
            "TableName": "Orders", "TableStatus": "ACTIVE", "DeletionProtectionEnabled": true, "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "SSESpecification": {"SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": "arn:aws:kms:eu-west-1:111122223333:key/k"},
            "TableClass": "STANDARD", "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            "Replicas": [{"Region": "us-east-1", "ReplicaStatus": "ACTIVE"}],
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": 35},
            "ContinuousBackups": {"ContinuousBackupsStatus": "ENABLED",
                "EarliestRestorableDateTime": "2026-09-21T14:13:20.5Z", "LatestRestorableDateTime": "2026-10-14T17:46:40Z"},
            "Backups": [],
        })
    );
    let carts = resource(&account, "arn:aws:dynamodb:eu-west-1:111122223333:table/Carts");
    assert!(carts.policy.as_ref().is_some_and(|policy| policy.is_missing()) && carts.tags.is_empty());
    assert_eq!(coverage(&account, "GetResourcePolicy").outcome, Outcome::Ok);
}

fn app(id: &str) -> Value {
    json!({
        "appId": id, "appArn": format!("arn:aws:amplify:eu-west-1:{ACCOUNT}:apps/{id}"), "name": "shop",
        "description": "SECRET-description", "repository": "https://SECRET-user:SECRET-token@github.com/acme/shop",
        "platform": "WEB", "createTime": 1.0, "updateTime": 2.0, "defaultDomain": format!("{id}.amplifyapp.com"),
        "iamServiceRoleArn": "arn:aws:iam::111122223333:role/amplify", "computeRoleArn": "arn:aws:iam::111122223333:role/ssr",
        "environmentVariables": {"DB_PASSWORD": "SECRET-app-variable", "API": "SECRET-api"},
        "enableBranchAutoBuild": true, "enableBranchAutoDeletion": false, "enableBasicAuth": true,
        "basicAuthCredentials": "SECRET-app-basic-auth", "buildSpec": "SECRET-app-build-spec",
        "customHeaders": "SECRET-headers", "customRules": [{"source": "/SECRET-rule", "target": "/"}],
        "enableAutoBranchCreation": true, "autoBranchCreationPatterns": ["feature/*"],
        "autoBranchCreationConfig": {"stage": "DEVELOPMENT", "enableAutoBuild": true, "enablePullRequestPreview": false,
            "environmentVariables": {"KEY": "SECRET-auto-variable"}, "basicAuthCredentials": "SECRET-auto-basic-auth",
            "buildSpec": "SECRET-auto-build-spec"},
        "productionBranch": {"branchName": "main", "status": "SUCCEED", "thumbnailUrl": "https://SECRET-presigned", "lastDeployTime": 3.0},
        "tags": {"env": "prod"},
    })
}

fn branch(app: &str, name: &str) -> Value {
    json!({
        "branchArn": format!("arn:aws:amplify:eu-west-1:{ACCOUNT}:apps/{app}/branches/{name}"), "branchName": name,
        "description": "SECRET-branch-description", "stage": "PRODUCTION", "displayName": name, "enableNotification": false,
        "createTime": 1.0, "updateTime": 2.0, "environmentVariables": {"TOKEN": "SECRET-branch-variable"},
        "enableAutoBuild": true, "customDomains": ["shop.example"], "framework": "React", "activeJobId": "1",
        "totalNumberOfJobs": "1", "enableBasicAuth": true, "basicAuthCredentials": "SECRET-branch-basic-auth",
        "thumbnailUrl": "https://SECRET-thumbnail", "buildSpec": "SECRET-branch-build-spec", "ttl": "5",
        "enablePullRequestPreview": true, "pullRequestEnvironmentName": "pr",
        "backendEnvironmentArn": format!("arn:aws:amplify:eu-west-1:{ACCOUNT}:apps/{app}/backendenvironments/prod"),
        "backend": {"stackArn": "arn:aws:cloudformation:eu-west-1:111122223333:stack/amplify-shop/1"},
        "tags": {"env": "prod"},
    })
}

/// Two apps on two pages, each with two branches on two pages and one of everything else; secrets in every field that
/// can hold one.
fn shop() -> Fake {
    Fake::new(apps)
}

fn apps(asked: &Asked) -> Option<Answer> {
    let id = asked.path.split('/').nth(2).unwrap_or_default();
    let arn = |tail: &str| format!("arn:aws:amplify:eu-west-1:{ACCOUNT}:apps/{id}/{tail}");
    let second = asked.query.contains("nextToken=second");
    Some(match asked.operation.as_str() {
        "ListApps" if second => json(json!({"apps": [app("d2")]})),
        "ListApps" => json(json!({"apps": [app("d1")], "nextToken": "second"})),
        "ListBranches" if second => {
            let mut branch = branch(id, "dev");
            // Branches made by hand may lack a stage, whatever the model requires.
            branch.as_object_mut().unwrap().remove("stage");
            json(json!({"branches": [branch]}))
        }
        "ListBranches" => json(json!({"branches": [branch(id, "main")], "nextToken": "second"})),
        "ListBackendEnvironments" => json(json!({"backendEnvironments": [{
                "backendEnvironmentArn": arn("backendenvironments/prod"), "environmentName": "prod",
                "stackName": "amplify-shop-prod", "deploymentArtifacts": "shop-artifacts", "createTime": 1.0, "updateTime": 2.0}]})),
        "ListDomainAssociations" => json(json!({"domainAssociations": [{
                "domainAssociationArn": arn("domains/shop.example"), "domainName": "shop.example", "enableAutoSubDomain": false,
                "domainStatus": "AVAILABLE", "statusReason": "", "certificateVerificationDNSRecord": "SECRET-record",
                "subDomains": [{"subDomainSetting": {"prefix": "", "branchName": "main"}, "verified": true, "dnsRecord": "SECRET-dns"}]}]})),
        "ListWebhooks" => json(json!({"webhooks": [{
                "webhookArn": arn("webhooks/w1"), "webhookId": "w1", "appId": id, "branchName": "main", "description": "SECRET-description",
                "webhookUrl": "https://webhooks.amplify.eu-west-1.amazonaws.com/prod/webhooks?id=w1&token=SECRET-token",
                "createTime": 1.0, "updateTime": 2.0}]})),
        _ => return None,
    })
}

#[test]
fn amplify_is_read_to_the_last_page() {
    let account = collect_account(&shop());
    let kinds: BTreeMap<&str, usize> = account.resources.iter().fold(BTreeMap::new(), |mut kinds, resource| {
        *kinds.entry(resource.kind.as_str()).or_default() += 1;
        kinds
    });
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        [
            ("AWS::Amplify::App", 2),
            ("AWS::Amplify::BackendEnvironment", 2),
            ("AWS::Amplify::Branch", 4),
            ("AWS::Amplify::Domain", 2),
            ("AWS::Amplify::Webhook", 2)
        ]
    );
    let properties = |tail: &str| {
        let arn = format!("arn:aws:amplify:eu-west-1:{ACCOUNT}:apps/{tail}");
        Value::Object(resource(&account, &arn).properties.clone())
    };
    assert_eq!(
        properties("d1"),
        json!({
            "AppId": "d1", "Name": "shop", "Repository": "https://github.com/acme/shop", "Platform": "WEB",
            "IAMServiceRole": "arn:aws:iam::111122223333:role/amplify", "ComputeRoleArn": "arn:aws:iam::111122223333:role/ssr",
            "DefaultDomain": "d1.amplifyapp.com", "EnableBranchAutoBuild": true, "EnableBranchAutoDeletion": false,
            "EnableAutoBranchCreation": true, "AutoBranchCreationPatterns": ["feature/*"],
            "AutoBranchCreationConfig": {"Stage": "DEVELOPMENT", "EnableAutoBuild": true, "EnablePullRequestPreview": false,
                "EnvironmentVariableNames": ["KEY"]},
            "ProductionBranch": {"BranchName": "main", "Status": "SUCCEED", "LastDeployTime": "1970-01-01T00:00:03Z"},
            "EnvironmentVariableNames": ["API", "DB_PASSWORD"],
        })
    );
    assert_eq!(
        properties("d1/branches/main"),
        json!({
            "AppId": "d1", "BranchName": "main", "Stage": "PRODUCTION", "EnableAutoBuild": true, "EnablePullRequestPreview": true,
            "PullRequestEnvironmentName": "pr", "CustomDomains": ["shop.example"], "EnvironmentVariableNames": ["TOKEN"],
            "BackendEnvironmentArn": "arn:aws:amplify:eu-west-1:111122223333:apps/d1/backendenvironments/prod",
            "Backend": {"StackArn": "arn:aws:cloudformation:eu-west-1:111122223333:stack/amplify-shop/1"},
        })
    );
    assert_eq!(properties("d2/branches/dev").get("Stage"), None);
    assert_eq!(
        properties("d1/backendenvironments/prod"),
        json!({"AppId": "d1", "EnvironmentName": "prod", "StackName": "amplify-shop-prod", "DeploymentArtifacts": "shop-artifacts"})
    );
    assert_eq!(
        properties("d1/domains/shop.example"),
        json!({"AppId": "d1", "DomainName": "shop.example", "DomainStatus": "AVAILABLE", "EnableAutoSubDomain": false,
            "SubDomainSettings": [{"Prefix": "", "BranchName": "main", "Verified": true}]})
    );
    assert_eq!(properties("d1/webhooks/w1"), json!({"AppId": "d1", "BranchName": "main", "WebhookId": "w1"}));
}

/// A writer that remembers.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_secret_is_kept_or_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    let snapshot = tracing::subscriber::with_default(subscriber, || {
        tracing::info!("the log is open");
        try_collect(&shop(), &Options::default()).unwrap()
    });
    let text = serde_json::to_string(&snapshot).unwrap();
    assert!(text.contains("DB_PASSWORD"), "the names stay");
    assert!(!text.contains("SECRET"), "{text}");
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("the log is open"));
    assert!(!log.contains("SECRET"), "{log}");
}

#[test]
fn an_app_that_went_away_is_a_failure_and_not_an_empty_app() {
    let gone = Fake::new(|asked| match asked.operation.as_str() {
        "ListApps" => Some(json(json!({"apps": [app("d1")]}))),
        "ListBranches" => Some(json_error(404, "NotFoundException")),
        _ => None,
    });
    let account = collect_account(&gone);
    let entry = coverage(&account, "ListBranches");
    assert_eq!(entry.outcome, Outcome::Failed);
    assert_eq!(entry.detail.as_deref(), Some("amplify:ListBranches on app d1: NotFoundException"));
}

#[test]
fn without_an_identity_there_is_nothing_to_collect() {
    let refused = Fake::new(|asked| (asked.operation == "GetCallerIdentity").then(|| xml_error(403, "ExpiredToken")));
    let error = try_collect(&refused, &Options::default()).unwrap_err();
    assert!(matches!(&error, CollectError::Identity(reason) if reason == "ExpiredToken"), "{error}");
    assert!(!error.to_string().contains("SECRET"), "{error}");

    let strange = Fake::new(|asked| (asked.operation == "GetCallerIdentity").then(|| identity("12345")));
    let error = try_collect(&strange, &Options::default()).unwrap_err();
    assert!(matches!(error, CollectError::Identity(_)), "{error}");
    assert_eq!(strange.count("ListTables"), 0);

    let down =
        Fake::new(|asked| (asked.operation == "GetCallerIdentity").then_some(Answer::Down("connection refused")));
    let error = try_collect(&down, &Options::default()).unwrap_err();
    assert!(matches!(&error, CollectError::Unreachable(reason) if reason.contains("connection refused")), "{error}");

    let any = Fake::new(|_| None);
    let mut nobody = config(&any).into_builder();
    nobody.set_credentials_provider(None);
    let error = collect::collect_with(&nobody.build(), &Options::default(), NOW, &()).unwrap_err();
    assert!(matches!(error, CollectError::Credentials(_)), "{error}");
}

#[test]
fn regions_are_checked_before_anything_is_sent() {
    let fake = Fake::new(|_| None);
    let wrong = Options { regions: Regions::These(vec!["eu-west-1.evil.example/".to_owned()]), ..Options::default() };
    assert!(matches!(try_collect(&fake, &wrong), Err(CollectError::Region(_))));
    let nowhere = config(&fake).into_builder().region(None::<Region>).build();
    let error = collect::collect_with(&nowhere, &Options::default(), NOW, &()).unwrap_err();
    assert!(matches!(error, CollectError::NoRegion));
    assert!(fake.seen.lock().unwrap().is_empty());

    let words = |values: &[&str]| Regions::from_arguments(&values.iter().map(|x| (*x).to_owned()).collect::<Vec<_>>());
    assert_eq!(words(&[]), Regions::Default);
    assert_eq!(words(&["eu-west-1", "all"]), Regions::All);
    assert_eq!(words(&["eu-west-1"]), Regions::These(vec!["eu-west-1".to_owned()]));
}

#[test]
fn the_order_does_not_depend_on_concurrency() {
    let text = |concurrency| {
        let options = Options { concurrency, ..Options::default() };
        serde_json::to_string(&try_collect(&shop(), &options).unwrap()).unwrap()
    };
    assert_eq!(text(1), text(64));
}

#[derive(Default)]
struct Listener(Mutex<Vec<String>>);

impl Progress for Listener {
    fn started(&self, service: &str, region: Option<&str>) {
        self.0.lock().unwrap().push(format!("started {service} {}", region.unwrap_or("-")));
    }
    fn call(&self, call: &Call, region: Option<&str>) {
        self.0.lock().unwrap().push(format!("{} {}", call.permission(), region.unwrap_or("-")));
    }
    fn finished(&self, service: &str, region: Option<&str>) {
        self.0.lock().unwrap().push(format!("finished {service} {}", region.unwrap_or("-")));
    }
}

#[test]
fn progress_hears_every_request() {
    let fake = shop();
    let listener = Listener::default();
    collect::collect_with(&config(&fake), &Options::default(), NOW, &listener).unwrap();
    let heard = listener.0.into_inner().unwrap();
    for service in ["iam -", "amplify eu-west-1", "dynamodb eu-west-1"] {
        let at = |word: &str| heard.iter().position(|line| *line == format!("{word} {service}")).unwrap();
        assert!(at("started") < at("finished"));
    }
    assert_eq!(
        heard.iter().filter(|line| *line == "amplify:ListBranches eu-west-1").count(),
        fake.count("ListBranches")
    );
}

#[test]
fn a_call_that_is_not_listed_is_not_sent() {
    let fake = Fake::new(|asked| panic!("{} was sent", asked.operation));
    let config = aws_sdk_dynamodb::config::Builder::from(&config(&fake)).interceptor(collect::ReadOnly).build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(client.delete_table().table_name("Orders").send()).unwrap_err();
    let text = aws_sdk_dynamodb::error::DisplayErrorContext(error).to_string();
    assert!(text.contains("DeleteTable of DynamoDB is not a listed call"), "{text}");
}

/// The words of an operation's name, as the SDK spells its method: `ListMFADevices` is `list_mfa_devices`.
fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let upper = |at: usize| letters.get(at).is_some_and(char::is_ascii_uppercase);
    let mut snake = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let ends_an_acronym = letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        if at > 0 && upper(at) && (!upper(at - 1) || ends_an_acronym) {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// Each request stands beside the call under whose name it goes into the coverage, and the two are the same.
#[test]
fn requests_are_recorded_under_their_own_names() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/collect");
    let named = regex::Regex::new(r"\.(?:read|read_if_any|read_or_none|pages|send)\(\s*&([A-Z_]+)").unwrap();
    let sent = regex::Regex::new(r"client\s*\.([a-z_]+)\(\)").unwrap();
    let mut operations = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let source = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!source.contains("into_paginator"), "a paginator's pages would not be counted");
        let names: Vec<String> = named.captures_iter(&source).map(|found| found[1].to_lowercase()).collect();
        let requests: Vec<&str> = sent.captures_iter(&source).map(|found| found.get(1).unwrap().as_str()).collect();
        assert_eq!(names, requests);
        assert_eq!(source.matches(".send()").count(), requests.len());
        operations.extend(names);
    }
    let listed: BTreeSet<String> = collect::calls().map(|call| snake(call.operation)).collect();
    assert_eq!(operations, listed);
}

#[test]
fn the_policy_allows_reading_and_nothing_else() {
    let permissions: BTreeSet<String> = collect::calls().flat_map(Call::permissions).collect();
    assert!(permissions.contains("dynamodb:DescribeTable") && permissions.contains("amplify:ListWebHooks"));
    assert!(permissions.contains("cloudformation:DescribeStacks") && permissions.contains("cloudformation:ListStacks"));
    assert_eq!(
        collect::policy(),
        json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "ReadForAudit", "Effect": "Allow", "Resource": "*", "Action": permissions}]})
    );
    // IAM's quota for a managed policy; it does not count white space.
    assert!(collect::policy().to_string().len() <= 6144, "{}", collect::policy().to_string().len());
}

/// By the access levels of the Service Authorization Reference.
#[test]
fn every_listed_call_reads() {
    use foureyes::catalog::{AccessLevel, action};
    for permission in collect::calls().flat_map(Call::permissions) {
        let known = action(&permission).unwrap_or_else(|| panic!("{permission} is no action of the catalogue"));
        assert!(matches!(known.access_level(), AccessLevel::Read | AccessLevel::List), "{permission}");
    }
}
