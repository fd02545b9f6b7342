//! What is around each page: the rail with the ways to go, and where nobody is signed in just the mark.

use maud::{DOCTYPE, Markup, html};

use super::assets;
use super::icon::mark;
use super::visitor::Visitor;
use super::words;
use crate::people::Role;

/// The ways to go, in the order of the rail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Overview,
    Cases,
    Stores,
    Responses,
    Fleet,
    Questions,
    People,
    Privacy,
    Settings,
}

impl Section {
    const ALL: [Self; 9] = [
        Self::Overview,
        Self::Cases,
        Self::Stores,
        Self::Responses,
        Self::Fleet,
        Self::Questions,
        Self::People,
        Self::Privacy,
        Self::Settings,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Cases => "Follow-ups",
            Self::Stores => "Stores",
            Self::Responses => "Replies",
            Self::Fleet => "Fleet",
            Self::Questions => "Questions",
            Self::People => "People",
            Self::Privacy => "Privacy",
            Self::Settings => "Settings",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Overview => "/",
            Self::Cases => "/cases",
            Self::Stores => "/stores",
            Self::Responses => "/responses",
            Self::Fleet => "/fleet",
            Self::Questions => "/questions",
            Self::People => "/people",
            Self::Privacy => "/privacy",
            Self::Settings => "/settings",
        }
    }

    /// Whether this visitor finds anything there.
    fn is_for(self, visitor: &Visitor) -> bool {
        match self {
            Self::Overview | Self::Cases | Self::Stores | Self::Responses | Self::Fleet => true,
            Self::Privacy => visitor.person.is_somewhere(Role::Lead),
            Self::Questions => visitor.person.is_everywhere(Role::Lead),
            Self::People | Self::Settings => visitor.person.is_everywhere(Role::Admin),
        }
    }
}

/// What stands in the rail: how much there is, and what of it waits for somebody.
#[derive(Debug, Clone, Default)]
pub(super) struct Foot {
    pub(super) organisation: Option<String>,
    pub(super) lines: Vec<String>,
    /// Follow-ups that nobody has seen.
    pub(super) to_acknowledge: u64,
    /// Kiosks that need a look.
    pub(super) to_look_at: u64,
}

impl Foot {
    /// The number beside a way to go, and what it is the number of.
    fn waits_at(&self, section: Section) -> Option<(u64, &'static str)> {
        let (count, what) = match section {
            Section::Cases => (self.to_acknowledge, "to acknowledge"),
            Section::Fleet if self.to_look_at == 1 => (self.to_look_at, "kiosk needs a look"),
            Section::Fleet => (self.to_look_at, "kiosks need a look"),
            _ => return None,
        };
        (count > 0).then_some((count, what))
    }
}

/// A page for who is signed in.
pub(super) fn page(
    visitor: &Visitor,
    section: Section,
    title: &str,
    foot: &Foot,
    content: &Markup,
) -> Markup {
    document(
        title,
        &html! {
            a.skip href="#content" { "To the content" }
            header.rail {
                a.mark href="/" { (mark(34)) "Afterword" }
                nav aria-label="Pages" {
                    @for one in Section::ALL {
                        @if one.is_for(visitor) {
                            a href=(one.path()) aria-current=[(one == section).then_some("page")] {
                                (one.name())
                                @if let Some((count, what)) = foot.waits_at(one) { " " b { (words::count(count)) } span.hidden { " " (what) } }
                            }
                        }
                    }
                }
                div.foot {
                    @if let Some(organisation) = &foot.organisation { p { (organisation) } }
                    @for line in &foot.lines { p { (line) } }
                    form method="post" action="/sign-out" {
                        (key(visitor))
                        p.who { (visitor.person.name) }
                        button.quiet type="submit" { "Sign out" }
                    }
                }
            }
            main #content { (content) }
        },
    )
}

/// A page for who is not.
pub(super) fn bare(title: &str, content: &Markup) -> Markup {
    document(
        title,
        &html! {
            main.bare #content {
                p.mark { (mark(34)) "Afterword" }
                (content)
            }
        },
    )
}

/// A page on the way to another one, which opens by itself.
pub(super) fn passing(title: &str, to: &str, content: &Markup) -> Markup {
    let refresh = html! { meta http-equiv="refresh" content={ "0;url=" (to) }; };
    document_with(
        title,
        &refresh,
        &html! { main.bare #content { p.mark { (mark(34)) "Afterword" } (content) } },
    )
}

/// A page for anybody, as wide as what is to be read on it.
pub(super) fn sheet(title: &str, content: &Markup) -> Markup {
    document(
        title,
        &html! {
            main.sheet #content {
                p { a.mark href="/" { (mark(34)) "Afterword" } }
                (content)
            }
        },
    )
}

/// What each form brings along.
pub(super) fn key(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name="key" value=(visitor.form_key()); }
}

fn document(title: &str, body: &Markup) -> Markup {
    document_with(title, &html! {}, body)
}

fn document_with(title: &str, head: &Markup, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Afterword" }
                (head)
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(assets::style_path());
                script src=(assets::script_path()) defer {}
            }
            body { (body) }
        }
    }
}
