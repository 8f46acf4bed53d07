//! Writes lists as XML: subnets, instance types, prices, images, snapshots.

use super::write::tags;
use super::xml::Xml;
use crate::emulator::ec2::api::{ImageRow, PriceRow, Rows, SnapshotRow, SubnetRow, TypeRow};
use crate::emulator::ec2::lists::{PRODUCT, decimal};
use crate::emulator::ec2::settings::{Ec2Settings, ImageState};
use crate::emulator::ec2::stamp::Stamp;
use dayfly::model::time::Timestamp;

pub(super) fn subnets(xml: &mut Xml, rows: &[SubnetRow]) {
    xml.list("subnetSet", rows, |xml, row| {
        xml.text("subnetId", &row.id);
        xml.text("state", "available");
        xml.text("vpcId", &row.subnet.vpc);
        xml.text("availabilityZone", &row.subnet.zone);
        xml.text("availableIpAddressCount", row.addresses_left);
    });
}

pub(super) fn types(xml: &mut Xml, page: &Rows<TypeRow>) {
    xml.list("instanceTypeSet", &page.rows, |xml, (name, kind)| {
        xml.text("instanceType", name);
        xml.text("currentGeneration", true);
        xml.element("supportedUsageClasses", |xml| {
            xml.text("item", "on-demand");
            xml.text("item", "spot");
        });
        xml.element("processorInfo", |xml| {
            xml.element("supportedArchitectures", |xml| {
                xml.text("item", kind.architecture);
            });
        });
        xml.element("vCpuInfo", |xml| xml.text("defaultVCpus", kind.vcpus));
        xml.element("memoryInfo", |xml| xml.text("sizeInMiB", kind.memory_mib));
    });
    xml.optional("nextToken", page.next_token.as_ref());
}

pub(super) fn prices(xml: &mut Xml, page: &Rows<PriceRow>, at: Timestamp) {
    xml.list("spotPriceHistorySet", &page.rows, |xml, row| {
        xml.text("instanceType", &row.instance_type);
        xml.text("productDescription", PRODUCT);
        xml.text("spotPrice", decimal(row.hourly));
        xml.text("timestamp", Stamp(at));
        xml.text("availabilityZone", &row.zone);
    });
    xml.optional("nextToken", page.next_token.as_ref());
}

pub(super) fn images(xml: &mut Xml, rows: &[ImageRow], settings: &Ec2Settings) {
    xml.list("imagesSet", rows, |xml, row| image(xml, row, settings));
}

fn image(xml: &mut Xml, row: &ImageRow, settings: &Ec2Settings) {
    xml.text("imageId", &row.id);
    xml.text("name", &row.image.name);
    xml.text("architecture", row.image.architecture);
    xml.text("imageState", row.image.state.word());
    xml.text("imageOwnerId", &settings.owner);
    if row.image.state == ImageState::Failed {
        let message = "Server.InternalError: Internal error on creation";
        xml.element("stateReason", |xml| {
            xml.text("code", "Server.InternalError");
            xml.text("message", message);
        });
    }
    let Some(made) = &row.made else {
        return;
    };
    xml.text("creationDate", Stamp(made.made_at));
    xml.list("blockDeviceMapping", [&made.snapshot], |xml, snapshot| {
        xml.text("deviceName", "/dev/xvda");
        xml.element("ebs", |xml| xml.text("snapshotId", snapshot));
    });
    tags(xml, &made.tags);
}

pub(super) fn snapshots(xml: &mut Xml, rows: &[SnapshotRow], settings: &Ec2Settings) {
    xml.list("snapshotSet", rows, |xml, row| {
        xml.text("snapshotId", &row.id);
        xml.text("status", row.status);
        xml.text("startTime", Stamp(row.snapshot.made_at));
        xml.text("ownerId", &settings.owner);
        tags(xml, &row.snapshot.tags);
    });
}
