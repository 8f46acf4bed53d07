//! Names beside points, so that none covers another, a point or the line, if there is room.

use super::canvas::Place;
use super::marks::MARK;

/// A name: which point it belongs to, and its width and height, all in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label {
    pub(super) at: (i32, i32),
    pub(super) size: (i32, i32),
}

/// Where a name stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) at: Place,
    /// Where a line from the point to the name ends, if it stands too far away to do without.
    pub(super) far_end: Option<(i32, i32)>,
}

/// How far from its point a name may stand.
const DISTANCES: [i32; 7] = [MARK + 4, 20, 34, 50, 68, 90, 116];
/// To the right, to the left, above, below, and between them.
const DIRECTIONS: [(i32, i32); 8] = [
    (1, 0),
    (-1, 0),
    (0, -1),
    (0, 1),
    (1, -1),
    (1, 1),
    (-1, -1),
    (-1, 1),
];
/// Free of anything else around a name.
const AIR: i32 = 2;

/// Places names one after another, each as near as it has room within the bounds. `path` is a line
/// that none should stand on.
pub(super) fn placed(labels: &[Label], path: &[(i32, i32)], bounds: Place) -> Vec<Placed> {
    let marks: Vec<Place> = labels
        .iter()
        .map(|label| around(label.at, (2 * MARK, 2 * MARK)))
        .collect();
    let mut places: Vec<Placed> = Vec::new();
    for label in labels {
        let wrongs = |placed: &Placed| {
            let room = grown(placed.at, AIR);
            let names = places
                .iter()
                .filter(|other| overlap(room, other.at))
                .count();
            let marks = marks.iter().filter(|mark| overlap(room, **mark)).count();
            let outside = usize::from(!contains(bounds, placed.at));
            let lines = usize::from(crosses(path, room));
            // A name that cannot be read is worse than one on a line.
            2 * (names + marks + outside) + lines
        };
        let choices = DISTANCES.iter().flat_map(|distance| {
            let nearest = *distance == DISTANCES[0];
            DIRECTIONS
                .iter()
                .map(move |way| choice(label, *way, *distance, nearest))
        });
        places.extend(choices.min_by_key(wrongs));
    }
    places
}

fn choice(label: &Label, (x, y): (i32, i32), distance: i32, nearest: bool) -> Placed {
    let (width, height) = label.size;
    let middle = (
        label.at.0 + x * (distance + width / 2),
        label.at.1 + y * (distance + height / 2),
    );
    let at = around(middle, label.size);
    let end = (
        label.at.0.clamp(at.left, at.right),
        label.at.1.clamp(at.top, at.bottom),
    );
    Placed {
        at,
        far_end: (!nearest).then_some(end),
    }
}

fn around((x, y): (i32, i32), (width, height): (i32, i32)) -> Place {
    Place {
        left: x - width / 2,
        top: y - height / 2,
        right: x + width / 2,
        bottom: y + height / 2,
    }
}

fn grown(place: Place, by: i32) -> Place {
    Place {
        left: place.left - by,
        top: place.top - by,
        right: place.right + by,
        bottom: place.bottom + by,
    }
}

fn overlap(one: Place, other: Place) -> bool {
    one.left < other.right
        && other.left < one.right
        && one.top < other.bottom
        && other.top < one.bottom
}

fn contains(outer: Place, inner: Place) -> bool {
    outer.left <= inner.left
        && inner.right <= outer.right
        && outer.top <= inner.top
        && inner.bottom <= outer.bottom
}

/// Whether a line passes through a place, by looking at points of it that are nearer to each other
/// than a name is high.
fn crosses(path: &[(i32, i32)], place: Place) -> bool {
    path.windows(2).any(|ends| {
        let ((x, y), (to_x, to_y)) = (ends[0], ends[1]);
        let (across, down) = (to_x - x, to_y - y);
        let steps = across.abs().max(down.abs()) / 4 + 1;
        (0..=steps).any(|step| {
            let at = (x + across * step / steps, y + down * step / steps);
            overlap(place, around(at, (2, 2)))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Place = Place {
        left: 0,
        top: 0,
        right: 900,
        bottom: 500,
    };

    fn label(x: i32, y: i32) -> Label {
        Label {
            at: (x, y),
            size: (80, 14),
        }
    }

    #[test]
    fn a_name_that_stands_alone_is_right_of_its_point_and_one_at_the_edge_left_of_it() {
        let places = placed(&[label(100, 100), label(890, 300)], &[], BOUNDS);
        assert!(100 < places[0].at.left && places[0].far_end.is_none());
        assert!(places[1].at.right < 890 && places[1].far_end.is_none());
    }

    #[test]
    fn names_of_a_crowd_cover_neither_each_other_nor_a_point_nor_the_line() {
        let crowd: Vec<Label> = (0..12)
            .map(|at| label(400 + at * 9, 200 + at * 5))
            .collect();
        let path = [(400, 200), (400 + 11 * 9, 200 + 11 * 5)];
        let places = placed(&crowd, &path, BOUNDS);
        for (number, place) in places.iter().enumerate() {
            let others = places[..number]
                .iter()
                .filter(|other| overlap(place.at, other.at));
            assert_eq!(others.count(), 0, "{number}");
            let points = crowd
                .iter()
                .filter(|label| overlap(place.at, around(label.at, (8, 8))));
            assert_eq!(points.count(), 0, "{number}");
            assert!(
                contains(BOUNDS, place.at) && !crosses(&path, place.at),
                "{number}"
            );
        }
        assert!(places.iter().any(|place| place.far_end.is_some()));
    }
}
