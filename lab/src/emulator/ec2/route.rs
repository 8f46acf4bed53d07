//! Where calls, operations of other services, and what is due go.

use serde_json::Value;

use super::action::Asked;
use super::api::{Call, Execution, Head, Outcome, Reply};
use super::end::Terminator;
use super::error::{self, Refusal};
use super::faults::{Fault, Instead, Occasion};
use super::images::ImageMaker;
use super::launch::Launcher;
use super::lifecycle::{Lifecycle, Shutdown};
use super::machine::State;
use super::reason::SERVER_INTERNAL_ERROR;
use super::schedule::Wake;
use super::tags::Tagger;
use super::target::{Target, TargetRefusal};
use super::{Ec2, query};
use crate::emulator::message::{Delivery, Response};
use dayfly::model::time::Timestamp;

impl Ec2 {
    /// Carries out a call, unless a fault or throttling keeps it from being so.
    pub(super) fn perform(
        &mut self,
        head: &Head<'_>,
        call: Result<(&Call, Execution), Refusal>,
        now: Timestamp,
    ) -> Outcome {
        let occasion = Occasion::naming(Asked::Ec2(head.action), &head.machines);
        match self.faults.instead(occasion, now) {
            Some(Instead::Refused(code)) => {
                return Outcome::Answered(Err(code.into()), Delivery::Prompt);
            }
            Some(Instead::Undelivered(delivery)) => return Outcome::Unanswered(delivery),
            None => {}
        }
        let throttling = self.settings.throttling;
        let bucket = (head.action, head.breadth);
        let mut result = if self.buckets.take_request(throttling, bucket, now) {
            call.and_then(|(call, execution)| self.carry_out(call, execution, now))
        } else {
            Err(error::THROTTLED.into())
        };
        let mut delivery = Delivery::Prompt;
        for travel in self.faults.strike(occasion, now, Fault::travel) {
            match travel.delivery() {
                Ok(other) => delivery = other,
                Err(code) => (result, delivery) = (Err(code.into()), Delivery::Prompt),
            }
        }
        Outcome::Answered(result, delivery)
    }

    fn carry_out(
        &mut self,
        call: &Call,
        execution: Execution,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let settings = &self.settings;
        let machines = &self.lifecycle.machines;
        let done = |()| Reply::Done;
        let reply = match call {
            Call::CreateFleet(fleet) => {
                Reply::Fleet(self.launcher(now).create_fleet(fleet, execution)?)
            }
            Call::RunInstances(run) => Reply::Reservation(self.launcher(now).run(run, execution)?),
            Call::DescribeInstances(query) => Reply::Machines(machines.page(query, now)?),
            Call::DescribeInstanceStatus(query) => {
                Reply::Statuses(machines.status_page(query, now)?)
            }
            Call::TerminateInstances { machines } => {
                Reply::Terminating(self.terminator(now).terminate(machines, execution)?)
            }
            Call::GetConsoleOutput { machine, latest } => {
                Reply::Console(machines.console_output(machine, *latest, settings, now)?)
            }
            Call::ModifyInstanceMetadataOptions { machine, change } => {
                let lifecycle = &mut self.lifecycle;
                Reply::Metadata(lifecycle.modify_metadata(machine, *change, execution, now)?)
            }
            Call::ModifyInstanceAttribute { machine, change } => {
                let lifecycle = &mut self.lifecycle;
                done(lifecycle.modify_attribute(machine, *change, execution, now)?)
            }
            Call::CreateTags { resources, tags } => {
                done(self.tagger(now).create(resources, tags, execution)?)
            }
            Call::DeleteTags { resources, tags } => {
                done(self.tagger(now).delete(resources, tags, execution)?)
            }
            Call::DescribeLaunchTemplateVersions(query) => {
                Reply::TemplateVersions(settings.describe_templates(query)?)
            }
            Call::DescribeSpotPriceHistory(query) => {
                Reply::Prices(settings.describe_prices(query)?, now)
            }
            Call::DescribeSubnets(query) => {
                Reply::Subnets(self.lifecycle.capacity.describe_subnets(query, settings)?)
            }
            Call::DescribeImages(query) => {
                Reply::Images(self.images.describe(query, settings, now)?)
            }
            Call::CreateImage(image) => {
                Reply::ImageOrdered(self.image_maker(now).order(image, execution)?)
            }
            Call::DeregisterImage { image } => {
                let images = &mut self.images;
                done(images.deregister(image, &mut self.settings, execution, now)?)
            }
            Call::DescribeSnapshots(query) => {
                Reply::Snapshots(self.snapshots.describe(query, settings)?)
            }
            Call::DeleteSnapshot { snapshot } => {
                done(self.snapshots.delete(snapshot, settings, execution)?)
            }
            Call::DescribeInstanceTypes(query) => Reply::Types(settings.describe_types(query)?),
        };
        // What has an effect has stopped before it; what only reads stops here.
        execution.check()?;
        Ok(reply)
    }

