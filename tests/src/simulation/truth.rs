//! What the simulation knows and the programs don't: which responses shoppers gave, which of them were thanked for, and
//! where each was frozen.
//!
//! Every response has a number, which it carries as its touchpoint; so one that appears twice is seen, wherever and
//! under whatever number of a store.

use std::collections::{BTreeMap, BTreeSet};

use afterword_model::carried::{Carried, Origin};
use afterword_model::record::Seq;
use afterword_model::record::StoreEpoch;
use afterword_model::response::{Draft, Outcome, Response};
use sha2::{Digest as _, Sha256};

/// Numbers a response.
pub(super) type Number = usize;

/// When a response was begun: in which run of its kiosk, and at which millisecond of that.
pub(super) type Begun = (u32, u64);

/// Why a response may be gone.
const TAKEN_BACK: &str = "taken back by a disk";

/// A record as it was frozen: where, and its bytes there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Frozen {
    /// The store's epoch.
    pub(super) epoch: StoreEpoch,
    /// The number in it.
    pub(super) seq: Seq,
    /// The bytes.
    pub(super) bytes: Vec<u8>,
}

/// A response, from its first tap on.
#[derive(Debug, Clone, Default)]
pub(super) struct Given {
    /// Every state of it that a store was asked to keep, in order.
    drafts: Vec<Draft>,
    /// Which of them a store last confirmed.
    saved: Option<usize>,
    /// How it was asked to be frozen.
    asked: Option<(Outcome, u64)>,
    /// The record that the shopper was thanked for.
    pub(super) thanked: Option<Frozen>,
    /// Every place and form in which it was found frozen.
    places: BTreeSet<Frozen>,
    /// In how many it may be: one, and one more for each card on which it went on living.
    places_max: usize,
    /// A card with an older state of it went on living.
    may_be_older: bool,
    /// Whether the collector ever held it.
    received: bool,
    /// Why it may be gone, where something took it that no program can help.
    pub(super) excuse: Option<&'static str>,
}

/// All responses.
#[derive(Debug, Default)]
pub(super) struct Truth {
    given: Vec<Given>,
    /// Whose a record is.
    numbers: BTreeMap<Frozen, Number>,
    /// How far each epoch has come on any card.
    last_seqs: BTreeMap<StoreEpoch, Seq>,
    /// Places whose record a disk took back after it had confirmed it.
    taken_back: BTreeSet<(StoreEpoch, Seq)>,
}

impl Frozen {
    /// SHA-256 of the bytes.
    pub(super) fn digest(&self) -> Vec<u8> {
        Sha256::digest(&self.bytes).to_vec()
    }

    /// A record that stands at this place; of a carried one, the record that it carries.
    pub(super) fn read(epoch: StoreEpoch, seq: Seq, bytes: &[u8]) -> Self {
        match Carried::read(bytes) {
            Ok(Carried { origin: Origin { epoch, seq }, record, .. }) => {
                Self { epoch, seq, bytes: record.to_vec() }
            }
            Err(_) => Self { epoch, seq, bytes: bytes.to_vec() },
        }
    }
}

impl Truth {
    /// A shopper begins.
    pub(super) fn begin(&mut self) -> Number {
        self.given.push(Given { places_max: 1, ..Given::default() });
        self.given.len() - 1
    }

    /// How a response says which it is.
    pub(super) fn mark(number: Number) -> String {
        format!("response {number}")
    }

    /// A store is asked to keep this state.
    pub(super) fn offered(&mut self, number: Number, draft: &Draft) {
        self.given[number].drafts.push(draft.clone());
    }

    /// It has confirmed the state last offered.
    pub(super) fn saved(&mut self, number: Number) {
        self.given[number].saved = Some(self.given[number].drafts.len() - 1);
    }

    /// It is asked to freeze it.
    pub(super) fn asked(&mut self, number: Number, outcome: Outcome, took_ms: u64) {
        self.given[number].asked = Some((outcome, took_ms));
    }

    /// The shopper was thanked: the store said that the response stands there.
    pub(super) fn thanked(&mut self, number: Number, epoch: StoreEpoch, seq: Seq) -> Result<(), String> {
        let mut places = self.given[number].places.iter();
        let record = places.find(|place| (place.epoch, place.seq) == (epoch, seq)).cloned();
        let missing = || format!("response {number} was thanked for and is not at {seq} of its store");
        self.given[number].thanked = Some(record.ok_or_else(missing)?);
        Ok(())
    }

    /// A card on which the response was open goes on living beside the one it is answered on.
    pub(super) fn doubled(&mut self, number: Number) {
        self.given[number].places_max += 1;
        self.given[number].may_be_older = true;
    }

    /// When a response was begun, if a state of it was ever given to a store.
    pub(super) fn begun(&self, number: Number) -> Option<Begun> {
        self.given[number].drafts.first().map(|draft| (draft.started.boot, draft.started.mono_ms))
    }

