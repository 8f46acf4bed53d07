//! EC2, for the commands that `dayfly` has too.

pub use dayfly::cli::doctor::ec2::examine;
pub use dayfly::program::ec2::Ec2Provider;
