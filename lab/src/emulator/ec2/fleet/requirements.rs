//! What a size has to have, in place of its name.

use crate::emulator::ec2::error::Refusal;
use crate::emulator::ec2::form::{Form, invalid};
use crate::emulator::ec2::settings::MachineType;
use crate::emulator::ec2::xml::Xml;

/// From the least to the most, or without an end.
#[derive(Clone, Copy, Debug)]
struct Span {
    least: u32,
    most: Option<u32>,
}

/// Processors and memory; EC2 knows two dozen more, and none of them is emulated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Requirements {
    vcpus: Span,
    memory_mib: Span,
}

impl Requirements {
    /// Both are required, with their least at least.
    pub(super) fn read(form: &Form) -> Result<Self, Refusal> {
        Ok(Self {
            vcpus: Span::read(form, "VCpuCount")?,
            memory_mib: Span::read(form, "MemoryMiB")?,
        })
    }

    pub(super) fn fit(self, kind: &MachineType) -> bool {
        self.vcpus.holds(kind.vcpus) && self.memory_mib.holds(kind.memory_mib)
    }

    pub(super) fn write(self, xml: &mut Xml) {
        xml.element("instanceRequirements", |xml| {
            self.vcpus.write(xml, "vCpuCount");
            self.memory_mib.write(xml, "memoryMiB");
        });
    }
}

impl Span {
    fn read(form: &Form, name: &str) -> Result<Self, Refusal> {
        let (least, most) = (format!("{name}.Min"), format!("{name}.Max"));
        form.required(&least)?;
        let span = Self {
            least: form.number(&least)?.unwrap_or(0),
            most: form.number(&most)?,
        };
        match span.most.filter(|most| *most < span.least) {
            Some(few) => Err(invalid(&most, &few.to_string())),
            None => Ok(span),
        }
    }

    fn holds(self, count: u32) -> bool {
        self.least <= count && self.most.is_none_or(|most| count <= most)
    }

    fn write(self, xml: &mut Xml, name: &str) {
        xml.element(name, |xml| {
            xml.text("min", self.least);
            xml.optional("max", self.most);
        });
    }
}
