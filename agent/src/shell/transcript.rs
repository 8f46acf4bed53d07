//! What the terminal said, taken apart: the job's bytes, and the marks between them.
//!
//! Every byte that is not part of a mark comes out exactly once and in order, however the reads cut the stream
//! and whatever bytes a job prints, marks of its own making included. What is not here: what the marks mean.

use super::mark::{MARK_END, MARK_START, Nonce};

/// The longest status, and more.
const STATUS_BYTES_MAX: usize = 11;

/// One thing that the terminal said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Bytes of the job, or of bash speaking for itself.
    Text(Vec<u8>),
    /// The current command begins.
    Started,
    /// The current command returned this status.
    Ended(i32),
    /// A prompt of the current command's line, with the status it shows.
    Prompt(Option<i32>),
    /// A prompt of the line before, which came late.
    EarlierPrompt,
}

/// The parser. It knows the nonces of the current command and of the one before.
#[derive(Debug)]
pub(super) struct Transcript {
    current: Nonce,
    previous: Option<Nonce>,
    /// The beginning of what may become a mark.
    held: Vec<u8>,
}

/// What the bytes from a `MARK_START` on are.
enum Candidate {
    /// A mark of this many bytes.
    Mark(Piece, usize),
    /// Not yet to be told.
    Open,
    /// Output that happens to begin like a mark.
    Output,
}

impl Transcript {
    /// A transcript in which only marks with this nonce are marks.
    pub(super) fn new(current: Nonce) -> Self {
        Self {
            current,
            previous: None,
            held: Vec::new(),
        }
    }

    /// From here on another nonce counts; of the last one, late prompts alone.
    pub(super) fn turn_to(&mut self, next: Nonce) {
        self.previous = Some(std::mem::replace(&mut self.current, next));
    }

    /// Takes what was read; gives what can be told by now.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Piece> {
        let mut input = std::mem::take(&mut self.held);
        input.extend_from_slice(bytes);
        let mut pieces = Vec::new();
        let mut text_from = 0;
        let mut at = 0;
        while let Some(offset) = input[at..].iter().position(|byte| *byte == MARK_START) {
            let start = at + offset;
            match self.candidate(&input[start..]) {
                Candidate::Mark(piece, length) => {
                    push_text(&mut pieces, &input[text_from..start]);
                    pieces.push(piece);
                    at = start + length;
                    text_from = at;
                }
                Candidate::Open => {
                    push_text(&mut pieces, &input[text_from..start]);
                    self.held = input.split_off(start);
                    return pieces;
                }
                Candidate::Output => at = start + 1,
            }
        }
        push_text(&mut pieces, &input[text_from..]);
        pieces
    }

    /// Gives back what was held, when nothing more will come.
    pub(super) fn finish(&mut self) -> Option<Piece> {
        let rest = std::mem::take(&mut self.held);
        (!rest.is_empty()).then_some(Piece::Text(rest))
    }

    /// What `input`, which begins with `MARK_START`, is.
    fn candidate(&self, input: &[u8]) -> Candidate {
        let mut open = false;
        let nonces = [Some(&self.current), self.previous.as_ref()];
        for (nonce, is_current) in nonces.into_iter().zip([true, false]) {
            match nonce.map_or(Candidate::Output, |nonce| mark(input, nonce, is_current)) {
                Candidate::Output => {}
                Candidate::Open => open = true,
                found @ Candidate::Mark(..) => return found,
            }
        }
        if open {
            Candidate::Open
        } else {
            Candidate::Output
        }
    }
}

/// Whether `input` begins with a mark that carries `nonce`.
fn mark(input: &[u8], nonce: &Nonce, is_current: bool) -> Candidate {
    let nonce = nonce.as_str().as_bytes();
    let after_start = &input[1..];
    let shared = after_start.len().min(nonce.len());
    if after_start[..shared] != nonce[..shared] {
        return Candidate::Output;
    }
    let Some((letter, rest)) = after_start[shared..].split_first() else {
        return Candidate::Open;
    };
    let Some(length) = rest.iter().position(|byte| *byte == MARK_END) else {
        return if rest.len() <= STATUS_BYTES_MAX {
            Candidate::Open
        } else {
            Candidate::Output
        };
    };
    let status = std::str::from_utf8(&rest[..length])
        .ok()
        .and_then(|digits| digits.parse().ok());
    let piece = match (letter, status, is_current) {
        (b'S', None, true) => Piece::Started,
        (b'E', Some(status), true) => Piece::Ended(status),
        (b'P', status, true) => Piece::Prompt(status),
        (b'P', _, false) => Piece::EarlierPrompt,
        _ => return Candidate::Output,
    };
    Candidate::Mark(piece, 1 + nonce.len() + 1 + length + 1)
}

/// Adds text to the pieces, to the last one if that is text too.
fn push_text(pieces: &mut Vec<Piece>, text: &[u8]) {
    if text.is_empty() {
        return;
    }
    match pieces.last_mut() {
        Some(Piece::Text(last)) => last.extend_from_slice(text),
        Some(Piece::Started | Piece::Ended(_) | Piece::Prompt(_) | Piece::EarlierPrompt) | None => {
            pieces.push(Piece::Text(text.to_vec()));
        }
    }
}

#[cfg(test)]
#[path = "transcript_tests.rs"]
mod tests;
