//! `--edge-fault-percent` and `--edge-fault-kinds`: an edge in front of the emulated hub.

use clap::Args;

use crate::emulator::edge::{EdgeSettings, MILLION};
use crate::emulator::foreign::ForeignAnswer;

/// How many millionths a percent has, in digits.
const DIGITS: usize = 4;

/// The options of an edge.
#[derive(Clone, Debug, Default, Args)]
pub struct EdgeArguments {
    /// Replace this share of the hub's answers by those of something in front of it, such as 3
    /// or 0.5; half of them without the hub seeing the request.
    #[arg(long, value_name = "PERCENT", value_parser = per_million)]
    edge_fault_percent: Option<u32>,
    /// Replace them by these alone: a status (404, 401, 403, 502, 503, 504, 200), html, json,
    /// redirect, or the name of one answer, such as 404-envoy or captive-portal.
    #[arg(
        long,
        value_name = "KIND,…",
        value_delimiter = ',',
        value_parser = kinds,
        requires = "edge_fault_percent"
    )]
    edge_fault_kinds: Vec<Kinds>,
    /// Let the hub see none of the requests whose answers are replaced, so that no true answer is
    /// lost: the hub hands out a job's secrets only once.
    #[arg(long, requires = "edge_fault_percent")]
    edge_fault_unseen: bool,
}

/// The answers that one word means.
#[derive(Clone, Debug)]
struct Kinds(Vec<ForeignAnswer>);

impl EdgeArguments {
    /// The edge that is asked for, if one is.
    pub fn settings(&self) -> Option<EdgeSettings> {
        let kinds = self.edge_fault_kinds.iter();
        let mut kinds: Vec<ForeignAnswer> = kinds.flat_map(|it| it.0.clone()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        Some(EdgeSettings {
            faults_per_million: self.edge_fault_percent?,
            kinds,
            window: None,
            is_before: self.edge_fault_unseen,
        })
    }
}

fn kinds(text: &str) -> Result<Kinds, String> {
    let meant = ForeignAnswer::meant(text);
    if !meant.is_empty() {
        return Ok(Kinds(meant));
    }
    let names: Vec<&str> = ForeignAnswer::ALL.map(ForeignAnswer::name).to_vec();
    Err(format!(
        "expected a status such as 404, or html, json, redirect, or one of {}",
        names.join(", ")
    ))
}

/// A percentage with up to four decimals, in millionths.
fn per_million(text: &str) -> Result<u32, String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let read = || {
        let digits = format!("{whole}{part:0<DIGITS$}");
        let is_good = is_number(whole) && is_number(part) && part.len() <= DIGITS;
        let number: u32 = digits.parse().ok().filter(|_| is_good)?;
        (number <= MILLION).then_some(number)
    };
    read().ok_or_else(|| {
        "expected a percentage from 0 to 100 with at most four decimals, such as 3 or 0.5"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_read_in_millionths() {
        let read = |text| per_million(text).ok();
        assert_eq!(
            ["0", "3", "0.5", "100"].map(read),
            [0, 30_000, 5_000, MILLION].map(Some)
        );
        assert_eq!(read("0.0001"), Some(1));
        for wrong in [
            "", "-1", "101", "100.1", "1.", ".5", "0.00001", "three", "3%",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn several_words_give_each_answer_once() {
        let arguments = EdgeArguments {
            edge_fault_percent: Some(1),
            edge_fault_kinds: ["502", "502-html"].map(|it| kinds(it).expect(it)).to_vec(),
            edge_fault_unseen: false,
        };
        let settings = arguments.settings().expect("an edge");
        let both = [ForeignAnswer::BadGatewayHtml, ForeignAnswer::BadGatewayText];
        assert_eq!(settings.kinds, both);
        assert_eq!(EdgeArguments::default().settings(), None);
    }
}
