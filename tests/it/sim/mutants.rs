//! Each rule of the scaler is missed when it is switched off: the table of docs/SIMULATOR.md.

use dayfly_lab::sim::mutant::Mutant;
use dayfly_lab::sim::options::Options;
use dayfly_lab::sim::oracle::Invariant;
use dayfly_lab::sim::run;
use dayfly_lab::sim::scenario;
use dayfly_lab::sim::trace::Detail;

/// Where a rule is needed.
enum Place {
    /// In the world of this seed.
    Seed(u64),
    /// In the scenario of this name.
    Scenario(&'static str),
}

use Place::{Scenario, Seed};

/// A rule, a world in which it is needed, and who notices that it is not there.
const TABLE: [(Mutant, Place, Invariant); 30] = [
    (Mutant::ReadsSilenceAsEmpty, Seed(66), Invariant::Capped),
    (
        Mutant::ReadsNoAgentsAsNone,
        Seed(30),
        Invariant::NeverKillWork,
    ),
    (Mutant::ForgetsPoolCap, Seed(21), Invariant::Capped),
    (Mutant::ForgetsDeploymentCap, Seed(56), Invariant::Capped),
    (Mutant::ForgetsLaunchRate, Seed(70), Invariant::Capped),
    (Mutant::ForgetsBudget, Seed(21), Invariant::Capped),
    (Mutant::ForgetsEnding, Seed(9), Invariant::Capped),
    (
        Mutant::ForgetsBreaker,
        Scenario("no boot of an image works for ten hours"),
        Invariant::NoWaste,
    ),
    (Mutant::ForgetsBootLimit, Seed(0), Invariant::MachinesEnd),
    (
        Mutant::ForgetsAgentsThatLeft,
        Seed(6),
        Invariant::MachinesEnd,
    ),
    (Mutant::ForgetsLifetime, Seed(4), Invariant::JobsEnd),
    (Mutant::ForgetsGrace, Seed(675), Invariant::NeverKillWork),
    (
        Mutant::ForgetsHeld,
        Scenario("an operator holds a machine that hangs"),
        Invariant::OursAlone,
    ),
    (Mutant::EndsWaiting, Seed(30), Invariant::NeverKillWork),
    (Mutant::ForgetsLaunched, Seed(67), Invariant::Capped),
    (Mutant::DrawsTokens, Seed(26), Invariant::Idempotent),
    (Mutant::ForgetsShortage, Seed(9), Invariant::NoPestering),
    (Mutant::ForgetsRefusal, Seed(9), Invariant::NoPestering),
    (Mutant::ForgetsPatience, Seed(81), Invariant::Patience),
    (
        Mutant::ForgetsPickups,
        Scenario("jobs that were just taken are counted once more"),
        Invariant::NoWaste,
    ),
    (Mutant::ForgetsReserve, Seed(44), Invariant::Served),
    (
        Mutant::ForgetsReserveHours,
        Scenario("some hours of the day have a reserve"),
        Invariant::Served,
    ),
    (
        Mutant::ForgetsImpaired,
        Scenario("machines are impaired"),
        Invariant::ShortWaits,
    ),
    (
        Mutant::TrustsEmptyConsoles,
        Seed(25),
        Invariant::NeverKillWork,
    ),
    (Mutant::LeaseForEverybody, Seed(76), Invariant::OneApplies),
    (
        Mutant::BelievesAnyAgentList,
        Scenario("the agent list is empty for ten minutes"),
        Invariant::NeverKillWork,
    ),
    (
        Mutant::ForgetsOtherClocks,
        Scenario("a clock steps a day ahead"),
        Invariant::NeverKillWork,
    ),
    (
        Mutant::EndsAllOrNone,
        Scenario("a machine is protected from termination"),
        Invariant::ShortWaits,
    ),
    (
        Mutant::ForgetsTracelessBoots,
        Scenario("EC2 ends machines while they boot"),
        Invariant::NoWaste,
    ),
    (
        Mutant::TakesRefusalsForFailures,
        Scenario("the agent quota is reached for twenty minutes"),
        Invariant::NoWaste,
    ),
];

/// What is found in a place.
fn found(place: &Place, mutant: Option<Mutant>) -> Vec<Invariant> {
    let report = match place {
        Seed(seed) => run(Options::draw(*seed), mutant, Detail::Digest),
        Scenario(name) => {
            let all = scenario::all();
            let one = all.iter().find(|scenario| scenario.name == *name);
            one.expect("the scenario exists").run(mutant)
        }
    };
    report.findings.iter().map(|it| it.invariant).collect()
}

#[test]
fn each_rule_that_is_switched_off_is_noticed_by_its_oracle() {
    for (mutant, place, invariant) in &TABLE {
        let found = found(place, Some(*mutant));
        assert!(
            found.contains(invariant),
            "{mutant}: not {invariant}, but {found:?}"
        );
    }
}

#[test]
fn every_rule_has_its_row_here_and_in_the_documentation() {
    let page = include_str!("../../../docs/SIMULATOR.md");
    for mutant in Mutant::ALL {
        let row = TABLE.iter().find(|(it, _, _)| *it == mutant);
        let (_, _, invariant) = row.expect("every mutant has a row");
        let name = mutant.to_string();
        let lines = page.lines().filter(|line| line.starts_with("| `"));
        let told = lines.filter(|line| line.contains(&name));
        let oracle = format!("{:?}", invariant.oracle()).to_lowercase();
        assert!(
            told.into_iter()
                .any(|line| line.contains(&invariant.to_string()) && line.contains(&oracle)),
            "docs/SIMULATOR.md does not say that {oracle}, {invariant}, notices {name}"
        );
    }
}

#[test]
fn nothing_is_found_in_the_scenarios_without_a_mutant() {
    for scenario in scenario::all() {
        let report = scenario.run(None);
        assert!(
            report.findings.is_empty(),
            "{}: {:?}",
            scenario.name,
            report.findings
        );
    }
}
