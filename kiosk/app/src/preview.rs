//! Every page of a survey, drawn without a display and without a database.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use afterword_kiosk_core::{Event, Flow, Screen, Session, Settings};
use afterword_model::contact::Channel;
use afterword_model::follow_up::FollowUpCode;
use afterword_model::response::{ClockQuality, Stamp};
use afterword_model::survey::{Pick, Question, QuestionKind, Survey};
use afterword_ui::{KioskUi, Panel, View};
use anyhow::{Context, Result};
use slint::platform::software_renderer::{MinimalSoftwareWindow, RepaintBufferType};
use slint::platform::{Platform, PlatformError, WindowAdapter, set_platform};
use slint::{PhysicalSize, Rgb8Pixel};

use crate::branding::Prepared;
use crate::present::Presenter;

/// A page and what its picture is called.
pub struct Pictured {
    /// `01-visit-en`: the place in the survey, the question, the language.
    pub name: String,
    /// The language it is in, as the survey names it.
    pub language: String,
    /// What is on it.
    pub view: View,
}

/// The pages of a survey in each of its languages: every question, whether or not a shopper would meet them all on one
/// branch, and the thanks.
#[must_use]
pub fn pages(presenter: &Presenter, survey: &Arc<Survey>) -> Vec<Pictured> {
    let mut pages = Vec::new();
    for (index, language) in survey.languages.iter().enumerate() {
        let mut session = Session::new(Arc::clone(survey), Settings::default());
        let _nothing_to_save = session.handle(Event::Language(index), NEVER);
        for (name, screen) in screens(survey) {
            let view = presenter.drawn(&session, screen, None);
            let language = language.tag.clone();
            pages.push(Pictured { name: format!("{name}-{language}"), language, view });
        }
    }
    pages
}

/// The follow-up code of pages that nobody stands before.
const SAMPLE_CODE: &str = "harbor-maple-tide";

/// The moment of pages that nobody stands before.
const NEVER: Stamp = Stamp { wall_ms: 0, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Unset };

fn screens(survey: &Survey) -> Vec<(String, Screen)> {
    let steps = survey.questions.len();
    let worst =
        survey.questions.first().and_then(Question::scale).map_or(0, |scale| *scale.kind.range().start());
    let mut screens = Vec::new();
    for (index, question) in survey.questions.iter().enumerate() {
        let flow = Flow { rating: worst, step: index + 1, steps, can_go_back: true, time_left: 0.8 };
        let screen = match &question.kind {
            QuestionKind::Scale(_) => Screen::Question {
                question: index,
                chosen: None,
                changing: false,
                flow: Some(flow).filter(|_| index > 0),
            },
            QuestionKind::Choices { pick, .. } => {
                Screen::Reasons { question: index, chosen: Vec::new(), single: *pick == Pick::Single, flow }
            }
            QuestionKind::Comment { limit } => Screen::Comment {
                question: index,
                text: String::new(),
                caret: 0,
                count: 0,
                limit: *limit,
                flow,
            },
            QuestionKind::Contact { channels, .. } => Screen::Contact {
                question: index,
                channel: channels.first().copied().unwrap_or(Channel::Phone),
                text: String::new(),
                caret: 0,
                count: 0,
                consented: false,
                can_send: false,
                sent: None,
                failed: false,
                flow,
            },
            // A kind of the future, which this version has no page for.
            _ => continue,
        };
        screens.push((format!("{:02}-{}", index + 1, question.id), screen));
    }
    let gives_code = survey.thanks.follow_up_code.is_some();
    let follow_up_code = FollowUpCode::parse(SAMPLE_CODE).ok().filter(|_| gives_code);
    let thanks = Screen::Thanks { rating_only: false, follow_up_code, time_left: 0.8 };
    screens.push((format!("{:02}-thanks", steps + 1), thanks));
    screens
}

/// A sheet of paper as large as a panel. One a program: Slint takes one platform.
pub struct Paper {
    ui: KioskUi,
    window: Rc<MinimalSoftwareWindow>,
    width: u32,
    height: u32,
    pixels: RefCell<Vec<Rgb8Pixel>>,
}

struct Desk(Rc<MinimalSoftwareWindow>);

impl Platform for Desk {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        Ok(self.0.clone())
    }
}

impl Paper {
    /// An empty one in the colours of a store. The fonts must be laid out before.
    ///
    /// # Errors
    /// When this program has a screen already.
    pub fn new(panel: Panel, branding: &Prepared) -> Result<Self> {
        let (width, height) = panel.pixels();
        let window = MinimalSoftwareWindow::new(RepaintBufferType::ReusedBuffer);
        set_platform(Box::new(Desk(window.clone()))).context("this program has a screen already")?;
        window.set_size(PhysicalSize::new(width, height));
        let ui = KioskUi::new()?;
        ui.set_panel(panel);
        branding.put_on(&ui);
        ui.open()?;
        let pixels = RefCell::new(vec![Rgb8Pixel::default(); width as usize * height as usize]);
        Ok(Self { ui, window, width, height, pixels })
    }

    /// Draws a page into a PNG file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn draw(&self, view: &View, path: &Path) -> Result<()> {
        self.ui.show(view);
        slint::platform::update_timers_and_animations();
        self.window.draw_if_needed(|renderer| {
            renderer.render(&mut self.pixels.borrow_mut(), self.width as usize);
        });
        let bytes: Vec<u8> =
            self.pixels.borrow().iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]).collect();
        let picture = image::RgbImage::from_raw(self.width, self.height, bytes)
            .context("the page has another size than its panel")?;
        picture.save(path).with_context(|| format!("cannot write {}; name another --out", path.display()))
    }
}
