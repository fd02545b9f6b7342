//! `afterword-collector person invite|renew|list|grant|withdraw|disable|enable`.

use std::process::ExitCode;

use afterword_collector::{Grant, InvitationLink, Person, Role};
use clap::{Args, Subcommand, ValueEnum};
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;

use super::{Data, moment, print_json, shown};

const INVITE_EXAMPLES: &str = "\
Examples:
  # A store's manager, and somebody who runs everything.
  afterword-collector person invite ada@example.com --role manager --at Quayside --data /var/lib/afterword
  afterword-collector person invite root@example.com --role admin --data /var/lib/afterword

Prints a link that makes the account; it holds for three days and is shown once. Send it by a way that only they read.
What each role may do: viewer reads numbers, responses and the state of the kiosks; manager also sees to follow-ups;
lead also decides what is asked and what is published, and takes data out; admin also runs kiosks, people and keys.

Exit codes: 0 invited, 1 not (the reason is on standard error), 2 wrong use";

/// What can be done about people.
#[derive(Subcommand)]
pub(super) enum PersonCommand {
    /// Print a link by which somebody makes their account, with a role.
    #[command(after_help = INVITE_EXAMPLES, after_long_help = INVITE_EXAMPLES)]
    Invite(Invite),
    /// Print a link by which somebody chooses a new password.
    Renew(Whom),
    /// Show who there is, and what each may do where.
    List(List),
    /// Give somebody a role, in place of the one they have there.
    Grant(Invite),
    /// Take what somebody may do at a place, or what was given for everywhere.
    Withdraw(Withdraw),
    /// Let somebody in no more, from their next request on.
    Disable(Whom),
    /// Let somebody in again.
    Enable(Whom),
}

#[derive(Args)]
pub(super) struct Invite {
    /// What they type at the sign-in, such as their address for e-mail.
    login: String,
    /// What they may do.
    #[arg(long)]
    role: RoleName,
    /// The region or store in which they may do it; everywhere when left out.
    #[arg(long, value_name = "PLACE")]
    at: Option<String>,
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Withdraw {
    /// Whose.
    login: String,
    /// The region or store; what was given for everywhere when left out.
    #[arg(long, value_name = "PLACE")]
    at: Option<String>,
    #[command(flatten)]
    data: Data,
}

#[derive(Args)]
pub(super) struct Whom {
    /// Whom.
    login: String,
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

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    Viewer,
    Manager,
    Lead,
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Viewer => Self::Viewer,
            RoleName::Manager => Self::Manager,
            RoleName::Lead => Self::Lead,
            RoleName::Admin => Self::Admin,
        }
    }
}

impl PersonCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Invite(Invite { login, role, at, data, json }) => {
                let mut admin = data.open()?;
                let link = admin.person_invite(&login, Grant { role: role.into(), place: at })?;
                print_link(&link, admin.web_url()?.as_deref(), json)?;
            }
            Self::Renew(Whom { login, data, json }) => {
                let mut admin = data.open()?;
                let link = admin.person_renew(&login)?;
                print_link(&link, admin.web_url()?.as_deref(), json)?;
            }
            Self::List(list) => list.run()?,
            Self::Grant(Invite { login, role, at, data, json }) => {
                let role = Role::from(role);
                data.open()?.person_grant(&login, &Grant { role, place: at.clone() })?;
                if json {
                    print_json(&json!({ "login": login, "role": role.name(), "at": at }))?;
                } else {
                    let place = at.map_or("everywhere".into(), |place| format!("at {place}"));
                    println!("{} is {} {place} now.", shown(&login), role.name());
                }
            }
            Self::Withdraw(Withdraw { login, at, data }) => {
                data.open()?.person_withdraw(&login, at.as_deref())?;
                let place = at.map_or("everywhere".into(), |place| format!("at {place}"));
                println!("{} has no role {place} any more.", shown(&login));
            }
            Self::Disable(Whom { login, data, json }) => set_disabled(&login, &data, json, true)?,
            Self::Enable(Whom { login, data, json }) => set_disabled(&login, &data, json, false)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    fn run(self) -> anyhow::Result<()> {
        let people = self.data.open()?.person_list()?;
        if self.json {
            return print_json(&people.iter().map(row_json).collect::<Vec<_>>());
        }
        if people.is_empty() {
            println!("There is nobody yet; `afterword-collector serve` prints a link for the first one.");
            return Ok(());
        }
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(["Login", "Name", "May do"]);
        for person in &people {
            let disabled = person.disabled_ms.map(|at| format!("let in no more since {}", moment(at)));
            let grants = person.grants.iter().map(grant_words).collect::<Vec<_>>().join("\n");
            table.add_row([
                shown(&person.login).to_string(),
                shown(&person.name).to_string(),
                disabled.unwrap_or(grants),
            ]);
        }
        println!("{table}");
        Ok(())
    }
}

fn set_disabled(login: &str, data: &Data, json: bool, disable: bool) -> anyhow::Result<()> {
    data.open()?.person_disable(login, disable)?;
    if json {
        return print_json(&json!({ "login": login, "disabled": disable }));
    }
    println!("{} is let in {}.", shown(login), if disable { "no more" } else { "again" });
    Ok(())
}

/// A link is shown once: only its digest is kept.
fn print_link(link: &InvitationLink, web_url: Option<&str>, json: bool) -> anyhow::Result<()> {
    let path = format!("/welcome/{}", link.token.text());
    let url = web_url.map(|web_url| format!("{web_url}{path}"));
    if json {
        return print_json(&json!({ "url": url, "path": path, "expires_ms": link.expires_ms }));
    }
    println!("{}", url.unwrap_or_else(|| format!("<the address of the dashboard>{path}")));
    println!("It holds until {}, for one use.", moment(link.expires_ms));
    Ok(())
}

fn grant_words(grant: &Grant) -> String {
    match &grant.place {
        Some(place) => format!("{} at {}", grant.role.name(), shown(place)),
        None => format!("{} everywhere", grant.role.name()),
    }
}

fn row_json(person: &Person) -> serde_json::Value {
    let grants = person.grants.iter().map(|grant| json!({ "role": grant.role.name(), "at": grant.place }));
    json!({
        "login": person.login,
        "name": person.name,
        "disabled_ms": person.disabled_ms,
        "grants": grants.collect::<Vec<_>>(),
    })
}
