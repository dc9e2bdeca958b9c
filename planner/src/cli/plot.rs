//! `rekindle plot`: pictures of a model on a board.

use std::error::Error;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use indicatif::ProgressBar;
use plotters::coord::Shift;
use plotters::coord::combinators::{LogCoord, WithKeyPoints};
use plotters::prelude::*;
use rekindle_planner::program::{
    Board, Harvest, Ledger, Policy, Program, Spent, Timeline, choose, observe, simulate,
    simulate_policy,
};
use rekindle_planner::units::Farads;

use super::network::{BoardArgs, Step, load};
use super::simulate::trace;

type Failure = Box<dyn Error + Send + Sync>;
type Drawn = Result<(), Box<dyn Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Arguments of the command.
#[derive(Args)]
pub struct PlotArgs {
    /// An int8 model in TensorFlow Lite's format.
    model: PathBuf,
    #[command(flatten)]
    board: BoardArgs,
    /// As `--trace` of `rekindle simulate`.
    #[arg(long, default_value = "radio:1")]
    trace: String,
    /// What an iteration makes.
    #[arg(long, value_enum, default_value_t)]
    step: Step,
    /// Folder for `timeline.svg`, `capacitors.svg`, `intervals.svg` and `energy.svg`.
    #[arg(long)]
    out: PathBuf,
    /// Print the data of the pictures as JSON.
    #[arg(long)]
    json: bool,
}

/// Colours that are told apart by all readers, and in grey (P. Tol's bright scheme).
const COLOURS: [RGBColor; 8] = [
    RGBColor(0x44, 0x77, 0xaa),
    RGBColor(0xee, 0x66, 0x77),
    RGBColor(0x22, 0x88, 0x33),
    RGBColor(0xcc, 0xbb, 0x44),
    RGBColor(0x66, 0xcc, 0xee),
    RGBColor(0xaa, 0x33, 0x77),
    RGBColor(0x99, 0x99, 0x99),
    BLACK,
];
const SIZE: (u32, u32) = (880, 480);
/// Capacitors around the board's own, as factors.
const FACTORS: [f64; 13] = [
    0.15, 0.22, 0.33, 0.47, 0.68, 1.0, 1.5, 2.2, 3.3, 4.7, 6.8, 10.0, 15.0,
];
const INTERVALS: [u64; 14] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128, 256];

/// A line of a picture.
struct Line {
    name: String,
    points: Vec<(f64, f64)>,
}

impl Line {
    /// The plan often lies under the oracle, which no policy beats.
    fn width(&self) -> u32 {
        match self.name.as_str() {
            "planned interval" => 5,
            "oracle" => 1,
            _ => 2,
        }
    }
}

/// Runs the command.
///
/// # Errors
///
/// A model or trace that cannot be read, a program that does not end, a folder that cannot be written to.
pub fn run(args: &PlotArgs) -> Result<(), Failure> {
    let board = args.board.board();
    let program = load(&args.model, args.step, &board)?;
    let harvest = Arc::new(trace(&args.trace)?);
    std::fs::create_dir_all(&args.out).map_err(|e| format!("{}: {e}", args.out.display()))?;
    let progress = ProgressBar::new(4);
    let (counts, ledger, timeline) = observe(&program, &board, &harvest, Policy::Planned)
        .map_err(|e| format!("{}, {}: {e}", board.name, harvest.name))?;
    progress.inc(1);
    let capacitors = capacitors(&program, &board, &harvest);
    progress.inc(1);
    let (intervals, chosen) = intervals(&program, &board, &harvest, counts.latency.get());
    progress.inc(1);
    let subject = format!("{}, {}", board.name, harvest.name);
    let microfarads = board.storage.capacitance.get() * 1e6;
    let on = |name: &str| args.out.join(name);
    let drawn =
        |name: &str, result: Drawn| result.map_err(|e| format!("{}: {e}", on(name).display()));
    drawn(
        "timeline.svg",
        draw_timeline(
            &on("timeline.svg"),
            &format!("{subject}, {microfarads:.0} µF"),
            &timeline,
            &board,
        ),
    )?;
    drawn(
        "capacitors.svg",
        draw_lines(
            &on("capacitors.svg"),
            &format!("Latency by capacitor: {subject}"),
            ("µF", "seconds"),
            &capacitors,
            None,
        ),
    )?;
    drawn(
        "intervals.svg",
        draw_lines(
            &on("intervals.svg"),
            &format!("Latency by commit interval: {subject}, {microfarads:.0} µF"),
            ("iterations between two commits", "seconds"),
            std::slice::from_ref(&intervals),
            Some(chosen),
        ),
    )?;
    drawn(
        "energy.svg",
        draw_energy(
            &on("energy.svg"),
            &format!("Energy by layer: {subject}, {microfarads:.0} µF"),
            &program,
            &ledger,
        ),
    )?;
    progress.finish_and_clear();
    if args.json {
        let lines = |l: &Line| serde_json::json!({ "name": l.name, "points": l.points });
        let value = serde_json::json!({
            "latency_s": counts.latency.get(),
            "outages": counts.outages,
            "capacitors": capacitors.iter().map(lines).collect::<Vec<_>>(),
            "intervals": lines(&intervals),
            "planned": chosen,
            "energy": ledger,
        });
        println!("{value:#}");
        return Ok(());
    }
    println!(
        "{subject}, {microfarads:.0} µF: {:.3} s, {} outages, {:.1} µJ\nwritten: {}",
        counts.latency.get(),
        counts.outages,
        ledger.total().get() * 1e6,
        ["timeline", "capacitors", "intervals", "energy"]
            .map(|n| on(&format!("{n}.svg")).display().to_string())
            .join(", ")
    );
    Ok(())
}

