//! `afterword-collector webhook add|list|remove|enable|disable|rotate|test|deliveries|resend`.

use std::process::ExitCode;

use afterword_collector::{DeliveryState, EventType, Webhook, WebhookDelivery, WebhookWish};
use clap::{Args, Subcommand};
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;

use super::{Data, moment, print_json, shown};

const ADD_EXAMPLES: &str = "\
Examples:
  # For a ticket system that is to know of each follow-up.
  afterword-collector webhook add https://tickets.example/afterword --event case.opened --event case.verified --data /var/lib/afterword

  # For a warehouse that takes in what shoppers of one region say.
  afterword-collector webhook add https://warehouse.example/in --event response.received --at North --data …

Prints the number of the webhook and its secret. The receiver checks with it that a message is this collector's (Standard Webhooks:
the header webhook-signature). A message that does not come through is tried again for three days and then given up;
`webhook deliveries` shows it, `webhook resend` sends it again. A receiver may get a message twice, each time under the same
webhook-id, and in any order. Kinds of events: response.received, case.opened, case.acknowledged, case.acted, case.verified,
case.reopened, case.noted, device.enrolled, device.revoked, device.retired, change.published, change.withdrawn,
rollout.started, rollout.paused, rollout.resumed, rollout.stopped, rollout.rolled_back, rollout.done.

Messages go to addresses of the internet alone, unless the server is started with --webhooks-allow-private.

Exit codes: 0 made, 1 not (the reason is on standard error), 2 wrong use";

/// Messages that are shown where nothing else is asked for.
const SHOWN: u16 = 50;

/// What can be done about webhooks.
#[derive(Subcommand)]
pub(super) enum WebhookCommand {
    /// Tell a program what happens from now on, and print the secret that it checks messages with.
    #[command(after_help = ADD_EXAMPLES, after_long_help = ADD_EXAMPLES)]
    Add(Add),
    /// Show which there are, and whether their messages come through.
    List(Listing),
    /// Take one away, with all that waits for it.
    Remove(One),
    /// Turn one on again: it is told of what happens from now on.
    Enable(One),
    /// Turn one off, and give up what waits for it.
    Disable(One),
    /// Make another secret and print it; the one before signs as well for a day.
    Rotate(Listed),
    /// Send a message that says nothing, to see whether it comes through.
    Test(Listed),
    /// Show what became of its messages, the newest first.
    Deliveries(Deliveries),
    /// Send a message again, or all that were given up.
    Resend(Resend),
}

