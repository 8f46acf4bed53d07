//! The emulated EC2's rules, one by one, against aws.md D.

mod calls;
mod describing;
mod doors;
mod faults;
mod fleets;
mod images;
mod launching;
mod lists;
mod lives;
mod parameters;
mod properties;
mod protection;
mod tables;
mod tags;
mod throttling;
mod tokens;
mod wishes;
mod world;
