//! One build, from a look to the next, until there is an image or nothing is left of it.

use thiserror::Error;

use super::act::BuilderLaunch;
use super::{BLIND, Bakery, Stop, Trouble};
use crate::image::build::{Failure, Memory, Order, Step, next};
use crate::model::id::ImageId;
use crate::model::time::Timestamp;
use crate::ports::Clock;

/// Why there is no image.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BuildError {
    /// It was given up.
    #[error("{failure}{}", remaining(.left))]
    Failed {
        /// Why.
        failure: Failure,
        /// What could not be cleared away, by its ids.
        left: Vec<String>,
    },
    /// What there is cannot be seen; a builder that runs powers itself off, and the next build
    /// ends it.
    #[error("builders and images cannot be listed: {0}")]
    Unseen(String),
}

fn remaining(ids: &[String]) -> String {
    match ids {
        [] => String::new(),
        ids => format!("; and {} could not be cleared away", ids.join(", ")),
    }
}

impl<K: Clock> Bakery<K> {
    /// Builds an image, or takes up what an earlier process has begun. `say` hears each step that
    /// is another than the one before.
    ///
    /// # Errors
    /// There is no image, and as far as that was possible, nothing else either.
    pub async fn build(
        &self,
        order: &Order,
        launch: &BuilderLaunch,
        mut stop: Stop,
        mut say: impl FnMut(&Step),
    ) -> Result<ImageId, BuildError> {
        let begun_at = self.clock.now();
        let mut memory = Memory::default();
        let mut seen_at = begun_at;
        let mut said = None;
        loop {
            let now = self.clock.now();
            if *stop.borrow() {
                memory.give_up(Failure::Interrupted, now);
            }
            let seen = match Box::pin(self.look(order)).await {
                Ok(seen) => seen,
                Err(Trouble::Passing(_)) if now.since(seen_at) <= BLIND => {
                    self.pause(&mut stop).await;
                    continue;
                }
                Err(Trouble::Passing(word) | Trouble::Refused(word)) => {
                    return Err(BuildError::Unseen(word));
                }
            };
            let now = self.clock.now();
            seen_at = now;
            let step = next(&seen, order, &mut memory, now);
            let is_news = said.as_ref() != Some(&step);
            if is_news {
                say(&step);
                said = Some(step.clone());
            }
            match &step {
                Step::Done(image) => return Ok(image.clone()),
                Step::Fail(failure, left) => {
                    let (failure, left) = (failure.clone(), left.clone());
                    return Err(BuildError::Failed { failure, left });
                }
                Step::Wait(_) => self.pause(&mut stop).await,
                doing => {
                    // What is still to be done after it was done takes AWS a while.
                    if !is_news {
                        self.pause(&mut stop).await;
                    }
                    let done = self.carry_out(doing, order, launch, begun_at, &mut memory);
                    if let Err(trouble) = Box::pin(done).await {
                        self.meet(trouble, &mut memory);
                    }
                }
            }
        }
    }

    /// What will not come by itself ends the build; what may, is tried again after the next look.
    fn meet(&self, trouble: Trouble, memory: &mut Memory) {
        match trouble {
            Trouble::Passing(word) => tracing::debug!(word, "a call will be made again"),
            Trouble::Refused(word) => memory.give_up(Failure::Refused(word), self.clock.now()),
        }
    }

    async fn carry_out(
        &self,
        step: &Step,
        order: &Order,
        launch: &BuilderLaunch,
        begun_at: Timestamp,
        memory: &mut Memory,
    ) -> Result<(), Trouble> {
        match step {
            Step::Launch => {
                let id = self.launch(order, launch, begun_at).await?;
                memory.launched(id, self.clock.now());
            }
            Step::Make(builder) => {
                let id = self.make(order, builder).await?;
                memory.made(id, self.clock.now());
            }
            Step::End(id, _) => self.end(id).await?,
            Step::Remove(image, _) => self.remove(image).await?,
            Step::RemoveSnapshot(id) => self.remove_snapshot(id).await?,
            Step::Wait(_) | Step::Done(_) | Step::Fail(..) => {}
        }
        Ok(())
    }
}
