//! Becoming an administrator, on an account that others wrote to show how it is done: a plain IAM dump, in which every user
//! and role bears the name of the way that it is meant to have.

use foureyes::access::Access;
use foureyes::engine::Verdict;
use foureyes::inventory::{EnvironmentRules, Inventory, PrincipalId};
use foureyes::paths::{self, Actor, Call, Graph};
use foureyes::rules::{self, Settings};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const RULE: &str = "can-become-administrator-of-account";

/// For a user and a role each: the technique of the first step, or why there is none.
const TABLE: &str = "
privesc1-CreateNewPolicyVersion             new-version-of-own-user-policy | new-version-of-own-role-policy
privesc2-SetExistingDefaultPolicyVersion    - no version of the policy says anything else
privesc3-CreateEC2WithExistingInstanceProfile new-instance | new-instance
privesc4-CreateAccessKey                    create-access-key | create-access-key
privesc5-CreateLoginProfile                 create-password | create-password
privesc6-UpdateLoginProfile                 change-password | change-password
privesc7-AttachUserPolicy                   attach-policy-to-own-user | - cannot become the user whose policies it changes
privesc8-AttachGroupPolicy                  attach-policy-to-own-group | - a role is in no group
privesc9-AttachRolePolicy                   - no role trusts the user | attach-policy-to-own-role
privesc10-PutUserPolicy                     write-own-user-policy | - cannot become the user whose policies it changes
privesc11-PutGroupPolicy                    write-policy-of-own-group | - a role is in no group
privesc12-PutRolePolicy                     - no role trusts the user | write-own-role-policy
privesc13-AddUserToGroup                    join-group | - a role is in no group
privesc14-UpdatingAssumeRolePolicy          rewrite-trust | rewrite-trust
privesc15-PassExistingRoleToNewLambdaThenInvoke new-function-and-invoke | new-function-and-invoke
privesc16-PassRoleToNewLambdaThenTriggerWithNewDynamo new-function-and-event-source | new-function-and-event-source
privesc17-EditExistingLambdaFunctionWithRole code-of-unseen-function | code-of-unseen-function
privesc18-PassExistingRoleToNewGlueDevEndpoint - development endpoints of Glue are not followed
privesc19-UpdateExistingGlueDevEndpoint     - development endpoints of Glue were not read
privesc20-PassExistingRoleToCloudFormation  new-stack | new-stack
privesc21-PassExistingRoleToNewDataPipeline - Data Pipeline is not followed
privesc-AssumeRole-intermediate             - there is no such user | assume-role
privesc-AssumeRole-start                    - no policy, and no role trusts the user | - there is no such role
privesc-AssumeRole-starting                 - there is no such user | assume-role
privesc-CloudFormationUpdateStack           template-of-unseen-stack | template-of-unseen-stack
privesc-codeBuildCreateProjectPassRole      new-build-project | new-build-project
privesc-ec2InstanceConnect                  ssh-key-on-instance | ssh-key-on-instance
privesc-sageMakerCreateNotebookPassRole     new-notebook | new-notebook
privesc-sageMakerCreatePresignedNotebookURL sign-in-to-notebook | sign-in-to-notebook
privesc-sageMakerCreateProcessingJobPassRole new-processing-job | new-processing-job
privesc-sageMakerCreateTrainingJobPassRole  new-training-job | new-training-job
privesc-sre                                 attach-policy-to-own-group | attach-policy-to-own-role
privesc-ssmSendCommand                      command-on-instance | command-on-instance
privesc-ssmStartSession                     session-on-instance | session-on-instance
";

#[test]
fn each_becomes_an_administrator_in_the_way_of_its_name() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/accounts/cloudsplaining-example.json");
    let snapshot = foureyes::snapshot::read(&path).unwrap().snapshot;
    let inventory = Inventory::new(&snapshot, &EnvironmentRules::default());
    let access = Access::new(&inventory);
    let rule: Vec<_> = rules::built_in().unwrap().into_iter().filter(|rule| rule.id == RULE).collect();
    let outcome = rules::run(&rule, &rules::definitions().unwrap(), &access, &Settings::default());
    let told: BTreeSet<&str> =
        outcome.findings.iter().flat_map(|finding| &finding.principals).map(|arn| &**arn).collect();

    // The dump is plain: whoever has a policy that allows everything is an administrator.
    let is_administrator = |id: PrincipalId| {
        let name = inventory.principal(id).map_or("", |known| &known.arn);
        name.contains("ending-role") || name.contains("high-priv") || name.contains("ExecutionRole")
    };
    let wanted = inventory.principal_ids().map(|(id, _)| id).filter(|id| is_administrator(*id)).collect();
    let graph = Graph::new(&access, paths::built_in(), &wanted);
    let master = |actor: Actor| match actor {
        Actor::Principal(id) => is_administrator(id),
        Actor::Unbound(_) | Actor::WithoutBoundary(_) | Actor::Newcomer(_) => true,
        Actor::Changed(..) => ["iam:CreateUser", "s3:DeleteBucket", "ec2:TerminateInstances"].iter().all(|action| {
            let on = "*".into();
            let (action, given, verdict) = ((*action).into(), Vec::new(), Verdict::Unknown);
            let call = Call { by: actor.principal(), action, on, resource: None, given, verdict };
            !graph.decide(actor, &call).unwrap().verdict.is_denied()
        }),
        Actor::Outsider(_) => false,
    };
    let mut expected: BTreeMap<String, Option<&str>> = BTreeMap::new();
    for line in TABLE.lines().filter(|line| !line.is_empty()) {
        let (name, ways) = line.split_once(' ').unwrap();
        let (user, role) = ways.split_once('|').unwrap_or((ways, ways));
        for (kind, way) in [("user", user.trim()), ("role", role.trim())] {
            assert!(!way.is_empty(), "{line}");
            expected.insert(format!("{kind}/{name}-{kind}"), Some(way).filter(|way| !way.starts_with('-')));
        }
    }
    let mut differences = Vec::new();
    for (id, principal) in inventory.principal_ids() {
        let Some(name) = principal.arn.strip_prefix("arn:aws:iam::200611803367:") else { continue };
        if !name.contains("/privesc") || is_administrator(id) || name == "role/privesc-permissive-role-trust" {
            continue;
        }
        let Some(way) = expected.get(name) else {
            differences.push(format!("{name} is not in the table"));
            continue;
        };
        let becoming = graph.nearest(id, &master);
        let found = becoming.as_ref().and_then(|becoming| becoming.hops.first()).map(|hop| &*hop.by);
        if found != *way {
            differences.push(format!("{name}: {found:?} instead of {way:?}"));
        }
        if told.contains(&*principal.arn) != way.is_some() {
            differences.push(format!("{name}: the rule says otherwise than the table"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    let titles: Vec<&str> = outcome.findings.iter().map(|finding| finding.title.as_str()).collect();
    assert!(titles.contains(&"User privesc10-PutUserPolicy-user can become an administrator"), "{titles:#?}");
}
