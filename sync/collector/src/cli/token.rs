//! `afterword-collector token add|list|revoke`.

use std::process::ExitCode;

use afterword_collector::{ApiToken, Scope, TOKEN_DAYS, TOKEN_DAYS_MAX, TokenWish};
use afterword_model::ports::Clock as _;
use afterword_protocol::system::SystemClock;
use clap::{Args, Subcommand};
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;

use super::{Data, moment, print_json, shown};

const ADD_EXAMPLES: &str = "\
Examples:
  # For a dashboard that shows whether all kiosks of a region deliver.
  afterword-collector token add \"Dashboard North\" --scope fleet:read --at North --data /var/lib/afterword

  # For a program that fetches what shoppers said.
  afterword-collector token add Warehouse --scope responses:read --scope cases:read --days 90 --data …

Prints the token once; only its digest is kept. A program sends it as `Authorization: Bearer awt_…` to /api/v1 on the port
that people come in by; the page /api there says what can be asked. Scopes: fleet:read, fleet:write, places:read,
changes:read, changes:write, cases:read, cases:write, responses:read, numbers:read, notes:read, notes:write, webhooks:read, webhooks:write, people:read,
settings:read, settings:write, privacy:write, metrics:read.

Exit codes: 0 made, 1 not (the reason is on standard error), 2 wrong use";

/// What can be done about tokens.
#[derive(Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token for a program and print it, once.
    #[command(after_help = ADD_EXAMPLES, after_long_help = ADD_EXAMPLES)]
    Add(Add),
    /// Show which there are, what each may do, and when it was last used.
    List(List),
    /// Let a token in no more, from its next request on.
    Revoke(Revoke),
}

#[derive(Args)]
pub(super) struct Add {
    /// What people call it: the program that gets it.
    name: String,
    /// What it may do; may be given more than once.
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope, required = true)]
    scopes: Vec<Scope>,
    /// The region or store in which it may do it; everywhere when left out.
    #[arg(long, value_name = "PLACE")]
    at: Option<String>,
    /// For how many days it holds.
    #[arg(long, default_value_t = TOKEN_DAYS, value_parser = clap::value_parser!(u16).range(1..=i64::from(TOKEN_DAYS_MAX)))]
    days: u16,
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
pub(super) struct Revoke {
    /// Its name, as `token list` shows it.
    name: String,
    #[command(flatten)]
    data: Data,
}

impl TokenCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add(add) => add.run()?,
            Self::List(list) => list.run()?,
            Self::Revoke(Revoke { name, data }) => {
                data.open()?.token_revoke(&name)?;
                println!("{} opens nothing any more.", shown(&name));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Add {
    fn run(self) -> anyhow::Result<()> {
        let scopes = self.scopes.into_iter().collect();
        let wish = TokenWish { name: self.name, scopes, place: self.at, days: self.days };
        let made = self.data.open()?.token_add(&wish)?;
        if self.json {
            return print_json(&json!({ "token": made.secret.text(), "expires_ms": made.expires_ms }));
        }
        println!("{}", made.secret.text());
        println!("It holds until {} and is shown only here and now.", moment(made.expires_ms));
        Ok(())
    }
}

impl List {
    fn run(self) -> anyhow::Result<()> {
        let tokens = self.data.open()?.token_list()?;
        if self.json {
            return print_json(&tokens.iter().map(row_json).collect::<Vec<_>>());
        }
        if tokens.is_empty() {
            println!("There are none; `afterword-collector token add --help` shows how to make one.");
            return Ok(());
        }
        let now_ms = SystemClock::start().wall_ms();
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(["Name", "May", "Where", "Made by", "Last used", "Holds"]);
        for token in &tokens {
            let holds = match token.revoked_ms {
                Some(at) => format!("revoked {}", moment(at)),
                None if token.holds(now_ms) => format!("until {}", moment(token.expires_ms)),
                None => format!("ended {}", moment(token.expires_ms)),
            };
            table.add_row([
                shown(&token.name).to_string(),
                token.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join("\n"),
                token.place.as_deref().map_or("everywhere".into(), |place| shown(place).to_string()),
                shown(&token.created_by).to_string(),
                token.last_used_ms.map_or("never".into(), moment),
                holds,
            ]);
        }
        println!("{table}");
        Ok(())
    }
}

fn scope(text: &str) -> Result<Scope, String> {
    let names = || Scope::ALL.map(Scope::name).join(", ");
    Scope::named(text).ok_or_else(|| format!("there is no such scope; choose one of {}", names()))
}

fn row_json(token: &ApiToken) -> serde_json::Value {
    json!({
        "name": token.name,
        "scopes": token.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>(),
        "at": token.place,
        "created_by": token.created_by,
        "created_ms": token.created_ms,
        "expires_ms": token.expires_ms,
        "last_used_ms": token.last_used_ms,
        "revoked_ms": token.revoked_ms,
    })
}
