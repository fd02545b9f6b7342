//! The device at the desk: a code is typed, the glass is wiped over, the network is tested, a report is written.
//!
//! What is looked at takes up to some seconds, so it is looked at aside, when somebody comes to the page and after whatever may
//! have changed it.

pub(crate) mod page;

use std::path::PathBuf;

use afterword_kiosk_core::touch_test::TouchTest;
use afterword_model::response::Stamp;
use afterword_protocol::enrolment::EnrolmentCode;
use afterword_protocol::errand::TestState;
use afterword_ui::intent::DeviceIntent;
use afterword_ui::view::staff::Network;

use crate::aside::Aside;
use crate::config::Config;
use crate::device_status::{Check, Sources, report};
use crate::errands::{AGENT_AWAY_MS, EnrolmentState};
use crate::kiosk::Wake;

/// Reports beside the database, at most: who writes more takes some away first.
const REPORTS_MAX: u32 = 100;

enum News {
    Looked(Vec<Check>),
    Reported(Result<PathBuf, String>),
}

/// See the module.
pub(crate) struct DeviceDesk {
    sources: Sources,
    aside: Aside<News>,
    checks: Vec<Check>,
    looks: bool,
    /// How far enrolment and test were when it was looked last.
    seen: Option<(EnrolmentState, TestState)>,
    types: bool,
    code: String,
    glass: TouchTest,
    report: String,
    /// Whether one is being written.
    reports: bool,
}

impl DeviceDesk {
    pub(crate) fn new(sources: Sources, wake: Wake) -> Self {
        Self {
            sources,
            aside: Aside::new("device", wake),
            checks: Vec::new(),
            looks: false,
            seen: None,
            types: false,
            code: String::new(),
            glass: TouchTest::default(),
            report: String::new(),
            reports: false,
        }
    }

    /// Goes by another configuration from now on.
    pub(crate) fn go_by(&mut self, config: Config) {
        self.sources.config = config;
    }

    /// Somebody came to the page.
    pub(crate) fn open(&mut self) {
        self.close();
        self.look();
    }

    /// Nobody is there any more: no code stays on the glass.
    pub(crate) fn close(&mut self) {
        (self.types, self.glass) = (false, TouchTest::default());
        self.code.clear();
        self.report.clear();
    }

    pub(crate) fn intend(&mut self, intent: DeviceIntent, now: &Stamp) {
        match intent {
            DeviceIntent::TypeCode => self.types = !self.types && self.can_enrol(),
            DeviceIntent::Letter(place) => self.letter(place),
            DeviceIntent::Erase => {
                self.code.pop();
            }
            DeviceIntent::Touch(square) => {
                self.glass.touch_square(square);
            }
            DeviceIntent::TestNetwork => self.sources.errands.test_network(),
            DeviceIntent::Report => self.write_report(now.wall_ms),
        }
    }

    /// Takes what has come.
    pub(crate) fn pump(&mut self, is_shown: bool) {
        while let Some(news) = self.aside.take() {
            match news {
                News::Looked(checks) => (self.checks, self.looks) = (checks, false),
                News::Reported(written) => {
                    self.reports = false;
                    self.report = written.map_or_else(
                        |error| {
                            tracing::error!(error, "the report could not be written");
                            error
                        },
                        |path| path.display().to_string(),
                    );
                }
            }
        }
        // A shopper's tap comes by here too: nothing is asked for while nobody looks. Asking also ends what nobody came for.
        if is_shown && !self.looks {
            let errands = &self.sources.errands;
            if self.seen.as_ref() != Some(&(errands.enrolment(), errands.network_test())) {
                self.look();
            }
        }
    }

    /// When [`Self::pump`] is due without being woken: when nobody has come for an errand.
    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        self.sources.errands.deadline_ms()
    }

    /// How the way to the collector stands, as far as the sync program has said.
    pub(crate) fn network(&self) -> Network {
        match self.sources.errands.agent() {
            None => Network::Unknown,
            Some(heard) if heard.age_ms > AGENT_AWAY_MS || heard.status.problem.is_some() => Network::Look,
            // An agent that has just begun, or is not enrolled, has reached nobody.
            Some(heard) if heard.status.enrolled.is_none() || heard.status.last_receipt_ms.is_none() => {
                Network::Unknown
            }
            Some(_) => Network::Good,
        }
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.aside.is_settled()
    }

    fn can_enrol(&self) -> bool {
        let agent = self.sources.errands.agent();
        let is_under_way = self.sources.errands.enrolment() == EnrolmentState::UnderWay;
        agent.is_some_and(|agent| agent.status.can_enrol) && !is_under_way
    }

    /// A letter of the code. With the last one it is sent: there is nothing more to say.
    fn letter(&mut self, place: usize) {
        let Some(letter) = EnrolmentCode::ALPHABET.get(place) else { return };
        if !self.types || self.code.len() >= EnrolmentCode::LETTERS {
            return;
        }
        self.code.push(char::from(*letter));
        if let Ok(code) = EnrolmentCode::parse(&self.code) {
            self.sources.errands.enrol(code);
            self.types = false;
            self.code.clear();
        }
    }

    fn look(&mut self) {
        if self.looks {
            return;
        }
        let errands = &self.sources.errands;
        self.seen = Some((errands.enrolment(), errands.network_test()));
        let sources = self.sources.clone();
        self.looks = self.aside.run(move || News::Looked(sources.look()));
    }

    /// Writes it beside the database, under the first name that is free.
    fn write_report(&mut self, now_ms: i64) {
        if self.reports {
            return;
        }
        let sources = self.sources.clone();
        self.reports = self.aside.run(move || {
            let checks = sources.look();
            let names = (1..=REPORTS_MAX).map(|number| sources.data.join(format!("report-{number}.json")));
            let path = names.into_iter().find(|path| !path.exists());
            let Some(path) = path else {
                let data = sources.data.display();
                return News::Reported(Err(format!("{REPORTS_MAX} reports are in {data}; take some away")));
            };
            let written = report::write(&path, &checks, now_ms);
            News::Reported(written.map(|()| path).map_err(|error| error.to_string()))
        });
        if !self.reports {
            self.report = "no thread is left to write a report; restart the kiosk".into();
        }
    }
}
