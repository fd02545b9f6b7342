//! Draws every page of the preview into a directory: `cargo run -p afterword-ui --example draw_pages -- DIR`.

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::PathBuf;

use afterword_ui::preview;
use support::Screen;

fn main() {
    let out = PathBuf::from(std::env::args().nth(1).expect("usage: draw_pages DIR"));
    std::fs::create_dir_all(&out).expect("the directory can be made");
    let pages = preview::pages();
    let screen = Screen::showing(&pages[0].1, &out.join("fonts"));
    for (name, view) in &pages {
        screen.ui.show(view);
        screen.draw();
        screen.save(&out.join(format!("{name}.png")));
    }
}
