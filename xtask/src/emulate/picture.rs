//! The capacitor's voltage, and when inferences were completed.

use std::fmt::Write as _;

use super::Supply;

/// As many seconds as hold three inferences, or a minute.
fn span(completed: &[f64]) -> f64 {
    let third = completed.get(2).map_or(60.0, |s| s * 1.02);
    (third / 5.0).ceil() * 5.0
}

/// An SVG.
pub fn svg(supply: &Supply, completed: &[f64]) -> String {
    let seconds = span(completed);
    let (left, top, width, height) = (60.0, 24.0, 840.0, 216.0);
    let (low, high) = (supply.off_v - 0.05, supply.on_v + 0.05);
    let x = |s: f64| left + width * s / seconds;
    let y = |v: f64| top + height * (high - v) / (high - low);
    let mut text = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 920 290\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"920\" height=\"290\" fill=\"white\"/>\n\
         <text x=\"480\" y=\"282\" text-anchor=\"middle\">seconds</text>\n\
         <text x=\"16\" y=\"130\" transform=\"rotate(-90 16 130)\" text-anchor=\"middle\">capacitor, volts</text>\n"
        .to_owned();
    for (volts, name) in [(supply.on_v, "on"), (supply.off_v, "off")] {
        let _ = writeln!(
            text,
            "<line x1=\"{left}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#bbb\" stroke-dasharray=\"4\"/>\n\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{name}, {volts}</text>",
            left + width,
            left - 4.0,
            y(volts) + 4.0,
            y = y(volts),
        );
    }
    for fifth in 0..=5 {
        let second = seconds * f64::from(fifth) / 5.0;
        let _ = writeln!(
            text,
            "<text x=\"{:.1}\" y=\"260\" text-anchor=\"middle\">{second}</text>",
            x(second)
        );
    }
    let shown = supply.volts.iter().take_while(|(s, _)| *s <= seconds);
    let points: Vec<_> = shown
        .map(|(s, v)| format!("{:.1},{:.1}", x(*s), y(*v)))
        .collect();
    let _ = writeln!(
        text,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#1f4e8c\"/>",
        points.join(" ")
    );
    for (number, second) in completed
        .iter()
        .enumerate()
        .take_while(|(_, s)| **s <= seconds)
    {
        let _ = writeln!(
            text,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top}\" y2=\"{}\" stroke=\"#2a8c3f\"/>\n\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#2a8c3f\">inference {}</text>",
            top + height,
            top - 6.0,
            number + 1,
            x = x(*second),
        );
    }
    text + "</svg>\n"
}
