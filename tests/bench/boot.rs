//! What Dayfly adds to a boot: from the start of a virtual machine to its registered agent, against
//! the boot of the same image, without user data, to its network.
//!
//! Needs QEMU and the folder of an image in `DAYFLY_IMAGE_BOOKWORM` (`cloud-init/image/build` prints it).
//! Runs of both kinds take turns, one machine at a time; software emulates the machines where
//! hardware cannot, so that the CPU seconds of QEMU say more than the clock.
#![expect(unreachable_pub, reason = "the world is shared with the tests")]
#![expect(dead_code, reason = "the world is shared with the tests")]
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

#[path = "../it/real_machines/listed.rs"]
mod listed;
#[path = "../it/programs.rs"]
mod programs;
#[path = "../it/real_machines/setting.rs"]
mod setting;
#[path = "../it/told.rs"]
mod told;
#[path = "../it/real_machines/world.rs"]
mod world;

use std::path::Path;
use std::time::Duration;

use setting::{Pool, Told};
use tokio::time::Instant;
use world::{System, World};

/// Runs of each kind.
const RUNS: usize = 3;
/// How often a console is looked at: a tenth of what is to be told apart.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Looks at one console before the bench gives up: a machine that has ended says no more.
const LOOKS_MAX: u32 = 6000;

/// In which unit the kernel tells the time of a process (proc(5)): its USER_HZ.
const TICKS_PER_SECOND: u64 = 100;

/// One boot, to the line that was waited for.
struct Boot {
    wall: Duration,
    cpu: Duration,
    console: String,
}

/// Boots a machine of that pool until its console has a line that begins so.
async fn boot(image: &Path, pool: Pool, wanted: &str) -> Boot {
    let mut world = World::new(image, &[pool], 1);
    world.enqueue(pool.name, "true");
    world.start_scaler();
    let machine = world.listed(pool.name, |listed| !listed.is_empty()).await;
    let machine = &machine[0].id;
    world
        .until("the machine runs", |world| !world.processes().is_empty())
        .await;
    let (began, process) = (Instant::now(), world.processes().remove(0));
    let mut looks = tokio::time::interval(LOOK_AGAIN);
    for _ in 0..LOOKS_MAX {
        looks.tick().await;
        let cpu = cpu(&process);
        let console = world.console(machine).await;
        if console.lines().any(|line| line.starts_with(wanted)) {
            let wall = began.elapsed();
            return Boot { wall, cpu, console };
        }
    }
    panic!("{machine} never said {wanted}\n{}", world.said());
}

/// What a process and its threads have run so far.
fn cpu(process: &str) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // After the name, which may hold anything, the user's ticks and the system's are the 12th and 13th.
    let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.map(|field| field.parse().unwrap_or(0)).sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

fn median(mut values: Vec<Duration>) -> Duration {
    values.sort_unstable();
    values[values.len() / 2]
}

fn main() {
    // `cargo test --benches` passes this to see that it starts; it has nothing to list.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let Some(image) = System::Bookworm.image() else {
        return;
    };
    let bare = Pool {
        told: Told::Other("#cloud-config\n{}\n"),
        ..Pool::usual("s1-bare")
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let (mut bares, mut ours) = (Vec::new(), Vec::new());
    runtime.expect("a runtime").block_on(async {
        for run in 1..=RUNS {
            let boot_bare = boot(&image, bare, "image: online ").await;
            let boot_ours = boot(&image, Pool::usual("s1-linux"), "dayfly: registered ").await;
            println!(
                "run {run}: bare {:.1} s of CPU ({:.1} s), ours {:.1} s of CPU ({:.1} s)",
                boot_bare.cpu.as_secs_f64(),
                boot_bare.wall.as_secs_f64(),
                boot_ours.cpu.as_secs_f64(),
                boot_ours.wall.as_secs_f64(),
            );
            bares.push(boot_bare);
            ours.push(boot_ours);
        }
    });
    println!("\nthe last machine's console:");
    let last = ours.last().map_or("", |boot| boot.console.as_str());
    for line in last
        .lines()
        .filter(|line| line.starts_with("dayfly: ") || line.starts_with("image: "))
    {
        println!("  {line}");
    }
    let of = |boots: &[Boot], what: fn(&Boot) -> Duration| {
        median(boots.iter().map(what).collect()).as_secs_f64()
    };
    let (bare_cpu, our_cpu) = (of(&bares, |it| it.cpu), of(&ours, |it| it.cpu));
    let (bare_wall, our_wall) = (of(&bares, |it| it.wall), of(&ours, |it| it.wall));
    println!("\nboot, medians of {RUNS} runs");
    println!("  bare image to its network      {bare_cpu:.1} s of CPU, {bare_wall:.1} s");
    println!("  ours to a registered agent     {our_cpu:.1} s of CPU, {our_wall:.1} s");
    println!(
        "  ours over bare                 {:.2} in CPU, {:.2} by the clock",
        our_cpu / bare_cpu,
        our_wall / bare_wall
    );
}