/// Latency over capacitance, for each policy that ends somewhere.
fn capacitors(program: &Program, board: &Board, harvest: &Arc<Harvest>) -> Vec<Line> {
    let own = board.storage.capacitance.get();
    let policies = Policy::all(board).into_iter();
    policies
        .map(|policy| {
            let latency = |factor: &f64| {
                let board = board.clone().with(Farads(own * factor));
                let counts = simulate_policy(program, &board, harvest, policy).ok()?;
                Some((own * factor * 1e6, counts.latency.get()))
            };
            Line {
                name: policy.name(),
                points: FACTORS.iter().filter_map(latency).collect(),
            }
        })
        .filter(|line| !line.points.is_empty())
        .collect()
}

/// Latency over one interval for all loops; and the mean interval and latency of the plan.
fn intervals(
    program: &Program,
    board: &Board,
    harvest: &Arc<Harvest>,
    planned: f64,
) -> (Line, (f64, f64)) {
    let latency = |n: &u64| {
        let counts = simulate(&program.clone().with_every(*n), board, harvest).ok()?;
        Some((*n as f64, counts.latency.get()))
    };
    let line = Line {
        name: "one interval for all layers".to_owned(),
        points: INTERVALS.iter().filter_map(latency).collect(),
    };
    // Weighted by the work: where the plan spends its time.
    let mean = choose(board, program.clone()).map_or(1.0, |plan| {
        let logs = plan
            .loops
            .iter()
            .map(|l| (l.iterations * l.units) as f64 * (l.every.max(1) as f64).ln());
        (logs.sum::<f64>() / plan.units().max(1) as f64).exp()
    });
    (line, (mean, planned))
}

fn draw_timeline(path: &Path, title: &str, timeline: &Timeline, board: &Board) -> Drawn {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (upper, lower) = root.split_vertically(280);
    let samples = &timeline.samples;
    let end = samples.last().map_or(1.0, |s| s.time.get()).max(1e-6);
    let (low, high) = (
        board.storage.off.get() - 0.1,
        board.storage.max.get().min(board.storage.on.get() + 0.15),
    );
    let mut chart = chart(&upper, title, (0.0, end), (low, high), ("", "volts"))?;
    let periods = on_periods(timeline);
    let count = periods.len();
    let bands = periods
        .into_iter()
        .map(|(from, to)| Rectangle::new([(from, low), (to, high)], COLOURS[3].mix(0.45).filled()));
    chart
        .draw_series(bands)?
        .label(format!("on ({count} power cycles)"))
        .legend(|(x, y)| {
            Rectangle::new([(x, y - 5), (x + 14, y + 5)], COLOURS[3].mix(0.45).filled())
        });
    // More points than pixels would only make the file large.
    let every = samples.len().div_ceil(3000).max(1);
    let shown: Vec<_> = (0..samples.len())
        .filter(|&i| {
            let turns = |j: usize| samples.get(j).is_some_and(|s| s.on != samples[i].on);
            i % every == 0 || turns(i + 1) || turns(i.wrapping_sub(1))
        })
        .map(|i| &samples[i])
        .collect();
    let volts = shown.iter().map(|s| (s.time.get(), s.volts.get()));
    chart
        .draw_series(LineSeries::new(volts, COLOURS[0].stroke_width(1)))?
        .label("capacitor")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 14, y)], COLOURS[0]));
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    let mut chart = self::chart(
        &lower,
        "",
        (0.0, end),
        (0.0, 100.0),
        ("seconds", "% committed"),
    )?;
    let done = shown.iter().map(|s| (s.time.get(), s.done * 100.0));
    chart.draw_series(LineSeries::new(done, COLOURS[2].stroke_width(2)))?;
    root.present()?;
    Ok(())
}

fn on_periods(timeline: &Timeline) -> Vec<(f64, f64)> {
    let mut periods: Vec<(f64, f64)> = Vec::new();
    let mut was = false;
    let mut last = 0.0;
    for s in &timeline.samples {
        let now = s.time.get();
        if s.on && !was {
            periods.push((last, now));
        } else if let (true, Some(period)) = (s.on, periods.last_mut()) {
            period.1 = now;
        }
        (was, last) = (s.on, now);
    }
    periods
}

type Chart<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;

