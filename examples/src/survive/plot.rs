//! The picture: voltage and on-times of the first seconds, progress over the whole run.

use std::path::Path;

use plotters::prelude::*;

use super::Failure;
use super::capacitor::Capacitor;
use super::powered::{DETAIL_S, Probe};

const VOLTAGE: RGBColor = RGBColor(0x1f, 0x4e, 0x8c);
const ON: RGBColor = RGBColor(0xf2, 0xb1, 0x34);
const PROGRESS: RGBColor = RGBColor(0x2a, 0x7f, 0x4f);

/// Draws an SVG file.
///
/// # Errors
///
/// When the file cannot be written.
pub fn draw(
    path: &Path,
    probe: &Probe,
    capacitor: &Capacitor,
    time_s: f64,
    images: u64,
) -> Result<(), Failure> {
    picture(path, probe, capacitor, time_s, images)
        .map_err(|e| Failure::Output(path.to_path_buf(), std::io::Error::other(e.to_string())))
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn picture(path: &Path, probe: &Probe, capacitor: &Capacitor, time_s: f64, images: u64) -> Drawn {
    let root = SVGBackend::new(path, (960, 540)).into_drawing_area();
    root.fill(&WHITE)?;
    let (upper, lower) = root.split_vertically(310);
    voltage(&upper, probe, capacitor)?;
    progress(&lower, probe, time_s, images)?;
    root.present()?;
    Ok(())
}

fn voltage(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    probe: &Probe,
    capacitor: &Capacitor,
) -> Drawn {
    let end = probe
        .samples
        .last()
        .map_or(1.0, |s| s.0)
        .clamp(0.1, DETAIL_S);
    let title = format!(
        "{:.0} µF on harvested power: the first {end:.0} s",
        capacitor.farads * 1e6
    );
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(55)
        .build_cartesian_2d(0.0..end, 2.2..2.9)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc("seconds")
        .x_label_formatter(&|s| format!("{s:.0}"))
        .y_desc("capacitor, volts")
        .draw()?;
    let periods = on_periods(probe);
    let count = periods.len();
    let bands = periods
        .into_iter()
        .map(|(from, to)| Rectangle::new([(from, 2.2), (to, 2.9)], ON.mix(0.45).filled()));
    chart
        .draw_series(bands)?
        .label(format!("on ({count} power cycles)"))
        .legend(|(x, y)| Rectangle::new([(x, y - 5), (x + 14, y + 5)], ON.mix(0.45).filled()));
    for (volts, name) in [(capacitor.on_v, "on"), (capacitor.off_v, "off")] {
        chart.draw_series(LineSeries::new(
            [(0.0, volts), (end, volts)],
            BLACK.mix(0.4),
        ))?;
        chart.draw_series([Text::new(
            name,
            (end * 0.005, volts + 0.035),
            ("sans-serif", 12),
        )])?;
    }
    let line = probe.samples.iter().map(|s| (s.0, s.1.max(2.2)));
    chart
        .draw_series(LineSeries::new(line, VOLTAGE.stroke_width(1)))?
        .label("voltage")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 14, y)], VOLTAGE));
    let place = SeriesLabelPosition::LowerRight;
    chart
        .configure_series_labels()
        .position(place)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    Ok(())
}

fn progress(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    probe: &Probe,
    time_s: f64,
    images: u64,
) -> Drawn {
    let mut chart = ChartBuilder::on(area)
        .caption(
            "progress: every image classified as if the power had never failed",
            ("sans-serif", 16),
        )
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(55)
        .build_cartesian_2d(0.0..time_s.max(1.0), 0.0..images.max(1) as f64)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc("seconds")
        .x_label_formatter(&|s| format!("{s:.0}"))
        .y_desc("images done")
        .y_label_formatter(&|n| format!("{n:.0}"))
        .draw()?;
    // More points than pixels would only make the file large.
    let every = probe.progress.len().div_ceil(960).max(1);
    let line = probe
        .progress
        .iter()
        .step_by(every)
        .map(|(t, n)| (*t, *n as f64))
        .chain([(time_s, images as f64)]);
    chart.draw_series(LineSeries::new(line, PROGRESS.stroke_width(2)))?;
    Ok(())
}

fn on_periods(probe: &Probe) -> Vec<(f64, f64)> {
    let mut periods = Vec::new();
    let mut since = None;
    for (time, _, on) in &probe.samples {
        match (since, on) {
            (None, true) => since = Some(*time),
            (Some(start), false) => {
                periods.push((start, *time));
                since = None;
            }
            _ => {}
        }
    }
    periods
}
