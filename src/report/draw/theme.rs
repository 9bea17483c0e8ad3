//! Colours: two themes, safe for colour-blind readers, with text that stands out enough to be read.

use crate::report::chart::Tone;

/// The colours of a chart.
///
/// The six of series are those of Okabe and Ito's palette (<https://jfly.uni-koeln.de/color/>), darkened or
/// lightened until text in them has a contrast of 4.5 to the background; heat maps follow cividis, whose lightness
/// rises evenly for every kind of sight (Nuñez, Anderton and Renslow 2018).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Its name.
    pub name: &'static str,
    /// Behind everything.
    pub background: &'static str,
    /// Titles and labels.
    pub text: &'static str,
    /// Subtitles, axes and notes.
    pub faint: &'static str,
    /// Grid lines.
    pub grid: &'static str,
    /// Axis lines.
    pub axis: &'static str,
    /// What is one of several.
    pub series: [&'static str; 6],
    /// What ran out.
    pub alarm: &'static str,
    /// What stays in the background.
    pub muted: &'static str,
    /// From the smallest value of a heat map to the largest.
    pub heat: [&'static str; 6],
}

impl Theme {
    /// Dark on white.
    pub const LIGHT: Theme = Theme {
        name: "light",
        background: "#ffffff",
        text: "#16202a",
        faint: "#4d5b68",
        grid: "#e3e8ec",
        axis: "#8793a0",
        series: [
            "#0067a5", "#bb4a00", "#00785a", "#a0478a", "#7d6100", "#4a5a9a",
        ],
        alarm: "#c2260b",
        muted: "#5d6b78",
        heat: [
            "#fdf3c4", "#e0c862", "#b0a277", "#7d7c78", "#4a5a74", "#0b2f5e",
        ],
    };

    /// Light on dark.
    pub const DARK: Theme = Theme {
        name: "dark",
        background: "#12171d",
        text: "#eef2f5",
        faint: "#a9b6c2",
        grid: "#29323b",
        axis: "#66737f",
        series: [
            "#62b6f2", "#ff9a5a", "#3fcda3", "#e79bd0", "#e5c04a", "#a3b0f0",
        ],
        alarm: "#ff6a52",
        muted: "#93a1ae",
        heat: [
            "#17283f", "#2f4668", "#5d6676", "#8f8a78", "#c4b068", "#ffe45c",
        ],
    };

    /// The colour of a tone.
    pub fn colour(&self, tone: Tone) -> &'static str {
        match tone {
            Tone::Series(i) => self.series[i % self.series.len()],
            Tone::Limit => self.text,
            Tone::Alarm => self.alarm,
            Tone::Muted => self.muted,
            Tone::Heat => self.heat[self.heat.len() - 1],
        }
    }

    /// A colour that can be read on a place of the heat scale: that of text on the half that is like the background.
    pub fn on_heat(&self, place: f64) -> &'static str {
        if place < 0.5 {
            self.text
        } else {
            self.background
        }
    }

    /// The colour of a place on the heat scale, from 0 to 1.
    pub fn heat(&self, place: f64) -> String {
        let steps = self.heat.len() - 1;
        let at = place.clamp(0.0, 1.0) * steps as f64;
        let below = (at.floor() as usize).min(steps - 1);
        let (a, b) = (rgb(self.heat[below]), rgb(self.heat[below + 1]));
        let part = at - below as f64;
        let mix = |i: usize| (a[i] + (b[i] - a[i]) * part).round() as u8;
        format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2))
    }
}

/// Red, green and blue of `#rrggbb`.
fn rgb(colour: &str) -> [f64; 3] {
    let part = |from: usize| {
        let digits = &colour[from..from + 2];
        f64::from(u8::from_str_radix(digits, 16).expect("two hexadecimal digits"))
    };
    [part(1), part(3), part(5)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast as WCAG 2 defines it.
    fn contrast(a: &str, b: &str) -> f64 {
        let luminance = |colour: &str| {
            let linear = rgb(colour).map(|part| {
                let part = part / 255.0;
                match part <= 0.04045 {
                    true => part / 12.92,
                    false => ((part + 0.055) / 1.055).powf(2.4),
                }
            });
            0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn whatever_is_written_can_be_read() {
        for theme in [Theme::LIGHT, Theme::DARK] {
            let written = [theme.text, theme.faint, theme.alarm, theme.muted];
            for colour in theme.series.into_iter().chain(written) {
                let contrast = contrast(colour, theme.background);
                assert!(contrast >= 4.5, "{} {colour}: {contrast:.2}", theme.name);
            }
        }
    }

    #[test]
    fn heat_ends_at_its_ends() {
        assert_eq!(Theme::LIGHT.heat(-1.0), Theme::LIGHT.heat[0]);
        assert_eq!(Theme::LIGHT.heat(1.0), Theme::LIGHT.heat[5]);
    }
}
