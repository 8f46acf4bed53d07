//! A place that serves files, as a bucket or a web server would: where machines fetch programs.

use std::collections::BTreeMap;

use super::emulated::Emulated;
use super::message::{Delivery, Request, Response};
use dayfly::model::time::Timestamp;

/// Files by their paths, each of which begins with a slash.
#[derive(Clone, Debug, Default)]
pub struct Artifacts(pub BTreeMap<String, Vec<u8>>);

impl Emulated for Artifacts {
    fn handle(&mut self, request: &Request, _: Timestamp) -> Response {
        let file = self.0.get(&request.path);
        Response {
            status: if file.is_some() { 200 } else { 404 },
            content_type: "application/octet-stream",
            location: None,
            body: file.cloned().unwrap_or_default(),
            delivery: Delivery::Prompt,
        }
    }

    fn tick(&mut self, _: Timestamp) {}

    fn next_deadline(&self) -> Option<Timestamp> {
        None
    }
}
