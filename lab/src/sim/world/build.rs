//! A world as its options want it, before anything happens.

use std::collections::BTreeMap;
use std::time::Duration;

use super::agenda::Agenda;
use super::body::Guests;
use super::calls::CallLog;
use super::controllers::Controllers;
use super::jobs::Workload;
use super::lease_table::LeaseTable;
use super::operator::Operator;
use super::{Chances, DEPLOYMENT, Happening, Phase, Pool, World};
use crate::emulator::ec2::Ec2;
use crate::emulator::ec2::settings::Ec2Settings;
use crate::emulator::ec2::template::LaunchTemplate;
use crate::emulator::hub::Hub;
use crate::emulator::hub::settings::HubSettings;
use crate::sim::chance::{Chance, Purpose};
use crate::sim::mutant::Mutant;
use crate::sim::options::{Options, PoolOptions};
use crate::sim::oracle::Oracles;
use crate::sim::trace::Trace;
use dayfly::model::id::{AgentType, Deployment, PoolName};
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::{Market, Offer};
use dayfly::model::pool::{BreakerPolicy, Policy, PoolPolicy, Speculation};
use dayfly::model::template;
use dayfly::model::time::Timestamp;

/// When every world begins.
const BEGINNING: Timestamp = Timestamp::from_seconds(1_790_000_000);

impl World {
    /// A world in which nothing has happened.
    pub(in crate::sim) fn new(options: Options, mutant: Option<Mutant>, trace: Trace) -> Self {
        let ec2 = account(&options);
        let prices = prices(&ec2);
        let (mut hub, api_token) = organization(&options);
        let pools: Vec<Pool> = (0..options.pools.len())
            .map(|index| {
                let agent_type = AgentType::new(format!("s1-pool-{index}"));
                let token = hub
                    .create_agent_type(agent_type.clone(), BEGINNING)
                    .expect("the name is one, and new");
                Pool {
                    name: PoolName::new(format!("pool-{index}")),
                    agent_type,
                    token,
                }
            })
            .collect();
        let chance = |purpose| Chance::of(options.seed, purpose);
        let chances = Chances {
            workload: chance(Purpose::Workload),
            weather: chance(Purpose::Weather),
            machines: chance(Purpose::Machines),
            travel: chance(Purpose::Travel),
            controllers: chance(Purpose::Controllers),
        };
        let policy = policy(&options, &pools, &prices);
        let mut world = Self {
            workload: Workload::new(&options),
            oracles: Oracles::new(&options, BEGINNING),
            options,
            mutant,
            agenda: Agenda::new(BEGINNING),
            phase: Phase::Storm,
            hub,
            ec2,
            operator: Operator {
                pools,
                api_token,
                policy,
                prices,
            },
            lease: LeaseTable::default(),
            controllers: Controllers::default(),
            guests: Guests::default(),
            calls: CallLog::default(),
            chances,
            trace,
            bad_image_until: BEGINNING,
            late_pickups_until: BEGINNING,
            healed_at: None,
        };
        world.schedule();
        world
    }

    /// What happens by itself.
    fn schedule(&mut self) {
        self.schedule_jobs();
        for weather in self.options.weather.clone() {
            let at = self
                .agenda
                .began_at
                .plus(Duration::from_secs(weather.at_seconds));
            self.agenda.at(at, Happening::Weather(weather));
        }
        let storm = Duration::from_secs(self.options.storm_seconds);
        self.agenda.after(storm, Happening::Heal);
        for replica in 0..self.options.replicas {
            self.start_controller(replica);
        }
    }
}

fn account(options: &Options) -> Ec2 {
    let mut settings = Ec2Settings {
        templates: BTreeMap::from([(
            "lt-1".to_owned(),
            LaunchTemplate::of_image("dayfly", "ami-x86"),
        )]),
        ..Ec2Settings::default()
    };
    settings.delays.unseen = Duration::from_secs(options.unseen_seconds);
    settings.delays.terminated_listed = Duration::from_secs(options.listed_seconds);
    Ec2::new(settings)
}

fn organization(options: &Options) -> (Hub, Option<dayfly::model::secret::Secret>) {
    let mut hub = Hub::new(HubSettings {
        seed: options.seed,
        base_url: "https://hub.simulated".to_owned(),
        ..HubSettings::default()
    });
    let token = hub.create_api_token();
    (hub, options.api_token.then_some(token))
}

/// A spot machine is counted at what it costs on demand, its upper bound.
fn prices(ec2: &Ec2) -> BTreeMap<(String, Market), MicroDollars> {
    let types = ec2.settings().types.iter();
    let both = types.flat_map(|(size, kind)| {
        [Market::Spot, Market::OnDemand]
            .map(|market| ((size.clone(), market), kind.on_demand_hourly))
    });
    both.collect()
}

fn policy(
    options: &Options,
    pools: &[Pool],
    prices: &BTreeMap<(String, Market), MicroDollars>,
) -> Policy {
    let each = pools.iter().zip(&options.pools);
    Policy {
        deployment: Deployment::new(DEPLOYMENT),
        machines_max: options.machines_max,
        launches_per_hour_max: options.launches_per_hour_max,
        hourly_max: options
            .hourly_cents_max
            .map(|cents| MicroDollars(u64::from(cents) * 10_000)),
        pools: each
            .map(|(pool, wanted)| {
                (
                    pool.name.clone(),
                    pool_policy(options, pool, wanted, prices),
                )
            })
            .collect(),
    }
}

fn pool_policy(
    options: &Options,
    pool: &Pool,
    wanted: &PoolOptions,
    prices: &BTreeMap<(String, Market), MicroDollars>,
) -> PoolPolicy {
    let offers = |market: Market| {
        let places = [
            ("c7i.large", "subnet-a"),
            ("c7i.large", "subnet-b"),
            ("m7i.large", "subnet-a"),
        ];
        places.map(|(size, subnet)| Offer {
            instance_type: size.to_owned(),
            subnet: subnet.to_owned(),
            market,
            hourly: prices
                .get(&(size.to_owned(), market))
                .copied()
                .unwrap_or_default(),
        })
    };
    let spot = wanted
        .spot_patience_seconds
        .map(|_| offers(Market::Spot))
        .into_iter()
        .flatten();
    PoolPolicy {
        agent_type: pool.agent_type.clone(),
        machines_max: wanted.machines_max,
        reserve: wanted.reserve,
        reserve_hours: wanted.reserve_hours.clone(),
        boot_limit: Duration::from_secs(options.boot_limit_seconds),
        lifetime: Duration::from_secs(options.lifetime_seconds),
        template: template::LaunchTemplate::new("lt-1", 1),
        offers: spot.chain(offers(Market::OnDemand)).collect(),
        spot_patience: Duration::from_secs(wanted.spot_patience_seconds.unwrap_or(0)),
        breaker: BreakerPolicy {
            failures_max: wanted.failures_max,
            pause: Duration::from_secs(wanted.pause_seconds),
        },
        speculation: Speculation {
            idle_timeout: Duration::from_secs(options.idle_timeout_seconds),
            spare_timeout: Duration::from_secs(options.spare_timeout_seconds),
            ..if wanted.ahead {
                Speculation::product()
            } else {
                Speculation::default()
            }
        },
    }
}