    /// Answers a request that names its operation in `X-Amz-Target`.
    pub(super) fn answer_target(
        &mut self,
        target: Target,
        body: &[u8],
        now: Timestamp,
    ) -> Response {
        let occasion = Occasion::of(target.asked);
        let refused = |code| target.answer(&Err(Refusal::from(code).into()));
        match self.faults.instead(occasion, now) {
            Some(Instead::Refused(code)) => return refused(code),
            Some(Instead::Undelivered(delivery)) => return query::unanswered(delivery),
            None => {}
        }
        let mut answer = target.answer(&self.operate(target.asked, body, now));
        for travel in self.faults.strike(occasion, now, Fault::travel) {
            match travel.delivery() {
                Ok(delivery) => answer.delivery = delivery,
                Err(code) => answer = refused(code),
            }
        }
        answer
    }

    fn operate(
        &mut self,
        asked: Asked,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Value, TargetRefusal> {
        let settings = &mut self.settings;
        Ok(match asked {
            Asked::Table(operation) => self.tables.answer(operation, body)?,
            Asked::GetParameter => {
                let buckets = &mut self.buckets;
                self.parameters.get(body, settings, buckets, now)?
            }
            Asked::PutParameter => self.parameters.put(body, settings, now)?,
            Asked::GetParameterHistory => self.parameters.list(body, settings)?,
            Asked::GetServiceQuota => settings.quota(body)?,
            // These come as forms, and no target names them.
            Asked::Ec2(_) => return Err(Refusal::from(error::UNKNOWN_OPERATION).into()),
        })
    }

    /// Does all that is due until `now`; gives the latest moment seen.
    pub(super) fn advance(&mut self, now: Timestamp) -> Timestamp {
        self.now = self.now.max(now);
        while let Some((at, wake)) = self.lifecycle.schedule.take_due(self.now) {
            self.wake(wake, at);
        }
        self.now
    }

    fn wake(&mut self, wake: Wake, at: Timestamp) {
        let (lifecycle, shutdown) = self.shutdown();
        let settings = shutdown.settings;
        let token = match wake {
            Wake::Terminate(key) => lifecycle.terminate(key, settings, at),
            Wake::Die(key, reason) => lifecycle.die(key, reason, shutdown, at),
            Wake::Fail(key) if lifecycle.state(key) == Some(State::Pending) => {
                lifecycle.die(key, SERVER_INTERNAL_ERROR, shutdown, at)
            }
            Wake::Fail(_) => None,
            Wake::Run(key) => return lifecycle.run(key, settings, at),
            Wake::Stop(key) => return lifecycle.stopped(key, settings, at),
            Wake::Take(key) => return lifecycle.take(key, shutdown, at),
            Wake::Vanish(key) => return lifecycle.vanish(key, at),
            Wake::Image(id, state) => return self.settings.finish_image(&id, state),
            Wake::Forget(action, token) => return self.replays.forget(action, &token),
        };
        // A client token is remembered until some time after the end of its last machine.
        if let Some(token) = token
            && let Some(action) = self.replays.machine_ended(&token)
        {
            let forget_at = at.plus(self.settings.delays.token_kept);
            let forget = Wake::Forget(action, token);
            self.lifecycle.schedule.add(forget_at, forget);
        }
    }

    /// The machines, and how they shut down.
    pub(super) fn shutdown(&mut self) -> (&mut Lifecycle, Shutdown<'_>) {
        let shutdown = Shutdown {
            settings: &self.settings,
            faults: &mut self.faults,
        };
        (&mut self.lifecycle, shutdown)
    }

    fn launcher(&mut self, now: Timestamp) -> Launcher<'_> {
        Launcher {
            settings: &self.settings,
            lifecycle: &mut self.lifecycle,
            replays: &mut self.replays,
            ids: &mut self.ids,
            buckets: &mut self.buckets,
            faults: &mut self.faults,
            now,
        }
    }

    fn terminator(&mut self, now: Timestamp) -> Terminator<'_> {
        Terminator {
            lifecycle: &mut self.lifecycle,
            buckets: &mut self.buckets,
            shutdown: Shutdown {
                settings: &self.settings,
                faults: &mut self.faults,
            },
            now,
        }
    }

    fn tagger(&mut self, now: Timestamp) -> Tagger<'_> {
        Tagger {
            machines: &mut self.lifecycle.machines,
            images: &mut self.images,
            snapshots: &mut self.snapshots,
            settings: &self.settings,
            now,
        }
    }

    fn image_maker(&mut self, now: Timestamp) -> ImageMaker<'_> {
        ImageMaker {
            settings: &mut self.settings,
            images: &mut self.images,
            snapshots: &mut self.snapshots,
            lifecycle: &mut self.lifecycle,
            ids: &mut self.ids,
            faults: &mut self.faults,
            now,
        }
    }
}
