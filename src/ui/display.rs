//! How each window looks. The operator's choice is kept for the window; the holder's is the person's own, and the next person
//! finds the window as LOCAL.toml has it.

use std::{fs, io, path::Path, rc::Rc};

use bam_station_ui::{Appearance, Holder, HolderWindow, Operator, OperatorWindow, Theme};
use serde::{Deserialize, Serialize};
use slint::ComponentHandle as _;

use super::{Shell, shell::on};
use crate::config::local::{Colours, WindowLook};

/// The file in the data folder that keeps the operator's choice.
pub const FILE: &str = "screens.toml";
/// More than the file can have grown to by itself.
const LIMIT: u64 = 4096;

/// What is kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Kept {
    colours: String,
    text_size: u16,
}

/// What the operator chose last. A file that cannot be read chooses nothing: LOCAL.toml holds then.
pub fn kept(folder: &Path) -> Option<WindowLook> {
    let file = folder.join(FILE);
    if fs::metadata(&file).ok()?.len() > LIMIT {
        return None;
    }
    let kept: Kept = toml::from_str(&fs::read_to_string(file).ok()?).ok()?;
    let colours = Colours::named(&kept.colours)?;
    (100..=200).contains(&kept.text_size).then_some(WindowLook { colours, text_size: kept.text_size })
}

/// Keeps the operator's choice, whole or not at all.
pub fn keep(folder: &Path, look: WindowLook) -> io::Result<()> {
    let text = format!("Colours = \"{}\"\nTextSize = {}\n", look.colours.name(), look.text_size);
    let new = folder.join("screens.new");
    fs::write(&new, text)?;
    fs::rename(new, folder.join(FILE))
}

fn dress(theme: &Theme<'_>, look: WindowLook) {
    theme.set_appearance(match look.colours {
        Colours::Light => Appearance::Light,
        Colours::Dark => Appearance::Dark,
        Colours::Contrast => Appearance::Contrast,
    });
    theme.set_text_scale(f32::from(look.text_size) / 100.0);
}

fn worn(theme: &Theme<'_>) -> WindowLook {
    let colours = match theme.get_appearance() {
        Appearance::Light => Colours::Light,
        Appearance::Dark => Colours::Dark,
        Appearance::Contrast => Colours::Contrast,
    };
    let size = [100_u16, 125, 150, 175, 200].into_iter().min_by_key(|size| {
        let off = (f32::from(*size) / 100.0 - theme.get_text_scale()).abs();
        // Thousandths, so that they can be compared as whole numbers.
        (0..=1000_u32).find(|step| f64::from(off) * 1000.0 <= f64::from(*step)).unwrap_or(u32::MAX)
    });
    WindowLook { colours, text_size: size.unwrap_or(100) }
}

pub(super) fn connect(shell: &Rc<Shell>) {
    let looks = shell.desk(|desk| {
        let windows = &desk.configuration.local.value.windows;
        (windows.operator_look, windows.holder_look)
    });
    dress(&shell.operator.global::<Theme>(), looks.0);
    dress(&shell.holder.global::<Theme>(), looks.1);
    let operator = shell.operator.global::<Operator>();
    on!(shell, operator, on_display_changed, |here| {
        here.keep_look();
    });
    let holder = shell.holder.global::<Holder>();
    on!(shell, holder, on_display_changed, |here| {
        // Another size divides the text into other pages; they are measured when they are shown.
        here.present();
    });
}

impl Shell {
    /// Takes the look that was kept in this folder, and keeps it there from now on.
    pub fn remember_look_in(&self, folder: &Path) {
        if let Some(look) = kept(folder) {
            dress(&self.operator.global::<Theme>(), look);
        }
        self.desk(|desk| desk.looks_folder = Some(folder.to_owned()));
    }

    fn keep_look(&self) {
        let look = worn(&self.operator.global::<Theme>());
        if let Some(folder) = self.desk(|desk| desk.looks_folder.clone()) {
            // A look that cannot be kept still holds until the station is closed.
            let _ = keep(&folder, look);
        }
    }
}

/// The next person finds the holder's window as the office has it.
pub(super) fn fresh_for_holder(shell: &Shell) {
    let look = shell.desk(|desk| desk.configuration.local.value.windows.holder_look);
    dress(&shell.holder.global::<Theme>(), look);
    shell.holder.global::<Holder>().set_display_open(false);
}

/// The look of a window, for whoever asks.
pub fn looks(operator: &OperatorWindow, holder: &HolderWindow) -> (WindowLook, WindowLook) {
    (worn(&operator.global::<Theme>()), worn(&holder.global::<Theme>()))
}
