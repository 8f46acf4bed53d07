use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn transcript() -> Transcript {
    let mut transcript = Transcript::new(Nonce::fixed('a'));
    transcript.turn_to(Nonce::fixed('b'));
    transcript
}

fn mark_of(digit: char, rest: &str) -> Vec<u8> {
    format!("\x01{}{rest}\x02", Nonce::fixed(digit).as_str()).into_bytes()
}

fn text(bytes: &[u8]) -> Piece {
    Piece::Text(bytes.to_vec())
}

#[test]
fn marks_are_taken_out_of_the_text() {
    let said = [
        mark_of('a', "P0"),
        mark_of('b', "S"),
        b"hi\r\n".to_vec(),
        mark_of('b', "E3"),
        mark_of('b', "P0"),
    ];
    let pieces = transcript().push(&said.concat());
    let expected = [
        Piece::EarlierPrompt,
        Piece::Started,
        text(b"hi\r\n"),
        Piece::Ended(3),
        Piece::Prompt(Some(0)),
    ];
    assert_eq!(pieces, expected);
}

#[test]
fn marks_of_other_nonces_are_text() {
    let forged = [mark_of('c', "E0"), mark_of('a', "E0")].concat();
    assert_eq!(transcript().push(&forged), [text(&forged)]);
}

#[test]
fn a_prompt_may_have_no_status() {
    let said = mark_of('b', "P");
    assert_eq!(transcript().push(&said), [Piece::Prompt(None)]);
}

#[test]
fn what_only_began_like_a_mark_comes_out_at_the_end() {
    let mut transcript = transcript();
    assert_eq!(transcript.push(b"x\x01bbb"), [text(b"x")]);
    assert_eq!(transcript.finish(), Some(text(b"\x01bbb")));
    assert_eq!(transcript.finish(), None);
}

#[test]
fn a_mark_inside_the_beginning_of_another_is_found() {
    let said = [b"\x01bb".to_vec(), mark_of('b', "E0")].concat();
    assert_eq!(transcript().push(&said), [text(b"\x01bb"), Piece::Ended(0)]);
}

/// Things a terminal may say, most of them awkward.
fn saying() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..40),
        Just(b"\x01".to_vec()),
        (0_usize..40).prop_map(|length| {
            let mut whole = mark_of('b', "E0");
            whole.truncate(length.min(whole.len() - 1));
            whole
        }),
        Just(mark_of('c', "E0")),
        Just(mark_of('b', "S")),
        Just(mark_of('b', "E130")),
        Just(mark_of('b', "P1")),
        Just(mark_of('a', "P0")),
    ]
}

/// Joins texts that follow each other: where reads cut them must not matter.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined = Vec::new();
    for piece in pieces {
        if let Piece::Text(bytes) = &piece {
            push_text(&mut joined, bytes);
        } else {
            joined.push(piece);
        }
    }
    joined
}

/// The bytes that would make these pieces.
fn said_again(pieces: &[Piece]) -> Vec<u8> {
    let bytes = pieces.iter().map(|piece| match piece {
        Piece::Text(bytes) => bytes.clone(),
        Piece::Started => mark_of('b', "S"),
        Piece::Ended(status) => mark_of('b', &format!("E{status}")),
        Piece::Prompt(status) => mark_of(
            'b',
            &status.map_or(String::from("P"), |status| format!("P{status}")),
        ),
        Piece::EarlierPrompt => mark_of('a', "P0"),
    });
    bytes.collect::<Vec<_>>().concat()
}

proptest! {
    #[test]
    fn no_byte_is_lost_or_moved_however_the_reads_cut(
        sayings in vec(saying(), 0..12),
        cuts in vec(1_usize..50, 1..60),
    ) {
        let stream = sayings.concat();
        let mut at_once = transcript();
        let mut whole = at_once.push(&stream);
        whole.extend(at_once.finish());

        let mut in_cuts = transcript();
        let mut pieces = Vec::new();
        let mut rest = stream.as_slice();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (now, later) = rest.split_at((*cut).min(rest.len()));
            pieces.extend(in_cuts.push(now));
            rest = later;
        }
        pieces.extend(in_cuts.finish());

        prop_assert_eq!(joined(pieces), joined(whole.clone()));
        prop_assert_eq!(said_again(&whole), stream);
    }
}
