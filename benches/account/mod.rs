//! Accounts of any size for benches: a fixed seed gives a fixed file. The mix is that of a company that has grown for
//! some years: most principals are roles, most inline policies name their owner's own resources, many customer managed
//! policies are copies, and people come in through single sign-on.

mod policies;
mod random;

use policies::Own;
use random::Random;
use serde_json::{Value, json};
use std::io::{self, Write};

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Users and roles, over all accounts.
    pub principals: usize,
    /// Resources, over all accounts.
    pub resources: usize,
    /// One, or several in an organisation with service control policies on three levels.
    pub organization: bool,
    /// Another seed, another company.
    pub seed: u64,
}

/// How many principals an account of an organisation has.
const PRINCIPALS_OF_ACCOUNT: usize = 2_500;

/// The order of the resource kinds: (CloudFormation type, out of ten).
const KINDS: [(&str, usize); 5] = [
    ("AWS::DynamoDB::Table", 3),
    ("AWS::Lambda::Function", 3),
    ("AWS::S3::Bucket", 2),
    ("AWS::CloudFormation::Stack", 1),
    ("AWS::KMS::Key", 1),
];

const ENVIRONMENTS: [&str; 3] = ["prod", "staging", "dev"];

/// One account on its way to the file.
struct Account {
    id: String,
    environment: &'static str,
    resources: usize,
    random: Random,
}

impl Shape {
    /// The usual number of resources, in an organisation.
    pub fn of(principals: usize) -> Shape {
        Shape { principals, resources: 3_000.min(principals), organization: true, seed: 7 }
    }

    fn accounts(&self) -> Vec<(Account, usize)> {
        let count = if self.organization { self.principals.div_ceil(PRINCIPALS_OF_ACCOUNT).max(2) } else { 1 };
        let share = |total: usize, index: usize| total * (index + 1) / count - total * index / count;
        (0..count)
            .map(|index| {
                let account = Account {
                    id: format!("{:012}", 100_000_000_000 + 7_919 * index),
                    environment: ENVIRONMENTS[index % 3],
                    resources: share(self.resources, index),
                    random: Random::new(self.seed, index),
                };
                (account, share(self.principals, index))
            })
            .collect()
    }

