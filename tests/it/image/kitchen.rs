//! An account in which builders follow their recipe, and a bakery in front of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use dayfly::aws::bakery::act::BuilderLaunch;
use dayfly::aws::bakery::build::BuildError;
use dayfly::aws::bakery::{Bakery, Stop};
use dayfly::image::build::{Order, Step};
use dayfly::model::id::{Deployment, ImageId, PoolName, Recipe};
use dayfly::model::template::LaunchTemplate;
use dayfly::ports::Clock;
use dayfly_lab::emulator::ec2::Ec2;
use dayfly_lab::emulator::ec2::machine::{MachineRecord, State};
use dayfly_lab::emulator::ec2::template::ShutdownBehavior;
use tokio::sync::watch;

use crate::aws::wire::{VirtualClock, Wire};
use crate::aws::world::account;

/// How long a builder takes for its recipe.
pub const WORK: Duration = Duration::from_secs(30);
/// How long EC2 takes for an image.
const IMAGE: Duration = Duration::from_secs(30);
pub const BUILDER_LIMIT: Duration = Duration::from_secs(1800);
pub const IMAGE_LIMIT: Duration = Duration::from_secs(3600);

/// What becomes of builders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builders {
    /// They do their work, say so, and power off.
    Finish,
    /// They say that something failed, and power off.
    Fail,
    /// They power off, and their consoles show nothing.
    Vanish,
    /// They run for ever.
    Hang,
}

/// Clones share it.
#[derive(Clone, Debug)]
pub struct Kitchen {
    pub wire: Wire,
    pub builders: Rc<RefCell<Builders>>,
    pub steps: Rc<RefCell<Vec<String>>>,
}

impl Kitchen {
    pub fn new(builders: Builders) -> Self {
        let mut account = account();
        account.delays.image = IMAGE;
        Self {
            wire: Wire::new(Ec2::new(account)),
            builders: Rc::new(RefCell::new(builders)),
            steps: Rc::default(),
        }
    }

    pub fn bakery(&self) -> Bakery<VirtualClock> {
        let deployment = Deployment::new("ci");
        Bakery::new(self.wire.clients(), deployment, self.wire.clock)
    }

    /// Builds as one process does, while builders do their work.
    pub async fn build(&self, recipe: &str) -> Result<ImageId, BuildError> {
        let (_asking, stop) = watch::channel(false);
        self.build_until(recipe, stop).await
    }

    pub async fn build_until(&self, recipe: &str, stop: Stop) -> Result<ImageId, BuildError> {
        let bakery = self.bakery();
        let (order, launch) = (order(recipe), launch());
        let say = |step: &Step| self.steps.borrow_mut().push(step.to_string());
        tokio::select! {
            biased;
            done = bakery.build(&order, &launch, stop, say) => done,
            () = self.live() => unreachable!("builders live for ever"),
        }
    }

    /// What builders do meanwhile, for ever.
    pub async fn live(&self) {
        loop {
            self.wire.clock.sleep(Duration::from_secs(1)).await;
            self.happen();
        }
    }

    fn happen(&self) {
        let now = self.wire.clock.now();
        let mut ec2 = self.wire.ec2();
        let is_due = |machine: &&MachineRecord| {
            machine.shutdown == ShutdownBehavior::Stop
                && machine.state == State::Running
                && WORK <= now.since(machine.launched_at)
        };
        let due: Vec<String> = ec2
            .machines()
            .filter(is_due)
            .map(|it| it.id.clone())
            .collect();
        for id in due {
            let said = match *self.builders.borrow() {
                Builders::Hang => continue,
                Builders::Finish => "\ndayfly: image ready\n",
                Builders::Fail => "\ndayfly: image failed: the script: exit-code 3\n",
                Builders::Vanish => "",
            };
            ec2.write_console(&id, said, now);
            ec2.power_off(&id, now);
        }
    }

    /// Machines that cost something.
    pub fn kept(&self) -> Vec<String> {
        let ec2 = self.wire.ec2();
        let kept = ec2.machines().filter(|it| it.state.is_kept());
        kept.map(|it| it.id.clone()).collect()
    }

    /// The images that were made and are there, and the snapshots.
    pub fn made(&self) -> (Vec<String>, usize) {
        let ec2 = self.wire.ec2();
        let images = ec2.made_images().map(|(id, _)| id.to_owned()).collect();
        let snapshots = ec2.snapshots().count();
        (images, snapshots)
    }

    pub fn launched(&self) -> usize {
        self.wire.ec2().machines().count()
    }
}

pub fn order(recipe: &str) -> Order {
    Order {
        pool: PoolName::new("linux"),
        recipe: Recipe::new(recipe),
        builder_limit: BUILDER_LIMIT,
        image_limit: IMAGE_LIMIT,
    }
}

pub fn launch() -> BuilderLaunch {
    BuilderLaunch {
        template: LaunchTemplate::new("lt-1", 1),
        source: ImageId::new("ami-x86"),
        instance_type: "c7i.large".to_owned(),
        subnet: "subnet-a".to_owned(),
        user_data: "#cloud-config\n".to_owned(),
    }
}
