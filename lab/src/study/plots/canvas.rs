//! What all pictures have in common: white ground, a title, texts, and axes.

use std::io;

use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::prelude::{ChartBuilder, PathElement, SVGBackend, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, IntoTextStyle, RGBColor, ShapeStyle, TextStyle, WHITE,
};

use super::axis::{Axis, pixels};

/// What most is written in.
pub(super) const INK: RGBColor = RGBColor(34, 34, 34);
/// What is less important.
pub(super) const FAINT: RGBColor = RGBColor(105, 105, 105);
/// The lines behind a plot.
const GRID: RGBColor = RGBColor(228, 228, 228);

/// The width of all pictures.
pub(super) const WIDTH: i32 = 1000;
/// Between the picture's edge and what stands in it.
pub(super) const MARGIN: i32 = 24;
/// Where plots begin, below title and subtitle.
pub(super) const TOP: i32 = 78;
/// Left of a plot: its axis.
pub(super) const LEFT: i32 = 62;
/// Below a plot with the axis's name, and without.
const BOTTOM: i32 = 48;
const BOTTOM_BARE: i32 = 24;

const TITLE_SIZE: i32 = 26;
const TEXT_SIZE: i32 = 17;
/// The library writes letters smaller than it is told to, by this factor.
const LETTERS: f64 = 1.24;
/// How wide a letter is for its height, in the mean.
const LETTER_WIDTH: f64 = 0.58;

/// The whole picture, in pixels.
pub(super) type Ground<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// A pair of axes on it.
pub(super) type Plane<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;
/// Whether the library drew; into a text it always does.
pub(super) type Drawing<T = ()> = Result<T, DrawingAreaErrorKind<io::Error>>;

/// A place of a picture, in pixels: its left, upper, right and lower edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

/// A picture of that height under a title and a line that says what is to be seen.
pub(super) fn sheet(
    height: i32,
    title: &str,
    subtitle: &str,
    draw: impl FnOnce(&Ground<'_>) -> Drawing,
) -> String {
    let mut svg = String::new();
    let size = (WIDTH.unsigned_abs(), height.unsigned_abs());
    let ground = SVGBackend::with_string(&mut svg, size).into_drawing_area();
    let drawn = ground
        .fill(&WHITE)
        .and_then(|()| write(&ground, title, (MARGIN, 20), &title_style()))
        .and_then(|()| write(&ground, subtitle, (MARGIN, 50), &style(FAINT)))
        .and_then(|()| draw(&ground))
        .and_then(|()| ground.present());
    drawn.expect("drawing into a text cannot fail");
    drop(ground);
    svg
}

/// Axes at a place, with their names. Without a name below, the numbers stand there alone.
pub(super) fn plane<'a, 'b>(
    ground: &'a Ground<'b>,
    place: Place,
    (x, y): (Axis, Axis),
    (x_name, y_name): (&str, &str),
) -> Drawing<Plane<'a, 'b>> {
    let bottom = if x_name.is_empty() {
        BOTTOM_BARE
    } else {
        BOTTOM
    };
    let (width, height) = ground.dim_in_pixel();
    let (width, height) = (width.cast_signed(), height.cast_signed());
    let mut plane = ChartBuilder::on(ground)
        .margin_left(place.left)
        .margin_top(place.top)
        .margin_right(width - place.right)
        .margin_bottom(height - place.bottom)
        .x_label_area_size(bottom)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(x, y)?;
    plane
        .configure_mesh()
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .label_style(style(FAINT))
        .axis_desc_style(style(INK))
        .x_desc(x_name)
        .y_desc(y_name)
        .set_all_tick_mark_size(3)
        .draw()?;
    Ok(plane)
}

/// A line through points of a plane.
pub(super) fn line(
    plane: &mut Plane<'_, '_>,
    points: Vec<(f64, f64)>,
    style: impl Into<ShapeStyle>,
) -> Drawing {
    let path = PathElement::new(points, style);
    plane.draw_series(std::iter::once(path)).map(drop)
}

/// Writes a line of text.
pub(super) fn write(
    ground: &Ground<'_>,
    text: &str,
    at: (i32, i32),
    style: &TextStyle<'_>,
) -> Drawing {
    // A file's name may have characters that no XML may have.
    let text = text.replace(char::is_control, " ");
    ground.draw(&Text::new(text, at, style.clone()))
}

/// Letters of a colour, placed by their upper left corner.
pub(super) fn style(colour: RGBColor) -> TextStyle<'static> {
    letters(TEXT_SIZE, FontStyle::Normal, colour)
}

/// The same, bold.
pub(super) fn bold(colour: RGBColor) -> TextStyle<'static> {
    letters(TEXT_SIZE, FontStyle::Bold, colour)
}

/// The same letters, placed by the middle of their left edge.
pub(super) fn beside(style: TextStyle<'_>) -> TextStyle<'_> {
    style.pos(Pos::new(HPos::Left, VPos::Center))
}

/// How wide and high a text will be, about.
pub(super) fn text_size(text: &str) -> (i32, i32) {
    let letters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let height = f64::from(TEXT_SIZE) / LETTERS;
    let width = f64::from(letters) * height * LETTER_WIDTH;
    (pixels(width), pixels(height))
}

fn title_style() -> TextStyle<'static> {
    letters(TITLE_SIZE, FontStyle::Bold, INK)
}

fn letters(size: i32, weight: FontStyle, colour: RGBColor) -> TextStyle<'static> {
    let font = FontDesc::new(FontFamily::SansSerif, f64::from(size), weight);
    font.color(&colour.to_rgba()).into_text_style(&(0, 0))
}
