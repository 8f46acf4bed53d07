//! Which machines a call means: those of its ids, or those that fit its filters, page by page.

use std::sync::Arc;

use super::api::{ConsoleOutput, MachinePage, MachineQuery, Rows, StatusQuery};
use super::error::{self, Refusal};
use super::filter::{self, Filter, OF_MACHINES, OF_STATUSES};
use super::machine::{Key, MachineRecord, State};
use super::machines::Machines;
use super::page::Page;
use super::settings::Ec2Settings;
use dayfly::model::time::Timestamp;

impl Machines {
    /// The machine of an id that a call names, if calls know it by now.
    pub(super) fn known(&self, id: &str, now: Timestamp) -> Result<Key, Refusal> {
        if !id.starts_with("i-") {
            let text = format!("Invalid id: \"{id}\" (expecting \"i-...\")");
            return Err(Refusal::new(error::MACHINE_MALFORMED, text));
        }
        let is_seen = |key: &Key| {
            let machine = self.get(*key);
            machine.is_some_and(|machine| machine.seen_from <= now)
        };
        self.key(id).filter(is_seen).ok_or_else(|| not_found(&[id]))
    }

    /// The machines of all ids, or a refusal that names those that are not known.
    pub(super) fn known_all<'a>(
        &self,
        ids: impl IntoIterator<Item = &'a str>,
        now: Timestamp,
    ) -> Result<Vec<Key>, Refusal> {
        let (mut keys, mut lost) = (Vec::new(), Vec::new());
        for id in ids {
            match self.known(id, now) {
                Ok(key) => keys.push(key),
                Err(refusal) if refusal.code == error::MACHINE_NOT_FOUND => lost.push(id),
                Err(refusal) => return Err(refusal),
            }
        }
        if lost.is_empty() {
            return Ok(keys);
        }
        Err(not_found(&lost))
    }

    /// `GetConsoleOutput` of a machine.
    pub(super) fn console_output(
        &self,
        id: &str,
        latest: bool,
        settings: &Ec2Settings,
        now: Timestamp,
    ) -> Result<ConsoleOutput, Refusal> {
        let machine = self.get(self.known(id, now)?);
        let machine = machine.ok_or_else(|| not_found(&[id]))?;
        Ok(machine.console_output(latest, settings.delays.console, now))
    }

    /// `DescribeInstances`: a page of machines, not of launches.
    pub(super) fn page(
        &self,
        query: &MachineQuery,
        now: Timestamp,
    ) -> Result<MachinePage, Refusal> {
        self.selected(query, &OF_MACHINES, |_| true, now)
    }

    /// `DescribeInstanceStatus`: a page of machines, of which those that do not run have to be
    /// asked for.
    pub(super) fn status_page(
        &self,
        query: &StatusQuery,
        now: Timestamp,
    ) -> Result<MachinePage, Refusal> {
        let is_asked = |it: &MachineRecord| query.include_all || it.state == State::Running;
        self.selected(&query.machines, &OF_STATUSES, is_asked, now)
    }

    /// A page of the machines that a query means, by filters that are in `known`.
    fn selected(
        &self,
        query: &MachineQuery,
        known: &[&str],
        also: impl Fn(&MachineRecord) -> bool,
        now: Timestamp,
    ) -> Result<MachinePage, Refusal> {
        let page = Page::read(&query.page, 5..=1000)?;
        filter::check_all(&query.filters, known)?;
        if !query.ids.is_empty() && query.page.max_results.is_some() {
            let text = "The parameter instancesSet cannot be used with the parameter maxResults";
            return Err(Refusal::new(error::COMBINATION, text));
        }
        let fits = |(_, machine): &(Key, &Arc<MachineRecord>)| {
            machine.seen_from <= now
                && also(machine)
                && query
                    .filters
                    .iter()
                    .all(|filter| filter.fits_machine(machine))
        };
        if !query.ids.is_empty() {
            let keys = self.known_all(query.ids.iter().map(String::as_str), now)?;
            let machines = keys.iter().filter_map(|key| self.shared(*key));
            return Ok(cut(page, machines.filter(fits)));
        }
        // A tag that is asked for by its value spares looking at all the others.
        Ok(match query.filters.iter().find_map(Filter::exact_tag) {
            Some(tag) => cut(page, self.tagged(&tag, page.from).filter(fits)),
            None => cut(page, self.from(page.from).filter(fits)),
        })
    }
}

fn cut<'a>(
    page: Page,
    machines: impl Iterator<Item = (Key, &'a Arc<MachineRecord>)>,
) -> MachinePage {
    let shared = machines.map(|(key, machine)| (key, Arc::clone(machine)));
    let Rows { rows, next_token } = page.cut(shared);
    MachinePage {
        machines: rows,
        next_token,
    }
}

fn not_found(ids: &[&str]) -> Refusal {
    let text = match ids {
        [id] => format!("The instance ID '{id}' does not exist"),
        many => format!("The instance IDs '{}' do not exist", many.join(", ")),
    };
    Refusal::new(error::MACHINE_NOT_FOUND, text)
}
