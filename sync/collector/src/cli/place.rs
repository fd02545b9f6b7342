//! `afterword-collector place add|list|remove`.

use std::process::ExitCode;

use afterword_collector::{Place, PlaceKind, Tree};
use clap::{Args, Subcommand};
use serde_json::json;

use super::{Data, print_json, shown};

const ADD_EXAMPLES: &str = "\
Examples:
  # A region, a region in it, and a store there.
  afterword-collector place add North --region --data /var/lib/afterword
  afterword-collector place add Coast --region --within North --data /var/lib/afterword
  afterword-collector place add Quayside --within Coast --data /var/lib/afterword

A store is known as soon as a device names it (`device add --store`); what is added again is moved.

Exit codes: 0 added or moved, 1 it was not (the reason is on standard error), 2 wrong use";

/// What can be done to the tree of regions and stores.
#[derive(Subcommand)]
pub(super) enum PlaceCommand {
    /// Add a region or a store, or move it into another region.
    #[command(after_help = ADD_EXAMPLES, after_long_help = ADD_EXAMPLES)]
    Add(Add),
    /// Show all regions and stores.
    List(List),
    /// Take away an empty region, or a store out of its region.
    Remove(Remove),
}

#[derive(Args)]
pub(super) struct Add {
    /// What people call it.
    name: String,
    /// It is a region; without this, a store.
    #[arg(long)]
    region: bool,
    /// The region that it is in; directly under the organisation when left out.
    #[arg(long, value_name = "REGION")]
    within: Option<String>,
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Remove {
    /// Its name.
    name: String,
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

impl PlaceCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add(add) => add.run(),
            Self::List(list) => list.run(),
            Self::Remove(remove) => remove.run(),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Add {
    fn run(self) -> anyhow::Result<()> {
        let kind = if self.region { PlaceKind::Region } else { PlaceKind::Store };
        self.data.open()?.place_put(&self.name, kind, self.within.as_deref())?;
        if self.json {
            return print_json(&json!({ "name": self.name, "kind": kind.name(), "within": self.within }));
        }
        let within = self.within.as_deref().unwrap_or("the organisation");
        println!("The {} {} is in {within} now.", kind.name(), shown(&self.name));
        Ok(())
    }
}

impl List {
    fn run(self) -> anyhow::Result<()> {
        let tree = self.data.open()?.places()?;
        if self.json {
            let row = |(name, place): (&str, &Place)| json!({ "name": name, "kind": place.kind.name(), "within": place.within });
            return print_json(&tree.places().map(row).collect::<Vec<_>>());
        }
        if tree.places().next().is_none() {
            println!("There are none; `afterword-collector place add --help` shows how to add one.");
        }
        branch(&tree, None, 0);
        Ok(())
    }
}

impl Remove {
    fn run(self) -> anyhow::Result<()> {
        self.data.open()?.place_remove(&self.name)?;
        if self.json {
            return print_json(&json!({ "name": self.name }));
        }
        println!("{} is in no region any more.", shown(&self.name));
        Ok(())
    }
}

/// Prints what is within a place, each level a step further in. The tree has no circle and bounded depth.
fn branch(tree: &Tree, within: Option<&str>, depth: usize) {
    for (name, place) in tree.places().filter(|(_, place)| place.within.as_deref() == within) {
        let kind = if place.kind == PlaceKind::Region { "  (region)" } else { "" };
        println!("{:indent$}{}{kind}", "", shown(name), indent = depth * 2);
        branch(tree, Some(name), depth + 1);
    }
}
