//! Who stands before a kiosk, and what the kiosk program does for them: save after the first tap, freeze at the end,
//! thank after the commit and only then.

use std::sync::mpsc::channel;

use afterword_kiosk::stamp::quality;
use afterword_kiosk_store::{Store, StoreError};
use afterword_model::ports::Clock;
use afterword_model::response::{Answer, AnswerValue, Draft, Outcome, Stamp};
use anyhow::{Result, anyhow, ensure};

use super::device::{Device, Session};
use super::truth::{Number, Truth};

/// The shop's local time.
const OFFSET_MIN: i16 = 60;
/// The question with faces, and the one with words.
const QUESTIONS: [&str; 2] = ["visit", "words"];
/// The longest comment, in letters; more is refused by the survey's rules.
const LETTERS_MAX: usize = 200;

/// A shopper who has begun.
pub(super) struct Shopper {
    number: Number,
    draft: Draft,
    began_ms: u64,
}

impl Device {
    /// The shopper touches a face; the first one begins a response.
    pub(super) fn tap(&mut self, face: u8, truth: &mut Truth) -> Result<()> {
        self.answer(QUESTIONS[0], AnswerValue::Face(face), true, truth)
    }

    /// The shopper writes something, in a response that has begun.
    pub(super) fn comment(&mut self, letters: usize, truth: &mut Truth) -> Result<()> {
        let words = "ä".repeat(letters.min(LETTERS_MAX));
        self.answer(QUESTIONS[1], AnswerValue::Comment(words), false, truth)
    }

    fn answer(&mut self, question: &str, value: AnswerValue, begins: bool, truth: &mut Truth) -> Result<()> {
        let (Some(store), Some(session)) = (self.store(), &self.session) else { return Ok(()) };
        if self.shopper.is_none() && begins {
            self.shopper = Some(Shopper::begin(session, truth));
        }
        let Some(shopper) = &mut self.shopper else { return Ok(()) };
        shopper.answer(question, value, session);
        truth.offered(shopper.number, &shopper.draft);
        let number = shopper.number;
        self.card.known.open.insert(number);
        let in_trouble = self.card.is_in_trouble();
        let (done, answer) = channel();
        store.save(shopper.draft.clone(), move |result| drop(done.send(result)));
        let saved = answer.recv()?;
        store.settle()?;
        match saved {
            Ok(()) => truth.saved(number),
            Err(error) => self.out_of_service(("save", number), &error, in_trouble)?,
        }
        self.look_at_card(truth)
    }

    /// The response of the shopper ends, and is thanked for if it can be frozen.
    pub(super) fn end(&mut self, outcome: Outcome, truth: &mut Truth) -> Result<()> {
        let (Some(store), Some(session)) = (self.store(), &self.session) else { return Ok(()) };
        let Some(shopper) = self.shopper.take() else { return Ok(()) };
        let took_ms = session.clock.monotonic_ms() - shopper.began_ms;
        let number = shopper.number;
        truth.offered(number, &shopper.draft);
        truth.asked(number, outcome, took_ms);
        let in_trouble = self.card.is_in_trouble();
        let answered = freeze(&store, shopper.draft, outcome, took_ms)?;
        self.look_at_card(truth)?;
        match answered {
            Ok((epoch, seq)) => {
                match truth.thanked(number, epoch, seq) {
                    // Before it was looked for, a bit had cost it.
                    Err(_) if self.card.is_rotten => truth.excuse(number, "rotted before it was read once"),
                    thanked => thanked.map_err(|what| anyhow!("d{}: {what}", self.index))?,
                }
                self.say(format_args!("response {number} is frozen as {seq}"));
                self.wake_agent();
            }
            Err(error) => self.out_of_service(("freeze", number), &error, in_trouble)?,
        }
        Ok(())
    }

    /// The kiosk shows that it cannot take answers, which only a disk in trouble may bring it to.
    fn out_of_service(
        &mut self,
        (doing, number): (&str, Number),
        error: &StoreError,
        in_trouble: bool,
    ) -> Result<()> {
        self.shopper = None;
        self.say_error(&format!("could not {doing} response {number}"), error);
        ensure!(in_trouble, "d{} could not {doing} response {number} on a sound disk: {error}", self.index);
        Ok(())
    }
}

type Place = (afterword_model::record::StoreEpoch, afterword_model::record::Seq);

fn freeze(store: &Store, draft: Draft, outcome: Outcome, took_ms: u64) -> Result<Result<Place, StoreError>> {
    let (done, answer) = channel();
    store.freeze(draft, outcome, took_ms, move |result| drop(done.send(result)));
    let frozen = answer.recv()?;
    store.settle()?;
    Ok(match frozen {
        Ok(frozen) => Ok((store.position()?.epoch, frozen.seq)),
        Err(error) => Err(error),
    })
}

impl Shopper {
    fn begin(session: &Session, truth: &mut Truth) -> Self {
        let number = truth.begin();
        let wall_ms = session.clock.wall_ms();
        let began_ms = session.clock.monotonic_ms();
        let started = Stamp {
            wall_ms,
            offset_min: OFFSET_MIN,
            boot: session.boot,
            mono_ms: began_ms,
            clock: quality(wall_ms, false),
        };
        let mut draft = Draft::begun("grocery-exit", 1, "en", started);
        draft.touchpoint = Some(Truth::mark(number));
        Self { number, draft, began_ms }
    }

    fn answer(&mut self, question: &str, value: AnswerValue, session: &Session) {
        let at_ms = session.clock.monotonic_ms() - self.began_ms;
        let answer = Answer { question: question.into(), value, at_ms };
        match self.draft.answers.iter_mut().find(|answer| answer.question == question) {
            Some(before) => *before = answer,
            None => self.draft.answers.push(answer),
        }
    }
}
