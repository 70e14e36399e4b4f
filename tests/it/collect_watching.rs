//! What watches over production and leads to it, read from an AWS that exists in tests only: trails, rules, alarms, logs,
//! names, and what runs in ECS.

use crate::fake_aws::{
    ACCOUNT, Answer, Asked, Fake, collect_account, coverage, json, json_error, resource, xml, xml_error,
};
use foureyes::snapshot::{Account, Outcome};
use serde_json::{Value, json};

fn properties(account: &Account, arn: &str) -> Value {
    Value::Object(resource(account, arn).properties.clone())
}

fn tags(account: &Account, arn: &str) -> Value {
    serde_json::to_value(&resource(account, arn).tags).unwrap()
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

fn trail(account: &str, name: &str, home: &str) -> Value {
    json!({
        "Name": name, "TrailARN": format!("arn:aws:cloudtrail:{home}:{account}:trail/{name}"), "HomeRegion": home,
        "S3BucketName": "trails", "S3KeyPrefix": "log", "IncludeGlobalServiceEvents": true, "IsMultiRegionTrail": true,
        "IsOrganizationTrail": account != ACCOUNT, "LogFileValidationEnabled": true, "KmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/k",
        "CloudWatchLogsLogGroupArn": "arn:aws:logs:eu-west-1:111122223333:log-group:trail:*",
        "CloudWatchLogsRoleArn": "arn:aws:iam::111122223333:role/trail", "SnsTopicARN": "arn:aws:sns:eu-west-1:111122223333:trail",
    })
}

pub fn trails(asked: &Asked) -> Option<Answer> {
    let organization = asked.body.contains("999988887777");
    Some(match asked.operation.as_str() {
        "DescribeTrails" => {
            assert!(asked.body.contains("\"includeShadowTrails\":true"), "{}", asked.body);
            json(json!({"trailList": [trail(ACCOUNT, "own", "eu-west-1"), trail("999988887777", "all", "us-east-1")]}))
        }
        "GetTrailStatus" if organization => {
            assert_eq!(asked.region, "us-east-1");
            json_error(400, "AccessDeniedException")
        }
        "GetTrailStatus" => {
            json(json!({"IsLogging": true, "LatestDeliveryTime": 1_790_000_000, "LatestDeliveryError": "AccessDenied"}))
        }
        "GetEventSelectors" if organization => {
            json(json!({"AdvancedEventSelectors": [{"Name": "Management", "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "readOnly", "NotEquals": ["true"]}]}]}))
        }
        "GetEventSelectors" => {
            json(json!({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true,
                "DataResources": [{"Type": "AWS::DynamoDB::Table", "Values": ["arn:aws:dynamodb"]}], "ExcludeManagementEventSources": ["kms.amazonaws.com"]}]}))
        }
        "ListTags" => {
            assert!(!organization, "the tags of another account's trail were asked for");
            match asked.body.contains("second") {
                false => json(
                    json!({"ResourceTagList": [{"ResourceId": "x", "TagsList": [{"Key": "env", "Value": "prod"}]}], "NextToken": "second"}),
                ),
                true => json(json!({"ResourceTagList": [{"ResourceId": "x", "TagsList": [{"Key": "team"}]}]})),
            }
        }
        _ => return None,
    })
}

#[test]
fn trails_are_asked_where_they_are_at_home() {
    let fake = Fake::new(trails);
    let account = collect_account(&fake);
    let own = format!("arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/own");
    assert_eq!(
        properties(&account, &own),
        json!({
            "TrailName": "own", "HomeRegion": "eu-west-1", "S3BucketName": "trails", "S3KeyPrefix": "log",
            "SnsTopicName": "arn:aws:sns:eu-west-1:111122223333:trail", "IsMultiRegionTrail": true, "IsOrganizationTrail": false,
            "IncludeGlobalServiceEvents": true, "EnableLogFileValidation": true, "KMSKeyId": "arn:aws:kms:eu-west-1:111122223333:key/k",
            "CloudWatchLogsLogGroupArn": "arn:aws:logs:eu-west-1:111122223333:log-group:trail:*",
            "CloudWatchLogsRoleArn": "arn:aws:iam::111122223333:role/trail",
            "IsLogging": true, "LatestDeliveryTime": "2026-09-21T14:13:20Z", "LatestDeliveryError": "AccessDenied",
            "EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true,
                "DataResources": [{"Type": "AWS::DynamoDB::Table", "Values": ["arn:aws:dynamodb"]}],
                "ExcludeManagementEventSources": ["kms.amazonaws.com"]}],
        })
    );
    assert_eq!(tags(&account, &own), json!({"env": "prod", "team": ""}));
    let all = "arn:aws:cloudtrail:us-east-1:999988887777:trail/all";
    let of_all = properties(&account, all);
    assert_eq!(resource(&account, all).region.as_deref(), Some("us-east-1"));
    assert_eq!(of_all.get("IsLogging"), None, "not known is not off");
    assert_eq!(
        of_all["AdvancedEventSelectors"],
        json!([{"Name": "Management", "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "readOnly", "NotEquals": ["true"]}]}])
    );
    assert_eq!(coverage(&account, "GetTrailStatus").outcome, Outcome::Denied);
}

pub fn zones(asked: &Asked) -> Option<Answer> {
    let page = |body: &str, more: &str| {
        let operation = &asked.operation;
        let end = if more.is_empty() {
            "<IsTruncated>false</IsTruncated>".to_owned()
        } else {
            format!("<IsTruncated>true</IsTruncated>{more}")
        };
        xml(&format!("<{operation}Response>{body}{end}<MaxItems>2</MaxItems></{operation}Response>"))
    };
    let zone = |id: &str, name: &str, private: bool| {
        format!(
            "<HostedZone><Id>/hostedzone/{id}</Id><Name>{name}</Name><CallerReference>SECRET-reference</CallerReference>\
             <Config><Comment>SECRET-comment</Comment><PrivateZone>{private}</PrivateZone></Config>\
             <ResourceRecordSetCount>4</ResourceRecordSetCount></HostedZone>"
        )
    };
    let record = |name: &str, kind: &str, more: &str, values: &[&str]| {
        let values: String =
            values.iter().map(|value| format!("<ResourceRecord><Value>{value}</Value></ResourceRecord>")).collect();
        format!(
            "<ResourceRecordSet><Name>{name}</Name><Type>{kind}</Type>{more}<TTL>60</TTL><ResourceRecords>{values}</ResourceRecords></ResourceRecordSet>"
        )
    };
    let check = |id: &str| {
        format!(
            "<HealthCheck><Id>{id}</Id><CallerReference>SECRET-reference</CallerReference><HealthCheckConfig><Port>443</Port>\
             <Type>HTTPS_STR_MATCH</Type><ResourcePath>/health?token=SECRET</ResourcePath>\
             <FullyQualifiedDomainName>shop.example</FullyQualifiedDomainName><SearchString>SECRET-search</SearchString>\
             <RequestInterval>30</RequestInterval><FailureThreshold>3</FailureThreshold><Inverted>false</Inverted><Disabled>false</Disabled>\
             <AlarmIdentifier><Region>eu-west-1</Region><Name>alarm</Name></AlarmIdentifier></HealthCheckConfig>\
             <HealthCheckVersion>1</HealthCheckVersion></HealthCheck>"
        )
    };
    let second = asked.query.contains("marker=second");
    Some(match asked.operation.as_str() {
        "ListHostedZones" if second => {
            page(&format!("<HostedZones>{}</HostedZones><Marker>second</Marker>", zone("Z2", "internal.", true)), "")
        }
        "ListHostedZones" => page(
            &format!("<HostedZones>{}</HostedZones><Marker></Marker>", zone("Z1", "shop.example.", false)),
            "<NextMarker>second</NextMarker>",
        ),
        "ListResourceRecordSets" if asked.path.contains("Z2") => xml_error(403, "AccessDenied"),
        "ListResourceRecordSets" if asked.query.contains("identifier=blue") => {
            assert!(
                asked.query.contains("name=www.shop.example.") && asked.query.contains("type=CNAME"),
                "{}",
                asked.query
            );
            let body = record(
                "www.shop.example.",
                "CNAME",
                "<SetIdentifier>blue</SetIdentifier><Weight>1</Weight>",
                &["d1.cloudfront.net"],
            );
            page(&format!("<ResourceRecordSets>{body}</ResourceRecordSets>"), "")
        }
        "ListResourceRecordSets" => {
            let alias = "<ResourceRecordSet><Name>\\052.shop.example.</Name><Type>A</Type><HealthCheckId>h1</HealthCheckId><AliasTarget>\
                <HostedZoneId>Z9</HostedZoneId><DNSName>d1.cloudfront.net.</DNSName><EvaluateTargetHealth>false</EvaluateTargetHealth>\
                </AliasTarget></ResourceRecordSet>";
            let body = [
                record("shop.example.", "NS", "", &["ns-1.awsdns-1.org.", "ns-2.awsdns-2.org."]),
                alias.to_owned(),
                record("shop.example.", "TXT", "", &["\"SECRET-verification\""]),
            ];
            page(
                &format!("<ResourceRecordSets>{}</ResourceRecordSets>", body.concat()),
                "<NextRecordName>www.shop.example.</NextRecordName><NextRecordType>CNAME</NextRecordType>\
                 <NextRecordIdentifier>blue</NextRecordIdentifier>",
            )
        }
        "ListHealthChecks" if second => {
            page(&format!("<HealthChecks>{}</HealthChecks><Marker>second</Marker>", check("h2")), "")
        }
        "ListHealthChecks" => page(
            &format!("<HealthChecks>{}</HealthChecks><Marker></Marker>", check("h1")),
            "<NextMarker>second</NextMarker>",
        ),
        "ListTagsForResources" => {
            let set = |kind: &str, id: &str| {
                format!(
                    "<ResourceTagSet><ResourceType>{kind}</ResourceType><ResourceId>{id}</ResourceId>\
                     <Tags><Tag><Key>of</Key><Value>{id}</Value></Tag></Tags></ResourceTagSet>"
                )
            };
            let sets =
                if asked.path.ends_with("hostedzone") { set("hostedzone", "Z1") } else { set("healthcheck", "h2") };
            xml(&format!(
                "<ListTagsForResourcesResponse><ResourceTagSets>{sets}</ResourceTagSets></ListTagsForResourcesResponse>"
            ))
        }
        _ => return None,
    })
}

#[test]
fn zones_keep_where_names_lead() {
    let account = collect_account(&Fake::new(zones));
    keeps_no_secret(&account);
    let zone = resource(&account, "arn:aws:route53:::hostedzone/Z1");
    assert_eq!(zone.region, None);
    assert_eq!(zone.tags["of"], "Z1");
    assert_eq!(
        Value::Object(zone.properties.clone()),
        json!({
            "Id": "Z1", "Name": "shop.example.", "PrivateZone": false, "ResourceRecordSetCount": 4,
            "RecordSets": [
                {"Name": "shop.example.", "Type": "NS", "ResourceRecords": ["ns-1.awsdns-1.org.", "ns-2.awsdns-2.org."]},
                {"Name": "*.shop.example.", "Type": "A", "HealthCheckId": "h1",
                 "AliasTarget": {"DNSName": "d1.cloudfront.net.", "HostedZoneId": "Z9", "EvaluateTargetHealth": false}},
                {"Name": "shop.example.", "Type": "TXT"},
                {"Name": "www.shop.example.", "Type": "CNAME", "SetIdentifier": "blue", "ResourceRecords": ["d1.cloudfront.net"]}],
        })
    );
    assert_eq!(
        properties(&account, "arn:aws:route53:::hostedzone/Z2"),
        json!({"Id": "Z2", "Name": "internal.", "PrivateZone": true, "ResourceRecordSetCount": 4})
    );
    let entry = coverage(&account, "ListResourceRecordSets");
    assert_eq!((entry.outcome, entry.region.as_deref()), (Outcome::Denied, None));
    assert!(entry.detail.as_deref().unwrap().contains("zone internal."), "{entry:?}");
    assert_eq!(
        properties(&account, "arn:aws:route53:::healthcheck/h1"),
        json!({"HealthCheckId": "h1", "HealthCheckConfig": {
            "Type": "HTTPS_STR_MATCH", "FullyQualifiedDomainName": "shop.example", "Port": 443, "ResourcePath": "/health",
            "RequestInterval": 30, "FailureThreshold": 3, "Disabled": false, "Inverted": false,
            "AlarmIdentifier": {"Region": "eu-west-1", "Name": "alarm"}}})
    );
    assert_eq!(tags(&account, "arn:aws:route53:::healthcheck/h1"), json!({}));
    assert_eq!(tags(&account, "arn:aws:route53:::healthcheck/h2"), json!({"of": "h2"}));
}

#[test]
fn a_zone_of_too_many_records_is_cut_and_said_so() {
    let account = collect_account(&Fake::new(|asked| {
        if asked.operation != "ListResourceRecordSets" || asked.path.contains("Z2") {
            return zones(asked);
        }
        let start =
            asked.query.split('&').find_map(|pair| pair.strip_prefix("name=n")).map_or(0, |n| n.parse().unwrap());
        let records: String = (start..start + 300)
            .map(|n| format!("<ResourceRecordSet><Name>n{n}</Name><Type>A</Type></ResourceRecordSet>"))
            .collect();
        Some(xml(&format!(
            "<ListResourceRecordSetsResponse><ResourceRecordSets>{records}</ResourceRecordSets><IsTruncated>true</IsTruncated>\
             <NextRecordName>n{}</NextRecordName><NextRecordType>A</NextRecordType><MaxItems>300</MaxItems></ListResourceRecordSetsResponse>",
            start + 300
        )))
    }));
    let zone = properties(&account, "arn:aws:route53:::hostedzone/Z1");
    assert_eq!(zone["RecordSets"].as_array().unwrap().len(), 10_200);
    let of_call = |outcome| {
        let mut entries = account.coverage.iter().filter(move |entry| entry.operation == "ListResourceRecordSets");
        entries.find(|entry| entry.outcome == outcome).unwrap().detail.clone().unwrap()
    };
    let detail = of_call(Outcome::Failed);
    assert!(detail.contains("zone shop.example.: only the first 10000 records were read"), "{detail}");
    assert!(of_call(Outcome::Denied).contains("zone internal."));
}

pub fn events(asked: &Asked) -> Option<Answer> {
    let second = asked.body.contains("second");
    let orders = asked.body.contains("\"orders\"");
    let bus = |name: &str, policy: Option<&str>| {
        json!({"Name": name, "Arn": format!("arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/{name}"), "Policy": policy,
                "Description": "SECRET-description"})
    };
    let rule = |name: &str, place: &str, more: Value| {
        let mut rule = json!({"Name": name, "Arn": format!("arn:aws:events:eu-west-1:{ACCOUNT}:rule/{place}{name}"), "State": "ENABLED",
                "Description": "SECRET-description", "EventBusName": if place.is_empty() { "default" } else { "orders" }});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        rule
    };
    Some(match asked.operation.as_str() {
        "ListEventBuses" if second => json(json!({"EventBuses": [bus("orders", Some("{\"Statement\": []}"))]})),
        "ListEventBuses" => json(json!({"EventBuses": [bus("default", None)], "NextToken": "second"})),
        "ListRules" if orders => {
            json(json!({"Rules": [rule("a", "orders/", json!({"EventPattern": "{\"source\": [\"aws.s3\"]}"}))]}))
        }
        "ListRules" if second => json(
            json!({"Rules": [rule("b", "", json!({"ScheduleExpression": "rate(1 day)", "ManagedBy": "x.amazonaws.com"}))]}),
        ),
        "ListRules" => {
            json(json!({"Rules": [rule("a", "", json!({"EventPattern": "not json"}))], "NextToken": "second"}))
        }
        "ListTargetsByRule" if orders && second => {
            json(json!({"Targets": [{"Id": "2", "Arn": "arn:aws:sqs:eu-west-1:1:q"}]}))
        }
        "ListTargetsByRule" if orders => {
            json(json!({"NextToken": "second", "Targets": [{"Id": "1", "Arn": "arn:aws:sns:eu-west-1:1:t",
                "RoleArn": "arn:aws:iam::1:role/r", "Input": "SECRET-input", "InputTransformer": {"InputTemplate": "SECRET-template"},
                "HttpParameters": {"HeaderParameters": {"Authorization": "SECRET-header"}}, "DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-west-1:1:d"}}]}))
        }
        "ListTargetsByRule" if asked.body.contains("\"b\"") => json_error(400, "AccessDeniedException"),
        "ListTargetsByRule" => json(json!({"Targets": []})),
        "GetResources" if asked.service == "tagging" && second => json(json!({"ResourceTagMappingList": [
                {"ResourceARN": format!("arn:aws:events:eu-west-1:{ACCOUNT}:rule/orders/a"), "Tags": [{"Key": "env", "Value": "prod"}]}]})),
        "GetResources" => json(json!({"PaginationToken": "second", "ResourceTagMappingList": [
                {"ResourceARN": format!("arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/orders"), "Tags": [{"Key": "team", "Value": "shop"}]}]})),
        _ => return None,
    })
}

#[test]
fn rules_are_read_with_their_targets() {
    let account = collect_account(&Fake::new(events));
    keeps_no_secret(&account);
    let arn = |tail: &str| format!("arn:aws:events:eu-west-1:{ACCOUNT}:{tail}");
    assert_eq!(resource(&account, &arn("event-bus/orders")).policy.as_ref().unwrap().0.get(), "{\"Statement\": []}");
    assert!(resource(&account, &arn("event-bus/default")).policy.as_ref().unwrap().is_missing());
    assert_eq!(tags(&account, &arn("event-bus/orders")), json!({"team": "shop"}));
    assert_eq!(tags(&account, &arn("rule/orders/a")), json!({"env": "prod"}));
    assert_eq!(
        properties(&account, &arn("rule/orders/a")),
        json!({"Name": "a", "EventBusName": "orders", "EventPattern": {"source": ["aws.s3"]}, "State": "ENABLED", "Targets": [
            {"Id": "1", "Arn": "arn:aws:sns:eu-west-1:1:t", "RoleArn": "arn:aws:iam::1:role/r", "DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-west-1:1:d"}},
            {"Id": "2", "Arn": "arn:aws:sqs:eu-west-1:1:q"}]})
    );
    assert_eq!(
        properties(&account, &arn("rule/a")),
        json!({"Name": "a", "EventBusName": "default", "EventPattern": "not json", "State": "ENABLED", "Targets": []})
    );
    assert_eq!(
        properties(&account, &arn("rule/b")),
        json!({"Name": "b", "EventBusName": "default", "ScheduleExpression": "rate(1 day)", "State": "ENABLED", "ManagedBy": "x.amazonaws.com"})
    );
    assert_eq!(coverage(&account, "ListTargetsByRule").outcome, Outcome::Denied);
}

#[test]
fn rules_of_the_default_bus_are_read_by_those_who_may_not_list_buses() {
    let fake = Fake::new(|asked| match asked.operation.as_str() {
        "ListEventBuses" => Some(json_error(400, "AccessDeniedException")),
        "ListRules" => Some(json(json!({"Rules": [{"Name": "a"}]}))),
        _ => None,
    });
    let account = collect_account(&fake);
    assert_eq!(resource(&account, &format!("arn:aws:events:eu-west-1:{ACCOUNT}:rule/a")).kind, "AWS::Events::Rule");
    assert_eq!(coverage(&account, "ListEventBuses").outcome, Outcome::Denied);
}

/// A value in the protocol of CloudWatch.
pub fn cbor(value: &Value) -> Vec<u8> {
    let head = |major: u8, length: usize| {
        let mut bytes = vec![(major << 5) | 26];
        bytes.extend(u32::try_from(length).unwrap().to_be_bytes());
        bytes
    };
    match value {
        Value::Null => vec![0xf6],
        Value::Bool(value) => vec![if *value { 0xf5 } else { 0xf4 }],
        Value::Number(number) => match number.as_u64() {
            Some(number) => head(0, usize::try_from(number).unwrap()),
            None => [vec![0xfb], number.as_f64().unwrap().to_be_bytes().to_vec()].concat(),
        },
        Value::String(text) => [head(3, text.len()), text.as_bytes().to_vec()].concat(),
        Value::Array(items) => [head(4, items.len()), items.iter().flat_map(cbor).collect()].concat(),
        Value::Object(fields) => {
            let pairs = fields.iter().flat_map(|(key, value)| [cbor(&key.as_str().into()), cbor(value)].concat());
            [head(5, fields.len()), pairs.collect()].concat()
        }
    }
}

pub fn alarms(asked: &Asked) -> Option<Answer> {
    let arn = |name: &str| format!("arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:{name}");
    Some(match asked.operation.as_str() {
        "DescribeAlarms" if asked.body.contains("second") => Answer::Cbor(cbor(&json!({
                "MetricAlarms": [{"AlarmName": "reckoned", "AlarmArn": arn("reckoned"), "ActionsEnabled": true, "Metrics": [
                    {"Id": "m", "MetricStat": {"Metric": {"Namespace": "AWS/S3", "MetricName": "4xxErrors", "Dimensions": [{"Name": "BucketName", "Value": "b"}]}, "Period": 60, "Stat": "Sum"}},
                    {"Id": "e", "Expression": "m / 60", "Label": "SECRET-label"}]}],
                "CompositeAlarms": [{"AlarmName": "both", "AlarmArn": arn("both"), "AlarmRule": "ALARM(\"errors\")", "ActionsEnabled": false,
                    "AlarmDescription": "SECRET-description", "AlarmActions": [], "StateValue": "OK"}]}))),
        "DescribeAlarms" => {
            assert!(asked.body.contains("MetricAlarm") && asked.body.contains("CompositeAlarm"));
            Answer::Cbor(cbor(&json!({"NextToken": "second", "MetricAlarms": [{
                    "AlarmName": "errors", "AlarmArn": arn("errors"), "AlarmDescription": "SECRET-description", "Namespace": "AWS/DynamoDB",
                    "MetricName": "SystemErrors", "Dimensions": [{"Name": "TableName", "Value": "orders"}], "Statistic": "Sum",
                    "ComparisonOperator": "GreaterThanThreshold", "Threshold": 1.5, "Period": 60, "EvaluationPeriods": 3,
                    "TreatMissingData": "breaching", "ActionsEnabled": true, "AlarmActions": ["arn:aws:sns:eu-west-1:1:alerts"],
                    "StateValue": "ALARM", "StateReason": "SECRET-reason", "StateReasonData": "SECRET-data"}]})))
        }
        "GetResources" => json(
            json!({"ResourceTagMappingList": [{"ResourceARN": arn("errors"), "Tags": [{"Key": "env", "Value": "prod"}]}]}),
        ),
        _ => return None,
    })
}

#[test]
fn alarms_say_what_they_watch_and_whom_they_tell() {
    let account = collect_account(&Fake::new(alarms));
    all_ok(&account, "cloudwatch");
    keeps_no_secret(&account);
    let arn = |name: &str| format!("arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:{name}");
    assert_eq!(
        properties(&account, &arn("errors")),
        json!({"AlarmName": "errors", "Namespace": "AWS/DynamoDB", "MetricName": "SystemErrors",
            "Dimensions": [{"Name": "TableName", "Value": "orders"}], "Statistic": "Sum", "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 1.5, "Period": 60, "EvaluationPeriods": 3, "TreatMissingData": "breaching", "ActionsEnabled": true,
            "AlarmActions": ["arn:aws:sns:eu-west-1:1:alerts"], "StateValue": "ALARM"})
    );
    assert_eq!(tags(&account, &arn("errors")), json!({"env": "prod"}));
    assert_eq!(
        properties(&account, &arn("reckoned")),
        json!({"AlarmName": "reckoned", "ActionsEnabled": true, "AlarmActions": [], "Metrics": [
            {"Id": "m", "MetricStat": {"Metric": {"Namespace": "AWS/S3", "MetricName": "4xxErrors", "Dimensions": [{"Name": "BucketName", "Value": "b"}]}}},
            {"Id": "e", "Expression": "m / 60"}]})
    );
    let both = resource(&account, &arn("both"));
    assert_eq!(both.kind, "AWS::CloudWatch::CompositeAlarm");
    assert_eq!(
        Value::Object(both.properties.clone()),
        json!({"AlarmName": "both", "AlarmRule": "ALARM(\"errors\")", "ActionsEnabled": false, "AlarmActions": [], "StateValue": "OK"})
    );
}

pub fn log_groups(asked: &Asked) -> Option<Answer> {
    let second = asked.body.contains("second");
    let group = |name: &str, filters: u32| {
        json!({"logGroupName": name, "arn": format!("arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:{name}:*"), "storedBytes": 1,
            "metricFilterCount": filters, "retentionInDays": 30, "kmsKeyId": "arn:aws:kms:eu-west-1:1:key/k",
            "logGroupClass": "STANDARD", "deletionProtectionEnabled": true})
    };
    let filter = |name: &str| {
        json!({"filterName": name, "logGroupName": "trail", "filterPattern": "{ $.eventName = DeleteTable }",
            "metricTransformations": [{"metricName": name, "metricNamespace": "Shop", "metricValue": "1", "defaultValue": 0.0}]})
    };
    Some(match asked.operation.as_str() {
        "DescribeLogGroups" if second => json(json!({"logGroups": [group("plain", 0)]})),
        "DescribeLogGroups" => json(json!({"logGroups": [group("trail", 2)], "nextToken": "second"})),
        "DescribeMetricFilters" if second => json(json!({"metricFilters": [filter("Deleted")]})),
        "DescribeMetricFilters" => json(json!({"metricFilters": [filter("Dropped")], "nextToken": "second"})),
        "GetResources" => json(json!({"ResourceTagMappingList": [
            {"ResourceARN": format!("arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:trail"), "Tags": [{"Key": "env", "Value": "prod"}]}]})),
        _ => return None,
    })
}

#[test]
fn log_groups_have_their_filters() {
    let account = collect_account(&Fake::new(log_groups));
    all_ok(&account, "logs");
    let arn = |name: &str| format!("arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:{name}");
    let filter = |name: &str| {
        json!({"FilterName": name, "FilterPattern": "{ $.eventName = DeleteTable }",
            "MetricTransformations": [{"MetricName": name, "MetricNamespace": "Shop", "MetricValue": "1"}]})
    };
    assert_eq!(
        properties(&account, &arn("trail")),
        json!({"LogGroupName": "trail", "RetentionInDays": 30, "KmsKeyId": "arn:aws:kms:eu-west-1:1:key/k", "LogGroupClass": "STANDARD",
            "DeletionProtectionEnabled": true, "MetricFilters": [filter("Dropped"), filter("Deleted")]})
    );
    assert_eq!(tags(&account, &arn("trail")), json!({"env": "prod"}));
    assert_eq!(properties(&account, &arn("plain"))["MetricFilters"], json!([]));
}

#[test]
fn filters_that_may_not_be_listed_are_unknown_and_not_none() {
    let account = collect_account(&Fake::new(|asked| match asked.operation.as_str() {
        "DescribeMetricFilters" => Some(json_error(400, "AccessDeniedException")),
        "GetResources" => Some(json_error(400, "AccessDeniedException")),
        _ => log_groups(asked),
    }));
    let arn = |name: &str| format!("arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:{name}");
    assert_eq!(properties(&account, &arn("trail")).get("MetricFilters"), None);
    // A group that says that it has none has none.
    assert_eq!(properties(&account, &arn("plain"))["MetricFilters"], json!([]));
    assert_eq!(coverage(&account, "DescribeMetricFilters").outcome, Outcome::Denied);
    let entry = coverage(&account, "GetResources");
    assert_eq!((entry.outcome, entry.service.as_str()), (Outcome::Denied, "tag"));
}

pub fn containers(asked: &Asked) -> Option<Answer> {
    let cluster = |name: &str| format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/{name}");
    let service = |name: &str| format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:service/shop/{name}");
    let second = asked.body.contains("second");
    let task = format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:task-definition/web:7");
    Some(match asked.operation.as_str() {
        "ListClusters" if second => json(json!({"clusterArns": [cluster("other")]})),
        "ListClusters" => json(json!({"clusterArns": [cluster("shop")], "nextToken": "second"})),
        "DescribeClusters" => {
            assert!(asked.body.contains("\"TAGS\""), "{}", asked.body);
            json(json!({"clusters": [{"clusterArn": cluster("shop"), "clusterName": "shop", "status": "ACTIVE",
                    "activeServicesCount": 12, "runningTasksCount": 24, "tags": [{"key": "env", "value": "prod"}],
                    "configuration": {"executeCommandConfiguration": {"kmsKeyId": "SECRET-key"}}}],
                    "failures": [{"arn": cluster("other"), "reason": "MISSING"}]}))
        }
        "ListServices" if asked.body.contains("cluster/other") => json_error(400, "AccessDeniedException"),
        "ListServices" if second => {
            json(json!({"serviceArns": (10..12).map(|n| service(&format!("s{n}"))).collect::<Vec<_>>()}))
        }
        "ListServices" => json(
            json!({"nextToken": "second", "serviceArns": (0..10).map(|n| service(&format!("s{n}"))).collect::<Vec<_>>()}),
        ),
        "DescribeServices" if asked.body.contains("/s11") => json_error(400, "AccessDeniedException"),
        "DescribeServices" => {
            let names: Value = serde_json::from_str(&asked.body).unwrap();
            let names = names["services"].as_array().unwrap();
            assert_eq!(names.len(), 10);
            let one = |arn: &Value| {
                json!({"serviceArn": arn, "serviceName": "x", "clusterArn": cluster("shop"), "status": "ACTIVE",
                    "desiredCount": 2, "runningCount": 1, "pendingCount": 1, "launchType": "FARGATE", "schedulingStrategy": "REPLICA",
                    "taskDefinition": &task, "roleArn": "arn:aws:iam::1:role/balancer", "deploymentController": {"type": "ECS"},
                    "events": [{"message": "SECRET-event"}], "enableExecuteCommand": true, "tags": [{"key": "env", "value": "prod"}],
                    "deploymentConfiguration": {"strategy": "BLUE_GREEN", "maximumPercent": 200, "minimumHealthyPercent": 50, "bakeTimeInMinutes": 5,
                        "deploymentCircuitBreaker": {"enable": true, "rollback": true}, "alarms": {"alarmNames": ["errors"], "enable": true, "rollback": true},
                        "lifecycleHooks": [{"hookTargetArn": "arn:aws:lambda:eu-west-1:1:function:check", "roleArn": "arn:aws:iam::1:role/hook",
                            "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"], "hookDetails": "SECRET"}]}})
            };
            json(json!({"services": names.iter().map(one).collect::<Vec<_>>()}))
        }
        "DescribeTaskDefinition" => json(
            json!({"taskDefinition": {"taskDefinitionArn": &task, "family": "web", "revision": 7, "status": "ACTIVE",
                "taskRoleArn": "arn:aws:iam::1:role/task", "executionRoleArn": "arn:aws:iam::1:role/execution", "containerDefinitions": [{
                    "name": "app", "image": "nginx:1", "privileged": false, "command": ["SECRET-command"], "entryPoint": ["SECRET"],
                    "environment": [{"name": "PASSWORD", "value": "SECRET-value"}], "secrets": [{"name": "KEY", "valueFrom": "SECRET-from"}],
                    "dockerLabels": {"a": "SECRET"}, "logConfiguration": {"logDriver": "splunk", "options": {"token": "SECRET"}}}]},
                "tags": [{"key": "of", "value": "task"}]}),
        ),
        _ => return None,
    })
}

#[test]
fn what_runs_in_ecs_is_read_with_its_roles() {
    let task = format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:task-definition/web:7");
    let account = collect_account(&Fake::new(containers));
    keeps_no_secret(&account);
    let cluster = |name: &str| format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/{name}");
    let service = |name: &str| format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:service/shop/{name}");
    assert_eq!(
        properties(&account, &cluster("shop")),
        json!({"ClusterName": "shop", "Status": "ACTIVE", "ActiveServicesCount": 12, "RunningTasksCount": 24})
    );
    assert_eq!(tags(&account, &cluster("shop")), json!({"env": "prod"}));
    assert_eq!(properties(&account, &cluster("other")), json!({"ClusterName": "other"}));
    assert_eq!(properties(&account, &service("s11")), json!({"ServiceName": "s11"}));
    assert_eq!(
        properties(&account, &service("s3")),
        json!({"ServiceName": "s3", "Cluster": cluster("shop"), "Status": "ACTIVE", "TaskDefinition": &task, "Role": "arn:aws:iam::1:role/balancer",
            "DesiredCount": 2, "RunningCount": 1, "LaunchType": "FARGATE", "SchedulingStrategy": "REPLICA", "DeploymentController": "ECS",
            "EnableExecuteCommand": true, "TaskRoleArn": "arn:aws:iam::1:role/task", "ExecutionRoleArn": "arn:aws:iam::1:role/execution",
            "DeploymentConfiguration": {"Strategy": "BLUE_GREEN", "MaximumPercent": 200, "MinimumHealthyPercent": 50, "BakeTimeInMinutes": 5,
                "DeploymentCircuitBreaker": {"Enable": true, "Rollback": true}, "Alarms": {"AlarmNames": ["errors"], "Enable": true, "Rollback": true},
                "LifecycleHooks": [{"HookTargetArn": "arn:aws:lambda:eu-west-1:1:function:check", "RoleArn": "arn:aws:iam::1:role/hook",
                    "LifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]}]}})
    );
    assert_eq!(
        properties(&account, &task),
        json!({"Family": "web", "Revision": 7, "Status": "ACTIVE", "TaskRoleArn": "arn:aws:iam::1:role/task", "ExecutionRoleArn": "arn:aws:iam::1:role/execution",
            "ContainerDefinitions": [{"Name": "app", "Image": "nginx:1", "Privileged": false, "EnvironmentVariableNames": ["KEY", "PASSWORD"]}]})
    );
    assert_eq!(tags(&account, &task), json!({"of": "task"}));
    let entry = coverage(&account, "DescribeServices");
    assert_eq!(entry.outcome, Outcome::Denied);
    assert!(entry.detail.as_deref().unwrap().contains("service s10 and 1 others"), "{entry:?}");
    assert_eq!(coverage(&account, "ListServices").outcome, Outcome::Denied);
}

#[test]
fn a_trail_of_all_regions_is_asked_about_once() {
    use foureyes::collect::{Options, Regions};
    let fake = Fake::new(|asked| {
        Some(match asked.operation.as_str() {
            // The last region does not answer, so its trail is known by name only.
            "DescribeTrails" if asked.region == "us-west-2" => json_error(400, "AccessDeniedException"),
            "DescribeTrails" => {
                json(json!({"trailList": [trail(ACCOUNT, "own", "us-east-1"), trail(ACCOUNT, "far", "us-west-2")]}))
            }
            "GetTrailStatus" => {
                assert_eq!(asked.region, "us-east-1");
                json(json!({"IsLogging": true}))
            }
            "GetEventSelectors" => json(json!({"EventSelectors": []})),
            _ => return None,
        })
    });
    let regions = ["eu-west-1", "us-east-1", "us-west-2"].map(str::to_owned).to_vec();
    let options = Options { regions: Regions::These(regions), ..Options::default() };
    let snapshot = crate::fake_aws::try_collect(&fake, &options).unwrap();
    let account = &snapshot.accounts[0];
    assert_eq!((fake.count("DescribeTrails"), fake.count("GetTrailStatus")), (3, 1));
    let of = |name: &str, home: &str| properties(account, &format!("arn:aws:cloudtrail:{home}:{ACCOUNT}:trail/{name}"));
    assert_eq!(of("own", "us-east-1")["IsLogging"], true);
    let far = of("far", "us-west-2");
    assert_eq!((&far["TrailName"], far.get("IsLogging")), (&json!("far"), None));
}
