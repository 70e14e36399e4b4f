//! Stopping a container service through Application Auto Scaling: a scheduled action sets the size to zero, and the
//! scaling service shrinks the service with its own role. A service that is not registered with it is registered first.
//!
//! Source: <https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-policy-overview.html>

use super::super::terms::Terms;
use super::super::way::On;
use super::own::SERVICE;
use super::plan::{Part, Plan};
use crate::base::{Arn, Certainty};
use crate::catalog::destruction::Class;
use crate::inventory::{Inventory, ResourceId};

const REGISTER: &str = "application-autoscaling:RegisterScalableTarget";
const SCHEDULE: &str = "application-autoscaling:PutScheduledAction";

/// Plans for the container services among the resources.
pub(super) fn plans(inventory: &Inventory, resources: &[ResourceId]) -> Vec<Plan> {
    let mut plans = Vec::new();
    let registered = Terms {
        certainty: Certainty::Conditional,
        conditions: ["if it is registered for scaling already, which was not read".to_owned()].into(),
    };
    for id in resources {
        let Some(service) = inventory.resource(*id).filter(|resource| resource.kind == "AWS::ECS::Service") else {
            continue;
        };
        let Some(arn) = Arn::parse(&service.arn) else { continue };
        // The id of a scalable target is not in the snapshot; no policy can name it without a wildcard.
        let target =
            format!("arn:{}:application-autoscaling:{}:{}:scalable-target/*", arn.partition, arn.region, arn.account);
        let given: &[(&str, &[&str])] = &[
            ("application-autoscaling:scalable-dimension", &["ecs:service:DesiredCount"]),
            ("application-autoscaling:service-namespace", &["ecs"]),
        ];
        let on = On::Arn(target.into());
        let parts = vec![
            Part::call(REGISTER, on.clone(), format!("{{who}} registers {{what}} for scaling down to nothing ({REGISTER})"))
                .given(given)
                .or(registered.clone()),
            Part::call(
                SCHEDULE,
                on,
                format!("{{who}} schedules a size of zero, and Application Auto Scaling stops {{what}} by itself ({SCHEDULE})"),
            )
            .given(given),
        ];
        plans.push(Plan {
            kind: SERVICE,
            class: Class::Environment,
            action: SCHEDULE.into(),
            targets: vec![*id],
            parts,
            terms: Terms::default(),
            except: None,
        });
    }
    plans
}