    /// Writes a snapshot, version 1.
    pub fn write_snapshot(&self, out: &mut impl Write) -> io::Result<()> {
        let organization = if self.organization { policies::organization() } else { Value::Null };
        write!(out, r#"{{"schema":"foureyes/snapshot/v1","collected_at":"2026-11-22T02:00:00Z","organization":"#)?;
        write!(out, r#"{organization},"accounts":["#)?;
        for (index, (mut account, principals)) in self.accounts().into_iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(out, r#"{comma}{{"id":"{}","alias":"acme-{index}","#, account.id)?;
            if self.organization {
                let unit = policies::unit_of(account.environment);
                write!(out, r#""parent":"{unit}","policies":["p-FullAWSAccess","p-account"],"#)?;
            }
            write!(out, r#""authorization_details":"#)?;
            account.write_details(out, principals)?;
            write!(out, r#","resources":["#)?;
            for index in 0..account.resources {
                write!(out, "{}{}", if index > 0 { "," } else { "" }, account.resource(index))?;
            }
            write!(out, r#"],"coverage":{}}}"#, coverage(self.organization))?;
        }
        writeln!(out, "]}}")
    }

    /// Writes what `aws iam get-account-authorization-details` prints for the first account.
    pub fn write_details(&self, out: &mut impl Write) -> io::Result<()> {
        for (mut account, principals) in self.accounts().into_iter().take(1) {
            account.write_details(out, principals)?;
        }
        writeln!(out)
    }
}

fn coverage(organization: bool) -> Value {
    let ok = |service: &str, operation: &str| json!({"service": service, "operation": operation, "outcome": "ok"});
    let mut calls = vec![
        ok("iam", "GetAccountAuthorizationDetails"),
        ok("dynamodb", "ListTables"),
        ok("dynamodb", "GetResourcePolicy"),
        ok("s3", "GetBucketPolicy"),
        ok("kms", "GetKeyPolicy"),
        ok("lambda", "GetPolicy"),
    ];
    if !organization {
        calls.push(ok("organizations", "DescribeOrganization"));
    }
    calls.into()
}

impl Account {
    fn write_details(&mut self, out: &mut impl Write, principals: usize) -> io::Result<()> {
        let users = principals / 5;
        let groups = (users / 40).max(8);
        let teams = (principals / 50).max(4);
        // Policies follow the lists that refer to them, so they are kept until those are written.
        let mut managed: Vec<Value> = policies::aws_managed();
        managed.extend(policies::shared(&self.id, teams));
        write!(out, r#"{{"UserDetailList":["#)?;
        for index in 0..users {
            write!(out, "{}{}", if index > 0 { "," } else { "" }, self.user(index, groups, teams))?;
        }
        write!(out, r#"],"GroupDetailList":["#)?;
        for index in 0..groups {
            write!(out, "{}{}", if index > 0 { "," } else { "" }, self.group(index, teams))?;
        }
        write!(out, r#"],"RoleDetailList":["#)?;
        for index in 0..principals - users {
            let (role, policy) = self.role(index, teams);
            write!(out, "{}{role}", if index > 0 { "," } else { "" })?;
            managed.extend(policy);
        }
        write!(out, r#"],"Policies":["#)?;
        for (index, policy) in managed.iter().enumerate() {
            write!(out, "{}{policy}", if index > 0 { "," } else { "" })?;
        }
        write!(out, "]}}")
    }

    /// What belongs to one owner: resources of the inventory in most cases, others that it does not hold in the rest.
    fn own(&mut self, owner: &str) -> Own {
        let team = format!("team-{:03}", self.random.below(200));
        let mut name_of = |kind: usize| {
            if self.resources > 20 && self.random.chance(60) {
                let near = self.random.below(self.resources / 10);
                let offset = (0..10).find(|offset| KIND_OF[*offset] == kind).unwrap_or(0);
                self.name(near * 10 + offset)
            } else {
                format!("{owner}-{}-{}", self.environment, self.random.word())
            }
        };
        let (table, function, bucket) = (name_of(0), name_of(1), name_of(2));
        let (stack, key) = (name_of(3), self.random.uuid());
        Own { account: self.id.clone(), owner: owner.to_owned(), team, table, function, bucket, stack, key }
    }

    fn name(&self, index: usize) -> String {
        let environment = ENVIRONMENTS[index % 3];
        format!("{}-{environment}-{:04}", random::WORDS[index * 7 % random::WORDS.len()], index)
    }

    fn user(&mut self, index: usize, groups: usize, teams: usize) -> Value {
        let name = format!("{}.{}-{index:05}", self.random.word(), self.random.word());
        let human = self.random.chance(65);
        let own = self.own(&name);
        let joined: Vec<String> = if human {
            // A department has a handful of usual combinations of groups.
            let (first, more) = (self.random.below(groups), self.random.below(3));
            (0..=more).map(|step| group_name((first + step * 3) % groups)).collect()
        } else {
            Vec::new()
        };
        let inline: Vec<Value> = if human && self.random.chance(85) {
            Vec::new()
        } else {
            (0..=self.random.below(3)).map(|_| inline("own", policies::application(&own, &mut self.random))).collect()
        };
        let attached: Vec<Value> =
            if self.random.chance(30) { vec![self.shared_attachment(teams)] } else { Vec::new() };
        let mut user = json!({
            "Path": "/", "UserName": name, "UserId": self.random.id("AIDA"),
            "Arn": format!("arn:aws:iam::{}:user/{name}", self.id), "CreateDate": self.random.date(),
            "UserPolicyList": inline, "GroupList": joined, "AttachedManagedPolicies": attached, "Tags": self.tags(&own),
        });
        if !human && self.random.chance(50) {
            user["PermissionsBoundary"] = self.boundary();
        }
        user
    }

    fn group(&mut self, index: usize, teams: usize) -> Value {
        let name = group_name(index);
        let own = self.own(&name);
        let mut attached = vec![policies::attachment_of_aws(policies::JOBS[index % policies::JOBS.len()])];
        attached.push(self.shared_attachment(teams));
        let mut inline_policies = vec![inline("mfa", policies::require_mfa())];
        if self.random.chance(50) {
            inline_policies.push(inline("team", policies::by_tag(&own)));
        }
        json!({
            "Path": "/", "GroupName": name, "GroupId": self.random.id("AGPA"),
            "Arn": format!("arn:aws:iam::{}:group/{name}", self.id), "CreateDate": self.random.date(),
            "GroupPolicyList": inline_policies, "AttachedManagedPolicies": attached,
        })
    }

    /// A role, and the customer managed policy that was made for it alone.
    fn role(&mut self, index: usize, teams: usize) -> (Value, Option<Value>) {
        let kind = self.random.below(100);
        let name = format!("{}-{}-{index:05}", self.random.word(), policies::role_suffix(kind));
        let own = self.own(&name);
        let random = &mut self.random;
        let path = match kind {
            80..85 => "/aws-reserved/sso.amazonaws.com/",
            85..89 => "/aws-service-role/support.amazonaws.com/",
            0..10 => "/ci/",
            _ => "/",
        };
        let mut attached: Vec<Value> = Vec::new();
        let mut inline_policies = Vec::new();
        let mut policy = None;
        match kind {
            // Deployment.
            0..10 => inline_policies.push(inline("deploy", policies::deployment(&own))),
            // Functions and tasks.
            10..50 => {
                attached.push(policies::attachment_of_aws(policies::RUNTIME[kind % policies::RUNTIME.len()]));
                for number in 0..=random.below(3) {
                    inline_policies.push(inline(&format!("own-{number}"), policies::application(&own, random)));
                }
            }
            // The same with a managed policy of their own.
            50..80 => {
                let document = policies::application(&own, random);
                policy = Some(policies::managed(&self.id, &format!("{name}-policy"), document, random));
                attached.push(policies::attachment(&self.id, &format!("{name}-policy")));
            }
            // Single sign-on: permission sets, the same text in every role.
            80..85 => {
                attached.push(policies::attachment_of_aws(policies::JOBS[kind % policies::JOBS.len()]));
                inline_policies.push(inline("AwsSSOInlinePolicy", policies::permission_set(kind)));
            }
            // Of AWS services.
            85..89 => attached.push(policies::attachment_of_aws("AWSSupportServiceRolePolicy")),
            // Nearly administrators.
            89..93 => inline_policies.push(inline("most", policies::all_but(&own))),
            // Operators by tag.
            93..96 => inline_policies.push(inline("tags", policies::by_tag(&own))),
            _ => inline_policies.push(inline("data", policies::data(&own))),
        }
        if kind < 80 && random.chance(50) {
            attached.push(self.shared_attachment(teams));
        }
        let mut role = json!({
            "Path": path, "RoleName": name, "RoleId": self.random.id("AROA"),
            "Arn": format!("arn:aws:iam::{}:role{path}{name}", self.id), "CreateDate": self.random.date(),
            "AssumeRolePolicyDocument": policies::trust(kind, &own), "InstanceProfileList": [],
            "RolePolicyList": inline_policies, "AttachedManagedPolicies": attached, "Tags": self.tags(&own),
            "RoleLastUsed": {"LastUsedDate": self.random.date(), "Region": "eu-west-1"},
        });
        if kind < 10 || (kind < 80 && self.random.chance(10)) {
            role["PermissionsBoundary"] = self.boundary();
        }
        (role, policy)
    }

    fn shared_attachment(&mut self, teams: usize) -> Value {
        let team = self.random.below(teams);
        policies::attachment(&self.id, &policies::shared_name(team))
    }

    fn boundary(&self) -> Value {
        let arn = format!("arn:aws:iam::{}:policy/{}", self.id, policies::BOUNDARY);
        json!({"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn})
    }

    fn tags(&mut self, own: &Own) -> Value {
        if self.random.chance(40) {
            return json!([]);
        }
        json!([{"Key": "team", "Value": own.team}, {"Key": "env", "Value": self.environment},
               {"Key": "managed-by", "Value": "terraform"},
               {"Key": "repository", "Value": format!("github.com/acme/{}", own.owner)}])
    }

    fn resource(&mut self, index: usize) -> Value {
        let (kind, name, account) = (KINDS[KIND_OF[index % 10]].0, self.name(index), self.id.clone());
        let environment = ENVIRONMENTS[index % 3];
        let (arn, properties) = match kind {
            "AWS::DynamoDB::Table" => (
                format!("arn:aws:dynamodb:eu-west-1:{account}:table/{name}"),
                json!({"TableName": name, "BillingMode": "PAY_PER_REQUEST", "DeletionProtectionEnabled": index.is_multiple_of(2),
                       "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}),
            ),
            "AWS::Lambda::Function" => (
                format!("arn:aws:lambda:eu-west-1:{account}:function:{name}"),
                json!({"FunctionName": name, "Runtime": "nodejs22.x", "Timeout": 30,
                       "Role": format!("arn:aws:iam::{account}:role/{name}")}),
            ),
            "AWS::S3::Bucket" => (
                format!("arn:aws:s3:::{name}-{account}"),
                json!({"BucketName": format!("{name}-{account}"), "VersioningConfiguration": {"Status": "Enabled"}}),
            ),
            "AWS::CloudFormation::Stack" => (
                format!("arn:aws:cloudformation:eu-west-1:{account}:stack/{name}/{}", self.random.uuid()),
                json!({"StackName": name, "EnableTerminationProtection": index.is_multiple_of(4)}),
            ),
            _ => (
                format!("arn:aws:kms:eu-west-1:{account}:key/{}", self.random.uuid()),
                json!({"KeyManager": "CUSTOMER", "KeySpec": "SYMMETRIC_DEFAULT", "Enabled": true}),
            ),
        };
        let policy = match kind {
            "AWS::KMS::Key" => Some(policies::of_key(&account)),
            "AWS::S3::Bucket" if index.is_multiple_of(3) => Some(policies::of_bucket(&arn, &account)),
            "AWS::Lambda::Function" if index.is_multiple_of(6) => Some(policies::of_function(&arn)),
            "AWS::DynamoDB::Table" if index.is_multiple_of(40) => Some(policies::of_table(&arn, &account)),
            _ => None,
        };
        let tags = if self.random.chance(80) {
            json!({"env": environment, "team": format!("team-{:03}", index % 40)})
        } else {
            json!({})
        };
        let mut resource =
            json!({"arn": arn, "type": kind, "region": "eu-west-1", "tags": tags, "properties": properties});
        if let Some(policy) = policy {
            resource["policy"] = policy;
        }
        resource
    }
}

/// Kinds, each as often among ten as [`KINDS`] says.
const KIND_OF: [usize; 10] = [0, 1, 2, 0, 1, 3, 0, 1, 2, 4];

fn group_name(index: usize) -> String {
    format!("{}-{index:03}", ["developers", "operators", "analysts", "support"][index % 4])
}

fn inline(name: &str, document: Value) -> Value {
    json!({"PolicyName": name, "PolicyDocument": document})
}
