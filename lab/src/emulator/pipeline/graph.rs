//! Which block waits for which: names into positions, without cycles.

use std::collections::BTreeMap;

use dayfly::document::{Reader, Table};

/// A block's name and the names it waits for; `None` if it has no `dependencies` key.
pub(super) struct Links<'a> {
    name: String,
    block: Reader<'a>,
    dependencies: Option<Vec<Reader<'a>>>,
}

impl<'a> Links<'a> {
    /// Takes what a block says of itself.
    pub(super) fn read(block: &Table<'a>, name: &str) -> Self {
        let dependencies = block.optional("dependencies");
        Self {
            name: name.to_owned(),
            block: block.reader().clone(),
            dependencies: dependencies.and_then(|list| list.list(0..=usize::MAX)),
        }
    }
}

/// For each block, the positions of the blocks it waits for.
///
/// Without a `dependencies` key anywhere, each block waits for the one before it; with one, a block
/// without waits for none. Names that are doubled or unknown and cycles are reported.
pub(super) fn resolve(links: &[Links<'_>]) -> Option<Vec<Vec<usize>>> {
    let mut positions: BTreeMap<&str, usize> = BTreeMap::new();
    let mut is_right = true;
    for (at, link) in links.iter().enumerate() {
        if let Some(first) = positions.insert(&link.name, at) {
            let line = links[first].block.place().line;
            let found = format!(
                "the block {:?} has the name of the one in line {line}",
                link.name
            );
            link.block.wrong(found, "expected a name of its own");
            is_right = false;
        }
    }
    if links.iter().all(|link| link.dependencies.is_none()) {
        let before = |at: usize| at.checked_sub(1).into_iter().collect();
        return is_right.then(|| (0..links.len()).map(before).collect());
    }
    let mut graph = Vec::new();
    for link in links {
        let mut row = Vec::new();
        for dependency in link.dependencies.iter().flatten() {
            match position(dependency, &positions) {
                Some(at) if row.contains(&at) => {}
                Some(at) => row.push(at),
                None => is_right = false,
            }
        }
        graph.push(row);
    }
    if is_right && let Some(cycle) = cycle(&graph) {
        let names: Vec<&str> = cycle.iter().map(|at| links[*at].name.as_str()).collect();
        let found = format!("blocks wait for each other: {}", names.join(" -> "));
        links[cycle[0]]
            .block
            .wrong(found, "take one of these dependencies out");
        is_right = false;
    }
    is_right.then_some(graph)
}

fn position(dependency: &Reader<'_>, positions: &BTreeMap<&str, usize>) -> Option<usize> {
    let name = dependency.text()?;
    let position = positions.get(name).copied();
    if position.is_none() {
        let found = format!("there is no block {name:?}");
        let names: Vec<String> = positions.keys().map(|name| format!("{name:?}")).collect();
        dependency.wrong(found, format!("the blocks are {}", names.join(", ")));
    }
    position
}

/// A cycle, if there is one: positions along it, the first once more at the end.
///
/// Blocks whose dependencies are all settled are settled, until none is left; from one that never
/// settles, following unsettled dependencies must come back to where it has been.
fn cycle(graph: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut settled = vec![false; graph.len()];
    loop {
        let next = (0..graph.len())
            .find(|at| !settled[*at] && graph[*at].iter().all(|other| settled[*other]));
        match next {
            Some(at) => settled[at] = true,
            None => break,
        }
    }
    let mut trail = vec![settled.iter().position(|settled| !settled)?];
    loop {
        let last = *trail.last().expect("a trail starts with one block");
        let next = *graph[last]
            .iter()
            .find(|other| !settled[**other])
            .expect("an unsettled block waits for an unsettled one");
        if let Some(start) = trail.iter().position(|at| *at == next) {
            let mut cycle = trail.split_off(start);
            // Named from its first block in the file, whichever led here.
            let first = (0..cycle.len()).min_by_key(|at| cycle[*at]).unwrap_or(0);
            cycle.rotate_left(first);
            cycle.push(cycle[0]);
            return Some(cycle);
        }
        trail.push(next);
    }
}