fn chart<'a, 'b>(
    area: &'a Area<'b>,
    title: &str,
    x: (f64, f64),
    y: (f64, f64),
    names: (&str, &str),
) -> Result<Chart<'a, 'b>, Box<dyn Error>>
where
    'b: 'a,
{
    let mut builder = ChartBuilder::on(area);
    if !title.is_empty() {
        builder.caption(title, ("sans-serif", 17));
    }
    let mut chart = builder
        .margin(10)
        .x_label_area_size(32)
        .y_label_area_size(55)
        .build_cartesian_2d(x.0..x.1, y.0..y.1)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc(names.0)
        .y_desc(names.1)
        .draw()?;
    Ok(chart)
}

/// A logarithmic axis with ticks at 1, 2 and 5 of each decade.
fn axis(range: Range<f64>) -> WithKeyPoints<LogCoord<f64>> {
    let decades = (range.start.log10().floor() as i32)..=(range.end.log10().ceil() as i32);
    let ticks = decades.flat_map(|d| [1.0, 2.0, 5.0].map(|m| m * 10_f64.powi(d)));
    let ticks = ticks.filter(|t| range.contains(t)).collect();
    range.log_scale().with_key_points(ticks)
}

/// Both axes are logarithmic.
fn draw_lines(
    path: &Path,
    title: &str,
    names: (&str, &str),
    lines: &[Line],
    chosen: Option<(f64, f64)>,
) -> Drawn {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let points = || lines.iter().flat_map(|l| l.points.iter()).chain(&chosen);
    let range = |of: fn(&(f64, f64)) -> f64, room: f64| {
        let low = points().map(of).fold(f64::INFINITY, f64::min);
        let high = points().map(of).fold(0.0, f64::max);
        low / room..high * room
    };
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 17))
        .margin(10)
        .x_label_area_size(32)
        .y_label_area_size(55)
        .build_cartesian_2d(axis(range(|p| p.0, 1.1)), axis(range(|p| p.1, 1.4)))?;
    let label = |v: &f64| format!("{}", (v * 1e6).round() / 1e6);
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_label_formatter(&label)
        .y_label_formatter(&label)
        .x_desc(names.0)
        .y_desc(names.1)
        .draw()?;
    for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        chart
            .draw_series(
                LineSeries::new(
                    line.points.iter().copied(),
                    colour.stroke_width(line.width()),
                )
                .point_size(2),
            )?
            .label(line.name.as_str())
            .legend(|(x, y)| PathElement::new([(x, y), (x + 14, y)], colour.stroke_width(2)));
    }
    if let Some(point) = chosen {
        chart
            .draw_series([Circle::new(point, 5, COLOURS[1].filled())])?
            .label("the plan's own intervals, at their mean")
            .legend(|(x, y)| Circle::new((x + 7, y), 5, COLOURS[1].filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperMiddle)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    root.present()?;
    Ok(())
}

/// A part of what was spent, in joules.
type Part = fn(&Spent) -> f64;

/// A bar for each layer, and one for the board.
fn draw_energy(path: &Path, title: &str, program: &Program, ledger: &Ledger) -> Drawn {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let names: Vec<&str> = program
        .loops
        .iter()
        .map(|l| l.name.as_str())
        .chain(["board"])
        .collect();
    let bars: Vec<_> = ledger.loops.iter().chain([&ledger.board]).collect();
    let most = bars.iter().map(|b| b.total().get()).fold(0.0, f64::max) * 1e6;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 17))
        .margin(10)
        .x_label_area_size(32)
        .y_label_area_size(60)
        .build_cartesian_2d((0..names.len()).into_segmented(), 0.0..most * 1.15)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .y_desc("µJ")
        .x_labels(names.len())
        .x_label_formatter(&|at| match at {
            SegmentValue::CenterOf(i) | SegmentValue::Exact(i) => {
                names.get(*i).copied().unwrap_or_default().to_owned()
            }
            SegmentValue::Last => String::new(),
        })
        .draw()?;
    let parts: [(&str, Part); 6] = [
        ("work", |s| s.work.get()),
        ("inputs", |s| s.input.get()),
        ("outputs", |s| s.output.get()),
        ("commits", |s| s.commit.get()),
        ("restarts", |s| s.restart.get()),
        ("repeated", |s| s.repeated.get()),
    ];
    let mut below = vec![0.0; bars.len()];
    for ((name, of), colour) in parts.into_iter().zip(COLOURS) {
        let mut stacked = Vec::new();
        for (i, bar) in bars.iter().enumerate() {
            let height = of(bar) * 1e6;
            let (from, to) = (SegmentValue::Exact(i), SegmentValue::Exact(i + 1));
            let corners = [(from, below[i]), (to, below[i] + height)];
            let mut bar = Rectangle::new(corners, colour.filled());
            bar.set_margin(0, 0, 8, 8);
            stacked.push(bar);
            below[i] += height;
        }
        chart
            .draw_series(stacked)?
            .label(name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 14, y + 5)], colour.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    root.present()?;
    Ok(())
}