    /// A disk may have taken back the newest state of an open response, or all of them.
    pub(super) fn set_back(&mut self, number: Number) {
        self.given[number].may_be_older = true;
        self.excuse(number, TAKEN_BACK);
    }

    /// A disk took back a record that it had confirmed at this place.
    pub(super) fn taken_back(&mut self, record: &Frozen, place: (StoreEpoch, Seq)) {
        self.taken_back.insert(place);
        if let Some(number) = self.number(record) {
            self.excuse(number, TAKEN_BACK);
        }
    }

    /// A disk took back the copy that stood at this place.
    pub(super) fn copy_taken_back(&mut self, place: (StoreEpoch, Seq)) {
        self.taken_back.insert(place);
    }

    /// Whether a disk took back what once stood there.
    pub(super) fn was_taken_back(&self, place: (StoreEpoch, Seq)) -> bool {
        self.taken_back.contains(&place)
    }

    /// A store stands at this number of an epoch.
    pub(super) fn stands_at(&mut self, epoch: StoreEpoch, last_seq: Seq) {
        let known = self.last_seqs.entry(epoch).or_default();
        *known = last_seq.max(*known);
    }

    /// The highest number that a store ever gave in this epoch; 0 when it gave none.
    pub(super) fn last_seq(&self, epoch: StoreEpoch) -> Seq {
        self.last_seqs.get(&epoch).copied().unwrap_or(0)
    }

    /// A record was found in a store. Whose it is, when it may be there.
    pub(super) fn found(&mut self, record: &Frozen) -> Result<Number, String> {
        if let Some(&number) = self.numbers.get(record) {
            return Ok(number);
        }
        let at = format!("record {} of {}", record.seq, record.epoch);
        let response = Response::from_bytes(record.seq, &record.bytes)
            .map_err(|error| format!("{at} is no response: {error}"))?;
        let number = response.draft.touchpoint.as_deref().and_then(|mark| mark.strip_prefix("response "));
        let number = number.and_then(|number| number.parse::<Number>().ok());
        let number = number.filter(|&number| number < self.given.len());
        let number = number.ok_or_else(|| format!("{at} was never given"))?;
        let given = &mut self.given[number];
        given.judge(&response).map_err(|what| format!("{at} is response {number}, {what}"))?;
        if response.to_bytes() != record.bytes {
            return Err(format!("{at} is response {number}, in other bytes"));
        }
        given.places.insert(record.clone());
        if given.places.len() > given.places_max {
            return Err(format!("{at} is response {number}, which stands in {} places", given.places.len()));
        }
        self.numbers.insert(record.clone(), number);
        Ok(number)
    }

    /// Whose record this is, if it was ever found in a store.
    pub(super) fn number(&self, record: &Frozen) -> Option<Number> {
        self.numbers.get(record).copied()
    }

    /// The collector holds it.
    pub(super) fn received(&mut self, number: Number) {
        self.given[number].received = true;
    }

    /// Whether the collector ever held it.
    pub(super) fn was_received(&self, number: Number) -> bool {
        self.given[number].received
    }

    /// A response may be gone from now on.
    pub(super) fn excuse(&mut self, number: Number, why: &'static str) {
        self.given[number].excuse.get_or_insert(why);
    }

    /// All responses with their numbers.
    pub(super) fn given(&self) -> impl Iterator<Item = (Number, &Given)> {
        self.given.iter().enumerate()
    }
}

impl Given {
    /// Whether a store has confirmed a state of it.
    pub(super) fn is_saved(&self) -> bool {
        self.saved.is_some()
    }

    /// Whether it stands in more than one place, because a card it was open on had two lives.
    pub(super) fn is_doubled(&self) -> bool {
        self.places.len() > 1
    }

    /// Whether it was ever found frozen.
    pub(super) fn is_frozen(&self) -> bool {
        !self.places.is_empty()
    }

    /// Whether a frozen form is one it may have.
    fn judge(&self, response: &Response) -> Result<(), &'static str> {
        let Some(state) = self.drafts.iter().rposition(|draft| *draft == response.draft) else {
            return Err("in a state that was never given");
        };
        let is_last = state + 1 == self.drafts.len();
        match (response.outcome, self.asked) {
            (outcome, Some(asked)) if (outcome, response.took_ms) == asked && is_last => Ok(()),
            (Outcome::Interrupted, _) if self.thanked.is_some() && self.places_max == 1 => {
                Err("which was thanked for, as an interrupted one")
            }
            (Outcome::Interrupted, _)
                if self.may_be_older || self.saved.is_none_or(|saved| state >= saved) =>
            {
                Ok(())
            }
            (Outcome::Interrupted, _) => Err("in a state older than the one that was saved"),
            _ => Err("ended in a way that nobody asked for"),
        }
    }
}
