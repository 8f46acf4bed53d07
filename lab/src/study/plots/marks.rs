//! By what policies are told apart: a colour and a shape, so that either alone is enough for some.

use plotters::element::{Circle, EmptyElement, PathElement, Polygon};
use plotters::style::{Color, RGBColor};

use super::canvas::{Drawing, Ground};

/// Half the width of a mark, in pixels.
pub(super) const MARK: i32 = 6;

/// Eight colours that can be told from each other by most who see few colours (after Okabe and Ito,
/// whose yellow cannot be seen on white).
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(34, 34, 34),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(128, 70, 27),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Circle,
    Square,
    Triangle,
    Diamond,
    Cross,
}

/// Five shapes and eight colours give forty pairs, before any comes again.
const SHAPES: [Shape; 5] = [
    Shape::Circle,
    Shape::Square,
    Shape::Triangle,
    Shape::Diamond,
    Shape::Cross,
];

/// The colour of a policy, by its number among those that are drawn.
pub(super) fn colour(number: usize) -> RGBColor {
    COLOURS[number % COLOURS.len()]
}

/// Draws a policy's mark at a point, in pixels.
pub(super) fn mark(ground: &Ground<'_>, at: (i32, i32), number: usize) -> Drawing {
    let style = colour(number).filled();
    let polygon = |corners: &[(i32, i32)]| {
        ground.draw(&(EmptyElement::at(at) + Polygon::new(corners.to_vec(), style)))
    };
    let line = |from, to| {
        let path = PathElement::new(vec![from, to], colour(number).stroke_width(3));
        ground.draw(&(EmptyElement::at(at) + path))
    };
    let (full, less) = (MARK, MARK - 1);
    match SHAPES[number % SHAPES.len()] {
        Shape::Circle => ground.draw(&Circle::new(at, full, style)),
        Shape::Square => polygon(&[(-less, -less), (less, -less), (less, less), (-less, less)]),
        Shape::Triangle => polygon(&[(0, -full), (full, less), (-full, less)]),
        Shape::Diamond => polygon(&[(0, -full - 1), (full + 1, 0), (0, full + 1), (-full - 1, 0)]),
        Shape::Cross => {
            line((-less, -less), (less, less))?;
            line((-less, less), (less, -less))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_policies_have_marks_of_their_own() {
        let look = |number: usize| (colour(number), SHAPES[number % SHAPES.len()]);
        for one in 0..40 {
            for other in 0..one {
                assert_ne!(look(one), look(other), "{one} {other}");
            }
        }
    }
}
