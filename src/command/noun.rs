//! The frame of a command that is a noun: it has only subcommands, its verbs.

/// Arguments of a noun: the verb and what it wants.
#[derive(clap::Args, Debug)]
#[command(arg_required_else_help = true, subcommand_required = true)]
pub struct Noun<A: clap::Subcommand + std::fmt::Debug> {
    /// What to do.
    #[command(subcommand)]
    pub action: A,
}