#[derive(Args)]
pub(super) struct Add {
    /// Where messages go, as in https://tickets.example/afterword.
    url: String,
    /// What it is told of; may be given more than once.
    #[arg(long = "event", value_name = "EVENT", value_parser = event, required = true)]
    types: Vec<EventType>,
    /// Of which region or store; of everything when left out. What concerns the whole organisation is then not told.
    #[arg(long, value_name = "PLACE")]
    at: Option<String>,
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Listing {
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct One {
    /// Its number, as `webhook list` shows it.
    id: i64,
    #[command(flatten)]
    data: Data,
}

#[derive(Args)]
pub(super) struct Listed {
    /// Its number, as `webhook list` shows it.
    id: i64,
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Deliveries {
    /// The number of the webhook, as `webhook list` shows it.
    id: i64,
    /// Only those of this state: pending, delivered or parked.
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<DeliveryState>,
    /// Only those before the message of this number.
    #[arg(long, value_name = "NUMBER")]
    before: Option<i64>,
    /// How many at most.
    #[arg(long, default_value_t = SHOWN)]
    limit: u16,
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Resend {
    /// The number of the message, as `webhook deliveries` shows it.
    #[arg(required_unless_present = "parked_of", conflicts_with = "parked_of")]
    number: Option<i64>,
    /// All messages of this webhook that were given up.
    #[arg(long, value_name = "WEBHOOK")]
    parked_of: Option<i64>,
    #[command(flatten)]
    data: Data,
}

impl WebhookCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add(add) => add.run()?,
            Self::List(list) => list.run()?,
            Self::Remove(One { id, data }) => {
                data.open()?.webhook_remove(id)?;
                println!("Webhook {id} is removed; nothing is sent to it any more.");
            }
            Self::Enable(One { id, data }) => {
                data.open()?.webhook_enable(id)?;
                println!("Webhook {id} is on; it is told of what happens from now on.");
            }
            Self::Disable(One { id, data }) => {
                data.open()?.webhook_disable(id)?;
                println!("Webhook {id} is off; what waited for it is given up.");
            }
            Self::Rotate(Listed { id, data, json }) => {
                let secret = data.open()?.webhook_rotate(id)?.text();
                if json {
                    print_json(&json!({ "id": id, "secret": secret }))?;
                } else {
                    println!("{secret}");
                    println!("It is shown only here and now. The one before signs as well for a day.");
                }
            }
            Self::Test(Listed { id, data, json }) => {
                let number = data.open()?.webhook_test(id)?;
                if json {
                    print_json(&json!({ "number": number }))?;
                } else {
                    println!(
                        "Message {number} goes out as soon as the server runs; `afterword-collector webhook deliveries {id}` shows what became of it."
                    );
                }
            }
            Self::Deliveries(deliveries) => deliveries.run()?,
            Self::Resend(resend) => resend.run()?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Add {
    fn run(self) -> anyhow::Result<()> {
        let wish = WebhookWish { url: self.url, types: self.types.into_iter().collect(), place: self.at };
        let made = self.data.open()?.webhook_add(&wish)?;
        if self.json {
            return print_json(&json!({ "id": made.id, "secret": made.secret.text() }));
        }
        println!(
            "Webhook {}. Its receiver checks messages with this secret, which is shown only here and now:",
            made.id
        );
        println!("{}", made.secret.text());
        Ok(())
    }
}

impl Listing {
    fn run(self) -> anyhow::Result<()> {
        let webhooks = self.data.open()?.webhook_list()?;
        if self.json {
            return print_json(&webhooks.iter().map(row_json).collect::<Vec<_>>());
        }
        if webhooks.is_empty() {
            println!("There are none; `afterword-collector webhook add --help` shows how to make one.");
            return Ok(());
        }
        let mut table = table([
            "Webhook",
            "Goes to",
            "Is told of",
            "Where",
            "Last got through",
            "Waiting",
            "Given up",
            "State",
        ]);
        for webhook in &webhooks {
            let state = match (webhook.disabled_ms, &webhook.why) {
                (None, _) => "on".to_owned(),
                (Some(at), None) => format!("off since {}", moment(at)),
                (Some(at), Some(why)) => format!("off since {}: {}", moment(at), shown(why)),
            };
            table.add_row([
                webhook.id.to_string(),
                shown(&webhook.url).to_string(),
                webhook.types.iter().map(|kind| kind.name()).collect::<Vec<_>>().join("\n"),
                webhook.place.as_deref().map_or("everywhere".into(), |place| shown(place).to_string()),
                webhook.reached_ms.map_or("never".into(), moment),
                webhook.pending.to_string(),
                webhook.parked.to_string(),
                state,
            ]);
        }
        println!("{table}");
        Ok(())
    }
}

impl Deliveries {
    fn run(self) -> anyhow::Result<()> {
        let admin = self.data.open()?;
        let found = admin.webhook_deliveries(self.id, self.state, self.before, i64::from(self.limit))?;
        if self.json {
            return print_json(&found.iter().map(delivery_json).collect::<Vec<_>>());
        }
        if found.is_empty() {
            println!("There are no such messages.");
            return Ok(());
        }
        let mut table = table(["Message", "Event", "Happened", "State", "Tries", "Last answer", "Next try"]);
        for one in &found {
            let answer = match (&one.error, one.status) {
                (Some(error), _) => shown(error).to_string(),
                (None, Some(status)) => status.to_string(),
                (None, None) => "–".into(),
            };
            table.add_row([
                one.number.to_string(),
                shown(&one.kind).to_string(),
                moment(one.at_ms),
                one.state.name().to_owned(),
                one.attempts.to_string(),
                answer,
                one.next_ms.map_or("–".into(), moment),
            ]);
        }
        println!("{table}");
        Ok(())
    }
}

impl Resend {
    fn run(self) -> anyhow::Result<()> {
        let mut admin = self.data.open()?;
        match (self.number, self.parked_of) {
            (Some(number), _) => {
                admin.webhook_resend(number)?;
                println!("Message {number} is sent again, for three days if need be.");
            }
            (None, Some(webhook)) => {
                let count = admin.webhook_resend_parked(webhook)?;
                println!("Of webhook {webhook}, {count} messages are sent again.");
            }
            (None, None) => {}
        }
        Ok(())
    }
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header);
    table
}

fn event(text: &str) -> Result<EventType, String> {
    let names = || EventType::ALL.map(EventType::name).join(", ");
    EventType::named(text).ok_or_else(|| format!("there is no such kind of event; choose one of {}", names()))
}

fn state(text: &str) -> Result<DeliveryState, String> {
    DeliveryState::named(text)
        .ok_or_else(|| "there is no such state; choose pending, delivered or parked".into())
}

fn row_json(webhook: &Webhook) -> serde_json::Value {
    json!({
        "id": webhook.id,
        "url": webhook.url,
        "events": webhook.types.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        "at": webhook.place,
        "disabled_ms": webhook.disabled_ms,
        "why": webhook.why,
        "created_by": webhook.created_by,
        "created_ms": webhook.created_ms,
        "reached_ms": webhook.reached_ms,
        "pending": webhook.pending,
        "parked": webhook.parked,
    })
}

fn delivery_json(one: &WebhookDelivery) -> serde_json::Value {
    json!({
        "number": one.number,
        "id": one.id,
        "event": one.kind,
        "at_ms": one.at_ms,
        "state": one.state.name(),
        "attempts": one.attempts,
        "next_ms": one.next_ms,
        "tried_ms": one.tried_ms,
        "status": one.status,
        "error": one.error,
        "settled_ms": one.settled_ms,
    })
}
