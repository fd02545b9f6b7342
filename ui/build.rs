//! Compiles the pages and bundles their translations.
//!
//! Debug information stays in the build: the tests find keys by what a screen reader would say, and need it for that.

use slint_build::CompilerConfiguration;

fn main() {
    let configuration = CompilerConfiguration::new()
        .with_bundled_translations("translations")
        // One word is translated once, wherever it stands.
        .with_default_translation_context(slint_build::DefaultTranslationContext::None)
        .with_debug_info(true);
    if let Err(error) = slint_build::compile_with_config("slint/shell.slint", configuration) {
        println!("cargo::error=the pages in ui/slint do not compile: {error}");
    }
}
