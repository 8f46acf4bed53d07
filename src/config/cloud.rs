//! `[cloud]`: where machines come from, and the keys of each kind.

use std::path::Path;
use std::time::Duration;

use super::settings::{CloudSettings, Ec2Settings, ProcessSettings};
use super::{default, price};
use crate::document::{Reader, Table};

pub(super) const CLOUD: [&str; 8] = [
    "kind",
    "folder",
    "boot_delay_milliseconds",
    "region",
    "endpoint_url",
    "ca_file",
    "lease_table",
    "prices",
];
const OF_PROCESS: [&str; 2] = ["folder", "boot_delay_milliseconds"];
const OF_EC2: [&str; 5] = ["region", "endpoint_url", "ca_file", "lease_table", "prices"];
/// DynamoDB's own limits for the name of a table.
const TABLE_NAME: std::ops::RangeInclusive<usize> = 3..=255;

/// The kinds of clouds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Process,
    Ec2,
}

impl Kind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Ec2 => "ec2",
        }
    }

    /// Where its machines are, to end a sentence about a key.
    pub(super) const fn place(self) -> &'static str {
        match self {
            Self::Process => "machines on this computer",
            Self::Ec2 => "machines on EC2",
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Process => Self::Ec2,
            Self::Ec2 => Self::Process,
        }
    }

    /// Reports each of these keys, which are the other kind's.
    pub(super) fn refuse(self, table: &Table<'_>, keys: &[&str]) {
        for reader in keys.iter().filter_map(|key| table.optional(key)) {
            let other = self.other();
            reader.wrong(
                format!("found beside cloud.kind = \"{}\"", self.word()),
                format!("this key is for {}: take it out", other.place()),
            );
        }
    }
}

/// Where machines come from; each part is `None` only with a problem in the report.
#[derive(Clone, Debug, Default)]
pub(super) struct Cloud {
    pub(super) kind: Option<Kind>,
    pub(super) settings: Option<CloudSettings>,
}

pub(super) fn cloud(reader: &Reader<'_>, folder: &Path) -> Cloud {
    let Some(table) = reader.table(&CLOUD) else {
        return Cloud::default();
    };
    let expected = "process, for machines on this computer, or ec2, for machines on Amazon's cloud";
    let kind = table.required("kind", expected);
    let kind = kind.and_then(|kind| kind.word(&[Kind::Process.word(), Kind::Ec2.word()]));
    let kind = kind.map(|word| match word {
        "ec2" => Kind::Ec2,
        _ => Kind::Process,
    });
    let settings = match kind {
        Some(kind @ Kind::Process) => {
            kind.refuse(&table, &OF_EC2);
            table.required("folder", "the folder that machines live in");
            process(&table, folder).map(CloudSettings::Process)
        }
        Some(kind @ Kind::Ec2) => {
            kind.refuse(&table, &OF_PROCESS);
            ec2(&table, folder).map(CloudSettings::Ec2)
        }
        None => {
            // What is wrong with the values is said all the same, whosever they are.
            process(&table, folder);
            ec2(&table, folder);
            None
        }
    };
    Cloud { kind, settings }
}

fn process(table: &Table<'_>, folder: &Path) -> Option<ProcessSettings> {
    let path = table.optional("folder");
    let path = path.and_then(|path| path.filled_text());
    let delay = match table.optional("boot_delay_milliseconds") {
        Some(reader) => reader
            .integer(0..=600_000)
            .and_then(|ms| u64::try_from(ms).ok()),
        None => u64::try_from(default::BOOT_DELAY.as_millis()).ok(),
    };
    Some(ProcessSettings {
        folder: folder.join(path?),
        boot_delay: Duration::from_millis(delay?),
    })
}

fn ec2(table: &Table<'_>, folder: &Path) -> Option<Ec2Settings> {
    let text = |key: &str, check: fn(&Reader<'_>) -> Option<String>| match table.optional(key) {
        Some(reader) => check(&reader).map(Some),
        None => Some(None),
    };
    let region = text("region", region);
    let endpoint_url = text("endpoint_url", endpoint_url);
    let ca_file = text("ca_file", |reader| reader.filled_text().map(str::to_owned));
    let lease_table = text("lease_table", lease_table);
    let prices = price::prices(table.optional("prices").as_ref());
    Some(Ec2Settings {
        region: region?,
        endpoint_url: endpoint_url?,
        ca_file: ca_file?.map(|path| folder.join(path)),
        lease_table: lease_table?,
        prices: prices?,
    })
}

fn region(reader: &Reader<'_>) -> Option<String> {
    let text = reader.filled_text()?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.contains('-') && text.chars().all(fits) {
        return Some(text.to_owned());
    }
    reader.expected("a region, such as eu-central-1");
    None
}

/// One with a password in it is not shown.
fn endpoint_url(reader: &Reader<'_>) -> Option<String> {
    let text = reader.filled_text()?;
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '@' | '?' | '#');
    if rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && rest.chars().all(fits))
    {
        return Some(text.trim_end_matches('/').to_owned());
    }
    let shown = if text.contains('@') {
        reader.clone().hidden()
    } else {
        reader.clone()
    };
    shown.expected("an address with its scheme, such as https://127.0.0.1:5000");
    None
}

fn lease_table(reader: &Reader<'_>) -> Option<String> {
    let text = reader.filled_text()?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if TABLE_NAME.contains(&text.len()) && text.chars().all(fits) {
        return Some(text.to_owned());
    }
    reader.expected("a table's name: letters, digits, '-', '_' and '.', 3 to 255 of them");
    None
}
