//! Draws every page of the preview on every panel into a directory: `cargo run -p afterword-ui --example draw_pages -- DIR`.

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::PathBuf;

use afterword_ui::{Panel, preview};
use support::Screen;

fn main() {
    let out = PathBuf::from(std::env::args().nth(1).expect("usage: draw_pages DIR"));
    let pages = preview::pages();
    let screen = Screen::showing(&pages[0].1, &out.join("fonts"));
    for panel in Panel::ALL {
        screen.fit(panel);
        let folder = out.join(format!("{panel:?}").to_lowercase());
        std::fs::create_dir_all(&folder).expect("the directory can be made");
        for (name, view) in &pages {
            screen.ui.show(view);
            screen.draw();
            screen.save(&folder.join(format!("{name}.png")));
        }
    }
}
