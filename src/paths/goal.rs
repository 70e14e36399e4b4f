//! The ways to a right: who becomes somebody who may do something.

use super::graph::Graph;
use super::guises::Node;
use super::search::{Becoming, CERTAINTIES};
use super::technique::Technique;
use super::terms::Terms;
use super::way::Actor;
use crate::access::Access;
use crate::inventory::PrincipalId;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Those who have a right, and under which conditions.
pub type Holders = BTreeMap<PrincipalId, Terms>;

/// Somebody who can become somebody who has the right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayTo {
    /// Who begins.
    pub from: Actor,
    /// Whom it becomes, by which steps; the terms are those of the steps and of the right.
    pub becomes: Becoming,
    /// Who begins, in words.
    pub who: String,
    /// Whom it becomes, in words.
    pub whom: String,
}

/// Everybody who has not the right and can become somebody who has, each by the best way: the surest, then the one of
/// fewest steps. `ask` says who has it of those whom an [`Access`] knows.
pub fn ways_to(access: &Access<'_>, techniques: &[Technique], ask: &dyn Fn(&Access<'_>) -> Holders) -> Vec<WayTo> {
    let holders = ask(access);
    let graph = Graph::new(access, techniques, &holders.keys().copied().collect());
    let mut of: BTreeMap<Node, Terms> = holders.iter().map(|(id, terms)| (Node::of(*id), terms.clone())).collect();
    if !graph.supposed.ids.is_empty() {
        let supposed = ask(&Access::new(&graph.supposed.inventory));
        for (number, id) in (0u32..).zip(&graph.supposed.ids) {
            if let Some(terms) = supposed.get(id) {
                of.insert(graph.guises.node(number), terms.clone());
            }
        }
    }
    let firsts = graph.firsts(&|node| of.get(&node));
    let mut all = Vec::new();
    for number in 0..u32::try_from(graph.count()).unwrap_or(u32::MAX) {
        let node = Node(number);
        let is_guise = graph.guises.number(node).is_some();
        if is_guise || of.contains_key(&node) || graph.numbers_of(node).is_empty() {
            continue;
        }
        let best = CERTAINTIES.into_iter().find_map(|least| {
            let mut best = None;
            graph.search_until(node, least, Some(&firsts), &mut |reached, node| {
                let Some(terms) = of.get(&node).filter(|terms| terms.certainty <= least) else {
                    return ControlFlow::Continue(());
                };
                let becoming = graph.becoming(reached, node);
                best = Some(Becoming { terms: becoming.terms.clone().and(terms.clone()), ..becoming });
                ControlFlow::Break(())
            });
            best
        });
        if let Some(becomes) = best {
            let from = graph.guises.actor(node, None);
            let (who, whom) = (graph.in_words(from), graph.in_words(becomes.actor));
            all.push(WayTo { from, becomes, who, whom });
        }
    }
    all
}
